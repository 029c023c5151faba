//! What a backtest adds up: whole numbers only, so that parts can be added in any order and give the same bits.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use signalbox_domain::kpi::Kpis;
use signalbox_domain::segment::{Segment, SegmentKey};
use signalbox_domain::{Domain, Timestamp};

use super::day::Day;

/// Lines and faults that are named; all of them are counted.
const NAMED_MAX: usize = 10;

/// Values of one segment key; a key that has more is not kept apart at all, whichever came first.
pub const SEGMENT_VALUES_MAX: usize = 100;

/// Everything that was added up.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sums {
    /// Requests that could be used.
    pub requests: u64,
    /// Requests that another scope decides; they are left out.
    pub elsewhere: u64,
    /// Lines that hold no usable request.
    pub bad: Bad,
    /// The instants of the first and the last usable request.
    pub range: Option<(Timestamp, Timestamp)>,
    /// The names of the paired figures, in the order of [`Pairs::days`].
    pub figures: Vec<String>,
    /// By version, in the order given; what the requests' callers do today comes last.
    pub versions: Vec<VersionSums>,
}

/// What could not be used.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bad {
    /// How many, by cause.
    pub causes: BTreeMap<String, u64>,
    /// The first ones.
    pub first: Vec<Named>,
}

/// One that could not be used.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Named {
    /// The number of its line, from 1, or of its record in the decision log.
    pub line: u64,
    /// The cause, one word.
    pub cause: String,
    /// The same for people.
    pub detail: String,
}

impl Bad {
    /// Counts one.
    pub fn add(&mut self, line: u64, cause: &str, detail: &str) {
        let count = self.causes.entry(cause.to_owned()).or_default();
        *count = count.saturating_add(1);
        // Lines come in order, but for parts, whose first ones are sorted when they are merged.
        if self.first.len() < NAMED_MAX {
            self.first.push(Named {
                line,
                cause: cause.to_owned(),
                detail: detail.chars().take(400).collect(),
            });
        }
    }

    /// How many there are.
    pub fn count(&self) -> u64 {
        self.causes
            .values()
            .fold(0, |sum, more| sum.saturating_add(*more))
    }

    fn merge(&mut self, other: &Bad) {
        for (cause, more) in &other.causes {
            let count = self.causes.entry(cause.clone()).or_default();
            *count = count.saturating_add(*more);
        }
        self.first.extend(other.first.iter().cloned());
        self.first.sort_unstable();
        self.first.truncate(NAMED_MAX);
    }
}

/// What one version came to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VersionSums {
    /// Requests for which it has no decision that the host would use.
    pub faults: Bad,
    /// Over all requests that it decided.
    pub all: Part,
    /// By segment.
    pub segments: BTreeMap<Segment, Part>,
    /// How full its world was, where stock and capacity run out.
    pub world: WorldSums,
    /// Keys with more than `SEGMENT_VALUES_MAX` values.
    pub too_many: BTreeSet<SegmentKey>,
}

/// What a version found in its own world; zeros where every request is decided on what it shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WorldSums {
    /// Rows of stock that requests show with free pieces.
    pub rows: u64,
    /// Of those, rows of which the version's own decisions had left none.
    pub emptied: u64,
    /// Windows of capacity that requests show.
    pub windows: u64,
    /// Of those, windows that were full.
    pub full: u64,
}

impl WorldSums {
    /// Adds what another part found.
    pub fn merge(&mut self, other: &WorldSums) {
        self.rows = self.rows.saturating_add(other.rows);
        self.emptied = self.emptied.saturating_add(other.emptied);
        self.windows = self.windows.saturating_add(other.windows);
        self.full = self.full.saturating_add(other.full);
    }
}

/// One population of requests.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Part {
    /// Business figures over all requests that the version decided.
    pub kpis: Kpis,
    /// Over the requests that the first version decided as well; nothing for the first version itself.
    pub pairs: Pairs,
}

/// A version beside the first one, over the requests that both decided.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pairs {
    /// Pairs.
    pub pairs: u64,
    /// Pairs in which both do the same at the same cost.
    pub matched: u64,
    /// Pairs in which this version costs less.
    pub better: u64,
    /// Pairs in which it costs more.
    pub worse: u64,
    /// By local day: for each figure the part and the whole of this version, then of the first one.
    pub days: BTreeMap<Day, Vec<[i128; 4]>>,
}

/// Part and whole of each figure of one decision.
pub type Ratios<'a> = &'a [(i128, i128)];

