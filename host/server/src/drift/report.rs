//! What has moved, by feature.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use signalbox_domain::Timestamp;
use signalbox_domain::events::PolicyVersion;
use signalbox_stats::population_stability;
use utoipa::ToSchema;

use super::Span;
use super::sample::Sample;

/// Observations of a feature that either side needs.
const OBSERVATIONS_MIN: u64 = 100;
/// Values of a feature that are told apart; the rarer ones are one.
const VALUES_MAX: usize = 50;
/// Values that are shown of a feature, those that moved most.
const SHOWN: usize = 5;
/// From where on something moved, and from where on it is another population (Siddiqi 2006).
const MOVED: f64 = 0.1;
const DRIFTED: f64 = 0.25;
/// What the values beyond [`VALUES_MAX`] are together.
const OTHERS: &str = "others";

/// Whether something moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Drift {
    /// Nothing to compare with: no evidence, or too few decisions.
    Unknown,
    /// As it was when the champion was judged, as far as chance allows to tell.
    Steady,
    /// A population stability index of more than 0.1.
    Moved,
    /// One of more than 0.25: the champion decides on something that it was not judged on.
    Drifted,
}

/// A time span, and the decisions of its scope in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Judged {
    /// Its first instant.
    pub since: Timestamp,
    /// The first instant after it.
    pub until: Timestamp,
    /// Decisions in it that the decision log still has.
    pub decisions: u64,
}

/// How far a scope's requests and decisions are from those that its champion was judged on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct DriftReport {
    /// The scope.
    pub scope: String,
    /// Its champion, as `name@version`.
    pub champion: String,
    /// The worst of its features.
    pub drift: Drift,
    /// The same in one sentence.
    pub sentence: String,
    /// While the champion was compared with the one before it; absent where it went live without any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub judged: Option<Judged>,
    /// What is compared with it: the last day, or what was asked for.
    pub recent: Judged,
    /// Feature by feature, those that moved most first.
    pub features: Vec<FeatureDrift>,
}

/// How far one feature has moved.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct FeatureDrift {
    /// Its name: a segment's key, `stock_age`, `fallback` (why), and of the champion's own decisions `confidence`, `status`, and
    /// `node` and `shipments`, `units_allocated` or `disposition`.
    pub feature: String,
    /// Whether it moved.
    pub drift: Drift,
    /// The population stability index; absent where there are too few observations.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub index: Option<f64>,
    /// What the index stays below in 999 of 1,000 cases where nothing moved.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by_chance: Option<f64>,
    /// Observations in what was judged, and in the last day.
    pub observations: (u64, u64),
    /// The values whose shares moved most.
    pub moved_most: Vec<ShareChange>,
}

/// How the share of one value moved.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ShareChange {
    /// The value.
    pub value: String,
    /// Its share in what was judged, in basis points.
    pub judged_bp: u64,
    /// Its share in the last day, in basis points.
    pub recent_bp: u64,
}

impl DriftReport {
    /// Of a champion that nothing was compared with.
    pub(super) fn without_evidence(scope: &str, champion: &PolicyVersion, recent: Span) -> DriftReport {
        DriftReport {
            scope: scope.to_owned(),
            champion: champion.to_string(),
            drift: Drift::Unknown,
            sentence: format!("{champion} went live without evidence: there is nothing to compare with"),
            judged: None,
            recent: judged(recent, 0),
            features: Vec::new(),
        }
    }

    /// Of a champion that was judged on some decisions and makes others now.
    pub(super) fn of(
        scope: &str,
        champion: &PolicyVersion,
        (judged_span, before): (Span, &Sample),
        (recent_span, lately): (Span, &Sample),
    ) -> DriftReport {
        let mut features = features(&before.counts(), &lately.counts());
        features.sort_by(|left, right| {
            let index = |feature: &FeatureDrift| feature.index.unwrap_or(-1.0);
            (right.drift, index(right))
                .partial_cmp(&(left.drift, index(left)))
                .unwrap_or(std::cmp::Ordering::Equal)
        });
        let drift = features.iter().map(|feature| feature.drift).max();
        let drift = drift.unwrap_or(Drift::Unknown);
        DriftReport {
            scope: scope.to_owned(),
            champion: champion.to_string(),
            drift,
            sentence: sentence(
                champion,
                drift,
                &features,
                (before.decisions(), lately.decisions()),
            ),
            judged: Some(judged(judged_span, before.decisions())),
            recent: judged(recent_span, lately.decisions()),
            features,
        }
    }
}

fn judged((since, until): Span, decisions: u64) -> Judged {
    Judged {
        since,
        until,
        decisions,
    }
}

fn sentence(
    champion: &PolicyVersion,
    drift: Drift,
    features: &[FeatureDrift],
    decisions: (u64, u64),
) -> String {
    let named: Vec<&str> = features
        .iter()
        .filter(|feature| feature.drift == drift)
        .map(|feature| feature.feature.as_str())
        .collect();
    match drift {
        Drift::Unknown => format!(
            "too few decisions to tell: the log has {} of those that {champion} was judged on, and {} recent ones; {OBSERVATIONS_MIN} of \
             each are needed",
            decisions.0, decisions.1
        ),
        Drift::Steady => format!("what {champion} decides is like what it was judged on"),
        Drift::Moved => format!("moved since {champion} was judged: {}", named.join(", ")),
        Drift::Drifted => format!(
            "{champion} decides on something it was not judged on: {}; look at it in a backtest of the last days",
            named.join(", ")
        ),
    }
}

