use proptest::prelude::*;

use super::super::tests::{admission, back, entry, live, version, withdrawn};
use super::*;
use crate::domain::Domain;
use crate::events::{Admission, Event};
use crate::rollout::{CanaryStep, RolloutPlan};

const SCOPE: &str = "routing";

fn planned(text: &str) -> Admission {
    let mut rollout = RolloutPlan::default_for(Domain::Routing);
    rollout.canary.steps = [500, 10_000]
        .map(|share_bp| CanaryStep {
            share_bp,
            min_hours: 0,
            min_decisions: 0,
        })
        .into();
    Admission {
        rollout_digest: rollout.digest().unwrap(),
        rollout,
        ..admission(text)
    }
}

fn change(text: &str, revision: u64, event: ReleaseEvent) -> Event {
    Event::ReleaseChanged(ReleaseChange {
        scope: SCOPE.into(),
        version: version(text),
        revision,
        event,
    })
}

fn submitted(text: &str) -> ReleaseEvent {
    ReleaseEvent::Submitted {
        author: "ana".into(),
        digest: planned(text).digest,
        plan_digest: planned(text).rollout_digest,
    }
}

fn to(stage: Stage) -> ReleaseEvent {
    ReleaseEvent::Promoted { to: stage }
}

fn canary(step: u32) -> ReleaseEvent {
    let share_bp = if step == 0 { 500 } else { 10_000 };
    to(Stage::Canary { step, share_bp })
}

fn taken_back(to: Option<&str>) -> ReleaseEvent {
    ReleaseEvent::RolledBack { to: to.map(version) }
}

const VERSIONS: [&str; 3] = ["a@1.0.0", "a@1.1.0", "b@1.0.0"];

fn admitted() -> State {
    let mut state = State::default();
    for text in VERSIONS {
        let event = Event::VersionAdmitted(planned(text));
        state.apply(&entry(0, event)).unwrap();
    }
    state
}

/// Applies release events to one version, each with the revision that follows.
fn run(state: &mut State, text: &str, events: &[ReleaseEvent]) {
    for event in events {
        let revision = state.release(SCOPE, &version(text)).map_or(0, Release::revision);
        state
            .apply(&entry(1, change(text, revision + 1, event.clone())))
            .unwrap_or_else(|problem| panic!("{text}: {event:?}: {problem:?}"));
    }
}

fn way_to_active(text: &str) -> Vec<ReleaseEvent> {
    vec![
        submitted(text),
        to(Stage::Shadow),
        canary(0),
        canary(1),
        to(Stage::Active),
    ]
}

fn phase(state: &State, text: &str) -> &'static str {
    state
        .release(SCOPE, &version(text))
        .map_or("none", |release| release.phase().word())
}

fn champion(state: &State) -> Option<String> {
    state.scope(SCOPE).champion().map(PolicyVersion::to_string)
}

#[test]
fn a_release_that_becomes_active_is_the_champion_and_supersedes_the_one_before() {
    let mut state = admitted();
    run(&mut state, "a@1.0.0", &way_to_active("a@1.0.0"));
    assert_eq!(champion(&state).as_deref(), Some("a@1.0.0"));
    run(&mut state, "b@1.0.0", &way_to_active("b@1.0.0"));
    assert_eq!(champion(&state).as_deref(), Some("b@1.0.0"));
    assert_eq!(
        (phase(&state, "a@1.0.0"), phase(&state, "b@1.0.0")),
        ("superseded", "active")
    );
    let choice = state.scope(SCOPE);
    assert_eq!(choice.previous(), Some(&version("a@1.0.0")));
    assert_eq!(choice.policy.as_deref(), Some("b"));
    assert!(state.versions[&version("b@1.0.0")].decided);
}

#[test]
fn rolling_back_an_active_release_or_its_champion_comes_to_the_same() {
    let mut active = admitted();
    run(&mut active, "a@1.0.0", &way_to_active("a@1.0.0"));
    run(&mut active, "a@1.1.0", &way_to_active("a@1.1.0"));
    let mut by_release = active.clone();
    run(&mut by_release, "a@1.1.0", &[taken_back(Some("a@1.0.0"))]);
    let mut by_champion = active;
    by_champion
        .apply(&entry(1, back("a@1.1.0", Some("a@1.0.0"))))
        .unwrap();
    assert_eq!(by_release, by_champion);
    assert_eq!(champion(&by_release).as_deref(), Some("a@1.0.0"));
    assert_eq!(phase(&by_release, "a@1.1.0"), "rolled_back");
}

