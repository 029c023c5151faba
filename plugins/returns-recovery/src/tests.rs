//! What the policy must do, run natively through the contract's encoding.

use proptest::prelude::*;
use returns_lawful::testing::{NOW_MS, check, requests};
use signalbox_plugin::returns::*;
use signalbox_plugin::testing::{self, DecidedReturns};
use signalbox_plugin::words::disposition;

use crate::ReturnsRecovery;

fn policy(parameters: &str) -> RunReturns<ReturnsRecovery> {
    testing::configure(parameters).unwrap()
}

fn decide(parameters: &str, unit: ReturnRow, options: Vec<OptionRow>) -> DecidedReturns {
    let context = Context {
        now_ms: NOW_MS,
        ..Context::default()
    };
    let rows = ReturnsRows {
        unit,
        options,
        ..ReturnsRows::default()
    };
    testing::returns(&policy(parameters), &context, &rows).unwrap()
}

fn chosen(parameters: &str, options: Vec<OptionRow>) -> Option<u32> {
    decide(parameters, ReturnRow::default(), options)
        .disposition
        .option
}

fn option(disposition: Named, class: DispositionClass, proceeds: i64) -> OptionRow {
    OptionRow {
        disposition: disposition.word(),
        class,
        proceeds,
        ..OptionRow::default()
    }
}

fn restock(proceeds: i64) -> OptionRow {
    option(disposition::RESTOCK, DispositionClass::Sellable, proceeds)
}

fn liquidate(proceeds: i64) -> OptionRow {
    option(disposition::LIQUIDATE, DispositionClass::Leaves, proceeds)
}

fn quarantine() -> OptionRow {
    option(disposition::QUARANTINE, DispositionClass::Held, 0)
}

#[test]
fn the_highest_net_recovery_wins_and_is_reported_without_adjustment() {
    let dear = OptionRow {
        handling: 700,
        transport: 100,
        ..restock(1_500)
    };
    let decided = decide("{}", ReturnRow::default(), vec![dear, liquidate(900)]);
    assert_eq!(decided.disposition.option, Some(1));
    assert_eq!(decided.disposition.expected_recovery, 900);
    assert_eq!(decided.alternatives.len(), 1);
    assert_eq!(decided.alternatives[0].expected_recovery, 700);
    assert!(decided.decided.has_reason("HIGHEST_RECOVERY"));
}

#[test]
fn equal_options_go_to_the_first_row() {
    assert_eq!(chosen("{}", vec![liquidate(500), liquidate(500)]), Some(0));
}

