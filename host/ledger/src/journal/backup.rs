//! A copy of the journal while it is being written.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use rusqlite::Connection;
use rusqlite::backup::{Backup, StepResult};

use super::progress::Progress;
use super::record::Head;
use super::{Journal, database};
use crate::error::LedgerError;

const PAGES_PER_STEP: i32 = 256;

impl Journal {
    /// Copies the journal as it is at this moment to the new file `to`, and returns where the copy ends. Who appends
    /// meanwhile is not held up, and what they append is not in the copy. The file appears under its name when the disk
    /// has all of it. The signing key is not in it.
    ///
    /// # Errors
    /// [`LedgerError::Exists`] when there is a file `to`; [`LedgerError`] when the disk refuses.
    pub fn back_up(&self, to: &Path, progress: &mut dyn FnMut(Progress)) -> Result<Head, LedgerError> {
        let write = |source| LedgerError::Write {
            path: to.to_owned(),
            source,
        };
        if to.try_exists().map_err(write)? {
            return Err(LedgerError::Exists { path: to.to_owned() });
        }
        let partial = beside(to, ".partial");
        // What an interrupted backup left.
        for left in [partial.clone(), beside(&partial, "-journal")] {
            if left.try_exists().map_err(write)? {
                fs::remove_file(left).map_err(write)?;
            }
        }
        let head = self.copy(&partial, progress)?;
        File::open(&partial)
            .and_then(|file| file.sync_all())
            .map_err(write)?;
        let copied = Journal::open_read_only(&partial)?.head();
        if copied != head {
            return Err(LedgerError::BadBackup {
                path: partial,
                expected: head.seq,
                found: copied.seq,
            });
        }
        // A link, not a renaming: that would replace a file that came there meanwhile.
        fs::hard_link(&partial, to).map_err(write)?;
        fs::remove_file(&partial).map_err(write)?;
        let folder = to.parent().filter(|folder| !folder.as_os_str().is_empty());
        File::open(folder.unwrap_or(Path::new(".")))
            .and_then(|folder| folder.sync_all())
            .map_err(write)?;
        Ok(head)
    }

    fn copy(&self, to: &Path, progress: &mut dyn FnMut(Progress)) -> Result<Head, LedgerError> {
        let read = |e| database("back up", &self.path, e);
        let write = |e| database("write", to, e);
        // SQLite starts a backup over when somebody writes meanwhile, unless it reads within a transaction: that sees
        // the same pages to its end.
        let transaction = self.connection.unchecked_transaction().map_err(read)?;
        let head = self.stored_head()?;
        let mut target = Connection::open(to).map_err(write)?;
        {
            let backup = Backup::new(&transaction, &mut target).map_err(write)?;
            loop {
                let step = backup.step(PAGES_PER_STEP).map_err(write)?;
                let state = backup.progress();
                let count = |pages: i32| u64::try_from(pages).unwrap_or_default();
                progress(Progress {
                    done: count(state.pagecount.saturating_sub(state.remaining)),
                    total: count(state.pagecount),
                });
                match step {
                    StepResult::Done => break,
                    StepResult::More => {}
                    // Nobody else can know of the target, and the source is read within a transaction.
                    _ => {
                        return Err(write(rusqlite::Error::SqliteFailure(
                            rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_BUSY),
                            Some("another process uses the file of the backup".to_owned()),
                        )));
                    }
                }
            }
        }
        target.close().map_err(|(_, e)| write(e))?;
        Ok(head)
    }
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}
