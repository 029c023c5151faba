//! What `configure` says of a table: gaps, rules that never apply, rules that disagree, each with a unit.

use proptest::prelude::*;
use returns_lawful::testing::{NOW_MS, requests};
use signalbox_plugin::returns::*;

use super::{policy, problems};
use crate::report::report;
use crate::table::Table;
use crate::{Grade, Packaging, Parameters, Range, Rule};

fn only_problem(toml: &str) -> (String, String) {
    let mut all = problems(toml);
    assert_eq!(all.len(), 1, "{all:?}");
    all.remove(0)
}

#[test]
fn the_documented_table_is_complete() {
    policy(include_str!("../../parameters.toml"));
}

#[test]
fn a_gap_is_told_with_a_unit_that_falls_into_it() {
    let (path, message) = only_problem(
        r#"
        [[rules]]
        grade = ["A", "B", "C", "D", "UNGRADED"]
        disposition = ["RESTOCK"]
        [[rules]]
        grade = ["E"]
        current_price_minor = { below = 1000 }
        disposition = ["DESTROY"]
        "#,
    );
    assert_eq!(path, "rules");
    assert_eq!(
        message,
        "no rule matches a unit with grade = E, current_price_minor = 1000; \
         add a rule for it, widen one, or give a `default`"
    );
}

