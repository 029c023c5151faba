//! Why the decision came out as it did: terms of the nodes that ship and of others, reasons, confidence.

use signalbox_plugin::routing::planning::{Load, Tally};
use signalbox_plugin::routing::*;

use crate::exact::Found;
use crate::greedy::gather;
use crate::model::{Item, Model, Score, Stage, best_first};
use crate::terms::{NAMES, Terms};
use crate::{NOT_PROVEN, NOTHING_ASSIGNED, SHIPS};

/// The terms of one load of a plan. Those of all loads add up to the plan's total.
pub(crate) fn terms_of_load(model: &Model<'_, '_>, items: &[Item], loads: &[Load], place: usize) -> Terms {
    let Some(load) = loads.get(place) else {
        return Terms::default();
    };
    let of_way = model.price(load.way).terms;
    let mut terms = Terms {
        shipping: model.carriage(load, Stage::Complete),
        processing: of_way.processing,
        split: model.split(loads, place),
        lateness: model.lateness(loads, place),
        capacity: of_way.capacity,
        rejection_risk: of_way.rejection_risk,
        carrier_reliability: of_way.carrier_reliability,
        distance: of_way.distance,
        carbon: model.carbon(load),
        customer_tier: of_way.customer_tier,
        ..Terms::default()
    };
    for (at, item) in items.iter().enumerate() {
        let source = model.source(item.source);
        if source.way != load.way {
            continue;
        }
        let price = model.price(source.way);
        let of_source = model
            .pricing
            .source_terms(&price, source.line, source.row, source.ratio);
        let units = i64::from(item.units);
        let add = |to: &mut i64, part: i64, unit: i64| {
            *to = to.saturating_add(part).saturating_add(unit.saturating_mul(units));
        };
        add(
            &mut terms.processing,
            of_source.part_processing,
            of_source.unit_processing,
        );
        add(&mut terms.markdown_avoidance, 0, of_source.unit_markdown);
        add(&mut terms.inventory_confidence, of_source.part_confidence, 0);
        add(&mut terms.margin, 0, of_source.unit_margin);
        add(&mut terms.stockout_avoidance, model.stockout(items, at), 0);
    }
    terms
}

/// The nodes that ship with their part of the total, then the best other ones as if they shipped alone, then those that
/// could not be used.
pub(crate) fn candidates(
    model: &Model<'_, '_>,
    found: &Found,
    closed: &[(u32, Named)],
    most: usize,
    tally: &mut Tally,
    decision: &mut RoutingDecision,
) {
    if most == 0 {
        return;
    }
    // Only what the loads are is wanted here; the plan keeps the rules.
    let _ = model.total(&found.items, Stage::Complete, tally);
    let mut nodes: Vec<(u32, Terms)> = Vec::with_capacity(most);
    for (place, load) in tally.loads.iter().enumerate() {
        let terms = terms_of_load(model, &found.items, &tally.loads, place);
        let node = model.ways.get(load.way as usize).map_or(0, |way| way.node);
        match nodes.iter_mut().find(|(other, _)| *other == node) {
            Some((_, sum)) => sum.add(&terms),
            None => nodes.push((node, terms)),
        }
    }
    let used = nodes.len();
    if used < most {
        let others = others(model, &nodes, most - used, tally);
        nodes.extend(others.into_iter().map(|(node, _, terms)| (node, terms)));
    }
    decision.candidates.reserve(most);
    decision.terms.reserve(nodes.len() * NAMES.len());
    for (node, terms) in nodes.iter().take(most) {
        let each = NAMES.iter().map(Named::word).zip(terms.each());
        decision.candidate(*node, terms.sum(), each.filter(|(_, amount)| *amount != 0));
    }
    for (node, constraint) in closed {
        let is_listed = decision
            .candidates
            .iter()
            .any(|candidate| candidate.node == *node);
        if decision.candidates.len() >= most {
            return;
        }
        if !is_listed {
            decision.ruled_out(*node, *constraint);
        }
    }
}

/// The best nodes beside those that ship, each as if it shipped alone what it has.
fn others(
    model: &Model<'_, '_>,
    used: &[(u32, Terms)],
    most: usize,
    tally: &mut Tally,
) -> Vec<(u32, Score, Terms)> {
    let mut others: Vec<(u32, Score, Terms)> = Vec::with_capacity(most.min(model.ways.len()));
    let mut items = Vec::with_capacity(model.planning().lines.len());
    let estimates = model.estimates(|line| model.planning().line(line).open);
    for place in best_first(&estimates) {
        let node = model.ways.get(place as usize).map_or(0, |way| way.node);
        let is_listed =
            used.iter().any(|(other, _)| *other == node) || others.iter().any(|(other, _, _)| *other == node);
        if others.len() >= most {
            break;
        }
        items.clear();
        if is_listed || !gather(model, place, &mut items, tally) {
            continue;
        }
        let Some(milli) = model.total(&items, Stage::Complete, tally).or_else(|| {
            // A part of an order that ships complete: its cost is still of interest.
            model.total(&items, Stage::Partial, tally)
        }) else {
            continue;
        };
        let unserved = model.unserved(&items);
        let terms = terms_of_load(model, &items, &tally.loads, 0);
        others.push((node, Score { unserved, milli }, terms));
    }
    others.sort_by_key(|(_, score, _)| *score);
    others
}

/// Why, and how sure.
pub(crate) fn conclude(model: &Model<'_, '_>, found: &Found, steps_max: u32, decision: &mut RoutingDecision) {
    let new = (0usize..)
        .zip(&decision.shipments)
        .filter(|(_, shipment)| shipment.locked.is_none());
    let reasons: Vec<Reason> = new
        .map(|(place, shipment)| {
            let lines = decision.lines.iter();
            let pieces: i64 = lines
                .filter(|line| line.shipment as usize == place)
                .map(|line| i64::from(line.quantity))
                .sum();
            SHIPS.about_node(shipment.from_node).a(pieces).b(shipment.cost)
        })
        .collect();
    for reason in reasons {
        decision.because(reason);
    }
    if found.items.is_empty() && !decision.unassigned.is_empty() {
        decision.because(NOTHING_ASSIGNED.reason());
    }
    if !found.is_proven {
        decision.because(NOT_PROVEN.reason().a(i64::from(steps_max)));
    }
    decision.confidence_bp = confidence_bp(model, &found.items);
}

/// How likely every count is right and every node accepts.
fn confidence_bp(model: &Model<'_, '_>, items: &[Item]) -> u32 {
    let (stock, nodes) = (&model.planning().stock, &model.planning().nodes);
    let mut sure_bp = 10_000u32;
    let mut both = |bp: u32| sure_bp = sure_bp * bp.min(10_000) / 10_000;
    for (place, item) in items.iter().enumerate() {
        let source = model.source(item.source);
        let mut before = items.iter().take(place).map(|other| model.source(other.source));
        if !before.clone().any(|other| other.row == source.row) {
            both(stock.confidence_bp.at(source.row).unwrap_or(10_000));
        }
        let node = |way: u32| model.ways.get(way as usize).map_or(0, |way| way.node);
        if !before.any(|other| node(other.way) == node(source.way)) {
            let rejection_bp = nodes.rejection_bp.at(node(source.way));
            both(10_000u32.saturating_sub(rejection_bp));
        }
    }
    sure_bp
}
