use std::collections::BTreeMap;
use std::fmt::Write as _;

use proptest::prelude::*;

use super::*;
use crate::envelope::{Attribute, AttributeValue, Entity};
use crate::golden::assert_golden;
use crate::{allocation, returns, routing};

fn split(release: &str, unit: CanaryUnit, share_bp: u32) -> Split {
    Split {
        release: ReleaseId::of("scope", &format!("policy@{release}").parse().unwrap()),
        unit,
        share_bp,
    }
}

fn orders(share_bp: u32) -> Split {
    split("1.0.0", CanaryUnit::Order, share_bp)
}

fn pilot(share_bp: u32) -> Split {
    split("1.0.0", CanaryUnit::PilotRegionTime, share_bp)
}

fn region(name: &str) -> Word {
    Word::new(name).unwrap()
}

/// 2026-03-02T12:00:00Z, the start of a block.
const NOON: Timestamp = Timestamp(1_772_452_800_000);

#[test]
fn the_arms_of_known_units_are_what_is_written_down() {
    let mut text = String::from("# release, unit, share in basis points, arm, probability in basis points\n");
    let mut line = |split: &Split, assignment: Assignment| {
        let arm = match assignment.arm {
            Arm::Champion => "champion",
            Arm::Canary => "canary",
        };
        writeln!(
            text,
            "{} {} {} {arm} {}",
            split.release,
            assignment.unit.unwrap(),
            split.share_bp,
            assignment.probability_bp
        )
        .unwrap();
    };
    for (release, unit) in [
        ("1.0.0", CanaryUnit::Order),
        ("1.0.1", CanaryUnit::Order),
        ("1.0.0", CanaryUnit::Return),
    ] {
        for share_bp in [100, 1_000, 5_000, 10_000] {
            let split = split(release, unit, share_bp);
            for id in ["O-1", "O-2", "O-3", "O-17", "O-45", "O-2026-000123", "pedido é"] {
                line(&split, split.of_unit(id));
            }
        }
    }
    for share_bp in [1_000, 5_000, 10_000] {
        for name in ["BR.01", "BR-SP", "south"] {
            for hours in [0, 3, 4, 24] {
                let split = pilot(share_bp);
                line(
                    &split,
                    split.of_block(&region(name), NOON.plus_millis(hours * 3_600_000)),
                );
            }
        }
    }
    assert_golden("canary_assignment.txt", &text);
}

#[test]
fn units_spread_evenly_over_the_buckets() {
    let split = orders(0);
    let mut bins = [0u32; 20];
    for id in 0..20_000 {
        let bucket = split.bucket("order", &[&format!("O-{id}")]);
        assert!(bucket < WHOLE_BP);
        bins[(bucket / 500) as usize] += 1;
    }
    let chi_square: f64 = bins
        .iter()
        .map(|count| (f64::from(*count) - 1_000.0).powi(2) / 1_000.0)
        .sum();
    // 99.9 % quantile of 19 degrees of freedom.
    assert!(chi_square < 43.8, "{chi_square}: {bins:?}");
}

#[test]
fn the_units_of_one_canary_are_not_those_of_the_next() {
    let (one, other) = (orders(1_000), split("1.0.1", CanaryUnit::Order, 1_000));
    let mut both = 0;
    for id in 0..20_000 {
        let id = format!("O-{id}");
        if one.of_unit(&id).arm == Arm::Canary && other.of_unit(&id).arm == Arm::Canary {
            both += 1;
        }
    }
    // A hundredth, 200, within 4.5 standard deviations of 14.
    assert!((137..=263).contains(&both), "{both}");
}

#[test]
fn pilot_regions_switch_between_arms_by_block_half_and_half() {
    let split = pilot(WHOLE_BP);
    let mut canary = 0;
    for block in 0..2_000 {
        let now = NOON.plus_millis(block * BLOCK_MS);
        let start = split.of_block(&region("south"), now);
        let end = split.of_block(&region("south"), now.plus_millis(BLOCK_MS - 1));
        assert_eq!(start, end, "a block is one unit");
        assert_ne!(
            start.unit,
            split.of_block(&region("south"), now.plus_millis(BLOCK_MS)).unit
        );
        assert_eq!(start.probability_bp, 5_000);
        canary += u32::from(start.arm == Arm::Canary);
    }
    // 1,000 within 4.5 standard deviations of 22.4.
    assert!((900..=1_100).contains(&canary), "{canary}");
}

