//! What carriage costs, by a lane's tariff.

use signalbox_contract::routing::LaneColumns;

use super::OpenLine;

/// Amounts beyond this count as this: the largest integer that JSON keeps.
const MAX_MINOR: i64 = (1 << 53) - 1;

/// What a shipment weighs and takes up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Freight {
    /// Mass, g.
    pub mass_g: u64,
    /// Volume, mm3.
    pub volume_mm3: u64,
}

impl Freight {
    /// Adds units of a line.
    #[inline]
    pub fn add(&mut self, line: &OpenLine, units: u32) {
        let units = u64::from(units);
        self.mass_g = self.mass_g.saturating_add(line.unit.mass_g.saturating_mul(units));
        self.volume_mm3 = self
            .volume_mm3
            .saturating_add(line.unit.volume_mm3.saturating_mul(units));
    }
}

/// A lane's tariff, read once.
///
/// A shipment weighs `w`, the larger of its mass and of its volume / `dim_divisor` (rounded up), and takes
/// `p` = max(1, `w` / `max_parcel_g` rounded up) parcels. It costs `p` x (base + surcharge), a step for each begun `step_g`
/// of the mass above `p` x `included_g`, and duty and tax once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tariff {
    parcel_minor: i64,
    step_minor: i64,
    duty_tax_minor: i64,
    included_g: u32,
    step_g: u32,
    max_parcel_g: u32,
    dim_divisor: u32,
    /// Whether a heavier shipment never costs less.
    rises: bool,
}

impl Tariff {
    /// What a pickup costs: nothing, and any mass will do.
    pub const FREE: Tariff = Tariff {
        parcel_minor: 0,
        step_minor: 0,
        duty_tax_minor: 0,
        included_g: 0,
        step_g: 0,
        max_parcel_g: 0,
        dim_divisor: 0,
        rises: true,
    };

    /// The tariff of a lane.
    #[inline]
    pub fn of(lanes: &LaneColumns<'_>, row: u32) -> Tariff {
        let mut tariff = Tariff {
            parcel_minor: lanes.base.at(row).saturating_add(lanes.surcharge.at(row)),
            step_minor: lanes.step.at(row),
            duty_tax_minor: lanes.duty_tax.at(row),
            included_g: lanes.included_g.at(row),
            step_g: lanes.step_g.at(row),
            max_parcel_g: lanes.max_parcel_g.at(row).unwrap_or(0),
            dim_divisor: lanes.dim_divisor.at(row).unwrap_or(0),
            rises: true,
        };
        // A further parcel brings its own included mass, which can save more steps than the parcel costs.
        if tariff.max_parcel_g > 0 && tariff.step_g > 0 {
            let saved =
                i64::from(tariff.included_g.div_ceil(tariff.step_g)).saturating_mul(tariff.step_minor);
            tariff.rises = tariff.parcel_minor >= saved;
        }
        tariff
    }

    /// The mass that counts, g.
    #[inline]
    pub fn chargeable_g(&self, freight: Freight) -> u64 {
        match self.dim_divisor {
            0 => freight.mass_g,
            divisor => freight.mass_g.max(div_up(freight.volume_mm3, divisor)),
        }
    }

    /// Whether one unit of the line fits into a parcel.
    #[inline]
    pub fn takes(&self, line: &OpenLine) -> bool {
        self.max_parcel_g == 0 || self.chargeable_g(line.unit) <= u64::from(self.max_parcel_g)
    }

    /// How many parcels a shipment takes.
    #[inline]
    pub fn parcels(&self, freight: Freight) -> u64 {
        match self.max_parcel_g {
            0 => 1,
            max => div_up(self.chargeable_g(freight), max).max(1),
        }
    }

    /// What carriage costs, in minor units.
    #[inline]
    pub fn cost_minor(&self, freight: Freight) -> i64 {
        let parcels = self.parcels(freight);
        let above = self
            .chargeable_g(freight)
            .saturating_sub(parcels.saturating_mul(u64::from(self.included_g)));
        let steps = match self.step_g {
            0 => 0,
            step => div_up(above, step),
        };
        self.parcels_minor(parcels)
            .saturating_add(times(self.step_minor, steps))
            .clamp(0, MAX_MINOR)
    }

    /// The least that a shipment costs which holds this freight and perhaps more.
    #[inline]
    pub fn least_minor(&self, freight: Freight) -> i64 {
        if self.rises {
            self.cost_minor(freight)
        } else {
            self.parcels_minor(self.parcels(freight)).clamp(0, MAX_MINOR)
        }
    }

    fn parcels_minor(&self, parcels: u64) -> i64 {
        times(self.parcel_minor, parcels).saturating_add(self.duty_tax_minor)
    }
}

/// A quotient, rounded up. Most masses fit 32 bits, in which dividing is cheaper.
#[inline]
fn div_up(amount: u64, by: u32) -> u64 {
    match u32::try_from(amount) {
        Ok(amount) => u64::from(amount.div_ceil(by)),
        Err(_) => amount.div_ceil(u64::from(by)),
    }
}

fn times(amount: i64, count: u64) -> i64 {
    i64::try_from(count).map_or(i64::MAX, |count| amount.saturating_mul(count))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn tariff() -> Tariff {
        Tariff {
            parcel_minor: 520,
            step_minor: 80,
            duty_tax_minor: 7,
            included_g: 1_000,
            step_g: 500,
            max_parcel_g: 10_000,
            dim_divisor: 5_000,
            rises: true,
        }
    }

    fn cost(mass_g: u64, volume_mm3: u64) -> i64 {
        tariff().cost_minor(Freight { mass_g, volume_mm3 })
    }

    #[test]
    fn mass_above_the_included_is_charged_in_begun_steps() {
        assert_eq!(
            [1_000, 1_001, 1_500, 1_501].map(|mass_g| cost(mass_g, 0)),
            [527, 607, 607, 687]
        );
    }

    #[test]
    fn a_light_and_large_shipment_is_charged_by_volume() {
        // 7,500,000 mm3 / 5,000 = 1,500 g.
        assert_eq!(cost(10, 7_500_000), 607);
    }

    #[test]
    fn what_exceeds_a_parcel_takes_more_parcels_with_their_own_included_mass() {
        // 20,001 g: 3 parcels, 3,000 g included, 17,001 g above: 35 steps.
        assert_eq!(cost(20_001, 0), 3 * 520 + 35 * 80 + 7);
    }

    proptest! {
        #[test]
        fn nothing_heavier_costs_less_than_the_least(
            parcel_minor in 0i64..50,
            step_minor in 0i64..20,
            included_g in 0u32..3_000,
            step_g in 0u32..500,
            max_parcel_g in 0u32..4_000,
            mass_g in 0u64..9_000,
            more_g in 0u64..9_000,
        ) {
            use signalbox_contract::Tables;
            use signalbox_contract::codec::Row;
            use signalbox_contract::routing::LaneRow;
            let mut tables = Tables::with_tables(9);
            tables.push(&[LaneRow {
                base: parcel_minor,
                step: step_minor,
                included_g,
                step_g,
                max_parcel_g: Some(max_parcel_g),
                ..Default::default()
            }]);
            let read = tables.read().unwrap();
            let tariff = Tariff::of(&LaneRow::columns(read.table::<LaneRow>()), 0);
            let heavier = tariff.cost_minor(Freight { mass_g: mass_g + more_g, volume_mm3: 0 });
            let least = tariff.least_minor(Freight { mass_g, volume_mm3: 0 });
            prop_assert!(least <= heavier, "{least} and {heavier}");
        }
    }
}
