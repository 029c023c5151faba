//! Why a demand gets less than it asks for.

use signalbox_plugin::Named;
use signalbox_plugin::allocation::{AllocationDecision, Demand};
use signalbox_plugin::words::shortage::{
    CAP_REACHED, CHANNEL_RESERVE, FAIR_SHARE, INSUFFICIENT_SUPPLY, LATE_INBOUND, PACK_ROUNDING,
    PRIORITY_PREEMPTED, SAFETY_STOCK_HELD,
};

use crate::book::{Book, pack};
use crate::limits::Bound;
use crate::sources::Source;

/// Who was served from which supply row, sorted.
struct Takers(Vec<Taker>);

/// The supply row, the rank of the demand, the demand.
type Taker = (u32, u32, u32);

impl Takers {
    /// The first takers of a supply row from `rank` on.
    fn of(&self, supply: u32, rank: u32) -> impl Iterator<Item = &Taker> {
        let from = self.0.partition_point(|taker| *taker < (supply, rank, 0));
        let takers = self.0.get(from..).unwrap_or_default().iter();
        takers.take_while(move |taker| taker.0 == supply)
    }
}

impl Book<'_> {
    /// States for every demand what it does not get, with the one reason that comes first in this list:
    ///
    /// 1. its channel's cap, or other channels' reserves: there are packs left that only the rules hold back;
    /// 2. packs: pieces are left, or missing, but no whole pack;
    /// 3. others were served from the same rows: those that came first, or those that share with it;
    /// 4. safety stock stays where it could be served from;
    /// 5. pieces come there, but too late;
    /// 6. there is nothing.
    ///
    /// `ranks` says for each demand when its turn came: a lower rank came first, the same rank shares.
    pub fn state_shortages(&self, decision: &mut AllocationDecision, ranks: &[u32]) {
        let rank = |demand: u32| ranks.get(demand as usize).copied().unwrap_or(0);
        let entries = self.entries.iter();
        let mut takers: Vec<Taker> = entries
            .map(|entry| (entry.supply, rank(entry.demand), entry.demand))
            .collect();
        takers.sort_unstable();
        takers.dedup();
        let takers = Takers(takers);
        let mut sources = Vec::new();
        for demand in self.request.demand().iter() {
            let short = demand.quantity().saturating_sub(self.given(demand.index()));
            if short > 0 {
                self.sources(&demand, &mut sources);
                let reason = self
                    .rule_or_pack(&demand, short, &sources)
                    .or_else(|| rival(&takers, &sources, rank(demand.index()), demand.index()))
                    .unwrap_or_else(|| self.held_or_late(&demand));
                decision.short(demand.index(), short, reason);
            }
        }
    }

    fn rule_or_pack(&self, demand: &Demand<'_>, short: u32, sources: &[Source]) -> Option<Named> {
        let pack = pack(demand);
        if short < pack {
            return Some(PACK_ROUNDING);
        }
        let rule = self.held_back_by_rules(demand, sources, pack);
        let broken = |source: &Source| (1..pack).contains(&self.available(demand, source));
        rule.or_else(|| sources.iter().any(broken).then_some(PACK_ROUNDING))
    }

    /// The rule that holds back a whole pack that is there.
    fn held_back_by_rules(&self, demand: &Demand<'_>, sources: &[Source], pack: u32) -> Option<Named> {
        let held =
            |source: &&Source| self.stock.left(source) >= pack && self.available(demand, source) < pack;
        sources.iter().find(held)?;
        Some(match self.limits.bound(demand.sku(), demand.channel()) {
            Bound::Cap => CAP_REACHED,
            Bound::Reserve => CHANNEL_RESERVE,
        })
    }

    fn held_or_late(&self, demand: &Demand<'_>) -> Named {
        let rows = match demand.node() {
            Some(node) => self.places.at_node(&self.request, demand.sku(), node),
            None => self.places.of_sku(&self.request, demand.sku()),
        };
        let safety = rows.iter().any(|row| {
            let row = self.request.supply_row(*row);
            let taken = row.quarantined().saturating_add(row.reserved());
            row.safety_stock() > 0 && row.on_hand() > taken
        });
        let comes = || {
            rows.iter()
                .any(|row| !self.places.inbound_to(&self.request, *row).is_empty())
        };
        if safety {
            SAFETY_STOCK_HELD
        } else if comes() {
            LATE_INBOUND
        } else {
            INSUFFICIENT_SUPPLY
        }
    }
}

/// Whether demands of a lower rank, or of the same one, were served from rows that could have served this one.
fn rival(takers: &Takers, sources: &[Source], rank: u32, demand: u32) -> Option<Named> {
    let came_first = |source: &Source| {
        takers
            .of(source.supply, 0)
            .next()
            .is_some_and(|first| first.1 < rank)
    };
    if sources.iter().any(came_first) {
        return Some(PRIORITY_PREEMPTED);
    }
    // Of the takers of one rank at most one is the demand itself, so two are enough to look at.
    let shares = |source: &Source| {
        let mut two = takers.of(source.supply, rank).take(2);
        two.any(|taker| taker.1 == rank && taker.2 != demand)
    };
    sources.iter().any(shares).then_some(FAIR_SHARE)
}
