//! Allocation policies: who gets the stock.
//!
//! A plugin starts with `use signalbox_plugin::allocation::*;`, implements [`AllocationPolicy`] and ends with
//! [`export!`](export).

use signalbox_contract::Tables;
pub use signalbox_contract::allocation::*;

use crate::conclusion::{DECISION_TABLES, concludes};
pub use crate::export_allocation as export;
use crate::policy::policy_trait;
pub use crate::prelude::*;
use crate::request::request;

request! {
    /// An allocation request, read in place.
    AllocationRequest, AllocationRows, signalbox_contract::allocation {
        one {}
        many {
            /// What there is.
            supply / /// One supply row.
            supply_row: SupplyRow,
            /// What is on its way.
            inbound / /// One inbound row.
            inbound_row: InboundRow,
            /// Who wants pieces.
            demand / /// One demand.
            demand_row: DemandRow,
            /// What was allocated before.
            existing / /// One earlier allocation.
            existing_row: ExistingRow,
            /// Ways between nodes.
            transfers / /// One way.
            transfer: TransferRow,
            /// What channels are guaranteed and may take.
            channel_rules / /// One channel's rule.
            channel_rule: ChannelRuleRow,
        }
    }
}

impl AllocationRequest<'_> {
    /// Number of SKUs: one more than the highest in supply and demand.
    pub fn skus(&self) -> u32 {
        let supplied = self.supply().iter().map(|row| row.sku());
        let wanted = self.demand().iter().map(|row| row.sku());
        supplied
            .chain(wanted)
            .max()
            .map_or(0, |sku| sku.saturating_add(1))
    }

    /// The supply rows of every SKU.
    pub fn supply_by_sku(&self) -> Index {
        Index::build(self.skus(), self.supply().iter().map(|row| row.sku()))
    }

    /// The demands for every SKU.
    pub fn demand_by_sku(&self) -> Index {
        Index::build(self.skus(), self.demand().iter().map(|row| row.sku()))
    }

    /// The inbound rows of every supply row.
    pub fn inbound_by_supply(&self) -> Index {
        Index::build(self.supply().len(), self.inbound().iter().map(|row| row.supply()))
    }

    /// The earlier allocations of every demand.
    pub fn existing_by_demand(&self) -> Index {
        Index::build(
            self.demand().len(),
            self.existing().iter().map(|row| row.demand()),
        )
    }
}

/// An allocation decision. It derefs to its [`Conclusion`]: confidence, reasons, log.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AllocationDecision {
    /// Who gets what.
    pub allocations: Vec<AllocationRow>,
    /// Who gets less than wanted.
    pub shortages: Vec<ShortageRow>,
    /// What channels may still promise.
    pub atp: Vec<AtpRow>,
    /// Confidence, reasons, log.
    pub conclusion: Conclusion,
}

concludes!(AllocationDecision);

impl AllocationDecision {
    /// Gives a demand pieces that are on hand.
    pub fn give(&mut self, demand: u32, supply: u32, quantity: u32) {
        self.allocations.push(AllocationRow {
            demand,
            supply,
            quantity,
            ..AllocationRow::default()
        });
    }

    /// States how many pieces a demand does not get, and why.
    pub fn short(&mut self, demand: u32, quantity: u32, reason: impl Into<Word>) {
        self.shortages.push(ShortageRow {
            demand,
            quantity,
            reason: reason.into(),
        });
    }

    /// The tables that cross the boundary.
    pub fn encode(&self) -> Tables {
        let mut tables = Tables::with_tables(DECISION_TABLES);
        tables.push(&self.allocations);
        tables.push(&self.shortages);
        tables.push(&self.atp);
        self.conclusion.write(&mut tables);
        tables
    }
}

policy_trait! {
    /// An allocation policy.
    AllocationPolicy, RunAllocation, "allocation", AllocationRequest, AllocationDecision
}
