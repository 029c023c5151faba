use std::collections::BTreeMap;

use signalbox_domain::envelope::LeverKind;
use signalbox_domain::events::{PluginRef, State};
use signalbox_domain::governance::{Day, Governance, RiskTier};
use signalbox_domain::rollout::RolloutPlan;
use signalbox_domain::scope::Scope;
use signalbox_domain::{Digest, Domain, Timestamp};

use super::*;
use crate::config::LeverBounds;
use crate::control::{Pending, PendingState};

/// A world to try changes in, without disk or component.
struct Bench {
    state: State,
    scopes: Vec<Scope>,
    pending: Vec<Pending>,
    now: Timestamp,
}

impl Bench {
    fn new() -> Bench {
        let immediate = |domain| Scope {
            immediate: true,
            ..Scope::whole(domain)
        };
        Bench {
            state: State::default(),
            scopes: Domain::ALL.map(immediate).into(),
            pending: Vec::new(),
            now: Timestamp(1_000),
        }
    }

    fn world(&self) -> World<'_> {
        World {
            state: &self.state,
            scopes: &self.scopes,
            cost_books: &[],
            pending: &self.pending,
            bounds: LeverBounds {
                count_max: 2,
                duration_ms_max: 1_000,
            },
            now: self.now,
        }
    }

    /// Applies what a plan comes to, then what the scopes choose by themselves, as the writer does.
    fn apply(&mut self, plan: Result<Plan, ControlError>) {
        let Plan { entries, stop, .. } = plan.unwrap();
        self.fold(&entries);
        if !stop {
            self.settle();
        }
    }

    fn fold(&mut self, entries: &[Entry]) {
        for entry in entries {
            self.state.apply(entry).unwrap();
        }
    }

    fn settle(&mut self) {
        let world = self.world();
        let wanted = self
            .scopes
            .iter()
            .filter_map(|scope| Some((scope, world.wanted(scope)?)));
        let raised: Vec<Entry> = wanted
            .flat_map(|(scope, known)| raise(&world, &scope.name, &known.admission.version))
            .collect();
        self.fold(&raised);
    }

    fn admit(&mut self, text: &str) {
        let plan = admit(&self.world(), &admission(text));
        self.apply(Ok(plan));
    }

    fn use_policy(&mut self, text: &str, pinned: bool) {
        let version = version(text);
        let pinned = pinned.then_some(&version.version);
        let plan = use_policy(&self.world(), "routing", &version, pinned, &by());
        self.apply(plan);
    }

    fn change(&mut self, change: Change) {
        let plan = plan(&self.world(), &change);
        self.apply(plan);
    }

    fn roll_back(&mut self) {
        self.change(Change::RollBack {
            scope: "routing".into(),
            by: by(),
        });
    }

    fn withdraw(&mut self, text: &str) {
        self.change(Change::Withdraw {
            version: version(text),
            by: by(),
        });
    }

    fn champion(&self) -> Option<String> {
        let choice = self.state.scope("routing");
        choice.champion().map(ToString::to_string)
    }
}

fn version(text: &str) -> PolicyVersion {
    text.parse().unwrap()
}

fn by() -> By {
    By {
        actor: "ada".into(),
        reason: "a test".into(),
    }
}

fn rollout(immediate: bool) -> RolloutPlan {
    RolloutPlan {
        immediate,
        ..RolloutPlan::default_for(Domain::Routing)
    }
}

fn admission(text: &str) -> Admission {
    let version = version(text);
    Admission {
        domain: Domain::Routing,
        digest: Digest::of(text.as_bytes()),
        plugin: PluginRef {
            name: version.policy.clone(),
            version: Version::new(1, 0, 0),
            digest: Digest::of(version.policy.as_bytes()),
        },
        rollout: rollout(true),
        rollout_digest: rollout(true).digest().unwrap(),
        governance: Governance {
            owner: "merchandising".into(),
            deputy: "fulfilment".into(),
            risk_tier: RiskTier::Low,
            review_by: Day::parse("2027-06-30").unwrap(),
        },
        file: format!("{text}.toml"),
        file_digest: Digest::of(b"file"),
        version,
    }
}

fn champion_after(steps: impl FnOnce(&mut Bench)) -> Option<String> {
    let mut bench = Bench::new();
    steps(&mut bench);
    bench.champion()
}

