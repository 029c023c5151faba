//! What the policy must do, run natively through the contract's encoding.

mod fairness;

use allocation_book::testing::{NOW_MS, check, requests};
use proptest::prelude::*;
use signalbox_plugin::allocation::*;
use signalbox_plugin::testing::{self, DecidedAllocation};

use crate::AllocationFairshare;

fn decide_with(parameters: &str, rows: &AllocationRows) -> DecidedAllocation {
    let policy = testing::configure::<RunAllocation<AllocationFairshare>>(parameters).unwrap();
    let context = Context {
        now_ms: NOW_MS,
        ..Context::default()
    };
    testing::allocation(&policy, &context, rows).unwrap()
}

fn decide(rows: &AllocationRows) -> DecidedAllocation {
    decide_with("{}", rows)
}

/// Pieces given to each demand.
fn given(decided: &DecidedAllocation, demands: usize) -> Vec<u32> {
    let of = |demand| decided.allocations.iter().filter(move |row| row.demand == demand);
    (0..demands as u32)
        .map(|demand| of(demand).map(|row| row.quantity).sum())
        .collect()
}

fn reason(decided: &DecidedAllocation, demand: u32) -> Option<Word> {
    let mut shortages = decided.shortages.iter();
    shortages.find(|row| row.demand == demand).map(|row| row.reason)
}

fn supply(node: u32, on_hand: u32) -> SupplyRow {
    SupplyRow {
        node,
        on_hand,
        ..SupplyRow::default()
    }
}

/// A demand of group 0 without a place, so that all share one supply.
fn demand(quantity: u32) -> DemandRow {
    DemandRow {
        quantity,
        fairness_group: Some(0),
        channel: Word::of("STORE"),
        unit_value: 1_000,
        ..DemandRow::default()
    }
}

fn forecast(quantity: u32, p50: u32, p90: u32) -> DemandRow {
    DemandRow {
        forecast_p50: Some(p50),
        forecast_p90: Some(p90),
        ..demand(quantity)
    }
}

fn rows(supply: Vec<SupplyRow>, demand: Vec<DemandRow>) -> AllocationRows {
    AllocationRows {
        supply,
        demand,
        ..AllocationRows::default()
    }
}

fn shares(parameters: &str, on_hand: u32, demand: Vec<DemandRow>) -> Vec<u32> {
    let demands = demand.len();
    given(
        &decide_with(parameters, &rows(vec![supply(0, on_hand)], demand)),
        demands,
    )
}

#[test]
fn shares_follow_the_forecast_and_not_the_wish() {
    let members = vec![forecast(90, 30, 30), forecast(30, 10, 10), forecast(90, 20, 20)];
    assert_eq!(shares("{}", 30, members), [15, 5, 10]);
}

