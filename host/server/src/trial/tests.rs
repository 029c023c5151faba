use signalbox_domain::Digest;
use signalbox_domain::comparison::{Comparison, Mismatch};
use signalbox_domain::kpi::Kpis;
use signalbox_domain::rollout::RolloutPlan;
use signalbox_domain::scope::Scope;
use uuid::Uuid;

use super::*;

fn key() -> TrialKey {
    TrialKey {
        scope: "routing".into(),
        subject: Subject::Release {
            release: "rel-1".into(),
        },
        challenger: "p@1.1.0".into(),
        champion: "p@1.0.0".into(),
        cost_book: Digest::of(b"book"),
    }
}

fn rules() -> Rules {
    Rules::of(
        &RolloutPlan::default_for(Domain::Routing),
        &Scope::whole(Domain::Routing),
    )
}

/// A pair of `channel` in which the challenger costs `difference` more.
fn pair(id: u128, channel: &str, difference: i64) -> Pair {
    let comparison = match difference {
        0 => Comparison::Matched,
        difference_minor => Comparison::Mismatched(Box::new(Mismatch {
            changes: Vec::new(),
            changes_more: 0,
            terms: Vec::new(),
            difference_minor,
        })),
    };
    Pair {
        decision_id: Uuid::from_u128(id),
        now: Timestamp(i64::try_from(id).unwrap()),
        segments: vec![format!("channel={channel}").parse().unwrap()],
        champion_minor: 1_000,
        challenger_minor: 1_000 + difference,
        terms: vec![("shipping".into(), 1_000, 1_000 + difference)],
        comparison,
    }
}

/// Differences that scatter around `mean`, always the same ones.
fn scattered(mean: i64, count: u64) -> impl Iterator<Item = (u128, i64)> {
    (0..count).map(move |n| {
        let spread = i64::try_from((n * 7_919) % 401).unwrap() - 200;
        (u128::from(n), mean + spread)
    })
}

fn add(trials: &Trials, pairs: impl IntoIterator<Item = Pair>) {
    for pair in pairs {
        trials.update(&key(), Domain::Routing, rules, Timestamp(5), |trial| {
            let Kpis::Routing(kpis) = &mut trial.kpis.0 else {
                panic!();
            };
            let sum = kpis.common.loss_minor.entry("shipping".into()).or_default();
            *sum += i128::from(pair.champion_minor);
            trial.pair(pair);
        });
    }
}

#[test]
fn a_better_one_is_found_better_and_a_worse_one_is_stopped() {
    let better = Trials::in_memory();
    add(
        &better,
        scattered(-40, 5_000).map(|(id, minor)| pair(id, "web", minor)),
    );
    let figures = better.figures(|_| true).remove(0);
    assert!(figures.all.non_inferiority.answered && figures.all.superiority.answered);
    assert_eq!(better.read(&key(), |trial| stop(trial, 100)), Some(None));
    let [low, high] = figures.all.range_minor.unwrap();
    assert!(low < -40.0 && -40.0 < high && high < 0.0, "{low} {high}");

    let worse = Trials::in_memory();
    add(
        &worse,
        scattered(40, 5_000).map(|(id, minor)| pair(id, "web", minor)),
    );
    let stopped = worse.read(&key(), |trial| stop(trial, 100)).unwrap();
    let Some(Stop::End { reason }) = stopped else {
        panic!("{stopped:?}");
    };
    assert!(
        reason.contains("40.") && reason.contains("1 time in 200"),
        "{reason}"
    );
}

#[test]
fn who_loses_holds_a_version_that_is_better_on_average() {
    let trials = Trials::in_memory();
    for (id, minor) in scattered(0, 6_000) {
        let (channel, shift) = if id % 4 == 0 {
            ("marketplace", 90)
        } else {
            ("web", -80)
        };
        add(&trials, [pair(id, channel, minor + shift)]);
    }
    let figures = trials.figures(|_| true).remove(0);
    assert!(figures.all.superiority.answered, "better on average");
    assert_eq!(
        figures.segments[0].segment.as_ref().unwrap().to_string(),
        "channel=marketplace"
    );
    let Some(Some(Stop::Hold { segment, reason })) = trials.read(&key(), |trial| stop(trial, 100)) else {
        panic!();
    };
    assert!(reason.contains("channel=marketplace loses"), "{reason}");
    assert!(was_held_for(&segment, &reason));
    assert!(!was_held_for(&"channel=market".parse().unwrap(), &reason));
}

