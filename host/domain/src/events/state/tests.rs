use super::*;
use crate::events::{HOST_ACTOR, LiveCause, PluginRef, Problem, RejectionKind};
use crate::governance::{Day, Governance, RiskTier};
use crate::rollout::RolloutPlan;

pub(super) fn version(text: &str) -> PolicyVersion {
    text.parse().unwrap()
}

pub(super) fn entry(at: i64, event: Event) -> Entry {
    Entry {
        at: Timestamp(at),
        actor: HOST_ACTOR.into(),
        reason: "test".into(),
        event,
    }
}

pub(super) fn governance() -> Governance {
    Governance {
        owner: "merchandising".into(),
        deputy: "fulfilment".into(),
        risk_tier: RiskTier::Low,
        review_by: Day::parse("2027-06-30").unwrap(),
    }
}

pub(super) fn admission(text: &str) -> Admission {
    let version = version(text);
    Admission {
        domain: Domain::Routing,
        digest: Digest::of(text.as_bytes()),
        plugin: PluginRef {
            name: version.policy.clone(),
            version: Version::new(1, 0, 0),
            digest: Digest::of(b"component"),
        },
        rollout: RolloutPlan {
            immediate: true,
            ..RolloutPlan::default_for(Domain::Routing)
        },
        rollout_digest: Digest::of(b"plan"),
        governance: governance(),
        file: format!("{text}.toml"),
        file_digest: Digest::of(b"file"),
        version,
    }
}

fn rejection(file: &str, name: Option<&str>) -> Event {
    Event::VersionRejected(Rejection {
        file: file.into(),
        file_digest: None,
        component_digest: None,
        version: name.map(version),
        domain: None,
        kind: RejectionKind::PolicyFile,
        problems: vec![Problem::new("expected `name`")],
    })
}

pub(super) fn live(text: &str) -> Event {
    Event::WentLive {
        scope: "routing".into(),
        version: version(text),
        cause: LiveCause::Immediate,
    }
}

pub(super) fn back(from: &str, to: Option<&str>) -> Event {
    Event::RolledBack {
        scope: "routing".into(),
        from: version(from),
        to: to.map(version),
    }
}

pub(super) fn withdrawn(text: &str) -> Event {
    Event::VersionWithdrawn {
        version: version(text),
    }
}

fn chosen(policy: &str, pinned: Option<&str>) -> Event {
    Event::PolicyChosen {
        scope: "routing".into(),
        policy: policy.into(),
        pinned: pinned.map(|text| text.parse().unwrap()),
    }
}

/// The state after admitting `versions` and then `events`.
fn fold(versions: &[&str], events: &[Event]) -> State {
    let admitted = versions
        .iter()
        .map(|text| Event::VersionAdmitted(admission(text)));
    let mut state = State::default();
    for (at, event) in admitted.chain(events.iter().cloned()).enumerate() {
        state.apply(&entry(at as i64, event)).unwrap();
    }
    state
}

fn champions(state: &State) -> Vec<String> {
    let choice = state.scope("routing");
    choice.champions.iter().map(PolicyVersion::to_string).collect()
}

fn highest(state: &State, policy: &str) -> Option<String> {
    let found = state.usable("routing", Domain::Routing, policy).last();
    found.map(|known| known.admission.version.to_string())
}

#[test]
fn the_champion_before_is_the_previous_one() {
    let state = fold(&["a@1.0.0", "a@1.1.0"], &[live("a@1.0.0"), live("a@1.1.0")]);
    let choice = state.scope("routing");
    assert_eq!(choice.champion(), Some(&version("a@1.1.0")));
    assert_eq!(choice.previous(), Some(&version("a@1.0.0")));
}

#[test]
fn going_live_twice_makes_a_version_not_its_own_predecessor() {
    let state = fold(&["a@1.0.0"], &[live("a@1.0.0"), live("a@1.0.0")]);
    assert_eq!(champions(&state), ["a@1.0.0"]);
}

