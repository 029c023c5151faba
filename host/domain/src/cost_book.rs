//! The cost book: what things cost beyond tariffs, owned by finance.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::canonical;
use crate::digest::Digest;
use crate::money::Minor;
use crate::toml_file::{FileError, TomlFile};
use crate::word::Word;

/// The versioned prices of the host's loss. Amounts are in minor units of whatever currency the request has; a scope with
/// another currency has another book.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CostBook {
    /// Its name.
    pub name: Word,
    /// Its version.
    #[serde(deserialize_with = "crate::toml_file::version")]
    #[schema(value_type = String)]
    pub version: semver::Version,
    /// Prices of routing decisions.
    #[serde(default)]
    pub routing: RoutingPrices,
    /// Prices of allocation decisions.
    #[serde(default)]
    pub allocation: AllocationPrices,
    /// Prices of returns decisions.
    #[serde(default)]
    pub returns: ReturnsPrices,
}

/// Prices of routing decisions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct RoutingPrices {
    /// A delivery group that arrives a day late, in minor units a day.
    pub late_day_minor: Minor,
    /// Each shipment beyond the first of a delivery group, in minor units.
    pub split_minor: Minor,
    /// A minute of labour, in minor units.
    pub labour_minute_minor: Minor,
    /// A kilogram CO2e, in minor units.
    pub carbon_kg_minor: Minor,
    /// Each line that is not fully assigned, in minor units.
    pub unserved_line_minor: Minor,
    /// Each unit that is not assigned, in minor units.
    pub unserved_unit_minor: Minor,
    /// Share of the net revenue lost on units that wait, in basis points.
    pub waiting_revenue_bp: u32,
    /// Share of the net revenue lost on units that are cancelled, in basis points.
    pub cancelled_revenue_bp: u32,
    /// A shipment that its node rejects, in minor units.
    pub rejection_minor: Minor,
    /// A line whose stock turns out not to be there, in minor units.
    pub short_pick_minor: Minor,
    /// A piece taken from stock that its node will miss, in minor units.
    pub stock_risk_unit_minor: Minor,
    /// How many days of its own sales a node should keep.
    pub stock_cover_days: u32,
    /// Share of its cost that a piece loses in a markdown, in basis points: what shipping a piece at risk saves.
    pub markdown_loss_bp: u32,
}

impl Default for RoutingPrices {
    fn default() -> Self {
        RoutingPrices {
            late_day_minor: 300,
            split_minor: 250,
            labour_minute_minor: 40,
            carbon_kg_minor: 10,
            unserved_line_minor: 300,
            unserved_unit_minor: 200,
            waiting_revenue_bp: 2_500,
            cancelled_revenue_bp: 6_000,
            rejection_minor: 600,
            short_pick_minor: 600,
            stock_risk_unit_minor: 100,
            stock_cover_days: 7,
            markdown_loss_bp: 3_000,
        }
    }
}

/// Prices of allocation decisions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct AllocationPrices {
    /// How much more a unit counts for each point of its demand's priority, in basis points: 10 doubles it at 1,000.
    pub priority_point_bp: u32,
    /// Share of its value that a unit loses for each day that it comes late, in basis points; never more than all of it.
    pub late_day_bp: u32,
    /// Share of the value of a fairness group's demand that is lost when one member gets all and another nothing, in basis
    /// points; in between by the difference of their fill.
    pub unfairness_bp: u32,
}

impl Default for AllocationPrices {
    fn default() -> Self {
        AllocationPrices {
            priority_point_bp: 10,
            late_day_bp: 500,
            unfairness_bp: 2_000,
        }
    }
}

/// Prices of returns decisions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ReturnsPrices {
    /// A person's look at a return, in minor units.
    pub refer_minor: Minor,
}

impl Default for ReturnsPrices {
    fn default() -> Self {
        ReturnsPrices { refer_minor: 500 }
    }
}

impl Default for CostBook {
    /// The book that holds where no other is named: `default` 1.0.0.
    fn default() -> Self {
        CostBook {
            // The literal is a word.
            name: Word::from_static("default"),
            version: semver::Version::new(1, 0, 0),
            routing: RoutingPrices::default(),
            allocation: AllocationPrices::default(),
            returns: ReturnsPrices::default(),
        }
    }
}

impl CostBook {
    /// The highest price, in minor units.
    pub const MAX_PRICE: Minor = 1_000_000_000_000;
    /// The highest share, in basis points.
    pub const MAX_SHARE_BP: u32 = 100_000;

