//! Which segments there are, and where their acknowledged records end.

use std::collections::BTreeMap;

use super::segment::Segment;

/// Every segment; the last one is being written.
#[derive(Clone, Debug, Default)]
pub struct Catalogue {
    pub segments: BTreeMap<u64, Segment>,
    /// The sequence number that the next record gets.
    pub next_seq: u64,
}

impl Catalogue {
    /// Each segment with the sequence number after its last record, oldest first.
    pub fn with_next_seq(&self) -> impl Iterator<Item = (Segment, u64)> + '_ {
        let firsts = self.segments.values().skip(1).map(|segment| segment.first_seq);
        self.segments
            .values()
            .copied()
            .zip(firsts.chain(std::iter::once(self.next_seq)))
    }

    /// Every segment but the one that is being written, oldest first.
    pub fn closed(&self) -> Vec<(Segment, u64)> {
        let mut all: Vec<(Segment, u64)> = self.with_next_seq().collect();
        all.pop();
        all
    }

    /// The bytes of all segments.
    pub fn bytes(&self) -> u64 {
        self.segments
            .values()
            .fold(0, |sum, segment| sum.saturating_add(segment.end))
    }
}
