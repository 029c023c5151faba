//! Where a demand's units can come from.

use std::collections::HashMap;

use crate::allocation::case::AllocationCase;
use crate::allocation::decision::{Allocation, SupplySource};
use crate::time::Timestamp;
use crate::validate::row_number;

/// What supply rows have left, found by SKU and node.
pub(super) struct Sources<'c> {
    case: &'c AllocationCase,
    /// Supply rows by SKU.
    by_sku: HashMap<u32, Vec<u32>>,
    /// Supply rows by SKU and node.
    by_node: HashMap<(u32, u32), Vec<u32>>,
    /// Transfers by the node that receives, cheapest first.
    transfers: HashMap<u32, Vec<u32>>,
    /// Units on hand left, by supply row.
    on_hand: Vec<u32>,
    /// Inbound units left, by supply row and place.
    inbound: Vec<Vec<u32>>,
}

impl<'c> Sources<'c> {
    pub fn new(case: &'c AllocationCase) -> Self {
        let mut by_sku: HashMap<u32, Vec<u32>> = HashMap::new();
        let mut by_node: HashMap<(u32, u32), Vec<u32>> = HashMap::new();
        for (row, supply) in case.supply.iter().enumerate() {
            by_sku.entry(supply.sku).or_default().push(row_number(row));
            by_node
                .entry((supply.sku, supply.node))
                .or_default()
                .push(row_number(row));
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
        by_sku
            .values_mut()
            .chain(by_node.values_mut())
            .for_each(|rows| rows.sort_by_key(expiry));
        let mut transfers: HashMap<u32, Vec<u32>> = HashMap::new();
        for (row, transfer) in case.transfers.iter().enumerate() {
            transfers.entry(transfer.to).or_default().push(row_number(row));
        }
        let cost = |row: &u32| {
            let transfer = case.request.transfers.get(*row as usize);
            (
                transfer.map(|transfer| (transfer.unit_cost_minor, transfer.days)),
                *row,
            )
        };
        transfers.values_mut().for_each(|rows| rows.sort_by_key(cost));
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
            by_sku,
            by_node,
            transfers,
            on_hand: case.supply.iter().map(|supply| supply.free).collect(),
            inbound: inbound.collect(),
        }
    }

    /// What could be given to the demand, in the order in which it should be taken.
    pub fn offers(&self, demand: u32) -> Vec<Allocation> {
        let Some(wanted) = self.case.demand.get(demand as usize) else {
            return Vec::new();
        };
        let rows = match wanted.node {
            Some(node) => self.by_node.get(&(wanted.sku, node)),
            None => self.by_sku.get(&wanted.sku),
        };
        let rows = rows.map(Vec::as_slice).unwrap_or_default();
        let mut offers: Vec<Allocation> = rows
            .iter()
            .filter_map(|row| self.offer(demand, *row, None, None))
            .collect();
        let mut coming: Vec<Allocation> = Vec::new();
        for row in rows {
            let places = self.inbound.get(*row as usize).map_or(0, Vec::len);
            coming.extend(
                (0..row_number(places)).filter_map(|place| self.offer(demand, *row, Some(place), None)),
            );
        }
        coming.sort_by_key(|offer| offer.release_at);
        offers.extend(coming);
        for transfer in wanted
            .node
            .and_then(|node| self.transfers.get(&node))
            .into_iter()
            .flatten()
        {
            let from = self
                .case
                .transfers
                .get(*transfer as usize)
                .map(|transfer| transfer.from);
            let rows = from
                .and_then(|from| self.by_node.get(&(wanted.sku, from)))
                .into_iter()
                .flatten();
            for offer in rows.filter_map(|row| self.offer(demand, *row, None, Some(*transfer))) {
                // Two transfers between the same nodes offer the same units; the cheaper one has them.
                if !offers
                    .iter()
                    .any(|known| known.supply == offer.supply && known.inbound.is_none())
                {
                    offers.push(offer);
                }
            }
        }
        offers
    }

    /// What is left of one source, if it can be there before it expires.
    fn offer(
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
        let mut offer = Allocation {
            demand,
            supply,
            source,
            inbound,
            transfer,
            quantity,
            release_at: self.case.now,
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
