//! What channel rules leave: reserves and caps, per SKU.

use signalbox_plugin::allocation::{AllocationRequest, Supply};
use signalbox_plugin::contract::Word;

const FULL_BP: u64 = 10_000;

/// Reserves and caps of every SKU, and what has been taken of them.
#[derive(Debug)]
pub(crate) struct Limits {
    rules: Vec<Rule>,
    /// By SKU.
    supply: Vec<u64>,
    given: Vec<u64>,
    /// By SKU and rule.
    reserve: Vec<u64>,
    taken: Vec<u64>,
}

#[derive(Clone, Copy, Debug)]
struct Rule {
    channel: Word,
    reserve_quantity: u64,
    reserve_bp: u64,
    max_bp: Option<u64>,
}

/// Why no more can be given to a channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Bound {
    /// Its cap.
    Cap,
    /// What is kept for other channels.
    Reserve,
}

impl Limits {
    /// The limits for the supply of every SKU.
    pub fn new(request: &AllocationRequest<'_>, now_ms: i64) -> Limits {
        let rules: Vec<Rule> = request
            .channel_rules()
            .iter()
            .map(|rule| Rule {
                channel: rule.channel(),
                reserve_quantity: rule.reserve_quantity().into(),
                reserve_bp: u64::from(rule.reserve_bp()).min(FULL_BP),
                max_bp: rule.max_bp().map(|share| u64::from(share).min(FULL_BP)),
            })
            .collect();
        let supply = supply_by_sku(request, now_ms);
        let reserve: Vec<u64> = supply
            .iter()
            .flat_map(|supply| reserves(&rules, *supply))
            .collect();
        Limits {
            given: vec![0; supply.len()],
            taken: vec![0; reserve.len()],
            rules,
            supply,
            reserve,
        }
    }

    /// How many more pieces of `sku` the channel may take.
    pub fn room(&self, sku: u32, channel: Word) -> u64 {
        let of_reserve = self.reserve_room(sku, channel);
        self.cap_room(sku, channel)
            .map_or(of_reserve, |of_cap| of_cap.min(of_reserve))
    }

    /// Which of the two rules leaves less.
    pub fn bound(&self, sku: u32, channel: Word) -> Bound {
        match self.cap_room(sku, channel) {
            Some(of_cap) if of_cap <= self.reserve_room(sku, channel) => Bound::Cap,
            _ => Bound::Reserve,
        }
    }

    /// Books `quantity` pieces that a channel takes (or, `back`, returns).
    pub fn take(&mut self, sku: u32, channel: Word, quantity: u32, back: bool) {
        let rule = self.rules.iter().position(|rule| rule.channel == channel);
        let cell = rule.map(|rule| self.cell(sku, rule));
        let given = self.given.get_mut(sku as usize);
        let taken = cell.and_then(|cell| self.taken.get_mut(cell));
        for count in given.into_iter().chain(taken) {
            let quantity = u64::from(quantity);
            *count = if back {
                count.saturating_sub(quantity)
            } else {
                count.saturating_add(quantity)
            };
        }
    }

    /// The channels that have rules.
    pub fn channels(&self) -> impl Iterator<Item = Word> {
        self.rules.iter().map(|rule| rule.channel)
    }

    fn reserve_room(&self, sku: u32, channel: Word) -> u64 {
        let rules = self.rules.iter().enumerate();
        let kept: u64 = rules
            .filter(|(_, rule)| rule.channel != channel)
            .map(|(at, _)| {
                let cell = self.cell(sku, at);
                at_or_0(&self.reserve, cell).saturating_sub(at_or_0(&self.taken, cell))
            })
            .sum();
        let given = at_or_0(&self.given, sku as usize);
        let left = at_or_0(&self.supply, sku as usize).saturating_sub(given);
        left.saturating_sub(kept)
    }

    fn cap_room(&self, sku: u32, channel: Word) -> Option<u64> {
        let mut rules = self.rules.iter().enumerate();
        let (at, rule) = rules.find(|(_, rule)| rule.channel == channel)?;
        let cap = at_or_0(&self.supply, sku as usize).saturating_mul(rule.max_bp?) / FULL_BP;
        Some(cap.saturating_sub(at_or_0(&self.taken, self.cell(sku, at))))
    }

    fn cell(&self, sku: u32, rule: usize) -> usize {
        sku as usize * self.rules.len() + rule
    }
}

