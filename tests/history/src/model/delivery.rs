//! How long delivery takes, and whether it keeps a promise.

use super::constants::{HANDLING_HOURS, HANDLING_MIN_H, HANDLING_PRIOR_COUNT, NORMAL_P90, band_of};
use crate::history::Seller;

/// A time in hours by its median and 90th percentile.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pace {
    /// Half of the cases take no longer.
    pub p50_h: f64,
    /// Nine of ten take no longer.
    pub p90_h: f64,
}

impl Pace {
    /// This and then `next`: medians add; the distances of the 90th percentiles from them add as independent ones do.
    pub fn then(self, next: Pace) -> Pace {
        let p50_h = self.p50_h + next.p50_h;
        Pace {
            p50_h,
            p90_h: p50_h + (self.p90_h - self.p50_h).hypot(next.p90_h - next.p50_h),
        }
    }

    /// The chance that it takes at most `hours`, in basis points, with the log-normal through both percentiles.
    pub fn within_bp(self, hours: f64) -> u32 {
        if hours <= 0.0 {
            return 0;
        }
        let sigma = (self.p90_h / self.p50_h).ln() / NORMAL_P90;
        (10_000.0 * normal_cdf((hours / self.p50_h).ln() / sigma)).round() as u32
    }
}

/// From order to hand-over at a seller: its own history, drawn towards all sellers' when it has little.
pub fn handling(seller: &Seller) -> Pace {
    let count = f64::from(seller.handling_count);
    let own = count / (count + HANDLING_PRIOR_COUNT);
    let (p50, p90) = seller.handling_hours.unwrap_or(HANDLING_HOURS);
    let mix = |mine: f64, all: f64| own * mine + (1.0 - own) * all;
    let p50_h = mix(p50, HANDLING_HOURS.0).max(HANDLING_MIN_H);
    // A 90th percentile at the median would be a promise without any spread.
    Pace {
        p50_h,
        p90_h: mix(p90, HANDLING_HOURS.1).max(p50_h * 1.1),
    }
}

/// From hand-over to delivery over a distance.
pub fn transit(km: f64) -> Pace {
    let band = band_of(km);
    Pace {
        p50_h: band.transit_p50_h,
        p90_h: band.transit_p90_h,
    }
}

/// The standard normal's distribution function: Abramowitz and Stegun, Handbook of Mathematical Functions, 7.1.26 (error
/// of the error function below 1.5e-7).
fn normal_cdf(x: f64) -> f64 {
    let z = x.abs() / std::f64::consts::SQRT_2;
    let t = 1.0 / (1.0 + 0.327_591_1 * z);
    let series = t
        * (0.254_829_592
            + t * (-0.284_496_736 + t * (1.421_413_741 + t * (-1.453_152_027 + t * 1.061_405_429))));
    let error = 1.0 - series * (-z * z).exp();
    0.5 * (1.0 + error.copysign(x))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_chance_is_half_at_the_median_and_nine_tenths_at_p90() {
        let pace = Pace {
            p50_h: 100.0,
            p90_h: 250.0,
        };
        assert_eq!(pace.within_bp(100.0), 5_000);
        assert_eq!(pace.within_bp(250.0), 9_000);
        assert_eq!(pace.within_bp(0.0), 0);
        assert!(pace.within_bp(1e6) == 10_000);
    }

    #[test]
    fn a_seller_without_history_is_as_all_sellers() {
        let seller = Seller {
            seller_id: "s".into(),
            state: "SP".into(),
            place: None,
            active: Default::default(),
            handling_hours: None,
            handling_count: 0,
            observed: (0, 0),
            ship_on_time: None,
        };
        assert_eq!(
            handling(&seller),
            Pace {
                p50_h: 44.5,
                p90_h: 145.0
            }
        );
        let quick = Seller {
            handling_hours: Some((10.0, 20.0)),
            handling_count: 2_000,
            ..seller
        };
        assert!(handling(&quick).p50_h < 10.5, "a long history of its own counts");
    }
}
