use super::*;
use crate::time::Timestamp;
use crate::toml_file::TomlFile;

fn scopes(text: &str) -> Result<Scopes, ScopeError> {
    #[derive(Deserialize)]
    struct Config {
        #[serde(default)]
        scope: Vec<Scope>,
    }
    let config: Config = TomlFile::parse("signalbox.toml", text).unwrap().read().unwrap();
    Scopes::new(config.scope)
}

fn selectors(channel: Option<&'static str>, country: Option<&'static str>) -> Selectors {
    let word = |text: Option<&'static str>| text.map(crate::Word::from_static);
    Selectors {
        business_unit: None,
        channel: word(channel),
        country: word(country),
    }
}

const NARROW: &str = r#"
[[scope]]
name = "routing"
domain = "routing"
[[scope]]
name = "brazil"
domain = "routing"
selectors = { country = "BR" }
[[scope]]
name = "brazil-web"
domain = "routing"
selectors = { country = "BR", channel = "web" }
"#;

#[test]
fn with_none_declared_there_is_one_per_domain_and_they_are_immediate() {
    let scopes = scopes("").unwrap();
    let names: Vec<(&str, bool)> = scopes
        .iter()
        .map(|scope| (scope.name.as_str(), scope.immediate))
        .collect();
    assert_eq!(
        names,
        [("routing", true), ("allocation", true), ("returns", true)]
    );
}

#[test]
fn where_anything_is_declared_nothing_is_immediate_by_itself() {
    assert!(scopes(NARROW).unwrap().iter().all(|scope| !scope.immediate));
}

#[test]
fn the_most_specific_match_wins() {
    let scopes = scopes(NARROW).unwrap();
    for (channel, country, name) in [
        (None, None, "routing"),
        (Some("web"), Some("AR"), "routing"),
        (Some("store"), Some("BR"), "brazil"),
        (Some("web"), Some("BR"), "brazil-web"),
    ] {
        assert_eq!(
            scopes
                .resolve(Domain::Routing, &selectors(channel, country))
                .unwrap()
                .name,
            name
        );
    }
}

#[test]
fn a_domain_with_only_narrower_scopes_leaves_the_rest_without_one() {
    let text = "[[scope]]\nname = \"brazil\"\ndomain = \"routing\"\nselectors = { country = \"BR\" }\n";
    assert_eq!(
        scopes(text)
            .unwrap()
            .resolve(Domain::Routing, &selectors(None, Some("AR"))),
        None
    );
}

#[test]
fn equally_specific_scopes_that_can_meet_are_refused_by_name() {
    let text = format!(
        "{NARROW}[[scope]]\nname = \"web\"\ndomain = \"routing\"\nselectors = {{ channel = \"web\" }}\n"
    );
    let problem = scopes(&text).unwrap_err();
    assert_eq!(
        problem,
        ScopeError::Overlap {
            first: "brazil".to_owned(),
            second: "web".to_owned(),
            domain: Domain::Routing
        }
    );
    // Another country never meets Brazil, another domain neither.
    for (name, rest) in [
        ("argentina", "\"routing\"\nselectors = { country = \"AR\" }"),
        ("stock", "\"allocation\""),
    ] {
        assert!(
            scopes(&format!(
                "{NARROW}[[scope]]\nname = \"{name}\"\ndomain = {rest}\n"
            ))
            .is_ok()
        );
    }
}

#[test]
fn names_are_unique_and_plain() {
    let again = format!("{NARROW}[[scope]]\nname = \"brazil\"\ndomain = \"returns\"\n");
    assert_eq!(scopes(&again), Err(ScopeError::Twice("brazil".to_owned())));
    // The name of an undeclared domain is taken.
    let taken = "[[scope]]\nname = \"allocation\"\ndomain = \"routing\"\n";
    assert_eq!(scopes(taken), Err(ScopeError::Twice("allocation".to_owned())));
    let bad = "[[scope]]\nname = \"Brazil!\"\ndomain = \"routing\"\n";
    assert_eq!(scopes(bad), Err(ScopeError::Name("Brazil!".to_owned())));
}

#[test]
fn settings_are_read_and_bounded() {
    let with = |settings: &str| {
        scopes(&format!(
            "[[scope]]\nname = \"r\"\ndomain = \"routing\"\n{settings}\n"
        ))
    };
    let good = with(
        "staleness = { max_age_ms = 1000, action = \"LOWER_CONFIDENCE\", by_bp = 3000 }\n\
         on_low_confidence = { min_confidence_bp = 5000, action = \"FALLBACK\" }",
    )
    .unwrap();
    let scope = good.by_name("r").unwrap();
    let staleness = scope.staleness.unwrap();
    assert_eq!(staleness.action, StaleAction::LowerConfidence { by_bp: 3_000 });
    assert_eq!(
        scope.on_low_confidence.unwrap().action,
        ConfidenceAction::Fallback
    );
    assert!(!staleness.is_stale(Some(Timestamp(0)), Timestamp(1_000)));
    assert!(staleness.is_stale(Some(Timestamp(0)), Timestamp(1_001)));
    assert!(!staleness.is_stale(None, Timestamp(1_001)));
    assert!(with("on_low_confidence = { min_confidence_bp = 10001 }").is_err());
    assert!(with("default_deadline_ms = 0").is_err());
}