#[test]
fn the_only_policy_goes_live_and_its_higher_versions_follow() {
    let mut bench = Bench::new();
    bench.admit("a@1.0.0");
    assert_eq!(bench.champion().as_deref(), Some("a@1.0.0"));
    bench.admit("a@1.10.0");
    bench.admit("a@1.9.0");
    assert_eq!(bench.champion().as_deref(), Some("a@1.10.0"));
}

#[test]
fn a_second_policy_does_not_replace_the_first_by_itself() {
    let champion = champion_after(|bench| {
        bench.admit("a@1.0.0");
        bench.admit("b@9.0.0");
        bench.admit("a@1.1.0");
    });
    assert_eq!(champion.as_deref(), Some("a@1.1.0"));
}

#[test]
fn of_two_policies_that_arrive_together_none_is_chosen_by_the_order_of_checking() {
    let mut bench = Bench::new();
    let checking = |text: &str| Pending {
        version: version(text),
        domain: Domain::Routing,
        file: format!("{text}.toml"),
        state: PendingState::Checking,
        since: Timestamp(0),
    };
    bench.pending = vec![checking("b@1.0.0")];
    bench.admit("a@1.0.0");
    assert_eq!(bench.champion(), None);
    // Refused: `a` is the only one after all.
    bench.pending.clear();
    bench.settle();
    assert_eq!(bench.champion().as_deref(), Some("a@1.0.0"));
}

#[test]
fn a_policy_that_waits_for_a_file_holds_nobody_up() {
    let mut bench = Bench::new();
    bench.pending = vec![Pending {
        version: version("b@1.0.0"),
        domain: Domain::Routing,
        file: "b.toml".into(),
        state: PendingState::Waiting {
            for_file: "b.wasm".into(),
        },
        since: Timestamp(0),
    }];
    bench.admit("a@1.0.0");
    assert_eq!(bench.champion().as_deref(), Some("a@1.0.0"));
}

#[test]
fn where_scope_or_author_do_not_say_immediate_nothing_goes_live_by_itself() {
    let mut bench = Bench::new();
    bench.scopes = vec![Scope::whole(Domain::Routing)];
    bench.admit("a@1.0.0");
    assert_eq!(bench.champion(), None);
    let refused = use_policy(&bench.world(), "routing", &version("a@1.0.0"), None, &by());
    assert!(
        matches!(refused, Err(ControlError::ReleaseOnly { .. })),
        "{refused:?}"
    );

    let mut bench = Bench::new();
    let careful = Admission {
        rollout: rollout(false),
        ..admission("a@1.0.0")
    };
    let plan = admit(&bench.world(), &careful);
    bench.apply(Ok(plan));
    assert_eq!(bench.champion(), None);
    bench.use_policy("a@1.0.0", false);
    assert_eq!(bench.champion().as_deref(), Some("a@1.0.0"));
    // A lower one never takes over by itself.
    bench.admit("a@0.9.0");
    assert_eq!(bench.champion().as_deref(), Some("a@1.0.0"));
}

#[test]
fn choosing_another_policy_runs_its_highest_version_now_and_later() {
    let champion = champion_after(|bench| {
        bench.admit("a@1.0.0");
        bench.admit("b@1.0.0");
        bench.admit("b@1.1.0");
        bench.use_policy("b@1.1.0", false);
        bench.admit("b@1.2.0");
        bench.admit("a@2.0.0");
    });
    assert_eq!(champion.as_deref(), Some("b@1.2.0"));
}

#[test]
fn a_pinned_version_stays_until_something_else_is_chosen() {
    let mut bench = Bench::new();
    bench.admit("a@1.0.0");
    bench.admit("a@1.1.0");
    bench.use_policy("a@1.0.0", true);
    bench.admit("a@1.2.0");
    assert_eq!(bench.champion().as_deref(), Some("a@1.0.0"));
    bench.use_policy("a@1.2.0", false);
    assert_eq!(bench.champion().as_deref(), Some("a@1.2.0"));
    bench.admit("a@1.3.0");
    assert_eq!(bench.champion().as_deref(), Some("a@1.3.0"));
}

#[test]
fn choosing_what_decides_already_is_no_event() {
    let mut bench = Bench::new();
    bench.admit("a@1.0.0");
    let plan = use_policy(&bench.world(), "routing", &version("a@1.0.0"), None, &by()).unwrap();
    assert!(plan.entries.is_empty());
}

