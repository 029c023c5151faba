use signalbox_domain::approvals::{
    Approval, ApprovalGiven, Envelope, EnvelopeSignature, EvidenceFrozen, SignedBy, key_id,
};
use signalbox_domain::comparison::Comparison;
use signalbox_domain::cost_book::CostBook;
use signalbox_domain::events::{Admission, Event, PluginRef, PolicyVersion, State};
use signalbox_domain::governance::{Day, Governance, RiskTier};
use signalbox_domain::identity::{Function, Grant, GrantedScopes, Principal, Role};
use signalbox_domain::release::Phase;
use signalbox_domain::rollout::{CanaryStep, RolloutPlan};
use signalbox_domain::scope::{Freeze, Scope};
use signalbox_domain::{Digest, Domain, Timestamp};
use uuid::Uuid;

use super::*;
use crate::config::LeverBounds;
use crate::control::choice::World;
use crate::control::plan::Plan;
use crate::measured::MeasuredFigures;
use crate::trial::{Pair, Rules, Subject, Trial, TrialFigures, TrialKey};

mod outcomes;

const HOUR_MS: i64 = 3_600_000;
/// 2026-11-23.
const BEGIN: Timestamp = Timestamp(1_795_392_000_000);

const KEY: &str = "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c";

fn approver(name: &str, function: Function) -> Event {
    Event::PrincipalPut {
        principal: Principal {
            name: name.into(),
            grants: vec![Grant {
                role: Role::Approver,
                functions: [function].into(),
                scopes: GrantedScopes::All,
            }],
        },
    }
}

/// A world with one scope that does not allow `immediate`, in which releases are tried without disk or component.
struct Bench {
    state: State,
    scopes: Vec<Scope>,
    now: Timestamp,
    /// Whether what is released has shown that it is better.
    shown: bool,
    /// What else it has shown.
    change: fn(&mut Trial),
    /// What really happened to its units.
    measured: Option<MeasuredFigures>,
    /// What it has shown against the champion of a year ago; the same as against that of now unless a test says otherwise.
    anchor: Option<Option<TrialFigures>>,
}

fn trial_key(bench: &Bench, text: &str) -> TrialKey {
    TrialKey {
        scope: "routing".into(),
        subject: Subject::Release { release: text.into() },
        challenger: text.into(),
        champion: bench.champion().unwrap_or_else(|| "built-in".into()),
        cost_book: Digest::of(b"book"),
    }
}

fn version(text: &str) -> PolicyVersion {
    text.parse().unwrap()
}

fn by(actor: &str) -> By {
    By {
        actor: actor.into(),
        reason: "a test".into(),
    }
}

/// A shadow of 24 hours, then two steps of 24 and 12.
fn plan_of(text: &str) -> RolloutPlan {
    let mut plan = RolloutPlan::default_for(Domain::Routing);
    plan.immediate = text.starts_with("hasty");
    plan.canary.steps = vec![
        CanaryStep {
            share_bp: 1_000,
            min_hours: 24,
            min_decisions: 100,
        },
        CanaryStep {
            share_bp: 10_000,
            min_hours: 12,
            min_decisions: 0,
        },
    ];
    plan
}

impl Bench {
    fn new() -> Bench {
        Bench {
            state: State::default(),
            scopes: vec![Scope::whole(Domain::Routing)],
            now: BEGIN,
            shown: true,
            change: |_| {},
            measured: None,
            anchor: None,
        }
    }

    /// What a version has shown that is better by 0.40 a decision, and then `change`.
    fn trial(&self, text: &str, change: &fn(&mut Trial)) -> TrialFigures {
        let rules = Rules::of(&plan_of(text), &self.scopes[0]);
        let key = trial_key(self, text);
        let mut trial = Trial::begin(key, Domain::Routing, rules, BEGIN).unwrap();
        for n in 0..2_000_i64 {
            let segments = ["channel=web", "region=SP"].map(|text| text.parse().unwrap());
            trial.pair(Pair {
                decision_id: Uuid::from_u128(n.unsigned_abs().into()),
                now: BEGIN,
                segments: segments.into(),
                champion_minor: 1_000,
                challenger_minor: 960 + (n * 7_919) % 201 - 100,
                terms: Vec::new(),
                comparison: Comparison::Matched,
            });
        }
        trial.decided_twice(true, Uuid::nil());
        trial.live.entry(0).or_default().assigned = 100;
        change(&mut trial);
        TrialFigures::of(&trial)
    }

