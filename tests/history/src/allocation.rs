//! Allocation requests: a month's stock of the best-sellers, shared out over the modelled distribution centres.
//!
//! Real: which products sold, in which region, in the four weeks before (the forecast) and after (what is wanted).
//! Modelled: supply, inbound, transfers, packs, priorities, and that orders of many units are a channel of their own.

use std::collections::BTreeMap;

use signalbox_domain::allocation::{AllocationRequest, ChannelRule, Demand, Inbound, Supply, Transfer};
use signalbox_domain::envelope::{Mode, NetworkSnapshot, Seed, Selectors, SnapshotSource};
use signalbox_domain::money::{Currency, Minor};
use signalbox_domain::{Timestamp, Word};

use crate::history::PastOrder;
use crate::model::constants::{DAY_MS, UNIT_COST_SHARE, band_of};
use crate::model::{Model, day_of, distance_km, place_or_state};

/// What one allocation looks back on and plans for.
const SPAN_MS: i64 = DAY_MS * 28;
/// Products in one request.
const PRODUCTS: usize = 12;
/// Orders of at least this many units of a product belong to the channel `bulk`. Chosen.
const BULK_UNITS: usize = 3;
/// Supply as a share of what is wanted, drawn for each product. Chosen: less than everybody wants, or nothing is decided.
const SUPPLY_SHARE: (f64, f64) = (0.6, 1.05);
/// The share of supply that is on its way to the first centre, and what of the rest lies there already. Chosen.
const INBOUND_SHARE: f64 = 0.15;
const CENTRAL_SHARE: f64 = 0.5;
/// Units to a pack. Chosen.
const PACK: u32 = 2;
/// Priorities of consumers and bulk. Chosen.
const PRIORITY: (u32, u32) = (500, 300);
/// What of each product is kept for consumers, and the most that bulk may take, basis points. Chosen.
const CHANNEL_RULES: (u32, u32) = (5_000, 4_000);
/// Moving a unit: centavos, and the share of the tariff step of its distance. Chosen.
const TRANSFER: (Minor, f64) = (120, 0.5);

