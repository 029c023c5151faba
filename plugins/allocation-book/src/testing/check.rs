//! The host's invariants of an allocation decision.

use proptest::prelude::*;
use proptest::test_runner::TestCaseError;
use signalbox_plugin::About;
use signalbox_plugin::allocation::{AllocationRow, AllocationRows, DemandRow, Source, SupplyRow};
use signalbox_plugin::contract::Word;
use signalbox_plugin::testing::DecidedAllocation;

use super::requests::NOW_MS;

const DAY_MS: i64 = 86_400_000;

type Checked = Result<(), TestCaseError>;

/// Checks every invariant that the host checks of an allocation decision, and that the decision uses only codes that
/// `about` declares.
///
/// # Errors
/// The invariant that is broken.
pub fn check(rows: &AllocationRows, about: &About, decided: &DecidedAllocation) -> Checked {
    let case = Case { rows, decided };
    for allocation in &decided.allocations {
        case.reaches_its_demand(allocation)?;
    }
    case.supply_is_not_exceeded()?;
    case.demand_adds_up()?;
    case.packs_and_minimums_hold()?;
    case.channel_rules_hold()?;
    case.locked_is_kept()?;
    case.atp_is_there()?;
    let summary = &decided.decided.summary;
    prop_assert!(summary.confidence_bp <= 10_000);
    let declared = |code: Word| about.reasons.iter().any(|reason| reason.word() == code);
    prop_assert!(decided.decided.reasons.iter().all(|reason| declared(reason.code)));
    let words = |word: Word| about.words.iter().any(|named| *named == word);
    prop_assert!(
        decided.shortages.iter().all(|row| words(row.reason)),
        "an undeclared reason"
    );
    Ok(())
}

struct Case<'a> {
    rows: &'a AllocationRows,
    decided: &'a DecidedAllocation,
}

fn free(row: &SupplyRow) -> u64 {
    let expired = row.expires_at.is_some_and(|end| end <= NOW_MS);
    let kept = u64::from(row.reserved) + u64::from(row.safety_stock) + u64::from(row.quarantined);
    if expired {
        0
    } else {
        u64::from(row.on_hand).saturating_sub(kept)
    }
}