#[test]
fn a_version_that_is_no_longer_the_one_meant_is_a_conflict() {
    let mut bench = Bench::new();
    bench.admit("a@1.0.0");
    bench.admit("a@1.1.0");
    let refused = use_policy(&bench.world(), "routing", &version("a@1.0.0"), None, &by());
    assert!(matches!(refused, Err(ControlError::Conflict { .. })));
}

#[test]
fn a_rollback_stays_and_is_a_stop() {
    let mut bench = Bench::new();
    bench.admit("a@1.0.0");
    bench.admit("a@1.1.0");
    let change = Change::RollBack {
        scope: "routing".into(),
        by: by(),
    };
    assert!(plan(&bench.world(), &change).unwrap().stop);
    bench.roll_back();
    bench.settle();
    assert_eq!(bench.champion().as_deref(), Some("a@1.0.0"));
    bench.admit("a@1.2.0");
    assert_eq!(bench.champion().as_deref(), Some("a@1.2.0"));
}

#[test]
fn rolling_back_goes_past_the_same_version_further_back() {
    let champion = champion_after(|bench| {
        bench.admit("a@1.0.0");
        bench.admit("b@1.0.0");
        bench.use_policy("b@1.0.0", true);
        bench.use_policy("a@1.0.0", true);
        bench.roll_back();
    });
    assert_eq!(champion.as_deref(), Some("b@1.0.0"));
}

#[test]
fn rolling_back_to_nothing_leaves_the_built_in_policy_and_then_there_is_nothing_to_roll_back() {
    let mut bench = Bench::new();
    bench.admit("a@1.0.0");
    bench.roll_back();
    bench.settle();
    assert_eq!(bench.champion(), None);
    let change = Change::RollBack {
        scope: "routing".into(),
        by: by(),
    };
    let refused = plan(&bench.world(), &change);
    assert!(matches!(refused, Err(ControlError::NothingToRollBack { .. })));
}

#[test]
fn a_withdrawn_champion_makes_way_for_the_one_before_and_then_for_the_highest_left() {
    let mut bench = Bench::new();
    bench.admit("a@1.0.0");
    bench.admit("a@1.2.0");
    bench.admit("a@1.1.0");
    bench.withdraw("a@1.2.0");
    assert_eq!(bench.champion().as_deref(), Some("a@1.0.0"));
    bench.settle();
    assert_eq!(bench.champion().as_deref(), Some("a@1.1.0"));
    let again = Change::Withdraw {
        version: version("a@1.2.0"),
        by: by(),
    };
    assert!(plan(&bench.world(), &again).unwrap().entries.is_empty());
}

#[test]
fn other_bytes_under_a_known_name_are_refused_and_that_is_recorded() {
    let mut bench = Bench::new();
    bench.admit("a@1.0.0");
    let other = Admission {
        digest: Digest::of(b"other"),
        ..admission("a@1.0.0")
    };
    let plan = admit(&bench.world(), &other);
    assert!(matches!(plan.refusal, Some(ControlError::Bound { .. })));
    let [entry] = plan.entries.as_slice() else {
        panic!("{plan:?}");
    };
    let Event::VersionRejected(rejection) = &entry.event else {
        panic!("{entry:?}");
    };
    assert_eq!(rejection.kind, RejectionKind::Bound);
    let message = &rejection.problems[0].message;
    for digest in [admission("a@1.0.0").digest, other.digest] {
        assert!(message.contains(&digest.to_string()), "{message}");
    }
    let mut plugin = admission("a@1.1.0");
    plugin.plugin.digest = Digest::of(b"other component");
    let plan = admit(&bench.world(), &plugin);
    assert!(matches!(plan.refusal, Some(ControlError::PluginBound { .. })));
}

#[test]
fn the_same_again_is_no_event() {
    let mut bench = Bench::new();
    bench.admit("a@1.0.0");
    assert!(admit(&bench.world(), &admission("a@1.0.0")).entries.is_empty());
    let rejection = Rejection {
        file: "b.toml".into(),
        file_digest: Some(Digest::of(b"b")),
        component_digest: None,
        version: None,
        domain: None,
        kind: RejectionKind::PolicyFile,
        problems: vec![Problem::new("expected `name`")],
    };
    let first = reject(&bench.world(), &rejection);
    assert_eq!(first.entries.len(), 1);
    bench.apply(Ok(first));
    assert!(reject(&bench.world(), &rejection).entries.is_empty());
    let changed = Rejection {
        file_digest: Some(Digest::of(b"c")),
        ..rejection
    };
    assert_eq!(reject(&bench.world(), &changed).entries.len(), 1);
}