    /// With these versions admitted.
    fn with(versions: &[&str]) -> Bench {
        let mut bench = Bench::new();
        for text in versions {
            bench.admit(text, plan_of(text));
        }
        bench
    }

    fn world(&self) -> World<'_> {
        World {
            state: &self.state,
            scopes: &self.scopes,
            cost_books: &[],
            pending: &[],
            bounds: LeverBounds {
                count_max: 2,
                duration_ms_max: 1_000,
            },
            now: self.now,
        }
    }

    fn admit(&mut self, text: &str, rollout: RolloutPlan) {
        self.admit_as(text, rollout, "2027-06-30");
    }

    fn admit_reviewed(&mut self, text: &str, review_by: &str) {
        self.admit_as(text, plan_of(text), review_by);
    }

    fn admit_as(&mut self, text: &str, rollout: RolloutPlan, review_by: &str) {
        let admission = Admission {
            domain: Domain::Routing,
            digest: Digest::of(text.as_bytes()),
            plugin: PluginRef {
                name: "p".into(),
                version: semver::Version::new(1, 0, 0),
                digest: Digest::of(b"p"),
            },
            rollout_digest: rollout.digest().unwrap(),
            rollout,
            governance: Governance {
                owner: "merchandising".into(),
                deputy: "fulfilment".into(),
                risk_tier: RiskTier::Low,
                review_by: Day::parse(review_by).unwrap(),
            },
            file: format!("{text}.toml"),
            file_digest: Digest::of(b"file"),
            version: version(text),
        };
        let entry = by("host").entry(self.now, Event::VersionAdmitted(admission));
        self.state.apply(&entry).unwrap();
    }

    /// What the rules say to `change`, for a command that needs no compiled version.
    fn ask(&self, text: &str, what: What, expected_revision: Option<u64>) -> Result<Plan, ControlError> {
        let asked = |command| Asked {
            scope: "routing".into(),
            version: version(text),
            expected_revision,
            command,
            by: by("olga"),
        };
        match what {
            What::Submit => plan(&self.world(), &asked(Command::Submit)),
            What::Hold => plan(&self.world(), &asked(Command::Hold)),
            What::Resume => plan(&self.world(), &asked(Command::Resume)),
            What::Reject => plan(&self.world(), &asked(Command::Reject)),
            // The rules never look at the compiled version.
            What::Promote => {
                let scope = self.world().scope("routing")?;
                let trial = self.shown.then(|| self.trial(text, &self.change));
                let anchor = self.anchor.clone().unwrap_or_else(|| {
                    let mut shown = trial.clone()?;
                    shown.key.champion = self.state.anchor("routing", self.now)?.to_string();
                    Some(shown)
                });
                let shown = gates::Shown {
                    trial: trial.as_ref(),
                    anchor: anchor.as_ref(),
                    measured: self.measured.as_ref(),
                };
                rules::promote(&self.world(), scope, &asked(Command::Submit), shown)
            }
        }
    }

    fn apply(&mut self, plan: Plan) {
        for entry in &plan.entries {
            self.state.apply(entry).unwrap();
        }
    }

    fn does(&mut self, text: &str, what: What) {
        let plan = self.ask(text, what, None).unwrap();
        self.apply(plan);
    }

    fn hours_pass(&mut self, hours: i64) {
        self.now = self.now.plus_millis(hours * HOUR_MS);
    }

    /// Submits the version and takes it all the way.
    fn release(&mut self, text: &str) {
        self.does(text, What::Submit);
        self.everybody_agrees(text);
        for hours in [0, 24, 24, 12] {
            self.hours_pass(hours);
            self.does(text, What::Promote);
        }
    }

    /// One approver for each function that a plan asks for agrees, on evidence that is frozen now.
    fn everybody_agrees(&mut self, text: &str) {
        let events = [
            Event::EvidenceFrozen(EvidenceFrozen {
                scope: "routing".into(),
                version: version(text),
                evidence: Digest::of(b"evidence"),
                cost_book: CostBook::default().digest(),
            }),
            approver("otto", Function::Operations),
            approver("fay", Function::Finance),
            Event::ApproverKeyRegistered {
                principal: "host".into(),
                public_key: KEY.into(),
            },
        ];
        for event in events {
            let again = matches!(event, Event::ApproverKeyRegistered { .. })
                && !self.state.approvals.keys().is_empty();
            if !again {
                self.state.apply(&by("olga").entry(self.now, event)).unwrap();
            }
        }
        for (name, function) in [("otto", Function::Operations), ("fay", Function::Finance)] {
            let release = self.state.release("routing", &version(text)).unwrap();
            let given = self.state.approvals.given("routing", &version(text));
            let approval = Approval {
                release_id: release.id().clone(),
                scope: "routing".into(),
                version: version(text),
                bound: given.bound(release, CostBook::default().digest()).unwrap(),
                approver: name.into(),
                functions: [function].into(),
                delegation_id: None,
                conditions: Vec::new(),
                reason: "a test".into(),
                given_at: self.now,
                expires_at: self.now.plus_millis(Approval::MAX_LIFETIME_MS),
                signed_by: SignedBy::Host,
            };
            let event = Event::ApprovalGiven(ApprovalGiven {
                approval_id: approval.id(),
                envelope: Envelope {
                    payload_type: String::new(),
                    payload: String::new(),
                    signatures: vec![EnvelopeSignature {
                        keyid: key_id(KEY).unwrap().to_string(),
                        sig: String::new(),
                    }],
                },
                approval,
            });
            self.state.apply(&by(name).entry(self.now, event)).unwrap();
        }
    }

    fn phase(&self, text: &str) -> &Phase {
        self.state.release("routing", &version(text)).unwrap().phase()
    }

    fn champion(&self) -> Option<String> {
        let choice = self.state.scope("routing");
        choice.champion().map(ToString::to_string)
    }

    fn rolls_back(&mut self) {
        let change = Change::RollBack {
            scope: "routing".into(),
            by: by("olga"),
        };
        let plan = crate::control::plan::plan(&self.world(), &change).unwrap();
        assert!(plan.stop, "a rollback does not wait for the ledger");
        self.apply(plan);
    }

    /// Whether an operator may let the version go live without a release.
    fn lets_live(&self, text: &str) -> Result<(), ControlError> {
        crate::control::plan::may_go_live(&self.world(), &self.scopes[0], &version(text))
    }

    /// The names of the unmet gates of a promotion.
    fn unmet(&self, text: &str) -> Vec<String> {
        match self.ask(text, What::Promote, None) {
            Err(ControlError::GatesUnmet { gates, .. }) => {
                let unmet = gates.into_iter().filter(Gate::is_unmet);
                unmet.map(|gate| gate.name).collect()
            }
            other => panic!("expected unmet gates, found {other:?}"),
        }
    }
}