/// A channel, its priority, and its part of what was sold.
type Channel = (&'static str, u32, fn(&Sold) -> f64);

/// Units of a product in a region by channel.
#[derive(Clone, Copy, Debug, Default)]
struct Sold {
    consumer: f64,
    bulk: f64,
}

/// One product's month: units by centre before and after, and its mean price.
#[derive(Clone, Debug, Default)]
struct Month {
    before: BTreeMap<usize, Sold>,
    after: BTreeMap<usize, Sold>,
    paid_minor: f64,
    units: f64,
}

/// Up to `count` allocation requests, one for each of as many weeks spread evenly over the history.
pub fn cases(model: &Model, count: usize) -> Vec<AllocationRequest> {
    let orders = &model.history().orders;
    let (Some(first), Some(last)) = (orders.first(), orders.last()) else {
        return Vec::new();
    };
    let from = day_of(first.placed_at).0.plus_millis(SPAN_MS);
    let room = last.placed_at.plus_millis(-SPAN_MS).millis_since(from).max(0);
    let starts = (0..count).map(|place| {
        let share = place as f64 / count.max(1) as f64;
        day_of(from.plus_millis((room as f64 * share) as i64)).0
    });
    starts.filter_map(|now| case(model, now)).collect()
}

/// The allocation of the four weeks from `now`; none when too little sold in the four weeks before.
fn case(model: &Model, now: Timestamp) -> Option<AllocationRequest> {
    let months = best_sellers(model, now);
    let mut supply = Vec::new();
    let mut demand = Vec::new();
    for (sku, month) in &months {
        demand_of(model, sku, month, now, &mut demand)?;
        supply_of(model, sku, month, now, &mut supply);
    }
    let channel = |text: &str| Word::new(text).ok();
    (!demand.is_empty() && !supply.is_empty()).then_some(())?;
    Some(AllocationRequest {
        decision_id: None,
        idempotency_key: None,
        mode: Mode::Decide,
        deadline_ms: None,
        now: Some(now),
        seed: Some(Seed(model.draws.about(&["allocation", &now.to_string()]).bits())),
        currency: Currency::new("BRL")?,
        selectors: Selectors::default(),
        incumbent: None,
        overrides: Vec::new(),
        attributes: Vec::new(),
        supply,
        demand,
        existing: Vec::new(),
        transfers: transfers(model),
        channel_rules: vec![
            ChannelRule {
                channel: channel("consumer")?,
                reserve_quantity: 0,
                reserve_bp: CHANNEL_RULES.0,
                max_bp: 10_000,
            },
            ChannelRule {
                channel: channel("bulk")?,
                reserve_quantity: 0,
                reserve_bp: 0,
                max_bp: CHANNEL_RULES.1,
            },
        ],
        snapshot: NetworkSnapshot {
            id: Some("olist-model".to_owned()),
            revision: None,
            as_of: Some(now),
            max_age_ms: None,
            source: SnapshotSource::Inline,
        },
        slice: None,
    })
}

/// The products with most units in the four weeks before `now`, with what they sold in the four weeks before and after.
fn best_sellers(model: &Model, now: Timestamp) -> Vec<(String, Month)> {
    let mut months: BTreeMap<&str, Month> = BTreeMap::new();
    let orders = &model.history().orders;
    let start = orders.partition_point(|order| order.placed_at < now.plus_millis(-SPAN_MS));
    let window = orders
        .iter()
        .skip(start)
        .take_while(|order| order.placed_at < now.plus_millis(SPAN_MS));
    for order in window {
        count(model, order, order.placed_at < now, &mut months);
    }
    let mut ranked: Vec<(String, Month)> = months
        .into_iter()
        .map(|(sku, month)| (sku.to_owned(), month))
        .collect();
    let before = |month: &Month| -> f64 { month.before.values().map(|sold| sold.consumer + sold.bulk).sum() };
    ranked.sort_by(|a, b| before(&b.1).total_cmp(&before(&a.1)).then_with(|| a.0.cmp(&b.0)));
    ranked.truncate(PRODUCTS);
    ranked
}

fn count<'a>(model: &Model, order: &'a PastOrder, before: bool, months: &mut BTreeMap<&'a str, Month>) {
    let centre = model.nearest_centre(place_or_state(order.place, &order.state));
    for item in &order.items {
        let same = order
            .items
            .iter()
            .filter(|other| other.product_id == item.product_id)
            .count();
        let month = months.entry(&item.product_id).or_default();
        month.paid_minor += item.price_minor as f64 * order.weight;
        month.units += order.weight;
        let side = if before {
            &mut month.before
        } else {
            &mut month.after
        };
        let sold = side.entry(centre).or_default();
        let channel = if same >= BULK_UNITS {
            &mut sold.bulk
        } else {
            &mut sold.consumer
        };
        *channel += order.weight;
    }
}

fn demand_of(
    model: &Model,
    sku: &str,
    month: &Month,
    now: Timestamp,
    demand: &mut Vec<Demand>,
) -> Option<()> {
    let price = month.paid_minor / month.units.max(1.0);
    let channels: [Channel; 2] = [
        ("consumer", PRIORITY.0, |sold| sold.consumer),
        ("bulk", PRIORITY.1, |sold| sold.bulk),
    ];
    for (row, centre) in model.centres.iter().enumerate() {
        for (channel, priority, part) in channels {
            let units = |side: &BTreeMap<usize, Sold>| side.get(&row).map_or(0.0, part).round() as u32;
            let (wanted, forecast) = (units(&month.after), units(&month.before));
            if wanted == 0 {
                continue;
            }
            let spread = (f64::from(forecast).sqrt() * crate::model::constants::NORMAL_P90).ceil() as u32;
            demand.push(Demand {
                demand_id: format!("{sku}-{}-{channel}", centre.node_id),
                channel: Word::new(channel).ok()?,
                node_id: Some(centre.node_id.clone()),
                sku: sku.to_owned(),
                quantity: wanted.next_multiple_of(PACK),
                priority,
                needed_by: Some(now.plus_millis(SPAN_MS / 2)),
                min_quantity: 0,
                pack_size: PACK,
                forecast_p50: Some(forecast),
                forecast_p90: Some(forecast.saturating_add(spread)),
                fairness_group: Word::new(&format!("{sku}-{channel}")).ok(),
                unit_value_minor: (price * (1.0 - UNIT_COST_SHARE)).round() as Minor,
            });
        }
    }
    Some(())
}

