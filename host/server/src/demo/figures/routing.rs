//! Routing: cost per order by term, splits, promises, what was not assigned.

use std::collections::BTreeSet;

use signalbox_domain::loss::Loss;
use signalbox_domain::routing::{RoutingAnswer, RoutingRequest, ShipmentView};
use signalbox_history::Shape;

use super::Mean;

/// The figures of one policy version, or of what really happened, weighted to the marketplace.
#[derive(Clone, Debug, Default)]
pub struct RoutingFigures {
    /// Orders decided.
    pub orders: usize,
    /// Decisions that somebody below the assigned arm answered.
    pub fallbacks: usize,
    /// Loss of an order in minor units, by the host's cost model and the scope's cost book. Modelled.
    pub loss: Mean,
    /// The same by term, in the model's order.
    pub terms: Vec<(String, Mean)>,
    /// Orders of several units with more than one origin shipment. Counted on decisions.
    pub split: Mean,
    /// Orders of several units that were split although one node held everything.
    pub avoidable: Mean,
    /// Chance that every unit comes by the promise, from the lanes' `on_time_bp`; 0 with units unassigned. Modelled.
    pub promise: Mean,
    /// Units without shipment.
    pub unassigned: Mean,
    /// Whether the decision ships from exactly the nodes that really shipped, over orders with an incumbent.
    pub as_incumbent: Mean,
    /// Origin nodes of real sellers, over shipments.
    pub from_real_seller: Mean,
}

/// One decided order.
pub struct Decided<'a> {
    /// The request.
    pub request: &'a RoutingRequest,
    /// What it left to decide.
    pub shape: Shape,
    /// The decision as the caller received it.
    pub answer: &'a RoutingAnswer,
    /// What the host says that it costs; none when the host could not price it.
    pub loss: Option<&'a Loss>,
    /// Orders of the marketplace that it stands for.
    pub weight: f64,
    /// Whether somebody below the assigned arm answered.
    pub fallback: bool,
}

impl RoutingFigures {
    /// Counts one more order.
    pub fn add(&mut self, decided: &Decided<'_>) {
        let Decided {
            request,
            shape,
            answer,
            loss,
            weight,
            fallback,
        } = *decided;
        self.orders = self.orders.saturating_add(1);
        self.fallbacks = self.fallbacks.saturating_add(usize::from(fallback));
        if let Some(loss) = loss {
            self.add_loss(loss, weight);
        }
        if shape.units >= 2 {
            let split = answer.shipments.len() >= 2;
            self.split.add(share(split), weight);
            self.avoidable
                .add(share(split && shape.one_node_holds_all), weight);
        }
        self.promise.add(promise(request, answer), weight);
        self.add_units(request, answer, weight);
        self.add_origins(request, answer, weight);
    }

    fn add_loss(&mut self, loss: &Loss, weight: f64) {
        self.loss.add(loss.total_minor as f64, weight);
        for term in &loss.terms {
            let row = match self.terms.iter().position(|(name, _)| *name == term.name) {
                Some(row) => row,
                None => {
                    self.terms.push((term.name.clone().into_owned(), Mean::default()));
                    self.terms.len().saturating_sub(1)
                }
            };
            if let Some((_, mean)) = self.terms.get_mut(row) {
                mean.add(term.amount_minor as f64, weight);
            }
        }
    }

    fn add_units(&mut self, request: &RoutingRequest, answer: &RoutingAnswer, weight: f64) {
        let ordered: f64 = request.lines.iter().map(|line| f64::from(line.quantity)).sum();
        let waiting: f64 = answer
            .unassigned
            .iter()
            .map(|part| f64::from(part.quantity))
            .sum();
        // A mean over units: each order counts with its units.
        self.unassigned.add(waiting / ordered.max(1.0), weight * ordered);
    }

