//! Business figures that decisions alone give, by the definitions that finance agreed to. What needs outcomes (real
//! deliveries, invoices) is not here; what is modelled says so in its name.
//!
//! All are sums of whole numbers: exact, mergeable in any order, and rates are only made when they are read.

mod allocation;
mod ratio;
mod returns;
mod routing;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::domain::Domain;
use crate::loss::Loss;

pub use allocation::AllocationKpis;
pub use ratio::{Basis, Ratio};
pub use returns::ReturnsKpis;
pub use routing::RoutingKpis;

/// A rate as parts of a whole.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rate {
    /// The parts.
    pub part: u64,
    /// The whole.
    pub whole: u64,
}

impl Rate {
    /// Adds to both.
    pub fn add(&mut self, part: u64, whole: u64) {
        self.part = self.part.saturating_add(part);
        self.whole = self.whole.saturating_add(whole);
    }

    /// Adds one case that counts or does not.
    pub fn count(&mut self, counts: bool) {
        self.add(u64::from(counts), 1);
    }

    /// Adds another rate's parts and whole.
    pub fn merge(&mut self, other: Rate) {
        self.add(other.part, other.whole);
    }

    /// The rate in basis points, rounded down; none without a whole.
    pub fn bp(&self) -> Option<u64> {
        let bp = u128::from(self.part)
            .saturating_mul(10_000)
            .checked_div(u128::from(self.whole))?;
        u64::try_from(bp).ok()
    }
}

/// What every decision adds to, whatever its domain.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommonKpis {
    /// Decisions.
    pub decisions: u64,
    /// Decisions that were answered below the assigned arm, of all.
    pub fallbacks: Rate,
    /// Decisions by confidence: from 0, 1,000, ... 9,000 basis points on, and fully sure.
    pub confidence: [u64; 11],
    /// The host's loss by term, in minor units, of the decisions that have one.
    pub loss_minor: BTreeMap<String, i128>,
    /// Decisions that have a loss.
    pub priced: u64,
}

impl CommonKpis {
    /// Adds a decision.
    pub fn add(&mut self, confidence_bp: u32, fell_back: bool, loss: Option<&Loss>) {
        self.decisions = self.decisions.saturating_add(1);
        self.fallbacks.count(fell_back);
        if let Some(bucket) = self.confidence.get_mut((confidence_bp / 1_000).min(10) as usize) {
            *bucket = bucket.saturating_add(1);
        }
        if let Some(loss) = loss {
            self.priced = self.priced.saturating_add(1);
            for term in &loss.terms {
                let sum = self.loss_minor.entry(term.name.clone().into_owned()).or_default();
                *sum = sum.saturating_add(i128::from(term.amount_minor));
            }
        }
    }

    /// Adds what another one counted.
    pub fn merge(&mut self, other: &CommonKpis) {
        self.decisions = self.decisions.saturating_add(other.decisions);
        self.fallbacks.merge(other.fallbacks);
        self.priced = self.priced.saturating_add(other.priced);
        for (bucket, more) in self.confidence.iter_mut().zip(other.confidence) {
            *bucket = bucket.saturating_add(more);
        }
        for (name, more) in &other.loss_minor {
            let sum = self.loss_minor.entry(name.clone()).or_default();
            *sum = sum.saturating_add(*more);
        }
    }

    /// Cost per decision of a term, in minor units, rounded towards zero; none before the first priced decision.
    pub fn cost_per_decision(&self, term: &str) -> Option<i128> {
        let sum = self.loss_minor.get(term).copied().unwrap_or_default();
        sum.checked_div(i128::from(self.priced))
    }

    /// Cost per decision over all terms, in minor units, rounded towards zero; none before the first priced decision.
    pub fn total_cost_per_decision(&self) -> Option<i128> {
        let sum = self
            .loss_minor
            .values()
            .fold(0i128, |sum, term| sum.saturating_add(*term));
        sum.checked_div(i128::from(self.priced))
    }
}

/// Figures of one domain's decisions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kpis {
    /// Of routing.
    Routing(RoutingKpis),
    /// Of allocation.
    Allocation(AllocationKpis),
    /// Of returns.
    Returns(ReturnsKpis),
}

impl Kpis {
    /// None yet.
    pub fn of(domain: Domain) -> Kpis {
        match domain {
            Domain::Routing => Kpis::Routing(RoutingKpis::default()),
            Domain::Allocation => Kpis::Allocation(AllocationKpis::default()),
            Domain::Returns => Kpis::Returns(ReturnsKpis::default()),
        }
    }

    /// Adds what another one of the same domain counted; of another domain nothing.
    pub fn merge(&mut self, other: &Kpis) {
        match (self, other) {
            (Kpis::Routing(here), Kpis::Routing(there)) => here.merge(there),
            (Kpis::Allocation(here), Kpis::Allocation(there)) => here.merge(there),
            (Kpis::Returns(here), Kpis::Returns(there)) => here.merge(there),
            _ => {}
        }
    }

    /// What every decision adds to.
    pub fn common(&self) -> &CommonKpis {
        match self {
            Kpis::Routing(kpis) => &kpis.common,
            Kpis::Allocation(kpis) => &kpis.common,
            Kpis::Returns(kpis) => &kpis.common,
        }
    }
}

#[cfg(test)]
mod tests;
