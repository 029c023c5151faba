//! Reading the ledger without being its writer: look-up, verification, export. Works while the host that writes it runs.
//!
//! Everything but [`LedgerReader`] blocks on the disk.

use std::fs::File;
use std::io::{BufReader, Write, stdin};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::json;
use signalbox_domain::events::{Entry, Event};
use signalbox_domain::{Digest, Timestamp};
use signalbox_ledger::{Journal, KeyFile, verify_export};
use tokio::sync::Mutex;

pub use signalbox_ledger::{
    Checkpoint, CheckpointsError, ExportError, ExportFilter, Exported, Head, LedgerError, Progress,
    PublicKey, Verified, VerifiedExport,
};

/// Entries that a page may look at: a filter that fits little must not make a caller wait for the whole ledger.
const LOOKED_AT_MAX: u64 = 10_000;

/// Which entries; everything that is given must fit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LedgerQuery {
    /// That change this scope.
    pub scope: Option<String>,
    /// Of this kind, such as `rolled_back`.
    pub kind: Option<String>,
    /// That took effect then or later.
    pub since: Option<Timestamp>,
    /// That took effect before.
    pub until: Option<Timestamp>,
    /// Before the entry of this number.
    pub before: Option<u64>,
    /// At most so many.
    pub limit: usize,
}

impl LedgerQuery {
    fn fits(&self, entry: &Entry) -> bool {
        self.scope
            .as_deref()
            .is_none_or(|scope| entry.event.scope() == Some(scope))
            && self.kind.as_deref().is_none_or(|kind| entry.event.kind() == kind)
            && self.since.is_none_or(|since| entry.at >= since)
            && self.until.is_none_or(|until| entry.at < until)
    }

    /// What is wrong with the kind, if it is none: what was expected and what was found.
    pub fn kind_problem(&self) -> Option<String> {
        let kind = self.kind.as_deref()?;
        // The list of kinds stands in the enum alone; its reader knows all of them.
        let read = serde_json::from_value::<Event>(json!({ "kind": kind, "data": null }));
        let problem = read.err()?.to_string();
        problem.starts_with("unknown variant").then_some(problem)
    }
}

/// One entry with its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// Its number.
    pub seq: u64,
    /// The digest of its record, which the next one names.
    pub digest: Digest,
    /// What happened.
    pub entry: Entry,
}

/// Entries, newest first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedPage {
    /// Those that fit.
    pub entries: Vec<Listed>,
    /// Where the next page begins: the `before` to ask for. A page may be short and still have a next one.
    pub next: Option<u64>,
}

/// Looks entries up for callers over HTTP, one look-up at a time, off the runtime's workers. Cheap to clone.
#[derive(Clone)]
pub struct LedgerReader {
    path: PathBuf,
    open: Arc<Mutex<Option<Journal>>>,
}

/// Why nothing can be looked up.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The ledger.
    #[error("the ledger cannot be read")]
    Ledger(#[source] LedgerError),
    /// The host is shutting down.
    #[error("the host is shutting down")]
    Stopped,
}

impl LedgerReader {
    /// A reader of the journal at `path`, which is opened when it is first needed.
    pub fn new(path: PathBuf) -> LedgerReader {
        LedgerReader {
            path,
            open: Arc::default(),
        }
    }

    /// A page of entries.
    ///
    /// # Errors
    /// [`ReadError`].
    pub async fn page(&self, query: LedgerQuery) -> Result<ListedPage, ReadError> {
        self.reading(move |journal| page(journal, &query, LOOKED_AT_MAX))
            .await
    }

    /// The signed line about the present end.
    ///
    /// # Errors
    /// [`ReadError`].
    pub async fn end(&self) -> Result<Option<Checkpoint>, ReadError> {
        self.reading(Journal::end_checkpoint).await
    }