#[derive(Clone, Copy, Debug)]
enum What {
    Submit,
    Promote,
    Hold,
    Resume,
    Reject,
}

#[test]
fn a_release_goes_through_every_stage_of_its_plan_and_decides_at_the_end() {
    let mut bench = Bench::with(&["a@1.0.0", "a@1.1.0"]);
    bench.release("a@1.0.0");
    assert_eq!(bench.champion().as_deref(), Some("a@1.0.0"));
    bench.does("a@1.1.0", What::Submit);
    bench.everybody_agrees("a@1.1.0");
    let mut phases = vec![bench.phase("a@1.1.0").word()];
    for hours in [0, 24, 24, 12] {
        bench.hours_pass(hours);
        bench.does("a@1.1.0", What::Promote);
        phases.push(bench.phase("a@1.1.0").word());
    }
    assert_eq!(phases, ["admitted", "shadow", "canary", "canary", "active"]);
    assert_eq!(bench.champion().as_deref(), Some("a@1.1.0"));
    assert_eq!(bench.phase("a@1.0.0").word(), "superseded");
    assert_eq!(bench.state.scope("routing").previous(), Some(&version("a@1.0.0")));
    let ended = bench.ask("a@1.1.0", What::Promote, None).unwrap_err();
    assert!(ended.to_string().contains("it has arrived"), "{ended}");
}

