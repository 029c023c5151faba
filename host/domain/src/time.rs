//! Instants. Calendars, cut-offs and time zones are resolved before a request is made; here there are only instants.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use utoipa::ToSchema;

/// An instant: milliseconds since 1970-01-01T00:00:00Z. RFC 3339 in JSON: any offset is read, `Z` with milliseconds is
/// written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, ToSchema)]
#[schema(value_type = String, format = DateTime, examples("2026-07-01T12:00:00.000Z"))]
pub struct Timestamp(pub i64);

/// One day in milliseconds.
pub const DAY_MS: i64 = 86_400_000;

impl Timestamp {
    /// The earliest instant that a request may name: 1970-01-01T00:00:00Z.
    pub const MIN: Timestamp = Timestamp(0);
    /// The latest instant that a request may name: 9999-12-30T22:00:00Z.
    pub const MAX: Timestamp = Timestamp(253_402_207_200_000);

    /// Milliseconds since the epoch, UTC.
    pub const fn as_millis(self) -> i64 {
        self.0
    }

    /// The instant `millis` later (earlier when negative), saturating.
    pub const fn plus_millis(self, millis: i64) -> Timestamp {
        Timestamp(self.0.saturating_add(millis))
    }

    /// Milliseconds from `earlier` to this instant; negative when `earlier` is later.
    pub const fn millis_since(self, earlier: Timestamp) -> i64 {
        self.0.saturating_sub(earlier.0)
    }

    /// Reads RFC 3339 with any offset; fractions below a millisecond are cut off. `None` when it is no such text or is
    /// outside [`Timestamp::MIN`]..=[`Timestamp::MAX`].
    pub fn parse(text: &str) -> Option<Timestamp> {
        let instant: jiff::Timestamp = text.parse().ok()?;
        let stamp = Timestamp(instant.as_millisecond());
        (Timestamp::MIN..=Timestamp::MAX)
            .contains(&stamp)
            .then_some(stamp)
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match jiff::Timestamp::from_millisecond(self.0) {
            Ok(instant) => write!(f, "{instant:.3}"),
            // Only a value built in Rust can be out of range; it is shown as what it is.
            Err(_) => write!(f, "{} ms", self.0),
        }
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl de::Visitor<'_> for Visitor {
            type Value = Timestamp;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an RFC 3339 instant with offset, such as \"2026-07-01T12:00:00Z\"")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Timestamp, E> {
                Timestamp::parse(text).ok_or_else(|| E::invalid_value(de::Unexpected::Str(text), &self))
            }
        }
        deserializer.deserialize_str(Visitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_offset_is_read_and_utc_with_milliseconds_is_written() {
        let stamp: Timestamp = serde_json::from_str("\"2026-07-01T14:00:00.1239+02:00\"").unwrap();
        assert_eq!(
            serde_json::to_string(&stamp).unwrap(),
            "\"2026-07-01T12:00:00.123Z\""
        );
        let whole: Timestamp = serde_json::from_str("\"2026-07-01T12:00:00Z\"").unwrap();
        assert_eq!(whole.to_string(), "2026-07-01T12:00:00.000Z");
    }

    #[test]
    fn an_instant_without_offset_or_before_1970_is_refused_with_what_was_expected() {
        for text in [
            "\"2026-07-01T14:00:00\"",
            "\"1969-12-31T23:59:59Z\"",
            "\"yesterday\"",
            "17",
        ] {
            let problem = serde_json::from_str::<Timestamp>(text).unwrap_err().to_string();
            assert!(problem.contains("RFC 3339 instant with offset"), "{problem}");
        }
    }

    #[test]
    fn the_bounds_survive_a_round_trip() {
        for stamp in [Timestamp::MIN, Timestamp::MAX] {
            assert_eq!(Timestamp::parse(&stamp.to_string()), Some(stamp));
        }
    }
}
