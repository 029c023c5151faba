//! The policy: one group after the other.

use allocation_book::{ATP_CUT, Book, SERVED, Source, TRANSFERRED, UNCERTAIN};
use signalbox_plugin::allocation::{
    About, AllocationDecision, AllocationPolicy, AllocationRequest, Context, PolicyError, Problems,
    ReasonCode, about, words,
};

use crate::groups::{Group, groups};
use crate::parameters::Parameters;
use crate::share::{Filling, Member};

const SHARED: ReasonCode = ReasonCode::new(
    "SHARED",
    "Within {a} groups of demands that share, fills differ by {b:bp} at most.",
);

/// How often a group is filled again after a member turned out to get too little to be of use.
const ROUNDS_MAX: u32 = 16;

/// See the crate.
#[derive(Debug)]
pub struct AllocationFairshare {
    parameters: Parameters,
}

impl AllocationPolicy for AllocationFairshare {
    type Parameters = Parameters;

    const ABOUT: About = about!()
        .reasons(&[SERVED, SHARED, TRANSFERRED, UNCERTAIN, ATP_CUT])
        .words(words::shortage::ALL);

    fn new(parameters: Parameters) -> Result<Self, Problems> {
        let mut problems = Problems::default();
        parameters.check(&mut problems);
        problems.or(AllocationFairshare { parameters })
    }

    fn decide(
        &self,
        context: &Context,
        request: &AllocationRequest<'_>,
    ) -> Result<AllocationDecision, PolicyError> {
        let mut book = Book::open(request, context, self.parameters.supply);
        let groups = groups(request);
        let mut ranks = vec![0; request.demand().len() as usize];
        let mut sources = Vec::new();
        for (turn, group) in groups.iter().enumerate() {
            for row in &group.members {
                if let Some(rank) = ranks.get_mut(*row as usize) {
                    *rank = turn as u32;
                }
            }
            self.serve(group, request, &mut book, &mut sources);
        }
        let mut decision = AllocationDecision::default();
        book.state_shortages(&mut decision, &ranks);
        book.state_atp(&mut decision);
        book.close(&mut decision);
        book.conclude(&mut decision);
        state_spread(&mut decision, request, &book, &groups);
        Ok(decision)
    }
}

impl AllocationFairshare {
    /// Fills a group. Of the members that end below their minimum the lightest is left out, and the group is filled again.
    fn serve<'a>(
        &self,
        group: &Group,
        request: &AllocationRequest<'a>,
        book: &mut Book<'a>,
        sources: &mut Vec<Source>,
    ) {
        let mark = book.mark();
        let mut filling = Filling::new(book, sources);
        let weight = |demand: &_| self.parameters.weight(demand);
        let mut members = filling.members(request, group.members.iter().copied(), weight);
        for _ in 0..ROUNDS_MAX {
            filling.fill(&members);
            let below = members
                .iter()
                .filter(|member| filling.book().is_below_minimum(&member.demand));
            let lightness = |member: &&Member<'a>| (member.weight, std::cmp::Reverse(member.demand.index()));
            let Some(lightest) = below.min_by_key(lightness).map(|member| member.demand.index()) else {
                return;
            };
            members.retain(|member| member.demand.index() != lightest);
            filling.book().roll_back(mark);
        }
        filling.fill(&members);
        let book = filling.book();
        let below: Vec<u32> = members
            .iter()
            .filter(|member| book.is_below_minimum(&member.demand))
            .map(|member| member.demand.index())
            .collect();
        book.take_back(mark, |demand| below.binary_search(&demand).is_ok());
    }
}

/// States the largest difference in fill (pieces given of pieces asked for) within a group.
fn state_spread(
    decision: &mut AllocationDecision,
    request: &AllocationRequest<'_>,
    book: &Book<'_>,
    groups: &[Group],
) {
    let fill_bp = |row: &u32| {
        let asked = u64::from(request.demand_row(*row).quantity()).max(1);
        u64::from(book.given(*row)) * 10_000 / asked
    };
    let shared = groups.iter().filter(|group| group.members.len() > 1);
    let spreads = shared.map(|group| {
        let fills = group.members.iter().map(fill_bp);
        fills.clone().max().unwrap_or(0) - fills.min().unwrap_or(0)
    });
    let (count, widest) = spreads.fold((0i64, 0), |(count, widest), spread| {
        (count + 1, spread.max(widest))
    });
    if count > 0 {
        let widest = i64::try_from(widest).unwrap_or(i64::MAX);
        decision.because(SHARED.reason().a(count).b(widest));
    }
}