impl Case<'_> {
    fn demand(&self, row: u32) -> &DemandRow {
        &self.rows.demand[row as usize]
    }

    fn supply(&self, row: u32) -> &SupplyRow {
        &self.rows.supply[row as usize]
    }

    fn given(&self, which: impl Fn(&AllocationRow) -> bool) -> u64 {
        let rows = self.decided.allocations.iter().filter(|row| which(row));
        rows.map(|row| u64::from(row.quantity)).sum()
    }

    fn reaches_its_demand(&self, row: &AllocationRow) -> Checked {
        prop_assert!(row.quantity > 0);
        let (demand, supply) = (self.demand(row.demand), self.supply(row.supply));
        prop_assert_eq!(demand.sku, supply.sku);
        let (mut release, elsewhere) = (NOW_MS, demand.node.is_some_and(|node| node != supply.node));
        if let Some(inbound) = row.inbound {
            let inbound = &self.rows.inbound[inbound as usize];
            prop_assert_eq!(inbound.supply, row.supply);
            release = release.max(inbound.eta);
        }
        if let Some(transfer) = row.transfer {
            let transfer = &self.rows.transfers[transfer as usize];
            prop_assert_eq!(
                (transfer.from_node, Some(transfer.to_node)),
                (supply.node, demand.node)
            );
            release += i64::from(transfer.days) * DAY_MS;
        }
        prop_assert!(!elsewhere || row.transfer.is_some(), "pieces cannot get there");
        let expected = match (row.inbound, elsewhere) {
            (Some(_), _) => Source::Inbound,
            (None, true) => Source::Transfer,
            (None, false) => Source::OnHand,
        };
        prop_assert_eq!(row.source, expected);
        prop_assert!(
            row.release_at.is_some_and(|at| at >= release),
            "released before it is there"
        );
        let expired = row.inbound.is_none() && supply.expires_at.is_some_and(|end| end <= release);
        prop_assert!(!expired, "given after expiry");
        Ok(())
    }

    fn supply_is_not_exceeded(&self) -> Checked {
        for (at, supply) in self.rows.supply.iter().enumerate() {
            let at = at as u32;
            let on_hand = self.given(|row| row.supply == at && row.inbound.is_none());
            prop_assert!(on_hand <= free(supply), "supply {} gives more than is free", at);
            let coming = self.rows.inbound.iter().filter(|row| row.supply == at);
            let all = u64::from(supply.on_hand) + coming.map(|row| u64::from(row.quantity)).sum::<u64>();
            let kept =
                u64::from(supply.reserved) + u64::from(supply.safety_stock) + u64::from(supply.quarantined);
            let given = self.given(|row| row.supply == at);
            prop_assert!(
                given <= all.saturating_sub(kept),
                "supply {} gives more than there will be",
                at
            );
        }
        for (at, inbound) in self.rows.inbound.iter().enumerate() {
            let given = self.given(|row| row.inbound == Some(at as u32));
            prop_assert!(
                given <= u64::from(inbound.quantity),
                "inbound {} gives more than comes",
                at
            );
        }
        Ok(())
    }

    fn demand_adds_up(&self) -> Checked {
        for (at, demand) in self.rows.demand.iter().enumerate() {
            let at = at as u32;
            let given = self.given(|row| row.demand == at);
            let mut shortages = self.decided.shortages.iter().filter(|row| row.demand == at);
            let short = shortages.next().map_or(0, |row| u64::from(row.quantity));
            prop_assert_eq!(given + short, u64::from(demand.quantity));
            prop_assert!(shortages.next().is_none(), "two shortages of one demand");
        }
        Ok(())
    }

    fn packs_and_minimums_hold(&self) -> Checked {
        let kept = self.kept();
        for (at, demand) in self.rows.demand.iter().enumerate() {
            let at = at as u32;
            let given = self.given(|row| row.demand == at);
            let of_demand = kept.iter().filter(|((of, _), _)| *of == at);
            let locked: u64 = of_demand.map(|(_, pieces)| pieces).sum();
            let pack = u64::from(demand.pack_size.max(1));
            prop_assert!((given - locked).is_multiple_of(pack), "broken packs");
            let enough = given >= u64::from(demand.min_quantity) || given == locked;
            prop_assert!(enough, "demand {} gets less than is of use", at);
        }
        Ok(())
    }

    /// Pieces that have to be given again, by (demand, node): the locked ones as far as they are free on hand and keep until
    /// they are there; earlier rows of `existing` first.
    fn kept(&self) -> Vec<((u32, u32), u64)> {
        let mut free_left: Vec<u64> = self.rows.supply.iter().map(free).collect();
        let mut open: Vec<u64> = self
            .rows
            .demand
            .iter()
            .map(|row| u64::from(row.quantity))
            .collect();
        let mut kept = Vec::new();
        for row in self.rows.existing.iter().filter(|row| row.locked) {
            let demand = self.demand(row.demand);
            let mut ways = self.rows.transfers.iter();
            let days = match demand.node {
                Some(node) if node != row.node => {
                    let way = ways.find(|way| way.from_node == row.node && way.to_node == node);
                    way.map(|way| way.days)
                }
                _ => Some(0),
            };
            let Some(days) = days else { continue };
            let release = NOW_MS + i64::from(days) * DAY_MS;
            let mut wanted = u64::from(row.quantity);
            for (supply, left) in self.rows.supply.iter().zip(&mut free_left) {
                let fits = supply.node == row.node && supply.sku == demand.sku;
                if fits && supply.expires_at.is_none_or(|end| release < end) {
                    let taken = wanted.min(*left).min(open[row.demand as usize]);
                    (wanted, *left) = (wanted - taken, *left - taken);
                    open[row.demand as usize] -= taken;
                    kept.push(((row.demand, row.node), taken));
                }
            }
        }
        kept
    }

    fn channel_rules_hold(&self) -> Checked {
        let kept = self.kept();
        for sku in self.rows.demand.iter().map(|row| row.sku) {
            let rows = self.rows.supply.iter().filter(|row| row.sku == sku);
            let coming = self
                .rows
                .inbound
                .iter()
                .filter(|row| self.supply(row.supply).sku == sku);
            let supply: u64 =
                rows.map(free).sum::<u64>() + coming.map(|row| u64::from(row.quantity)).sum::<u64>();
            let of = |demand: u32, channel: Word| {
                self.demand(demand).sku == sku && self.demand(demand).channel == channel
            };
            let mut channels: Vec<Word> = self.rows.channel_rules.iter().map(|rule| rule.channel).collect();
            channels.extend(self.rows.demand.iter().map(|row| row.channel));
            channels.sort();
            channels.dedup();
            let (mut taken, mut taken_locked) = (0, 0);
            for channel in channels {
                let given = self.given(|row| of(row.demand, channel));
                let locked = kept
                    .iter()
                    .filter(|((demand, _), _)| of(*demand, channel))
                    .map(|(_, pieces)| pieces)
                    .sum();
                let rule = self
                    .rows
                    .channel_rules
                    .iter()
                    .find(|rule| rule.channel == channel);
                let share = |bp: u32| supply * u64::from(bp) / 10_000;
                if let Some(max_bp) = rule.and_then(|rule| rule.max_bp) {
                    prop_assert!(
                        given <= share(max_bp).max(locked),
                        "a channel takes more than its cap"
                    );
                }
                let reserve = rule.map_or(0, |rule| share(rule.reserve_bp).max(rule.reserve_quantity.into()));
                taken += reserve.max(given);
                taken_locked += reserve.max(locked);
            }
            prop_assert!(taken <= supply.max(taken_locked), "a channel's reserve is gone");
        }
        Ok(())
    }

    fn locked_is_kept(&self) -> Checked {
        let kept = self.kept();
        for ((demand, node), _) in &kept {
            let same = kept.iter().filter(|(key, _)| key == &(*demand, *node));
            let must: u64 = same.map(|(_, pieces)| pieces).sum();
            let given = self.given(|row| {
                row.demand == *demand && row.inbound.is_none() && self.supply(row.supply).node == *node
            });
            prop_assert!(given >= must, "locked pieces are not given again");
        }
        Ok(())
    }

    fn atp_is_there(&self) -> Checked {
        let mut seen = Vec::new();
        for row in &self.decided.atp {
            let place = (row.channel, row.node, row.sku);
            prop_assert!(!seen.contains(&place), "a place is stated twice for one channel");
            seen.push(place);
            let here = |supply: &SupplyRow| supply.node == row.node && supply.sku == row.sku;
            let free: u64 = self
                .rows
                .supply
                .iter()
                .filter(|supply| here(supply))
                .map(free)
                .sum();
            let given = self.given(|row| row.inbound.is_none() && here(self.supply(row.supply)));
            prop_assert!(
                row.quantity > 0 && given + u64::from(row.quantity) <= free,
                "promised twice"
            );
        }
        Ok(())
    }
}
