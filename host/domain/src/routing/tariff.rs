//! What carriage costs, from the lane's tariff alone.

use crate::money::Minor;
use crate::routing::request::{OrderLine, Tariff};

impl OrderLine {
    /// The volume of one unit, mm3.
    pub fn volume_mm3(&self) -> u128 {
        u128::from(self.length_mm)
            .saturating_mul(u128::from(self.width_mm))
            .saturating_mul(u128::from(self.height_mm))
    }
}

/// What a shipment weighs and takes up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Freight {
    /// Mass, g.
    pub mass_g: u128,
    /// Volume, mm3.
    pub volume_mm3: u128,
}

impl Freight {
    /// Adds units of a line.
    pub fn add(&mut self, line: &OrderLine, units: u64) {
        let units = u128::from(units);
        self.mass_g = self
            .mass_g
            .saturating_add(u128::from(line.weight_g).saturating_mul(units));
        self.volume_mm3 = self
            .volume_mm3
            .saturating_add(line.volume_mm3().saturating_mul(units));
    }
}

impl Tariff {
    /// The mass that counts: the larger of mass and volume / `dim_divisor`, rounded up, g.
    pub fn chargeable_g(&self, mass_g: u128, volume_mm3: u128) -> u128 {
        match self.dim_divisor {
            0 => mass_g,
            divisor => mass_g.max(volume_mm3.div_ceil(u128::from(divisor))),
        }
    }

    /// Whether one unit of the line fits a parcel.
    pub fn takes(&self, line: &OrderLine) -> bool {
        let piece_g = self.chargeable_g(u128::from(line.weight_g), line.volume_mm3());
        self.max_parcel_g == 0 || piece_g <= u128::from(self.max_parcel_g)
    }

    /// How many parcels a shipment takes: its chargeable mass / `max_parcel_g`, rounded up, at least 1.
    pub fn parcels(&self, freight: Freight) -> u128 {
        match self.max_parcel_g {
            0 => 1,
            max => self
                .chargeable_g(freight.mass_g, freight.volume_mm3)
                .div_ceil(u128::from(max))
                .max(1),
        }
    }

    /// What carriage of a shipment costs, in minor units, by the formula at [`Tariff`]. `None` when it leaves 64 bits.
    pub fn cost_minor(&self, freight: Freight) -> Option<Minor> {
        let parcels = self.parcels(freight);
        let weight = self.chargeable_g(freight.mass_g, freight.volume_mm3);
        let above = weight.saturating_sub(parcels.checked_mul(u128::from(self.included_g))?);
        let steps = match self.step_g {
            0 => 0,
            step => above.div_ceil(u128::from(step)),
        };
        let each = i128::from(self.base_minor).checked_add(i128::from(self.surcharge_minor))?;
        let parcels = i128::try_from(parcels).ok()?.checked_mul(each)?;
        let steps = i128::try_from(steps)
            .ok()?
            .checked_mul(i128::from(self.step_minor))?;
        let cost = parcels
            .checked_add(steps)?
            .checked_add(i128::from(self.duty_tax_minor))?;
        Minor::try_from(cost).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tariff() -> Tariff {
        Tariff {
            base_minor: 500,
            included_g: 1_000,
            step_g: 500,
            step_minor: 80,
            max_parcel_g: 10_000,
            dim_divisor: 5_000,
            surcharge_minor: 20,
            duty_tax_minor: 7,
        }
    }

    #[test]
    fn mass_above_the_included_is_charged_in_whole_steps() {
        let cost = |mass_g| {
            tariff().cost_minor(Freight {
                mass_g,
                volume_mm3: 0,
            })
        };
        assert_eq!(cost(1_000), Some(527));
        assert_eq!(cost(1_001), Some(607));
        assert_eq!(cost(1_500), Some(607));
        assert_eq!(cost(1_501), Some(687));
    }

    #[test]
    fn a_light_and_large_shipment_is_charged_by_volume() {
        // 100 x 100 x 750 mm = 7,500,000 mm3 / 5,000 = 1,500 g.
        let freight = Freight {
            mass_g: 10,
            volume_mm3: 7_500_000,
        };
        assert_eq!(tariff().cost_minor(freight), Some(607));
    }

    #[test]
    fn what_exceeds_a_parcel_takes_more_parcels_with_their_own_included_mass() {
        // 20,001 g: 3 parcels, 3,000 g included, 17,001 g above: 35 steps.
        let freight = Freight {
            mass_g: 20_001,
            volume_mm3: 0,
        };
        assert_eq!(tariff().parcels(freight), 3);
        assert_eq!(tariff().cost_minor(freight), Some(3 * 520 + 35 * 80 + 7));
    }
}
