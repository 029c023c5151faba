//! Business figures as ratios of two sums, so that they can be compared over any part of the traffic.

use super::{Kpis, Rate};

/// Where a figure comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Basis {
    /// From what was decided alone.
    Counted,
    /// From what the request expects (tariffs, chances, proceeds) by the host's model.
    Modelled,
    /// From what really happened.
    Measured,
}

/// A figure: one sum of another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ratio {
    /// Its name.
    pub name: &'static str,
    /// Where it comes from.
    pub basis: Basis,
    /// The parts.
    pub part: i128,
    /// The whole.
    pub whole: i128,
}

impl Ratio {
    fn of(name: &'static str, basis: Basis, rate: Rate) -> Ratio {
        let (part, whole) = (i128::from(rate.part), i128::from(rate.whole));
        Ratio {
            name,
            basis,
            part,
            whole,
        }
    }
}

impl Kpis {
    /// The domain's figures that are shares of something, always the same ones in the same order. All lie between 0 and 1,
    /// but for `net_recovery`, which may be negative.
    pub fn ratios(&self) -> Vec<Ratio> {
        use Basis::{Counted, Modelled};
        match self {
            Kpis::Routing(kpis) => vec![
                Ratio::of("promise_kept", Modelled, kpis.modelled_promise_kept),
                Ratio::of("split", Counted, kpis.split),
                Ratio::of("avoidable_split", Counted, kpis.avoidable_split),
                Ratio::of("unassigned", Counted, kpis.unassigned),
                Ratio::of("retailer_cancel", Counted, kpis.cancelled),
            ],
            Kpis::Allocation(kpis) => vec![
                Ratio::of("shortage", Counted, kpis.shortage),
                Ratio {
                    name: "unfairness",
                    basis: Counted,
                    part: i128::from(kpis.unfairness_bp),
                    whole: i128::from(kpis.grouped).saturating_mul(10_000),
                },
            ],
            Kpis::Returns(kpis) => vec![
                Ratio {
                    name: "net_recovery",
                    basis: Modelled,
                    part: kpis.modelled_recovery_minor,
                    whole: kpis.carrying_value_minor,
                },
                Ratio::of("referred", Counted, kpis.referred),
            ],
        }
    }
}
