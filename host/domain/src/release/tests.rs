use super::*;
use crate::golden::assert_golden;

fn version(text: &str) -> PolicyVersion {
    text.parse().unwrap()
}

fn canary(step: u32, share_bp: u32) -> ReleaseEvent {
    ReleaseEvent::Promoted {
        to: Stage::Canary { step, share_bp },
    }
}

fn held() -> ReleaseEvent {
    ReleaseEvent::Held {
        reason: "figures look odd".into(),
    }
}

/// Every kind of event, promotions by where they lead.
fn events() -> Vec<(String, ReleaseEvent)> {
    let promoted = |to| ReleaseEvent::Promoted { to };
    let events = [
        ReleaseEvent::Submitted {
            author: "ana".into(),
            digest: Digest::of(b"version"),
            plan_digest: Digest::of(b"plan"),
        },
        promoted(Stage::Shadow),
        canary(0, 100),
        canary(1, 500),
        canary(2, 1_000),
        canary(1, 50),
        promoted(Stage::Active),
        held(),
        ReleaseEvent::Resumed,
        ReleaseEvent::Rejected {
            reason: "no benefit".into(),
        },
        ReleaseEvent::RolledBack {
            to: Some(version("a@1.0.0")),
        },
        ReleaseEvent::Superseded {
            by: version("a@1.2.0"),
        },
    ];
    let name = |event: &ReleaseEvent| match event {
        ReleaseEvent::Promoted { to } => format!("promoted to {to}"),
        other => other.kind().to_owned(),
    };
    events.map(|event| (name(&event), event)).into()
}

/// Every phase, each reached by events alone.
fn phases() -> Vec<(String, Phase)> {
    let all: std::collections::BTreeMap<String, ReleaseEvent> = events().into_iter().collect();
    let paths: [&[&str]; 11] = [
        &[],
        &["promoted to shadow"],
        &["promoted to shadow", "promoted to canary step 0 at 100 bp"],
        &[
            "promoted to shadow",
            "promoted to canary step 0 at 100 bp",
            "promoted to canary step 1 at 500 bp",
        ],
        &[
            "promoted to shadow",
            "promoted to canary step 0 at 100 bp",
            "promoted to active",
        ],
        &["held"],
        &["promoted to shadow", "held"],
        &[
            "promoted to shadow",
            "promoted to canary step 0 at 100 bp",
            "held",
        ],
        &[
            "promoted to shadow",
            "promoted to canary step 0 at 100 bp",
            "promoted to active",
            "superseded",
        ],
        &["promoted to shadow", "rejected"],
        &[
            "promoted to shadow",
            "promoted to canary step 0 at 100 bp",
            "rolled_back",
        ],
    ];
    let reached = paths.map(|path| {
        let phase = path
            .iter()
            .zip(1_i64..)
            .fold(Phase::admitted(Timestamp(0)), |phase, (event, at)| {
                transition(&phase, &all[*event], Timestamp(at)).unwrap()
            });
        (shown(&phase), phase)
    });
    reached.into()
}

fn shown(phase: &Phase) -> String {
    match phase {
        Phase::Canary { step, share_bp, .. } => format!("canary step {step} at {share_bp} bp"),
        Phase::Held { goes_on, .. } => format!("held, then {}", shown(goes_on)),
        other => other.word().to_owned(),
    }
}

#[test]
fn the_table_of_phases_and_events_is_the_one_that_was_agreed_on() {
    let mut table = String::new();
    for (name, phase) in phases() {
        table.push_str(&format!("{name}\n"));
        for (event_name, event) in events() {
            let outcome = match transition(&phase, &event, Timestamp(9)) {
                Ok(next) => format!("-> {}", shown(&next)),
                Err(refusal) => refusal.to_string(),
            };
            table.push_str(&format!("    {event_name:38}{outcome}\n"));
        }
    }
    assert_golden("release_transitions.txt", &table);
}