#[test]
fn the_hours_of_a_phase_have_to_pass_before_the_next() {
    let mut bench = Bench::with(&["a@1.0.0"]);
    bench.does("a@1.0.0", What::Submit);
    bench.does("a@1.0.0", What::Promote);
    bench.hours_pass(23);
    assert_eq!(bench.unmet("a@1.0.0"), ["hours"]);
    let refused = bench.ask("a@1.0.0", What::Promote, None).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "a@1.0.0 cannot be promoted to canary step 0 at 1000 bp in scope `routing`: 23 of at least 24 hours in this \
         phase; enough at 2026-11-24T00:00:00.000Z"
    );
    bench.hours_pass(1);
    bench.does("a@1.0.0", What::Promote);
    assert_eq!(
        bench.unmet("a@1.0.0"),
        ["hours"],
        "the first step has hours of its own"
    );
}

#[test]
fn every_gate_is_told_at_once_also_those_that_are_met_or_inconclusive() {
    let mut bench = Bench::with(&["a@1.0.0"]);
    bench.does("a@1.0.0", What::Submit);
    bench.does("a@1.0.0", What::Promote);
    bench.scopes[0].freeze.push(freeze(bench.now, 48));
    bench.scopes[0].standing_orders.shadow.min_hours = 100;
    bench.shown = false;
    let Err(ControlError::GatesUnmet { gates, .. }) = bench.ask("a@1.0.0", What::Promote, None) else {
        panic!("expected unmet gates");
    };
    let told: Vec<String> = gates
        .iter()
        .map(|gate| format!("{} {}", gate.name, gate.state))
        .collect();
    assert_eq!(
        told,
        [
            "review met",
            "freeze unmet",
            "standing_orders unmet",
            "hours unmet",
            "decisions unmet",
            "comparison inconclusive",
            "canary_free met"
        ]
    );
    assert_eq!(
        gates[2].detail,
        "rollout.shadow.min_hours: the scope's standing orders ask for 100 or more, the plan has 24"
    );
}

fn freeze(from: Timestamp, hours: i64) -> Freeze {
    Freeze {
        from,
        to: from.plus_millis(hours * HOUR_MS),
        reason: "peak week".into(),
    }
}

#[test]
fn a_freeze_holds_promotions_up_and_no_hold_resumption_rejection_or_rollback() {
    let mut bench = Bench::with(&["a@1.0.0", "a@1.1.0", "a@1.2.0"]);
    bench.release("a@1.0.0");
    bench.does("a@1.1.0", What::Submit);
    bench.does("a@1.2.0", What::Submit);
    bench.scopes[0].freeze.push(freeze(bench.now, 2));
    assert_eq!(bench.unmet("a@1.1.0"), ["freeze"]);
    let refused = bench.ask("a@1.1.0", What::Promote, None).unwrap_err().to_string();
    let until = bench.now.plus_millis(2 * HOUR_MS);
    assert!(
        refused.contains(&format!("until {until}: peak week")),
        "{refused}"
    );
    bench.does("a@1.1.0", What::Hold);
    bench.does("a@1.1.0", What::Resume);
    bench.does("a@1.2.0", What::Reject);
    bench.rolls_back();
    assert_eq!(bench.champion(), None);
    bench.hours_pass(2);
    bench.does("a@1.1.0", What::Promote);
    assert_eq!(bench.phase("a@1.1.0").word(), "shadow");
}

#[test]
fn an_overdue_review_holds_promotions_up_and_names_who_answers() {
    let mut bench = Bench::with(&["a@1.0.0"]);
    bench.does("a@1.0.0", What::Submit);
    bench.now = Timestamp::parse("2027-07-01T00:00:00Z").unwrap();
    assert_eq!(bench.unmet("a@1.0.0"), ["review"]);
    let refused = bench.ask("a@1.0.0", What::Promote, None).unwrap_err().to_string();
    assert!(
        refused.contains("due by 2027-06-30; merchandising or fulfilment"),
        "{refused}"
    );
}

#[test]
fn a_plan_weaker_than_the_standing_orders_is_refused_with_every_difference() {
    let mut bench = Bench::new();
    let mut weak = plan_of("a@1.0.0");
    weak.shadow.min_hours = 1;
    weak.margins.loss_minor_per_decision = 50;
    bench.admit("a@1.0.0", weak);
    let Err(refused @ ControlError::PlanTooWeak { .. }) = bench.ask("a@1.0.0", What::Submit, None) else {
        panic!("expected a refusal");
    };
    let refused = refused.to_string();
    for difference in [
        "rollout.shadow.min_hours: the scope's standing orders ask for 24 or more, the plan has 1",
        "rollout.margins.loss_minor_per_decision: the scope's standing orders ask for 5 or less, the plan has 50",
    ] {
        assert!(refused.contains(difference), "{refused}");
    }
}

