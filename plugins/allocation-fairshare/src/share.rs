//! Filling one group evenly.

use std::cmp::Reverse;

use allocation_book::{Book, Source, packs_of};
use signalbox_plugin::allocation::{AllocationRequest, Demand};

use crate::level::Scale;

/// A member of a group that is being filled.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Member<'a> {
    pub demand: Demand<'a>,
    pub weight: u64,
    /// Its sources, as a range of the group's list.
    sources: (usize, usize),
}

/// Fills the members of one group from the book.
pub(crate) struct Filling<'f, 'a> {
    book: &'f mut Book<'a>,
    sources: &'f mut Vec<Source>,
}

impl<'f, 'a> Filling<'f, 'a> {
    /// `sources` is working space.
    pub fn new(book: &'f mut Book<'a>, sources: &'f mut Vec<Source>) -> Filling<'f, 'a> {
        sources.clear();
        Filling { book, sources }
    }

    /// The book.
    pub fn book(&mut self) -> &mut Book<'a> {
        self.book
    }

    /// The members of a group with their weights, ready to be filled.
    pub fn members(
        &mut self,
        request: &AllocationRequest<'a>,
        rows: impl Iterator<Item = u32>,
        weight: impl Fn(&Demand<'a>) -> u64,
    ) -> Vec<Member<'a>> {
        let mut of_one = Vec::new();
        rows.map(|row| {
            let demand = request.demand_row(row);
            self.book.sources(&demand, &mut of_one);
            let start = self.sources.len();
            self.sources.extend_from_slice(&of_one);
            Member {
                demand,
                weight: weight(&demand),
                sources: (start, self.sources.len()),
            }
        })
        .collect()
    }

    /// Gives every member pieces in proportion to its weight, as far as supply and rules allow. Members without weight come
    /// after all others and share by quantity.
    pub fn fill(&mut self, members: &[Member<'a>]) {
        let (weightless, weighted): (Vec<Member<'a>>, Vec<Member<'a>>) =
            members.iter().copied().partition(|member| member.weight == 0);
        self.fill_evenly(weighted);
        let by_quantity = |member: Member<'a>| Member {
            weight: member.demand.quantity().into(),
            ..member
        };
        self.fill_evenly(weightless.into_iter().map(by_quantity).collect());
    }

    /// Raises the level of all members together. Whenever it can rise no further, each gets one more pack if it can, the
    /// largest remainder first; who cannot stays behind, and the level of the others rises on.
    fn fill_evenly(&mut self, mut open: Vec<Member<'a>>) {
        let Some(heaviest) = open.iter().map(|member| member.weight).max() else {
            return;
        };
        let scale = Scale::new(heaviest);
        self.serve_the_uncontended(&open);
        let mut level = 0;
        // Each round but the last few leaves somebody behind.
        for _ in 0..2 * open.len() + 64 {
            open.retain(|member| self.wants_a_pack(member));
            let Some(full) = open
                .iter()
                .map(|member| scale.full(member.weight, member.demand.quantity()))
                .max()
            else {
                return;
            };
            level = self.raise(&open, &scale, level, full);
            if level >= full {
                return;
            }
            let behind = |member: &Member<'a>| {
                let (given, pack) = (self.book.given(member.demand.index()), member.demand.pack_size());
                Reverse(scale.remainder(level.saturating_add(1), member.weight, given, pack))
            };
            open.sort_by_key(|member| (behind(member), member.demand.index()));
            open.retain(|member| self.give(member, pack(member)));
            open.sort_unstable_by_key(|member| member.demand.index());
        }
    }

    /// Raises the level as far as every member can have its target, at most to `full`; returns the level reached.
    fn raise(&mut self, open: &[Member<'a>], scale: &Scale, level: u128, full: u128) -> u128 {
        let (mut reached, mut failed) = (level, full.saturating_add(1));
        let mut next = full;
        while reached < next && next < failed {
            let mark = self.book.mark();
            let all = open.iter().all(|member| {
                let target = scale.target(next, member.weight, member.demand.quantity());
                let missing = target.saturating_sub(self.book.given(member.demand.index()));
                self.give(member, packs_of(&member.demand, missing))
            });
            if all {
                reached = next;
            } else {
                self.book.roll_back(mark);
                failed = next;
            }
            next = reached.midpoint(failed);
        }
        reached
    }

    /// Members that share no source with another need not wait for anybody, unless channel rules tie them together.
    fn serve_the_uncontended(&mut self, open: &[Member<'a>]) {
        if self.book.has_channel_rules() {
            return;
        }
        let mut users: Vec<(u32, u32)> = Vec::with_capacity(self.sources.len());
        for member in open {
            let sources = self
                .sources
                .get(member.sources.0..member.sources.1)
                .unwrap_or_default();
            users.extend(
                sources
                    .iter()
                    .map(|source| (source.supply, member.demand.index())),
            );
        }
        users.sort_unstable();
        users.dedup();
        let shared = |source: &Source| {
            let from = users.partition_point(|(supply, _)| *supply < source.supply);
            users
                .get(from + 1)
                .is_some_and(|(supply, _)| *supply == source.supply)
        };
        for member in open {
            let sources = self
                .sources
                .get(member.sources.0..member.sources.1)
                .unwrap_or_default();
            if !sources.iter().any(shared) {
                self.give(member, member.demand.quantity());
            }
        }
    }

    fn wants_a_pack(&self, member: &Member<'a>) -> bool {
        let given = self.book.given(member.demand.index());
        member.demand.quantity().saturating_sub(given) >= pack(member)
    }

    /// Gives a member `pieces` more; whether it got them all.
    fn give(&mut self, member: &Member<'a>, pieces: u32) -> bool {
        let sources = self
            .sources
            .get(member.sources.0..member.sources.1)
            .unwrap_or_default();
        pieces == 0 || self.book.give(&member.demand, sources, pieces) == pieces
    }
}

fn pack(member: &Member<'_>) -> u32 {
    member.demand.pack_size().max(1)
}