    /// Reads entries after the entry `after` as `read` does.
    ///
    /// # Errors
    /// [`ReadError`].
    pub async fn entries_after<T: Send + 'static>(
        &self,
        after: u64,
        read: fn(&Journal, u64) -> Result<T, LedgerError>,
    ) -> Result<T, ReadError> {
        self.reading(move |journal| read(journal, after)).await
    }

    async fn reading<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Journal) -> Result<T, LedgerError> + Send + 'static,
    ) -> Result<T, ReadError> {
        let (path, mut open) = (self.path.clone(), Arc::clone(&self.open).lock_owned().await);
        let read = tokio::task::spawn_blocking(move || {
            let journal = match open.take() {
                Some(journal) => journal,
                None => Journal::open_read_only(&path)?,
            };
            let found = read(&journal);
            *open = Some(journal);
            found
        });
        let found = read.await.map_err(|_| ReadError::Stopped)?;
        found.map_err(ReadError::Ledger)
    }
}

/// Entries of the journal at `path`, newest first.
///
/// # Errors
/// [`LedgerError`].
pub fn list(path: &Path, query: &LedgerQuery) -> Result<ListedPage, LedgerError> {
    page(&Journal::open_read_only(path)?, query, u64::MAX)
}

fn page(journal: &Journal, query: &LedgerQuery, looked_at_max: u64) -> Result<ListedPage, LedgerError> {
    let mut page = ListedPage {
        entries: Vec::new(),
        next: None,
    };
    let mut looked_at: u64 = 0;
    journal.newest_first(query.before, |record, digest| {
        if page.entries.len() >= query.limit || looked_at >= looked_at_max {
            page.next = Some(record.seq.saturating_add(1));
            return ControlFlow::Break(());
        }
        looked_at = looked_at.saturating_add(1);
        if query.fits(&record.entry) {
            page.entries.push(Listed {
                seq: record.seq,
                digest,
                entry: record.entry,
            });
        }
        ControlFlow::Continue(())
    })?;
    Ok(page)
}

/// The signed line about the end of the journal at `path`; none when no key signs it.
///
/// # Errors
/// [`LedgerError`].
pub fn end_checkpoint(path: &Path) -> Result<Option<Checkpoint>, LedgerError> {
    Journal::open_read_only(path)?.end_checkpoint()
}

/// Checks the whole journal at `path`, also against checkpoints that were kept elsewhere.
///
/// # Errors
/// [`LedgerError::Damaged`] names the first thing that is not as written.
pub fn verify(
    path: &Path,
    kept: &[Checkpoint],
    progress: &mut dyn FnMut(Progress),
) -> Result<Verified, LedgerError> {
    Journal::open_read_only(path)?.verify_against(kept, progress)
}

/// Checks an export; `-` reads it from standard input.
///
/// # Errors
/// [`ExportError`] at the first line that is wrong.
pub fn verify_exported(
    file: &Path,
    kept: &[Checkpoint],
    progress: &mut dyn FnMut(Progress),
) -> Result<VerifiedExport, ExportError> {
    if file == Path::new("-") {
        return verify_export(stdin().lock(), kept, progress);
    }
    let opened = File::open(file).map_err(|source| ExportError::Read { line: 1, source })?;
    verify_export(BufReader::new(opened), kept, progress)
}

/// Writes the entries that `filter` takes as lines of JSON, checking the whole journal on the way.
///
/// # Errors
/// [`LedgerError`].
pub fn export(
    path: &Path,
    filter: &ExportFilter,
    to: &mut dyn Write,
    progress: &mut dyn FnMut(Progress),
) -> Result<Exported, LedgerError> {
    Journal::open_read_only(path)?.export(filter, to, progress)
}

/// Lets a new key sign the journal at `path` from here on, while no host runs. With `lost`, one that replaces a key that
/// nobody has any more: verification shows for ever that it was not handed over.
///
/// # Errors
/// [`LedgerError::InUse`] while the host runs; [`LedgerError::Key`]; damage, for a new key must not vouch for that.
pub fn new_key(
    path: &Path,
    key: &Path,
    lost: bool,
    at: Timestamp,
    (actor, reason): (&str, &str),
) -> Result<Head, LedgerError> {
    // Not made anew where there is none.
    drop(Journal::open_read_only(path)?);
    let mut journal = Journal::open(path)?;
    journal.verify()?;
    let file = KeyFile::new(key);
    if lost {
        return journal.replace_lost_key(file, at, actor, reason);
    }
    journal.start_signing(file, at)?;
    journal.rotate_key(at, actor, reason)
}
