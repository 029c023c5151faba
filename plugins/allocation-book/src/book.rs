//! The book: who has been given what, and what is left.

use signalbox_plugin::allocation::{
    AllocationDecision, AllocationRequest, AllocationRow, Context, Demand, Existing, Transfer,
};

use crate::limits::Limits;
use crate::places::Places;
use crate::sources::{self, Source};
use crate::stock::Stock;
use crate::terms::{SupplyTerms, after};

/// The book of one request. It starts with the locked allocations.
#[derive(Debug)]
pub struct Book<'a> {
    pub(crate) request: AllocationRequest<'a>,
    pub(crate) now_ms: i64,
    pub(crate) terms: SupplyTerms,
    pub(crate) places: Places,
    pub(crate) stock: Stock,
    pub(crate) limits: Limits,
    /// Everything given, in order; the locked ones first.
    pub(crate) entries: Vec<AllocationRow>,
    /// Pieces given, by demand; and how many of them are locked.
    given: Vec<u32>,
    locked: Vec<u32>,
}

/// A state of the book to go back to.
#[derive(Clone, Copy, Debug)]
pub struct Mark(usize);

impl<'a> Book<'a> {
    /// Opens the book: counts what there is, and gives the locked allocations again as far as their nodes still have the
    /// pieces.
    pub fn open(request: &AllocationRequest<'a>, context: &Context, terms: SupplyTerms) -> Book<'a> {
        let now_ms = context.now_ms;
        let places = Places::new(request);
        let mut book = Book {
            request: *request,
            now_ms,
            terms,
            stock: Stock::new(request, &places, now_ms),
            places,
            limits: Limits::new(request, now_ms),
            entries: Vec::new(),
            given: vec![0; request.demand().len() as usize],
            locked: Vec::new(),
        };
        for existing in request.existing().iter().filter(Existing::locked) {
            book.give_locked(&existing);
        }
        book.locked = book.given.clone();
        book.stock.restrict(request, &terms, now_ms);
        book
    }

    /// The sources that may serve `demand`, best first, written over `sources`.
    pub fn sources(&self, demand: &Demand<'_>, sources: &mut Vec<Source>) {
        sources::list(
            &self.request,
            &self.places,
            &self.terms,
            self.now_ms,
            demand,
            sources,
        );
    }

    /// Gives `demand` up to `want` more pieces from `sources`, in their order, in whole packs and never more than it asks
    /// for; returns how many.
    pub fn give(&mut self, demand: &Demand<'_>, sources: &[Source], want: u32) -> u32 {
        let open = demand.quantity().saturating_sub(self.given(demand.index()));
        let want = want.min(open);
        let mut given = 0;
        for source in sources {
            let left = want.saturating_sub(given);
            if left < pack(demand) {
                break;
            }
            let quantity = packs_of(demand, left.min(self.available(demand, source)));
            if quantity > 0 {
                self.write(demand, source, quantity);
                given = given.saturating_add(quantity);
            }
        }
        given
    }

    /// Pieces that the channel of `demand` may take from `source` now.
    pub fn available(&self, demand: &Demand<'_>, source: &Source) -> u32 {
        let left = u64::from(self.stock.left(source));
        let (sku, channel) = (demand.sku(), demand.channel());
        let room = self.limits.room(sku, channel);
        u32::try_from(left.min(room)).unwrap_or(u32::MAX)
    }

    /// Pieces that a demand has been given, locked ones included.
    pub fn given(&self, demand: u32) -> u32 {
        at_or_0(&self.given, demand)
    }

    /// Whether a demand has been given more than its locked pieces, but fewer than are of use to it.
    pub fn is_below_minimum(&self, demand: &Demand<'_>) -> bool {
        let given = self.given(demand.index());
        given < demand.min_quantity() && given > at_or_0(&self.locked, demand.index())
    }

    /// Whether channels have reserves or caps, which tie all demands for a SKU together.
    pub fn has_channel_rules(&self) -> bool {
        !self.request.channel_rules().is_empty()
    }

    /// The present state.
    pub fn mark(&self) -> Mark {
        Mark(self.entries.len())
    }

    /// Takes back everything that was given since `mark`.
    pub fn roll_back(&mut self, mark: Mark) {
        while self.entries.len() > mark.0 {
            if let Some(entry) = self.entries.pop() {
                self.unwrite(&entry);
            }
        }
    }

    /// Takes back what was given since `mark` to each demand that `which` names.
    pub fn take_back(&mut self, mark: Mark, which: impl Fn(u32) -> bool) {
        let mut kept = mark.0;
        for at in mark.0..self.entries.len() {
            let Some(entry) = self.entries.get(at).cloned() else {
                break;
            };
            if which(entry.demand) {
                self.unwrite(&entry);
            } else if let Some(place) = self.entries.get_mut(kept) {
                *place = entry;
                kept += 1;
            }
        }
        self.entries.truncate(kept);
    }

    /// Puts the allocations into `decision`, by demand and supply row, one row for each source.
    pub fn close(&mut self, decision: &mut AllocationDecision) {
        let key = |entry: &AllocationRow| (entry.demand, entry.supply, entry.inbound, entry.transfer);
        self.entries.sort_by_key(key);
        for entry in &self.entries {
            match decision.allocations.last_mut() {
                Some(last) if key(last) == key(entry) => {
                    last.quantity = last.quantity.saturating_add(entry.quantity);
                }
                _ => decision.allocations.push(entry.clone()),
            }
        }
    }

    /// Gives a locked allocation again, from what is on hand at its node and does not expire on the way; rules, packs and
    /// terms do not count. In the order and on the way by which the host reckons what has to be kept: rows as they stand,
    /// the first transfer that leads there.
    fn give_locked(&mut self, existing: &Existing<'_>) {
        let demand = self.request.demand_row(existing.demand());
        let leads =
            |way: &Transfer<'_>| way.from_node() == existing.node() && Some(way.to_node()) == demand.node();
        let moves = demand.node().is_some_and(|node| node != existing.node());
        let way = self.request.transfers().iter().find(|way| moves && leads(way));
        if moves && way.is_none() {
            return;
        }
        let (transfer, days) = way.map_or((None, 0), |way| (Some(way.index()), way.days()));
        let release_at = after(self.now_ms, days);
        let mut rows = self
            .places
            .at_node(&self.request, demand.sku(), existing.node())
            .to_vec();
        rows.sort_unstable();
        let mut left = existing.quantity();
        for supply in rows {
            let expires_at = self.request.supply_row(supply).expires_at();
            let open = demand.quantity().saturating_sub(self.given(demand.index()));
            let source = Source {
                supply,
                inbound: None,
                transfer,
                release_at,
            };
            let quantity = left.min(open).min(self.stock.left(&source));
            if quantity > 0 && expires_at.is_none_or(|end| release_at < end) {
                self.write(&demand, &source, quantity);
                left = left.saturating_sub(quantity);
            }
        }
    }

    fn write(&mut self, demand: &Demand<'_>, source: &Source, quantity: u32) {
        let entry = AllocationRow {
            demand: demand.index(),
            supply: source.supply,
            quantity,
            source: source.code(),
            inbound: source.inbound,
            transfer: source.transfer,
            release_at: Some(source.release_at),
        };
        self.stock
            .change(entry.supply, entry.inbound, |left| left.saturating_sub(quantity));
        if let Some(given) = self.given.get_mut(entry.demand as usize) {
            *given = given.saturating_add(quantity);
        }
        self.count(&entry, false);
        self.entries.push(entry);
    }

    fn unwrite(&mut self, entry: &AllocationRow) {
        self.stock.change(entry.supply, entry.inbound, |left| {
            left.saturating_add(entry.quantity)
        });
        if let Some(given) = self.given.get_mut(entry.demand as usize) {
            *given = given.saturating_sub(entry.quantity);
        }
        self.count(entry, true);
    }

    fn count(&mut self, entry: &AllocationRow, back: bool) {
        let demand = self.request.demand_row(entry.demand);
        let (sku, channel) = (demand.sku(), demand.channel());
        self.limits.take(sku, channel, entry.quantity, back);
    }
}

/// Pieces in a pack of `demand`.
pub(crate) fn pack(demand: &Demand<'_>) -> u32 {
    demand.pack_size().max(1)
}

/// The most pieces in whole packs that are not more than `pieces`.
pub fn packs_of(demand: &Demand<'_>, pieces: u32) -> u32 {
    pieces - pieces % pack(demand)
}

fn at_or_0(counts: &[u32], row: u32) -> u32 {
    counts.get(row as usize).copied().unwrap_or(0)
}