fn supply_of(model: &Model, sku: &str, month: &Month, now: Timestamp, supply: &mut Vec<Supply>) {
    let wanted: f64 = month.after.values().map(|sold| sold.consumer + sold.bulk).sum();
    let mut draw = model.draws.about(&["supply", sku, &now.to_string()]);
    let total = wanted * draw.between(SUPPLY_SHARE.0, SUPPLY_SHARE.1);
    let inbound = (total * INBOUND_SHARE) as u32;
    let eta = now.plus_millis((draw.between(5.0, 20.0) * DAY_MS as f64) as i64);
    for (row, centre) in model.centres.iter().enumerate() {
        let there = total * (1.0 - INBOUND_SHARE);
        let central = if row == 0 { there * CENTRAL_SHARE } else { 0.0 };
        let on_hand = (central + there * (1.0 - CENTRAL_SHARE) * centre.share).round() as u32;
        let comes = row == 0 && inbound > 0;
        if on_hand == 0 && !comes {
            continue;
        }
        supply.push(Supply {
            node_id: centre.node_id.clone(),
            sku: sku.to_owned(),
            lot: None,
            expires_at: None,
            on_hand,
            reserved: 0,
            safety_stock: u32::from(on_hand > 10),
            quarantined: 0,
            confidence_bp: crate::model::constants::DC_COUNT_CONFIDENCE_BP,
            inbound: if comes {
                vec![Inbound {
                    quantity: inbound,
                    eta,
                    confidence_bp: 8_500,
                }]
            } else {
                Vec::new()
            },
        });
    }
}

/// A way between every two centres.
fn transfers(model: &Model) -> Vec<Transfer> {
    let ways = model
        .centres
        .iter()
        .flat_map(|from| model.centres.iter().map(move |to| (from, to)));
    ways.filter(|(from, to)| from.node_id != to.node_id)
        .map(|(from, to)| {
            let band = band_of(distance_km(from.place, to.place));
            let carriage = (band.step_minor as f64 * TRANSFER.1).round() as Minor;
            Transfer {
                from_node: from.node_id.clone(),
                to_node: to.node_id.clone(),
                unit_cost_minor: TRANSFER.0.saturating_add(carriage),
                days: (band.transit_p50_h / 24.0).ceil() as u32,
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generate;

    #[test]
    fn requests_hold_what_was_really_bought_and_are_short_of_it() {
        let model = Model::new(generate(4, 3_000), 9);
        let cases = cases(&model, 6);
        assert_eq!(cases.len(), 6);
        for request in &cases {
            let wanted: u32 = request.demand.iter().map(|demand| demand.quantity).sum();
            let free: u32 = request
                .supply
                .iter()
                .map(signalbox_domain::allocation::Supply::free)
                .sum();
            assert!(wanted > 0 && free > 0 && free < wanted * 2, "{free} of {wanted}");
            assert!(
                request
                    .demand
                    .iter()
                    .all(|demand| demand.quantity % demand.pack_size == 0)
            );
        }
        let short = cases.iter().filter(|request| {
            let wanted: u32 = request.demand.iter().map(|demand| demand.quantity).sum();
            request
                .supply
                .iter()
                .map(signalbox_domain::allocation::Supply::free)
                .sum::<u32>()
                < wanted
        });
        assert!(
            short.count() >= 4,
            "an allocation without shortage decides nothing"
        );
    }

    #[test]
    fn the_same_seed_gives_the_same_requests() {
        let of = |seed| cases(&Model::new(generate(4, 1_500), seed), 3);
        assert_eq!(of(1), of(1));
        assert_ne!(of(1), of(2));
    }
}