    /// Reads a cost book.
    ///
    /// # Errors
    /// [`FileError`] with line, column and field of what is wrong.
    pub fn parse(file: &str, text: &str) -> Result<CostBook, Box<FileError>> {
        let document = TomlFile::parse(file, text)?;
        let book: CostBook = document.read()?;
        for (field, price) in book.prices() {
            if !(0..=CostBook::MAX_PRICE).contains(&price) {
                let expected = format!("an amount from 0 to {}", CostBook::MAX_PRICE);
                return Err(document.problem(field, expected, price.to_string()));
            }
        }
        for (field, share) in book.shares() {
            if share > CostBook::MAX_SHARE_BP {
                let expected = format!("basis points from 0 to {}", CostBook::MAX_SHARE_BP);
                return Err(document.problem(field, expected, share.to_string()));
            }
        }
        if book.routing.stock_cover_days > 3_650 {
            let found = book.routing.stock_cover_days.to_string();
            return Err(document.problem(
                "routing.stock_cover_days",
                "days from 0 to 3650".to_owned(),
                found,
            ));
        }
        Ok(book)
    }

    /// The digest of the book: of its canonical JSON, with defaults filled in, so that writing a default down changes
    /// nothing.
    pub fn digest(&self) -> Digest {
        // A book has only texts and bounded integers, which always have a canonical form.
        let json = serde_json::to_value(self).unwrap_or_default();
        Digest::of(canonical::to_string(&json).unwrap_or_default().as_bytes())
    }

    fn prices(&self) -> [(&'static str, Minor); 10] {
        let routing = &self.routing;
        [
            ("routing.late_day_minor", routing.late_day_minor),
            ("routing.split_minor", routing.split_minor),
            ("routing.labour_minute_minor", routing.labour_minute_minor),
            ("routing.carbon_kg_minor", routing.carbon_kg_minor),
            ("routing.unserved_line_minor", routing.unserved_line_minor),
            ("routing.unserved_unit_minor", routing.unserved_unit_minor),
            ("routing.rejection_minor", routing.rejection_minor),
            ("routing.short_pick_minor", routing.short_pick_minor),
            ("routing.stock_risk_unit_minor", routing.stock_risk_unit_minor),
            ("returns.refer_minor", self.returns.refer_minor),
        ]
    }

    fn shares(&self) -> [(&'static str, u32); 6] {
        [
            ("routing.waiting_revenue_bp", self.routing.waiting_revenue_bp),
            ("routing.cancelled_revenue_bp", self.routing.cancelled_revenue_bp),
            ("routing.markdown_loss_bp", self.routing.markdown_loss_bp),
            ("allocation.priority_point_bp", self.allocation.priority_point_bp),
            ("allocation.late_day_bp", self.allocation.late_day_bp),
            ("allocation.unfairness_bp", self.allocation.unfairness_bp),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "name = \"brazil\"\nversion = \"2.1.0\"\n\n[routing]\nlate_day_minor = 450\n";

    #[test]
    fn what_a_book_does_not_say_has_its_default_and_the_digest_does_not_care() {
        let book = CostBook::parse("book.toml", TEXT).unwrap();
        assert_eq!(book.routing.late_day_minor, 450);
        assert_eq!(book.routing.split_minor, RoutingPrices::default().split_minor);
        let spelled_out = CostBook::parse("book.toml", &format!("{TEXT}split_minor = 250\n")).unwrap();
        assert_eq!(book.digest(), spelled_out.digest());
    }

    #[test]
    fn another_price_or_version_is_another_digest() {
        let book = CostBook::parse("book.toml", TEXT).unwrap();
        for other in [TEXT.replace("450", "451"), TEXT.replace("2.1.0", "2.1.1")] {
            assert_ne!(
                book.digest(),
                CostBook::parse("book.toml", &other).unwrap().digest()
            );
        }
    }

    #[test]
    fn an_unknown_price_and_a_negative_one_are_refused_where_they_stand() {
        let unknown = CostBook::parse("book.toml", &format!("{TEXT}lateday = 3\n")).unwrap_err();
        assert_eq!((unknown.line, unknown.field.as_str()), (6, "routing.lateday"));
        let negative = CostBook::parse("book.toml", &TEXT.replace("450", "-1")).unwrap_err();
        assert_eq!(
            (negative.line, negative.column, negative.found.as_str()),
            (5, 18, "-1")
        );
    }
}
