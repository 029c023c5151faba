//! The layout of the two integer lists, written and read.
//!
//! ```text
//! narrow: T, then per table: rows, narrow mask, wide mask, then the narrow cells
//! wide:   the wide cells
//! ```
//! `T` is the number of tables. Bit `c` of a mask is set when column `c` is present. The cells follow table by table,
//! within a table by rising column number, within a column by row. Tables are known by their position.

use alloc::vec::Vec;
use core::marker::PhantomData;

use crate::cells::{NarrowCell, WideCell};

/// Most tables in one message. The contract uses fewer; the bound keeps a reader free of allocation.
pub const TABLES_MAX: usize = 16;

const DIRECTORY_WORDS_PER_TABLE: usize = 3;

/// An encoded request or decision, owned.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tables {
    /// The directory and all narrow cells.
    pub narrow: Vec<u32>,
    /// All wide cells.
    pub wide: Vec<i64>,
}

impl Tables {
    /// Starts a message of `tables` tables, all still empty. Tables are then written in rising order with
    /// [`Tables::push`].
    pub fn with_tables(tables: usize) -> Tables {
        Tables::with_capacity(tables, 192, 96)
    }

    /// As [`Tables::with_tables`], with room for so many narrow and wide cells.
    pub fn with_capacity(tables: usize, narrow_cells: usize, wide_cells: usize) -> Tables {
        let directory_words = 1 + tables.min(TABLES_MAX) * DIRECTORY_WORDS_PER_TABLE;
        let mut narrow = Vec::with_capacity(directory_words + narrow_cells);
        narrow.push(tables.min(TABLES_MAX) as u32);
        narrow.resize(directory_words, 0);
        Tables {
            narrow,
            wide: Vec::with_capacity(wide_cells),
        }
    }

    /// Writes the rows of one table. Call once per table, in rising order of [`Row::TABLE`]; a table that is never
    /// written is empty.
    pub fn push<R: Row>(&mut self, rows: &[R]) {
        if rows.is_empty() {
            return;
        }
        let narrow_mask = R::write_narrow(rows, &mut self.narrow);
        let wide_mask = R::write_wide(rows, &mut self.wide);
        self.enter::<R>(rows.len(), narrow_mask, wide_mask);
    }

    /// Fills in the table's place in the directory.
    pub(crate) fn enter<R: Row>(&mut self, rows: usize, narrow_mask: u32, wide_mask: u32) {
        let at = 1 + R::TABLE * DIRECTORY_WORDS_PER_TABLE;
        if let Some([count, narrow, wide]) = self.narrow.get_mut(at..at + DIRECTORY_WORDS_PER_TABLE) {
            *count = rows as u32;
            *narrow = narrow_mask;
            *wide = wide_mask;
        }
    }

    /// A reader over this message.
    ///
    /// # Errors
    /// When the directory and the cells do not agree.
    pub fn read(&self) -> Result<TablesRef<'_>, CodecError> {
        TablesRef::parse(&self.narrow, &self.wide)
    }
}

/// Why two integer lists are not a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CodecError {
    /// The directory is cut short, or names more than [`TABLES_MAX`] tables.
    Directory,
    /// Fewer cells than the directory promises, or more.
    Cells {
        /// Narrow cells that the directory calls for.
        narrow_expected: u64,
        /// Narrow cells found.
        narrow_found: u64,
        /// Wide cells that the directory calls for.
        wide_expected: u64,
        /// Wide cells found.
        wide_found: u64,
    },
}

impl core::fmt::Display for CodecError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            CodecError::Directory => {
                write!(
                    f,
                    "the table directory is cut short or names more than {TABLES_MAX} tables"
                )
            }
            CodecError::Cells {
                narrow_expected,
                narrow_found,
                wide_expected,
                wide_found,
            } => write!(
                f,
                "the directory calls for {narrow_expected} narrow and {wide_expected} wide cells, \
                 found {narrow_found} and {wide_found}"
            ),
        }
    }
}

impl core::error::Error for CodecError {}

/// One table, read in place.
#[derive(Clone, Copy, Debug, Default)]
pub struct TableRef<'a> {
    rows: usize,
    narrow_mask: u32,
    wide_mask: u32,
    narrow: &'a [u32],
    wide: &'a [i64],
}

impl<'a> TableRef<'a> {
    /// Number of rows.
    #[inline]
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// The narrow cell of `column` in `row`; the type's absent value when the column is left out or the row is not
    /// there.
    #[inline]
    pub fn narrow<C: NarrowCell>(&self, column: u32, row: usize) -> C {
        C::from_narrow(cell_of(self.narrow, self.narrow_mask, column, self.rows, row).unwrap_or(C::ABSENT))
    }

