//! Who answers for a policy, and until when.

use jiff::civil::Date;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use utoipa::ToSchema;

use crate::time::Timestamp;

/// What goes wrong if a policy decides badly.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum RiskTier {
    /// Little, and it is soon put right.
    Low,
    /// Money or goodwill that shows in the figures.
    Medium,
    /// What a board has to answer for.
    High,
}

/// A calendar day, written `2027-06-30`; it ends when the next one begins in UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, ToSchema)]
#[schema(value_type = String, format = Date, examples("2027-06-30"))]
pub struct Day(Date);

impl Day {
    /// Reads `YYYY-MM-DD`, and nothing else.
    pub fn parse(text: &str) -> Option<Day> {
        let day: Date = text.parse().ok()?;
        // The parser also takes a day with a time behind it, which would be a promise that is not kept.
        (day.to_string() == text).then_some(Day(day))
    }

    /// Whether the day is over.
    pub fn is_over(self, now: Timestamp) -> bool {
        let next = self.0.tomorrow().and_then(|day| day.in_tz("UTC"));
        // The last day that the calendar knows is never over.
        next.is_ok_and(|begins| now.as_millis() >= begins.timestamp().as_millisecond())
    }
}

impl std::fmt::Display for Day {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

impl Serialize for Day {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Day {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl de::Visitor<'_> for Visitor {
            type Value = Day;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a day such as 2027-06-30")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Day, E> {
                Day::parse(text).ok_or_else(|| E::invalid_value(de::Unexpected::Str(text), &self))
            }
        }
        deserializer.deserialize_str(Visitor)
    }
}

/// Who answers for a policy, and until when: `[governance]` in its TOML.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Governance {
    /// Who answers for it.
    pub owner: String,
    /// Who does when the owner cannot; somebody else.
    pub deputy: String,
    /// What goes wrong if it decides badly.
    pub risk_tier: RiskTier,
    /// The last day on which it may be promoted without having been reviewed.
    pub review_by: Day,
}

impl Governance {
    /// The longest owner or deputy, in characters.
    pub const MAX_PERSON: usize = 200;

    /// The lines to add to a file that has none.
    pub const EXAMPLE: &str = "\
[governance]
owner = \"who answers for this policy\"
deputy = \"who does when the owner cannot\"
risk_tier = \"medium\"                 # low, medium or high
review_by = 2027-06-30               # the last day on which it may be promoted without a review";

    /// Whether the review is overdue. That blocks promotion and never a decision.
    pub fn overdue(&self, now: Timestamp) -> bool {
        self.review_by.is_over(now)
    }

    /// What an overdue review means, and what to do, for people.
    pub fn when_overdue(&self) -> String {
        let Governance {
            owner,
            deputy,
            review_by,
            ..
        } = self;
        format!(
            "a review was due by {review_by}; {owner} or {deputy} review the policy and ship a version with a later \
             `review_by`"
        )
    }

    /// The first field that cannot be: its name, what was expected, what was found.
    pub(crate) fn problem(&self) -> Option<(&'static str, String, String)> {
        for (field, person) in [("owner", &self.owner), ("deputy", &self.deputy)] {
            let is_plain = !person.trim().is_empty() && !person.chars().any(char::is_control);
            if !is_plain || person.chars().count() > Governance::MAX_PERSON {
                let expected = format!("a person or a team, 1 to {} characters", Governance::MAX_PERSON);
                let found: String = person.chars().take(80).collect();
                return Some((field, expected, format!("{found:?}")));
            }
        }
        let same = self.owner.trim().to_lowercase() == self.deputy.trim().to_lowercase();
        same.then(|| {
            let expected = "somebody else than the owner".to_owned();
            ("deputy", expected, format!("{:?} again", self.deputy))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn governance() -> Governance {
        Governance {
            owner: "merchandising".into(),
            deputy: "fulfilment".into(),
            risk_tier: RiskTier::Medium,
            review_by: Day::parse("2027-06-30").unwrap(),
        }
    }

    #[test]
    fn a_review_is_overdue_when_its_day_is_over_in_utc() {
        let at = |text| Timestamp::parse(text).unwrap();
        assert!(!governance().overdue(at("2027-06-30T23:59:59.999Z")));
        assert!(governance().overdue(at("2027-07-01T00:00:00Z")));
        assert!(!governance().overdue(at("2027-07-01T00:00:00+02:00")));
    }

    #[test]
    fn a_day_is_read_in_one_spelling_only() {
        for text in ["2027-06-31", "2027-06-30T00:00:00", "2027-6-30", "20270630", ""] {
            assert_eq!(Day::parse(text), None, "{text}");
        }
        assert_eq!(Day::parse("2027-06-30").unwrap().to_string(), "2027-06-30");
    }

    #[test]
    fn the_deputy_is_another_one_however_it_is_spelled() {
        assert_eq!(governance().problem(), None);
        for deputy in [
            "merchandising",
            " Merchandising ",
            "",
            " ",
            "a\nb",
            &"x".repeat(201),
        ] {
            let problem = Governance {
                deputy: deputy.to_owned(),
                ..governance()
            }
            .problem();
            assert_eq!(problem.map(|(field, ..)| field), Some("deputy"), "{deputy:?}");
        }
    }
}
