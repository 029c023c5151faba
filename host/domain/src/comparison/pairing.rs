//! Units that are somewhere with the one side and somewhere else with the other.

use std::collections::BTreeMap;

/// Units by place, of one owner (a line, a demand). Places with nothing are not there.
#[derive(Debug)]
pub(crate) struct Tallies<O, P>(BTreeMap<O, BTreeMap<P, u64>>);

impl<O: Ord, P: Ord> Tallies<O, P> {
    pub fn new() -> Self {
        Tallies(BTreeMap::new())
    }

    /// Adds units of an owner at a place.
    pub fn add(&mut self, owner: O, place: P, units: u64) {
        if units > 0 {
            let sum = self.0.entry(owner).or_default().entry(place).or_default();
            *sum = sum.saturating_add(units);
        }
    }
}

/// Units of an owner that moved: from a place of the champion's to one of the challenger's. A side without a place does not
/// mention them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Move<'a, O, P> {
    pub owner: &'a O,
    pub units: u64,
    pub champion: Option<&'a P>,
    pub challenger: Option<&'a P>,
}

/// What moved, by owner. Units at the same place on both sides stay; of the rest the first places of the one side go
/// with the first ones of the other, so that changing the sides over changes nothing but the direction.
pub(crate) fn pair<'a, O: Ord, P: Ord>(
    champion: &'a Tallies<O, P>,
    challenger: &'a Tallies<O, P>,
) -> Vec<Move<'a, O, P>> {
    let nowhere = BTreeMap::new();
    let mut owners: Vec<&O> = champion.0.keys().chain(challenger.0.keys()).collect();
    owners.sort_unstable();
    owners.dedup();
    let mut moves = Vec::new();
    for owner in owners {
        let places = |side: &'a Tallies<O, P>| side.0.get(owner);
        let (before, after) = (places(champion), places(challenger));
        if before != after {
            let gone = surplus(before, after.unwrap_or(&nowhere));
            let come = surplus(after, before.unwrap_or(&nowhere));
            match_up(owner, gone, come, &mut moves);
        }
    }
    moves
}

/// What `side` has at its places beyond what `other` has there.
fn surplus<'a, P: Ord>(side: Option<&'a BTreeMap<P, u64>>, other: &BTreeMap<P, u64>) -> Vec<(&'a P, u64)> {
    let beyond = |(place, units): (&'a P, &u64)| {
        let units = units.saturating_sub(other.get(place).copied().unwrap_or_default());
        (units > 0).then_some((place, units))
    };
    side.into_iter().flatten().filter_map(beyond).collect()
}

fn match_up<'a, O, P>(
    owner: &'a O,
    gone: Vec<(&'a P, u64)>,
    come: Vec<(&'a P, u64)>,
    moves: &mut Vec<Move<'a, O, P>>,
) {
    let (mut gone, mut come) = (gone.into_iter(), come.into_iter());
    let (mut from, mut to) = (gone.next(), come.next());
    loop {
        let units = match (from, to) {
            (Some((_, left)), Some((_, right))) => left.min(right),
            (Some((_, units)), None) | (None, Some((_, units))) => units,
            (None, None) => return,
        };
        moves.push(Move {
            owner,
            units,
            champion: from.map(|(place, _)| place),
            challenger: to.map(|(place, _)| place),
        });
        from = rest(from, units).or_else(|| gone.next());
        to = rest(to, units).or_else(|| come.next());
    }
}

fn rest<P>(place: Option<(P, u64)>, taken: u64) -> Option<(P, u64)> {
    place
        .map(|(place, units)| (place, units.saturating_sub(taken)))
        .filter(|(_, units)| *units > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tallies(rows: &[(u32, char, u64)]) -> Tallies<u32, char> {
        let mut tallies = Tallies::new();
        for (owner, place, units) in rows {
            tallies.add(*owner, *place, *units);
        }
        tallies
    }

    fn told(champion: &Tallies<u32, char>, challenger: &Tallies<u32, char>) -> Vec<String> {
        let place = |place: Option<&char>| place.copied().unwrap_or('-');
        pair(champion, challenger)
            .iter()
            .map(|moved| {
                let (from, to) = (place(moved.champion), place(moved.challenger));
                format!("{}: {} {from}{to}", moved.owner, moved.units)
            })
            .collect()
    }

    #[test]
    fn what_stays_is_not_told_and_the_rest_moves_in_the_order_of_places() {
        let champion = tallies(&[(1, 'a', 3), (1, 'b', 2), (2, 'a', 1)]);
        let challenger = tallies(&[(1, 'a', 1), (1, 'c', 3), (1, 'd', 1), (2, 'a', 1)]);
        assert_eq!(told(&champion, &challenger), ["1: 2 ac", "1: 1 bc", "1: 1 bd"]);
        assert_eq!(told(&challenger, &champion), ["1: 2 ca", "1: 1 cb", "1: 1 db"]);
        assert!(told(&champion, &champion).is_empty());
    }

    #[test]
    fn units_that_one_side_does_not_mention_have_no_place_there() {
        let champion = tallies(&[(1, 'a', 3)]);
        let challenger = tallies(&[(1, 'b', 1), (2, 'c', 4)]);
        assert_eq!(told(&champion, &challenger), ["1: 1 ab", "1: 2 a-", "2: 4 -c"]);
    }

    #[test]
    fn one_row_written_as_two_is_the_same() {
        let twice = tallies(&[(1, 'a', 1), (1, 'a', 2), (1, 'b', 0)]);
        assert!(told(&twice, &tallies(&[(1, 'a', 3)])).is_empty());
    }
}