    /// The wide cell of `column` in `row`; as [`TableRef::narrow`].
    #[inline]
    pub fn wide<C: WideCell>(&self, column: u32, row: usize) -> C {
        C::from_wide(cell_of(self.wide, self.wide_mask, column, self.rows, row).unwrap_or(C::ABSENT))
    }

    /// All cells of a narrow column, raw; `None` when the column is left out (every cell is then absent).
    #[inline]
    pub fn narrow_column(&self, column: u32) -> Option<&'a [u32]> {
        column_of(self.narrow, self.narrow_mask, column, self.rows)
    }

    /// All cells of a wide column, raw; as [`TableRef::narrow_column`].
    #[inline]
    pub fn wide_column(&self, column: u32) -> Option<&'a [i64]> {
        column_of(self.wide, self.wide_mask, column, self.rows)
    }
}

/// Where a column starts among the cells of its table; none when it is left out.
#[inline]
fn start_of(mask: u32, column: u32, rows: usize) -> Option<usize> {
    let bit = 1u32.checked_shl(column)?;
    (mask & bit != 0).then(|| (mask & (bit - 1)).count_ones() as usize * rows)
}

#[inline]
fn cell_of<T: Copy>(cells: &[T], mask: u32, column: u32, rows: usize, row: usize) -> Option<T> {
    let start = start_of(mask, column, rows)?;
    if row < rows {
        cells.get(start + row).copied()
    } else {
        None
    }
}

#[inline]
fn column_of<T>(cells: &[T], mask: u32, column: u32, rows: usize) -> Option<&[T]> {
    let start = start_of(mask, column, rows)?;
    cells.get(start..start + rows)
}

/// One narrow column, found once.
#[derive(Clone, Copy, Debug)]
pub struct NarrowColumn<'a, C> {
    /// As many as the table has rows, or none when the column is left out.
    cells: &'a [u32],
    kind: PhantomData<C>,
}

impl<'a, C: NarrowCell> NarrowColumn<'a, C> {
    /// Column `column` of a table.
    #[inline]
    pub fn of(table: TableRef<'a>, column: u32) -> NarrowColumn<'a, C> {
        NarrowColumn {
            cells: table.narrow_column(column).unwrap_or_default(),
            kind: PhantomData,
        }
    }

    /// The cell of `row`; the type's absent value when the column is left out or the row is not there.
    #[inline]
    pub fn at(&self, row: u32) -> C {
        C::from_narrow(self.cells.get(row as usize).copied().unwrap_or(C::ABSENT))
    }
}

/// One wide column, found once.
#[derive(Clone, Copy, Debug)]
pub struct WideColumn<'a, C> {
    /// As in [`NarrowColumn`].
    cells: &'a [i64],
    kind: PhantomData<C>,
}

impl<'a, C: WideCell> WideColumn<'a, C> {
    /// Column `column` of a table.
    #[inline]
    pub fn of(table: TableRef<'a>, column: u32) -> WideColumn<'a, C> {
        WideColumn {
            cells: table.wide_column(column).unwrap_or_default(),
            kind: PhantomData,
        }
    }

    /// As [`NarrowColumn::at`].
    #[inline]
    pub fn at(&self, row: u32) -> C {
        C::from_wide(self.cells.get(row as usize).copied().unwrap_or(C::ABSENT))
    }
}

/// A whole message, read in place: what [`TablesRef::parse`] made of the two lists.
#[derive(Clone, Copy, Debug)]
pub struct TablesRef<'a> {
    tables: [TableRef<'a>; TABLES_MAX],
}

impl<'a> TablesRef<'a> {
    /// Reads the directory and splits the cells. Copies nothing.
    ///
    /// # Errors
    /// When the directory and the cells do not agree: see [`CodecError`].
    pub fn parse(narrow: &'a [u32], wide: &'a [i64]) -> Result<TablesRef<'a>, CodecError> {
        let (&count, rest) = narrow.split_first().ok_or(CodecError::Directory)?;
        let count = count as usize;
        if count > TABLES_MAX {
            return Err(CodecError::Directory);
        }
        let (directory, cells) = rest
            .split_at_checked(count * DIRECTORY_WORDS_PER_TABLE)
            .ok_or(CodecError::Directory)?;
        let mut tables = [TableRef::default(); TABLES_MAX];
        let (mut narrow_left, mut wide_left) = (cells, wide);
        for (table, entry) in tables
            .iter_mut()
            .zip(directory.chunks_exact(DIRECTORY_WORDS_PER_TABLE))
        {
            let &[rows, narrow_mask, wide_mask] = entry else {
                return Err(CodecError::Directory);
            };
            if rows == 0 {
                continue;
            }
            let split = take(narrow_left, rows, narrow_mask).zip(take(wide_left, rows, wide_mask));
            let Some(((narrow, narrow_rest), (wide, wide_rest))) = split else {
                return Err(wrong_lengths(directory, cells.len(), wide.len()));
            };
            *table = TableRef {
                rows: rows as usize,
                narrow_mask,
                wide_mask,
                narrow,
                wide,
            };
            (narrow_left, wide_left) = (narrow_rest, wide_rest);
        }
        if narrow_left.is_empty() && wide_left.is_empty() {
            Ok(TablesRef { tables })
        } else {
            Err(wrong_lengths(directory, cells.len(), wide.len()))
        }
    }

