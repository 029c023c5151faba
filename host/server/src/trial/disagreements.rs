//! Disagreements that are kept in full: those that cost most, those that save most, and a fair sample of each segment.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use signalbox_domain::comparison::Mismatch;
use signalbox_domain::segment::Segment;
use signalbox_domain::{Digest, Timestamp};
use utoipa::ToSchema;
use uuid::Uuid;

/// Of the largest losses, and of the largest gains.
const LARGEST: usize = 12;
/// Of each segment.
const SAMPLED: usize = 3;
/// Segments of which a sample is kept.
const SEGMENTS: usize = 64;

/// A request that champion and challenger decided differently.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Disagreement {
    /// The decision; the decision log has request and answer.
    pub decision_id: Uuid,
    /// The instant of the request.
    pub now: Timestamp,
    /// Where it belongs.
    pub segments: Vec<Segment>,
    /// What differs.
    pub mismatch: Mismatch,
}

/// Disagreements, bounded.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Disagreements {
    /// Those in which the challenger costs most more, the worst first.
    losses: Vec<Disagreement>,
    /// Those in which it costs most less, the best first.
    gains: Vec<Disagreement>,
    /// By segment, those of the smallest hash: every disagreement has the same chance.
    sampled: BTreeMap<Segment, Vec<Disagreement>>,
}

impl Disagreements {
    /// Keeps what is worth keeping of a disagreement.
    pub fn add(&mut self, disagreement: Disagreement) {
        for segment in &disagreement.segments {
            let is_known = self.sampled.contains_key(segment);
            if !is_known && self.sampled.len() >= SEGMENTS {
                continue;
            }
            let sample = self.sampled.entry(segment.clone()).or_default();
            keep(sample, &disagreement, SAMPLED, |one| lot(one.decision_id));
        }
        let difference = disagreement.mismatch.difference_minor;
        if difference > 0 {
            keep(&mut self.losses, &disagreement, LARGEST, |one| {
                one.mismatch.difference_minor.saturating_neg()
            });
        }
        if difference < 0 {
            keep(&mut self.gains, &disagreement, LARGEST, |one| {
                one.mismatch.difference_minor
            });
        }
    }

    /// Those in which the challenger costs most more, the worst first.
    pub fn losses(&self) -> &[Disagreement] {
        &self.losses
    }

    /// Those in which it costs most less, the best first.
    pub fn gains(&self) -> &[Disagreement] {
        &self.gains
    }

    /// A fair sample of each segment.
    pub fn sampled(&self) -> &BTreeMap<Segment, Vec<Disagreement>> {
        &self.sampled
    }
}

/// Keeps the `most` of the smallest keys, in order; of equal keys the one that was there.
fn keep<K: Ord>(
    list: &mut Vec<Disagreement>,
    new: &Disagreement,
    most: usize,
    key: impl Fn(&Disagreement) -> K,
) {
    let place = list.partition_point(|one| key(one) <= key(new));
    if place < most {
        list.insert(place, new.clone());
        list.truncate(most);
    }
}

/// A number that nobody chooses: from the decision's id alone.
fn lot(decision_id: Uuid) -> [u8; 32] {
    *Digest::of_parts(&[b"signalbox disagreement", decision_id.as_bytes()]).as_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn disagreement(id: u128, difference_minor: i64) -> Disagreement {
        Disagreement {
            decision_id: Uuid::from_u128(id),
            now: Timestamp(0),
            segments: vec!["channel=web".parse().unwrap()],
            mismatch: Mismatch {
                changes: Vec::new(),
                changes_more: 0,
                terms: Vec::new(),
                difference_minor,
            },
        }
    }

    #[test]
    fn the_largest_are_kept_in_order_and_the_sample_does_not_depend_on_it() {
        let differences: Vec<i64> = (1..=100).map(|n| (n * 37) % 101 - 50).collect();
        let mut forwards = Disagreements::default();
        let mut backwards = Disagreements::default();
        let all: Vec<Disagreement> = (0u128..)
            .zip(&differences)
            .map(|(id, minor)| disagreement(id, *minor))
            .collect();
        all.iter().for_each(|one| forwards.add(one.clone()));
        all.iter().rev().for_each(|one| backwards.add(one.clone()));
        let worst: Vec<i64> = forwards
            .losses()
            .iter()
            .map(|one| one.mismatch.difference_minor)
            .collect();
        let mut expected: Vec<i64> = differences.iter().copied().filter(|minor| *minor > 0).collect();
        expected.sort_unstable_by(|left, right| right.cmp(left));
        expected.truncate(LARGEST);
        assert_eq!(worst, expected);
        assert!(
            forwards
                .gains()
                .iter()
                .all(|one| one.mismatch.difference_minor < 0)
        );
        assert_eq!(forwards.sampled(), backwards.sampled());
        assert_eq!(
            forwards.sampled().values().map(Vec::len).collect::<Vec<_>>(),
            [SAMPLED]
        );
    }

    #[test]
    fn more_segments_than_are_kept_cost_no_memory() {
        let mut kept = Disagreements::default();
        for id in 0..1_000u128 {
            let mut one = disagreement(id, 1);
            one.segments = vec![format!("sku_class=c{id}").parse().unwrap()];
            kept.add(one);
        }
        assert_eq!(kept.sampled().len(), SEGMENTS);
    }
}
