//! Levels of filling: at one level every member of a group should have pieces in proportion to its weight.

/// Steps of a level for one piece of the heaviest member.
const STEPS: u128 = 1 << 12;

/// The scale of one group: a level counts, in [`STEPS`], the pieces that the heaviest member should have.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scale {
    heaviest: u128,
}

impl Scale {
    /// The scale for members of which the heaviest has this weight (more than 0).
    pub fn new(heaviest: u64) -> Scale {
        Scale {
            heaviest: u128::from(heaviest.max(1)) * STEPS,
        }
    }

    /// The pieces that a member should have at a level, rounded down, at most what it asks for.
    pub fn target(&self, level: u128, weight: u64, quantity: u32) -> u32 {
        // A product beyond 128 bits is far beyond any quantity.
        let exact = level
            .checked_mul(u128::from(weight))
            .map(|product| product / self.heaviest);
        exact
            .and_then(|pieces| u32::try_from(pieces).ok())
            .map_or(quantity, |pieces| pieces.min(quantity))
    }

    /// The lowest level at which a member should have all that it asks for.
    pub fn full(&self, weight: u64, quantity: u32) -> u128 {
        (u128::from(quantity) * self.heaviest).div_ceil(u128::from(weight.max(1)))
    }

    /// How far a member is behind its share at a level, in millionths of a pack; by this the last packs go.
    pub fn remainder(&self, level: u128, weight: u64, given: u32, pack: u32) -> u128 {
        let share = level.saturating_mul(u128::from(weight));
        let behind = share.saturating_sub(u128::from(given) * self.heaviest);
        behind.saturating_mul(1_000_000) / (u128::from(pack.max(1)) * self.heaviest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_are_in_proportion_to_weight_and_end_at_the_quantity() {
        let scale = Scale::new(300);
        let level = 9 * STEPS;
        assert_eq!(scale.target(level, 300, 100), 9);
        assert_eq!(scale.target(level, 100, 100), 3);
        assert_eq!(scale.target(level, 100, 2), 2);
        assert_eq!(scale.target(u128::MAX, 100, u32::MAX), u32::MAX);
    }

    #[test]
    fn a_member_is_full_at_its_level_and_not_below() {
        let scale = Scale::new(7);
        for (weight, quantity) in [(7, 5), (3, 5), (1, u32::MAX)] {
            let full = scale.full(weight, quantity);
            assert_eq!(scale.target(full, weight, quantity), quantity);
            assert!(scale.target(full - 1, weight, quantity) < quantity);
        }
    }

    #[test]
    fn the_remainder_is_what_rounding_to_packs_took_away() {
        let scale = Scale::new(10);
        assert_eq!(scale.remainder(9 * STEPS, 10, 8, 4), 250_000);
        assert_eq!(scale.remainder(9 * STEPS, 5, 4, 4), 125_000);
        assert_eq!(scale.remainder(9 * STEPS, 5, 5, 4), 0);
    }
}
