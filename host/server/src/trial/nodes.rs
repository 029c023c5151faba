//! Which nodes get less to do, and which more, where the challenger decides.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use signalbox_domain::comparison::{Comparison, Mismatch};
use utoipa::ToSchema;

/// Nodes that are told apart; what turns up later is not counted.
const NODES_MAX: usize = 1_000;

/// What moves from and to a node.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Moved {
    /// Units that the champion sends from it and the challenger from elsewhere or not at all.
    lost: u64,
    /// Units that the challenger sends from it and the champion from elsewhere or not at all.
    gained: u64,
}

/// What the challenger means for a node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NodeFigures {
    /// The node.
    pub node_id: String,
    /// Units that the champion sends from it and the challenger from elsewhere or not at all.
    pub units_lost: u64,
    /// Units that the challenger sends from it and the champion from elsewhere or not at all.
    pub units_gained: u64,
}

/// Every node that something moves from or to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Nodes(BTreeMap<String, Moved>);

impl Nodes {
    pub(super) fn add(&mut self, comparison: &Comparison) {
        let Comparison::Mismatched(mismatch) = comparison else {
            return;
        };
        let Mismatch { changes, .. } = &**mismatch;
        for change in changes {
            let Some((from, to, units)) = change.moved() else {
                continue;
            };
            if from == to {
                continue;
            }
            if let Some(moved) = from.and_then(|node| self.of(node)) {
                moved.lost = moved.lost.saturating_add(units);
            }
            if let Some(moved) = to.and_then(|node| self.of(node)) {
                moved.gained = moved.gained.saturating_add(units);
            }
        }
    }

    fn of(&mut self, node: &str) -> Option<&mut Moved> {
        if !self.0.contains_key(node) {
            if self.0.len() >= NODES_MAX {
                return None;
            }
            self.0.insert(node.to_owned(), Moved::default());
        }
        self.0.get_mut(node)
    }

    /// Those that lose most first.
    pub(super) fn figures(&self) -> Vec<NodeFigures> {
        let figures = self.0.iter().map(|(node, moved)| NodeFigures {
            node_id: node.clone(),
            units_lost: moved.lost,
            units_gained: moved.gained,
        });
        let mut figures: Vec<NodeFigures> = figures.collect();
        let net = |one: &NodeFigures| i128::from(one.units_gained) - i128::from(one.units_lost);
        // Stable: equal ones stay in the order of their names.
        figures.sort_by_key(net);
        figures
    }
}

#[cfg(test)]
mod tests {
    use signalbox_domain::comparison::{Change, Disposal};

    use super::*;

    fn moves(pairs: &[(Option<&str>, Option<&str>)]) -> Comparison {
        let disposal = |node: &Option<&str>| {
            node.map(|node| Disposal {
                option_row: 0,
                disposition: "RESTOCK".parse().unwrap(),
                destination_node: Some(node.to_owned()),
            })
        };
        let change = |(champion, challenger): &(Option<&str>, Option<&str>)| Change::Disposition {
            champion: disposal(champion),
            challenger: disposal(challenger),
        };
        Comparison::Mismatched(Box::new(Mismatch {
            changes: pairs.iter().map(change).collect(),
            changes_more: 0,
            terms: Vec::new(),
            difference_minor: 0,
        }))
    }

    #[test]
    fn the_node_that_loses_most_comes_first_and_what_stays_counts_nothing() {
        let mut nodes = Nodes::default();
        nodes.add(&Comparison::Matched);
        nodes.add(&moves(&[(Some("A"), Some("B")), (Some("A"), Some("A"))]));
        nodes.add(&moves(&[(Some("A"), None), (Some("C"), Some("A"))]));
        let told: Vec<(String, u64, u64)> = nodes
            .figures()
            .into_iter()
            .map(|one| (one.node_id, one.units_lost, one.units_gained))
            .collect();
        let expected = [("A", 2, 1), ("C", 1, 0), ("B", 0, 1)];
        assert_eq!(
            told,
            expected.map(|(node, lost, gained)| (node.to_owned(), lost, gained))
        );
    }

    #[test]
    fn nodes_beyond_the_bound_are_not_counted() {
        let mut nodes = Nodes::default();
        for n in 0..=NODES_MAX {
            nodes.add(&moves(&[(Some(&format!("N{n}")), None)]));
        }
        assert_eq!(nodes.figures().len(), NODES_MAX);
    }
}
