//! How many pieces each supply row and each inbound row still has.

use signalbox_plugin::allocation::AllocationRequest;

use crate::limits::free;
use crate::places::Places;
use crate::sources::Source;
use crate::terms::SupplyTerms;

/// Pieces left, by row.
#[derive(Debug)]
pub(crate) struct Stock {
    on_hand: Vec<u32>,
    inbound: Vec<u32>,
}

impl Stock {
    /// What is free: on hand less reserved, safety and quarantined pieces, and what is on its way as far as it does not have
    /// to make up for pieces that are promised or must stay but are not there. Of expired rows only what is on its way.
    pub fn new(request: &AllocationRequest<'_>, places: &Places, now_ms: i64) -> Stock {
        let mut inbound: Vec<u32> = request.inbound().iter().map(|row| row.quantity()).collect();
        let on_hand = request.supply().iter().map(|row| {
            let expired = row.expires_at().is_some_and(|end| end <= now_ms);
            let kept =
                u64::from(row.reserved()) + u64::from(row.safety_stock()) + u64::from(row.quarantined());
            let mut missing = kept.saturating_sub(u64::from(row.on_hand()));
            for arriving in places.inbound_to(request, row.index()) {
                if let Some(left) = inbound.get_mut(*arriving as usize) {
                    let gone = missing.min(u64::from(*left));
                    missing = missing.saturating_sub(gone);
                    *left = left.saturating_sub(u32::try_from(gone).unwrap_or(u32::MAX));
                }
            }
            if expired { 0 } else { free(&row) }
        });
        let on_hand = on_hand.collect();
        Stock { on_hand, inbound }
    }

    /// Takes away what the terms do not allow to be used: counts and arrivals that are trusted too little, and arrivals
    /// beyond the horizon.
    pub fn restrict(&mut self, request: &AllocationRequest<'_>, terms: &SupplyTerms, now_ms: i64) {
        for (row, left) in request.supply().iter().zip(&mut self.on_hand) {
            if row.confidence_bp().unwrap_or(10_000) < terms.on_hand_confidence_min_bp {
                *left = 0;
            }
        }
        let horizon = terms.horizon(now_ms);
        for (row, left) in request.inbound().iter().zip(&mut self.inbound) {
            let trusted = row.confidence_bp().unwrap_or(10_000) >= terms.inbound_confidence_min_bp;
            if !trusted || row.eta() > horizon {
                *left = 0;
            }
        }
    }

    /// Pieces on hand at a supply row.
    pub fn on_hand(&self, supply: u32) -> u32 {
        self.on_hand.get(supply as usize).copied().unwrap_or(0)
    }

    /// Pieces of an inbound row.
    pub fn inbound(&self, inbound: u32) -> u32 {
        self.inbound.get(inbound as usize).copied().unwrap_or(0)
    }

    /// Pieces that a source still has.
    pub fn left(&self, source: &Source) -> u32 {
        match source.inbound {
            Some(inbound) => self.inbound(inbound),
            None => self.on_hand(source.supply),
        }
    }

    /// Changes what a row has left; `inbound` names the inbound row, else the supply row's pieces on hand are meant.
    pub fn change(&mut self, supply: u32, inbound: Option<u32>, change: impl Fn(u32) -> u32) {
        let left = match inbound {
            Some(inbound) => self.inbound.get_mut(inbound as usize),
            None => self.on_hand.get_mut(supply as usize),
        };
        if let Some(left) = left {
            *left = change(*left);
        }
    }
}