#[test]
fn a_setting_that_does_not_go_with_its_action_is_refused() {
    let read = |text: &str| TomlFile::parse("s.toml", text).unwrap().read::<Staleness>();
    assert!(read("max_age_ms = 1\naction = \"FALLBACK\"").is_ok());
    assert!(read("max_age_ms = 1\naction = \"FALLBACK\"\nby_bp = 3").is_err());
    assert!(read("max_age_ms = 1\naction = \"LOWER_CONFIDENCE\"").is_err());
}

const ORDERED: &str = r#"
[[scope]]
name = "routing"
domain = "routing"

[scope.standing_orders]
shadow = { min_hours = 168 }
canary = { units = ["order"], steps = [{ share_bp = 100, min_hours = 48, min_decisions = 50 }] }
margins = { loss_minor_per_decision = 2 }
approvals = { functions = ["operations", "finance", "security"] }

[[scope.freeze]]
from = 2026-11-20T00:00:00-03:00
to = 2026-12-02T00:00:00-03:00
reason = "Black Friday and Cyber Monday"

[[scope.freeze]]
from = 2026-11-27T00:00:00Z
to = 2026-11-28T00:00:00Z
reason = "Black Friday"
"#;

#[test]
fn standing_orders_are_read_with_defaults_for_what_they_leave_out() {
    let scopes = scopes(ORDERED).unwrap();
    let orders = &scopes.by_name("routing").unwrap().standing_orders;
    assert_eq!(orders.shadow.min_hours, 168);
    assert_eq!(orders.shadow.min_decisions, ShadowOrders::default().min_decisions);
    assert_eq!(orders.canary.steps[0].min_hours, 48);
    assert_eq!(orders.approvals.count, 3);
    let plan = crate::rollout::RolloutPlan::default_for(Domain::Routing);
    let fields: Vec<String> = orders
        .weaknesses(&plan)
        .into_iter()
        .map(|weakness| weakness.field)
        .collect();
    assert_eq!(
        fields,
        [
            "rollout.shadow.min_hours",
            "rollout.canary.steps",
            "rollout.margins.loss_minor_per_decision",
            "rollout.approvals.functions",
            "rollout.approvals.count"
        ]
    );
}

#[test]
fn a_freeze_holds_from_its_first_instant_to_its_last() {
    let scopes = scopes(ORDERED).unwrap();
    let reason = |text: &str| {
        let scope = scopes.by_name("routing").unwrap();
        scope
            .frozen(Timestamp::parse(text).unwrap())
            .map(|freeze| freeze.reason.as_str())
    };
    assert_eq!(reason("2026-11-20T02:59:59.999Z"), None);
    assert_eq!(
        reason("2026-11-20T03:00:00Z"),
        Some("Black Friday and Cyber Monday")
    );
    assert_eq!(
        reason("2026-11-27T12:00:00Z"),
        Some("Black Friday and Cyber Monday")
    );
    assert_eq!(reason("2026-12-02T03:00:00Z"), None);
    assert_eq!(Scope::whole(Domain::Routing).frozen(Timestamp(0)), None);
}

#[test]
fn wrong_orders_and_freezes_are_refused_at_their_field() {
    for (from, to, field) in [
        (
            "min_hours = 168",
            "min_hours = 9_000",
            "standing_orders.shadow.min_hours",
        ),
        (
            "share_bp = 100,",
            "share_bp = 0,",
            "standing_orders.canary.steps[0].share_bp",
        ),
        ("[\"order\"]", "[\"return\"]", "standing_orders.canary.units"),
        (
            "\"security\"] }",
            "\"security\"], count = 1 }",
            "standing_orders.approvals.count",
        ),
        (
            "to = 2026-12-02T00:00:00-03:00",
            "to = 2026-11-20T03:00:00Z",
            "freeze[0].to",
        ),
        ("reason = \"Black Friday\"", "reason = \" \"", "freeze[1].reason"),
    ] {
        assert!(ORDERED.contains(from), "{from}");
        let problem = scopes(&ORDERED.replace(from, to)).unwrap_err();
        let ScopeError::Setting { field: found, .. } = &problem else {
            panic!("{problem}");
        };
        assert_eq!(found, field, "{problem}");
    }
}