#[test]
fn the_forecast_leans_to_the_ninth_decile_as_the_parameters_say() {
    let members = || vec![forecast(100, 10, 10), forecast(100, 10, 30)];
    assert_eq!(shares(r#"{"p90_weight_bp": 0}"#, 40, members()), [20, 20]);
    assert_eq!(shares(r#"{"p90_weight_bp": 10000}"#, 40, members()), [10, 30]);
    assert_eq!(shares(r#"{"p90_weight_bp": 5000}"#, 60, members()), [20, 40]);
}

#[test]
fn by_quantity_every_member_is_filled_alike() {
    let members = vec![forecast(60, 1, 1), forecast(20, 99, 99)];
    assert_eq!(shares(r#"{"forecast_weight_bp": 0}"#, 40, members), [30, 10]);
    assert_eq!(shares("{}", 40, vec![demand(60), demand(20)]), [30, 10]);
}

#[test]
fn what_a_member_does_not_need_goes_to_the_others() {
    let members = vec![forecast(4, 50, 50), forecast(90, 25, 25), forecast(90, 25, 25)];
    assert_eq!(shares("{}", 40, members), [4, 18, 18]);
}

#[test]
fn the_last_pieces_go_by_largest_remainder_then_by_row() {
    let members = vec![forecast(50, 10, 10), forecast(50, 14, 14), forecast(50, 10, 10)];
    // 11 pieces: 3.24, 4.53, 3.24.
    assert_eq!(shares("{}", 11, members.clone()), [3, 5, 3]);
    // 12 pieces: 3.53, 4.94, 3.53.
    assert_eq!(shares("{}", 12, members), [4, 5, 3]);
}

#[test]
fn packs_stay_whole_and_smaller_packs_take_what_is_left() {
    let packs = |size| DemandRow {
        pack_size: size,
        ..demand(48)
    };
    assert_eq!(shares("{}", 30, vec![packs(12), packs(12)]), [12, 12]);
    assert_eq!(shares("{}", 30, vec![packs(12), packs(1)]), [12, 18]);
}

#[test]
fn a_member_without_forecast_sales_comes_last() {
    let members = || vec![forecast(5, 0, 0), forecast(20, 10, 10)];
    assert_eq!(shares("{}", 20, members()), [0, 20]);
    assert_eq!(shares("{}", 22, members()), [2, 20]);
}

#[test]
fn groups_are_served_one_after_the_other() {
    let of = |group, priority| DemandRow {
        priority,
        fairness_group: group,
        ..demand(10)
    };
    let members = vec![of(Some(1), 1), of(None, 2), of(Some(1), 3), of(Some(2), 1)];
    let decided = decide(&rows(vec![supply(0, 24)], members));
    assert_eq!(given(&decided, 4), [10, 4, 10, 0]);
    assert_eq!(reason(&decided, 1), Some(Word::of("PRIORITY_PREEMPTED")));
}

#[test]
fn who_shares_is_told_so() {
    let decided = decide(&rows(vec![supply(0, 10)], vec![demand(10), demand(10)]));
    assert_eq!(given(&decided, 2), [5, 5]);
    assert_eq!(reason(&decided, 0), Some(Word::of("FAIR_SHARE")));
    assert!(decided.decided.has_reason("SHARED"));
}

#[test]
fn a_share_below_the_minimum_goes_to_the_others() {
    let least = |min_quantity| DemandRow {
        min_quantity,
        ..demand(10)
    };
    assert_eq!(shares("{}", 12, vec![least(0), least(5), least(0)]), [6, 0, 6]);
    assert_eq!(shares("{}", 12, vec![least(6), least(6), least(6)]), [6, 6, 0]);
}

#[test]
fn stock_moves_to_even_out_a_group_when_the_transfer_is_worth_it() {
    let at = |node| DemandRow {
        node: Some(node),
        ..demand(20)
    };
    let mut request = rows(vec![supply(0, 20), supply(1, 4)], vec![at(0), at(1)]);
    assert_eq!(given(&decide(&request), 2), [20, 4]);
    request.transfers = vec![TransferRow {
        from_node: 0,
        to_node: 1,
        days: 1,
        cost_per_unit: 200,
    }];
    let even = decide(&request);
    assert_eq!(given(&even, 2), [12, 12]);
    assert!(even.decided.has_reason("TRANSFERRED"));
    request.transfers[0].cost_per_unit = 201;
    assert_eq!(given(&decide(&request), 2), [20, 4]);
}

#[test]
fn a_channels_cap_leaves_its_members_behind_and_the_others_go_on() {
    let web = DemandRow {
        channel: Word::of("WEB"),
        ..demand(20)
    };
    let mut request = rows(vec![supply(0, 20)], vec![web, demand(20)]);
    request.channel_rules = vec![ChannelRuleRow {
        channel: Word::of("WEB"),
        max_bp: Some(2_000),
        ..ChannelRuleRow::default()
    }];
    let decided = decide(&request);
    assert_eq!(given(&decided, 2), [4, 16]);
    assert_eq!(reason(&decided, 0), Some(Word::of("FAIR_SHARE")));
}

#[test]
fn locked_pieces_count_towards_a_members_share() {
    let mut request = rows(vec![supply(0, 20)], vec![demand(20), demand(20)]);
    request.existing = vec![ExistingRow {
        demand: 1,
        node: 0,
        quantity: 6,
        locked: true,
    }];
    assert_eq!(given(&decide(&request), 2), [10, 10]);
    request.existing[0].quantity = 16;
    assert_eq!(given(&decide(&request), 2), [4, 16]);
}

#[test]
fn five_hundred_stores_with_a_common_warehouse_are_filled_alike() {
    let warehouse = 500;
    let stores = 0..500u32;
    let request = AllocationRows {
        supply: stores
            .clone()
            .map(|node| supply(node, node % 7))
            .chain([supply(warehouse, 20_000)])
            .collect(),
        demand: stores
            .clone()
            .map(|node| DemandRow {
                node: Some(node),
                ..demand(40 + node % 50)
            })
            .collect(),
        transfers: stores
            .map(|to_node| TransferRow {
                from_node: warehouse,
                to_node,
                days: 1,
                cost_per_unit: 10,
            })
            .collect(),
        ..AllocationRows::default()
    };
    let got = given(&decide(&request), 500);
    assert_eq!(
        got.iter().sum::<u32>(),
        20_000 + (0..500).map(|node| node % 7).sum::<u32>()
    );
    let fills: Vec<u32> = got
        .iter()
        .zip(&request.demand)
        .map(|(got, demand)| got * 10_000 / demand.quantity)
        .collect();
    // One piece of the smallest demand is 2.5 %.
    let spread = fills.iter().max().unwrap() - fills.iter().min().unwrap();
    assert!(spread <= 250, "{spread}");
}

#[test]
fn parameters_out_of_bounds_are_named() {
    let problems = testing::configure::<RunAllocation<AllocationFairshare>>(
        r#"{"p90_weight_bp": 10001, "supply": {"late_days_max": 4000}}"#,
    );
    let problems = problems.unwrap_err();
    let paths: Vec<_> = problems
        .as_slice()
        .iter()
        .map(|problem| problem.path.as_str())
        .collect();
    assert_eq!(paths, ["p90_weight_bp", "supply.late_days_max"]);
}

#[test]
fn the_documented_parameters_are_the_defaults() {
    let documented: serde_json::Value = toml::from_str(include_str!("../parameters.toml")).unwrap();
    let read: crate::Parameters = serde_json::from_value(documented).unwrap();
    assert_eq!(format!("{read:?}"), format!("{:?}", crate::Parameters::default()));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn every_decision_obeys_the_host(rows in requests(), forecast in 0u32..=10_000) {
        let parameters = format!(r#"{{"forecast_weight_bp": {forecast}}}"#);
        let decided = decide_with(&parameters, &rows);
        check(&rows, &AllocationFairshare::ABOUT, &decided)?;
        prop_assert_eq!(&decided, &decide_with(&parameters, &rows));
    }
}