#[test]
fn a_version_is_submitted_once_and_its_author_is_who_submitted_it() {
    let mut bench = Bench::with(&["a@1.0.0"]);
    bench.does("a@1.0.0", What::Submit);
    let release = bench.state.release("routing", &version("a@1.0.0")).unwrap();
    assert_eq!(release.author(), "olga");
    let again = bench.ask("a@1.0.0", What::Submit, None).unwrap_err();
    assert!(again.to_string().contains("submitted once"), "{again}");
    bench.does("a@1.0.0", What::Reject);
    let again = bench.ask("a@1.0.0", What::Submit, None).unwrap_err();
    assert!(matches!(again, ControlError::ReleaseNotAllowed { .. }), "{again}");
}

#[test]
fn what_decides_already_or_is_not_there_is_not_submitted() {
    let mut bench = Bench::with(&["hasty@1.0.0"]);
    bench.scopes[0].immediate = true;
    let live = crate::control::plan::raise(&bench.world(), "routing", &version("hasty@1.0.0"));
    bench.apply(Plan::adding(live));
    let live = bench.ask("hasty@1.0.0", What::Submit, None);
    assert!(
        matches!(live, Err(ControlError::DecidesAlready { .. })),
        "{live:?}"
    );
    let unknown = bench.ask("b@1.0.0", What::Submit, None);
    assert!(
        matches!(unknown, Err(ControlError::UnknownVersion { .. })),
        "{unknown:?}"
    );
    let unknown = bench.ask("hasty@1.0.0", What::Hold, None);
    assert!(
        matches!(unknown, Err(ControlError::UnknownRelease { .. })),
        "{unknown:?}"
    );
}

#[test]
fn a_command_for_another_revision_is_refused_with_the_present_one() {
    let mut bench = Bench::with(&["a@1.0.0"]);
    bench.does("a@1.0.0", What::Submit);
    bench.does("a@1.0.0", What::Promote);
    for what in [What::Promote, What::Hold, What::Resume, What::Reject] {
        let refused = bench.ask("a@1.0.0", what, Some(1)).unwrap_err();
        assert_eq!(
            refused.to_string(),
            "the release of a@1.0.0 in scope `routing` is at revision 2 (shadow), the command was made for revision 1; \
             look at it again with `signalbox release show a@1.0.0`"
        );
    }
    assert!(bench.ask("a@1.0.0", What::Hold, Some(2)).is_ok());
}

#[test]
fn holding_rejecting_and_rolling_back_do_not_wait_for_the_ledger_and_going_on_does() {
    let mut bench = Bench::with(&["a@1.0.0"]);
    let is_stop = |bench: &Bench, what| bench.ask("a@1.0.0", what, None).unwrap().stop;
    assert!(!is_stop(&bench, What::Submit));
    bench.does("a@1.0.0", What::Submit);
    assert!(!is_stop(&bench, What::Promote));
    assert!(is_stop(&bench, What::Reject));
    assert!(is_stop(&bench, What::Hold));
    bench.does("a@1.0.0", What::Hold);
    assert!(!is_stop(&bench, What::Resume));
    let held = bench.ask("a@1.0.0", What::Promote, None).unwrap_err();
    assert!(held.to_string().contains("resume it first"), "{held}");
}

#[test]
fn a_rollback_takes_the_canary_first_and_then_the_champion() {
    let mut bench = Bench::with(&["a@1.0.0", "a@1.1.0", "a@1.2.0"]);
    bench.release("a@1.0.0");
    bench.release("a@1.1.0");
    bench.does("a@1.2.0", What::Submit);
    bench.does("a@1.2.0", What::Promote);
    bench.hours_pass(24);
    bench.does("a@1.2.0", What::Promote);
    bench.rolls_back();
    assert_eq!(bench.phase("a@1.2.0").word(), "rolled_back");
    assert_eq!(bench.champion().as_deref(), Some("a@1.1.0"));
    bench.rolls_back();
    assert_eq!(bench.phase("a@1.1.0").word(), "rolled_back");
    assert_eq!(bench.champion().as_deref(), Some("a@1.0.0"));
}

