//! Local days.

use std::fmt;
use std::str::FromStr;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use signalbox_domain::Timestamp;

/// A calendar day, written `2017-11-24`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Day(pub Date);

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The time zone whose days count: an IANA name. A request holds instants only, so it cannot say itself.
#[derive(Clone, Debug, PartialEq)]
pub struct Zone {
    name: String,
    zone: TimeZone,
}

impl Zone {
    /// UTC.
    pub fn utc() -> Zone {
        Zone {
            name: "UTC".to_owned(),
            zone: TimeZone::UTC,
        }
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The day of an instant there.
    pub fn day(&self, at: Timestamp) -> Day {
        let instant = jiff::Timestamp::from_millisecond(at.as_millis()).unwrap_or_default();
        Day(self.zone.to_datetime(instant).date())
    }
}

/// No time zone of that name is known.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected the IANA name of a time zone such as America/Sao_Paulo or UTC, found `{0}`")]
pub struct NoZone(String);

impl FromStr for Zone {
    type Err = NoZone;

    fn from_str(name: &str) -> Result<Zone, NoZone> {
        if name == "UTC" {
            return Ok(Zone::utc());
        }
        let zone = TimeZone::get(name).map_err(|_| NoZone(name.chars().take(80).collect()))?;
        Ok(Zone {
            name: zone.iana_name().unwrap_or(name).to_owned(),
            zone,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_the_local_one() {
        let at = Timestamp::parse("2017-11-24T01:30:00Z").unwrap();
        let zone: Zone = "America/Sao_Paulo".parse().unwrap();
        assert_eq!(zone.day(at).to_string(), "2017-11-23");
        assert_eq!(Zone::utc().day(at).to_string(), "2017-11-24");
        assert!(
            "Mars/Olympus"
                .parse::<Zone>()
                .unwrap_err()
                .to_string()
                .contains("Mars/Olympus")
        );
    }
}