/// What one pair says.
#[derive(Clone, Copy, Debug)]
pub struct PairOf<'a> {
    /// The local day of the decision.
    pub day: Day,
    /// Whether both do the same at the same cost.
    pub matched: bool,
    /// This version's loss less the first one's, in minor units.
    pub difference_minor: i64,
    /// Part and whole of each figure: of this version, and of the first one.
    pub figures: (Ratios<'a>, Ratios<'a>),
}

impl Sums {
    /// Nothing yet, for so many versions of a domain.
    pub fn new(domain: Domain, versions: usize) -> Sums {
        let none = VersionSums {
            faults: Bad::default(),
            all: Part::new(domain),
            segments: BTreeMap::new(),
            too_many: BTreeSet::new(),
            world: WorldSums::default(),
        };
        Sums {
            requests: 0,
            elsewhere: 0,
            bad: Bad::default(),
            range: None,
            figures: Vec::new(),
            versions: vec![none; versions],
        }
    }

    /// Adds what another part added up with the same versions.
    pub fn merge(&mut self, other: &Sums) {
        self.requests = self.requests.saturating_add(other.requests);
        self.elsewhere = self.elsewhere.saturating_add(other.elsewhere);
        self.bad.merge(&other.bad);
        if let Some((from, to)) = other.range {
            self.saw(from);
            self.saw(to);
        }
        if self.figures.is_empty() {
            self.figures.clone_from(&other.figures);
        }
        for (here, there) in self.versions.iter_mut().zip(&other.versions) {
            here.merge(there);
        }
    }

    /// Widens the range.
    pub fn saw(&mut self, at: Timestamp) {
        self.range = Some(match self.range {
            None => (at, at),
            Some((from, to)) => (from.min(at), to.max(at)),
        });
    }
}

impl VersionSums {
    fn merge(&mut self, other: &VersionSums) {
        self.faults.merge(&other.faults);
        self.all.merge(&other.all);
        self.world.merge(&other.world);
        for (segment, part) in &other.segments {
            match self.segments.get_mut(segment) {
                Some(here) => here.merge(part),
                None => {
                    self.segments.insert(segment.clone(), part.clone());
                }
            }
        }
        self.too_many.extend(&other.too_many);
        self.bound_segments();
    }

    /// Drops every key that has too many values. What is left does not depend on the order in which they came.
    pub fn bound_segments(&mut self) {
        let mut counts: BTreeMap<SegmentKey, usize> = BTreeMap::new();
        for segment in self.segments.keys() {
            let count = counts.entry(segment.key).or_default();
            *count = count.saturating_add(1);
        }
        let over = counts
            .into_iter()
            .filter(|(_, count)| *count > SEGMENT_VALUES_MAX);
        self.too_many.extend(over.map(|(key, _)| key));
        let dropped = &self.too_many;
        if !dropped.is_empty() {
            self.segments.retain(|segment, _| !dropped.contains(&segment.key));
        }
    }
}

impl Part {
    /// Nothing yet.
    pub fn new(domain: Domain) -> Part {
        Part {
            kpis: Kpis::of(domain),
            pairs: Pairs::default(),
        }
    }

    fn merge(&mut self, other: &Part) {
        self.kpis.merge(&other.kpis);
        self.pairs.merge(&other.pairs);
    }
}

impl Pairs {
    /// Adds a pair.
    pub fn add(&mut self, pair: &PairOf<'_>) {
        self.pairs = self.pairs.saturating_add(1);
        self.matched = self.matched.saturating_add(u64::from(pair.matched));
        self.better = self.better.saturating_add(u64::from(pair.difference_minor < 0));
        self.worse = self.worse.saturating_add(u64::from(pair.difference_minor > 0));
        let (here, first) = pair.figures;
        let day = self
            .days
            .entry(pair.day)
            .or_insert_with(|| vec![[0; 4]; here.len()]);
        for (sums, (here, first)) in day.iter_mut().zip(here.iter().zip(first)) {
            add_to(sums, [here.0, here.1, first.0, first.1]);
        }
    }

    fn merge(&mut self, other: &Pairs) {
        self.pairs = self.pairs.saturating_add(other.pairs);
        self.matched = self.matched.saturating_add(other.matched);
        self.better = self.better.saturating_add(other.better);
        self.worse = self.worse.saturating_add(other.worse);
        for (day, more) in &other.days {
            let here = self.days.entry(*day).or_insert_with(|| vec![[0; 4]; more.len()]);
            for (sums, more) in here.iter_mut().zip(more) {
                add_to(sums, *more);
            }
        }
    }
}

fn add_to(sums: &mut [i128; 4], more: [i128; 4]) {
    for (sum, more) in sums.iter_mut().zip(more) {
        *sum = sum.saturating_add(more);
    }
}

#[cfg(test)]
mod tests;