#[test]
fn one_canary_at_a_time() {
    let mut bench = Bench::with(&["a@1.0.0", "b@1.0.0"]);
    for text in ["a@1.0.0", "b@1.0.0"] {
        bench.does(text, What::Submit);
        bench.does(text, What::Promote);
    }
    bench.hours_pass(24);
    bench.does("a@1.0.0", What::Promote);
    assert_eq!(bench.unmet("b@1.0.0"), ["canary_free"]);
    bench.hours_pass(24);
    // Its own canary is in nobody's way.
    bench.does("a@1.0.0", What::Promote);
}

#[test]
fn nothing_else_brings_a_version_in_where_immediate_is_not_allowed() {
    let bench = Bench::with(&["hasty@1.0.0"]);
    assert!(bench.world().wanted(&bench.scopes[0]).is_none());
    let refused = bench.lets_live("hasty@1.0.0");
    let refused = refused.unwrap_err().to_string();
    assert!(
        refused.contains("`signalbox release submit hasty@1.0.0 --scope routing`"),
        "{refused}"
    );
}

#[test]
fn a_freeze_also_keeps_immediate_versions_waiting() {
    let mut bench = Bench::with(&["hasty@1.0.0"]);
    bench.scopes[0].immediate = true;
    assert!(bench.world().wanted(&bench.scopes[0]).is_some());
    bench.scopes[0].freeze.push(freeze(bench.now, 1));
    assert!(bench.world().wanted(&bench.scopes[0]).is_none());
    assert_eq!(bench.world().waiting(&bench.scopes[0]).len(), 1);
    let refused = bench.lets_live("hasty@1.0.0");
    assert!(matches!(refused, Err(ControlError::Frozen { .. })), "{refused:?}");
    bench.hours_pass(1);
    assert!(bench.world().wanted(&bench.scopes[0]).is_some());
}

#[test]
fn an_overdue_review_keeps_immediate_versions_waiting_and_never_the_champion() {
    let mut bench = Bench::with(&["hasty@1.0.0"]);
    bench.scopes[0].immediate = true;
    bench.now = Timestamp::parse("2027-06-30T23:59:59Z").unwrap();
    let wanted = |bench: &Bench| {
        let world = bench.world();
        world
            .wanted(&bench.scopes[0])
            .map(|known| known.admission.version.to_string())
    };
    assert_eq!(wanted(&bench).as_deref(), Some("hasty@1.0.0"));
    bench.lets_live("hasty@1.0.0").unwrap();
    bench.now = Timestamp::parse("2027-07-01T00:00:00Z").unwrap();
    assert_eq!(wanted(&bench), None);
    let refused = bench.lets_live("hasty@1.0.0").unwrap_err();
    assert!(
        matches!(refused, ControlError::ReviewOverdue { .. })
            && refused
                .to_string()
                .contains("a review was due by 2027-06-30; merchandising or fulfilment"),
        "{refused}"
    );
    // Lower ones that were reviewed in time go live instead of it.
    let mut other = Bench::new();
    other.scopes[0].immediate = true;
    other.admit_reviewed("hasty@1.1.0", "2026-01-31");
    other.admit_reviewed("hasty@1.0.9", "2027-06-30");
    assert_eq!(wanted(&other).as_deref(), Some("hasty@1.0.9"));
}

#[test]
fn a_version_that_is_being_released_goes_live_by_its_promotion_only() {
    let mut bench = Bench::with(&["hasty@1.0.0"]);
    bench.does("hasty@1.0.0", What::Submit);
    bench.scopes[0].immediate = true;
    assert!(bench.world().wanted(&bench.scopes[0]).is_none());
    let refused = bench.lets_live("hasty@1.0.0");
    assert!(
        matches!(refused, Err(ControlError::BeingReleased { .. })),
        "{refused:?}"
    );
    bench.does("hasty@1.0.0", What::Reject);
    assert!(
        bench.world().wanted(&bench.scopes[0]).is_none(),
        "what was rejected comes in by itself"
    );
    let refused = bench.lets_live("hasty@1.0.0").unwrap_err();
    assert!(
        refused.to_string().contains("the release is rejected"),
        "{refused}"
    );
}

