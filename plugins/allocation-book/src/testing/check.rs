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

    fn locked(&self, which: impl Fn(u32, u32) -> bool) -> u64 {
        let rows = self.rows.existing.iter();
        rows.filter(|row| row.locked && which(row.demand, row.node))
            .map(|row| u64::from(row.quantity))
            .sum()
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
        let locked = self.locked(|of, node| of == row.demand && node == supply.node) > 0;
        prop_assert!(
            !elsewhere || row.transfer.is_some() || locked,
            "pieces cannot get there"
        );
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
        prop_assert!(
            locked || supply.expires_at.is_none_or(|end| release < end),
            "given after expiry"
        );
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
        for (at, demand) in self.rows.demand.iter().enumerate() {
            let at = at as u32;
            let given = self.given(|row| row.demand == at);
            let locked = self.locked(|of, _| of == at);
            if locked == 0 {
                prop_assert!(
                    given.is_multiple_of(demand.pack_size.max(1).into()),
                    "broken packs"
                );
            }
            let enough = given == 0 || given >= u64::from(demand.min_quantity) || given <= locked;
            prop_assert!(enough, "demand {} gets less than is of use", at);
        }
        Ok(())
    }

    /// For SKUs without locked allocations, which are kept whatever the rules say.
    fn channel_rules_hold(&self) -> Checked {
        let skus = self.rows.demand.iter().map(|row| row.sku);
        for sku in skus.filter(|sku| self.locked(|of, _| self.demand(of).sku == *sku) == 0) {
            for with_inbound in [false, true] {
                self.rules_hold_for(sku, with_inbound)?;
            }
        }
        Ok(())
    }

    fn rules_hold_for(&self, sku: u32, with_inbound: bool) -> Checked {
        let rows = self
            .rows
            .supply
            .iter()
            .enumerate()
            .filter(|(_, row)| row.sku == sku);
        let supply: u64 = rows
            .map(|(at, row)| {
                let coming = self
                    .rows
                    .inbound
                    .iter()
                    .filter(|inbound| inbound.supply == at as u32);
                let coming: u64 = coming.map(|inbound| u64::from(inbound.quantity)).sum();
                free(row) + if with_inbound { coming } else { 0 }
            })
            .sum();
        let of_sku = |row: &AllocationRow| self.demand(row.demand).sku == sku;
        let counted = |row: &AllocationRow| of_sku(row) && (with_inbound || row.inbound.is_none());
        let taken =
            |channel: Word| self.given(|row| counted(row) && self.demand(row.demand).channel == channel);
        let rules = &self.rows.channel_rules;
        let asked: Vec<u64> = rules
            .iter()
            .map(|rule| u64::from(rule.reserve_quantity).max(supply * u64::from(rule.reserve_bp) / 10_000))
            .collect();
        let all_asked: u64 = asked.iter().sum();
        let mut unused = 0;
        for (rule, asked) in rules.iter().zip(asked) {
            let taken = taken(rule.channel);
            if let Some(max_bp) = rule.max_bp {
                prop_assert!(
                    taken <= supply * u64::from(max_bp) / 10_000,
                    "a channel takes more than its cap"
                );
            }
            let reserve = if all_asked > supply {
                asked * supply / all_asked
            } else {
                asked
            };
            unused += reserve.saturating_sub(taken);
        }
        prop_assert!(
            self.given(counted) + unused <= supply,
            "a channel's reserve is gone"
        );
        Ok(())
    }

    fn locked_is_kept(&self) -> Checked {
        for node in self.rows.supply.iter().map(|row| row.node) {
            for sku in self
                .rows
                .supply
                .iter()
                .filter(|row| row.node == node)
                .map(|row| row.sku)
            {
                let here = |supply: u32| self.supply(supply).node == node && self.supply(supply).sku == sku;
                let there: u64 = (0..self.rows.supply.len() as u32)
                    .filter(|row| here(*row))
                    .map(|row| free(self.supply(row)))
                    .sum();
                let (mut kept, mut locked) = (0, 0);
                for demand in (0..self.rows.demand.len() as u32).filter(|row| self.demand(*row).sku == sku) {
                    let of_demand = self.locked(|of, at| of == demand && at == node);
                    let given = self.given(|row| row.demand == demand && here(row.supply));
                    locked += of_demand;
                    kept += of_demand.min(given);
                }
                prop_assert!(kept >= locked.min(there), "locked pieces are given to others");
            }
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
