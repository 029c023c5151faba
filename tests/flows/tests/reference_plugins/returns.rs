//! Returns: the random requests of the policies' own tests as the host's.

use proptest::strategy::Strategy;
use proptest::test_runner::TestCaseError;
use returns_lawful::testing::{NOW_MS, requests};
use serde_json::{Value, json};
use signalbox_contract::Word as Number;
use signalbox_domain::case::Case;
use signalbox_domain::envelope::Status;
use signalbox_domain::returns::{Alternative, Refer, ReturnsCase, ReturnsDecision};
use signalbox_plugin::Context;
use signalbox_plugin::returns::{ReturnsPolicy, ReturnsRows, RunReturns};
use signalbox_plugin::testing::{DecidedReturns, configure};
use signalbox_plugin::words::disposition;

use super::{any_word, build, check, maybe_time, present, runner, time};

#[test]
fn returns_recovery_breaks_no_invariant() {
    let run = |rows| decide::<returns_recovery::ReturnsRecovery>("{}", rows);
    runner().run(&with_options(), run).unwrap();
}

#[test]
fn returns_grades_breaks_no_invariant() {
    let table = include_str!("../../../../plugins/returns-grades/parameters.toml");
    let table = toml::from_str::<Value>(table).unwrap().to_string();
    let run = |rows| decide::<returns_grades::ReturnsGrades>(&table, rows);
    runner().run(&with_options(), run).unwrap();
}

fn with_options() -> impl Strategy<Value = ReturnsRows> {
    requests().prop_filter("the host refuses a request without options", |rows| {
        !rows.options.is_empty()
    })
}

fn decide<P: ReturnsPolicy>(parameters: &str, mut rows: ReturnsRows) -> Result<(), TestCaseError> {
    allow(&mut rows);
    let case: ReturnsCase = build(request(&rows), NOW_MS)?;
    let policy = configure::<RunReturns<P>>(parameters).unwrap();
    let context = Context {
        now_ms: NOW_MS,
        ..Context::default()
    };
    let decided = signalbox_plugin::testing::returns(&policy, &context, &rows).unwrap();
    check(&case, &decision(&case, &decided))
}

/// Keeps figures within what the host accepts.
fn allow(rows: &mut ReturnsRows) {
    let money = |amount: i64| amount.clamp(-(1 << 40), 1 << 40);
    for option in &mut rows.options {
        option.handling = money(option.handling.max(0));
        option.transport = money(option.transport.max(0));
        option.proceeds = money(option.proceeds);
        option.proceeds_p10 = option.proceeds_p10.map(|worst| money(worst).min(option.proceeds));
        option.days = option.days.min(3_650);
    }
}

/// The United States, where the host knows no law of its own: a policy cannot see those.
fn request(rows: &ReturnsRows) -> Value {
    let unit = &rows.unit;
    let category = ["TOYS", "APPAREL"]
        .into_iter()
        .find(|text| Number::of(text) == unit.category);
    let item = present(json!({
        "rma_id": "R", "sku": "A", "category": category.unwrap_or("ELECTRONICS"), "jurisdiction": "US",
        "stage": code(&unit.stage), "packaging": code(&unit.packaging), "functional_test": code(&unit.functional_test),
        "serial_match": code(&unit.serial_match), "not_received": unit.not_received, "recall": unit.recall,
        "hygiene_restricted": unit.hygiene_restricted, "data_bearing": unit.data_bearing, "data_wiped": unit.data_wiped,
        "expires_at": maybe_time(unit.expires_at), "current_price_minor": unit.current_price,
    }));
    let option = |row: &signalbox_contract::returns::OptionRow| {
        let known = disposition::ALL.iter().find(|known| **known == row.disposition);
        present(json!({
            "disposition": known.unwrap().text(), "capacity_left": row.capacity_left, "days": row.days,
            "handling_minor": row.handling, "transport_minor": row.transport, "proceeds_minor": row.proceeds,
            "proceeds_p10_minor": row.proceeds_p10, "quota_left": row.quota_left,
            "window_ends_at": maybe_time(row.window_ends_at),
        }))
    };
    let options: Vec<Value> = rows.options.iter().map(option).collect();
    json!({ "currency": "EUR", "now": time(NOW_MS), "return": item, "options": options })
}

/// A code as JSON writes it: `NotTested` is `NOT_TESTED`.
fn code(code: &impl std::fmt::Debug) -> String {
    let mut text = String::new();
    for letter in format!("{code:?}").chars() {
        if letter.is_uppercase() && !text.is_empty() {
            text.push('_');
        }
        text.extend(letter.to_uppercase());
    }
    text
}

fn decision(case: &ReturnsCase, decided: &DecidedReturns) -> ReturnsDecision {
    let alternatives = decided.alternatives.iter().map(|row| Alternative {
        option: row.option,
        failed_constraint: None,
        expected_recovery_minor: row.expected_recovery,
    });
    let disposition = &decided.disposition;
    let mut decision = ReturnsDecision {
        status: Status::Full,
        option: disposition.option,
        expected_recovery_minor: disposition.expected_recovery,
        alternatives: alternatives.collect(),
        refer: disposition.refer_to.is_some().then(|| Refer {
            to: any_word(),
            reason: any_word(),
        }),
        confidence_bp: decided.decided.summary.confidence_bp,
        valid_until: None,
        reasons: Vec::new(),
    };
    decision.status = case.status_of(&decision);
    decision
}
