//! Which supply may be used: the parameters that the allocation policies share.

use schemars::JsonSchema;
use serde::Deserialize;
use signalbox_plugin::Problems;
use signalbox_plugin::allocation::{Demand, Transfer};

const DAY_MS: i64 = 86_400_000;
const DAYS_MAX: u32 = 3_650;

/// Which supply may be used for a demand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct SupplyTerms {
    /// A transfer is worthwhile up to this share of the unit's value, in basis points. 0 uses only transfers that cost
    /// nothing.
    #[schemars(range(max = 100_000))]
    pub transfer_value_bp: u32,
    /// How many days ahead inbound pieces are given away at most, even to a demand that could wait longer.
    #[schemars(range(max = 3_650))]
    pub inbound_horizon_days: u32,
    /// Inbound pieces whose arrival is less sure than this, in basis points, are not given away.
    #[schemars(range(max = 10_000))]
    pub inbound_confidence_min_bp: u32,
    /// Stock whose count is trusted less than this, in basis points, is not given away.
    #[schemars(range(max = 10_000))]
    pub on_hand_confidence_min_bp: u32,
    /// How many days after `needed_by` pieces may still arrive.
    #[schemars(range(max = 3_650))]
    pub late_days_max: u32,
    /// How many days before their expiry pieces must be released at the latest.
    #[schemars(range(max = 3_650))]
    pub shelf_life_days_min: u32,
    /// Most rows of what channels may still promise; 0 leaves them out.
    #[schemars(range(max = 100_000))]
    pub atp_rows_max: u32,
}

impl Default for SupplyTerms {
    fn default() -> Self {
        SupplyTerms {
            transfer_value_bp: 2_000,
            inbound_horizon_days: 28,
            inbound_confidence_min_bp: 7_000,
            on_hand_confidence_min_bp: 0,
            late_days_max: 0,
            shelf_life_days_min: 0,
            atp_rows_max: 10_000,
        }
    }
}

impl SupplyTerms {
    /// Adds every value that is out of bounds to `problems`; the terms stand under `path` in the parameters.
    pub fn check(&self, path: &str, problems: &mut Problems) {
        for (field, value, most) in [
            ("transfer_value_bp", self.transfer_value_bp, 100_000),
            ("inbound_horizon_days", self.inbound_horizon_days, DAYS_MAX),
            (
                "inbound_confidence_min_bp",
                self.inbound_confidence_min_bp,
                10_000,
            ),
            (
                "on_hand_confidence_min_bp",
                self.on_hand_confidence_min_bp,
                10_000,
            ),
            ("late_days_max", self.late_days_max, DAYS_MAX),
            ("shelf_life_days_min", self.shelf_life_days_min, DAYS_MAX),
            ("atp_rows_max", self.atp_rows_max, 100_000),
        ] {
            problems.check(
                value <= most,
                format!("{path}.{field}"),
                format_args!("expected 0 to {most}, found {value}"),
            );
        }
    }

    /// The last moment at which pieces for `demand` may be released. A demand that is overdue is served as if it were due
    /// now.
    pub(crate) fn deadline(&self, demand: &Demand<'_>, now_ms: i64) -> i64 {
        demand
            .needed_by()
            .map_or(i64::MAX, |needed| after(needed.max(now_ms), self.late_days_max))
    }

    /// The last moment at which inbound pieces count.
    pub(crate) fn horizon(&self, now_ms: i64) -> i64 {
        after(now_ms, self.inbound_horizon_days)
    }

    /// Whether pieces that expire at `expires_at` may be released at `release_at`.
    pub(crate) fn keeps(&self, expires_at: Option<i64>, release_at: i64) -> bool {
        expires_at.is_none_or(|end| after(release_at, self.shelf_life_days_min) < end)
    }

    /// Whether moving a piece to `demand` is worth its cost.
    pub(crate) fn worthwhile(&self, transfer: &Transfer<'_>, demand: &Demand<'_>) -> bool {
        let value = i128::from(demand.unit_value().max(0));
        i128::from(transfer.cost_per_unit()) * 10_000 <= value * i128::from(self.transfer_value_bp)
    }
}

/// The moment `days` after another.
pub(crate) fn after(moment: i64, days: u32) -> i64 {
    moment.saturating_add(i64::from(days).saturating_mul(DAY_MS))
}
