//! A fair sample of decisions, however many there are: those whose ids have the smallest hashes.

use std::collections::BTreeMap;

use signalbox_domain::Digest;
use uuid::Uuid;

use super::features::Observed;

/// Decisions that are looked at of one time span.
pub const SAMPLE_MAX: usize = 10_000;

/// What was seen of the decisions of a time span.
#[derive(Debug, Default)]
pub struct Sample {
    seen: BTreeMap<[u8; 32], Observed>,
    decisions: u64,
}

impl Sample {
    /// One decision more; looks at it only when it is in the sample so far.
    pub fn offer(&mut self, id: Uuid, observe: impl FnOnce() -> Observed) {
        self.decisions = self.decisions.saturating_add(1);
        let hash = *Digest::of(id.as_bytes()).as_bytes();
        let largest = self.seen.last_key_value().map(|(largest, _)| *largest);
        if self.seen.len() >= SAMPLE_MAX {
            if largest.is_some_and(|largest| hash >= largest) {
                return;
            }
            self.seen.pop_last();
        }
        self.seen.insert(hash, observe());
    }

    /// How many decisions there were.
    pub fn decisions(&self) -> u64 {
        self.decisions
    }

    /// How often each value of each feature was seen.
    pub fn counts(&self) -> BTreeMap<&'static str, BTreeMap<&str, u64>> {
        let mut counts: BTreeMap<&'static str, BTreeMap<&str, u64>> = BTreeMap::new();
        for (feature, value) in self.seen.values().flatten() {
            let count = counts.entry(feature).or_default().entry(value).or_default();
            *count = count.saturating_add(1);
        }
        counts
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sample_is_the_same_in_any_order_and_looks_at_few() {
        let ids: Vec<Uuid> = (0..40_000u128).map(Uuid::from_u128).collect();
        let mut looked = 0;
        let mut take = |ids: &mut dyn Iterator<Item = &Uuid>| {
            let mut sample = Sample::default();
            for id in ids {
                sample.offer(*id, || {
                    looked += 1;
                    vec![("even", (id.as_u128() % 2).to_string())]
                });
            }
            sample
        };
        let (there, back) = (take(&mut ids.iter()), take(&mut ids.iter().rev()));
        assert_eq!(there.counts(), back.counts());
        assert_eq!((there.decisions(), there.seen.len()), (40_000, SAMPLE_MAX));
        assert!(looked < 2 * 30_000, "{looked}");
        let odd = there.counts()["even"]["1"];
        assert!((4_700..=5_300).contains(&odd), "{odd}");
    }
}
