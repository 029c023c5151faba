//! Instants that keep the offset they were written with, because a promise is kept or broken by the local date.

use std::fmt;

use jiff::fmt::temporal::Pieces;
use jiff::tz::Offset;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::time::{DAY_MS, Timestamp};

/// An instant with the offset of the place that it is told from. RFC 3339 in JSON, written as it was read to the
/// millisecond.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct LocalInstant {
    /// The instant.
    pub at: Timestamp,
    /// Seconds that local clocks are ahead of UTC; 0 also when the text only said `Z`.
    pub offset_s: i32,
}

impl LocalInstant {
    /// Reads RFC 3339 with any offset; `None` when it is no such text or out of [`Timestamp`]'s bounds.
    pub fn parse(text: &str) -> Option<LocalInstant> {
        let at = Timestamp::parse(text)?;
        let offset = Pieces::parse(text).ok()?.to_numeric_offset()?;
        Some(LocalInstant {
            at,
            offset_s: offset.seconds(),
        })
    }

    /// The local day, in days since 1970-01-01.
    pub fn day(self) -> i64 {
        self.day_at(self.offset_s)
    }

    fn day_at(self, offset_s: i32) -> i64 {
        let local_ms = self
            .at
            .as_millis()
            .saturating_add(i64::from(offset_s).saturating_mul(1_000));
        local_ms.div_euclid(DAY_MS)
    }

    /// Whether this is on a later local day than `promise`. A text that says `Z` does not say where it is: it is read at the
    /// other one's offset. Where both have one, each is read at its own, so that a change of the clocks between them does
    /// not move a date.
    pub fn is_a_later_day_than(self, promise: LocalInstant) -> bool {
        let (own, theirs) = match (self.offset_s, promise.offset_s) {
            (0, theirs) => (theirs, theirs),
            (own, 0) => (own, own),
            both => both,
        };
        self.day_at(own) > promise.day_at(theirs)
    }
}

impl fmt::Display for LocalInstant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let instant = jiff::Timestamp::from_millisecond(self.at.as_millis());
        let offset = Offset::from_seconds(self.offset_s);
        match (instant, offset) {
            (Ok(instant), Ok(offset)) if self.offset_s != 0 => {
                write!(f, "{:.3}", instant.display_with_offset(offset))
            }
            _ => self.at.fmt(f),
        }
    }
}

impl Serialize for LocalInstant {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for LocalInstant {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl de::Visitor<'_> for Visitor {
            type Value = LocalInstant;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an RFC 3339 instant with offset, such as \"2026-03-05T16:12:00+01:00\"")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<LocalInstant, E> {
                LocalInstant::parse(text).ok_or_else(|| E::invalid_value(de::Unexpected::Str(text), &self))
            }
        }
        deserializer.deserialize_str(Visitor)
    }
}
