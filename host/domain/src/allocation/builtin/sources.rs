//! Where a demand's units can come from.

use std::cell::Cell;
use std::collections::{HashMap, HashSet};

use crate::allocation::case::AllocationCase;
use crate::allocation::decision::{Allocation, SupplySource};
use crate::time::Timestamp;
use crate::validate::row_number;

/// An SKU at one node, or at all.
type Place = (u32, Option<u32>);

/// Sources in the order in which they are taken. What stands in front of `next` has nothing left and is not looked at
/// again, so that all demands together look at each source about once.
struct Queue<S> {
    sources: Vec<S>,
    next: usize,
}

impl<S> Queue<S> {
    fn new(sources: Vec<S>) -> Self {
        Queue { sources, next: 0 }
    }

    fn skip_empty(&mut self, is_empty: impl Fn(&S) -> bool) {
        while self.sources.get(self.next).is_some_and(&is_empty) {
            self.next = self.next.saturating_add(1);
        }
    }

    fn left(&self) -> &[S] {
        self.sources.get(self.next..).unwrap_or_default()
    }
}

/// What supply rows have left.
pub(super) struct Sources<'c> {
    case: &'c AllocationCase,
    /// Supply rows, what expires first before the rest.
    shelves: HashMap<Place, Queue<u32>>,
    /// Inbound units (supply row, place), what arrives first before the rest.
    coming: HashMap<Place, Queue<(u32, u32)>>,
    /// Transfers by the node that receives, cheapest first.
    transfers: HashMap<u32, Vec<u32>>,
    /// Units on hand left, by supply row.
    on_hand: Vec<u32>,
    /// Inbound units left, by supply row and place.
    inbound: Vec<Vec<u32>>,
    /// Sources that may still be looked at.
    work_left: Cell<u64>,
}

impl<'c> Sources<'c> {
    /// Sources that are looked at for one request: some tens of milliseconds. A request made to be slow gets less than it
    /// could instead of no answer.
    const WORK: u64 = 5_000_000;

    pub fn new(case: &'c AllocationCase) -> Self {
        let mut shelves: HashMap<Place, Vec<u32>> = HashMap::new();
        let mut coming: HashMap<Place, Vec<(u32, u32)>> = HashMap::new();
        for (row, (supply, given)) in (0u32..).zip(case.supply.iter().zip(&case.request.supply)) {
            for place in [(supply.sku, None), (supply.sku, Some(supply.node))] {
                shelves.entry(place).or_default().push(row);
                if !given.inbound.is_empty() {
                    let inbound = (0..row_number(given.inbound.len())).map(|inbound| (row, inbound));
                    coming.entry(place).or_default().extend(inbound);
                }
            }
        }
        let expiry = |row: &u32| {
            let supply = case.request.supply.get(*row as usize);
            (
                supply
                    .and_then(|supply| supply.expires_at)
                    .unwrap_or(Timestamp::MAX),
                *row,
            )
        };
        shelves.values_mut().for_each(|rows| rows.sort_by_key(expiry));
        let eta = |(row, place): &(u32, u32)| {
            let supply = case.request.supply.get(*row as usize);
            (
                supply
                    .and_then(|supply| supply.inbound.get(*place as usize))
                    .map(|inbound| inbound.eta),
                *row,
                *place,
            )
        };
        coming.values_mut().for_each(|inbound| inbound.sort_by_key(eta));
        let inbound = case
            .supply
            .iter()
            .zip(&case.request.supply)
            .map(|(supply, given)| {
                let off = supply.switched_off.is_some();
                given
                    .inbound
                    .iter()
                    .map(|inbound| if off { 0 } else { inbound.quantity })
                    .collect()
            });
        Sources {
            case,
            shelves: shelves
                .into_iter()
                .map(|(place, rows)| (place, Queue::new(rows)))
                .collect(),
            coming: coming
                .into_iter()
                .map(|(place, inbound)| (place, Queue::new(inbound)))
                .collect(),
            transfers: transfers_by_receiver(case),
            on_hand: case.supply.iter().map(|supply| supply.free).collect(),
            inbound: inbound.collect(),
            work_left: Cell::new(Self::WORK),
        }
    }

