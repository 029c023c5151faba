//! What channels may still promise.

use signalbox_plugin::ReasonCode;
use signalbox_plugin::allocation::{AllocationDecision, AtpRow, Supply};
use signalbox_plugin::contract::Word;

use crate::book::Book;

/// More rows than the terms allow.
pub const ATP_CUT: ReasonCode = ReasonCode::new(
    "ATP_CUT",
    "What channels may still promise is listed for the first {a} places only.",
);

impl Book<'_> {
    /// States for every channel with a rule or a demand how many pieces of each SKU it may still promise at each node: what
    /// is left on hand, within its cap and without what is kept for others. Channels are stated each for itself: what one
    /// takes, the others no longer have.
    pub fn state_atp(&self, decision: &mut AllocationDecision) {
        let rows_max = self.terms.atp_rows_max as usize;
        for channel in self.channels() {
            let mut rows = self
                .places
                .all()
                .iter()
                .map(|row| self.request.supply_row(*row))
                .peekable();
            let (mut sku, mut room) = (None, 0);
            while let Some(first) = rows.next() {
                if sku != Some(first.sku()) {
                    sku = Some(first.sku());
                    room = self.limits.room(first.sku(), channel);
                }
                let mut left = self.promisable(&first);
                let here = |row: &Supply<'_>| row.sku() == first.sku() && row.node() == first.node();
                while let Some(lot) = rows.next_if(here) {
                    left = left.saturating_add(self.promisable(&lot));
                }
                let quantity = u32::try_from(left.min(room)).unwrap_or(u32::MAX);
                room = room.saturating_sub(u64::from(quantity));
                if quantity == 0 {
                    continue;
                }
                if decision.atp.len() >= rows_max {
                    if rows_max > 0 {
                        decision.because(ATP_CUT.reason().a(i64::from(self.terms.atp_rows_max)));
                    }
                    return;
                }
                let (node, sku) = (first.node(), first.sku());
                decision.atp.push(AtpRow {
                    channel,
                    node,
                    sku,
                    quantity,
                });
            }
        }
    }

    fn promisable(&self, row: &Supply<'_>) -> u64 {
        let usable = self.terms.keeps(row.expires_at(), self.now_ms);
        if usable {
            self.stock.on_hand(row.index()).into()
        } else {
            0
        }
    }

    /// Channels with a rule, then those with a demand, each once.
    fn channels(&self) -> Vec<Word> {
        let mut channels: Vec<Word> = Vec::new();
        for channel in self
            .limits
            .channels()
            .chain(self.request.demand().iter().map(|row| row.channel()))
        {
            if !channels.contains(&channel) {
                channels.push(channel);
            }
        }
        channels
    }
}
