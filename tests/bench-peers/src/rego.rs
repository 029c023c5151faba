//! The policy in Rego, run by regorus.

use regorus::{CompiledPolicy, Engine, Value};

use crate::zen::order_json;
use signalbox_bench::orders::Order;

const POLICY: &str = r"
package routing

import rego.v1

picks := [pick |
    some line in input.lines
    keys := [key |
        some offer in line.offers
        not offer.excluded
        offer.available >= offer.safety + line.quantity
        key := ((offer.base + (offer.unit * line.quantity)) * 4096) + offer.node
    ]
    pick := choose(keys)
]

choose(keys) := min(keys) % 4096 if count(keys) > 0

choose(keys) := -1 if count(keys) == 0
";

/// The engine with the policy compiled.
pub struct Rego {
    policy: CompiledPolicy,
}

impl Rego {
    /// Compiles the policy.
    pub fn new() -> Rego {
        let mut engine = Engine::new();
        engine
            .add_policy("routing.rego".into(), POLICY.into())
            .expect("the policy is Rego");
        let policy = engine
            .compile_with_entrypoint(&"data.routing.picks".into())
            .expect("the policy compiles");
        Rego { policy }
    }

    /// The order as the engine's own value.
    pub fn input(order: &Order) -> Value {
        Value::from_json_str(&order_json(order).to_string()).expect("the order is JSON")
    }

    /// The engine's own answer; what is timed.
    pub fn decide(&self, input: Value) -> Value {
        self.policy.eval_with_input(input).expect("regorus decides")
    }

    /// The picks in an answer.
    pub fn picks(answer: &Value) -> Vec<Option<u32>> {
        let picks = answer.as_array().expect("the answer is a list");
        picks
            .iter()
            .map(|pick| pick.as_i64().ok().and_then(|node| u32::try_from(node).ok()))
            .collect()
    }
}
