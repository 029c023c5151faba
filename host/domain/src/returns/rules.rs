//! Laws on what may become of returned goods, as data.

use crate::returns::request::{Grade, LegalBasis, Packaging, ReturnItem};
use crate::time::Timestamp;
use crate::word::Word;

/// A law that forbids dispositions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct JurisdictionRule {
    /// Its name.
    pub name: &'static str,
    /// Where it stands.
    pub source: &'static str,
    /// ISO 3166-1 codes of the countries where it holds.
    pub countries: &'static [&'static str],
    /// The categories that it concerns; all when empty.
    pub categories: &'static [&'static str],
    /// The categories that it does not concern.
    pub except_categories: &'static [&'static str],
    /// The legal bases of returns that it concerns; all when empty.
    pub legal_bases: &'static [LegalBasis],
    /// From when it holds.
    pub from: Timestamp,
    /// What it forbids.
    pub forbids: &'static [&'static str],
}

const EU: &[&str] = &[
    "AT", "BE", "BG", "HR", "CY", "CZ", "DK", "EE", "FI", "FR", "DE", "GR", "HU", "IE", "IT", "LV", "LT",
    "LU", "MT", "NL", "PL", "PT", "RO", "SK", "SI", "ES", "SE",
];

/// Every law that the host knows.
///
/// Both have exceptions for goods that are dangerous, unhygienic or beyond repair: see [`is_exempt`].
pub const RULES: &[JurisdictionRule] = &[
    JurisdictionRule {
        name: "EU_UNSOLD_TEXTILES",
        // Article 2(34): destruction is discarding as waste, recycling included; 2(37): what a consumer returned within a
        // right of withdrawal, or the longer period that the trader grants, is unsold.
        source: "Regulation (EU) 2024/1781, Article 25 and Annex VII",
        countries: EU,
        categories: &["APPAREL", "CLOTHING_ACCESSORIES", "FOOTWEAR"],
        except_categories: &[],
        legal_bases: &[LegalBasis::Withdrawal, LegalBasis::Goodwill],
        // 2026-07-19T00:00:00Z.
        from: Timestamp(1_784_419_200_000),
        forbids: &["DESTROY", "RECYCLE"],
    },
    JurisdictionRule {
        name: "FR_UNSOLD_NON_FOOD",
        source: "Code de l'environnement, article L541-15-8",
        countries: &["FR"],
        categories: &[],
        except_categories: &["FOOD"],
        legal_bases: &[LegalBasis::Withdrawal, LegalBasis::Goodwill],
        // 2024-01-01T00:00:00Z, when it held for all products.
        from: Timestamp(1_704_067_200_000),
        forbids: &["DESTROY"],
    },
];

/// The laws that hold for an item at an instant.
pub fn rules_for(item: &ReturnItem, now: Timestamp) -> Vec<&'static JurisdictionRule> {
    RULES.iter().filter(|rule| rule.concerns(item, now)).collect()
}

impl JurisdictionRule {
    fn concerns(&self, item: &ReturnItem, now: Timestamp) -> bool {
        // A subdivision (`FR-IDF`) is under the law of its country.
        let country = item.jurisdiction.split('-').next().unwrap_or_default();
        let category = |known: &&str| item.category == **known;
        self.from <= now
            && self.countries.contains(&country)
            && (self.categories.is_empty() || self.categories.iter().any(category))
            && !self.except_categories.iter().any(category)
            && (self.legal_bases.is_empty() || self.legal_bases.contains(&item.legal_basis))
            && !is_exempt(item, now)
    }

    /// Whether it forbids the disposition.
    pub fn forbids(&self, disposition: &Word) -> bool {
        self.forbids.iter().any(|word| disposition == word)
    }
}

/// Whether the goods may be destroyed all the same: dangerous (recalled, hazardous, expired), unhygienic, or beyond repair.
pub fn is_exempt(item: &ReturnItem, now: Timestamp) -> bool {
    item.recall
        || item.hazmat
        || item.expires_at.is_some_and(|expires_at| expires_at <= now)
        || (item.hygiene_restricted && item.packaging != Packaging::Sealed)
        || item.grade == Some(Grade::E)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::returns::testkit::{NOW, item, word};

    fn names(item: &ReturnItem, now: Timestamp) -> Vec<&'static str> {
        rules_for(item, now).iter().map(|rule| rule.name).collect()
    }

    #[test]
    fn the_instants_are_the_days_of_the_laws() {
        let days: Vec<String> = RULES.iter().map(|rule| rule.from.to_string()).collect();
        assert_eq!(days, ["2026-07-19T00:00:00.000Z", "2024-01-01T00:00:00.000Z"]);
    }

    #[test]
    fn a_law_holds_from_its_day_in_its_countries_for_its_goods() {
        let mut shirt = item();
        (shirt.category, shirt.jurisdiction) = (word("APPAREL"), word("FR-IDF"));
        let before = Timestamp(RULES[0].from.0 - 1);
        assert_eq!(names(&shirt, before), ["FR_UNSOLD_NON_FOOD"]);
        assert_eq!(
            names(&shirt, RULES[0].from),
            ["EU_UNSOLD_TEXTILES", "FR_UNSOLD_NON_FOOD"]
        );
        shirt.jurisdiction = word("DE");
        assert_eq!(names(&shirt, RULES[0].from), ["EU_UNSOLD_TEXTILES"]);
        shirt.category = word("ELECTRONICS");
        assert_eq!(names(&shirt, RULES[0].from), Vec::<&str>::new());
        (shirt.category, shirt.jurisdiction) = (word("FOOD"), word("FR"));
        assert_eq!(names(&shirt, NOW), Vec::<&str>::new());
    }

    #[test]
    fn what_is_dangerous_unhygienic_or_beyond_repair_is_exempt_and_so_is_what_did_not_conform() {
        let mut shirt = item();
        (shirt.category, shirt.jurisdiction) = (word("APPAREL"), word("FR"));
        for change in [
            |item: &mut ReturnItem| item.recall = true,
            |item: &mut ReturnItem| item.hazmat = true,
            |item: &mut ReturnItem| item.expires_at = Some(NOW),
            |item: &mut ReturnItem| item.hygiene_restricted = true,
            |item: &mut ReturnItem| item.grade = Some(Grade::E),
            |item: &mut ReturnItem| item.legal_basis = LegalBasis::NonConformity,
        ] {
            let mut exempt = shirt.clone();
            change(&mut exempt);
            assert_eq!(names(&exempt, NOW), Vec::<&str>::new(), "{exempt:?}");
        }
        (shirt.hygiene_restricted, shirt.packaging) = (true, Packaging::Sealed);
        assert_eq!(names(&shirt, NOW), ["FR_UNSOLD_NON_FOOD"]);
    }
}
