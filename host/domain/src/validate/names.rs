//! Ids to row numbers.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::fmt;

use crate::validate::checks::{Checks, quoted};
use crate::validate::row_number;
use crate::word::Word;

/// Row numbers by id, borrowed from the request.
pub(crate) struct Names<'r> {
    rows: HashMap<&'r str, u32>,
    by_row: Vec<&'r str>,
    /// The row of the last answer: tables usually name ids in the order in which those were given.
    last: usize,
}

impl<'r> Names<'r> {
    pub fn with_capacity(capacity: usize) -> Self {
        Names {
            rows: HashMap::with_capacity(capacity),
            by_row: Vec::with_capacity(capacity),
            last: 0,
        }
    }

    /// The ids of a table, each of which has to be new.
    pub fn of_table<'a>(
        checks: &mut Checks<'_>,
        table: &'a str,
        field: &'a str,
        ids: impl ExactSizeIterator<Item = &'r str>,
    ) -> Self {
        let mut names = Names::with_capacity(ids.len());
        for (row, id) in ids.enumerate() {
            checks.id(format_args!("{table}[{row}].{field}"), id);
            if let Some(before) = names.insert(id) {
                checks.refuse(
                    format_args!("{table}[{row}].{field}"),
                    format_args!("an id not named before"),
                    format_args!("{}, as in {table}[{before}]", quoted(id)),
                );
            }
        }
        names
    }

    /// The ids of a table that was checked before.
    pub fn of_known(ids: impl ExactSizeIterator<Item = &'r str>) -> Self {
        let mut names = Names::with_capacity(ids.len());
        for id in ids {
            names.insert(id);
        }
        names
    }

    /// Gives the id the next row number; the first one's when it is there already.
    fn insert(&mut self, id: &'r str) -> Option<u32> {
        let row = row_number(self.by_row.len());
        self.by_row.push(id);
        match self.rows.entry(id) {
            Entry::Occupied(before) => Some(*before.get()),
            Entry::Vacant(free) => {
                free.insert(row);
                None
            }
        }
    }

    /// The number of the id, which is given one when it has none.
    pub fn intern(&mut self, id: &'r str) -> u32 {
        if let Some(row) = self.get(id) {
            return row;
        }
        let row = row_number(self.by_row.len());
        self.by_row.push(id);
        self.rows.insert(id, row);
        row
    }

    /// The row of the id.
    pub fn get(&mut self, id: &str) -> Option<u32> {
        for guess in [self.last, self.last.saturating_add(1)] {
            if self.by_row.get(guess) == Some(&id) {
                self.last = guess;
                return Some(row_number(guess));
            }
        }
        let row = self.rows.get(id).copied()?;
        self.last = row as usize;
        Some(row)
    }

    /// The row of an id that has to be known; 0 with a problem when it is not.
    pub fn resolve(
        &mut self,
        checks: &mut Checks<'_>,
        path: fmt::Arguments<'_>,
        what: &str,
        id: &str,
    ) -> u32 {
        match self.get(id) {
            Some(row) => row,
            None => {
                checks.refuse(
                    path,
                    format_args!("the id of {what}"),
                    format_args!("{}", quoted(id)),
                );
                0
            }
        }
    }

    pub fn into_list(self) -> Vec<String> {
        self.by_row.into_iter().map(str::to_owned).collect()
    }

    pub fn len(&self) -> usize {
        self.by_row.len()
    }
}

/// The capability words of a request as bits, in the order in which they appear.
#[derive(Default)]
pub(crate) struct CapabilityBits {
    pub words: Vec<Word>,
    places: HashMap<Word, usize>,
    full: bool,
}

impl CapabilityBits {
    /// The words as a mask. The 64th distinct word is refused.
    pub fn mask(&mut self, checks: &mut Checks<'_>, path: fmt::Arguments<'_>, words: &[Word]) -> u64 {
        if words.len() > checks.bounds.rows_per_row {
            checks.rows(path, words.len(), checks.bounds.rows_per_row);
            return 0;
        }
        let mut mask = 0;
        for word in words {
            let place = match self.places.get(word) {
                Some(place) => *place,
                None if self.words.len() < crate::validate::Bounds::CAPABILITIES => {
                    let place = self.words.len();
                    self.words.push(word.clone());
                    self.places.insert(word.clone(), place);
                    place
                }
                None => {
                    if !self.full {
                        checks.refuse(
                            path,
                            format_args!(
                                "at most {} distinct capabilities",
                                crate::validate::Bounds::CAPABILITIES
                            ),
                            format_args!("{word} as one more"),
                        );
                    }
                    self.full = true;
                    continue;
                }
            };
            mask |= 1u64 << place;
        }
        mask
    }
}