/// What is kept for each rule's channel out of `supply`. Where all together exceed it, each is cut back in proportion; the
/// pieces that rounding leaves go to the first rules, so that nothing of such a SKU is free for other channels.
fn reserves(rules: &[Rule], supply: u64) -> Vec<u64> {
    let asked = |rule: &Rule| {
        rule.reserve_quantity
            .max(supply.saturating_mul(rule.reserve_bp) / FULL_BP)
    };
    let all: u64 = rules.iter().map(asked).sum();
    if all <= supply {
        return rules.iter().map(asked).collect();
    }
    let mut cut: Vec<u64> = rules
        .iter()
        .map(|rule| proportion(asked(rule), supply, all))
        .collect();
    let mut left = supply.saturating_sub(cut.iter().sum());
    for (cut, rule) in cut.iter_mut().zip(rules) {
        let more = left.min(1).min(asked(rule).saturating_sub(*cut));
        *cut = cut.saturating_add(more);
        left = left.saturating_sub(more);
    }
    cut
}

/// Pieces of every SKU that the rules are applied to, whatever part of them the policy may use: free on hand, as far as not
/// expired, and on their way.
fn supply_by_sku(request: &AllocationRequest<'_>, now_ms: i64) -> Vec<u64> {
    let mut supply = vec![0u64; request.skus() as usize];
    let mut add = |sku: u32, pieces: u32| {
        if let Some(count) = supply.get_mut(sku as usize) {
            *count = count.saturating_add(u64::from(pieces));
        }
    };
    for row in request.supply().iter() {
        if row.expires_at().is_none_or(|end| end > now_ms) {
            add(row.sku(), free(&row));
        }
    }
    for row in request.inbound().iter() {
        add(request.supply_row(row.supply()).sku(), row.quantity());
    }
    supply
}

/// Pieces on hand that may be given away: less reserved, safety and quarantined ones.
pub(crate) fn free(row: &Supply<'_>) -> u32 {
    let kept = [row.reserved(), row.safety_stock(), row.quarantined()];
    kept.into_iter().fold(row.on_hand(), u32::saturating_sub)
}

/// `asked * supply / all`, rounded down; `asked` is at most `all`.
fn proportion(asked: u64, supply: u64, all: u64) -> u64 {
    let exact = u128::from(asked) * u128::from(supply) / u128::from(all.max(1));
    u64::try_from(exact).unwrap_or(supply)
}

fn at_or_0(counts: &[u64], at: usize) -> u64 {
    counts.get(at).copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use signalbox_plugin::allocation::{AllocationRows, ChannelRuleRow, SupplyRow};

    const WEB: Word = Word::of("WEB");
    const STORE: Word = Word::of("STORE");
    const OTHER: Word = Word::of("OTHER");

    fn limits(rules: Vec<ChannelRuleRow>, supply: u32) -> Limits {
        let on_hand = SupplyRow {
            on_hand: supply,
            ..SupplyRow::default()
        };
        let rows = AllocationRows {
            supply: vec![on_hand],
            channel_rules: rules,
            ..AllocationRows::default()
        };
        let message = rows.encode();
        let request = AllocationRequest::parse(&message.narrow, &message.wide).unwrap();
        Limits::new(&request, 0)
    }

    fn rule(channel: Word, reserve_quantity: u32, reserve_bp: u32, max_bp: Option<u32>) -> ChannelRuleRow {
        ChannelRuleRow {
            channel,
            reserve_quantity,
            reserve_bp,
            max_bp,
        }
    }

    #[test]
    fn a_reserve_is_kept_from_others_until_its_channel_takes_it() {
        let mut limits = limits(vec![rule(WEB, 3, 4_000, None)], 10);
        assert_eq!(limits.room(0, WEB), 10);
        assert_eq!(limits.room(0, OTHER), 6);
        limits.take(0, WEB, 4, false);
        assert_eq!(limits.room(0, OTHER), 6);
        limits.take(0, OTHER, 6, false);
        assert_eq!(limits.room(0, WEB), 0);
        limits.take(0, OTHER, 6, true);
        assert_eq!(limits.room(0, WEB), 6);
    }

    #[test]
    fn a_cap_is_a_share_of_the_supply_rounded_down() {
        let mut limits = limits(vec![rule(STORE, 0, 0, Some(3_500))], 10);
        assert_eq!(limits.room(0, STORE), 3);
        limits.take(0, STORE, 3, false);
        assert_eq!(limits.room(0, STORE), 0);
        assert_eq!(limits.bound(0, STORE), Bound::Cap);
        assert_eq!(limits.room(0, OTHER), 7);
    }

    #[test]
    fn reserves_beyond_the_supply_are_cut_back_in_proportion() {
        // 9 : 3 of 6 pieces is 4 : 1, rounded down; the sixth goes to the first rule.
        let limits = limits(vec![rule(WEB, 9, 0, None), rule(STORE, 3, 0, None)], 6);
        assert_eq!(limits.room(0, WEB), 5);
        assert_eq!(limits.room(0, STORE), 1);
        assert_eq!(limits.room(0, OTHER), 0);
        assert_eq!(limits.bound(0, OTHER), Bound::Reserve);
    }
}
