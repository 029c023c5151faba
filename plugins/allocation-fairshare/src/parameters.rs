//! What a policy's TOML document sets, and the weight that follows for a demand.

use allocation_book::SupplyTerms;
use schemars::JsonSchema;
use serde::Deserialize;
use signalbox_plugin::Problems;
use signalbox_plugin::allocation::Demand;

const FULL_BP: u64 = 10_000;

/// Parameters of `allocation-fairshare`.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Parameters {
    /// By what a group shares, in basis points: 10000 by forecast alone, 0 by the quantity asked for alone, between them in
    /// that mixture. A demand without a forecast counts with its quantity.
    #[schemars(range(max = 10_000))]
    pub forecast_weight_bp: u32,
    /// Where between the median forecast (0) and the ninth decile (10000) the forecast is taken, in basis points. More
    /// favours members whose sales are uncertain.
    #[schemars(range(max = 10_000))]
    pub p90_weight_bp: u32,
    /// Which supply may be used.
    pub supply: SupplyTerms,
}

impl Default for Parameters {
    fn default() -> Self {
        Parameters {
            forecast_weight_bp: 10_000,
            p90_weight_bp: 2_500,
            supply: SupplyTerms::default(),
        }
    }
}

impl Parameters {
    /// Adds every value that is out of bounds to `problems`.
    pub(crate) fn check(&self, problems: &mut Problems) {
        for (path, value) in [
            ("forecast_weight_bp", self.forecast_weight_bp),
            ("p90_weight_bp", self.p90_weight_bp),
        ] {
            problems.check(
                value <= 10_000,
                path,
                format_args!("expected 0 to 10000 basis points, found {value}"),
            );
        }
        self.supply.check("supply", problems);
    }

    /// The weight of a demand in its group, in hundred-millionths of a piece.
    pub(crate) fn weight(&self, demand: &Demand<'_>) -> u64 {
        let by_forecast = u64::from(self.forecast_weight_bp);
        let towards_p90 = u64::from(self.p90_weight_bp);
        let quantity = u64::from(demand.quantity());
        let median = demand.forecast_p50().map_or(quantity, u64::from);
        let high = demand.forecast_p90().map_or(median, u64::from).max(median);
        // Each factor is below 2^32 and the shares add up to 10^8, so nothing can overflow.
        let forecast = median * (FULL_BP - towards_p90) + high * towards_p90;
        forecast * by_forecast + quantity * FULL_BP * (FULL_BP - by_forecast)
    }
}
