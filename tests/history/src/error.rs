//! Why a history could not be read.

use std::path::PathBuf;

/// Why a history could not be read.
#[derive(Debug, thiserror::Error)]
pub enum HistoryError {
    /// No data folder is where it was looked for.
    #[error(
        "expected a data folder with `olist/orders.ndjson.zst` in it, found none in {}; name one with --data or \
         SIGNALBOX_DATA",
        .looked.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(", ")
    )]
    NoFolder {
        /// Where it was looked for.
        looked: Vec<PathBuf>,
    },
    /// A file could not be read.
    #[error("cannot read {}", .path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A line of JSON is not an order.
    #[error("{} line {line}: expected an order", .path.display())]
    Order {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What was found.
        source: serde_json::Error,
    },
    /// A row of a table is not what the file should hold.
    #[error("{}: expected the columns that the data README lists", .path.display())]
    Table {
        /// The file.
        path: PathBuf,
        /// What was found, with its line.
        source: csv::Error,
    },
    /// A date or time does not parse.
    #[error("{} line {line}: expected a local date or time such as 2017-11-24T10:00:00, found {found:?}", .path.display())]
    Time {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// The text.
        found: String,
    },
}
