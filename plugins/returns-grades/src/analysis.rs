//! Which cells of the table no rule covers: exact, by cutting boxes.
//!
//! A box is one set of cells per dimension. To find what a list of boxes leaves of another, the first box that meets it is
//! cut out: what remains is, dimension by dimension, a disjoint box that lies outside in that dimension. Whether boxes cover
//! a space is as hard as deciding whether a formula in disjunctive normal form is always true, so the work is bounded.

use crate::dimension::Cells;

/// Comparisons of two boxes that one check of a table may take.
const COMPARISONS_MAX: u32 = 1_000_000;

/// The check would take more than [`COMPARISONS_MAX`] comparisons.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooLarge;

/// A box: one set of cells per dimension, none of them empty.
pub type BoxCells = Vec<Cells>;

/// Finds uncovered parts, within one budget.
#[derive(Debug)]
pub struct Search {
    comparisons_left: u32,
    /// Boxes that are being cut, one after the other: a guest never gives memory back, so none is allocated on the way.
    pieces: Vec<Cells>,
}

impl Search {
    /// A search with a full budget.
    pub fn new() -> Search {
        Search {
            comparisons_left: COMPARISONS_MAX,
            pieces: Vec::new(),
        }
    }

    /// A part of `space` that none of `covers` meets; none when they cover it all.
    ///
    /// # Errors
    /// When the budget is spent.
    pub fn uncovered(&mut self, space: &[Cells], covers: &[&[Cells]]) -> Result<Option<BoxCells>, TooLarge> {
        self.pieces.clear();
        self.pieces.extend_from_slice(space);
        let found = self.cut(covers, 0, space.len())?;
        Ok(found
            .and_then(|at| self.pieces.get(at..at + space.len()))
            .map(<[Cells]>::to_vec))
    }

    /// Whether two boxes have a cell in common.
    ///
    /// # Errors
    /// When the budget is spent.
    pub fn meet(&mut self, a: &[Cells], b: &[Cells]) -> Result<bool, TooLarge> {
        self.comparisons_left = self.comparisons_left.checked_sub(1).ok_or(TooLarge)?;
        Ok(a.iter().zip(b).all(|(a, b)| a & b != 0))
    }

    /// As [`Search::uncovered`], for the box at `at` in `pieces`, which is used up; the result is a place in `pieces`.
    fn cut(&mut self, covers: &[&[Cells]], at: usize, dimensions: usize) -> Result<Option<usize>, TooLarge> {
        let mut rest = covers;
        let cover = loop {
            let Some((cover, others)) = rest.split_first() else {
                return Ok(Some(at));
            };
            rest = others;
            self.comparisons_left = self.comparisons_left.checked_sub(1).ok_or(TooLarge)?;
            let piece = self.pieces.iter().skip(at);
            if piece.zip(*cover).all(|(piece, cover)| piece & cover != 0) {
                break cover;
            }
        };
        for (dimension, covered) in cover.iter().enumerate() {
            let here = at + dimension;
            let outside = self.pieces.get(here).copied().unwrap_or(0) & !covered;
            if outside == 0 {
                continue;
            }
            let next = self.pieces.len();
            self.pieces.extend_from_within(at..at + dimensions);
            if let Some(cells) = self.pieces.get_mut(next + dimension) {
                *cells = outside;
            }
            if let Some(found) = self.cut(rest, next, dimensions)? {
                return Ok(Some(found));
            }
            self.pieces.truncate(next);
            if let Some(cells) = self.pieces.get_mut(here) {
                *cells &= covered;
            }
        }
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Up to three dimensions of up to four cells, and boxes in them.
    fn tables() -> impl Strategy<Value = (BoxCells, Vec<BoxCells>)> {
        prop::collection::vec(1u32..=4, 1..=3).prop_flat_map(|sizes| {
            let space: BoxCells = sizes.iter().map(|size| (1 << size) - 1).collect();
            let cells: Vec<_> = space.iter().map(|all| 1..=*all).collect();
            (Just(space), prop::collection::vec(cells, 0..7))
        })
    }

    fn points(space: &[Cells]) -> Vec<BoxCells> {
        space.iter().fold(vec![vec![]], |points, cells| {
            let bits: Vec<Cells> = (0..8)
                .map(|cell| 1 << cell)
                .filter(|bit| cells & bit != 0)
                .collect();
            let extended = points
                .iter()
                .flat_map(|point| bits.iter().map(move |bit| [point.clone(), vec![*bit]].concat()));
            extended.collect()
        })
    }

    fn within(point: &[Cells], cover: &[Cells]) -> bool {
        point.iter().zip(cover).all(|(point, cover)| point & cover != 0)
    }

    proptest! {
        #[test]
        fn it_finds_an_uncovered_part_exactly_when_there_is_one((space, covers) in tables()) {
            let views: Vec<&[Cells]> = covers.iter().map(Vec::as_slice).collect();
            let found = Search::new().uncovered(&space, &views).unwrap();
            let bare = points(&space).into_iter().any(|point| !covers.iter().any(|cover| within(&point, cover)));
            prop_assert_eq!(found.is_some(), bare);
            for point in found.iter().flat_map(|part| points(part)) {
                prop_assert!(within(&point, &space));
                prop_assert!(!covers.iter().any(|cover| within(&point, cover)));
            }
        }
    }

    #[test]
    fn a_table_that_would_take_for_ever_is_given_up() {
        // Each box leaves out one cell in each of ten dimensions, so every cut makes ten pieces.
        let space: BoxCells = vec![0xffff_ffff; 10];
        let covers: Vec<BoxCells> = (0..32).map(|cell| vec![0xffff_ffff & !(1 << cell); 10]).collect();
        let views: Vec<&[Cells]> = covers.iter().map(Vec::as_slice).collect();
        assert_eq!(Search::new().uncovered(&space, &views), Err(TooLarge));
    }
}
