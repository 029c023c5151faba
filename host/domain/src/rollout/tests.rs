use super::*;

#[test]
fn a_plan_that_is_not_written_is_within_bounds_and_ends_with_everything() {
    for domain in Domain::ALL {
        let plan = RolloutPlan::default_for(domain);
        assert_eq!(plan.check(domain), Ok(()), "{domain}");
        assert!(!plan.immediate);
        assert_eq!(plan.approvals, Approvals::default());
    }
    let unit = |domain| RolloutPlan::default_for(domain).canary.unit;
    assert_eq!(
        Domain::ALL.map(unit),
        [CanaryUnit::Order, CanaryUnit::PilotRegionTime, CanaryUnit::Return]
    );
}

#[test]
fn the_canonical_form_of_the_default_plan_does_not_change_unnoticed() {
    // Digests that approvers sign are taken over this text.
    insta::assert_snapshot!(
        RolloutPlan::default_for(Domain::Allocation).canonical_json().unwrap(),
        @r#"{"approvals":{"count":2,"functions":["operations","finance"]},"canary":{"steps":[{"min_decisions":100,"min_hours":24,"share_bp":1000},{"min_decisions":100,"min_hours":24,"share_bp":2500},{"min_decisions":100,"min_hours":24,"share_bp":5000},{"min_decisions":100,"min_hours":24,"share_bp":10000}],"unit":"pilot_region_x_time"},"immediate":false,"margins":{"loss_minor_per_decision":5,"per_year_minor":10000000},"outcomes":{"bias_bp":300,"cancelled_bp":50,"min_units":0,"missed_bp":100,"rejected_bp":200,"worse_minor":100},"proof":{"alpha_bp":500,"bound_minor":2000,"harm_alpha_bp":100,"late_bp":100,"segments":["channel","region"],"success":"superior"},"shadow":{"min_decisions":1000,"min_hours":24,"sample_bp":10000}}"#
    );
}

#[test]
fn every_field_is_part_of_the_digest() {
    let plan = RolloutPlan::default_for(Domain::Routing);
    let digest = plan.digest().unwrap();
    let changed: [fn(&mut RolloutPlan); 17] = [
        |plan| plan.immediate = true,
        |plan| plan.shadow.min_decisions += 1,
        |plan| plan.shadow.min_hours += 1,
        |plan| plan.shadow.sample_bp -= 1,
        |plan| plan.canary.unit = CanaryUnit::PilotRegionTime,
        |plan| plan.canary.steps[0].min_decisions += 1,
        |plan| plan.margins.loss_minor_per_decision += 1,
        |plan| plan.margins.per_year_minor += 1,
        |plan| plan.approvals.count += 1,
        |plan| plan.proof.success = Success::Parity,
        |plan| plan.proof.segments.clear(),
        |plan| plan.proof.bound_minor += 1,
        |plan| plan.proof.alpha_bp += 1,
        |plan| plan.proof.harm_alpha_bp += 1,
        |plan| plan.proof.late_bp += 1,
        |plan| plan.outcomes.min_units += 1,
        |plan| plan.outcomes.worse_minor += 1,
    ];
    for (place, change) in changed.into_iter().enumerate() {
        let mut other = plan.clone();
        change(&mut other);
        assert_ne!(other.digest().unwrap(), digest, "change {place}");
    }
    let read: RolloutPlan = serde_json::from_str(&plan.canonical_json().unwrap()).unwrap();
    assert_eq!(read, plan);
}

#[test]
fn the_word_of_a_unit_is_the_one_in_its_json() {
    for unit in CanaryUnit::ALL {
        assert_eq!(serde_json::to_value(unit).unwrap(), unit.as_str());
    }
}
