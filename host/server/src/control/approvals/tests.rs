use std::sync::Arc;

use signalbox_domain::approvals::{Approval, Delegation, NotGiven, SignedBy, Weighed};
use signalbox_domain::cost_book::CostBook;
use signalbox_domain::events::{Admission, Entry, Event, LiveCause, PluginRef, State};
use signalbox_domain::governance::{Day, Governance, RiskTier};
use signalbox_domain::identity::{Function, Grant, GrantedScopes, Principal, Role};
use signalbox_domain::release::{ReleaseChange, ReleaseEvent, ReleaseId, Stage};
use signalbox_domain::rollout::{CanaryStep, RolloutPlan};
use signalbox_domain::scope::{Freeze, Scope};
use signalbox_domain::time::DAY_MS;
use signalbox_domain::{Digest, Domain, Timestamp};
use signalbox_ledger::{SigningKey, statements};

use super::*;
use crate::config::LeverBounds;
use crate::control::change::By;
use crate::control::plan::Plan;

mod glass;

const SCOPE: &str = "routing";
const NEW: &str = "a@1.1.0";
const OLD: &str = "a@1.0.0";
const BEGIN: Timestamp = Timestamp(1_795_000_000_000);
const MINUTE: i64 = 60_000;
const HOUR: i64 = 3_600_000;

fn version(text: &str) -> PolicyVersion {
    text.parse().unwrap()
}

fn of_new() -> OfRelease {
    of(SCOPE, &version(NEW))
}

fn by(actor: &str) -> By {
    By {
        actor: actor.to_owned(),
        reason: "a test".to_owned(),
    }
}

fn plan_of() -> RolloutPlan {
    let mut plan = RolloutPlan::default_for(Domain::Routing);
    plan.canary.steps = vec![CanaryStep {
        share_bp: 10_000,
        min_hours: 0,
        min_decisions: 0,
    }];
    plan
}

struct Bench {
    state: State,
    scopes: Vec<Scope>,
    books: Vec<Arc<CostBook>>,
    now: Timestamp,
    _folder: tempfile::TempDir,
    host: SigningKey,
    fay: SigningKey,
}

impl Bench {
    /// Olga wrote and submitted `NEW`, and her evidence is frozen; otto speaks for operations, fay for finance.
    fn new() -> Bench {
        let folder = tempfile::tempdir().unwrap();
        let key = |name: &str| {
            let path = folder.path().join(name);
            statements::new_key(&path).unwrap();
            statements::read_key(&path).unwrap()
        };
        let (host, fay) = (key("host"), key("fay"));
        let mut bench = Bench {
            state: State::default(),
            scopes: vec![Scope::whole(Domain::Routing)],
            books: vec![Arc::new(CostBook::default())],
            now: BEGIN,
            _folder: folder,
            host,
            fay,
        };
        for (name, role, functions) in [
            (
                "ana",
                Role::Approver,
                vec![Function::Operations, Function::Finance],
            ),
            ("otto", Role::Approver, vec![Function::Operations]),
            ("fay", Role::Approver, vec![Function::Finance]),
            ("max", Role::Approver, vec![Function::Compliance]),
            ("ole", Role::Operator, vec![]),
        ] {
            bench.put(name, role, &functions);
        }
        for text in [OLD, NEW] {
            let event = Event::VersionAdmitted(admission(text));
            bench.fold(event);
        }
        bench.fold(Event::WentLive {
            scope: SCOPE.to_owned(),
            version: version(OLD),
            cause: LiveCause::Chosen,
        });
        let admitted = admission(NEW);
        bench.release(
            1,
            ReleaseEvent::Submitted {
                author: "ana".to_owned(),
                digest: admitted.digest,
                plan_digest: admitted.rollout_digest,
            },
        );
        bench
    }

    fn put(&mut self, name: &str, role: Role, functions: &[Function]) {
        let principal = Principal {
            name: name.to_owned(),
            grants: vec![Grant {
                role,
                functions: functions.iter().copied().collect(),
                scopes: GrantedScopes::All,
            }],
        };
        self.fold(Event::PrincipalPut { principal });
    }