#[test]
fn rolling_back_leaves_nothing_to_come_up_by_itself_but_what_is_admitted_later() {
    let mut state = fold(
        &["a@1.0.0", "a@1.1.0", "a@1.2.0"],
        &[live("a@1.0.0"), live("a@1.1.0"), back("a@1.1.0", Some("a@1.0.0"))],
    );
    assert_eq!(champions(&state), ["a@1.0.0"]);
    assert_eq!(highest(&state, "a"), Some("a@1.0.0".into()));
    state
        .apply(&entry(9, Event::VersionAdmitted(admission("a@1.3.0"))))
        .unwrap();
    assert_eq!(highest(&state, "a"), Some("a@1.3.0".into()));
}

#[test]
fn rolling_back_the_only_champion_leaves_the_built_in_policy() {
    let state = fold(&["a@1.0.0"], &[live("a@1.0.0"), back("a@1.0.0", None)]);
    assert_eq!(state.scope("routing").champion(), None);
    assert_eq!(highest(&state, "a"), None);
}

#[test]
fn naming_a_version_that_was_rolled_back_lets_it_decide_again() {
    let events = [
        live("a@1.0.0"),
        live("a@1.1.0"),
        back("a@1.1.0", Some("a@1.0.0")),
        live("a@1.1.0"),
    ];
    let state = fold(&["a@1.0.0", "a@1.1.0"], &events);
    assert_eq!(champions(&state), ["a@1.0.0", "a@1.1.0"]);
    assert_eq!(highest(&state, "a"), Some("a@1.1.0".into()));
}

#[test]
fn rolling_back_across_policies_chooses_the_former_policy_again() {
    let state = fold(
        &["a@1.0.0", "b@1.0.0"],
        &[
            chosen("a", None),
            live("a@1.0.0"),
            chosen("b", None),
            live("b@1.0.0"),
            back("b@1.0.0", Some("a@1.0.0")),
        ],
    );
    assert_eq!(state.scope("routing").policy.as_deref(), Some("a"));
}

#[test]
fn a_rollback_from_what_does_not_decide_changes_nothing() {
    let mut state = fold(&["a@1.0.0", "a@1.1.0"], &[live("a@1.0.0"), live("a@1.1.0")]);
    let before = state.clone();
    for event in [
        back("a@1.0.0", None),
        back("a@1.1.0", None),
        back("a@1.1.0", Some("a@1.1.0")),
    ] {
        assert!(matches!(
            state.apply(&entry(9, event)),
            Err(FoldError::NotBefore { .. })
        ));
    }
    assert_eq!(state, before);
}

#[test]
fn a_withdrawn_version_leaves_every_chain_and_cannot_come_back() {
    let mut state = fold(
        &["a@1.0.0", "a@1.1.0"],
        &[
            live("a@1.0.0"),
            live("a@1.1.0"),
            live("a@1.0.0"),
            withdrawn("a@1.1.0"),
        ],
    );
    assert_eq!(champions(&state), ["a@1.0.0"]);
    assert_eq!(highest(&state, "a"), Some("a@1.0.0".into()));
    assert_eq!(
        state.apply(&entry(9, live("a@1.1.0"))),
        Err(FoldError::Withdrawn(version("a@1.1.0")))
    );
}

#[test]
fn withdrawing_the_pinned_version_does_not_bring_a_newer_one_in() {
    let state = fold(
        &["a@1.0.0", "a@1.1.0", "a@1.2.0"],
        &[
            live("a@1.0.0"),
            chosen("a", Some("1.1.0")),
            live("a@1.1.0"),
            withdrawn("a@1.1.0"),
        ],
    );
    assert_eq!(state.scope("routing").pinned, Some(Version::new(1, 0, 0)));
}

