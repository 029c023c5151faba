//! Segments: the parts of a scope's traffic that are looked at separately, such as `channel=web`.
//!
//! A request's values come from its caller: they are cut, cleaned and few per request, but how many different ones there
//! are over time is unbounded, so whoever keeps something per segment has to bound their number.

mod values;

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use utoipa::openapi::schema::Type;
use utoipa::openapi::{Object, RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

use crate::word::Word;

pub(crate) use values::column;
pub use values::{MAX_SEGMENT_VALUES, SegmentValues};

/// By what requests are told apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SegmentKey {
    /// The sales channel. Of an allocation those of its demands.
    Channel,
    /// Where it goes. Routing: the attribute `region` of the order, else of each delivery group, else its destination's
    /// region, else the destination's country and the first two characters of the postal code (`BR.01`), else the country.
    /// Allocation: the attribute `region` of the order (the batch), else those of demand and supply, else the selectors'
    /// country. Returns: the attribute `region` of the return, else the jurisdiction.
    Region,
    /// The service that was sold to the delivery groups; of a return how it comes back (STORE, MAIL, ...). An allocation has
    /// none.
    Service,
    /// The attribute `sku_class` of lines, demands or the return; a return without it has its category.
    SkuClass,
    /// The business unit that the selectors name.
    BusinessUnit,
    /// The countries of destinations, else the one that the selectors name; of a return the selectors' country, else the
    /// jurisdiction's.
    Country,
}

impl SegmentKey {
    /// Every key.
    pub const ALL: [SegmentKey; 6] = [
        SegmentKey::Channel,
        SegmentKey::Region,
        SegmentKey::Service,
        SegmentKey::SkuClass,
        SegmentKey::BusinessUnit,
        SegmentKey::Country,
    ];

    /// The word that stands for it in TOML and JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            SegmentKey::Channel => "channel",
            SegmentKey::Region => "region",
            SegmentKey::Service => "service",
            SegmentKey::SkuClass => "sku_class",
            SegmentKey::BusinessUnit => "business_unit",
            SegmentKey::Country => "country",
        }
    }
}

impl fmt::Display for SegmentKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One part of the traffic: a key and a value of it, written `key=value`. The value `none` is that of requests that have
/// none, `more` stands for values beyond the first [`MAX_SEGMENT_VALUES`] of one request.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Segment {
    /// By what.
    pub key: SegmentKey,
    /// Which part.
    pub value: Word,
}

/// The text is no segment.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "expected a segment `key=value` with a key of channel, region, service, sku_class, business_unit or country and a \
     value of 1 to 64 characters of A-Z a-z 0-9 _ . -, found {0:?}"
)]
pub struct NotASegment(pub String);

impl ToSchema for Segment {}

impl PartialSchema for Segment {
    fn schema() -> RefOr<Schema> {
        let text = Object::builder()
            .schema_type(Type::String)
            .description(Some("A part of the traffic: a key and a value of it."))
            .examples(["channel=web"]);
        RefOr::T(Schema::Object(text.build()))
    }
}

impl fmt::Display for Segment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}={}", self.key, self.value)
    }
}

impl FromStr for Segment {
    type Err = NotASegment;

    fn from_str(text: &str) -> Result<Segment, NotASegment> {
        let parts = text.split_once('=').and_then(|(key, value)| {
            let key = SegmentKey::ALL.into_iter().find(|known| known.as_str() == key)?;
            Some(Segment {
                key,
                value: Word::new(value).ok()?,
            })
        });
        parts.ok_or_else(|| NotASegment(text.chars().take(80).collect()))
    }
}

impl TryFrom<String> for Segment {
    type Error = NotASegment;

    fn try_from(text: String) -> Result<Segment, NotASegment> {
        text.parse()
    }
}

impl From<Segment> for String {
    fn from(segment: Segment) -> String {
        segment.to_string()
    }
}

#[cfg(test)]
mod tests;