#[test]
fn rolling_back_a_canary_leaves_the_champion() {
    let mut state = admitted();
    run(&mut state, "a@1.0.0", &way_to_active("a@1.0.0"));
    run(&mut state, "a@1.1.0", &way_to_active("a@1.1.0")[..3]);
    assert_eq!(
        state.canary_release(SCOPE).map(Release::version),
        Some(&version("a@1.1.0"))
    );
    let wrong = state.apply(&entry(2, change("a@1.1.0", 4, taken_back(None))));
    assert!(matches!(wrong, Err(FoldError::NotChampion { .. })), "{wrong:?}");
    run(&mut state, "a@1.1.0", &[taken_back(Some("a@1.0.0"))]);
    assert_eq!(champion(&state).as_deref(), Some("a@1.0.0"));
    assert_eq!(state.canary_release(SCOPE), None);
    assert!(!state.versions[&version("a@1.1.0")].decided);
}

#[test]
fn a_version_that_goes_live_otherwise_supersedes_the_active_release() {
    let mut state = admitted();
    run(&mut state, "a@1.0.0", &way_to_active("a@1.0.0"));
    state.apply(&entry(2, live("a@1.1.0"))).unwrap();
    assert_eq!(phase(&state, "a@1.0.0"), "superseded");
}

#[test]
fn withdrawing_a_version_ends_its_release() {
    let mut state = admitted();
    run(&mut state, "a@1.0.0", &way_to_active("a@1.0.0"));
    run(&mut state, "a@1.1.0", &way_to_active("a@1.1.0")[..3]);
    run(&mut state, "b@1.0.0", &[submitted("b@1.0.0")]);
    for text in ["a@1.1.0", "b@1.0.0"] {
        state.apply(&entry(2, withdrawn(text))).unwrap();
    }
    assert_eq!(
        (phase(&state, "a@1.1.0"), phase(&state, "b@1.0.0")),
        ("rolled_back", "rejected")
    );
    assert_eq!(champion(&state).as_deref(), Some("a@1.0.0"));
    state.apply(&entry(3, withdrawn("a@1.0.0"))).unwrap();
    assert_eq!(
        (champion(&state), phase(&state, "a@1.0.0")),
        (None, "rolled_back")
    );
}

