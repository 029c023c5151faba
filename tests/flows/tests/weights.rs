//! Each weight of `routing-balanced` decides something: for every one there is a past order that ships otherwise when only that
//! weight changes.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test"
)]

use std::sync::{Arc, LazyLock};

use routing_balanced::Balanced;
use serde_json::Value;
use signalbox_contract::Tables;
use signalbox_contract::codec::rows;
use signalbox_contract::routing::{ShipmentLineRow, ShipmentRow};
use signalbox_domain::Word;
use signalbox_domain::case::Case;
use signalbox_domain::routing::{RoutingCase, RoutingRequest};
use signalbox_domain::validate::{Bounds, Circumstances};
use signalbox_flows::past::{self, SEED};
use signalbox_flows::traces::parameters_of;
use signalbox_history::Draws;
use signalbox_plugin::policy::Run;
use signalbox_plugin::routing::RunRouting;
use signalbox_plugin::{Context, Currency};
use signalbox_sandbox::RoutingInput;

const ORDERS: usize = 600;
/// What a day is worth to the tier that the test gives its customers, centavos.
const TIER_DAY_MINOR: u32 = 150;

static PAST: LazyLock<Vec<RoutingRequest>> = LazyLock::new(|| past::orders(ORDERS));

/// What leaves from where by which lane, and what is in it: nothing of what the policy says about it.
type Shipped = (Vec<(u32, Option<u32>)>, Vec<(u32, u32, Option<u32>, u32)>);

fn shipped(policy: &RunRouting<Balanced>, order: &(Context, Tables)) -> Shipped {
    let (context, request) = order;
    let answer = policy.decide(context, &request.narrow, &request.wide).unwrap();
    let tables = answer.tables.read().unwrap();
    let shipments = rows::<ShipmentRow>(tables.table::<ShipmentRow>());
    let lines = rows::<ShipmentLineRow>(tables.table::<ShipmentLineRow>());
    (
        shipments.map(|row| (row.from_node(), row.lane())).collect(),
        lines
            .map(|row| (row.shipment(), row.line(), row.stock(), row.quantity()))
            .collect(),
    )
}

/// The request as the host hands it to policies.
fn encoded(request: RoutingRequest) -> (Context, Tables) {
    let bounds = Bounds::default();
    let circumstances = Circumstances {
        now: request.now.unwrap(),
        levers: &[],
        bounds: &bounds,
    };
    let case = RoutingCase::build(request, &circumstances).unwrap();
    let context = Context {
        now_ms: case.now().0,
        seed: SEED,
        deadline_ms: 200,
        currency: Currency::of(*b"BRL"),
        observe: false,
    };
    let input = RoutingInput::new(Arc::new(case)).unwrap();
    (context, input.tables(&[]).into_owned())
}

/// The past orders. What the history does not know and a term is about is modelled here: customers are of a tier, and
/// pieces cost up to a fifth more or less at each node.
fn orders(weight: &str) -> impl Iterator<Item = (Context, Tables)> {
    let draws = Draws::new(SEED);
    let modelled = move |mut request: RoutingRequest| {
        match weight {
            "customer_tier" => request.order.customer_tier = Some(Word::from_static("GOLD")),
            "margin" => {
                let cost = |sku: &str| {
                    let line = request.lines.iter().find(|line| line.sku == sku);
                    line.map_or(0, |line| line.unit_cost_minor)
                };
                let costs: Vec<i64> = request.network.stock.iter().map(|row| cost(&row.sku)).collect();
                for (row, cost) in request.network.stock.iter_mut().zip(costs) {
                    let mut draw = draws.about(&["cost", &row.node_id, &row.sku]);
                    row.unit_cost_minor = Some((cost as f64 * draw.between(0.8, 1.2)).round() as i64);
                }
            }
            _ => {}
        }
        encoded(request)
    };
    PAST.iter().cloned().map(modelled)
}

/// The repository's parameters, with a price for the modelled tier, and with that weight where one is given.
fn policy(weight: Option<(&str, u32)>) -> RunRouting<Balanced> {
    let mut parameters: Value = serde_json::from_str(&parameters_of("routing-balanced")).unwrap();
    parameters["prices"]["tier_day_minor"]["GOLD"] = TIER_DAY_MINOR.into();
    if let Some((name, percent)) = weight {
        parameters["weights"][name] = percent.into();
    }
    RunRouting::configure(&parameters.to_string()).unwrap()
}

/// Every weight that the parameters have.
fn weights() -> Vec<String> {
    let schema: Value = serde_json::from_str(&RunRouting::<Balanced>::parameter_schema()).unwrap();
    let weights = &schema["$defs"]["Weights"]["properties"];
    weights.as_object().unwrap().keys().cloned().collect()
}

#[test]
fn every_weight_changes_what_ships_of_a_past_order() {
    let names = weights();
    assert!(names.len() >= 14, "{names:?}");
    let base = policy(None);
    let idle: Vec<&String> = names
        .iter()
        .filter(|name| {
            let others = [0, 300, 10_000].map(|percent| policy(Some((name, percent))));
            let moved = orders(name).enumerate().find(|(_, order)| {
                let shipped_now = shipped(&base, order);
                others.iter().any(|other| shipped(other, order) != shipped_now)
            });
            if let Some((number, _)) = &moved {
                println!("{name}: order {number}");
            }
            moved.is_none()
        })
        .collect();
    assert!(idle.is_empty(), "no order ships otherwise by {idle:?}");
}
