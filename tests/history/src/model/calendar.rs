//! Days in Brazil.

use signalbox_domain::Timestamp;

use super::constants::{DAY_MS, HOUR_MS, UTC_OFFSET_HOURS};

/// The local day that holds an instant: its start and its end, the end not part of it.
pub(crate) fn day_of(instant: Timestamp) -> (Timestamp, Timestamp) {
    let offset = i64::from(UTC_OFFSET_HOURS).saturating_mul(HOUR_MS);
    let into_day = instant.as_millis().saturating_add(offset).rem_euclid(DAY_MS);
    let start = instant.plus_millis(into_day.saturating_neg());
    (start, start.plus_millis(DAY_MS))
}

/// Hours as whole milliseconds.
pub(crate) fn hours_ms(hours: f64) -> i64 {
    (hours * HOUR_MS as f64).round() as i64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_runs_from_midnight_to_midnight_local_time() {
        let late_evening = Timestamp::parse("2017-11-25T01:30:00Z").unwrap();
        let (from, to) = day_of(late_evening);
        assert_eq!(from.to_string(), "2017-11-24T03:00:00.000Z");
        assert_eq!(to.to_string(), "2017-11-25T03:00:00.000Z");
        assert_eq!(day_of(from), (from, to));
    }
}
