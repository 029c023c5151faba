//! Which ways there are, nearest first.

use signalbox_plugin::routing::planning::{Freight, Planning, Way};
use signalbox_plugin::routing::*;

use crate::Nearest;

/// The open ways, group by group, nearest node first.
#[derive(Debug)]
pub(crate) struct Sorted {
    pub ways: Vec<Way>,
    /// Beside `ways`: the distance of each, m; `u64::MAX` when it is unknown.
    pub distances_m: Vec<u64>,
    /// Nodes of the ways that cannot be used, with the constraint.
    pub closed: Vec<(u32, Named)>,
}

impl Sorted {
    pub fn new(policy: &Nearest, planning: &Planning<'_>) -> Sorted {
        let may_use = |node: u32| {
            if policy.excluded_types.contains(&planning.nodes.node_type.at(node)) {
                Err(words::constraint::NODE_TYPE)
            } else if !policy.use_tried_nodes && planning.is_tried(node) {
                Err(words::constraint::TRIED)
            } else {
                Ok(())
            }
        };
        let mut keyed: Vec<(Key, Way)> = Vec::with_capacity(planning.request.lanes().len() as usize);
        let (mut closed, mut far) = (Vec::new(), Vec::new());
        planning.ways(
            may_use,
            |way| {
                let distance_m = planning.distance_m(&way).unwrap_or(u64::MAX);
                if policy.max_distance_m.is_some_and(|max| distance_m > max) {
                    far.push((way.node, words::constraint::DISTANCE));
                } else {
                    keyed.push((Key::new(planning, &way, distance_m), way));
                }
            },
            |node, constraint| closed.push((node, constraint)),
        );
        closed.append(&mut far);
        nearest_way_counts(&mut keyed);
        keyed.sort_unstable_by_key(|(key, _)| *key);
        Sorted {
            distances_m: keyed.iter().map(|(key, _)| key.distance_m).collect(),
            ways: keyed.into_iter().map(|(_, way)| way).collect(),
            closed,
        }
    }

    /// The places of a group's ways.
    pub fn of_group(&self, group: u32) -> std::ops::Range<u32> {
        let place = |group: u32| self.ways.partition_point(|way| way.group < group) as u32;
        place(group)..place(group.saturating_add(1))
    }
}

/// What comes first: the group, the nearer node, then of the ways from one node the one that keeps the promise, the
/// cheaper one, the lower row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    group: u32,
    distance_m: u64,
    node: u32,
    is_late: bool,
    cost_minor: i64,
    lane: Option<u32>,
}

impl Key {
    fn new(planning: &Planning<'_>, way: &Way, distance_m: u64) -> Key {
        let promised_by = planning.request.group(way.group).promised_by();
        let of_group = planning.lines.iter().filter(|line| line.group == way.group);
        let mut freight = Freight::default();
        of_group.for_each(|line| freight.add(line, line.open));
        Key {
            group: way.group,
            distance_m,
            node: way.node,
            is_late: promised_by.is_some_and(|promised_by| way.arrives_at > promised_by),
            cost_minor: way.tariff.cost_minor(freight),
            lane: way.lane,
        }
    }
}

/// A node is as far as its nearest way, so that the ways from one node stay side by side.
fn nearest_way_counts(keyed: &mut [(Key, Way)]) {
    keyed.sort_unstable_by_key(|(key, _)| (key.group, key.node, key.distance_m));
    let mut nearest: Option<Key> = None;
    for (key, _) in keyed {
        match nearest {
            Some(first) if first.group == key.group && first.node == key.node => {
                key.distance_m = first.distance_m;
            }
            _ => nearest = Some(*key),
        }
    }
}
