//! What a caller asks when an order needs nodes.
//!
//! Ids are texts of 1 to 128 characters, each named once and referred to by the same text elsewhere in the request.
//! Quantities are in units of the line's SKU, weights in grams, lengths in millimetres, distances in metres.

mod lines;
mod network;
mod order;

use std::fmt;

use serde::{Deserialize, Deserializer, de};

use crate::Domain;
use crate::envelope::{Envelope, EnvelopeView, Incumbent, Selectors, decision_request};
use crate::routing::decision::RoutingAnswer;

pub use lines::{DeliveryGroup, DeliveryMethod, Destination, OrderLine, Substitute, Together};
pub use network::{Capacity, CapacityPool, CapacityUnit, Lane, Network, Node, Processing, StockRow, Tariff};
pub use order::{Fill, Hold, LockedLine, LockedShipment, Order, Purpose, TriedNode};

decision_request! {
    /// Which node ships this order.
    RoutingRequest for Routing, answered by RoutingAnswer {
        /// The order.
        order: Order,
        /// Where its lines go; one order may mix methods and destinations.
        delivery_groups: Vec<DeliveryGroup>,
        /// What was ordered.
        lines: Vec<OrderLine>,
        /// The nodes, stock and lanes that may serve it.
        #[serde(deserialize_with = "inline_network")]
        network: Network,
    }
}

impl Envelope for RoutingRequest {
    const DOMAIN: Domain = Domain::Routing;

    fn envelope(&self) -> EnvelopeView<'_> {
        self.envelope_view()
    }

    fn units(&self) -> Vec<&str> {
        vec![&self.order.order_id]
    }

    fn counts_unit(&self) -> bool {
        self.order.purpose == Purpose::Assign && self.order.attempt == 0
    }

    fn selectors(&self) -> Selectors {
        let mut selectors = self.selectors.clone();
        if selectors.channel.is_none() {
            selectors.channel = Some(self.order.channel.clone());
        }
        if selectors.country.is_none() {
            let mut countries = self
                .delivery_groups
                .iter()
                .filter_map(|group| group.destination.as_ref());
            let first = countries.next().map(|destination| &destination.country);
            if countries.all(|destination| Some(&destination.country) == first) {
                selectors.country = first.cloned();
            }
        }
        selectors
    }
}

fn one() -> u32 {
    1
}

fn yes() -> bool {
    true
}

fn certain() -> u32 {
    10_000
}

/// Reads an inline network, and refuses the name of one in words that say what to do.
fn inline_network<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Network, D::Error> {
    struct Visitor;
    impl<'de> de::Visitor<'de> for Visitor {
        type Value = Network;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object with nodes, stock and lanes")
        }

        fn visit_str<E: de::Error>(self, name: &str) -> Result<Network, E> {
            Err(E::custom(format_args!(
                "expected an object with nodes, stock and lanes, found the name {name:?}: this host holds no named \
                 networks, send the network inline"
            )))
        }

        fn visit_map<A: de::MapAccess<'de>>(self, map: A) -> Result<Network, A::Error> {
            Network::deserialize(de::value::MapAccessDeserializer::new(map))
        }
    }
    deserializer.deserialize_any(Visitor)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_field_is_refused_with_its_path() {
        let text = r#"{"currency":"BRL","order":{"order_id":"O","channel":"web"},"delivery_groups":[],"lines":[],
            "network":{"nodes":[{"node_id":"N","type":"DC","colour":1}]}}"#;
        let problem = serde_path_to_error::deserialize::<_, RoutingRequest>(
            &mut serde_json::Deserializer::from_str(text),
        )
        .unwrap_err();
        assert_eq!(problem.path().to_string(), "network.nodes[0].colour");
        assert!(
            problem.inner().to_string().contains("unknown field `colour`"),
            "{problem}"
        );
    }

    #[test]
    fn a_named_network_is_refused_with_what_to_do() {
        let text = r#"{"currency":"BRL","order":{"order_id":"O","channel":"web"},"delivery_groups":[],"lines":[],
            "network":"brazil"}"#;
        let problem = serde_json::from_str::<RoutingRequest>(text)
            .unwrap_err()
            .to_string();
        assert!(problem.contains("send the network inline"), "{problem}");
    }
}
