//! Lines that must be served by one shipment or not at all.

use std::collections::BTreeMap;

use crate::routing::case::RoutingCase;
use crate::routing::request::Together;

/// Lines of one delivery group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Packet {
    pub group: u32,
    pub lines: Vec<u32>,
    /// All open units from one node or none.
    pub whole: bool,
}

/// What makes lines belong together.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Bond {
    Kit(u32),
    Ship(u32),
    Deliver(u32),
}

/// Every line in exactly one packet, in the order of their first lines. Bonds are transitive: a kit of which one line
/// also ships together with another line makes one packet of both.
pub(super) fn of_case(case: &RoutingCase) -> Vec<Packet> {
    let mut packet_of_bond: BTreeMap<Bond, usize> = BTreeMap::new();
    let mut packets: Vec<Packet> = Vec::new();
    for (row, (line, given)) in (0u32..).zip(case.lines.iter().zip(&case.request.lines)) {
        let together = match given.together {
            Together::Free => None,
            Together::Ship => Some(Bond::Ship(line.group)),
            Together::Deliver => Some(Bond::Deliver(line.group)),
        };
        let bonds: Vec<Bond> = line.kit.map(Bond::Kit).into_iter().chain(together).collect();
        let known: Vec<usize> = bonds
            .iter()
            .filter_map(|bond| packet_of_bond.get(bond).copied())
            .collect();
        let place = known.iter().copied().min().unwrap_or_else(|| {
            packets.push(Packet {
                group: line.group,
                lines: Vec::new(),
                whole: false,
            });
            packets.len().saturating_sub(1)
        });
        for other in known.into_iter().filter(|other| *other != place) {
            let moved = packets
                .get_mut(other)
                .map(|packet| std::mem::take(&mut packet.lines))
                .unwrap_or_default();
            if let Some(packet) = packets.get_mut(place) {
                packet.lines.extend(moved);
            }
            packet_of_bond
                .values_mut()
                .filter(|value| **value == other)
                .for_each(|value| *value = place);
        }
        if let Some(packet) = packets.get_mut(place) {
            packet.lines.push(row);
            packet.whole |= !bonds.is_empty();
        }
        for bond in bonds {
            packet_of_bond.insert(bond, place);
        }
    }
    packets.retain(|packet| !packet.lines.is_empty());
    packets
}