#[test]
fn names_that_mean_nothing_are_answered_with_those_that_do() {
    let mut bench = Bench::new();
    bench.admit("a@1.0.0");
    let world = bench.world();
    let unknown_scope = world.resolve("shipping", "a", None).unwrap_err();
    assert!(
        unknown_scope.to_string().contains("allocation"),
        "{unknown_scope}"
    );
    let unknown_policy = world.resolve("routing", "b", None).unwrap_err();
    assert!(unknown_policy.to_string().contains("[\"a\"]"), "{unknown_policy}");
    let unknown_version = world.resolve("routing", "a", Some(&Version::new(2, 0, 0)));
    assert!(matches!(
        unknown_version,
        Err(ControlError::UnknownVersion { known, .. }) if known == [Version::new(1, 0, 0)]
    ));
    let other_domain = world.resolve("returns", "a", Some(&Version::new(1, 0, 0)));
    assert!(matches!(other_domain, Err(ControlError::WrongDomain { .. })));
    assert!(matches!(
        world.resolve("returns", "a", None),
        Err(ControlError::UnknownPolicy { .. })
    ));
    bench.withdraw("a@1.0.0");
    let world = bench.world();
    assert!(matches!(
        world.resolve("routing", "a", Some(&Version::new(1, 0, 0))),
        Err(ControlError::Withdrawn(_))
    ));
    assert!(matches!(
        world.resolve("routing", "a", None),
        Err(ControlError::NothingToUse { .. })
    ));
}

#[test]
fn the_kill_switch_on_is_a_stop_and_off_is_not() {
    let mut bench = Bench::new();
    let switch = |forced| Change::ForceBuiltin {
        scope: "routing".into(),
        forced,
        by: by(),
    };
    assert!(plan(&bench.world(), &switch(false)).unwrap().entries.is_empty());
    assert!(plan(&bench.world(), &switch(true)).unwrap().stop);
    bench.change(switch(true));
    assert!(plan(&bench.world(), &switch(true)).unwrap().entries.is_empty());
    assert!(!plan(&bench.world(), &switch(false)).unwrap().stop);
}

#[test]
fn levers_are_bounded_in_number_and_expired_ones_do_not_count() {
    let mut bench = Bench::new();
    let lever = |name: &str, expires_at| Lever {
        lever_id: name.into(),
        kind: LeverKind::NodeOff,
        node_id: Some("n1".into()),
        service: None,
        pool: None,
        capacity_bp: None,
        expires_at: Timestamp(expires_at),
        reason: "water".into(),
    };
    let put = |lever| Change::PutLever { lever, by: by() };
    bench.change(put(lever("a", 1_100)));
    bench.change(put(lever("b", 1_500)));
    let refused = plan(&bench.world(), &put(lever("c", 1_500)));
    assert!(matches!(refused, Err(ControlError::TooManyLevers { limit: 2 })));
    bench.change(put(lever("b", 1_600)));
    bench.now = Timestamp(1_200);
    bench.change(put(lever("c", 1_500)));
    let names: Vec<&str> = bench
        .world()
        .levers()
        .map(|lever| lever.lever_id.as_str())
        .collect();
    assert_eq!(names, ["b", "c"]);
    let delete = |name: &str| Change::DeleteLever {
        lever_id: name.into(),
        by: by(),
    };
    let refused = plan(&bench.world(), &delete("a"));
    assert!(matches!(refused, Err(ControlError::UnknownLever { .. })));
    assert!(!plan(&bench.world(), &delete("b")).unwrap().stop);
}

#[test]
fn events_say_who_and_why() {
    let mut bench = Bench::new();
    bench.admit("a@1.0.0");
    let change = Change::RollBack {
        scope: "routing".into(),
        by: by(),
    };
    let entries = plan(&bench.world(), &change).unwrap().entries;
    let whos: BTreeMap<&str, &str> = entries
        .iter()
        .map(|entry| (entry.actor.as_str(), entry.reason.as_str()))
        .collect();
    assert_eq!(whos, BTreeMap::from([("ada", "a test")]));
}