    /// What could be given to the demand, in the order in which it should be taken, until it adds up to `wanted` units.
    pub fn offers(&mut self, demand: u32, wanted: u64) -> Vec<Allocation> {
        let mut offers = Offers {
            list: Vec::new(),
            units: 0,
            wanted,
        };
        let Some(known) = self.case.demand.get(demand as usize).copied() else {
            return offers.list;
        };
        let place = (known.sku, known.node);
        self.skip_empty(place);
        let rows = self.shelves.get(&place).map(Queue::left).unwrap_or_default();
        offers.extend(rows.iter().map_while(|row| self.offer(demand, *row, None, None)));
        let coming = self.coming.get(&place).map(Queue::left).unwrap_or_default();
        offers.extend(
            coming
                .iter()
                .map_while(|(row, inbound)| self.offer(demand, *row, Some(*inbound), None)),
        );
        // Two transfers between the same nodes offer the same units; the cheaper one has them.
        let mut seen: HashSet<u32> = HashSet::new();
        let ways = known
            .node
            .and_then(|node| self.transfers.get(&node))
            .map(Vec::as_slice)
            .unwrap_or_default();
        for transfer in ways {
            if offers.enough() || self.work_left.get() == 0 {
                break;
            }
            let from = self
                .case
                .transfers
                .get(*transfer as usize)
                .map(|transfer| transfer.from);
            let rows = self
                .shelves
                .get(&(known.sku, from))
                .map(Queue::left)
                .unwrap_or_default();
            let new = rows.iter().filter(|row| seen.insert(**row));
            offers.extend(new.map_while(|row| self.offer(demand, *row, None, Some(*transfer))));
        }
        offers.list
    }

    fn skip_empty(&mut self, place: Place) {
        let (on_hand, inbound) = (&self.on_hand, &self.inbound);
        if let Some(rows) = self.shelves.get_mut(&place) {
            rows.skip_empty(|row| on_hand.get(*row as usize).is_none_or(|left| *left == 0));
        }
        if let Some(coming) = self.coming.get_mut(&place) {
            let left = |(row, place): &(u32, u32)| inbound.get(*row as usize)?.get(*place as usize).copied();
            coming.skip_empty(|source| left(source).is_none_or(|left| left == 0));
        }
    }

    /// What is left of one source: `Some(None)` when nothing is, or not before it expires; `None` when no more sources may
    /// be looked at.
    fn offer(
        &self,
        demand: u32,
        supply: u32,
        inbound: Option<u32>,
        transfer: Option<u32>,
    ) -> Option<Option<Allocation>> {
        self.work_left.set(self.work_left.get().checked_sub(1)?);
        Some(self.what_is_left(demand, supply, inbound, transfer))
    }

    fn what_is_left(
        &self,
        demand: u32,
        supply: u32,
        inbound: Option<u32>,
        transfer: Option<u32>,
    ) -> Option<Allocation> {
        let quantity = match inbound {
            Some(place) => self.inbound.get(supply as usize)?.get(place as usize).copied()?,
            None => self.on_hand.get(supply as usize).copied()?,
        };
        let source = match (inbound, transfer) {
            (Some(_), _) => SupplySource::Inbound,
            (None, Some(_)) => SupplySource::Transfer,
            (None, None) => SupplySource::OnHand,
        };
        let release_at = self.case.now;
        let mut offer = Allocation {
            demand,
            supply,
            source,
            inbound,
            transfer,
            quantity,
            release_at,
        };
        offer.release_at = self.case.earliest_release(&offer)?;
        let expires_at = self.case.request.supply.get(supply as usize)?.expires_at;
        let in_time = inbound.is_some() || expires_at.is_none_or(|expires_at| offer.release_at < expires_at);
        (quantity > 0 && in_time).then_some(offer)
    }

    /// Takes an allocation's units.
    pub fn take(&mut self, allocation: &Allocation) {
        let row = allocation.supply as usize;
        let left = match allocation.inbound {
            Some(place) => self
                .inbound
                .get_mut(row)
                .and_then(|places| places.get_mut(place as usize)),
            None => self.on_hand.get_mut(row),
        };
        if let Some(left) = left {
            *left = left.saturating_sub(allocation.quantity);
        }
    }
}

fn transfers_by_receiver(case: &AllocationCase) -> HashMap<u32, Vec<u32>> {
    let mut transfers: HashMap<u32, Vec<u32>> = HashMap::new();
    for (row, transfer) in (0u32..).zip(&case.transfers) {
        transfers.entry(transfer.to).or_default().push(row);
    }
    let cost = |row: &u32| {
        let transfer = case.request.transfers.get(*row as usize);
        (
            transfer.map(|transfer| (transfer.unit_cost_minor, transfer.days)),
            *row,
        )
    };
    transfers.values_mut().for_each(|rows| rows.sort_by_key(cost));
    transfers
}

/// Offers until there are enough.
struct Offers {
    list: Vec<Allocation>,
    units: u64,
    wanted: u64,
}

impl Offers {
    fn enough(&self) -> bool {
        self.units >= self.wanted
    }

    fn extend(&mut self, offers: impl Iterator<Item = Option<Allocation>>) {
        if self.enough() {
            return;
        }
        for offer in offers.flatten() {
            self.units = self.units.saturating_add(u64::from(offer.quantity));
            self.list.push(offer);
            if self.enough() {
                return;
            }
        }
    }
}
