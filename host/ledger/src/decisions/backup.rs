//! Backup: a copy of the segments, consistent while they are being written. The index is not copied; opening the copy makes
//! it anew.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _};
use std::path::Path;

use super::DecisionLog;
use super::error::{DecisionLogError, disk};
use super::segment;
use super::shared::held;
use super::storage::sync_folder;

impl DecisionLog {
    /// Copies every record that was acknowledged before the call (and perhaps some later ones) into `folder`, which is
    /// new or empty, so that [`DecisionLog::open`] gives the same records from there. Returns the bytes that were
    /// copied; when this returns, the disk has them. Appends and look-ups go on meanwhile; erasure and retention wait.
    ///
    /// # Errors
    /// [`DecisionLogError::TargetNotEmpty`], and when a disk refuses; what was copied then is no backup.
    pub fn copy_to(&self, folder: &Path) -> Result<u64, DecisionLogError> {
        self.shared.flush_if_open()?;
        let segments = folder.join("segments");
        fs::create_dir_all(folder).map_err(disk("create", folder))?;
        let mut entries = fs::read_dir(folder).map_err(disk("list", folder))?;
        if entries.next().is_some() {
            return Err(DecisionLogError::TargetNotEmpty {
                path: folder.to_owned(),
            });
        }
        fs::create_dir(&segments).map_err(disk("create", &segments))?;
        let _chores = held(&self.shared.chores);
        let mut copied = 0u64;
        for known in self.shared.catalogue().segments.values() {
            let from = segment::path(&self.shared.folder, known.number);
            let to = segment::path(&segments, known.number);
            let bytes = copy(&from, &to, known.end).map_err(disk("copy", &from))?;
            copied = copied.saturating_add(bytes);
        }
        for folder in [segments.as_path(), folder] {
            sync_folder(folder).map_err(disk("sync", folder))?;
        }
        Ok(copied)
    }
}

/// Copies the first `length` bytes.
fn copy(from: &Path, to: &Path, length: u64) -> io::Result<u64> {
    let mut source = File::open(from)?.take(length);
    let mut target = OpenOptions::new().write(true).create_new(true).open(to)?;
    let bytes = io::copy(&mut source, &mut target)?;
    target.sync_all()?;
    Ok(bytes)
}
