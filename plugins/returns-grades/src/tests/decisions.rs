//! What the policy decides.

use proptest::prelude::*;
use returns_lawful::testing::{NOW_MS, check, requests};
use signalbox_plugin::returns::*;
use signalbox_plugin::testing::{self, DecidedReturns};
use signalbox_plugin::words::{disposition, grade};

use super::policy;
use crate::ReturnsGrades;

const TABLE: &str = r#"
    default = ["LIQUIDATE"]
    [[rules]]
    grade = ["A"]
    disposition = ["RESTOCK", "RESELL_OPEN_BOX"]
    [[rules]]
    grade = ["B"]
    disposition = ["RESELL_OPEN_BOX"]
    [[rules]]
    grade = ["C"]
    disposition = ["QUARANTINE"]
    refer_to = "REPAIR_DESK"
"#;

fn decide(unit: ReturnRow, options: Vec<OptionRow>) -> DecidedReturns {
    let context = Context {
        now_ms: NOW_MS,
        ..Context::default()
    };
    let rows = ReturnsRows {
        unit,
        options,
        ..ReturnsRows::default()
    };
    testing::returns(&policy(TABLE), &context, &rows).unwrap()
}

fn graded(grade: Named) -> ReturnRow {
    ReturnRow {
        grade: grade.word(),
        ..ReturnRow::default()
    }
}

fn option(disposition: Named, class: DispositionClass, proceeds: i64) -> OptionRow {
    OptionRow {
        disposition: disposition.word(),
        class,
        proceeds,
        ..OptionRow::default()
    }
}

fn restock() -> OptionRow {
    option(disposition::RESTOCK, DispositionClass::Sellable, 100)
}

fn open_box() -> OptionRow {
    option(disposition::RESELL_OPEN_BOX, DispositionClass::Sellable, 900)
}

fn liquidate() -> OptionRow {
    option(disposition::LIQUIDATE, DispositionClass::Leaves, 500)
}

fn quarantine() -> OptionRow {
    option(disposition::QUARANTINE, DispositionClass::Held, 0)
}

#[test]
fn the_rule_decides_and_not_the_money() {
    let decided = decide(graded(grade::A), vec![open_box(), restock()]);
    assert_eq!(decided.disposition.option, Some(1));
    assert_eq!(decided.disposition.expected_recovery, 100);
    assert_eq!(decided.decided.summary.confidence_bp, 10_000);
    assert!(decided.decided.has_reason("RULE"));
}

#[test]
fn a_later_preference_is_taken_when_the_first_is_not_possible() {
    let full = OptionRow {
        capacity_left: Some(0),
        ..restock()
    };
    let decided = decide(graded(grade::A), vec![full, open_box()]);
    assert_eq!(decided.disposition.option, Some(1));
    assert!(decided.decided.has_reason("LATER_PREFERENCE"));
    assert_eq!(decided.decided.summary.confidence_bp, 8_000);
}

#[test]
fn of_two_places_for_one_disposition_the_better_is_taken() {
    let far = OptionRow {
        transport: 50,
        ..restock()
    };
    assert_eq!(
        decide(graded(grade::A), vec![far, restock()]).disposition.option,
        Some(1)
    );
}

#[test]
fn the_default_serves_where_no_rule_matches_and_where_its_rule_is_impossible() {
    let unmatched = decide(graded(grade::E), vec![restock(), liquidate()]);
    assert_eq!(unmatched.disposition.option, Some(1));
    assert!(unmatched.decided.has_reason("NO_RULE") && unmatched.decided.has_reason("DEFAULT"));
    let impossible = decide(graded(grade::B), vec![restock(), liquidate()]);
    assert_eq!(impossible.disposition.option, Some(1));
    assert!(impossible.decided.has_reason("RULE_IMPOSSIBLE"));
}

#[test]
fn where_nothing_is_possible_a_person_decides() {
    let decided = decide(graded(grade::B), vec![restock()]);
    assert_eq!(decided.disposition.option, None);
    assert_eq!(decided.disposition.refer_to, Word::of("RETURNS_DESK"));
    assert_eq!(decided.disposition.refer_reason, Word::of("NO_OPTION"));
}

#[test]
fn a_rule_may_let_a_person_decide_and_says_where_the_unit_waits() {
    let decided = decide(graded(grade::C), vec![restock(), quarantine()]);
    assert_eq!(decided.disposition.refer_to, Word::of("REPAIR_DESK"));
    assert_eq!(decided.disposition.refer_reason, Word::of("RULE_REFERS"));
    assert_eq!(decided.disposition.option, Some(1));
}

#[test]
fn the_table_cannot_ask_for_what_is_unlawful() {
    let recalled = ReturnRow {
        recall: true,
        ..graded(grade::A)
    };
    let decided = decide(recalled, vec![restock(), quarantine()]);
    assert_eq!(decided.disposition.option, Some(1));
    assert_eq!(decided.alternatives[0].failed_constraint, Word::of("RECALLED"));
}

#[test]
fn suspected_fraud_never_comes_to_the_table() {
    let suspect = ReturnRow {
        fraud_review: true,
        ..graded(grade::A)
    };
    let decided = decide(suspect, vec![restock(), quarantine()]);
    assert_eq!(decided.disposition.refer_to, Word::of("FRAUD_DESK"));
    assert_eq!(decided.disposition.option, Some(1));
}

proptest! {
    #[test]
    fn every_decision_obeys_the_host(rows in requests()) {
        let context = Context { now_ms: NOW_MS, ..Context::default() };
        let desks = [Word::of("REPAIR_DESK"), Word::of("GRADING_DESK")];
        for table in [TABLE, include_str!("../../parameters.toml")] {
            let decided = testing::returns(&policy(table), &context, &rows).unwrap();
            check(&rows, &ReturnsGrades::ABOUT, &desks, &decided)?;
            prop_assert_eq!(&decided, &testing::returns(&policy(table), &context, &rows).unwrap());
        }
    }
}
