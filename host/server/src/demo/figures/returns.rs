//! Returns: net recovery.

use std::collections::BTreeMap;

use signalbox_domain::returns::{ReturnsAnswer, ReturnsRequest};

use super::Mean;

/// The figures of one policy version.
#[derive(Clone, Debug, Default)]
pub struct ReturnsFigures {
    /// Units decided.
    pub units: usize,
    /// Decisions that somebody below the assigned arm answered.
    pub fallbacks: usize,
    /// (Proceeds less reverse costs) over carrying value, of all units together. Modelled.
    pub recovery: Mean,
    /// The same with the proceeds that are exceeded in nine of ten cases.
    pub recovery_p10: Mean,
    /// Days until the proceeds come in, over units with an option.
    pub days: Mean,
    /// Units that a person has to look at.
    pub referred: Mean,
    /// How often each disposition was chosen.
    pub dispositions: BTreeMap<String, usize>,
}

impl ReturnsFigures {
    /// Counts one more unit.
    pub fn add(&mut self, request: &ReturnsRequest, answer: &ReturnsAnswer, fallback: bool) {
        self.units = self.units.saturating_add(1);
        self.fallbacks = self.fallbacks.saturating_add(usize::from(fallback));
        self.referred
            .add(if answer.refer.is_some() { 1.0 } else { 0.0 }, 1.0);
        let carrying = request.item.carrying_value_minor.max(1) as f64;
        let chosen = answer
            .option_row
            .and_then(|row| request.options.get(row as usize));
        let Some(option) = chosen else {
            // Nothing is recovered while a person looks at it.
            self.recovery.add(0.0, carrying);
            self.recovery_p10.add(0.0, carrying);
            return;
        };
        let costs = option.handling_minor.saturating_add(option.transport_minor);
        let net = |proceeds: i64| proceeds.saturating_sub(costs) as f64 / carrying;
        self.recovery.add(net(option.proceeds_minor), carrying);
        self.recovery_p10.add(
            net(option.proceeds_p10_minor.unwrap_or(option.proceeds_minor)),
            carrying,
        );
        self.days.add(f64::from(option.days), 1.0);
        let count = self
            .dispositions
            .entry(option.disposition.to_string())
            .or_default();
        *count = count.saturating_add(1);
    }
}
