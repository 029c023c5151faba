//! Random returns requests, and the host's invariants as a checker that shares no code with the policies.

use proptest::prelude::*;
use proptest::test_runner::TestCaseError;
use signalbox_plugin::returns::{
    DispositionClass, FunctionalTest, LegalBasis, OptionRow, Packaging, ReturnMethod, ReturnRow, ReturnsRows,
    SerialMatch, Stage,
};
use signalbox_plugin::testing::DecidedReturns;
use signalbox_plugin::words::{disposition, grade, return_reason};
use signalbox_plugin::{About, contract::Word};

/// The moment at which the random requests are decided, epoch milliseconds.
pub const NOW_MS: i64 = 1_760_000_000_000;

const DAY_MS: i64 = 86_400_000;

/// Any request that the host could send: one unit and up to eight options.
pub fn requests() -> impl Strategy<Value = ReturnsRows> {
    (units(), prop::collection::vec(options(), 0..8)).prop_map(|(unit, options)| ReturnsRows {
        unit,
        options,
        ..ReturnsRows::default()
    })
}

fn moments() -> impl Strategy<Value = Option<i64>> {
    prop::option::weighted(0.4, NOW_MS - 20 * DAY_MS..NOW_MS + 20 * DAY_MS)
}

fn rarely() -> impl Strategy<Value = bool> {
    prop::bool::weighted(0.15)
}

fn units() -> impl Strategy<Value = ReturnRow> {
    let category = prop::sample::select(vec!["APPAREL", "ELECTRONICS", "TOYS"]);
    let grades = prop::option::of(prop::sample::select(grade::ALL));
    let states = (
        prop::sample::select(vec![
            Stage::PreReceipt,
            Stage::Store,
            Stage::Dock,
            Stage::Inspected,
        ]),
        prop::sample::select(vec![
            Packaging::Sealed,
            Packaging::Opened,
            Packaging::Damaged,
            Packaging::Missing,
        ]),
        prop::sample::select(vec![
            FunctionalTest::Pass,
            FunctionalTest::Fail,
            FunctionalTest::NotTested,
        ]),
        prop::sample::select(vec![
            SerialMatch::NotApplicable,
            SerialMatch::Yes,
            SerialMatch::No,
        ]),
        prop::sample::select(vec![
            ReturnMethod::Store,
            ReturnMethod::Mail,
            ReturnMethod::Pickup,
        ]),
        prop::sample::select(vec![LegalBasis::Withdrawal, LegalBasis::Warranty]),
    );
    let flags = (rarely(), rarely(), rarely(), rarely(), rarely(), any::<bool>());
    let numbers = (
        moments(),
        moments(),
        prop::option::of(0u32..=10_000),
        rarely(),
        0i64..50_000,
    );
    (
        category,
        prop::sample::select(return_reason::ALL),
        grades,
        states,
        flags,
        numbers,
    )
        .prop_map(|(category, reason, grade, states, flags, numbers)| {
            let (stage, packaging, functional_test, serial_match, method, legal_basis) = states;
            let (recall, hygiene_restricted, not_received, missing_parts, data_bearing, data_wiped) = flags;
            let (expires_at, sold_at, fraud_score_bp, fraud_review, current_price) = numbers;
            ReturnRow {
                category: Word::of(category),
                return_reason: reason.word(),
                grade: grade.map_or(Word::NONE, |grade| grade.word()),
                jurisdiction: Word::of("FR"),
                stage,
                packaging,
                functional_test,
                serial_match,
                method,
                legal_basis,
                recall,
                hygiene_restricted,
                not_received,
                missing_parts,
                data_bearing,
                data_wiped,
                expires_at,
                sold_at,
                fraud_score_bp,
                fraud_review,
                current_price,
                carrying_value: current_price / 2,
                ..ReturnRow::default()
            }
        })
}

fn class_of(word: Word) -> DispositionClass {
    let named = |of: &[signalbox_plugin::Named]| of.iter().any(|named| *named == word);
    if named(&[disposition::RESTOCK, disposition::RESELL_OPEN_BOX]) {
        DispositionClass::Sellable
    } else if named(&[disposition::REPACK, disposition::REFURBISH]) {
        DispositionClass::Recoverable
    } else if named(&[disposition::RECYCLE, disposition::DESTROY]) {
        DispositionClass::Destroyed
    } else if named(&[disposition::QUARANTINE]) {
        DispositionClass::Held
    } else if named(&[disposition::RETURN_TO_CUSTOMER, disposition::KEEP_WITH_CUSTOMER]) {
        DispositionClass::Customer
    } else {
        DispositionClass::Leaves
    }
}

