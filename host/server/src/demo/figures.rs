//! The business figures over what was decided, per policy version: the definitions are the domain's own
//! ([`signalbox_domain::kpi`]); here they are weighted to the marketplace, and means get their error.

use std::collections::BTreeSet;

use signalbox_domain::Case;
use signalbox_domain::kpi::{Rate, RoutingKpis};
use signalbox_domain::loss::Loss;
use signalbox_domain::routing::{RoutingAnswer, RoutingCase, ShipmentView};
use signalbox_domain::validate::InvalidRequest;

/// A weighted mean with its standard error.
#[derive(Clone, Copy, Debug, Default)]
pub struct Mean {
    weight: f64,
    sum: f64,
    weighted_square: f64,
    square_weight_value: f64,
    square_weight: f64,
}

impl Mean {
    /// Adds a value.
    pub fn add(&mut self, value: f64, weight: f64) {
        self.weight += weight;
        self.sum += weight * value;
        self.weighted_square += weight * weight * value * value;
        self.square_weight_value += weight * weight * value;
        self.square_weight += weight * weight;
    }

    /// Adds a case that counts or does not.
    pub fn count(&mut self, counts: bool, weight: f64) {
        self.add(if counts { 1.0 } else { 0.0 }, weight);
    }

    /// Adds the parts and the whole of a rate.
    pub fn add_rate(&mut self, rate: Rate, weight: f64) {
        if rate.whole > 0 {
            self.add(rate.part as f64 / rate.whole as f64, weight * rate.whole as f64);
        }
    }

    /// The mean; none without values.
    pub fn value(&self) -> Option<f64> {
        (self.weight > 0.0).then(|| self.sum / self.weight)
    }

    /// The standard error of the mean: root of the sum of w2 (x - mean)2, over the sum of w (Cochran, Sampling Techniques,
    /// the linearised error of a ratio).
    pub fn error(&self) -> Option<f64> {
        let mean = self.value()?;
        let squares =
            self.weighted_square - 2.0 * mean * self.square_weight_value + mean * mean * self.square_weight;
        Some(squares.max(0.0).sqrt() / self.weight)
    }
}

/// The routing figures of one policy version, or of what really happened, weighted to the marketplace.
#[derive(Clone, Debug, Default)]
pub struct RoutingFigures {
    /// Orders decided.
    pub orders: usize,
    /// Decisions that somebody below the assigned arm answered.
    pub fallbacks: usize,
    /// Loss of an order in minor units, by the host's cost model and the scope's cost book.
    pub loss: Mean,
    /// The same by term, in the model's order.
    pub terms: Vec<(String, Mean)>,
    /// As [`RoutingKpis::split`].
    pub split: Mean,
    /// As [`RoutingKpis::avoidable_split`].
    pub avoidable_split: Mean,
    /// As [`RoutingKpis::modelled_promise_kept`].
    pub modelled_promise_kept: Mean,
    /// As [`RoutingKpis::unassigned`].
    pub unassigned: Mean,
    /// Whether exactly the nodes ship that really did, over orders with an incumbent.
    pub as_incumbent: Mean,
    /// Whether a real seller ships, over origins.
    pub from_real_seller: Mean,
}

impl RoutingFigures {
    /// Counts one more order. `weight` is how many orders of the marketplace it stands for.
    ///
    /// # Errors
    /// [`InvalidRequest`] when the answer names what the request does not have.
    pub fn add(
        &mut self,
        case: &RoutingCase,
        answer: &RoutingAnswer,
        loss: Option<&Loss>,
        fell_back: bool,
        weight: f64,
    ) -> Result<(), InvalidRequest> {
        let mut one = RoutingKpis::default();
        one.add(case, &case.decision_of(answer)?, fell_back, loss);
        self.orders = self.orders.saturating_add(1);
        self.fallbacks = self.fallbacks.saturating_add(usize::from(fell_back));
        self.split.add_rate(one.split, weight);
        self.avoidable_split.add_rate(one.avoidable_split, weight);
        self.modelled_promise_kept
            .add_rate(one.modelled_promise_kept, weight);
        self.unassigned.add_rate(one.unassigned, weight);
        if let Some(loss) = loss {
            self.add_loss(loss, weight);
        }
        self.add_origins(case, answer, weight);
        Ok(())
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

    fn add_origins(&mut self, case: &RoutingCase, answer: &RoutingAnswer, weight: f64) {
        let origins = origins(&answer.shipments);
        for origin in &origins {
            let node = case
                .request
                .network
                .nodes
                .iter()
                .find(|node| node.node_id == *origin);
            self.from_real_seller
                .count(node.is_some_and(|node| node.node_type == "SELLER"), weight);
        }
        if let Some(incumbent) = &case.request.incumbent {
            self.as_incumbent
                .count(self::origins(&incumbent.decision.shipments) == origins, weight);
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

#[cfg(test)]
mod tests {
    use signalbox_domain::cost_book::CostBook;
    use signalbox_domain::validate::{Bounds, Circumstances};
    use signalbox_history::{Model, generate};

    use super::*;

    #[test]
    fn equal_weights_give_the_textbook_mean_and_error() {
        let mut mean = Mean::default();
        [1.0, 2.0, 3.0, 4.0]
            .into_iter()
            .for_each(|value| mean.add(value, 7.0));
        assert!((mean.value().unwrap() - 2.5).abs() < 1e-12);
        // Population standard deviation 1.1180 over the root of 4.
        assert!((mean.error().unwrap() - 0.559_016_994).abs() < 1e-6);
        assert_eq!(Mean::default().value(), None);
    }

    #[test]
    fn a_heavier_value_counts_more() {
        let mut mean = Mean::default();
        mean.add(0.0, 3.0);
        mean.add(4.0, 1.0);
        assert!((mean.value().unwrap() - 1.0).abs() < 1e-12);
        mean.add_rate(Rate { part: 3, whole: 4 }, 1.0);
        assert!(
            (mean.value().unwrap() - 7.0 / 8.0).abs() < 1e-12,
            "a rate counts with its whole"
        );
    }

    #[test]
    fn what_really_happened_is_counted_as_its_own_incumbent_and_priced() {
        let model = Model::new(generate(3, 400), 1);
        let bounds = Bounds::default();
        let mut figures = RoutingFigures::default();
        for order in &model.history().orders {
            let past = model.routing(order).unwrap();
            let circumstances = Circumstances {
                now: Default::default(),
                levers: &[],
                bounds: &bounds,
            };
            let case = RoutingCase::build(past.request, &circumstances).unwrap();
            let decision = case.decision_of(&past.actual).unwrap();
            let loss = case.price(&decision, &CostBook::default()).unwrap();
            figures.add(&case, &past.actual, Some(&loss), false, 2.0).unwrap();
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
        assert!((0.5..1.0).contains(&figures.modelled_promise_kept.value().unwrap()));
    }
}
