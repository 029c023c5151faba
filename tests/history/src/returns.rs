//! Returns requests from the cancellations of UCI Online Retail II, matched to their purchases.
//!
//! Real: article, country, price paid, when it was bought and when it was credited. Modelled: everything about the
//! condition of the unit, and what may be done with it. The source is a wholesaler's gift articles; one unit of each
//! credited line is decided.

mod options;
mod uci;

use signalbox_domain::envelope::{Attribute, AttributeValue, Entity, Mode, NetworkSnapshot, Seed, Selectors};
use signalbox_domain::money::{Currency, Minor};
use signalbox_domain::returns::{
    FunctionalTest, Grade, LegalBasis, Packaging, ReturnItem, ReturnMethod, ReturnStage, ReturnsRequest,
    SerialMatch,
};
use signalbox_domain::{Timestamp, Word};

pub use uci::{PastReturn, ReturnsHistory};

use crate::draw::{Draw, Draws};
use crate::model::constants::{DAY_MS, HOUR_MS};

/// Days in which a customer may withdraw: Directive 2011/83/EU, article 9; the UK keeps the same term.
const WITHDRAWAL_DAYS: i64 = 14;
/// What an article stands for in the books, as a share of its price. Chosen.
const CARRYING_SHARE: f64 = 0.6;
/// Grades A to E, and for each how likely the packaging is sealed, opened, damaged, missing. Chosen.
const GRADES: [(Grade, f64, [f64; 4]); 5] = [
    (Grade::A, 0.42, [0.7, 0.28, 0.02, 0.0]),
    (Grade::B, 0.27, [0.1, 0.75, 0.12, 0.03]),
    (Grade::C, 0.16, [0.0, 0.6, 0.3, 0.1]),
    (Grade::D, 0.10, [0.0, 0.35, 0.5, 0.15]),
    (Grade::E, 0.05, [0.0, 0.1, 0.6, 0.3]),
];
/// Reasons and how often. Chosen.
const REASONS: [(&str, f64); 6] = [
    ("UNWANTED", 0.38),
    ("DEFECTIVE", 0.2),
    ("WRONG_ITEM", 0.14),
    ("NOT_AS_DESCRIBED", 0.12),
    ("COLOR", 0.06),
    ("UNKNOWN", 0.1),
];

/// Up to `count` returns requests, spread evenly over the history.
pub fn cases(history: &ReturnsHistory, seed: u64, count: usize) -> Vec<ReturnsRequest> {
    let draws = Draws::new(seed);
    let step = history.returns.len().div_ceil(count.max(1)).max(1);
    history
        .returns
        .iter()
        .step_by(step)
        .filter_map(|past| case(past, draws))
        .collect()
}

/// The request for one unit of a credited line.
fn case(past: &PastReturn, draws: Draws) -> Option<ReturnsRequest> {
    let mut draw = draws.about(&["return", &past.rma_id]);
    let now = past
        .credited_at
        .plus_millis((draw.between(2.0, 48.0) * HOUR_MS as f64) as i64);
    let item = item(past, &mut draw)?;
    let options = options::offered(past, &item, now, &mut draw)?;
    Some(ReturnsRequest {
        decision_id: None,
        idempotency_key: None,
        mode: Mode::Decide,
        deadline_ms: None,
        now: Some(now),
        seed: Some(Seed(draw.bits())),
        currency: Currency::new("GBP")?,
        selectors: Selectors::default(),
        incumbent: None,
        overrides: Vec::new(),
        attributes: vec![Attribute {
            entity: Entity::Return,
            key: Word::new("modelled_condition").ok()?,
            values: vec![Some(AttributeValue::Flag(true))],
        }],
        item,
        options,
        snapshot: NetworkSnapshot {
            as_of: Some(now),
            ..NetworkSnapshot::default()
        },
    })
}