#[test]
fn entries_that_contradict_are_refused() {
    let mut state = admitted();
    run(&mut state, "a@1.0.0", &way_to_active("a@1.0.0")[..3]);
    run(&mut state, "b@1.0.0", &[submitted("b@1.0.0"), to(Stage::Shadow)]);
    let refused = |text: &str, revision, event| {
        let mut state = state.clone();
        state.apply(&entry(2, change(text, revision, event))).unwrap_err()
    };
    let told = [
        refused("a@1.1.0", 1, to(Stage::Shadow)),
        refused("a@1.0.0", 4, submitted("a@1.0.0")),
        refused("a@1.0.0", 5, canary(1)),
        refused("a@1.0.0", 4, to(Stage::Active)),
        refused(
            "a@1.0.0",
            4,
            to(Stage::Canary {
                step: 1,
                share_bp: 9_000,
            }),
        ),
        refused("b@1.0.0", 3, canary(0)),
        refused("a@1.1.0", 1, submitted("a@1.0.0")),
        refused("c@1.0.0", 1, submitted("a@1.0.0")),
    ];
    let told: Vec<String> = told.iter().map(FoldError::to_string).collect();
    insta::assert_snapshot!(told.join("\n"), @r#"
        a@1.1.0 was never submitted for release in scope `routing`
        the release of a@1.0.0 in scope `routing` cannot change so
        the release of a@1.0.0 in scope `routing` comes to revision 4, the entry says 5
        a@1.0.0: its plan asks for active after the last step, at 10000 bp, the entry says active
        a@1.0.0: its plan asks for 10000 bp at step 1, the entry says canary step 1 at 9000 bp
        scope `routing` has a canary already: a@1.0.0
        a@1.1.0 has the version sha256:8251a7937544897e22e916bc19a094e425cab8298b56059a258520402917761e, the entry says sha256:d0d44043b0c3a8f48821779854a87e237e629c93cecd2a5cf91ed46c504f5582
        c@1.0.0 was never admitted
    "#);
}

#[test]
fn that_a_release_is_superseded_is_never_an_entry() {
    let mut state = admitted();
    run(&mut state, "a@1.0.0", &way_to_active("a@1.0.0"));
    let by = version("a@1.1.0");
    let outcome = state.apply(&entry(2, change("a@1.0.0", 6, ReleaseEvent::Superseded { by })));
    assert!(matches!(outcome, Err(FoldError::Implied { .. })), "{outcome:?}");
}

/// Anything that can touch releases: of some version, with the right revision or another.
fn events() -> impl Strategy<Value = (usize, ReleaseEventKind, bool)> {
    let kinds = proptest::sample::select(ReleaseEventKind::ALL.to_vec());
    (0..VERSIONS.len(), kinds, proptest::bool::weighted(0.95))
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum ReleaseEventKind {
    Submit,
    Shadow,
    Canary(u32),
    Active,
    Hold,
    Resume,
    Reject,
    BackToPrevious,
    BackToChampion,
    Supersede,
    GoesLive,
    ChampionBack,
    Withdraw,
}

impl ReleaseEventKind {
    const ALL: [ReleaseEventKind; 14] = [
        ReleaseEventKind::Submit,
        ReleaseEventKind::Shadow,
        ReleaseEventKind::Canary(0),
        ReleaseEventKind::Canary(1),
        ReleaseEventKind::Active,
        ReleaseEventKind::Hold,
        ReleaseEventKind::Resume,
        ReleaseEventKind::Reject,
        ReleaseEventKind::BackToPrevious,
        ReleaseEventKind::BackToChampion,
        ReleaseEventKind::Supersede,
        ReleaseEventKind::GoesLive,
        ReleaseEventKind::ChampionBack,
        ReleaseEventKind::Withdraw,
    ];

    fn event(self, state: &State, text: &str, is_next: bool) -> Event {
        let choice = state.scope(SCOPE);
        let current = choice.champion().map(PolicyVersion::to_string);
        let previous = choice.previous().map(PolicyVersion::to_string);
        let event = match self {
            ReleaseEventKind::GoesLive => return live(text),
            ReleaseEventKind::ChampionBack => {
                return back(current.as_deref().unwrap_or(text), previous.as_deref());
            }
            ReleaseEventKind::Withdraw => return withdrawn(text),
            ReleaseEventKind::Submit => submitted(text),
            ReleaseEventKind::Shadow => to(Stage::Shadow),
            ReleaseEventKind::Canary(step) => canary(step),
            ReleaseEventKind::Active => to(Stage::Active),
            ReleaseEventKind::Hold => ReleaseEvent::Held { reason: "odd".into() },
            ReleaseEventKind::Resume => ReleaseEvent::Resumed,
            ReleaseEventKind::Reject => ReleaseEvent::Rejected { reason: "odd".into() },
            ReleaseEventKind::BackToPrevious => taken_back(previous.as_deref()),
            ReleaseEventKind::BackToChampion => taken_back(current.as_deref()),
            ReleaseEventKind::Supersede => ReleaseEvent::Superseded {
                by: version("a@1.0.0"),
            },
        };
        let known = state.release(SCOPE, &version(text)).map_or(0, Release::revision);
        change(text, known + if is_next { 1 } else { 2 }, event)
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, ..ProptestConfig::default() })]

    #[test]
    fn any_sequence_keeps_one_active_release_that_decides_and_final_phases_as_they_are(
        steps in proptest::collection::vec(events(), 1..120),
        // Without these most random sequences end before anything is active.
        first in 0..VERSIONS.len(), second in 0..VERSIONS.len(),
    ) {
        let mut state = admitted();
        run(&mut state, VERSIONS[first], &way_to_active(VERSIONS[first]));
        if second != first {
            run(&mut state, VERSIONS[second], &way_to_active(VERSIONS[second])[..3]);
        }
        for (at, (place, kind, is_next)) in steps.into_iter().enumerate() {
            // Withdrawing ends everything soon; let it be rare.
            if kind == ReleaseEventKind::Withdraw && at % 10 != 0 {
                continue;
            }
            let before = state.clone();
            let event = kind.event(&state, VERSIONS[place], is_next);
            let touched = match &event {
                Event::ReleaseChanged(change) => Some(change.version.clone()),
                _ => None,
            };
            let outcome = state.apply(&entry(at as i64, event));
            if outcome.is_err() {
                prop_assert_eq!(&state, &before, "a refused entry changes nothing");
                continue;
            }
            check_step(&before, &state, touched.as_ref())?;
        }
    }
}

fn check_step(before: &State, state: &State, touched: Option<&PolicyVersion>) -> Result<(), TestCaseError> {
    let active: Vec<&Release> = state
        .releases_of(SCOPE)
        .filter(|release| matches!(release.phase(), Phase::Active { .. }))
        .collect();
    prop_assert!(active.len() <= 1, "{:?}", active);
    if let Some(active) = active.first() {
        let choice = state.scope(SCOPE);
        prop_assert_eq!(choice.champion(), Some(active.version()));
    }
    let in_canary = state
        .releases_of(SCOPE)
        .filter(|release| release.phase().canary_share_bp().is_some());
    prop_assert!(in_canary.count() <= 1);
    for (key, release) in &before.releases {
        let now = &state.releases[key];
        if release.phase().is_final() {
            prop_assert_eq!(now, release, "final is final");
        }
        let steps = now.revision() - release.revision();
        if touched == Some(&key.1) {
            prop_assert_eq!(steps, 1);
        } else {
            prop_assert!(steps <= 1);
            prop_assert_eq!(
                steps == 0,
                now == release,
                "no change without a revision of its own"
            );
        }
    }
    Ok(())
}
