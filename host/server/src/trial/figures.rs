//! A trial as others see it: plain figures.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use signalbox_domain::Timestamp;
use signalbox_domain::kpi::Kpis;
use signalbox_domain::segment::Segment;
use utoipa::ToSchema;

use super::disagreements::Disagreement;
use super::nodes::NodeFigures;
use super::rules::Rules;
use super::state::{Determinism, Fault, Live, Trial, TrialKey};
use super::tally::{Standing, Tally};

/// The largest e-value that is told: beyond it nothing more is learnt.
const E_MAX: f64 = 1e12;

/// One test as it stands.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct TestFigures {
    /// The e-value now, at most 10^12: the evidence against the null hypothesis.
    pub e_value: f64,
    /// The e-value at which the question is answered: one over the error rate.
    pub threshold: f64,
    /// Whether it was reached at some time.
    pub answered: bool,
}

impl TestFigures {
    /// The figures of a test.
    pub(crate) fn of(standing: Standing) -> TestFigures {
        TestFigures {
            e_value: standing.log_e.exp().min(E_MAX),
            threshold: 1.0 / standing.alpha,
            answered: standing.rejected,
        }
    }
}

/// A population of pairs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct SegmentFigures {
    /// Which one; absent for all together.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub segment: Option<Segment>,
    /// Pairs.
    pub pairs: u64,
    /// Pairs in which the challenger costs less.
    pub better: u64,
    /// Pairs in which it costs more.
    pub worse: u64,
    /// The champion's mean loss a decision, in minor units.
    pub champion_minor: Option<f64>,
    /// The challenger's mean loss a decision, in minor units.
    pub challenger_minor: Option<f64>,
    /// Mean difference a decision, in minor units, not clipped; positive is worse.
    pub difference_minor: Option<f64>,
    /// Where that mean lies, in minor units, at the plan's error rate and however often one looks; absent below 100 pairs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub range_minor: Option<[f64; 2]>,
    /// The share of pairs clipped on the harm side.
    pub clipped_share: f64,
    /// Is it not worse by the margin?
    pub non_inferiority: TestFigures,
    /// Is it worse by more than the margin?
    pub harm: TestFigures,
    /// Is it better?
    pub superiority: TestFigures,
}

impl SegmentFigures {
    fn of(segment: Option<&Segment>, tally: &Tally) -> SegmentFigures {
        let counts = tally.counts();
        let mean = |sum: i128| (counts.pairs > 0).then(|| sum as f64 / counts.pairs as f64);
        SegmentFigures {
            segment: segment.cloned(),
            pairs: counts.pairs,
            better: counts.better,
            worse: counts.worse,
            champion_minor: mean(counts.champion_minor),
            challenger_minor: mean(counts.challenger_minor),
            difference_minor: counts.mean_minor(),
            range_minor: tally.range_minor(),
            clipped_share: counts.clipped_share(),
            non_inferiority: TestFigures::of(tally.non_inferiority()),
            harm: TestFigures::of(tally.harm()),
            superiority: TestFigures::of(tally.superiority()),
        }
    }
}

/// A term of the loss, summed over all pairs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TermFigures {
    /// Its name.
    pub term: String,
    /// The champion's, in minor units.
    #[schema(value_type = i64)]
    pub champion_minor: i128,
    /// The challenger's, in minor units.
    #[schema(value_type = i64)]
    pub challenger_minor: i128,
}

/// What a challenger has shown.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct TrialFigures {
    /// Who against whom.
    pub key: TrialKey,
    /// What it is judged by.
    pub rules: Rules,
    /// When it began.
    pub began: Timestamp,
    /// The earliest instant of the requests.
    pub first: Option<Timestamp>,
    /// The latest instant of the requests.
    pub last: Option<Timestamp>,
    /// Everything together.
    pub all: SegmentFigures,
    /// One by one, those that lose most first.
    pub segments: Vec<SegmentFigures>,
    /// The loss by term.
    pub terms: Vec<TermFigures>,
    /// Business figures of the champion's decisions, from the decisions alone.
    #[schema(value_type = Object)]
    pub champion_kpis: Kpis,
    /// Business figures of the challenger's decisions, from the decisions alone.
    #[schema(value_type = Object)]
    pub challenger_kpis: Kpis,
    /// Pairs that came out the same.
    pub matched: u64,
    /// Pairs that did not.
    pub mismatched: u64,
    /// Requests on which the champion had no decision to compare with.
    pub champion_faulted: u64,
    /// What the challenger did not decide, by cause.
    pub faults: BTreeMap<String, Fault>,
    /// Requests that were to be compared and were not, because the shadow was busy.
    pub dropped: u64,
    /// Whether it is a pure function.
    pub determinism: Determinism,
    /// What it did on live requests, by step of the ramp.
    pub live: BTreeMap<u32, Live>,
    /// Whether requests are split between the arms as the ramp says: answered means that they are not.
    pub ratio: TestFigures,
    /// What it means for nodes, those that lose most units first.
    pub nodes: Vec<NodeFigures>,
    /// Disagreements in which it costs most more, the worst first.
    pub losses: Vec<Disagreement>,
    /// Disagreements in which it costs most less, the best first.
    pub gains: Vec<Disagreement>,
    /// A fair sample of the disagreements of each segment.
    pub sampled: BTreeMap<String, Vec<Disagreement>>,
}

impl TrialFigures {
    /// The figures of a trial as it stands.
    pub fn of(trial: &Trial) -> TrialFigures {
        let mut segments: Vec<SegmentFigures> = trial
            .segments
            .iter()
            .map(|(segment, one)| SegmentFigures::of(Some(segment), &one.tally))
            .collect();
        // Stable: of equal losses in the order of their names.
        segments.sort_by(|left, right| {
            let loss = |one: &SegmentFigures| one.difference_minor.unwrap_or_default();
            loss(right).total_cmp(&loss(left))
        });
        let terms = trial
            .terms
            .iter()
            .map(|(term, (champion, challenger))| TermFigures {
                term: term.clone(),
                champion_minor: *champion,
                challenger_minor: *challenger,
            });
        let sampled = trial.disagreements.sampled().iter();
        TrialFigures {
            key: trial.key.clone(),
            rules: trial.rules.clone(),
            began: trial.began,
            first: trial.range.map(|(first, _)| first),
            last: trial.range.map(|(_, last)| last),
            all: SegmentFigures::of(None, &trial.all),
            segments,
            terms: terms.collect(),
            champion_kpis: trial.kpis.0.clone(),
            challenger_kpis: trial.kpis.1.clone(),
            matched: trial.matched,
            mismatched: trial.mismatched,
            champion_faulted: trial.champion_faulted,
            faults: trial.faults.clone(),
            dropped: trial.dropped,
            determinism: trial.determinism,
            live: trial.live.clone(),
            ratio: TestFigures::of(Standing {
                log_e: trial.ratio.log_e(),
                alpha: super::state::RATIO_ALPHA,
                rejected: trial.ratio.rejected(),
            }),
            nodes: trial.nodes.figures(),
            losses: trial.disagreements.losses().to_vec(),
            gains: trial.disagreements.gains().to_vec(),
            sampled: sampled
                .map(|(segment, list)| (segment.to_string(), list.clone()))
                .collect(),
        }
    }
}
