//! Numbers in a saved state, as the shortest text that reads back as the same bits. (As a JSON number they would come
//! back one unit in the last place off from readers that do not round correctly.)

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serializer};

/// Use as `#[serde(with = "crate::exact")]`.
pub(crate) fn serialize<S: Serializer>(value: &f64, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&format_args!("{value:?}"))
}

/// Refuses what is not a finite number.
pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
    let text = String::deserialize(deserializer)?;
    match text.parse::<f64>() {
        Ok(value) if value.is_finite() => Ok(value),
        _ => Err(D::Error::custom("expected a finite number as text")),
    }
}