    fn release(&mut self, revision: u64, event: ReleaseEvent) {
        self.fold(Event::ReleaseChanged(ReleaseChange {
            scope: SCOPE.to_owned(),
            version: version(NEW),
            revision,
            event,
        }));
    }

    fn fold(&mut self, event: Event) {
        let entry = by("tests").entry(self.now, event);
        self.state.apply(&entry).unwrap();
    }

    fn world(&self) -> World<'_> {
        World {
            state: &self.state,
            scopes: &self.scopes,
            cost_books: &self.books,
            pending: &[],
            bounds: LeverBounds {
                count_max: 1,
                duration_ms_max: 1,
            },
            now: self.now,
        }
    }

    fn ask(&self, command: Command, who: &str) -> Result<Plan, ControlError> {
        plan(&self.world(), &Asked { command, by: by(who) })
    }

    /// A command that is obeyed; the kinds of its events.
    fn does(&mut self, command: Command, who: &str) -> Vec<&'static str> {
        let entries = self.ask(command, who).unwrap().entries;
        entries.iter().for_each(|entry| self.state.apply(entry).unwrap());
        entries.iter().map(|entry| entry.event.kind()).collect()
    }

    /// A command that is refused.
    fn refused(&self, command: Command, who: &str) -> ApprovalRefused {
        match self.ask(command, who) {
            Err(ControlError::Approval(refused)) => refused,
            other => panic!("{other:?}"),
        }
    }

    fn freeze(&mut self, evidence: &[u8]) {
        let evidence = Digest::of(evidence);
        let of = of_new();
        self.does(Command::Freeze { of, evidence }, "ole");
    }

    fn said(&self, who: &str, functions: &[Function]) -> Approval {
        let state = self.state.release(SCOPE, &version(NEW)).unwrap();
        let given = self.state.approvals.given(SCOPE, &version(NEW));
        Approval {
            release_id: ReleaseId::of(SCOPE, &version(NEW)),
            scope: SCOPE.to_owned(),
            version: version(NEW),
            bound: given.bound(state, CostBook::default().digest()).unwrap(),
            approver: who.to_owned(),
            functions: functions.iter().copied().collect(),
            delegation_id: None,
            conditions: Vec::new(),
            reason: "a test".to_owned(),
            given_at: self.now,
            expires_at: self.now.plus_millis(DAY_MS),
            signed_by: SignedBy::Host,
        }
    }

    fn by_host(&self, approval: Approval) -> Command {
        Command::Approve {
            of: of_new(),
            envelope: statements::sign(&approval, &self.host),
            approval: Box::new(approval),
            host_key: Some(self.host.public().to_string()),
        }
    }

    fn by_own_key(&self, approval: Approval) -> Command {
        let approval = Approval {
            signed_by: SignedBy::ApproverKey,
            ..approval
        };
        Command::Approve {
            of: of_new(),
            envelope: statements::sign(&approval, &self.fay),
            approval: Box::new(approval),
            host_key: None,
        }
    }

    fn weighed(&self) -> Weighed {
        let release = self.state.release(SCOPE, &version(NEW)).unwrap();
        weighed(&self.world(), release, &plan_of())
    }

    /// Two functions agree.
    fn agreed() -> Bench {
        let mut bench = Bench::new();
        bench.freeze(b"one");
        for (who, function) in [("otto", Function::Operations), ("fay", Function::Finance)] {
            bench.does(bench.by_host(bench.said(who, &[function])), who);
        }
        bench
    }
}

fn admission(text: &str) -> Admission {
    let rollout = plan_of();
    Admission {
        version: version(text),
        domain: Domain::Routing,
        digest: Digest::of(text.as_bytes()),
        plugin: PluginRef {
            name: "a".to_owned(),
            version: version(text).version,
            digest: Digest::of(text.as_bytes()),
        },
        rollout_digest: rollout.digest().unwrap(),
        rollout,
        governance: Governance {
            owner: "o".to_owned(),
            deputy: "d".to_owned(),
            risk_tier: RiskTier::Low,
            review_by: Day::parse("9999-12-31").unwrap(),
        },
        file: format!("{text}.toml"),
        file_digest: Digest::of(b"file"),
    }
}

