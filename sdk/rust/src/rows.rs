//! The rows of a table, read in place.

use std::fmt;
use std::marker::PhantomData;

use signalbox_contract::codec::{Row, TableRef};

/// The rows of one table of a request. Copies nothing: a row is a view whose methods read single cells.
pub struct Rows<'a, R> {
    table: TableRef<'a>,
    row: PhantomData<R>,
}

impl<R> Clone for Rows<'_, R> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<R> Copy for Rows<'_, R> {}

impl<'a, R: Row> Rows<'a, R> {
    /// The rows of `table`.
    pub const fn new(table: TableRef<'a>) -> Rows<'a, R> {
        Rows {
            table,
            row: PhantomData,
        }
    }

    /// Number of rows.
    #[inline]
    pub fn len(self) -> u32 {
        self.table.rows() as u32
    }

    /// Whether there are none.
    #[inline]
    pub fn is_empty(self) -> bool {
        self.table.rows() == 0
    }

    /// Row `row`, if there is one.
    #[inline]
    pub fn get(self, row: u32) -> Option<R::View<'a>> {
        (row < self.len()).then(|| R::view(self.table, row as usize))
    }

    /// Row `row`. Every field of a row that is not there reads as absent, so that following a row number that the host has
    /// checked needs no error path.
    #[inline]
    pub fn at(self, row: u32) -> R::View<'a> {
        R::view(self.table, row as usize)
    }

    /// The columns, each found once: for loops over many rows.
    #[inline]
    pub fn columns(self) -> R::Columns<'a> {
        R::columns(self.table)
    }

    /// All rows, in order.
    #[inline]
    pub fn iter(self) -> RowsIter<'a, R> {
        RowsIter {
            rows: self,
            next: 0,
            end: self.len(),
        }
    }
}

impl<'a, R: Row> IntoIterator for Rows<'a, R> {
    type Item = R::View<'a>;
    type IntoIter = RowsIter<'a, R>;

    #[inline]
    fn into_iter(self) -> RowsIter<'a, R> {
        self.iter()
    }
}

impl<R: Row> fmt::Debug for Rows<'_, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} rows of {}", self.len(), R::NAME)
    }
}

/// See [`Rows::iter`].
pub struct RowsIter<'a, R> {
    rows: Rows<'a, R>,
    next: u32,
    end: u32,
}

impl<R> Clone for RowsIter<'_, R> {
    fn clone(&self) -> Self {
        RowsIter {
            rows: self.rows,
            next: self.next,
            end: self.end,
        }
    }
}

impl<R: Row> fmt::Debug for RowsIter<'_, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "rows {} to {} of {:?}", self.next, self.end, self.rows)
    }
}

impl<'a, R: Row> Iterator for RowsIter<'a, R> {
    type Item = R::View<'a>;

    #[inline]
    fn next(&mut self) -> Option<R::View<'a>> {
        let row = self.next;
        (row < self.end).then(|| {
            self.next = row + 1;
            self.rows.at(row)
        })
    }

    #[inline]
    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = (self.end - self.next) as usize;
        (left, Some(left))
    }
}

impl<R: Row> ExactSizeIterator for RowsIter<'_, R> {}
