//! The keys that a rule may set a condition on: where the rule and the unit keep their value.

use signalbox_plugin::contract::Word;
use signalbox_plugin::returns::Return;

use crate::parameters::{Range, Rule};
use crate::values::{FunctionalTest, Grade, LegalBasis, Method, Packaging, Stage};

const DAY_MS: i64 = 86_400_000;

/// A key with a closed list of values, numbered in the order of `texts`.
#[derive(Clone, Copy)]
pub struct ListKey {
    pub name: &'static str,
    pub texts: &'static [&'static str],
    /// The numbers of the values that the rule names; none when it names none.
    pub of_rule: fn(&Rule) -> Option<Vec<u32>>,
    /// The number of the unit's value.
    pub of_unit: fn(&Return<'_>) -> Option<u32>,
}

/// A key with words of an open vocabulary.
#[derive(Clone, Copy)]
pub struct WordKey {
    pub name: &'static str,
    pub of_rule: fn(&Rule) -> Option<&Vec<String>>,
    pub of_unit: fn(&Return<'_>) -> Word,
}

/// A key with a number.
#[derive(Clone, Copy)]
pub struct NumberKey {
    pub name: &'static str,
    /// Smallest and largest number that occur; a unit's number beyond them counts as the nearest.
    pub least: i64,
    pub most: i64,
    /// Whether a unit may be without it.
    pub optional: bool,
    pub of_rule: fn(&Rule) -> Option<Range>,
    /// The unit's number at a moment (epoch milliseconds).
    pub of_unit: fn(&Return<'_>, i64) -> Option<i64>,
}

const FLAG: &[&str] = &["false", "true"];

macro_rules! list {
    ($name:ident, $type:ty, $of_unit:expr) => {
        ListKey {
            name: stringify!($name),
            texts: <$type>::TEXTS,
            of_rule: |rule| {
                let named = rule.$name.as_ref()?;
                Some(named.iter().map(|value| *value as u32).collect())
            },
            of_unit: $of_unit,
        }
    };
}

macro_rules! flag {
    ($name:ident) => {
        ListKey {
            name: stringify!($name),
            texts: FLAG,
            of_rule: |rule| rule.$name.map(|value| vec![u32::from(value)]),
            of_unit: |unit| Some(u32::from(unit.$name())),
        }
    };
}

macro_rules! word {
    ($name:ident) => {
        WordKey {
            name: stringify!($name),
            of_rule: |rule| rule.$name.as_ref(),
            of_unit: |unit| unit.$name(),
        }
    };
}

macro_rules! number {
    ($name:ident, $most:expr, $optional:literal, $of_unit:expr) => {
        NumberKey {
            name: stringify!($name),
            least: 0,
            most: $most,
            optional: $optional,
            of_rule: |rule| rule.$name,
            of_unit: $of_unit,
        }
    };
}

/// Every key with a closed list of values.
pub const LISTS: &[ListKey] = &[
    list!(grade, Grade, |unit| Some(Grade::of(unit.grade()) as u32)),
    list!(packaging, Packaging, |unit| {
        Packaging::of(unit.packaging()).map(|value| value as u32)
    }),
    list!(functional_test, FunctionalTest, |unit| {
        FunctionalTest::of(unit.functional_test()).map(|value| value as u32)
    }),
    list!(stage, Stage, |unit| Stage::of(unit.stage())
        .map(|value| value as u32)),
    list!(method, Method, |unit| {
        Method::of(unit.method()).map(|value| value as u32)
    }),
    list!(legal_basis, LegalBasis, |unit| {
        LegalBasis::of(unit.legal_basis()).map(|value| value as u32)
    }),
    flag!(missing_parts),
    flag!(recall),
    flag!(hygiene_restricted),
    flag!(hazmat),
    flag!(data_bearing),
    flag!(data_wiped),
];

/// Every key with words.
pub const WORDS: &[WordKey] = &[word!(category), word!(return_reason), word!(jurisdiction)];

/// Every key with a number.
pub const NUMBERS: &[NumberKey] = &[
    number!(current_price_minor, i64::MAX, false, |unit, _| Some(
        unit.current_price()
    )),
    number!(carrying_value_minor, i64::MAX, false, |unit, _| Some(
        unit.carrying_value()
    )),
    number!(weeks_of_supply_milli, u32::MAX as i64, false, |unit, _| Some(
        unit.weeks_of_supply_milli().into()
    )),
    number!(days_since_sold, i64::MAX / DAY_MS, true, |unit, now_ms| {
        unit.sold_at()
            .map(|sold_at| now_ms.saturating_sub(sold_at).div_euclid(DAY_MS))
    }),
    number!(fraud_score_bp, 10_000, true, |unit, _| unit
        .fraud_score_bp()
        .map(i64::from)),
];
