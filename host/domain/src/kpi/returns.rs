//! Figures of returns decisions.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{CommonKpis, Rate};
use crate::loss::Loss;
use crate::returns::case::ReturnsCase;
use crate::returns::decision::ReturnsDecision;

/// Figures of returns decisions.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReturnsKpis {
    /// What every decision adds to.
    pub common: CommonKpis,
    /// Items that a person has to look at, of all.
    pub referred: Rate,
    /// Book value of the items, in minor units.
    pub carrying_value_minor: i128,
    /// Proceeds less reverse costs of the chosen options, by their own figures, in minor units.
    pub modelled_recovery_minor: i128,
    /// Items by disposition.
    pub dispositions: BTreeMap<String, u64>,
}

impl ReturnsKpis {
    /// Adds a decision that breaks no invariant.
    pub fn add(
        &mut self,
        case: &ReturnsCase,
        decision: &ReturnsDecision,
        fell_back: bool,
        loss: Option<&Loss>,
    ) {
        self.common.add(decision.confidence_bp, fell_back, loss);
        self.referred.count(decision.refer.is_some());
        let value = i128::from(case.request.item.carrying_value_minor);
        self.carrying_value_minor = self.carrying_value_minor.saturating_add(value);
        if let Some((option, known)) = decision.option.and_then(|row| case.option(row)) {
            self.modelled_recovery_minor = self
                .modelled_recovery_minor
                .saturating_add(option.recovery().expected);
            let count = self
                .dispositions
                .entry(known.disposition.word.to_owned())
                .or_default();
            *count = count.saturating_add(1);
        }
    }

    /// Adds what another one counted.
    pub fn merge(&mut self, other: &ReturnsKpis) {
        self.common.merge(&other.common);
        self.referred.merge(other.referred);
        self.carrying_value_minor = self
            .carrying_value_minor
            .saturating_add(other.carrying_value_minor);
        self.modelled_recovery_minor = self
            .modelled_recovery_minor
            .saturating_add(other.modelled_recovery_minor);
        for (name, more) in &other.dispositions {
            let count = self.dispositions.entry(name.clone()).or_default();
            *count = count.saturating_add(*more);
        }
    }

    /// Net recovery as modelled: what comes back of the book value, in basis points; none without book value.
    pub fn modelled_recovery_bp(&self) -> Option<i128> {
        self.modelled_recovery_minor
            .saturating_mul(10_000)
            .checked_div(self.carrying_value_minor)
    }
}
