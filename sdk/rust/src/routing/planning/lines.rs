//! What is open of the order lines, and which SKUs can serve them.

use signalbox_contract::routing::Together;

use super::Freight;
use crate::routing::RoutingRequest;

/// An order line with what is open of it.
#[derive(Clone, Copy, Debug)]
pub struct OpenLine {
    /// Its delivery group.
    pub group: u32,
    /// Its SKU number.
    pub sku: u32,
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
    /// A line without anything open.
    pub const NONE: OpenLine = OpenLine {
        group: 0,
        sku: 0,
        open: 0,
        quantity: 0,
        unit: Freight {
            mass_g: 0,
            volume_mm3: 0,
        },
        requires: 0,
        firm_node: None,
        kit: None,
        kit_ratio: 1,
        net_revenue: 0,
        unit_cost: 0,
        together: Together::Free,
    };

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
            sku: line.sku(),
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
    /// By SKU, then by line.
    entries: Vec<Entry>,
    /// Where the entries of each SKU start; one more than SKUs.
    starts: Vec<u32>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Entry {
    sku: u32,
    line: u32,
    /// Pieces of the SKU that make one unit.
    ratio: u32,
}

impl Asked {
    pub fn new(request: &RoutingRequest<'_>) -> Asked {
        let substitutes = request.substitutes();
        let mut entries = Vec::with_capacity((request.lines().len() + substitutes.len()) as usize);
        entries.extend(request.lines().iter().map(|line| Entry {
            sku: line.sku(),
            line: line.index(),
            ratio: 1,
        }));
        entries.extend(substitutes.iter().filter(|row| row.consent()).map(|row| Entry {
            sku: row.sku(),
            line: row.line(),
            ratio: row.ratio().max(1),
        }));
        if !entries.is_sorted() {
            entries.sort_unstable();
        }
        let skus = entries.last().map_or(0, |last| last.sku.saturating_add(1));
        let mut starts = Vec::with_capacity(skus as usize + 1);
        let mut start = 0;
        for sku in 0..=skus {
            while entries.get(start).is_some_and(|entry| entry.sku < sku) {
                start += 1;
            }
            starts.push(start as u32);
        }
        Asked { entries, starts }
    }

    #[inline]
    fn of(&self, sku: u32) -> &[Entry] {
        let at = sku as usize;
        match (self.starts.get(at), self.starts.get(at.wrapping_add(1))) {
            (Some(start), Some(end)) => self
                .entries
                .get(*start as usize..*end as usize)
                .unwrap_or_default(),
            _ => &[],
        }
    }

    /// Whether some SKU serves several lines.
    pub fn is_shared(&self) -> bool {
        let mut pairs = self.entries.iter().zip(self.entries.iter().skip(1));
        pairs.any(|(entry, next)| entry.sku == next.sku)
    }

    #[inline]
    pub fn lines(&self, sku: u32) -> impl Iterator<Item = (u32, u32)> + '_ {
        self.of(sku).iter().map(|entry| (entry.line, entry.ratio))
    }
}