#[test]
fn nobody_agrees_before_evidence_is_frozen_and_two_functions_do_afterwards() {
    let mut bench = Bench::new();
    let early = Approval {
        bound: Bound {
            version: Digest::of(b""),
            plan: Digest::of(b""),
            cost_book: Digest::of(b""),
            evidence: Digest::of(b""),
        },
        ..{
            let mut frozen = Bench::new();
            frozen.freeze(b"one");
            frozen.said("otto", &[Function::Operations])
        }
    };
    let refused = bench.refused(bench.by_host(early), "otto");
    assert!(
        matches!(refused, ApprovalRefused::NotGiven(NotGiven::NoEvidence { .. })),
        "{refused}"
    );
    bench.freeze(b"one");
    let kinds = bench.does(bench.by_host(bench.said("otto", &[Function::Operations])), "otto");
    assert_eq!(
        kinds,
        ["approver_key_registered", "approval_given"],
        "the host's key is named once"
    );
    let weighed = bench.weighed();
    assert_eq!((weighed.met, weighed.missing_people), (false, 1));
    assert_eq!(weighed.missing_functions, [Function::Finance].into());
    bench.does(
        Command::RegisterKey {
            principal: "fay".to_owned(),
            public_key: bench.fay.public().to_string(),
        },
        "admin",
    );
    let kinds = bench.does(bench.by_own_key(bench.said("fay", &[Function::Finance])), "fay");
    assert_eq!(kinds, ["approval_given"]);
    assert!(bench.weighed().met);
}

#[test]
fn what_may_not_agree_is_told_what_was_expected() {
    let mut bench = Bench::new();
    bench.freeze(b"one");
    let denied = |bench: &Bench, who: &str, functions: &[Function]| {
        let refused = bench.refused(bench.by_host(bench.said(who, functions)), who);
        let ApprovalRefused::Denied(denied) = refused else {
            panic!("{refused}");
        };
        denied.why
    };
    assert!(denied(&bench, "ana", &[Function::Finance]).contains("an author never approves"));
    assert!(denied(&bench, "ole", &[Function::Finance]).contains("takes the role approver"));
    assert!(denied(&bench, "otto", &[Function::Finance]).contains("an approver for finance"));
    let mut other = bench.said("otto", &[Function::Operations]);
    other.bound.evidence = Digest::of(b"two");
    let refused = bench.refused(bench.by_host(other), "otto");
    assert!(
        matches!(refused, ApprovalRefused::NotGiven(NotGiven::Bound { what: BoundTo::Evidence, found, .. }) if found == Digest::of(b"two")),
        "{refused}"
    );
    let refused = bench.refused(bench.by_host(bench.said("otto", &[Function::Operations])), "fay");
    assert!(
        matches!(
            refused,
            ApprovalRefused::Says {
                field: "approver",
                ..
            }
        ),
        "{refused}"
    );
    bench.does(bench.by_host(bench.said("otto", &[Function::Operations])), "otto");
    bench.now = bench.now.plus_millis(1);
    let refused = bench.refused(bench.by_host(bench.said("otto", &[Function::Operations])), "otto");
    assert!(
        matches!(refused, ApprovalRefused::NotGiven(NotGiven::Already { .. })),
        "{refused}"
    );
}

#[test]
fn a_statement_counts_only_with_a_registered_key_its_own_signature_and_a_fresh_date() {
    let mut bench = Bench::new();
    bench.freeze(b"one");
    let said = || bench.said("fay", &[Function::Finance]);
    let refused = bench.refused(bench.by_own_key(said()), "fay");
    assert!(matches!(refused, ApprovalRefused::Key { .. }), "{refused}");
    let public_key = bench.fay.public().to_string();
    let register = |principal: &str| Command::RegisterKey {
        principal: principal.to_owned(),
        public_key: public_key.clone(),
    };
    bench.does(register("otto"), "admin");
    let refused = bench.refused(bench.by_own_key(bench.said("fay", &[Function::Finance])), "fay");
    assert!(
        matches!(refused, ApprovalRefused::Key { .. }),
        "the key is somebody else's: {refused}"
    );
    let refused = bench.refused(register("fay"), "admin");
    assert!(matches!(refused, ApprovalRefused::KeyTaken { .. }), "{refused}");

    let mut bench = Bench::new();
    bench.freeze(b"one");
    let public_key = bench.fay.public().to_string();
    bench.does(
        Command::RegisterKey {
            principal: "fay".to_owned(),
            public_key,
        },
        "admin",
    );
    let Command::Approve {
        of,
        approval,
        mut envelope,
        ..
    } = bench.by_own_key(bench.said("fay", &[Function::Finance]))
    else {
        panic!();
    };
    let other = statements::sign(
        &Approval {
            reason: "another".to_owned(),
            ..(*approval).clone()
        },
        &bench.fay,
    );
    envelope.signatures = other.signatures;
    let forged = Command::Approve {
        of,
        approval,
        envelope,
        host_key: None,
    };
    let refused = bench.refused(forged, "fay");
    assert!(matches!(refused, ApprovalRefused::Statement(_)), "{refused}");
    let mut old = bench.said("fay", &[Function::Finance]);
    old.given_at = bench.now.plus_millis(-11 * MINUTE);
    let refused = bench.refused(bench.by_own_key(old), "fay");
    assert!(matches!(refused, ApprovalRefused::Moment { .. }), "{refused}");
}

