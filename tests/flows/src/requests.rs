//! Requests for tests.

use serde_json::Value;
use signalbox_bench::orders::orders;

/// A valid routing request of `lines` x `nodes`, the `number`-th of its kind.
pub fn routing(lines: usize, nodes: usize, number: usize) -> Value {
    let mut request = orders(lines, nodes, number + 1).pop().unwrap().request_json();
    request["order"]["order_id"] = format!("O-{number}").into();
    request
}

/// A valid routing request of `lines` x `nodes`, encoded for policies.
pub fn routing_input(lines: usize, nodes: usize) -> signalbox_sandbox::RoutingInput {
    orders(lines, nodes, 1).pop().unwrap().input()
}
