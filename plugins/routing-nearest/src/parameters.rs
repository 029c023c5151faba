//! The parameters.

use schemars::JsonSchema;
use serde::Deserialize;
use signalbox_plugin::Problems;

/// Rules of the nearest node.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Parameters {
    /// Types of nodes that never ship, such as STORE.
    #[schemars(length(max = 64))]
    pub excluded_node_types: Vec<String>,
    /// Farthest that a shipment may go, in m. Without it there is no limit; with it a node at an unknown distance does not
    /// ship.
    pub max_distance_m: Option<u32>,
    /// Whether nodes that already failed for this order may be tried again.
    pub use_tried_nodes: bool,
    /// Most nodes that a decision lists with the reason why they were used or not.
    #[schemars(range(max = 1000))]
    pub candidates_max: u32,
}

impl Default for Parameters {
    fn default() -> Self {
        Parameters {
            excluded_node_types: Vec::new(),
            max_distance_m: None,
            use_tried_nodes: false,
            candidates_max: 10,
        }
    }
}

impl Parameters {
    /// What the types cannot say.
    pub(crate) fn check(&self) -> Problems {
        let mut problems = Problems::default();
        let types = &self.excluded_node_types;
        let found = types.len();
        problems.check(
            found <= 64,
            "excluded_node_types",
            format_args!("expected at most 64 types, found {found}"),
        );
        for (place, text) in types.iter().enumerate().filter(|(_, text)| text.is_empty()) {
            let path = format!("excluded_node_types[{place}]");
            problems.add(path, format_args!("expected a type of nodes, found {text:?}"));
        }
        let found = self.candidates_max;
        problems.check(
            found <= 1_000,
            "candidates_max",
            format_args!("expected at most 1000, found {found}"),
        );
        problems
    }
}