#[test]
fn a_default_closes_every_gap() {
    let toml = r#"
        default = ["QUARANTINE"]
        [[rules]]
        grade = ["A"]
        disposition = ["RESTOCK"]
    "#;
    assert_eq!(problems(toml), []);
    assert_eq!(problems(r#"default = ["QUARANTINE"]"#), []);
}

#[test]
fn a_table_without_rules_matches_no_unit_at_all() {
    let (path, message) = only_problem("");
    assert_eq!(path, "rules");
    assert!(message.starts_with("no rule matches any unit;"), "{message}");
}

#[test]
fn words_that_no_rule_names_and_numbers_that_are_not_given_are_gaps_too() {
    let (_, message) = only_problem(
        r#"
        [[rules]]
        category = ["TOYS", "APPAREL"]
        disposition = ["RESTOCK"]
        [[rules]]
        days_since_sold = { at_least = 0 }
        disposition = ["LIQUIDATE"]
        "#,
    );
    assert!(
        message.contains("a unit with a category that no rule names, days_since_sold not given;"),
        "{message}"
    );
}

#[test]
fn several_gaps_are_told_one_by_one_and_only_the_first_few() {
    let two = problems(
        r#"
        [[rules]]
        grade = ["A"]
        packaging = ["SEALED"]
        disposition = ["RESTOCK"]
        [[rules]]
        grade = ["B", "C", "D", "E", "UNGRADED"]
        recall = false
        disposition = ["LIQUIDATE"]
        "#,
    );
    let messages: Vec<_> = two.iter().map(|(_, message)| message.as_str()).collect();
    assert_eq!(messages.len(), 2, "{messages:?}");
    assert!(messages[0].contains("grade = B, recall = true"), "{messages:?}");
    assert!(
        messages[1].contains("grade = A, packaging = OPENED"),
        "{messages:?}"
    );
    let many: String = (0..8)
        .map(|at| {
            let start = at * 10;
            let end = start + 5;
            format!("[[rules]]\ncurrent_price_minor = {{ at_least = {start}, below = {end} }}\ndisposition = [\"RESTOCK\"]\n")
        })
        .collect();
    let told = problems(&many);
    assert!((1..=5).contains(&told.len()), "{told:?}");
}

#[test]
fn a_rule_that_one_earlier_rule_covers_can_never_apply() {
    let (path, message) = only_problem(
        r#"
        default = ["QUARANTINE"]
        [[rules]]
        grade = ["E"]
        disposition = ["DESTROY"]
        [[rules]]
        name = "good ones"
        grade = ["A", "B"]
        disposition = ["RESTOCK"]
        [[rules]]
        grade = ["B"]
        packaging = ["SEALED"]
        disposition = ["RESELL_OPEN_BOX"]
        "#,
    );
    assert_eq!(path, "rules[2]");
    assert_eq!(
        message,
        "can never apply: rules[1] (\"good ones\") comes first and takes every unit it could match; for example a unit \
         with grade = B, packaging = SEALED goes to rules[1] (\"good ones\"); move it up, narrow what comes first, or \
         delete it"
    );
}

#[test]
fn a_rule_that_earlier_rules_cover_together_can_never_apply() {
    let (path, message) = only_problem(
        r#"
        default = ["QUARANTINE"]
        [[rules]]
        current_price_minor = { below = 1000 }
        disposition = ["DESTROY"]
        [[rules]]
        hazmat = true
        disposition = ["RECYCLE"]
        [[rules]]
        current_price_minor = { at_least = 1000 }
        disposition = ["RESTOCK"]
        [[rules]]
        current_price_minor = { at_least = 500, below = 2000 }
        disposition = ["LIQUIDATE"]
        "#,
    );
    assert_eq!(path, "rules[3]");
    assert!(
        message.contains("rules[0] and rules[2] come first and together take every unit"),
        "{message}"
    );
}

#[test]
fn strict_tables_refuse_an_overlap_with_another_outcome_only() {
    let overlapping = |strict: bool, second: &str| {
        problems(&format!(
            r#"
            default = ["QUARANTINE"]
            strict = {strict}
            [[rules]]
            grade = ["A", "B"]
            disposition = ["RESTOCK"]
            [[rules]]
            packaging = ["SEALED"]
            disposition = ["{second}"]
            "#
        ))
    };
    assert_eq!(overlapping(false, "LIQUIDATE"), []);
    assert_eq!(overlapping(true, "RESTOCK"), []);
    let told = overlapping(true, "LIQUIDATE");
    assert_eq!(told.len(), 1);
    assert_eq!(told[0].0, "rules[1]");
    assert!(
        told[0].1.starts_with(
            "overlaps rules[0] and disagrees with it: a unit with grade = A, packaging = SEALED matches both, and would \
             get RESTOCK there and LIQUIDATE here"
        ),
        "{told:?}"
    );
}

#[test]
fn a_condition_that_nothing_meets_is_named() {
    let told = problems(
        r#"
        default = ["QUARANTINE"]
        [[rules]]
        grade = []
        disposition = ["RESTOCK"]
        [[rules]]
        current_price_minor = { at_least = 10, below = 10 }
        disposition = ["RESTOCK"]
        [[rules]]
        fraud_score_bp = { at_least = 10001 }
        disposition = ["RESTOCK"]
        "#,
    );
    let paths: Vec<_> = told.iter().map(|(path, _)| path.as_str()).collect();
    assert_eq!(
        paths,
        [
            "rules[0].grade",
            "rules[1].current_price_minor",
            "rules[2].fraud_score_bp"
        ]
    );
}

#[test]
fn misspelt_words_are_refused_unless_they_are_the_houses_own() {
    let toml = |house: &str| {
        format!(
            r#"
            default = ["QUARANTINE"]
            house_words = [{house}]
            [[rules]]
            return_reason = ["TOO_BLUE"]
            disposition = ["RESTOCK", "UPCYCLE"]
            "#
        )
    };
    let told = problems(&toml(""));
    let paths: Vec<_> = told.iter().map(|(path, _)| path.as_str()).collect();
    assert_eq!(paths, ["rules[0].disposition[1]", "rules[0].return_reason[0]"]);
    assert!(told[0].1.ends_with("found `UPCYCLE`"), "{told:?}");
    assert_eq!(problems(&toml(r#""UPCYCLE", "TOO_BLUE""#)), []);
}

#[test]
fn a_desk_that_cannot_stand_in_a_decision_is_refused() {
    let (path, message) = only_problem("[[rules]]\nrefer_to = \"the grading desk\"");
    assert_eq!(path, "rules[0].refer_to");
    assert!(message.ends_with("found \"the grading desk\""), "{message}");
}

#[test]
fn a_value_that_no_list_has_names_its_rule() {
    let (path, message) = only_problem("[[rules]]\ngrade = [\"A\", \"F\"]\ndisposition = [\"RESTOCK\"]");
    assert_eq!(path, "rules[0].grade[1]");
    assert!(
        message.contains("unknown variant `F`, expected one of"),
        "{message}"
    );
}

#[test]
fn a_table_beyond_the_bounds_is_refused_with_the_bound() {
    let rule = "[[rules]]\ndisposition = [\"RESTOCK\"]\n";
    let (path, message) = problems(&rule.repeat(201)).remove(0);
    assert_eq!(
        (path.as_str(), message.contains("at most 200, found 201")),
        ("rules", true)
    );
    let categories: Vec<String> = (0..128).map(|at| format!("\"C{at}\"")).collect();
    let wide = format!(
        "default = [\"QUARANTINE\"]\n[[rules]]\ncategory = [{}]\ndisposition = [\"RESTOCK\"]",
        categories.join(",")
    );
    let (path, message) = only_problem(&wide);
    assert_eq!(path, "rules");
    assert!(
        message.contains("129 different values of `category` apart, at most 128"),
        "{message}"
    );
}

/// Tables over a few keys, small enough to hit gaps, covered rules and matches often.
fn tables() -> impl Strategy<Value = Vec<Rule>> {
    let some = |values: Vec<Grade>| prop::option::of(prop::sample::subsequence(values, 1..=4));
    let grades = some(vec![Grade::A, Grade::B, Grade::C, Grade::Ungraded]);
    let packaging = prop::option::of(prop::sample::subsequence(
        vec![Packaging::Sealed, Packaging::Opened, Packaging::Damaged],
        1..=3,
    ));
    let price = prop::option::of((0i64..40_000, 1i64..30_000)).prop_map(|range| {
        range.map(|(start, length)| Range {
            at_least: Some(start),
            below: Some(start + length),
        })
    });
    let category = prop::option::of(prop::sample::subsequence(
        vec!["TOYS".to_owned(), "APPAREL".to_owned()],
        1..=2,
    ));
    let disposition = prop::sample::select(vec!["RESTOCK", "LIQUIDATE"]);
    let rule = (
        grades,
        packaging,
        price,
        category,
        prop::option::of(any::<bool>()),
        disposition,
    );
    let rules = rule.prop_map(
        |(grade, packaging, current_price_minor, category, recall, disposition)| Rule {
            grade,
            packaging,
            current_price_minor,
            category,
            recall,
            disposition: vec![disposition.to_owned()],
            ..Rule::default()
        },
    );
    prop::collection::vec(rules, 1..8)
}

/// Whether a rule holds for a unit, written down once more, without cells.
fn holds(rule: &Rule, unit: &ReturnRow) -> bool {
    let grade = |grade: &Grade| Grade::of(unit.grade) == *grade;
    let packaging = |packaging: &Packaging| Packaging::of(unit.packaging) == Some(*packaging);
    let price = |range: Range| {
        range.at_least.is_none_or(|least| unit.current_price >= least)
            && range.below.is_none_or(|end| unit.current_price < end)
    };
    let category = |category: &String| Word::of(category) == unit.category;
    rule.grade.as_ref().is_none_or(|grades| grades.iter().any(grade))
        && rule
            .packaging
            .as_ref()
            .is_none_or(|all| all.iter().any(packaging))
        && rule.current_price_minor.is_none_or(price)
        && rule.category.as_ref().is_none_or(|all| all.iter().any(category))
        && rule.recall.is_none_or(|recall| recall == unit.recall)
}

proptest! {
    #[test]
    fn the_first_rule_that_holds_is_the_one_found(rules in tables(), request in requests()) {
        let parameters = Parameters { rules, ..Parameters::default() };
        let table = Table::compile(&parameters, &mut Problems::default());
        let message = request.encode();
        let read = ReturnsRequest::parse(&message.narrow, &message.wide).unwrap();
        let expected = parameters.rules.iter().position(|rule| holds(rule, &request.unit));
        prop_assert_eq!(table.find(&read.unit(), NOW_MS).map(|(number, _)| number), expected);
    }

    /// No random unit contradicts what the check said: where it finds no gap, every unit has a rule; a rule that it calls
    /// unreachable is never the first to hold.
    #[test]
    fn no_unit_contradicts_the_check(rules in tables(), units in prop::collection::vec(requests(), 40)) {
        let parameters = Parameters { rules, ..Parameters::default() };
        let table = Table::compile(&parameters, &mut Problems::default());
        let mut problems = Problems::default();
        report(&table, &parameters.rules, false, false, &mut problems);
        let told = |path: &str| problems.as_slice().iter().any(|problem| problem.path == path);
        for request in &units {
            match parameters.rules.iter().position(|rule| holds(rule, &request.unit)) {
                None => prop_assert!(told("rules"), "a gap was missed"),
                Some(first) => prop_assert!(!told(&format!("rules[{first}]")), "rule {} does apply", first),
            }
        }
    }
}