#[test]
fn risk_aversion_turns_from_the_uncertain_to_the_sure() {
    let options = || {
        let uncertain = OptionRow {
            proceeds_p10: Some(0),
            ..restock(1_000)
        };
        vec![uncertain, liquidate(800)]
    };
    assert_eq!(chosen(r#"{"risk_aversion_bp": 0}"#, options()), Some(0));
    assert_eq!(chosen(r#"{"risk_aversion_bp": 1999}"#, options()), Some(0));
    assert_eq!(chosen(r#"{"risk_aversion_bp": 2001}"#, options()), Some(1));
    let decided = decide(r#"{"risk_aversion_bp": 5000}"#, ReturnRow::default(), options());
    assert!(decided.decided.has_reason("RISK_ADJUSTED"));
}

#[test]
fn waiting_costs_what_the_parameters_say() {
    let options = || {
        let slow = OptionRow {
            days: 20,
            ..restock(1_000)
        };
        vec![slow, liquidate(900)]
    };
    assert_eq!(chosen(r#"{"time_value_bp_per_day": 0}"#, options()), Some(0));
    assert_eq!(chosen(r#"{"time_value_bp_per_day": 60}"#, options()), Some(1));
    let storage = r#"{"time_value_bp_per_day": 0, "holding_minor_per_day": 6}"#;
    assert_eq!(chosen(storage, options()), Some(1));
}

#[test]
fn an_adjustment_counts_for_its_disposition_and_category_only() {
    let parameters = r#"{"adjustments":[{"disposition":"LIQUIDATE","category":"TOYS","minor":-300}]}"#;
    let of = |category: &str| {
        let unit = ReturnRow {
            category: Word::of(category),
            ..ReturnRow::default()
        };
        decide(parameters, unit, vec![restock(500), liquidate(700)])
            .disposition
            .option
    };
    assert_eq!(of("TOYS"), Some(0));
    assert_eq!(of("APPAREL"), Some(1));
}

#[test]
fn what_is_ruled_out_is_not_chosen_and_says_why() {
    let recalled = ReturnRow {
        recall: true,
        ..ReturnRow::default()
    };
    let decided = decide("{}", recalled, vec![restock(900), quarantine()]);
    assert_eq!(decided.disposition.option, Some(1));
    assert_eq!(decided.alternatives[0].failed_constraint, Word::of("RECALLED"));
    let parameters = r#"{"forbidden":[{"dispositions":["LIQUIDATE"]}]}"#;
    assert_eq!(chosen(parameters, vec![restock(1), liquidate(900)]), Some(0));
}

#[test]
fn suspected_fraud_is_referred_and_the_unit_set_aside() {
    let suspect = || ReturnRow {
        fraud_score_bp: Some(9_000),
        ..ReturnRow::default()
    };
    let decided = decide("{}", suspect(), vec![restock(900), quarantine()]);
    assert_eq!(decided.disposition.refer_to, Word::of("FRAUD_DESK"));
    assert_eq!(decided.disposition.refer_reason, Word::of("FRAUD_SCORE"));
    assert_eq!(decided.disposition.option, Some(1));
    let unheld = decide(
        r#"{"hold_when_referred": false}"#,
        suspect(),
        vec![restock(900), quarantine()],
    );
    assert_eq!(unheld.disposition.option, None);
    let trusting = r#"{"fraud_score_refer_bp": 9001}"#;
    let decided = decide(trusting, suspect(), vec![restock(900)]);
    assert_eq!(
        (decided.disposition.option, decided.disposition.refer_to),
        (Some(0), Word::NONE)
    );
}

#[test]
fn no_possible_option_refers_to_the_returns_desk() {
    let decided = decide(r#"{"returns_desk": "HALL_7"}"#, ReturnRow::default(), vec![]);
    assert_eq!(decided.disposition.refer_to, Word::of("HALL_7"));
    assert_eq!(decided.disposition.refer_reason, Word::of("NO_OPTION"));
}

#[test]
fn confidence_grows_with_the_margin_and_shrinks_with_the_doubt() {
    let confidence = |options| {
        decide("{}", ReturnRow::default(), options)
            .decided
            .summary
            .confidence_bp
    };
    assert_eq!(confidence(vec![restock(500), liquidate(500)]), 5_000);
    let close = confidence(vec![restock(500), liquidate(490)]);
    let clear = confidence(vec![restock(500), liquidate(100)]);
    assert!(
        5_000 < close && close < clear && clear < 10_000,
        "{close} {clear}"
    );
    let doubtful = OptionRow {
        proceeds_p10: Some(50),
        ..restock(900)
    };
    assert!(confidence(vec![doubtful, liquidate(100)]) < clear);
    assert_eq!(confidence(vec![restock(500)]), 10_000);
}

#[test]
fn the_decision_holds_until_its_option_ends() {
    let ending = OptionRow {
        window_ends_at: Some(NOW_MS + 5),
        ..restock(500)
    };
    let decided = decide("{}", ReturnRow::default(), vec![ending]);
    assert_eq!(decided.decided.summary.valid_until, Some(NOW_MS + 5));
}

#[test]
fn every_parameter_out_of_bounds_is_named() {
    let parameters = r#"{"risk_aversion_bp": 10001, "holding_minor_per_day": -1, "returns_desk": "my desk",
        "adjustments": [{"disposition": "", "minor": 0}], "forbidden": [{"dispositions": []}]}"#;
    let problems = testing::configure::<RunReturns<ReturnsRecovery>>(parameters).unwrap_err();
    let paths: Vec<_> = problems
        .as_slice()
        .iter()
        .map(|problem| problem.path.as_str())
        .collect();
    let expected = [
        "risk_aversion_bp",
        "holding_minor_per_day",
        "adjustments[0].disposition",
        "forbidden[0].dispositions",
        "returns_desk",
    ];
    assert_eq!(paths, expected);
}

#[test]
fn the_parameters_in_the_documentation_are_valid() {
    let documented: serde_json::Value = toml::from_str(include_str!("../parameters.toml")).unwrap();
    policy(&documented.to_string());
}

proptest! {
    #[test]
    fn every_decision_obeys_the_host(rows in requests(), risk in 0u32..=10_000, days in 0u32..=200) {
        let parameters = format!(r#"{{"risk_aversion_bp":{risk},"time_value_bp_per_day":{days}}}"#);
        let context = Context { now_ms: NOW_MS, ..Context::default() };
        let decided = testing::returns(&policy(&parameters), &context, &rows).unwrap();
        check(&rows, &ReturnsRecovery::ABOUT, &[], &decided)?;
        let again = testing::returns(&policy(&parameters), &context, &rows).unwrap();
        prop_assert_eq!(decided, again);
    }

    #[test]
    fn without_risk_and_time_nothing_lawful_recovers_more(rows in requests()) {
        let parameters = r#"{"risk_aversion_bp":0,"time_value_bp_per_day":0,"fraud_score_refer_bp":10001}"#;
        let context = Context { now_ms: NOW_MS, ..Context::default() };
        let decided = testing::returns(&policy(parameters), &context, &rows).unwrap();
        let disposition = &decided.disposition;
        if !disposition.refer_to.is_some() {
            for alternative in decided.alternatives.iter().filter(|other| !other.failed_constraint.is_some()) {
                prop_assert!(alternative.expected_recovery <= disposition.expected_recovery);
            }
        }
    }
}
