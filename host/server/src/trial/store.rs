//! Trials on disk: one JSON file each, replaced as a whole.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use signalbox_domain::{Digest, canonical};

use super::state::{NotATrial, SavedTrial, Trial, TrialKey};

/// The largest file that is read.
const FILE_BYTES_MAX: u64 = 64 << 20;
/// Files that are kept: those of releases that ended long ago go first.
const FILES_MAX: usize = 500;

/// Why trials cannot be kept.
#[derive(Debug, thiserror::Error)]
pub enum TrialError {
    /// The folder or a file.
    #[error("{}: the trial cannot be kept; check the folder's permissions and free space", .path.display())]
    File {
        /// Which one.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The JSON.
    #[error("the trial has no JSON form")]
    Json(#[from] serde_json::Error),
    /// A number in it.
    #[error("the trial has no canonical form")]
    Canonical(#[from] canonical::NotCanonical),
}

/// Why one kept trial is begun anew.
#[derive(Debug, thiserror::Error)]
enum Unreadable {
    #[error("it cannot be read")]
    File(#[from] io::Error),
    #[error("expected at most {FILE_BYTES_MAX} bytes, found {0}")]
    TooLarge(u64),
    #[error("it is no JSON of this form")]
    Json(#[from] serde_json::Error),
    #[error(transparent)]
    Trial(#[from] NotATrial),
}

/// A folder of trials.
#[derive(Debug)]
pub(super) struct Store {
    folder: PathBuf,
}

impl Store {
    /// Opens `folder`, which is made if it is not there, and reads what it holds. A file that cannot be gone on with is set
    /// aside: its trial begins anew, which only costs time.
    pub(super) fn open(folder: &Path) -> Result<(Store, HashMap<TrialKey, Trial>), TrialError> {
        fs::create_dir_all(folder).map_err(|source| at(folder, source))?;
        let mut trials = HashMap::new();
        for path in files(folder).map_err(|source| at(folder, source))? {
            match read(&path) {
                Ok(trial) => {
                    trials.insert(trial.key.clone(), trial);
                }
                Err(problem) => {
                    let aside = path.with_extension("unreadable");
                    tracing::error!(
                        file = %path.display(),
                        error = crate::error_text::chain(&problem),
                        "a trial cannot be gone on with and begins anew; the file is kept beside it"
                    );
                    fs::rename(&path, &aside).map_err(|source| at(&path, source))?;
                }
            }
        }
        let folder = folder.to_owned();
        Ok((Store { folder }, trials))
    }

    /// Replaces the file of a trial.
    pub(super) fn write(&self, saved: &SavedTrial, key: &TrialKey) -> Result<(), TrialError> {
        let path = self.folder.join(format!("{}.json", name(key)?));
        let draft = path.with_extension("draft");
        let text = serde_json::to_vec(saved)?;
        let written = File::create(&draft).and_then(|mut file| {
            file.write_all(&text)?;
            file.sync_all()
        });
        written.map_err(|source| at(&draft, source))?;
        fs::rename(&draft, &path).map_err(|source| at(&path, source))
    }
}

fn at(path: &Path, source: io::Error) -> TrialError {
    let path = path.to_owned();
    TrialError::File { path, source }
}

/// The file's name: a digest, because scopes and versions may hold what file systems do not.
fn name(key: &TrialKey) -> Result<String, TrialError> {
    let text = canonical::to_string(&serde_json::to_value(key)?)?;
    let hex = Digest::of(text.as_bytes()).to_hex();
    Ok(hex.chars().take(32).collect())
}

/// The files, without the oldest beyond the bound, which are removed.
fn files(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        match path.extension().and_then(|extension| extension.to_str()) {
            Some("json") => found.push((fs::metadata(&path)?.modified()?, path)),
            // Of a write that was interrupted.
            Some("draft") => fs::remove_file(&path)?,
            _ => {}
        }
    }
    found.sort_unstable();
    let surplus = found.len().saturating_sub(FILES_MAX);
    for (_, path) in found.drain(..surplus) {
        fs::remove_file(path)?;
    }
    Ok(found.into_iter().map(|(_, path)| path).collect())
}

fn read(path: &Path) -> Result<Trial, Unreadable> {
    let length = fs::metadata(path)?.len();
    if length > FILE_BYTES_MAX {
        return Err(Unreadable::TooLarge(length));
    }
    let saved: SavedTrial = serde_json::from_slice(&fs::read(path)?)?;
    Ok(Trial::restore(saved)?)
}
