//! Writes tables of many rows: in blocks that stay in the processor's cache while all their columns are written.

use alloc::vec::Vec;

use crate::codec::{Row, Tables};

const ROWS_PER_BLOCK: usize = 64;

impl Tables {
    /// As [`Tables::push`], for rows that are made one by one. Every row is made and looked at once, where `push` walks
    /// all rows for each column: with thousands of rows that is what writing costs.
    pub fn push_each<R: Row>(&mut self, rows: impl IntoIterator<Item = R>) {
        let mut rows = rows.into_iter();
        let rows_max = rows.size_hint().1.unwrap_or(0);
        let mut block: Vec<R> = Vec::with_capacity(rows_max.min(ROWS_PER_BLOCK));
        block.extend(rows.by_ref().take(ROWS_PER_BLOCK));
        if block.len() < ROWS_PER_BLOCK {
            return self.push(&block);
        }
        let mut narrow = Columns::new(R::NARROW_ABSENT, rows_max);
        let mut wide = Columns::new(R::WIDE_ABSENT, rows_max);
        while !block.is_empty() {
            narrow.take(block.len(), |cells| R::write_narrow(&block, cells));
            wide.take(block.len(), |cells| R::write_wide(&block, cells));
            block.clear();
            block.extend(rows.by_ref().take(ROWS_PER_BLOCK));
        }
        let count = narrow.rows;
        let narrow_mask = narrow.append_to(&mut self.narrow);
        let wide_mask = wide.append_to(&mut self.wide);
        self.enter::<R>(count, narrow_mask, wide_mask);
    }
}

/// The columns of one width, each on its own until the table is complete.
struct Columns<T: 'static> {
    absent: &'static [T],
    /// By number; empty as long as every cell is absent.
    columns: Vec<Vec<T>>,
    rows: usize,
    rows_max: usize,
    cells: Vec<T>,
}

impl<T: Copy> Columns<T> {
    fn new(absent: &'static [T], rows_max: usize) -> Columns<T> {
        Columns {
            absent,
            columns: absent.iter().map(|_| Vec::new()).collect(),
            rows: 0,
            rows_max,
            cells: Vec::new(),
        }
    }

    /// Takes a block of rows: `write` appends its columns that are not wholly absent and returns which those are.
    fn take(&mut self, rows: usize, write: impl FnOnce(&mut Vec<T>) -> u32) {
        self.cells.clear();
        let mask = write(&mut self.cells);
        let mut written = self.cells.chunks_exact(rows);
        for (number, (column, absent)) in self.columns.iter_mut().zip(self.absent).enumerate() {
            let cells = if mask & (1 << number) == 0 {
                None
            } else {
                written.next()
            };
            match cells {
                Some(cells) => {
                    if column.is_empty() {
                        column.reserve_exact(self.rows_max);
                        column.resize(self.rows, *absent);
                    }
                    column.extend_from_slice(cells);
                }
                None if !column.is_empty() => column.resize(self.rows + rows, *absent),
                None => {}
            }
        }
        self.rows += rows;
    }

    fn append_to(self, cells: &mut Vec<T>) -> u32 {
        let mut mask = 0;
        for (number, column) in self.columns.iter().enumerate() {
            if !column.is_empty() {
                mask |= 1 << number;
                cells.extend_from_slice(column);
            }
        }
        mask
    }
}