#[test]
fn other_evidence_expiry_withdrawal_dissent_and_a_lost_role_unmeet_the_quorum() {
    let mut bench = Bench::agreed();
    assert!(bench.weighed().met);
    bench.freeze(b"two");
    let weighed = bench.weighed();
    assert_eq!(
        (weighed.met, weighed.counted.len(), weighed.not_counted.len()),
        (false, 0, 2)
    );
    assert!(weighed.not_counted[0].why.to_string().contains("other evidence"));

    let mut bench = Bench::agreed();
    bench.now = bench.now.plus_millis(DAY_MS);
    assert!(!bench.weighed().met);

    let mut bench = Bench::agreed();
    bench.does(Command::Withdraw { of: of_new() }, "fay");
    assert_eq!(bench.weighed().missing_functions, [Function::Finance].into());

    let mut bench = Bench::agreed();
    let dissent = Command::Dissent {
        of: of_new(),
        conditions: vec!["later".to_owned()],
    };
    bench.does(dissent.clone(), "max");
    assert!(bench.weighed().met, "dissent blocks nothing by itself");
    bench.does(dissent, "fay");
    assert!(!bench.weighed().met, "nobody agrees and disagrees");
    let given = bench.state.approvals.given(SCOPE, &version(NEW));
    assert_eq!(given.dissents.len(), 2);

    let mut bench = Bench::agreed();
    bench.put("fay", Role::Auditor, &[]);
    assert!(!bench.weighed().met);
}

fn lend(bench: &Bench, from: &str, to: &str, functions: &[Function]) -> Delegation {
    Delegation {
        from: from.to_owned(),
        to: to.to_owned(),
        functions: functions.iter().copied().collect(),
        scope: SCOPE.to_owned(),
        only: None,
        begins_at: bench.now,
        ends_at: bench.now.plus_millis(7 * DAY_MS),
    }
}

