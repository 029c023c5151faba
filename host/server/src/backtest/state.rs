//! How far an interrupted backtest came.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::document::{FORMAT, Problem, read_json};
use super::error::BacktestError;
use super::inputs::Inputs;
use super::lines::Shard;
use super::sums::Sums;

/// Everything that it takes to go on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct State {
    /// The format of this file.
    pub backtest_state: u32,
    /// What the backtest is made of.
    pub inputs: Inputs,
    /// Which part of the requests.
    pub shard: Shard,
    /// Everything up to and including this line is in `sums`.
    pub line: u64,
    /// Whether that is everything.
    pub complete: bool,
    /// What was added up.
    pub sums: Sums,
}

impl State {
    /// Nothing done yet.
    pub fn new(inputs: Inputs, shard: Shard, sums: Sums) -> State {
        State {
            backtest_state: FORMAT,
            inputs,
            shard,
            line: 0,
            complete: false,
            sums,
        }
    }

    /// What `file` holds of the same backtest; none when there is no such file.
    ///
    /// # Errors
    /// [`BacktestError::Different`] when it is of another backtest, and when it cannot be read.
    pub fn load(file: &Path, inputs: &Inputs, shard: Shard) -> Result<Option<State>, BacktestError> {
        let state: State = match read_json(file, "the state of a backtest") {
            Ok(state) => state,
            Err(Problem::Missing) => return Ok(None),
            Err(Problem::Error(error)) => return Err(error),
        };
        let mut differences = inputs.differences(&state.inputs);
        if state.shard != shard {
            let Shard { number, of } = state.shard;
            differences.push(format!(
                "shard: here {}/{}, there {number}/{of}",
                shard.number, shard.of
            ));
        }
        match differences.is_empty() {
            true => Ok(Some(state)),
            false => Err(BacktestError::Different {
                what: format!("{} (remove it to begin anew; it)", file.display()),
                differences,
            }),
        }
    }

    /// Writes it, so that at every moment the file is either the old one or the new one, also when the machine fails.
    ///
    /// # Errors
    /// [`BacktestError::Unwritable`].
    pub fn save(&self, file: &Path) -> Result<(), BacktestError> {
        let text = serde_json::to_vec(self).map_err(io::Error::from);
        text.and_then(|text| replace(file, &text))
            .map_err(|source| BacktestError::Unwritable {
                file: file.to_owned(),
                source,
            })
    }
}

/// Puts bytes in the place of a file at once.
///
/// # Errors
/// When the folder cannot be written.
pub(super) fn replace(file: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = match file.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    };
    let mut beside = tempfile::NamedTempFile::new_in(folder)?;
    beside.write_all(bytes)?;
    beside.as_file().sync_all()?;
    let permissions = fs::metadata(file).map(|known| known.permissions());
    if let Ok(permissions) = permissions {
        beside.as_file().set_permissions(permissions)?;
    }
    beside.persist(file).map_err(|error| error.error)?;
    File::open(folder)?.sync_all()
}
