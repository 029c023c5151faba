use super::*;
use crate::case::Summary;
use crate::envelope::{Reason, Status};
use crate::governance::RiskTier;
use crate::rollout::{CanaryStep, CanaryUnit};
use crate::word::Word;

const GOOD: &str = r#"
[policy]
name = "routing-balanced"
version = "1.1.0"
domain = "routing"
plugin = { name = "routing-balanced", version = "1.0.0" }

[parameters]
weights = { lateness = 2.5, shipping = 1 }
floor = 0x10

[[parameters.rules]]
grade = "A"

[limits]
fuel = 5_000_000

[governance]
owner = "merchandising"
deputy = "fulfilment"
risk_tier = "high"
review_by = 2027-06-30

[rollout]
immediate = true

[[self_test]]
request_file = "orders/one.json"
expect = { status = "FULL", from_nodes = ["dc"] }
"#;

fn good() -> PolicyFile {
    PolicyFile::parse("good.toml", GOOD).unwrap()
}

#[test]
fn a_policy_file_says_what_runs_how_and_under_which_limits() {
    let policy = good();
    assert_eq!(policy.version.to_string(), "routing-balanced@1.1.0");
    assert_eq!(policy.domain, Domain::Routing);
    assert_eq!(
        policy.limits,
        Limits {
            fuel: 5_000_000,
            ..Limits::default()
        }
    );
    assert!(policy.rollout.immediate);
    assert_eq!(policy.governance.risk_tier, RiskTier::High);
    assert_eq!(policy.governance.review_by.to_string(), "2027-06-30");
    assert_eq!(
        policy.self_tests[0].request,
        SelfTestRequest::File("orders/one.json".to_owned())
    );
    assert_eq!(
        policy.parameters_json(),
        r#"{"floor":16,"rules":[{"grade":"A"}],"weights":{"lateness":2.5,"shipping":1}}"#
    );
}

#[test]
fn a_plan_is_read_with_defaults_for_what_it_leaves_out() {
    let text = GOOD.replace(
        "immediate = true",
        "[rollout.shadow]\nmin_hours = 168\n\n[rollout.canary]\nunit = \"pilot_region_x_time\"\n\
         steps = [{ share_bp = 500, min_hours = 48 }, { share_bp = 10_000, min_decisions = 9 }]\n\n\
         [rollout.approvals]\nfunctions = [\"security\"]\n",
    );
    let policy = PolicyFile::parse("good.toml", &text).unwrap();
    let default = RolloutPlan::default_for(Domain::Routing);
    let plan = &policy.rollout;
    assert_eq!(plan.shadow.min_hours, 168);
    assert_eq!(plan.shadow.min_decisions, default.shadow.min_decisions);
    assert_eq!(plan.canary.unit, CanaryUnit::PilotRegionTime);
    let step = |share_bp, min_hours, min_decisions| CanaryStep {
        share_bp,
        min_hours,
        min_decisions,
    };
    assert_eq!(plan.canary.steps, [step(500, 48, 0), step(10_000, 0, 9)]);
    assert_eq!(plan.margins, default.margins);
    // One person for each function that is named.
    assert_eq!(plan.approvals.count, 1);
    assert_eq!(policy.rollout_digest, plan.digest().unwrap());
    let without = GOOD.replace("[rollout]\nimmediate = true", "");
    assert_eq!(PolicyFile::parse("good.toml", &without).unwrap().rollout, default);
}

#[test]
fn a_policy_without_governance_is_shown_lines_that_make_it_whole() {
    let start = GOOD.find("[governance]").unwrap();
    let end = GOOD.find("[rollout]").unwrap();
    let without = format!("{}{}", &GOOD[..start], &GOOD[end..]);
    let problem = PolicyFile::parse("good.toml", &without).unwrap_err();
    let help = problem.help.unwrap();
    let lines = help.split_once("\n\n").unwrap().1;
    let policy = PolicyFile::parse("good.toml", &format!("{without}\n{lines}\n")).unwrap();
    assert_eq!(policy.governance.risk_tier, RiskTier::Medium);
}

#[test]
fn the_default_limits_are_within_bounds() {
    let text = GOOD.replace("fuel = 5_000_000", "");
    assert_eq!(
        PolicyFile::parse("good.toml", &text).unwrap().limits,
        Limits::default()
    );
}

#[test]
fn comments_order_and_spelling_do_not_change_the_digest_but_every_value_does() {
    let component = Digest::of(b"component");
    let digest = good().digest(component);
    let respelled = GOOD.replace("floor = 0x10", "# sixteen\nfloor = 16").replace(
        "{ lateness = 2.5, shipping = 1 }",
        "{ shipping = 1, lateness = 25e-1 }",
    );
    assert_eq!(
        PolicyFile::parse("other.toml", &respelled)
            .unwrap()
            .digest(component),
        digest
    );
    for (from, to) in [
        ("2.5", "2.6"),
        ("immediate = true", "immediate = false"),
        ("\"dc\"", "\"store\""),
        ("merchandising", "pricing"),
    ] {
        let other = PolicyFile::parse("good.toml", &GOOD.replace(from, to)).unwrap();
        assert_ne!(other.digest(component), digest, "{from} -> {to}");
    }
    assert_ne!(good().digest(Digest::of(b"another component")), digest);
}

#[test]
fn what_a_plugin_says_of_its_parameters_is_shown_where_they_stand() {
    let policy = good();
    for (path, line, column) in [
        ("weights.lateness", 9, 24),
        ("weights", 9, 11),
        ("floor", 10, 9),
        ("rules[0].grade", 13, 9),
        // What is not there is shown at what is around it.
        ("weights.split", 9, 1),
        ("rules[0].packaging", 12, 1),
        ("", 8, 1),
    ] {
        let problem = policy.parameter_problem(path, "expected 0 to 1, found 2.5");
        assert_eq!(
            (problem.line, problem.column),
            (line, column),
            "{path}: {problem}"
        );
        assert_eq!(
            (problem.expected.as_str(), problem.found.as_str()),
            ("0 to 1", "2.5")
        );
    }
    let problem = policy.parameter_problem("floor", "too deep");
    assert_eq!(
        problem.to_string(),
        "good.toml:10:9: parameters.floor: expected what the plugin accepts, found too deep"
    );
}

#[test]
fn expectations_tell_everything_that_does_not_hold() {
    let expect = Expectation {
        status: Some(Status::Full),
        min_confidence_bp: Some(9_000),
        reasons: vec![Word::from_static("NEAREST")],
        from_nodes: Some(vec!["a".to_owned(), "b".to_owned()]),
        max_shipments: Some(1),
        ..Expectation::default()
    };
    let reasons = [Reason {
        code: Word::from_static("NEAREST"),
        text: String::new(),
    }];
    let met = Summary {
        status: Status::Full,
        confidence_bp: 9_000,
        valid_until: None,
        reasons: &reasons,
    };
    let observed = Observed {
        from_nodes: vec!["b".to_owned(), "a".to_owned()],
        ..Observed::default()
    };
    assert_eq!(
        expect.unmet(&met, &observed),
        ["shipments: expected at most 1, found 2"]
    );
    let unmet = Summary {
        status: Status::Partial,
        confidence_bp: 8_999,
        valid_until: None,
        reasons: &[],
    };
    let problems = expect.unmet(&unmet, &Observed::default());
    assert_eq!(problems.len(), 4, "{problems:?}");
    assert_eq!(
        Expectation::default().unmet(&unmet, &observed),
        Vec::<String>::new()
    );
}
