//! What is open of the order lines, and which SKUs can serve them.

use signalbox_contract::routing::Together;

use super::Freight;
use crate::Index;
use crate::routing::RoutingRequest;

/// An order line with what is open of it.
#[derive(Clone, Copy, Debug, Default)]
pub struct OpenLine {
    /// Its delivery group.
    pub group: u32,
    /// Units to decide about: ordered less locked.
    pub open: u32,
    /// Units ordered.
    pub quantity: u32,
    /// Mass and volume of a unit.
    pub unit: Freight,
    /// Capabilities that node and lane must provide, as bits.
    pub requires: u64,
    /// The only node that may ship it.
    pub firm_node: Option<u32>,
    /// Its kit; none when a part of the kit is locked, since the rest then follows no ratio.
    pub kit: Option<u32>,
    /// Units of it in one kit.
    pub kit_ratio: u32,
    /// Revenue of the line without tax.
    pub net_revenue: i64,
    /// Cost of a unit.
    pub unit_cost: i64,
    together: Together,
}

impl OpenLine {
    /// The set of lines with which it must leave (`true`) or arrive (`false`): those of the same delivery group that ask
    /// the same. None when it is free, and when a part of the set is locked.
    #[inline]
    pub fn set(&self) -> Option<(u32, bool)> {
        match self.together {
            Together::Ship => Some((self.group, true)),
            Together::Deliver => Some((self.group, false)),
            Together::Free | Together::Unrecognised => None,
        }
    }

    /// Net revenue of so many units of it, rounded up.
    pub fn value(&self, units: u32) -> i64 {
        let quantity = i128::from(self.quantity.max(1));
        let share = i128::from(self.net_revenue) * i128::from(units) + quantity - 1;
        i64::try_from(share.div_euclid(quantity)).unwrap_or(i64::MAX)
    }
}

pub(super) fn open_lines(request: &RoutingRequest<'_>) -> Vec<OpenLine> {
    let mut lines: Vec<OpenLine> = request
        .lines()
        .iter()
        .map(|line| OpenLine {
            group: line.group(),
            open: line.quantity(),
            quantity: line.quantity(),
            unit: Freight {
                mass_g: u64::from(line.weight_g()),
                volume_mm3: u64::from(line.length_mm())
                    .saturating_mul(u64::from(line.width_mm()))
                    .saturating_mul(u64::from(line.height_mm())),
            },
            requires: line.requires().0,
            firm_node: line.firm_node(),
            kit: line.kit(),
            kit_ratio: line.kit_ratio().max(1),
            net_revenue: line.net_revenue(),
            unit_cost: line.unit_cost(),
            together: line.together(),
        })
        .collect();
    if !request.locked_lines().is_empty() {
        take_off_locked(request, &mut lines);
    }
    lines
}

fn take_off_locked(request: &RoutingRequest<'_>, lines: &mut [OpenLine]) {
    let mut kits = Vec::new();
    let mut sets = Vec::new();
    for locked in request.locked_lines() {
        let ratio = locked
            .substitute()
            .map_or(1, |row| request.substitute(row).ratio().max(1));
        if let Some(line) = lines.get_mut(locked.line() as usize) {
            line.open = line.open.saturating_sub(locked.quantity() / ratio);
            kits.extend(line.kit);
            sets.extend(line.set());
        }
    }
    for line in lines {
        line.kit = line.kit.filter(|kit| !kits.contains(kit));
        if line.set().is_some_and(|set| sets.contains(&set)) {
            line.together = Together::Free;
        }
    }
}

/// Which lines a SKU can serve.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    /// (line, pieces of the SKU that make one unit), in the order of `of_sku`.
    lines: Vec<(u32, u32)>,
    of_sku: Index,
    shared: bool,
}

impl Asked {
    pub fn new(request: &RoutingRequest<'_>) -> Asked {
        let own = request.lines().iter().map(|line| (line.sku(), line.index(), 1));
        let consented = request
            .substitutes()
            .iter()
            .filter(|row| row.consent())
            .map(|row| (row.sku(), row.line(), row.ratio().max(1)));
        let entries: Vec<(u32, u32, u32)> = own.chain(consented).collect();
        let skus = entries.iter().map(|entry| entry.0);
        let highest = skus.clone().filter(|sku| *sku != u32::MAX).max();
        let of_sku = Index::build(highest.map_or(0, |sku| sku + 1), skus);
        Asked {
            shared: (0..of_sku.keys()).any(|sku| of_sku.rows(sku).len() > 1),
            lines: entries.iter().map(|(_, line, ratio)| (*line, *ratio)).collect(),
            of_sku,
        }
    }

    #[inline]
    pub fn is_asked(&self, sku: u32) -> bool {
        !self.of_sku.rows(sku).is_empty()
    }

    /// Whether some SKU serves several lines.
    pub fn is_shared(&self) -> bool {
        self.shared
    }

    #[inline]
    pub fn lines(&self, sku: u32) -> impl Iterator<Item = (u32, u32)> + '_ {
        self.of_sku
            .rows(sku)
            .iter()
            .filter_map(|entry| self.lines.get(*entry as usize).copied())
    }
}