#[test]
fn a_voice_is_lent_once_for_a_while_and_never_lent_on_nor_used_for_the_author() {
    let mut bench = Bench::new();
    bench.freeze(b"one");
    let finance = [Function::Finance];
    let kinds = bench.does(Command::Delegate(lend(&bench, "fay", "max", &finance)), "fay");
    assert_eq!(kinds, ["approval_delegated"]);
    let again = bench.refused(Command::Delegate(lend(&bench, "fay", "otto", &finance)), "fay");
    assert!(matches!(again, ApprovalRefused::LentAlready { .. }), "{again}");
    let on = bench.refused(Command::Delegate(lend(&bench, "max", "otto", &finance)), "max");
    assert!(
        matches!(on, ApprovalRefused::Malformed(ref m) if m.field == "functions"),
        "{on}"
    );
    let stranger = bench.refused(
        Command::Delegate(lend(&bench, "fay", "ole", &[Function::Finance])),
        "fay",
    );
    assert!(matches!(stranger, ApprovalRefused::Denied(_)), "{stranger}");
    let mut to_author = lend(&bench, "otto", "ana", &[Function::Operations]);
    to_author.only = Some(version(NEW));
    let author = bench.refused(Command::Delegate(to_author), "otto");
    assert!(
        matches!(author, ApprovalRefused::Malformed(ref m) if m.field == "to"),
        "{author}"
    );

    let id = bench.state.approvals.delegations().keys().next().unwrap().clone();
    let lent = |who: &str| Approval {
        delegation_id: Some(id.clone()),
        ..bench.said(who, &finance)
    };
    let foreign = bench.refused(bench.by_host(lent("otto")), "otto");
    assert!(
        matches!(foreign, ApprovalRefused::NotGiven(NotGiven::Delegation { .. })),
        "{foreign}"
    );
    let lent = lent("max");
    bench.does(bench.by_host(lent), "max");
    bench.does(bench.by_host(bench.said("otto", &[Function::Operations])), "otto");
    assert!(bench.weighed().met);
    let twice = bench.refused(bench.by_host(bench.said("fay", &finance)), "fay");
    assert!(
        matches!(twice, ApprovalRefused::NotGiven(NotGiven::OneVoice { .. })),
        "{twice}"
    );
    bench.now = bench.now.plus_millis(HOUR);
    bench.does(Command::RevokeDelegation(id), "fay");
    assert!(!bench.weighed().met, "what rested on it no longer counts");
    bench.does(bench.by_host(bench.said("fay", &finance)), "fay");
    assert!(bench.weighed().met);

    // The author lends: still their voice.
    let mut bench = Bench::new();
    bench.freeze(b"one");
    bench.does(Command::Delegate(lend(&bench, "ana", "max", &finance)), "ana");
    let id = bench.state.approvals.delegations().keys().next().unwrap().clone();
    let said = Approval {
        delegation_id: Some(id),
        ..bench.said("max", &finance)
    };
    let refused = bench.refused(bench.by_host(said), "max");
    assert!(matches!(refused, ApprovalRefused::Denied(_)), "{refused}");
}

#[test]
fn who_is_missing_is_told_again_and_again_and_silence_approves_nothing() {
    let mut bench = Bench::new();
    bench.freeze(b"one");
    bench.does(bench.by_host(bench.said("otto", &[Function::Operations])), "otto");
    bench.now = bench.now.plus_millis(24 * HOUR - 1);
    assert!(due(&bench.world()).adds.is_empty());
    bench.now = bench.now.plus_millis(1);
    for _ in 0..3 {
        let adds = due(&bench.world()).adds;
        let [entry] = adds.as_slice() else {
            panic!("{adds:?}");
        };
        let Event::ApprovalEscalated(escalated) = &entry.event else {
            panic!("{entry:?}");
        };
        assert!(escalated.missing_functions.contains(&Function::Finance));
        bench.state.apply(entry).unwrap();
        assert!(due(&bench.world()).adds.is_empty(), "not every second");
        bench.now = bench.now.plus_millis(24 * HOUR);
    }
    assert!(!bench.weighed().met);
    bench.scopes[0].escalate_after_hours = 0;
    assert!(due(&bench.world()).adds.is_empty());
    let mut agreed = Bench::agreed();
    agreed.now = agreed.now.plus_millis(DAY_MS - 1);
    assert!(agreed.weighed().met && due(&agreed.world()).adds.is_empty());
}

#[test]
fn a_release_that_has_arrived_is_agreed_to_no_more() {
    let mut bench = Bench::agreed();
    for (revision, to) in [
        (2, Stage::Shadow),
        (
            3,
            Stage::Canary {
                step: 0,
                share_bp: 10_000,
            },
        ),
        (4, Stage::Active),
    ] {
        bench.release(revision, ReleaseEvent::Promoted { to });
    }
    let over = bench.refused(bench.by_host(bench.said("max", &[Function::Compliance])), "max");
    assert!(
        matches!(over, ApprovalRefused::NotGiven(NotGiven::Over { .. })),
        "{over}"
    );
    let evidence = Digest::of(b"two");
    let over = bench.refused(
        Command::Freeze {
            of: of_new(),
            evidence,
        },
        "ole",
    );
    assert!(
        matches!(over, ApprovalRefused::NotGiven(NotGiven::Over { .. })),
        "{over}"
    );
    // What was active by its release may be gone back to in an emergency.
    assert_eq!(
        bench.does(glass::propose(Some(NEW), 1), "ole"),
        ["break_glass_proposed"]
    );
}
