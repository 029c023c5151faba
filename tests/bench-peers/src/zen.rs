//! The policy as one expression node of the ZEN engine.

use serde_json::json;
use zen_engine::model::DecisionContent;
use zen_engine::{Decision, DecisionEngine};
use zen_expression::variable::Variable;

use signalbox_bench::orders::Order;

const PICKS: &str = "map(lines as l, \
    map([filter(l.offers, not #.excluded and #.available >= #.safety + l.quantity)], \
        len(#) == 0 ? -1 : min(map(#, (#.base + #.unit * l.quantity) * 4096 + #.node)) % 4096)[0])";

/// The engine with the policy loaded and compiled.
pub struct Zen {
    decision: Decision,
}

impl Zen {
    /// Loads and compiles the policy.
    pub fn new() -> Zen {
        let graph = json!({
            "nodes": [
                { "id": "in", "name": "in", "type": "inputNode", "position": { "x": 0, "y": 0 } },
                { "id": "pick", "name": "pick", "type": "expressionNode", "position": { "x": 0, "y": 0 },
                  "content": { "expressions": [{ "id": "e", "key": "picks", "value": PICKS }] } },
                { "id": "out", "name": "out", "type": "outputNode", "position": { "x": 0, "y": 0 } },
            ],
            "edges": [
                { "id": "a", "sourceId": "in", "targetId": "pick", "type": "edge" },
                { "id": "b", "sourceId": "pick", "targetId": "out", "type": "edge" },
            ],
        });
        let content: DecisionContent = serde_json::from_value(graph).expect("the graph is one of ZEN's");
        let mut decision = DecisionEngine::default()
            .create_decision(content.into())
            .expect("the graph compiles");
        decision.compile();
        Zen { decision }
    }

    /// The order as the engine's own value.
    pub fn input(order: &Order) -> Variable {
        order_json(order).into()
    }

    /// The engine's own answer; what is timed.
    pub async fn decide(&self, input: Variable) -> Variable {
        self.decision.evaluate(input).await.expect("ZEN decides").result
    }

    /// The picks in an answer.
    pub fn picks(answer: &Variable) -> Vec<Option<u32>> {
        let answer: serde_json::Value = answer.to_value();
        let picks = answer["picks"].as_array().cloned().unwrap_or_default();
        picks
            .iter()
            .map(|pick| pick.as_f64().filter(|node| *node >= 0.0).map(|node| node as u32))
            .collect()
    }
}

/// The order as JSON, as its caller would write it.
pub fn order_json(order: &Order) -> serde_json::Value {
    let lines = order.lines.iter().map(|line| {
        let offers = line.offers.iter().map(|offer| {
            json!({ "node": offer.node, "excluded": offer.excluded, "available": offer.available,
                    "safety": offer.safety, "base": offer.base, "unit": offer.unit })
        });
        json!({ "quantity": line.quantity, "offers": offers.collect::<Vec<_>>() })
    });
    json!({ "lines": lines.collect::<Vec<_>>() })
}
