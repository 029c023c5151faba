//! What the policy must do, run natively through the contract's encoding.

use allocation_book::testing::{NOW_MS, check, requests};
use proptest::prelude::*;
use signalbox_plugin::allocation::*;
use signalbox_plugin::testing::{self, DecidedAllocation};

use crate::AllocationPriority;

const DAY_MS: i64 = 86_400_000;
const WEB: Word = Word::of("WEB");
const STORE: Word = Word::of("STORE");

fn decide_with(parameters: &str, rows: &AllocationRows) -> DecidedAllocation {
    let policy = testing::configure::<RunAllocation<AllocationPriority>>(parameters).unwrap();
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
fn given(decided: &DecidedAllocation, demands: u32) -> Vec<u32> {
    let of = |demand| decided.allocations.iter().filter(move |row| row.demand == demand);
    (0..demands)
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

fn demand(node: u32, quantity: u32, priority: u32) -> DemandRow {
    DemandRow {
        node: Some(node),
        quantity,
        priority,
        channel: STORE,
        unit_value: 1_000,
        ..DemandRow::default()
    }
}

fn rows(supply: Vec<SupplyRow>, demand: Vec<DemandRow>) -> AllocationRows {
    AllocationRows {
        supply,
        demand,
        ..AllocationRows::default()
    }
}

fn way(from_node: u32, to_node: u32, cost_per_unit: i64) -> TransferRow {
    TransferRow {
        from_node,
        to_node,
        days: 1,
        cost_per_unit,
    }
}

#[test]
fn priority_comes_first_then_the_earlier_need_then_the_row() {
    let needed = |days: i64, priority| DemandRow {
        needed_by: Some(NOW_MS + days * DAY_MS),
        ..demand(0, 4, priority)
    };
    let request = rows(
        vec![supply(0, 10)],
        vec![needed(9, 1), needed(2, 1), needed(30, 2), demand(0, 4, 1)],
    );
    let decided = decide(&request);
    assert_eq!(given(&decided, 4), [2, 4, 4, 0]);
    assert_eq!(reason(&decided, 0), Some(Word::of("PRIORITY_PREEMPTED")));
    let equal = rows(vec![supply(0, 5)], vec![demand(0, 4, 1), demand(0, 4, 1)]);
    assert_eq!(given(&decide(&equal), 2), [4, 1]);
}

#[test]
fn reserved_safety_and_quarantined_pieces_stay() {
    let row = SupplyRow {
        reserved: 2,
        safety_stock: 3,
        quarantined: 1,
        ..supply(0, 10)
    };
    let decided = decide(&rows(vec![row], vec![demand(0, 10, 0)]));
    assert_eq!(given(&decided, 1), [4]);
    assert_eq!(reason(&decided, 0), Some(Word::of("SAFETY_STOCK_HELD")));
}

#[test]
fn locked_allocations_are_kept_before_anything_else() {
    let mut request = rows(vec![supply(0, 10)], vec![demand(0, 9, 5), demand(0, 6, 0)]);
    request.existing = vec![ExistingRow {
        demand: 1,
        node: 0,
        quantity: 4,
        locked: true,
    }];
    assert_eq!(given(&decide(&request), 2), [6, 4]);
    request.existing[0].locked = false;
    assert_eq!(given(&decide(&request), 2), [9, 1]);
}

#[test]
fn packs_stay_whole() {
    let packs = DemandRow {
        pack_size: 4,
        ..demand(0, 10, 0)
    };
    let decided = decide(&rows(vec![supply(0, 7), supply(0, 20)], vec![packs]));
    assert_eq!(given(&decided, 1), [8]);
    assert_eq!(reason(&decided, 0), Some(Word::of("PACK_ROUNDING")));
    assert!(decided.allocations.iter().all(|row| row.quantity % 4 == 0));
}

#[test]
fn too_little_to_be_of_use_is_given_to_the_next_instead() {
    let least = DemandRow {
        min_quantity: 8,
        ..demand(0, 10, 1)
    };
    let decided = decide(&rows(vec![supply(0, 6)], vec![least, demand(0, 5, 1)]));
    assert_eq!(given(&decided, 2), [0, 5]);
    let enough = DemandRow {
        min_quantity: 6,
        ..demand(0, 10, 1)
    };
    let decided = decide(&rows(vec![supply(0, 6)], vec![enough, demand(0, 5, 1)]));
    assert_eq!(given(&decided, 2), [6, 0]);
}

#[test]
fn a_channels_reserve_waits_for_it_and_its_cap_stops_it() {
    let web = |quantity| DemandRow {
        channel: WEB,
        ..demand(0, quantity, 0)
    };
    let mut request = rows(vec![supply(0, 10)], vec![demand(0, 10, 9), web(2)]);
    request.channel_rules = vec![ChannelRuleRow {
        channel: WEB,
        reserve_quantity: 4,
        ..Default::default()
    }];
    let decided = decide(&request);
    assert_eq!(given(&decided, 2), [6, 2]);
    assert_eq!(reason(&decided, 0), Some(Word::of("CHANNEL_RESERVE")));
    request.channel_rules = vec![ChannelRuleRow {
        channel: STORE,
        max_bp: Some(3_000),
        ..Default::default()
    }];
    let decided = decide(&request);
    assert_eq!(given(&decided, 2), [3, 2]);
    assert_eq!(reason(&decided, 0), Some(Word::of("CAP_REACHED")));
}

#[test]
fn arrivals_serve_what_can_wait_for_them_in_their_order() {
    let until = |days: i64| DemandRow {
        needed_by: Some(NOW_MS + days * DAY_MS),
        ..demand(0, 6, 0)
    };
    let arrival = |days: i64| InboundRow {
        supply: 0,
        quantity: 4,
        eta: NOW_MS + days * DAY_MS,
        ..InboundRow::default()
    };
    let mut request = rows(vec![supply(0, 1)], vec![until(5)]);
    request.inbound = vec![arrival(9), arrival(4), arrival(2)];
    let decided = decide(&request);
    let expected = [
        (1, None, NOW_MS),
        (1, Some(1), NOW_MS + 4 * DAY_MS),
        (4, Some(2), NOW_MS + 2 * DAY_MS),
    ];
    let got: Vec<_> = decided
        .allocations
        .iter()
        .map(|row| (row.quantity, row.inbound, row.release_at.unwrap()))
        .collect();
    assert_eq!(got, expected);

    request.demand = vec![until(1)];
    let decided = decide(&request);
    assert_eq!(given(&decided, 1), [1]);
    assert_eq!(reason(&decided, 0), Some(Word::of("LATE_INBOUND")));
    let patient = r#"{"supply": {"late_days_max": 1}}"#;
    assert_eq!(given(&decide_with(patient, &request), 1), [5]);
}

#[test]
fn an_overdue_demand_is_served_as_if_due_now() {
    let overdue = DemandRow {
        needed_by: Some(NOW_MS - DAY_MS),
        ..demand(0, 3, 0)
    };
    assert_eq!(given(&decide(&rows(vec![supply(0, 5)], vec![overdue])), 1), [3]);
}

#[test]
fn unsure_arrivals_and_counts_are_used_only_as_far_as_the_terms_trust_them() {
    let unsure = SupplyRow {
        confidence_bp: Some(6_000),
        ..supply(0, 5)
    };
    let mut request = rows(vec![unsure], vec![demand(0, 9, 0)]);
    request.inbound = vec![InboundRow {
        supply: 0,
        quantity: 4,
        confidence_bp: Some(6_999),
        eta: NOW_MS,
    }];
    let decided = decide(&request);
    assert_eq!(given(&decided, 1), [5]);
    assert_eq!(decided.decided.summary.confidence_bp, 6_000);
    assert!(decided.decided.has_reason("UNCERTAIN"));
    let strict = r#"{"supply": {"on_hand_confidence_min_bp": 6001, "inbound_confidence_min_bp": 6999}}"#;
    assert_eq!(given(&decide_with(strict, &request), 1), [4]);
}

#[test]
fn a_transfer_is_made_only_when_it_is_worth_its_cost() {
    let request = |cost| {
        let mut rows = rows(vec![supply(1, 9)], vec![demand(0, 5, 0)]);
        rows.transfers = vec![way(1, 0, cost)];
        rows
    };
    let decided = decide(&request(200));
    assert_eq!(given(&decided, 1), [5]);
    assert_eq!(
        (decided.allocations[0].source, decided.allocations[0].transfer),
        (Source::Transfer, Some(0))
    );
    assert_eq!(decided.allocations[0].release_at, Some(NOW_MS + DAY_MS));
    assert!(decided.decided.has_reason("TRANSFERRED"));
    assert_eq!(given(&decide(&request(201)), 1), [0]);
    let generous = r#"{"supply": {"transfer_value_bp": 2100}}"#;
    assert_eq!(given(&decide_with(generous, &request(201)), 1), [5]);
}

#[test]
fn within_a_priority_what_lies_somewhere_serves_that_place_first() {
    let mut request = rows(vec![supply(1, 5)], vec![demand(0, 5, 1), demand(1, 5, 1)]);
    request.transfers = vec![way(1, 0, 10)];
    assert_eq!(given(&decide(&request), 2), [0, 5]);
    assert_eq!(
        given(&decide_with(r#"{"local_first": false}"#, &request), 2),
        [5, 0]
    );
    request.demand[0].priority = 2;
    assert_eq!(given(&decide(&request), 2), [5, 0]);
}

#[test]
fn what_expires_first_goes_first_and_never_too_late() {
    let lot = |days: i64, on_hand| SupplyRow {
        expires_at: Some(NOW_MS + days * DAY_MS),
        ..supply(0, on_hand)
    };
    let request = rows(vec![lot(9, 5), lot(3, 5), lot(0, 5)], vec![demand(0, 7, 0)]);
    let decided = decide(&request);
    let got: Vec<_> = decided
        .allocations
        .iter()
        .map(|row| (row.supply, row.quantity))
        .collect();
    assert_eq!(got, [(0, 2), (1, 5)]);
    let shelf_life = r#"{"supply": {"shelf_life_days_min": 5}}"#;
    let decided = decide_with(shelf_life, &request);
    assert_eq!(given(&decided, 1), [5]);
    assert_eq!(decided.allocations[0].supply, 0);
}

#[test]
fn a_demand_without_a_place_is_served_from_anywhere() {
    let anywhere = DemandRow {
        node: None,
        ..demand(0, 8, 0)
    };
    let decided = decide(&rows(vec![supply(0, 5), supply(1, 5)], vec![anywhere]));
    assert_eq!(given(&decided, 1), [8]);
    assert!(decided.allocations.iter().all(|row| row.source == Source::OnHand));
}

#[test]
fn nothing_anywhere_is_insufficient_supply() {
    let decided = decide(&rows(vec![supply(1, 5)], vec![demand(0, 5, 0)]));
    assert_eq!(reason(&decided, 0), Some(Word::of("INSUFFICIENT_SUPPLY")));
}

#[test]
fn what_is_left_is_stated_for_each_channel_within_its_rules() {
    let web = DemandRow {
        channel: WEB,
        ..demand(0, 1, 0)
    };
    let mut request = rows(
        vec![supply(0, 6), supply(1, 5), supply(0, 3)],
        vec![demand(0, 2, 0), web],
    );
    request.channel_rules = vec![ChannelRuleRow {
        channel: WEB,
        reserve_quantity: 4,
        max_bp: Some(5_000),
        ..Default::default()
    }];
    let atp = |decided: &DecidedAllocation| -> Vec<(Word, u32, u32)> {
        let rows = decided.atp.iter();
        rows.map(|row| (row.channel, row.node, row.quantity)).collect()
    };
    // 14 pieces, 3 given. WEB may take 7 in all and has 1. STORE leaves the 3 that WEB has not used of its reserve.
    let decided = decide(&request);
    assert_eq!(atp(&decided), [(WEB, 0, 6), (STORE, 0, 6), (STORE, 1, 2)]);
    let cut = decide_with(r#"{"supply": {"atp_rows_max": 2}}"#, &request);
    assert_eq!(cut.atp.len(), 2);
    assert!(cut.decided.has_reason("ATP_CUT"));
    let without = decide_with(r#"{"supply": {"atp_rows_max": 0}}"#, &request);
    assert!(without.atp.is_empty() && !without.decided.has_reason("ATP_CUT"));
}

#[test]
fn parameters_out_of_bounds_are_named() {
    let problems = testing::configure::<RunAllocation<AllocationPriority>>(
        r#"{"supply": {"inbound_confidence_min_bp": 10001}}"#,
    );
    assert_eq!(
        problems.unwrap_err().as_slice()[0].path,
        "supply.inbound_confidence_min_bp"
    );
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
    fn every_decision_obeys_the_host(rows in requests(), local_first in any::<bool>()) {
        let parameters = format!(r#"{{"local_first": {local_first}}}"#);
        let decided = decide_with(&parameters, &rows);
        check(&rows, &AllocationPriority::ABOUT, &decided)?;
        prop_assert_eq!(&decided, &decide_with(&parameters, &rows));
    }

    /// No demand goes short of a piece that a less urgent one got from its own node, unless packs, minimums or rules
    /// stand in the way.
    #[test]
    fn the_more_urgent_is_never_short_for_the_less_urgent(rows in requests()) {
        let mut rows = rows;
        rows.existing.clear();
        rows.channel_rules.clear();
        for demand in &mut rows.demand {
            demand.pack_size = 1;
            demand.min_quantity = 0;
            demand.needed_by = None;
            demand.node = Some(0);
        }
        let decided = decide(&rows);
        let got = given(&decided, rows.demand.len() as u32);
        for (at, demand) in rows.demand.iter().enumerate() {
            let short = got[at] < demand.quantity;
            let served = rows.demand.iter().zip(&got).any(|(other, got)| {
                other.sku == demand.sku && other.priority < demand.priority && *got > 0
                    && other.unit_value <= demand.unit_value
            });
            prop_assert!(!(short && served));
        }
    }
}
