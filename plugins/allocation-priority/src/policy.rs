//! The policy: one priority after the other.

use allocation_book::{ATP_CUT, Book, Mark, SERVED, Source, SupplyTerms, TRANSFERRED, UNCERTAIN};
use schemars::JsonSchema;
use serde::Deserialize;
use signalbox_plugin::allocation::{
    About, AllocationDecision, AllocationPolicy, AllocationRequest, Context, PolicyError, Problems, about,
    words,
};

use crate::order::by_urgency;

/// How often the demands of one priority are served again after one of them turned out to get too little to be of use.
const ROUNDS_MAX: u32 = 16;

/// Parameters of `allocation-priority`.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Parameters {
    /// Within one priority, whether every demand is first served from its own node, and only then from others. Otherwise
    /// the earlier need may take by transfer what lies at the node of a later one.
    pub local_first: bool,
    /// Which supply may be used.
    pub supply: SupplyTerms,
}

impl Default for Parameters {
    fn default() -> Self {
        Parameters {
            local_first: true,
            supply: SupplyTerms::default(),
        }
    }
}

/// See the crate.
#[derive(Debug)]
pub struct AllocationPriority {
    parameters: Parameters,
}

impl AllocationPolicy for AllocationPriority {
    type Parameters = Parameters;

    const ABOUT: About = about!()
        .reasons(&[SERVED, TRANSFERRED, UNCERTAIN, ATP_CUT])
        .words(words::shortage::ALL);

    fn new(parameters: Parameters) -> Result<Self, Problems> {
        let mut problems = Problems::default();
        parameters.supply.check("supply", &mut problems);
        problems.or(AllocationPriority { parameters })
    }

    fn decide(
        &self,
        context: &Context,
        request: &AllocationRequest<'_>,
    ) -> Result<AllocationDecision, PolicyError> {
        let mut run = Run {
            request,
            book: Book::open(request, context, self.parameters.supply),
            closed: vec![false; request.demand().len() as usize],
            sources: Vec::new(),
        };
        let order = by_urgency(request);
        let priority = |row: &u32| request.demand_row(*row).priority();
        for class in order.chunk_by(|a, b| priority(a) == priority(b)) {
            run.serve(class, self.parameters.local_first);
        }
        Ok(run.conclude(&order))
    }
}

/// One decision in the making.
struct Run<'a, 'r> {
    request: &'r AllocationRequest<'a>,
    book: Book<'a>,
    /// Demands that get nothing more, because it would be too little to be of use.
    closed: Vec<bool>,
    sources: Vec<Source>,
}

/// Which sources a pass uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reach {
    Local,
    Transfers,
    Both,
}

impl Run<'_, '_> {
    /// Serves the demands of one priority, most urgent first. Of those that end below their minimum the least urgent gives
    /// back what it got, and the others are served from it.
    fn serve(&mut self, class: &[u32], local_first: bool) {
        let mark = self.book.mark();
        let passes: &[Reach] = if local_first {
            &[Reach::Local, Reach::Transfers]
        } else {
            &[Reach::Both]
        };
        for _ in 0..ROUNDS_MAX {
            for reach in passes {
                self.pass(class, *reach);
            }
            let Some(least) = class
                .iter()
                .rev()
                .copied()
                .find(|row| self.is_below_minimum(*row))
            else {
                return;
            };
            self.close(mark, &[least]);
        }
        let below: Vec<u32> = class
            .iter()
            .copied()
            .filter(|row| self.is_below_minimum(*row))
            .collect();
        self.close(mark, &below);
    }

    fn pass(&mut self, class: &[u32], reach: Reach) {
        for row in class {
            let demand = self.request.demand_row(*row);
            let open = demand.quantity().saturating_sub(self.book.given(*row));
            if open == 0 || self.closed.get(*row as usize) == Some(&true) {
                continue;
            }
            self.book.sources(&demand, &mut self.sources);
            let moved = self.sources.partition_point(|source| source.transfer.is_none());
            let (local, transfers) = self.sources.split_at(moved);
            let used = match reach {
                Reach::Local => local,
                Reach::Transfers => transfers,
                Reach::Both => &self.sources,
            };
            self.book.give(&demand, used, open);
        }
    }

    fn is_below_minimum(&self, row: u32) -> bool {
        self.book.is_below_minimum(&self.request.demand_row(row))
    }

    fn close(&mut self, mark: Mark, rows: &[u32]) {
        for row in rows {
            if let Some(closed) = self.closed.get_mut(*row as usize) {
                *closed = true;
            }
        }
        let closed = &self.closed;
        self.book
            .take_back(mark, |demand| closed.get(demand as usize) == Some(&true));
    }

    fn conclude(mut self, order: &[u32]) -> AllocationDecision {
        let mut decision = AllocationDecision::default();
        let mut ranks = vec![0; order.len()];
        for (rank, row) in order.iter().enumerate() {
            if let Some(place) = ranks.get_mut(*row as usize) {
                *place = rank as u32;
            }
        }
        self.book.state_shortages(&mut decision, &ranks);
        self.book.state_atp(&mut decision);
        self.book.close(&mut decision);
        self.book.conclude(&mut decision);
        decision
    }
}
