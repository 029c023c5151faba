//! The policy in Signalbox: a sandboxed plugin, a fresh metered instance for every decision, through the real contract.

use signalbox_bench::orders::Order;
use signalbox_bench::sandbox;
use signalbox_domain::routing::RoutingDecision;
use signalbox_sandbox::{Policy, RoutingInput};

/// The plugin, prepared.
pub struct Signalbox {
    policy: Policy,
}

impl Signalbox {
    /// Compiles and configures the plugin.
    pub async fn new() -> Signalbox {
        let component = signalbox_guests::component("guest-cheapest");
        Signalbox {
            policy: sandbox::prepare(&sandbox::open(1), component, "{}").await,
        }
    }

    /// The order as a validated request. Encoding it for the plugin is part of what is timed.
    pub fn input(order: &Order) -> std::sync::Arc<signalbox_domain::routing::RoutingCase> {
        std::sync::Arc::new(order.case())
    }

    /// The plugin's decision, read and checked cell by cell; what is timed.
    pub async fn decide(
        &self,
        case: std::sync::Arc<signalbox_domain::routing::RoutingCase>,
    ) -> RoutingDecision {
        self.decide_encoded(&Self::encode(case)).await
    }

    /// The request as the plugin gets it.
    pub fn encode(case: std::sync::Arc<signalbox_domain::routing::RoutingCase>) -> RoutingInput {
        RoutingInput::new(case).expect("no two words collide")
    }

    /// The plugin's decision on an encoded request.
    pub async fn decide_encoded(&self, input: &RoutingInput) -> RoutingDecision {
        self.policy
            .decide(input, &sandbox::context())
            .await
            .expect("Signalbox decides")
            .decision
    }

    /// The picks in a decision over `lines` lines.
    pub fn picks(decision: &RoutingDecision, lines: usize) -> Vec<Option<u32>> {
        let mut picks = vec![None; lines];
        for shipment in &decision.shipments {
            for line in &shipment.lines {
                picks[line.line as usize] = Some(shipment.from_node);
            }
        }
        picks
    }
}
