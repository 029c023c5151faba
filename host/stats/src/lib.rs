//! Anytime-valid tests and estimates: they may be looked at after every observation and stopped at any of them.
//!
//! | question | type | what it takes |
//! |---|---|---|
//! | Is the challenger not worse than the margin? Worse? Better? | [`EProcess`] | a paired difference in \[-1, 1\] |
//! | What do all replicas say together? | [`Combined`] | the replicas' e-values now |
//! | How many pairs were cut at `B`, and what is the mean without the cut? | [`Clipping`] | a paired difference |
//! | Does the challenger answer the same twice? | [`Determinism`] | same or not |
//! | Where is the mean of an outcome in \[0, 1\] (a rate)? | [`BoundedMean`] | an outcome |
//! | Where is the mean of an amount? | [`AsymptoticMean`] | an amount |
//! | Canary less champion, outcome in \[0, 1\]? | [`BoundedDifference`] | arm, share, outcome |
//! | Canary less champion, an amount? | [`AsymptoticDifference`] | arm, share, amount |
//! | Were the units split as the ramp says? | [`SampleRatio`] | arm, share |
//!
//! One question is for past decisions alone, looked at once: how two versions' figures differ, with an interval that is
//! clustered by day ([`clustered_difference`]).
//!
//! Another is whether requests and decisions still are what they were when a version was judged ([`population_stability`]).
//!
//! Paired differences are of the host's loss, `D = (challenger - champion) / B`, clipped to \[-1, 1\]; positive is worse.
//! `B` is the money scale of a scope's standing orders. Shares are of the canary.
//!
//! Every type gives its `state()` and is continued by `restore()`, bit for bit; a state that no run can reach is
//! refused. What was fixed beforehand (question, margin, alpha) is not part of the state: it belongs to the plan.
//!
//! Pure: no clock, no randomness, no I/O, no allocation while observing.

mod alpha;
mod arms;
mod asymptotic;
mod asymptotic_difference;
mod bernstein;
mod bet;
mod bounded;
mod bounded_difference;
mod clipping;
mod clustered;
mod combined;
mod determinism;
mod eprocess;
mod estimate;
mod exact;
mod invalid;
mod moments;
mod sample_ratio;
mod stability;
mod student;
mod variety;

pub use alpha::{clean_runs_needed, split_alpha};
pub use arms::{Arm, Arms};
pub use asymptotic::{AsymptoticMean, AsymptoticMeanState, Design};
pub use asymptotic_difference::{AsymptoticDifference, AsymptoticDifferenceState};
pub use bernstein::BoundedState;
pub use bounded::BoundedMean;
pub use bounded_difference::{ArmTotal, BoundedDifference, BoundedDifferenceState};
pub use clipping::{Clipping, ClippingState};
pub use clustered::{CLUSTERS_FEW, ClusterSums, ClusteredDifference, clustered_difference};
pub use combined::{Combined, CombinedState};
pub use determinism::Determinism;
pub use eprocess::{EProcess, EProcessState, Question};
pub use estimate::{Estimate, Interval};
pub use invalid::{InvalidObservation, InvalidTest};
pub use moments::MomentsState;
pub use sample_ratio::{SampleRatio, SampleRatioState};
pub use stability::{Stability, population_stability};
pub use student::student_quantile;
pub use variety::VarietyState;