#[test]
fn one_violation_or_one_impure_decision_ends_it_and_a_late_one_does_not() {
    let ends = |change: fn(&mut Trial)| {
        let trials = Trials::in_memory();
        add(&trials, [pair(1, "web", 0)]);
        trials.update(&key(), Domain::Routing, rules, Timestamp(0), change);
        trials.read(&key(), |trial| stop(trial, 100)).unwrap()
    };
    for cause in [
        "TRAP",
        "OUT_OF_FUEL",
        "INVARIANT_BROKEN",
        "BAD_OUTPUT",
        "MEMORY",
        "OUTPUT_TOO_LARGE",
    ] {
        assert!(is_violation(cause), "{cause}");
    }
    assert!(ends(|trial| trial.fault("TRAP", "unreachable", Uuid::from_u128(7))).is_some());
    assert!(ends(|trial| trial.decided_twice(false, Uuid::from_u128(7))).is_some());
    assert_eq!(
        ends(|trial| trial.fault("DEADLINE", "", Uuid::from_u128(7))),
        None
    );
    assert_eq!(ends(|trial| trial.decided_twice(true, Uuid::from_u128(7))), None);
    assert!(
        ends(|trial| {
            let live = trial.live.entry(0).or_default();
            (live.assigned, live.late) = (1_000, 11);
        })
        .is_some()
    );
    assert_eq!(
        ends(|trial| {
            let live = trial.live.entry(0).or_default();
            (live.assigned, live.late) = (1_000, 10);
        }),
        None
    );
}

#[test]
fn a_trial_goes_on_after_a_restart_as_if_there_had_been_none() {
    let folder = tempfile::tempdir().unwrap();
    let all: Vec<Pair> = scattered(-3, 900)
        .map(|(id, minor)| pair(id, ["web", "store"][usize::try_from(id % 2).unwrap()], minor))
        .collect();
    let through = Trials::in_memory();
    add(&through, all.clone());
    let (before, after) = all.split_at(500);
    let first = Trials::open(folder.path()).unwrap();
    add(&first, before.to_vec());
    first.save().unwrap();
    // What is added after the last save is lost with a crash, whatever it says.
    add(&first, [pair(9_999, "web", 2_000)]);
    drop(first);
    let second = Trials::open(folder.path()).unwrap();
    add(&second, after.to_vec());
    second.save().unwrap();
    let look = |trials: &Trials| trials.read(&key(), Trial::clone).unwrap();
    assert_eq!(look(&second), look(&through));
    assert_eq!(look(&Trials::open(folder.path()).unwrap()), look(&through));
}

#[test]
fn a_file_that_was_altered_is_set_aside_and_its_trial_begins_anew() {
    let folder = tempfile::tempdir().unwrap();
    let trials = Trials::open(folder.path()).unwrap();
    add(&trials, [pair(1, "web", 3)]);
    trials.save().unwrap();
    let file = std::fs::read_dir(folder.path())
        .unwrap()
        .next()
        .unwrap()
        .unwrap()
        .path();
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, text.replace("\"schema\":1", "\"schema\":9")).unwrap();
    let again = Trials::open(folder.path()).unwrap();
    assert_eq!(again.figures(|_| true), []);
    assert!(!file.exists() && file.with_extension("unreadable").exists());
}

#[test]
fn values_beyond_the_bound_count_in_the_whole_only() {
    let trials = Trials::in_memory();
    add(&trials, (0..1_000).map(|id| pair(id, &format!("c{id}"), 1)));
    let figures = trials.figures(|_| true).remove(0);
    assert_eq!((figures.all.pairs, figures.segments.len()), (1_000, 100));
}
