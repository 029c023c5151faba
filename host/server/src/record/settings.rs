//! How decisions are recorded.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use serde::Deserialize;
use signalbox_ledger::decisions::{MaskRule, Options, Retention};

use super::RecordError;

/// When an answer is given.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogMode {
    /// After the disk has the decision.
    #[default]
    Durable,
    /// At once; the disk has the decision soon, and what is dropped is counted.
    Buffered,
    /// Nothing is recorded: for benchmarks.
    Off,
}

/// What happens to a decision that cannot be recorded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OnLogFailure {
    /// It is answered with `logged: false`, and counted.
    #[default]
    Answer,
    /// The caller gets an error instead.
    Refuse,
}

/// How decisions are recorded.
#[derive(Clone, Debug, Default)]
pub struct RecordSettings {
    /// When an answer is given.
    pub mode: LogMode,
    /// What happens to a decision that cannot be recorded.
    pub on_failure: OnLogFailure,
    /// What is kept.
    pub retention: Retention,
    /// What is masked in requests before they are kept.
    pub masks: Vec<MaskRule>,
    /// Bounds of the log.
    pub log: Options,
}

/// The host's salt for masking: 32 random bytes that only the host's user can read.
pub(super) fn salt(file: &Path) -> Result<Vec<u8>, RecordError> {
    let failed = |source| RecordError::Salt {
        path: file.to_owned(),
        source,
    };
    match fs::read(file) {
        Ok(salt) if salt.len() == 32 => return Ok(salt),
        Ok(_) => return Err(failed(std::io::Error::other("expected 32 bytes"))),
        Err(problem) if problem.kind() == std::io::ErrorKind::NotFound => {}
        Err(problem) => return Err(failed(problem)),
    }
    if let Some(folder) = file.parent() {
        fs::create_dir_all(folder).map_err(failed)?;
    }
    let mut salt = vec![0; 32];
    getrandom::fill(&mut salt).map_err(|problem| failed(std::io::Error::other(problem)))?;
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true).mode(0o600);
    let mut made = options.open(file).map_err(failed)?;
    made.write_all(&salt)
        .and_then(|()| made.sync_all())
        .map_err(failed)?;
    Ok(salt)
}