#[test]
fn name_and_version_stay_bound_to_their_digest_even_when_withdrawn() {
    let mut state = fold(&["a@1.0.0"], &[withdrawn("a@1.0.0")]);
    let other = Admission {
        digest: Digest::of(b"other"),
        ..admission("a@1.0.0")
    };
    let before = state.clone();
    assert!(matches!(
        state.apply(&entry(9, Event::VersionAdmitted(other))),
        Err(FoldError::Rebound { .. })
    ));
    state
        .apply(&entry(9, Event::VersionAdmitted(admission("a@1.0.0"))))
        .unwrap();
    assert_eq!(state, before, "admitting the same bytes again changes nothing");
    assert_eq!(
        state.bound_plugin("a", &Version::new(1, 0, 0)),
        Some(Digest::of(b"component"))
    );
}

#[test]
fn an_admitted_file_is_no_longer_listed_as_rejected_but_others_are() {
    let mut state = State::default();
    let events = [
        rejection("a@1.0.0.toml", None),
        rejection("a@1.0.0.toml", Some("a@1.0.0")),
        rejection("a@1.0.0.toml", Some("a@2.0.0")),
        rejection("b.toml", None),
        Event::VersionAdmitted(admission("a@1.0.0")),
    ];
    for (at, event) in events.into_iter().enumerate() {
        state.apply(&entry(at as i64, event)).unwrap();
    }
    let left: Vec<_> = state.rejected.keys().cloned().collect();
    assert_eq!(
        left,
        [
            ("a@1.0.0.toml".to_owned(), Some(version("a@2.0.0"))),
            ("b.toml".to_owned(), None)
        ]
    );
}

#[test]
fn the_oldest_rejections_make_room() {
    let mut state = State::default();
    for at in 0..=MAX_REJECTIONS {
        let event = rejection(&format!("{at}.toml"), None);
        state.apply(&entry(at as i64, event)).unwrap();
    }
    assert_eq!(state.rejected.len(), MAX_REJECTIONS);
    assert!(!state.rejected.contains_key(&("0.toml".to_owned(), None)));
}

#[test]
fn champions_are_remembered_up_to_the_bound() {
    let names: Vec<String> = (0..=MAX_CHAMPIONS).map(|i| format!("a@1.{i}.0")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let events: Vec<Event> = names.iter().map(|name| live(name)).collect();
    let state = fold(&names, &events);
    assert_eq!(champions(&state), names.get(1..).unwrap());
}

fn lever(name: &str, expires_at: i64) -> Lever {
    Lever {
        lever_id: name.into(),
        kind: crate::envelope::LeverKind::NodeOff,
        node_id: Some("n1".into()),
        service: None,
        pool: None,
        capacity_bp: None,
        expires_at: Timestamp(expires_at),
        reason: "flood".into(),
    }
}

#[test]
fn a_lever_is_replaced_by_name_and_expired_ones_are_dropped() {
    let mut state = State::default();
    for (at, name, expires_at) in [(1, "a", 5), (2, "b", 50), (3, "b", 60), (5, "c", 70)] {
        let lever = lever(name, expires_at);
        state.apply(&entry(at, Event::LeverPut { lever })).unwrap();
    }
    let left: Vec<i64> = state.levers.values().map(|lever| lever.expires_at.0).collect();
    assert_eq!(left, [60, 70]);
    state
        .apply(&entry(6, Event::LeverDeleted { lever_id: "b".into() }))
        .unwrap();
    assert_eq!(state.levers.len(), 1);
}

#[test]
fn every_event_reads_back_as_it_was_written() {
    let lever = lever("n1", 5);
    let events = [
        Event::VersionAdmitted(admission("a@1.0.0")),
        rejection("a.toml", Some("a@1.0.0")),
        withdrawn("a@1.0.0"),
        chosen("a", Some("1.0.0")),
        live("a@1.0.0"),
        back("a@1.1.0", None),
        Event::BuiltinForced {
            scope: "routing".into(),
            forced: true,
        },
        Event::LeverPut { lever },
        Event::LeverDeleted {
            lever_id: "n1".into(),
        },
    ];
    for event in events {
        let entry = entry(1, event);
        let text = serde_json::to_string(&entry).unwrap();
        assert_eq!(serde_json::from_str::<Entry>(&text).unwrap(), entry);
    }
}