#[test]
fn regions_outside_the_pilot_never_have_a_canary_and_the_pilot_only_grows() {
    let names: Vec<Word> = (0..200).map(|place| region(&format!("r{place}"))).collect();
    let mut inside = BTreeMap::new();
    for share_bp in [1_000, 2_500, 5_000, WHOLE_BP] {
        let split = pilot(share_bp);
        let now: Vec<&Word> = names
            .iter()
            .filter(|name| split.of_block(name, NOON).probability_bp > 0)
            .collect();
        for name in &names {
            let assignment = split.of_block(name, NOON);
            assert!(assignment.probability_bp > 0 || assignment.arm == Arm::Champion);
        }
        inside.insert(share_bp, now);
    }
    let steps: Vec<_> = inside.values().collect();
    for pair in steps.windows(2) {
        assert!(pair[0].iter().all(|name| pair[1].contains(name)));
        assert!(pair[0].len() < pair[1].len());
    }
    assert_eq!(inside[&WHOLE_BP].len(), names.len());
    assert!(
        (8..=35).contains(&inside[&1_000].len()),
        "{}",
        inside[&1_000].len()
    );
}

#[test]
fn the_unit_of_a_request_is_its_order_or_return() {
    let case = routing::testkit::build(routing::testkit::small());
    let everyone = orders(WHOLE_BP);
    assert_eq!(everyone.assign(&case), everyone.of_unit("O1"));
    assert_eq!(everyone.assign(&case).unit.as_deref(), Some("order:O1"));
    assert_eq!(everyone.assign(&case).arm, Arm::Canary);
    let case = returns::testkit::build(returns::testkit::small());
    let everyone = split("1.0.0", CanaryUnit::Return, WHOLE_BP);
    assert_eq!(everyone.assign(&case).unit.as_deref(), Some("return:R1"));
}

#[test]
fn a_batch_is_assigned_by_the_region_of_its_pool_and_the_instant_of_the_request() {
    let mut request = allocation::testkit::small();
    let split = pilot(WHOLE_BP);
    let of =
        |request: &allocation::AllocationRequest| split.assign(&allocation::testkit::build(request.clone()));
    assert_eq!(of(&request), Assignment::outside(), "no region");
    let pool = |values: &[&str], entity| Attribute {
        entity,
        key: Word::from_static("region"),
        values: values
            .iter()
            .map(|value| Some(AttributeValue::Text((*value).to_owned())))
            .collect(),
    };
    request.attributes = vec![pool(&["north", "south"], Entity::Demand)];
    assert_eq!(of(&request), Assignment::outside(), "two regions");
    request.attributes = vec![pool(&["north"], Entity::Order)];
    assert_eq!(
        of(&request).unit.as_deref(),
        Some("region:north@2026-03-02T12:00:00.000Z")
    );
    request.now = Some(NOON.plus_millis(-1));
    assert_eq!(
        of(&request).unit.as_deref(),
        Some("region:north@2026-03-02T08:00:00.000Z")
    );
}

#[test]
fn an_order_is_counted_once_however_often_it_is_asked_about() {
    let request = routing::testkit::small();
    assert!(request.counts_unit());
    let mut promise = request.clone();
    promise.order.purpose = routing::Purpose::Promise;
    let mut again = request;
    again.order.attempt = 1;
    assert!(!promise.counts_unit() && !again.counts_unit());
    let everyone = orders(5_000);
    assert_eq!(
        everyone.assign(&routing::testkit::build(promise)),
        everyone.assign(&routing::testkit::build(again))
    );
}

#[test]
fn who_only_observes_is_no_unit() {
    let mut request = routing::testkit::small();
    request.mode = Mode::Observe;
    let case = routing::testkit::build(request);
    assert_eq!(orders(WHOLE_BP).assign(&case), Assignment::outside());
    assert_eq!(pilot(WHOLE_BP).assign(&case), Assignment::outside());
}

proptest! {
    #[test]
    fn who_is_in_at_a_share_is_in_at_every_larger_one(
        id in ".{1,64}",
        one in 0u32..=WHOLE_BP,
        other in 0u32..=WHOLE_BP,
    ) {
        let (less, more) = (one.min(other), one.max(other));
        let at = |share_bp| orders(share_bp).of_unit(&id).arm;
        prop_assert!(at(less) == Arm::Champion || at(more) == Arm::Canary);
        prop_assert_eq!(at(0), Arm::Champion);
        prop_assert_eq!(at(WHOLE_BP), Arm::Canary);
        prop_assert_eq!(orders(less).of_unit(&id).probability_bp, less);
    }

    #[test]
    fn a_block_keeps_its_arm_as_the_pilot_grows(
        name in "[A-Z]{2}[.][0-9]{2}",
        millis in 0i64..4_000_000_000_000,
        one in 0u32..=WHOLE_BP,
        other in 0u32..=WHOLE_BP,
    ) {
        let (less, more) = (one.min(other), one.max(other));
        let at = |share_bp| pilot(share_bp).of_block(&region(&name), Timestamp(millis));
        if at(less).probability_bp > 0 {
            prop_assert_eq!(at(less), at(more));
        }
    }
}
