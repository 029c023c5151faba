//! What requests of all domains have.

use signalbox_contract::common::{CapabilityRow, SnapshotRow};
use signalbox_contract::{Bits, Micro, Tables};
use signalbox_domain::Word;
use signalbox_domain::envelope::{NetworkSlice, NetworkSnapshot};
use signalbox_domain::time::Timestamp;

use crate::numbers::Numbers;

/// Tables of a request: every position, so that a directory has one size.
pub(super) const TABLES: usize = signalbox_contract::codec::TABLES_MAX;

/// Writes the tables behind the attributes.
pub(super) fn push_behind<'a>(
    tables: &mut Tables,
    capabilities: &'a [Word],
    snapshot: &NetworkSnapshot,
    slice: Option<&NetworkSlice>,
    numbers: &mut Numbers<'a>,
) {
    let capabilities: Vec<CapabilityRow> = capabilities
        .iter()
        .map(|capability| CapabilityRow {
            word: numbers.of(capability),
        })
        .collect();
    tables.push(&capabilities);
    let dropped = slice.map_or(0, |slice| {
        slice
            .dropped
            .iter()
            .fold(0, |sum: u32, part| sum.saturating_add(part.count))
    });
    tables.push(&[SnapshotRow {
        dropped,
        as_of: millis(snapshot.as_of),
        max_age_ms: snapshot
            .max_age_ms
            .map(|age| i64::try_from(age).unwrap_or(i64::MAX)),
        suspended: Bits::default(),
    }]);
}

pub(super) fn millis(at: Option<Timestamp>) -> Option<i64> {
    at.map(Timestamp::as_millis)
}

pub(super) fn micro(degrees: Option<f64>) -> Option<Micro> {
    signalbox_domain::geo::micro_degrees(degrees?).map(Micro)
}

/// A confidence or certainty: full is what an absent cell says.
pub(super) fn unless_full(basis_points: u32) -> Option<u32> {
    (basis_points != 10_000).then_some(basis_points)
}

/// A bound of which 0 stands for none.
pub(super) fn unless_zero(bound: u32) -> Option<u32> {
    (bound != 0).then_some(bound)
}

/// Numbers texts in the order in which they come.
#[derive(Default)]
pub(super) struct Counter<'a>(std::collections::HashMap<&'a str, u32>);

impl<'a> Counter<'a> {
    pub(super) fn of(&mut self, text: &'a str) -> u32 {
        let next = u32::try_from(self.0.len()).unwrap_or(u32::MAX);
        *self.0.entry(text).or_insert(next)
    }
}
