//! For every line the cheapest node that is not excluded and has enough, the lower row first where two cost the same: the
//! policy that the rule engines are compared by. Price: the lane's base price, and handling of every piece.

use schemars::JsonSchema;
use serde::Deserialize;
use signalbox_plugin::routing::*;

/// Nothing to set.
#[derive(Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Parameters {}

/// The policy.
pub struct Cheapest;

impl RoutingPolicy for Cheapest {
    type Parameters = Parameters;
    const ABOUT: About = about!();

    fn new(_: Parameters) -> Result<Self, Problems> {
        Ok(Cheapest)
    }

    fn decide(&self, _: &Context, request: &RoutingRequest<'_>) -> Result<RoutingDecision, PolicyError> {
        let lane_of = lanes_by_node(request);
        let stock = request.stock_by_sku();
        let mut decision = RoutingDecision::default();
        let mut shipment_of: Vec<Option<ShipmentNumber>> = vec![None; request.nodes().len() as usize];
        for line in request.lines() {
            let offers = stock.rows(line.sku()).iter().filter_map(|row| {
                let stock = request.stock_row(*row);
                let node = request.node(stock.node());
                let lane = *lane_of.get(stock.node() as usize)?;
                let enough = stock.available() >= stock.safety_stock().saturating_add(line.quantity());
                let price = request.lane(lane).base() + node.per_unit() * i64::from(line.quantity());
                (enough && !node.excluded() && lane != u32::MAX).then_some((price, stock.node(), *row, lane))
            });
            let Some((_, node, row, lane)) = offers.min() else {
                decision.leave(
                    line.index(),
                    line.quantity(),
                    words::action::BACKORDER,
                    words::unassigned_reason::NO_STOCK,
                );
                continue;
            };
            let Some(shipment) = shipment_of.get_mut(node as usize) else {
                continue;
            };
            let number = *shipment.get_or_insert_with(|| {
                let lane = request.lane(lane);
                decision.ship(ShipmentRow {
                    from_node: node,
                    group: Some(line.group()),
                    lane: Some(lane.index()),
                    ship_at: lane.ship_at(),
                    deliver_by: lane.deliver_p90_at(),
                    ..Default::default()
                })
            });
            decision.line(number, line.index(), row, line.quantity());
        }
        Ok(decision)
    }
}

/// The first lane of every node, `u32::MAX` where there is none.
fn lanes_by_node(request: &RoutingRequest<'_>) -> Vec<u32> {
    let mut lanes = vec![u32::MAX; request.nodes().len() as usize];
    for lane in request.lanes() {
        if let Some(slot) = lanes.get_mut(lane.node() as usize)
            && *slot == u32::MAX
        {
            *slot = lane.index();
        }
    }
    lanes
}

export!(Cheapest);