    /// The table of row type `R`; empty when the message does not have it.
    #[inline]
    pub fn table<R: Row>(&self) -> TableRef<'a> {
        self.tables.get(R::TABLE).copied().unwrap_or_default()
    }
}

/// The cells of a table, and those after it; none when there are too few. Counts in 64 bits, so that no row count of a
/// hostile directory wraps around.
#[inline]
fn take<T>(cells: &[T], rows: u32, mask: u32) -> Option<(&[T], &[T])> {
    let count = u64::from(rows) * u64::from(mask.count_ones());
    cells.split_at_checked(usize::try_from(count).ok()?)
}

/// What the directory calls for, against what was found.
#[cold]
fn wrong_lengths(directory: &[u32], narrow_found: usize, wide_found: usize) -> CodecError {
    let (mut narrow_expected, mut wide_expected) = (0u64, 0u64);
    for entry in directory.chunks_exact(DIRECTORY_WORDS_PER_TABLE) {
        let &[rows, narrow_mask, wide_mask] = entry else {
            return CodecError::Directory;
        };
        narrow_expected += u64::from(rows) * u64::from(narrow_mask.count_ones());
        wide_expected += u64::from(rows) * u64::from(wide_mask.count_ones());
    }
    let (narrow_found, wide_found) = (narrow_found as u64, wide_found as u64);
    CodecError::Cells {
        narrow_expected,
        narrow_found,
        wide_expected,
        wide_found,
    }
}

/// What the contract says of one column: `columns.md`, which authors in other languages read, is made from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ColumnSpec {
    /// Name in snake case, as in the JSON API.
    pub name: &'static str,
    /// The Rust type of a cell.
    pub cell: &'static str,
    /// What it means, with its unit.
    pub doc: &'static str,
}

/// A table of the contract, as a Rust row type.
pub trait Row: Sized {
    /// Position of the table in its message.
    const TABLE: usize;
    /// Name in kebab case.
    const NAME: &'static str;
    /// What a row is.
    const DOC: &'static str;
    /// The narrow columns, by number.
    const NARROW: &'static [ColumnSpec];
    /// The wide columns, by number.
    const WIDE: &'static [ColumnSpec];
    /// What a left-out cell of each narrow column stands for.
    const NARROW_ABSENT: &'static [u32];
    /// What a left-out cell of each wide column stands for.
    const WIDE_ABSENT: &'static [i64];
    /// The view of one row in an encoded table.
    type View<'a>;
    /// The columns of an encoded table.
    type Columns<'a>;
    /// Appends the narrow columns that are not wholly absent; returns the mask of those present.
    fn write_narrow(rows: &[Self], cells: &mut Vec<u32>) -> u32;
    /// Appends the wide columns that are not wholly absent; returns the mask of those present.
    fn write_wide(rows: &[Self], cells: &mut Vec<i64>) -> u32;
    /// The columns of `table`, each found once.
    fn columns(table: TableRef<'_>) -> Self::Columns<'_>;
    /// A view of row `row` of `table`.
    fn view(table: TableRef<'_>, row: usize) -> Self::View<'_>;
}

/// Appends one column unless every cell is `absent`; the return says whether it was written.
#[inline]
pub(crate) fn write_column<R, T: Copy + PartialEq>(
    rows: &[R],
    cells: &mut Vec<T>,
    absent: T,
    cell: impl Fn(&R) -> T,
) -> bool {
    if rows.iter().all(|row| cell(row) == absent) {
        return false;
    }
    cells.extend(rows.iter().map(cell));
    true
}

/// The rows of a table as views.
pub fn rows<'a, R: Row>(
    table: TableRef<'a>,
) -> impl ExactSizeIterator<Item = R::View<'a>> + Clone + use<'a, R> {
    (0..table.rows()).map(move |row| R::view(table, row))
}