fn options() -> impl Strategy<Value = OptionRow> {
    let left = || prop::option::weighted(0.3, 0u32..3);
    // Now and then figures at the ends of the number range, which must saturate and not overflow.
    let money = || {
        prop_oneof![
            9 => -5_000i64..50_000,
            1 => prop::sample::select(vec![i64::MIN + 1, i64::MAX, -(1 << 53), 1 << 53]),
        ]
    };
    (
        prop::sample::select(disposition::ALL),
        left(),
        left(),
        prop_oneof![9 => 0u32..60, 1 => Just(u32::MAX)],
        (money(), money(), money(), prop::option::of(money())),
        moments(),
    )
        .prop_map(
            |(disposition, capacity_left, quota_left, days, money, window_ends_at)| {
                let (handling, transport, proceeds, proceeds_p10) = money;
                OptionRow {
                    disposition: disposition.word(),
                    class: class_of(disposition.word()),
                    destination_node: None,
                    capacity_left,
                    days,
                    quota_left,
                    handling,
                    transport,
                    proceeds,
                    proceeds_p10,
                    window_ends_at,
                }
            },
        )
}

/// Checks every invariant that the host checks of a returns decision, and that the decision uses only codes that `about`
/// declares. `desks` are those that the parameters name.
///
/// # Errors
/// The invariant that is broken.
pub fn check(
    rows: &ReturnsRows,
    about: &About,
    desks: &[Word],
    decided: &DecidedReturns,
) -> Result<(), TestCaseError> {
    let disposition = &decided.disposition;
    prop_assert!(
        disposition.option.is_some() || disposition.refer_to.is_some(),
        "neither an option nor a referral"
    );
    prop_assert_eq!(
        disposition.refer_to.is_some(),
        disposition.refer_reason.is_some(),
        "a referral has a desk and a reason"
    );
    match disposition.option {
        None => prop_assert_eq!(disposition.expected_recovery, 0),
        Some(row) => {
            let option = rows.options.get(row as usize);
            prop_assert!(option.is_some(), "option {} was not offered", row);
            if let Some(option) = option {
                check_option(&rows.unit, option, disposition.expected_recovery)?;
            }
        }
    }
    let mut seen: Vec<u32> = disposition.option.into_iter().collect();
    for alternative in &decided.alternatives {
        prop_assert!((alternative.option as usize) < rows.options.len());
        prop_assert!(
            !seen.contains(&alternative.option),
            "option {} is listed twice",
            alternative.option
        );
        seen.push(alternative.option);
        let constraint = alternative.failed_constraint;
        let declared = about.words.iter().any(|word| *word == constraint);
        prop_assert!(!constraint.is_some() || declared, "an undeclared constraint");
    }
    prop_assert!(decided.decided.summary.confidence_bp <= 10_000);
    let declared = |code: Word| about.reasons.iter().any(|reason| reason.word() == code);
    prop_assert!(!decided.decided.reasons.is_empty());
    prop_assert!(
        decided.decided.reasons.iter().all(|reason| declared(reason.code)),
        "an undeclared reason"
    );
    prop_assert!(!disposition.refer_reason.is_some() || declared(disposition.refer_reason));
    let desk = disposition.refer_to;
    let known = about.words.iter().any(|word| *word == desk) || desks.contains(&desk);
    prop_assert!(
        !desk.is_some() || known,
        "a desk that neither describe nor the parameters name"
    );
    Ok(())
}

fn check_option(unit: &ReturnRow, option: &OptionRow, recovery: i64) -> Result<(), TestCaseError> {
    let sellable = option.class == DispositionClass::Sellable;
    let expired = unit.expires_at.is_some_and(|end| end <= NOW_MS);
    prop_assert!(!(sellable && unit.recall), "a recalled unit is sold");
    prop_assert!(!(sellable && expired), "an expired unit is sold");
    let opened = unit.packaging != Packaging::Sealed;
    prop_assert!(
        !(sellable && unit.hygiene_restricted && opened),
        "an opened hygiene unit is sold"
    );
    prop_assert!(!(sellable && unit.serial_match == SerialMatch::No));
    let leaves = matches!(
        option.class,
        DispositionClass::Leaves | DispositionClass::Sellable
    );
    prop_assert!(
        !(leaves && unit.data_bearing && !unit.data_wiped),
        "data leaves unwiped"
    );
    prop_assert!(option.quota_left != Some(0), "the quota is exhausted");
    prop_assert!(option.capacity_left != Some(0), "the destination is full");
    prop_assert!(
        option.window_ends_at.is_none_or(|end| end > NOW_MS),
        "the option has ended"
    );
    let exact = i128::from(option.proceeds) - i128::from(option.handling) - i128::from(option.transport);
    if let Ok(exact) = i64::try_from(exact) {
        prop_assert_eq!(recovery, exact, "recovery is not what the option's figures say");
    }
    Ok(())
}