    fn add_origins(&mut self, request: &RoutingRequest, answer: &RoutingAnswer, weight: f64) {
        let origins = origins(&answer.shipments);
        for origin in &origins {
            let node = request.network.nodes.iter().find(|node| node.node_id == *origin);
            self.from_real_seller
                .add(share(node.is_some_and(|node| node.node_type == "SELLER")), weight);
        }
        if let Some(incumbent) = &request.incumbent {
            self.as_incumbent.add(
                share(self::origins(&incumbent.decision.shipments) == origins),
                weight,
            );
        }
    }

    /// The mean of a term.
    pub fn term(&self, name: &str) -> Mean {
        self.terms
            .iter()
            .find(|(term, _)| term == name)
            .map(|(_, mean)| *mean)
            .unwrap_or_default()
    }
}

/// The nodes that ship.
fn origins(shipments: &[ShipmentView]) -> BTreeSet<&str> {
    shipments
        .iter()
        .map(|shipment| shipment.from_node.as_str())
        .collect()
}

/// The chance that every delivery group is complete in time: the least of its shipments' lanes; 0 when a unit waits.
fn promise(request: &RoutingRequest, answer: &RoutingAnswer) -> f64 {
    if !answer.unassigned.is_empty() {
        return 0.0;
    }
    let chances = answer.shipments.iter().map(|shipment| {
        let lane = shipment
            .lane
            .and_then(|row| request.network.lanes.get(row as usize));
        lane.and_then(|lane| lane.on_time_bp)
            .map_or(0.0, |bp| f64::from(bp) / 10_000.0)
    });
    chances.fold(1.0, f64::min)
}

fn share(yes: bool) -> f64 {
    if yes { 1.0 } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use signalbox_domain::Case;
    use signalbox_domain::cost_book::CostBook;
    use signalbox_domain::routing::RoutingCase;
    use signalbox_domain::validate::{Bounds, Circumstances};
    use signalbox_history::{Model, decision_of, generate};

    use super::*;

    #[test]
    fn what_really_happened_is_counted_as_its_own_incumbent_and_priced() {
        let model = Model::new(generate(3, 400), 1);
        let bounds = Bounds::default();
        let mut figures = RoutingFigures::default();
        for order in &model.history().orders {
            let past = model.routing(order).unwrap();
            let shape = Shape::of(&past.request);
            let decision = decision_of(&past.request, &past.actual).unwrap();
            let circumstances = Circumstances {
                now: Default::default(),
                levers: &[],
                bounds: &bounds,
            };
            let case = RoutingCase::build(past.request, &circumstances).unwrap();
            let loss = case.price(&decision, &CostBook::default()).unwrap();
            let (request, answer) = (&case.request, &past.actual);
            figures.add(&Decided {
                request,
                shape,
                answer,
                loss: Some(&loss),
                weight: 2.0,
                fallback: false,
            });
        }
        assert_eq!(figures.orders, model.history().orders.len());
        assert_eq!(
            figures.as_incumbent.value(),
            Some(1.0),
            "the incumbent is what really happened"
        );
        assert_eq!(figures.from_real_seller.value(), Some(1.0));
        assert_eq!(figures.unassigned.value(), Some(0.0));
        let terms: f64 = figures.terms.iter().filter_map(|(_, mean)| mean.value()).sum();
        assert!(
            (terms - figures.loss.value().unwrap()).abs() < 1e-6,
            "the terms add up"
        );
        assert!((0.5..1.0).contains(&figures.promise.value().unwrap()));
    }

    #[test]
    fn an_order_with_a_unit_that_waits_keeps_no_promise() {
        let model = Model::new(generate(3, 50), 1);
        let past = model.routing(&model.history().orders[0]).unwrap();
        assert!(promise(&past.request, &past.actual) > 0.0);
        let mut waiting = past.actual.clone();
        waiting
            .unassigned
            .push(signalbox_domain::routing::UnassignedView {
                line_id: "L1".into(),
                quantity: 1,
                action: signalbox_domain::Word::new("BACKORDER").unwrap(),
                queue: None,
                retry_at: None,
                cancel_at: None,
                reason: signalbox_domain::Word::new("NO_STOCK").unwrap(),
            });
        assert_eq!(promise(&past.request, &waiting), 0.0);
    }
}
