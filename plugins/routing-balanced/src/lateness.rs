//! How likely a shipment is late, and by how much.

use signalbox_plugin::routing::planning::{Planning, Way};

const DAY_MS: i64 = 24 * 60 * 60 * 1_000;

/// How likely a way is late, in basis points, and by how many days if it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Lateness {
    pub late_bp: u32,
    pub days: i64,
}

/// The lateness of a way; none when its group has no promise. The probability is the lane's `on_time_bp`, or where that is
/// unknown read off its p50 and p90. If late, then by the begun days from the promise to p90, at least one.
pub(crate) fn of_way(planning: &Planning<'_>, way: &Way) -> Lateness {
    let Some(promised_by) = planning.request.group(way.group).promised_by() else {
        return Lateness::default();
    };
    let days = begun_days(way.deliver_by.saturating_sub(promised_by));
    match way.lane {
        Some(lane) => Lateness {
            late_bp: match planning.lanes.on_time_bp.at(lane) {
                Some(on_time_bp) => 10_000u32.saturating_sub(on_time_bp),
                None => late_bp(way.arrives_at, way.deliver_by, promised_by),
            },
            days: days.max(1),
        },
        None if days == 0 => Lateness::default(),
        None => Lateness {
            late_bp: 10_000,
            days,
        },
    }
}

/// Days, begun ones whole; 0 for nothing or less.
fn begun_days(ms: i64) -> i64 {
    // Not negative, so that the quotient rounds up.
    (ms.max(0).saturating_add(DAY_MS - 1)) / DAY_MS
}

/// Time until something in thousandths of a day; 0 when it is past.
pub(crate) fn milli_days(ms: i64) -> i64 {
    ms.max(0) / (DAY_MS / 1_000)
}

/// One less the piecewise linear distribution through (p50, 50 %) and (p90, 90 %), flat from p90 on.
fn late_bp(p50: i64, p90: i64, promised_by: i64) -> u32 {
    let spread = p90.saturating_sub(p50);
    let margin = promised_by.saturating_sub(p50);
    if spread <= 0 {
        return if margin >= 0 { 1_000 } else { 10_000 };
    }
    let on_time = (margin.saturating_mul(4_000) / spread)
        .saturating_add(5_000)
        .clamp(0, 9_000);
    10_000 - u32::try_from(on_time).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_probability_of_being_late_falls_from_all_to_a_tenth() {
        let at = |days: i64| late_bp(10 * DAY_MS, 12 * DAY_MS, days * DAY_MS);
        assert_eq!(
            [7, 8, 9, 10, 11, 12, 13].map(at),
            [10_000, 9_000, 7_000, 5_000, 3_000, 1_000, 1_000]
        );
    }

    #[test]
    fn a_lane_without_spread_is_late_or_on_time() {
        assert_eq!((late_bp(5, 5, 5), late_bp(5, 5, 4)), (1_000, 10_000));
    }

    #[test]
    fn a_begun_day_counts_whole() {
        assert_eq!([-1, 0, 1, DAY_MS, DAY_MS + 1].map(begun_days), [0, 0, 1, 1, 2]);
    }
}