#[test]
fn a_canary_that_was_taken_back_does_not_go_live_by_itself_afterwards() {
    let mut bench = Bench::with(&["hasty@1.0.0"]);
    bench.does("hasty@1.0.0", What::Submit);
    bench.does("hasty@1.0.0", What::Promote);
    bench.hours_pass(24);
    bench.does("hasty@1.0.0", What::Promote);
    bench.scopes[0].immediate = true;
    bench.rolls_back();
    assert!(bench.world().wanted(&bench.scopes[0]).is_none());
    bench.admit("hasty@1.0.1", plan_of("hasty@1.0.1"));
    assert!(
        bench.world().wanted(&bench.scopes[0]).is_some(),
        "a new version may"
    );
}

#[test]
fn what_runs_beside_a_champion_is_kept_ready_and_what_ended_is_not() {
    let mut bench = Bench::with(&["a@1.0.0", "a@1.1.0"]);
    bench.release("a@1.0.0");
    bench.does("a@1.1.0", What::Submit);
    let is_needed = |bench: &Bench| bench.world().needed().contains(&version("a@1.1.0"));
    assert!(!is_needed(&bench));
    bench.does("a@1.1.0", What::Promote);
    assert!(is_needed(&bench));
    bench.does("a@1.1.0", What::Hold);
    assert!(is_needed(&bench), "what is held goes on with what it does");
    bench.does("a@1.1.0", What::Reject);
    assert!(!is_needed(&bench));
}

#[test]
fn what_was_not_shown_or_shown_against_another_champion_is_no_reason_to_go_on() {
    let mut bench = Bench::with(&["a@1.0.0"]);
    bench.does("a@1.0.0", What::Submit);
    bench.does("a@1.0.0", What::Promote);
    bench.hours_pass(24);
    bench.shown = false;
    assert_eq!(bench.unmet("a@1.0.0"), ["decisions", "comparison"]);
    bench.shown = true;
    bench.does("a@1.0.0", What::Promote);
}

/// A change to what was shown, and the gates that it leaves unmet.
type Lack = (fn(&mut Trial), &'static [&'static str]);

#[test]
fn each_thing_that_the_trial_lacks_holds_the_promotion_up_by_its_own_gate() {
    let mut bench = Bench::with(&["a@1.0.0"]);
    bench.does("a@1.0.0", What::Submit);
    bench.does("a@1.0.0", What::Promote);
    bench.hours_pass(24);
    let harmful: fn(&mut Trial) = |trial| {
        for n in 0..20_000 {
            trial.pair(Pair {
                decision_id: Uuid::from_u128(n),
                now: BEGIN,
                segments: vec!["channel=store".parse().unwrap(), "region=RJ".parse().unwrap()],
                champion_minor: 1_000,
                challenger_minor: 1_500,
                terms: Vec::new(),
                comparison: Comparison::Matched,
            });
        }
    };
    let lacks: [Lack; 7] = [
        (|trial| trial.determinism.checked = 0, &["determinism"]),
        (|trial| trial.decided_twice(false, Uuid::nil()), &["determinism"]),
        (
            |trial| trial.fault("TRAP", "unreachable", Uuid::nil()),
            &["violations"],
        ),
        (|trial| trial.fault("DEADLINE", "late", Uuid::nil()), &[]),
        (
            |trial| {
                trial
                    .segments
                    .retain(|segment, _| segment.to_string() == "channel=web")
            },
            &["segments"],
        ),
        (
            |trial| {
                for n in 0..3 {
                    trial.pair(Pair {
                        decision_id: Uuid::from_u128(n),
                        now: BEGIN,
                        segments: Vec::new(),
                        champion_minor: 0,
                        challenger_minor: 2_001,
                        terms: Vec::new(),
                        comparison: Comparison::Matched,
                    });
                }
            },
            &["clipped"],
        ),
        (harmful, &["not_harmed", "who_loses"]),
    ];
    for (change, unmet) in lacks {
        bench.change = change;
        match unmet {
            [] => assert!(bench.ask("a@1.0.0", What::Promote, None).is_ok()),
            unmet => assert_eq!(bench.unmet("a@1.0.0"), unmet),
        }
    }
}

