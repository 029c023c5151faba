//! Which levers act on a request, and what they did.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::envelope::{Lever, LeverKind};
use crate::time::Timestamp;

/// A lever that acted on a request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AppliedLever {
    /// The lever.
    pub lever_id: String,
    /// What it does.
    pub kind: LeverKind,
    /// How many rows it acted on: nodes, capacity windows, lanes, supply rows or options.
    pub rows: u32,
}

/// The levers that may act: the request's own and the host's, expired ones left out, each once.
pub(crate) fn in_force<'l>(own: &'l [Lever], host: &'l [Lever], now: Timestamp) -> Vec<&'l Lever> {
    let mut levers: Vec<&Lever> = own.iter().filter(|lever| lever.expires_at > now).collect();
    for lever in host {
        if lever.expires_at > now && !own.iter().any(|known| known == lever) {
            levers.push(lever);
        }
    }
    levers
}

/// What levers did, in the order in which they were applied.
#[derive(Default)]
pub(crate) struct LeverRecord {
    pub applied: Vec<AppliedLever>,
}

impl LeverRecord {
    /// Notes that the lever acted on `rows` rows; nothing when there were none. The number is the place in the record.
    pub fn note(&mut self, lever: &Lever, rows: usize) -> Option<u32> {
        if rows == 0 {
            return None;
        }
        let place = crate::validate::row_number(self.applied.len());
        self.applied.push(AppliedLever {
            lever_id: lever.lever_id.clone(),
            kind: lever.kind,
            rows: crate::validate::row_number(rows),
        });
        Some(place)
    }
}

/// A capacity limit scaled by basis points, rounded down, saturating.
pub(crate) fn scaled(limit: u32, capacity_bp: u32) -> u32 {
    let scaled = u64::from(limit).saturating_mul(u64::from(capacity_bp)) / 10_000;
    u32::try_from(scaled).unwrap_or(u32::MAX)
}
