//! The routing policy for who wants rules and no prices: a delivery group ships from the nearest node that has everything
//! of it; when there is none, the nearest nodes ship what they have until nothing is open.
//!
//! Of the lanes from a node, those that keep the promise in the median case come first, then the cheaper one. A line takes
//! its own SKU before a substitute, and lower stock rows before higher ones. A kit ships whole from one node. Lines that
//! must leave together ship from the nearest node that has all of them, or if there is none, any of them. An order that
//! ships complete ships nothing when something stays open.

mod explain;
mod parameters;
mod planner;
mod sorted;

pub use parameters::Parameters;

use signalbox_plugin::routing::planning::{Planning, Tally};
use signalbox_plugin::routing::*;

use planner::Planner;
use sorted::Sorted;

/// One node has everything of a delivery group.
pub const NEAREST: ReasonCode = ReasonCode::new(
    "NEAREST",
    "{subject} is the nearest node that has everything, {a:m} away.",
);
/// No node has everything of a delivery group.
pub const NEAREST_PART: ReasonCode = ReasonCode::new(
    "NEAREST_PART",
    "{subject} is among the nearest nodes that have a part, {a:m} away.",
);
/// The order ships complete, and cannot.
pub const INCOMPLETE: ReasonCode = ReasonCode::new(
    "INCOMPLETE",
    "{a} of {b} open pieces could ship, and the order ships complete.",
);
/// Nothing ships.
pub const NOTHING_ASSIGNED: ReasonCode =
    ReasonCode::new("NOTHING_ASSIGNED", "No eligible node has what is open.");

const WORDS: &[Named] = &[
    words::term::DISTANCE,
    words::action::BACKORDER,
    words::action::CANCEL,
    words::action::HOLD,
    words::constraint::EXCLUDED,
    words::constraint::TRIED,
    words::constraint::FIRM_NODE,
    words::constraint::REQUIRES,
    words::constraint::STOCK,
    words::constraint::NO_LANE,
    words::constraint::ORDER_BY,
    words::constraint::PARCEL,
    words::constraint::CAPACITY,
    words::constraint::HOLD,
    words::constraint::CANCELLED,
    words::constraint::MAX_SHIPMENTS,
    words::constraint::MIN_SHIPMENT_VALUE,
    words::constraint::TOGETHER,
    words::constraint::DISTANCE,
    words::constraint::NODE_TYPE,
    words::unassigned_reason::NO_STOCK,
    words::unassigned_reason::NO_NODE,
    words::unassigned_reason::NO_LANE,
    words::unassigned_reason::ON_HOLD,
    words::unassigned_reason::SHIPMENT_LIMIT,
    words::unassigned_reason::SHIP_COMPLETE,
];

/// The policy.
#[derive(Clone, Debug)]
pub struct Nearest {
    excluded_types: Vec<Word>,
    max_distance_m: Option<u64>,
    use_tried_nodes: bool,
    candidates_max: usize,
}

impl RoutingPolicy for Nearest {
    type Parameters = Parameters;

    const ABOUT: About = about!()
        .reasons(&[NEAREST, NEAREST_PART, INCOMPLETE, NOTHING_ASSIGNED])
        .words(WORDS);

    fn new(parameters: Parameters) -> Result<Self, Problems> {
        parameters.check().or(Nearest {
            excluded_types: parameters
                .excluded_node_types
                .iter()
                .map(|text| Word::of(text))
                .collect(),
            max_distance_m: parameters.max_distance_m.map(u64::from),
            use_tried_nodes: parameters.use_tried_nodes,
            candidates_max: parameters.candidates_max as usize,
        })
    }

    fn decide(
        &self,
        context: &Context,
        request: &RoutingRequest<'_>,
    ) -> Result<RoutingDecision, PolicyError> {
        let planning = Planning::new(context, request);
        let sorted = Sorted::new(self, &planning);
        let mut planner = Planner::new(&planning, &sorted.ways);
        for group in request.groups() {
            planner.serve(group.index(), sorted.of_group(group.index()));
        }
        let planned = planner.units();
        let complete = planned == planning.open_units();
        let dropped = planning.fill == Fill::ShipComplete && !complete && planned > 0;
        if dropped {
            planner.parts.clear();
        }
        let why = |line: u32| {
            if dropped && planner.is_served(line) {
                words::unassigned_reason::SHIP_COMPLETE
            } else if planner.limited && planning.released_at.is_some() {
                words::unassigned_reason::SHIPMENT_LIMIT
            } else {
                planning.why_unassigned(line, &sorted.ways)
            }
        };
        let parts = planner.parts.iter().copied();
        let mut decision = planning.decision(&sorted.ways, parts, &mut Tally::default(), why);
        if dropped {
            let reason = INCOMPLETE.reason();
            decision.because(reason.a(planned as i64).b(planning.open_units() as i64));
        }
        explain::explain(self, &planning, &sorted, &planner, &mut decision);
        Ok(decision)
    }
}

export!(Nearest);

#[cfg(test)]
mod tests;