#[test]
fn a_version_that_is_only_as_good_passes_where_the_plan_says_parity() {
    let mut bench = Bench::new();
    let equal: fn(&mut Trial) = |trial| {
        *trial = Trial::begin(trial.key.clone(), Domain::Routing, trial.rules.clone(), BEGIN).unwrap();
        for n in 0..5_000 {
            trial.pair(Pair {
                decision_id: Uuid::from_u128(n),
                now: BEGIN,
                segments: vec!["channel=web".parse().unwrap(), "region=SP".parse().unwrap()],
                champion_minor: 1_000,
                challenger_minor: 1_000,
                terms: Vec::new(),
                comparison: Comparison::Matched,
            });
        }
        trial.decided_twice(true, Uuid::nil());
    };
    let mut parity = plan_of("a@1.0.0");
    parity.proof.success = signalbox_domain::rollout::Success::Parity;
    bench.admit("a@1.0.0", parity);
    bench.admit("a@1.1.0", plan_of("a@1.1.0"));
    bench.change = equal;
    for text in ["a@1.0.0", "a@1.1.0"] {
        bench.does(text, What::Submit);
        bench.does(text, What::Promote);
    }
    bench.hours_pass(24);
    assert_eq!(bench.unmet("a@1.1.0"), ["better"]);
    bench.does("a@1.0.0", What::Promote);
}

#[test]
fn the_sentences_of_the_gates_can_be_read_by_a_board() {
    let mut bench = Bench::with(&["a@1.0.0", "a@1.1.0"]);
    bench.does("a@1.0.0", What::Submit);
    bench.does("a@1.0.0", What::Reject);
    bench.does("a@1.1.0", What::Submit);
    bench.does("a@1.1.0", What::Promote);
    let Err(ControlError::GatesUnmet { gates, .. }) = bench.ask("a@1.1.0", What::Promote, None) else {
        panic!("expected unmet gates");
    };
    let told: Vec<String> = gates
        .iter()
        .map(|gate| format!("{} ({}): {}", gate.name, gate.state, gate.detail))
        .collect();
    insta::assert_snapshot!(told.join("\n"));
}

#[test]
fn the_last_step_waits_for_everybody_whom_the_plan_asks_for() {
    let mut bench = Bench::with(&["a@1.0.0"]);
    bench.does("a@1.0.0", What::Submit);
    for hours in [0, 24, 24] {
        bench.hours_pass(hours);
        bench.does("a@1.0.0", What::Promote);
    }
    bench.hours_pass(12);
    assert_eq!(bench.unmet("a@1.0.0"), ["approvals"]);
    bench.everybody_agrees("a@1.0.0");
    bench.does("a@1.0.0", What::Promote);
    assert_eq!(bench.champion().as_deref(), Some("a@1.0.0"));
}

#[test]
fn a_version_may_not_be_worse_than_the_champion_of_a_year_ago_either() {
    let mut bench = Bench::with(&["a@1.0.0", "a@1.1.0", "a@1.2.0"]);
    bench.release("a@1.0.0");
    assert_eq!(bench.state.anchor("routing", bench.now), None);
    // Beside the only champion there was it needs no anchor.
    bench.release("a@1.1.0");
    let oldest = version("a@1.0.0");
    assert_eq!(bench.state.anchor("routing", bench.now), Some(&oldest));
    // A year after the second one went live it is its own anchor.
    let a_year_later = bench.now.plus_millis(366 * 24 * HOUR_MS);
    assert_eq!(bench.state.anchor("routing", a_year_later), None);

    bench.does("a@1.2.0", What::Submit);
    bench.does("a@1.2.0", What::Promote);
    bench.hours_pass(24);
    bench.anchor = Some(None);
    assert_eq!(bench.unmet("a@1.2.0"), ["anchor"]);
    let against_anchor = |change: fn(&mut Trial)| {
        let mut shown = bench.trial("a@1.2.0", &change);
        shown.key.champion = "a@1.0.0".into();
        shown
    };
    let good = against_anchor(|_| {});
    let worse = against_anchor(|trial| {
        for n in 0..20_000 {
            trial.pair(Pair {
                decision_id: Uuid::from_u128(n),
                now: BEGIN,
                segments: Vec::new(),
                champion_minor: 1_000,
                challenger_minor: 1_500,
                terms: Vec::new(),
                comparison: Comparison::Matched,
            });
        }
    });
    let mut of_another = good.clone();
    of_another.key.champion = "a@0.9.0".into();
    bench.anchor = Some(Some(worse));
    assert_eq!(bench.unmet("a@1.2.0"), ["anchor"]);
    bench.anchor = Some(Some(of_another));
    assert_eq!(bench.unmet("a@1.2.0"), ["anchor"]);
    bench.anchor = Some(Some(good));
    bench.does("a@1.2.0", What::Promote);
}