#[test]
fn every_phase_stands_in_the_table() {
    let known: std::collections::BTreeSet<&str> = phases().iter().map(|(_, phase)| phase.word()).collect();
    for (_, phase) in phases() {
        // No wildcard: a new phase does not compile until it is thought of here.
        match phase {
            Phase::Admitted { .. }
            | Phase::Shadow { .. }
            | Phase::Canary { .. }
            | Phase::Active { .. }
            | Phase::Superseded { .. }
            | Phase::Held { .. }
            | Phase::Rejected { .. }
            | Phase::RolledBack { .. } => {}
        }
    }
    assert_eq!(known.len(), 8, "{known:?}");
}

#[test]
fn a_held_release_goes_on_as_it_was_and_keeps_its_share() {
    let (_, at_canary) = phases().remove(2);
    let paused = transition(&at_canary, &held(), Timestamp(50)).unwrap();
    assert_eq!(paused.since(), Timestamp(50));
    assert_eq!(paused.canary_share_bp(), Some(100));
    assert!(paused.is_live());
    let resumed = transition(&paused, &ReleaseEvent::Resumed, Timestamp(60)).unwrap();
    assert_eq!(resumed, at_canary);
}

#[test]
fn final_and_live_phases_are_told_apart() {
    for (name, phase) in phases() {
        let refuses_all = events()
            .iter()
            .all(|(_, event)| transition(&phase, event, Timestamp(9)).is_err());
        assert_eq!(phase.is_final(), refuses_all, "{name}");
        let back = ReleaseEvent::RolledBack { to: None };
        assert_eq!(
            phase.is_live(),
            transition(&phase, &back, Timestamp(9)).is_ok(),
            "{name}"
        );
    }
}

#[test]
fn the_word_of_an_event_or_phase_is_the_one_in_its_json() {
    for (name, event) in events() {
        let json = serde_json::to_value(&event).unwrap();
        assert_eq!(json["kind"], event.kind(), "{name}");
        assert_eq!(serde_json::from_value::<ReleaseEvent>(json).unwrap(), event);
    }
    for (name, phase) in phases() {
        assert_eq!(
            serde_json::to_value(&phase).unwrap()["phase"],
            phase.word(),
            "{name}"
        );
    }
}

#[test]
fn the_id_of_a_release_follows_from_scope_and_version_and_from_nothing_else() {
    let id = ReleaseId::of("routing", &version("a@1.0.0"));
    // Assignment to arms hangs on it: another text would reshuffle a canary that is on its way.
    insta::assert_snapshot!(id, @"rel-9da402f0ddeacf84");
    assert_ne!(id, ReleaseId::of("routing", &version("a@1.0.1")));
    assert_ne!(id, ReleaseId::of("returns", &version("a@1.0.0")));
}

#[test]
fn a_long_history_keeps_its_first_and_its_last_events() {
    let entry = |at| Entry {
        at: Timestamp(at),
        actor: "olga".into(),
        reason: "test".into(),
        event: crate::events::Event::BuiltinForced {
            scope: "routing".into(),
            forced: true,
        },
    };
    let change = ReleaseChange {
        scope: "routing".into(),
        version: version("a@1.0.0"),
        revision: 1,
        event: events().remove(0).1,
    };
    let mut release = Release::submitted(&change, &entry(0)).unwrap();
    for at in 1..=300 {
        let event = if at % 2 == 1 {
            held()
        } else {
            ReleaseEvent::Resumed
        };
        release = release.after(&event, &entry(at)).unwrap();
    }
    assert_eq!(release.revision(), 301);
    let revisions: Vec<u64> = release.history().iter().map(|past| past.revision).collect();
    assert_eq!(revisions.len(), Release::MAX_HISTORY + 1);
    assert_eq!((revisions[0], revisions[1]), (1, 202));
    assert_eq!(revisions.last(), Some(&301));
}