type Counts<'a> = BTreeMap<&'static str, BTreeMap<&'a str, u64>>;

fn features<'a>(before: &Counts<'a>, lately: &Counts<'a>) -> Vec<FeatureDrift> {
    let names: BTreeSet<&'static str> = before.keys().chain(lately.keys()).copied().collect();
    let none = BTreeMap::new();
    let one = |name: &'static str| {
        let before = before.get(name).unwrap_or(&none);
        feature(name, before, lately.get(name).unwrap_or(&none))
    };
    names.into_iter().map(one).collect()
}

fn feature(name: &str, before: &BTreeMap<&str, u64>, lately: &BTreeMap<&str, u64>) -> FeatureDrift {
    let values = values(before, lately);
    let total = |side: fn(&(u64, u64)) -> u64| {
        values
            .values()
            .map(side)
            .fold(0u64, |sum, count| sum.saturating_add(count))
    };
    let observations = (total(|pair| pair.0), total(|pair| pair.1));
    let pairs: Vec<(u64, u64)> = values.values().copied().collect();
    let enough = observations.0.min(observations.1) >= OBSERVATIONS_MIN;
    let stability = population_stability(&pairs).filter(|_| enough);
    let drift = stability.map_or(Drift::Unknown, |found| {
        let beyond = |bound: f64| found.index > bound.max(found.by_chance);
        match (beyond(DRIFTED), beyond(MOVED)) {
            (true, _) => Drift::Drifted,
            (false, true) => Drift::Moved,
            (false, false) => Drift::Steady,
        }
    });
    FeatureDrift {
        feature: name.to_owned(),
        drift,
        index: stability.map(|found| found.index),
        by_chance: stability.map(|found| found.by_chance),
        observations,
        moved_most: moved_most(&values, observations),
    }
}

/// Both counts by value. Beyond a number of values the rarer ones are one.
fn values<'a>(
    before: &BTreeMap<&'a str, u64>,
    lately: &BTreeMap<&'a str, u64>,
) -> BTreeMap<&'a str, (u64, u64)> {
    let mut all: BTreeMap<&'a str, (u64, u64)> = BTreeMap::new();
    for (value, count) in before {
        all.entry(value).or_default().0 = *count;
    }
    for (value, count) in lately {
        all.entry(value).or_default().1 = *count;
    }
    let mut by_count: Vec<(&'a str, (u64, u64))> = all.into_iter().collect();
    by_count
        .sort_by_key(|(value, (judged, recent))| (std::cmp::Reverse(judged.saturating_add(*recent)), *value));
    let rare = by_count.split_off(by_count.len().min(VALUES_MAX));
    let mut kept: BTreeMap<&'a str, (u64, u64)> = by_count.into_iter().collect();
    for (_, (judged, recent)) in rare {
        let others = kept.entry(OTHERS).or_default();
        *others = (others.0.saturating_add(judged), others.1.saturating_add(recent));
    }
    kept
}

fn moved_most(values: &BTreeMap<&str, (u64, u64)>, (judged, recent): (u64, u64)) -> Vec<ShareChange> {
    let share = |count: u64, of: u64| count.saturating_mul(10_000).checked_div(of).unwrap_or_default();
    let changes = values.iter().map(|(value, counts)| ShareChange {
        value: (*value).to_owned(),
        judged_bp: share(counts.0, judged),
        recent_bp: share(counts.1, recent),
    });
    let mut changes: Vec<ShareChange> = changes.collect();
    changes.sort_by_key(|change| std::cmp::Reverse(change.judged_bp.abs_diff(change.recent_bp)));
    changes.truncate(SHOWN);
    changes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counted<'a>(pairs: &[(&'a str, u64)]) -> BTreeMap<&'a str, u64> {
        pairs.iter().copied().collect()
    }

    #[test]
    fn a_new_value_is_drift_and_the_same_mix_is_not() {
        let judged = counted(&[("web", 800), ("store", 200)]);
        let same = feature("channel", &judged, &counted(&[("web", 390), ("store", 110)]));
        assert_eq!(same.drift, Drift::Steady);
        let new = feature(
            "channel",
            &judged,
            &counted(&[("web", 300), ("store", 80), ("market", 120)]),
        );
        assert_eq!(new.drift, Drift::Drifted, "{new:?}");
        assert_eq!(
            new.moved_most[0],
            ShareChange {
                value: "market".to_owned(),
                judged_bp: 0,
                recent_bp: 2_400
            }
        );
        let some = feature("channel", &judged, &counted(&[("web", 660), ("store", 340)]));
        assert_eq!(some.drift, Drift::Moved, "{some:?}");
        let few = feature("channel", &judged, &counted(&[("market", 40)]));
        assert_eq!((few.drift, few.index), (Drift::Unknown, None));
    }

    #[test]
    fn of_many_values_the_rare_ones_are_one() {
        let names: Vec<String> = (0..500).map(|number| format!("N-{number:03}")).collect();
        let counts: BTreeMap<&str, u64> = names.iter().map(|name| (name.as_str(), 3)).collect();
        let found = values(&counts, &counts);
        assert_eq!((found.len(), found[OTHERS]), (VALUES_MAX + 1, (1_350, 1_350)));
    }
}