fn item(past: &PastReturn, draw: &mut Draw) -> Option<ReturnItem> {
    let (grade, _, packagings) = GRADES.get(draw.weighted(GRADES.iter().map(|grade| grade.1)))?;
    let packaging = [
        Packaging::Sealed,
        Packaging::Opened,
        Packaging::Damaged,
        Packaging::Missing,
    ];
    let packaging = packaging.get(draw.weighted(packagings.iter().copied()))?;
    let reason = REASONS
        .get(draw.weighted(REASONS.iter().map(|reason| reason.1)))?
        .0;
    let kind = Kind::of(&past.description);
    let withdrawal_ends = past.sold_at.plus_millis(WITHDRAWAL_DAYS.saturating_mul(DAY_MS));
    let faulty = matches!(reason, "DEFECTIVE" | "WRONG_ITEM" | "NOT_AS_DESCRIBED");
    Some(ReturnItem {
        rma_id: past.rma_id.clone(),
        line_id: None,
        sku: past.sku.clone(),
        gtin: None,
        category: Word::new(kind.category).ok()?,
        sold_at: Some(past.sold_at),
        received_at: Some(past.credited_at),
        stage: ReturnStage::Inspected,
        method: ReturnMethod::Mail,
        node_id: Some("RETURNS-UK".to_owned()),
        jurisdiction: Word::new(past.country).ok()?,
        legal_basis: basis(faulty, past.credited_at <= withdrawal_ends),
        window_ends_at: Some(withdrawal_ends),
        return_reason: Word::new(reason).ok(),
        grade: Some(*grade),
        packaging: *packaging,
        functional_test: test(kind, *grade, draw),
        missing_parts: *grade >= Grade::C && draw.chance(0.12),
        serial_match: SerialMatch::NotApplicable,
        not_received: false,
        recall: draw.chance(0.004),
        hygiene_restricted: kind.hygiene,
        hazmat: false,
        data_bearing: false,
        data_wiped: false,
        expires_at: None,
        carrying_value_minor: (past.price_minor as f64 * CARRYING_SHARE).round() as Minor,
        current_price_minor: current_price(past, draw),
        weeks_of_supply_milli: (draw.log_normal(8.0, 30.0) * 1_000.0) as u32,
        fraud: None,
    })
}

fn basis(faulty: bool, in_window: bool) -> LegalBasis {
    match (faulty, in_window) {
        (true, _) => LegalBasis::NonConformity,
        (false, true) => LegalBasis::Withdrawal,
        (false, false) => LegalBasis::Goodwill,
    }
}

fn test(kind: Kind, grade: Grade, draw: &mut Draw) -> FunctionalTest {
    if !kind.powered {
        return FunctionalTest::NotTested;
    }
    let works = match grade {
        Grade::A => 0.98,
        Grade::B => 0.94,
        Grade::C => 0.8,
        Grade::D => 0.4,
        Grade::E => 0.05,
    };
    if draw.chance(works) {
        FunctionalTest::Pass
    } else {
        FunctionalTest::Fail
    }
}

/// Gift articles lose value with the seasons: half a year takes a third. Chosen.
fn current_price(past: &PastReturn, draw: &mut Draw) -> Minor {
    let days = past.credited_at.millis_since(past.sold_at) as f64 / DAY_MS as f64;
    let kept = (-days / 450.0).exp() * draw.between(0.9, 1.0);
    (past.price_minor as f64 * kept).round() as Minor
}

/// What the words of a description say about the article.
#[derive(Clone, Copy)]
struct Kind {
    category: &'static str,
    powered: bool,
    hygiene: bool,
}

impl Kind {
    fn of(description: &str) -> Kind {
        let has = |words: &[&str]| words.iter().any(|word| description.contains(word));
        let kind = |category, powered, hygiene| Kind {
            category,
            powered,
            hygiene,
        };
        if has(&["SOAP", "BATH SALT", "LIP BALM", "BODY", "COSMETIC"]) {
            kind("BEAUTY", false, true)
        } else if has(&["LIGHTS", "LAMP", "CLOCK", "RADIO", "TORCH"]) {
            kind("ELECTRICAL", true, false)
        } else if has(&["APRON", "SCARF", "HAT", "GLOVE", "SLIPPER", "UMBRELLA"]) {
            kind("APPAREL", false, false)
        } else if has(&["MUG", "PLATE", "BOWL", "CAKE", "TEA", "GLASS", "JAR"]) {
            kind("KITCHEN", false, false)
        } else {
            kind("GIFTWARE", false, false)
        }
    }
}

/// Whether an instant is later than another by more than days.
fn later_by(a: Timestamp, b: Timestamp, days: i64) -> bool {
    a.millis_since(b) > days.saturating_mul(DAY_MS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_return_offers_at_least_two_ways_and_the_same_seed_the_same_ones() {
        let history = ReturnsHistory::generate(5, 400);
        let cases = super::cases(&history, 1, 200);
        assert_eq!(cases.len(), 200);
        assert!(cases.iter().all(|request| request.options.len() >= 2));
        assert_eq!(cases, super::cases(&history, 1, 200));
        assert_ne!(cases, super::cases(&history, 2, 200));
    }

    #[test]
    fn the_legal_basis_follows_the_reason_and_the_window() {
        assert_eq!(basis(true, true), LegalBasis::NonConformity);
        assert_eq!(basis(false, true), LegalBasis::Withdrawal);
        assert_eq!(basis(false, false), LegalBasis::Goodwill);
    }

    #[test]
    fn words_of_the_description_say_what_the_article_is() {
        assert_eq!(Kind::of("ANTIQUE LILY FAIRY LIGHTS").category, "ELECTRICAL");
        assert!(Kind::of("VINTAGE LAVENDER SOAP").hygiene);
        assert_eq!(Kind::of("WHITE METAL LANTERN").category, "GIFTWARE");
    }
}
