//! What channel rules leave: reserves and caps, per SKU.

use signalbox_plugin::allocation::{AllocationRequest, Supply};
use signalbox_plugin::contract::Word;

const FULL_BP: u64 = 10_000;

/// What the rules are applied to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pool {
    /// What is free on hand.
    OnHand,
    /// That, and what is on its way.
    Total,
}

/// Reserves and caps of every SKU, and what has been taken of them.
#[derive(Debug)]
pub(crate) struct Limits {
    rules: Vec<Rule>,
    on_hand: Shares,
    total: Shares,
}

#[derive(Clone, Copy, Debug)]
struct Rule {
    channel: Word,
    reserve_quantity: u64,
    reserve_bp: u64,
    max_bp: Option<u64>,
}

/// One pool: per SKU, and per SKU and rule.
#[derive(Debug, Default)]
struct Shares {
    supply: Vec<u64>,
    given: Vec<u64>,
    reserve: Vec<u64>,
    taken: Vec<u64>,
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
        let (on_hand, total) = supply_by_sku(request, now_ms);
        Limits {
            on_hand: Shares::new(&rules, on_hand),
            total: Shares::new(&rules, total),
            rules,
        }
    }

    /// How many more pieces of `sku` the channel may take from `pool`.
    pub fn room(&self, pool: Pool, sku: u32, channel: Word) -> u64 {
        let of_reserve = self.reserve_room(pool, sku, channel);
        self.cap_room(pool, sku, channel)
            .map_or(of_reserve, |of_cap| of_cap.min(of_reserve))
    }

    /// Which of the two rules leaves less.
    pub fn bound(&self, pool: Pool, sku: u32, channel: Word) -> Bound {
        match self.cap_room(pool, sku, channel) {
            Some(of_cap) if of_cap <= self.reserve_room(pool, sku, channel) => Bound::Cap,
            _ => Bound::Reserve,
        }
    }

    /// Books `quantity` pieces that a channel takes (or, `back`, returns).
    pub fn take(&mut self, pool: Pool, sku: u32, channel: Word, quantity: u32, back: bool) {
        let rule = self.rules.iter().position(|rule| rule.channel == channel);
        let cell = rule.map(|rule| self.cell(sku, rule));
        let shares = match pool {
            Pool::OnHand => &mut self.on_hand,
            Pool::Total => &mut self.total,
        };
        let given = shares.given.get_mut(sku as usize);
        let taken = cell.and_then(|cell| shares.taken.get_mut(cell));
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

    fn reserve_room(&self, pool: Pool, sku: u32, channel: Word) -> u64 {
        let shares = self.shares(pool);
        let rules = self.rules.iter().enumerate();
        let kept: u64 = rules
            .filter(|(_, rule)| rule.channel != channel)
            .map(|(at, _)| {
                let cell = self.cell(sku, at);
                at_or_0(&shares.reserve, cell).saturating_sub(at_or_0(&shares.taken, cell))
            })
            .sum();
        let left = at_or_0(&shares.supply, sku as usize).saturating_sub(at_or_0(&shares.given, sku as usize));
        left.saturating_sub(kept)
    }

    fn cap_room(&self, pool: Pool, sku: u32, channel: Word) -> Option<u64> {
        let shares = self.shares(pool);
        let (at, rule) = self
            .rules
            .iter()
            .enumerate()
            .find(|(_, rule)| rule.channel == channel)?;
        let cap = at_or_0(&shares.supply, sku as usize).saturating_mul(rule.max_bp?) / FULL_BP;
        Some(cap.saturating_sub(at_or_0(&shares.taken, self.cell(sku, at))))
    }

    fn shares(&self, pool: Pool) -> &Shares {
        match pool {
            Pool::OnHand => &self.on_hand,
            Pool::Total => &self.total,
        }
    }

    fn cell(&self, sku: u32, rule: usize) -> usize {
        sku as usize * self.rules.len() + rule
    }
}

impl Shares {
    fn new(rules: &[Rule], supply: Vec<u64>) -> Shares {
        let mut reserve = Vec::with_capacity(supply.len() * rules.len());
        for supply in &supply {
            let asked = |rule: &Rule| {
                rule.reserve_quantity
                    .max(supply.saturating_mul(rule.reserve_bp) / FULL_BP)
            };
            let all: u64 = rules.iter().map(asked).sum();
            reserve.extend(rules.iter().map(|rule| {
                let asked = asked(rule);
                if all <= *supply {
                    asked
                } else {
                    proportion(asked, *supply, all)
                }
            }));
        }
        Shares {
            given: vec![0; supply.len()],
            taken: vec![0; reserve.len()],
            supply,
            reserve,
        }
    }
}

/// Pieces of every SKU: free on hand, and in all. Expired rows have none. This is what the rules are applied to, whatever
/// part of it the policy may use.
fn supply_by_sku(request: &AllocationRequest<'_>, now_ms: i64) -> (Vec<u64>, Vec<u64>) {
    let skus = request.skus() as usize;
    let (mut on_hand, mut total) = (vec![0u64; skus], vec![0u64; skus]);
    let add = |counts: &mut Vec<u64>, sku: u32, pieces: u32| {
        if let Some(count) = counts.get_mut(sku as usize) {
            *count = count.saturating_add(u64::from(pieces));
        }
    };
    let live = |row: &Supply<'_>| row.expires_at().is_none_or(|end| end > now_ms);
    for row in request.supply().iter().filter(live) {
        add(&mut on_hand, row.sku(), free(&row));
        add(&mut total, row.sku(), free(&row));
    }
    for row in request.inbound().iter() {
        let supply = request.supply_row(row.supply());
        if live(&supply) {
            add(&mut total, supply.sku(), row.quantity());
        }
    }
    (on_hand, total)
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
        assert_eq!(limits.room(Pool::OnHand, 0, WEB), 10);
        assert_eq!(limits.room(Pool::OnHand, 0, OTHER), 6);
        limits.take(Pool::OnHand, 0, WEB, 4, false);
        assert_eq!(limits.room(Pool::OnHand, 0, OTHER), 6);
        limits.take(Pool::OnHand, 0, OTHER, 6, false);
        assert_eq!(limits.room(Pool::OnHand, 0, WEB), 0);
        limits.take(Pool::OnHand, 0, OTHER, 6, true);
        assert_eq!(limits.room(Pool::OnHand, 0, WEB), 6);
    }

    #[test]
    fn a_cap_is_a_share_of_the_supply_rounded_down() {
        let mut limits = limits(vec![rule(STORE, 0, 0, Some(3_500))], 10);
        assert_eq!(limits.room(Pool::Total, 0, STORE), 3);
        limits.take(Pool::Total, 0, STORE, 3, false);
        assert_eq!(limits.room(Pool::Total, 0, STORE), 0);
        assert_eq!(limits.bound(Pool::Total, 0, STORE), Bound::Cap);
        assert_eq!(limits.room(Pool::Total, 0, OTHER), 7);
    }

    #[test]
    fn reserves_beyond_the_supply_are_cut_back_in_proportion() {
        let limits = limits(vec![rule(WEB, 9, 0, None), rule(STORE, 3, 0, None)], 6);
        // 9 : 3 of 6 pieces is 4 : 1, rounded down; one piece is free for whoever asks.
        assert_eq!(limits.room(Pool::OnHand, 0, WEB), 5);
        assert_eq!(limits.room(Pool::OnHand, 0, STORE), 2);
        assert_eq!(limits.room(Pool::OnHand, 0, OTHER), 1);
        assert_eq!(limits.bound(Pool::OnHand, 0, OTHER), Bound::Reserve);
    }
}
