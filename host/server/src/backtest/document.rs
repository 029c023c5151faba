//! The result: what it was made of, what was added up, and the figures that follow from it.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::Path;

use serde::de::{DeserializeOwned, IgnoredAny};
use serde::{Deserialize, Serialize};

use super::error::BacktestError;
use super::figures::Figures;
use super::inputs::Inputs;
use super::lines::Shard;
use super::state::replace;
use super::sums::Sums;

/// The format of documents and states that this host writes and reads.
pub const FORMAT: u32 = 1;

/// Which shards a result is of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Coverage {
    /// How many there are; 1 for the whole.
    pub of: u32,
    /// Which ones, ascending.
    pub shards: Vec<u32>,
}

impl Coverage {
    /// One shard.
    pub fn of(shard: Shard) -> Coverage {
        Coverage {
            of: shard.of,
            shards: vec![shard.number],
        }
    }

    /// Whether nothing is missing.
    pub fn is_whole(&self) -> bool {
        self.of == 1
    }

    fn merged(&self, other: &Coverage) -> Result<Coverage, BacktestError> {
        if self.of != other.of {
            let problem = format!("expected shards of {}, found shards of {}", self.of, other.of);
            return Err(BacktestError::Shards(problem));
        }
        let mut shards: BTreeSet<u32> = self.shards.iter().copied().collect();
        for shard in &other.shards {
            if !shards.insert(*shard) {
                let problem = format!("shard {shard}/{} is there twice; each may be added once", self.of);
                return Err(BacktestError::Shards(problem));
            }
        }
        Ok(match shards.len() == self.of as usize {
            true => Coverage {
                of: 1,
                shards: vec![1],
            },
            false => Coverage {
                of: self.of,
                shards: shards.into_iter().collect(),
            },
        })
    }
}

/// A result.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Document {
    /// The format of this document.
    pub backtest: u32,
    /// What it was made of.
    pub inputs: Inputs,
    /// Which part it is.
    pub coverage: Coverage,
    /// The figures: everything below, as people and charts need it.
    pub figures: Figures,
    /// What was added up: what [`merge`] needs.
    pub sums: Sums,
}

/// A document as it is read: figures always follow from the sums.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    backtest: u32,
    inputs: Inputs,
    coverage: Coverage,
    #[serde(rename = "figures")]
    _figures: IgnoredAny,
    sums: Sums,
}

impl Document {
    /// The result that sums stand for.
    pub fn new(inputs: Inputs, coverage: Coverage, sums: Sums) -> Document {
        Document {
            backtest: FORMAT,
            figures: Figures::of(&inputs, &sums),
            inputs,
            coverage,
            sums,
        }
    }

    /// Reads one.
    ///
    /// # Errors
    /// When the file cannot be read or holds something else.
    pub fn read(file: &Path) -> Result<Document, BacktestError> {
        let written: Written =
            read_json(file, "the result of a backtest").map_err(|problem| match problem {
                Problem::Error(error) => error,
                Problem::Missing => BacktestError::Unreadable {
                    file: file.to_owned(),
                    source: io::Error::from(io::ErrorKind::NotFound),
                },
            })?;
        if written.backtest != FORMAT || written.sums.versions.len() != written.inputs.versions.len() {
            return Err(BacktestError::NoDocument {
                file: file.to_owned(),
                expected: format!(
                    "the result of a backtest in format {FORMAT}, with sums for each of its versions"
                ),
                found: format!(
                    "format {}, {} versions",
                    written.backtest,
                    written.sums.versions.len()
                ),
            });
        }
        Ok(Document::new(written.inputs, written.coverage, written.sums))
    }

    /// Its JSON, with a line for each field.
    ///
    /// # Errors
    /// When it has no JSON, which what was added up always has.
    pub fn json(&self) -> io::Result<String> {
        Ok(serde_json::to_string_pretty(self)?)
    }

    /// Writes it, all or nothing.
    ///
    /// # Errors
    /// [`BacktestError::Unwritable`].
    pub fn write(&self, file: &Path) -> Result<(), BacktestError> {
        let text = self.json().map(|text| text + "\n");
        text.and_then(|text| replace(file, text.as_bytes()))
            .map_err(|source| BacktestError::Unwritable {
                file: file.to_owned(),
                source,
            })
    }
}

/// Adds results of shards up: with all of them it is what the whole run at once gives, bit for bit.
///
/// # Errors
/// [`BacktestError::Different`] when they are not of the same backtest, [`BacktestError::Shards`] when one is there twice.
pub fn merge(
    first: Document,
    rest: impl IntoIterator<Item = (String, Document)>,
) -> Result<Document, BacktestError> {
    let Document {
        inputs,
        mut coverage,
        mut sums,
        ..
    } = first;
    for (what, other) in rest {
        let differences = inputs.differences(&other.inputs);
        if !differences.is_empty() {
            return Err(BacktestError::Different { what, differences });
        }
        coverage = coverage.merged(&other.coverage)?;
        sums.merge(&other.sums);
    }
    Ok(Document::new(inputs, coverage, sums))
}

pub(super) enum Problem {
    Missing,
    Error(BacktestError),
}

pub(super) fn read_json<T: DeserializeOwned>(file: &Path, expected: &str) -> Result<T, Problem> {
    let bytes = match fs::read(file) {
        Err(source) if source.kind() == io::ErrorKind::NotFound => return Err(Problem::Missing),
        Err(source) => {
            return Err(Problem::Error(BacktestError::Unreadable {
                file: file.to_owned(),
                source,
            }));
        }
        Ok(bytes) => bytes,
    };
    serde_json::from_slice(&bytes).map_err(|problem| {
        Problem::Error(BacktestError::NoDocument {
            file: file.to_owned(),
            expected: expected.to_owned(),
            found: problem.to_string(),
        })
    })
}
