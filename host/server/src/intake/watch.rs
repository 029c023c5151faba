//! Hints from the file system. They carry nothing: what is in the folder is found by looking.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use notify::{EventKind, RecommendedWatcher, RecursiveMode, event::AccessKind, event::AccessMode};
use notify_debouncer_full::{DebounceEventResult, Debouncer, RecommendedCache, new_debouncer};
use tokio::sync::Notify;

use crate::config::WatchMode;

/// How long events are gathered before one hint is raised.
const DEBOUNCE: Duration = Duration::from_millis(40);

/// Magic numbers of file systems (statfs(2)) whose changes by other machines raise no event here.
const NETWORK_FILE_SYSTEMS: [(u64, &str); 9] = [
    (0x6969, "NFS"),
    (0x517b, "SMB"),
    (0xff53_4d42, "CIFS"),
    (0xfe53_4d42, "SMB2"),
    (0x6573_5546, "FUSE"),
    (0x0102_1997, "9P"),
    (0x00c3_6400, "Ceph"),
    (0x5346_414f, "AFS"),
    (0x0bd0_0bd0, "Lustre"),
];

/// Raises hints while it lives.
pub(super) struct Watcher {
    folder: PathBuf,
    hint: Arc<Notify>,
    native: Option<Native>,
}

struct Native {
    target: Target,
    // Held for its thread, which ends with it.
    _debouncer: Debouncer<RecommendedWatcher, RecommendedCache>,
}

/// Which folder is watched, whatever its name links to by now.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Target {
    path: PathBuf,
    device: u64,
    inode: u64,
}

impl Target {
    fn of(folder: &Path) -> std::io::Result<Target> {
        use std::os::unix::fs::MetadataExt;
        let path = std::fs::canonicalize(folder)?;
        let metadata = std::fs::metadata(&path)?;
        Ok(Target {
            path,
            device: metadata.dev(),
            inode: metadata.ino(),
        })
    }
}

/// Whether changes in the folder can be noticed by events. Asks the file system when the mode leaves it open.
pub(super) fn uses_events(folder: &Path, mode: WatchMode) -> bool {
    match mode {
        WatchMode::Native => true,
        WatchMode::Poll => false,
        WatchMode::Auto => match network_file_system(folder) {
            Some(name) => {
                tracing::info!(
                    folder = %folder.display(),
                    file_system = name,
                    "the policy folder is on a network file system: it is polled"
                );
                false
            }
            None => true,
        },
    }
}

fn network_file_system(folder: &Path) -> Option<&'static str> {
    let kind = rustix::fs::statfs(folder).ok()?.f_type;
    // The field is signed on some machines and unsigned on others; the magic number is its low 32 bits.
    let magic = u64::try_from(i128::from(kind) & 0xffff_ffff).ok()?;
    let mut known = NETWORK_FILE_SYSTEMS.iter();
    known.find(|(number, _)| *number == magic).map(|(_, name)| *name)
}

impl Watcher {
    /// A watcher that raises `hint`; it watches nothing until [`Watcher::renew`].
    pub(super) fn new(folder: &Path, hint: Arc<Notify>) -> Watcher {
        Watcher {
            folder: folder.to_owned(),
            hint,
            native: None,
        }
    }

    /// Watches the folder that the name stands for now: after a start, after the folder was made again, and after a
    /// link to it was swapped. Events stay with the old folder in the last two cases, so this is called with every
    /// rescan. Blocks on the file system.
    pub(super) fn renew(&mut self) {
        let target = match Target::of(&self.folder) {
            Ok(target) => target,
            Err(_) => {
                // The pass over the folder reports it.
                self.native = None;
                return;
            }
        };
        if self.native.as_ref().is_some_and(|native| native.target == target) {
            return;
        }
        self.native = None;
        match watch(&target.path, Arc::clone(&self.hint)) {
            Ok(debouncer) => {
                self.native = Some(Native {
                    target,
                    _debouncer: debouncer,
                });
                // What happened between the last look and now raised no event.
                self.hint.notify_one();
            }
            Err(error) => tracing::warn!(
                folder = %self.folder.display(),
                error = %error,
                "the policy folder cannot be watched; it is looked at by the timer only; raise \
                 fs.inotify.max_user_instances or set folders.watch = \"poll\""
            ),
        }
    }
}

fn watch(
    folder: &Path,
    hint: Arc<Notify>,
) -> notify::Result<Debouncer<RecommendedWatcher, RecommendedCache>> {
    let raise = move |result: DebounceEventResult| {
        // An error may mean that events were lost: look.
        let worth_a_look = match result {
            Ok(events) => events.iter().any(|event| changes_something(event.kind)),
            Err(_) => true,
        };
        if worth_a_look {
            hint.notify_one();
        }
    };
    let mut debouncer = new_debouncer(DEBOUNCE, None, raise)?;
    debouncer.watch(folder, RecursiveMode::NonRecursive)?;
    Ok(debouncer)
}

/// Reading raises events too; taking them for changes would let every look cause the next.
fn changes_something(kind: EventKind) -> bool {
    !kind.is_access() || kind == EventKind::Access(AccessKind::Close(AccessMode::Write))
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn hinted(hint: &Notify) {
        let waited = tokio::time::timeout(Duration::from_secs(20), hint.notified()).await;
        waited.expect("no hint was raised");
    }

    #[tokio::test]
    async fn a_new_file_and_a_swapped_link_raise_a_hint() {
        let folder = tempfile::tempdir().unwrap();
        let hint = Arc::new(Notify::new());
        let mut watcher = Watcher::new(folder.path(), Arc::clone(&hint));
        watcher.renew();
        hinted(&hint).await;
        std::fs::write(folder.path().join("a.toml"), "x").unwrap();
        hinted(&hint).await;
        for round in ["..1", "..2"] {
            std::fs::create_dir(folder.path().join(round)).unwrap();
            hinted(&hint).await;
            std::os::unix::fs::symlink(round, folder.path().join("..data_tmp")).unwrap();
            std::fs::rename(folder.path().join("..data_tmp"), folder.path().join("..data")).unwrap();
            hinted(&hint).await;
        }
    }

    #[tokio::test]
    async fn a_folder_that_was_made_again_is_watched_again() {
        let parent = tempfile::tempdir().unwrap();
        let folder = parent.path().join("policies");
        std::fs::create_dir(&folder).unwrap();
        let hint = Arc::new(Notify::new());
        let mut watcher = Watcher::new(&folder, Arc::clone(&hint));
        watcher.renew();
        let first = watcher.native.as_ref().unwrap().target.clone();
        std::fs::rename(&folder, parent.path().join("old")).unwrap();
        watcher.renew();
        assert!(watcher.native.is_none());
        std::fs::create_dir(&folder).unwrap();
        watcher.renew();
        assert_ne!(watcher.native.as_ref().unwrap().target, first);
        hinted(&hint).await;
        std::fs::write(folder.join("a.toml"), "x").unwrap();
        hinted(&hint).await;
    }

    #[test]
    fn a_local_folder_is_watched_by_events_unless_polling_is_asked_for() {
        let folder = tempfile::tempdir().unwrap();
        assert!(uses_events(folder.path(), WatchMode::Native));
        assert!(!uses_events(folder.path(), WatchMode::Poll));
    }

    #[test]
    fn reading_is_no_change() {
        use notify::event::CreateKind;
        assert!(!changes_something(EventKind::Access(AccessKind::Open(
            AccessMode::Read
        ))));
        assert!(changes_something(EventKind::Access(AccessKind::Close(
            AccessMode::Write
        ))));
        assert!(changes_something(EventKind::Create(CreateKind::File)));
    }
}
