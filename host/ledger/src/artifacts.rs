//! Artifacts by digest: policy files and components, kept for as long as a version may decide or be replayed.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use signalbox_domain::Digest;

use crate::journal::Progress;

/// Writing takes far less.
const LEFT_OVER: Duration = Duration::from_secs(3_600);

/// An artifact cannot be kept or fetched.
#[derive(Debug, thiserror::Error)]
pub enum ArtifactError {
    /// There is none with this digest.
    #[error("the artifact store has no {0}; put the file into the watched folder again")]
    Missing(Digest),
    /// Its bytes are not those that were kept.
    #[error(
        "the artifact {expected} has digest {found}: the disk or somebody changed it; put the file into the watched \
         folder again"
    )]
    Damaged {
        /// The digest under which it was kept.
        expected: Digest,
        /// The digest of what is there.
        found: Digest,
    },
    /// It is larger than the reader takes.
    #[error("the artifact {digest} has more than {bytes_max} bytes")]
    TooLarge {
        /// Which.
        digest: Digest,
        /// The bound.
        bytes_max: u64,
    },
    /// The disk refused.
    #[error("cannot {action} {}", path.display())]
    Disk {
        /// What was tried.
        action: &'static str,
        /// On what.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// Files named by the SHA-256 of their bytes, in one folder.
#[derive(Clone, Debug)]
pub struct ArtifactStore {
    folder: PathBuf,
}

impl ArtifactStore {
    /// Opens the store in `folder`, or makes a new one. What an interrupted writer left is removed.
    ///
    /// # Errors
    /// [`ArtifactError::Disk`].
    pub fn open(folder: &Path) -> Result<ArtifactStore, ArtifactError> {
        let store = ArtifactStore {
            folder: folder.to_owned(),
        };
        let temporary = store.temporary();
        fs::create_dir_all(&temporary).map_err(disk("create", &temporary))?;
        for entry in fs::read_dir(&temporary).map_err(disk("list", &temporary))? {
            let path = entry.map_err(disk("list", &temporary))?.path();
            if is_left_over(&path) {
                fs::remove_file(&path).map_err(disk("remove", &path))?;
            }
        }
        Ok(store)
    }

    /// Keeps `bytes`; when this returns, the disk has them. Keeping the same bytes twice is the same as once, and mends
    /// a damaged copy.
    ///
    /// # Errors
    /// [`ArtifactError::Disk`].
    pub fn put(&self, bytes: &[u8]) -> Result<Digest, ArtifactError> {
        let digest = Digest::of(bytes);
        let length = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        if self.get(&digest, length).is_ok() {
            // As new from here on: whoever keeps it again is about to refer to it.
            let path = self.path(&digest);
            File::open(&path)
                .and_then(|file| file.set_modified(SystemTime::now()))
                .map_err(disk("touch", &path))?;
            return Ok(digest);
        }
        let path = self.path(&digest);
        let folder = path.parent().unwrap_or(&self.folder);
        fs::create_dir_all(folder).map_err(disk("create", folder))?;
        let temporary = self.temporary();
        let mut file =
            tempfile::NamedTempFile::new_in(&temporary).map_err(disk("create a file in", &temporary))?;
        file.write_all(bytes)
            .and_then(|()| file.as_file().sync_all())
            .map_err(disk("write", file.path()))?;
        file.persist(&path)
            .map_err(|failed| disk("create", &path)(failed.error))?;
        // The names have to be on the disk too, or a crash could lose a file whose ledger entry was kept.
        for folder in [folder, &self.folder] {
            File::open(folder)
                .and_then(|handle| handle.sync_all())
                .map_err(disk("sync", folder))?;
        }
        Ok(digest)
    }

    /// The bytes of `digest`, checked, at most `bytes_max` of them.
    ///
    /// # Errors
    /// [`ArtifactError`]: missing, damaged, too large, or that the disk refused.
    pub fn get(&self, digest: &Digest, bytes_max: u64) -> Result<Vec<u8>, ArtifactError> {
        let path = self.path(digest);
        let file = match File::open(&path) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Err(ArtifactError::Missing(*digest)),
            opened => opened.map_err(disk("open", &path))?,
        };
        let mut bytes = Vec::new();
        file.take(bytes_max.saturating_add(1))
            .read_to_end(&mut bytes)
            .map_err(disk("read", &path))?;
        if u64::try_from(bytes.len()).is_ok_and(|length| length > bytes_max) {
            return Err(ArtifactError::TooLarge {
                digest: *digest,
                bytes_max,
            });
        }
        match Digest::of(&bytes) {
            found if found == *digest => Ok(bytes),
            found => Err(ArtifactError::Damaged {
                expected: *digest,
                found,
            }),
        }
    }

    /// Every artifact that is kept, in the order of their digests.
    ///
    /// # Errors
    /// [`ArtifactError::Disk`].
    pub fn digests(&self) -> Result<BTreeSet<Digest>, ArtifactError> {
        let mut digests = BTreeSet::new();
        for folder in fs::read_dir(&self.folder).map_err(disk("list", &self.folder))? {
            let folder = folder.map_err(disk("list", &self.folder))?.path();
            if !folder.is_dir() || folder == self.temporary() {
                continue;
            }
            for file in fs::read_dir(&folder).map_err(disk("list", &folder))? {
                let name = file.map_err(disk("list", &folder))?.file_name();
                // What bears no digest as its name is not of the store; it is left alone.
                let digest = name
                    .to_str()
                    .map(|name| format!("sha256:{name}").parse::<Digest>());
                digests.extend(digest.and_then(Result::ok));
            }
        }
        Ok(digests)
    }

    /// Copies every artifact to the store `to`, checked on the way; those that are there and whole stay as they are.
    /// Artifacts of more than `bytes_max` bytes are refused. `progress` is told how many of how many are done. Returns
    /// how many there are.
    ///
    /// # Errors
    /// [`ArtifactError`]; what was copied before stays.
    pub fn copy_to(
        &self,
        to: &ArtifactStore,
        bytes_max: u64,
        progress: &mut dyn FnMut(Progress),
    ) -> Result<u64, ArtifactError> {
        let digests = self.digests()?;
        let total = u64::try_from(digests.len()).unwrap_or(u64::MAX);
        for (place, digest) in digests.iter().enumerate() {
            match self.get(digest, bytes_max) {
                Ok(bytes) => to.put(&bytes).map(|_| ())?,
                // Somebody removed it meanwhile because nothing refers to it any more.
                Err(ArtifactError::Missing(_)) => {}
                Err(refused) => return Err(refused),
            }
            let done = u64::try_from(place).unwrap_or(u64::MAX).saturating_add(1);
            progress(Progress { done, total });
        }
        Ok(total)
    }

    /// Removes every artifact that is not in `referenced`, except those of the last hour: an admission keeps its
    /// artifacts before the ledger refers to them. Returns what was removed.
    ///
    /// # Errors
    /// [`ArtifactError::Disk`]; what was removed before stays so.
    pub fn remove_unreferenced(
        &self,
        referenced: &BTreeSet<Digest>,
    ) -> Result<BTreeSet<Digest>, ArtifactError> {
        let mut removed = BTreeSet::new();
        for digest in self.digests()?.difference(referenced) {
            let path = self.path(digest);
            if is_left_over(&path) {
                fs::remove_file(&path).map_err(disk("remove", &path))?;
                removed.insert(*digest);
            }
        }
        Ok(removed)
    }

    fn temporary(&self) -> PathBuf {
        self.folder.join("tmp")
    }

    /// Two digits of the digest as a folder, so that no folder grows without bound.
    fn path(&self, digest: &Digest) -> PathBuf {
        let hex = digest.to_hex();
        self.folder.join(hex.get(..2).unwrap_or_default()).join(hex)
    }
}

/// Whether a file was begun so long ago that nobody can be writing it: another process may have the store open.
fn is_left_over(path: &Path) -> bool {
    let modified = fs::metadata(path).and_then(|metadata| metadata.modified());
    let age = modified.ok().and_then(|instant| instant.elapsed().ok());
    age.is_some_and(|age| age > LEFT_OVER)
}

fn disk(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> ArtifactError {
    let path = path.to_owned();
    move |source| ArtifactError::Disk { action, path, source }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn store() -> (tempfile::TempDir, ArtifactStore) {
        let folder = tempfile::tempdir().unwrap();
        let store = ArtifactStore::open(folder.path()).unwrap();
        (folder, store)
    }

    #[test]
    fn what_is_kept_comes_back_after_reopening() {
        let (folder, store) = store();
        let digest = store.put(b"component").unwrap();
        assert_eq!(digest, Digest::of(b"component"));
        let again = ArtifactStore::open(folder.path()).unwrap();
        assert_eq!(again.get(&digest, 9).unwrap(), b"component");
    }

    #[test]
    fn a_changed_file_is_found_and_putting_the_bytes_again_mends_it() {
        let (_folder, store) = store();
        let digest = store.put(b"component").unwrap();
        fs::write(store.path(&digest), b"komponent").unwrap();
        assert!(matches!(
            store.get(&digest, 9),
            Err(ArtifactError::Damaged { .. })
        ));
        store.put(b"component").unwrap();
        assert_eq!(store.get(&digest, 9).unwrap(), b"component");
    }

    #[test]
    fn what_is_missing_or_too_large_is_refused() {
        let (_folder, store) = store();
        let absent = Digest::of(b"absent");
        assert!(matches!(
            store.get(&absent, 9),
            Err(ArtifactError::Missing(found)) if found == absent
        ));
        let digest = store.put(b"component").unwrap();
        assert!(matches!(
            store.get(&digest, 8),
            Err(ArtifactError::TooLarge { bytes_max: 8, .. })
        ));
    }

    #[test]
    fn what_an_interrupted_writer_left_is_removed() {
        let (folder, store) = store();
        let (old, new) = (store.temporary().join("old"), store.temporary().join("new"));
        for path in [&old, &new] {
            fs::write(path, b"comp").unwrap();
        }
        let yesterday = std::time::SystemTime::now() - Duration::from_secs(86_400);
        File::options()
            .write(true)
            .open(&old)
            .unwrap()
            .set_modified(yesterday)
            .unwrap();
        ArtifactStore::open(folder.path()).unwrap();
        assert!(!old.exists());
        assert!(new.exists(), "another process may be writing it");
    }

    fn age(path: &Path) {
        let yesterday = SystemTime::now() - Duration::from_secs(86_400);
        File::open(path).unwrap().set_modified(yesterday).unwrap();
    }

    #[test]
    fn a_copy_of_the_store_has_every_artifact_whole() {
        let ((_from, from), (_to, to)) = (store(), store());
        let one = from.put(b"one").unwrap();
        let two = from.put(b"two").unwrap();
        let mut told = Vec::new();
        let copied = from.copy_to(&to, 9, &mut |progress| told.push(progress.done));
        assert_eq!((copied.unwrap(), told), (2, vec![1, 2]));
        assert_eq!(to.digests().unwrap(), BTreeSet::from([one, two]));
        fs::write(to.path(&one), b"eno").unwrap();
        from.copy_to(&to, 9, &mut |_| {}).unwrap();
        assert_eq!(to.get(&one, 9).unwrap(), b"one");
        fs::write(from.path(&two), b"owt").unwrap();
        assert!(matches!(
            from.copy_to(&to, 9, &mut |_| {}),
            Err(ArtifactError::Damaged { expected, .. }) if expected == two
        ));
    }

    #[test]
    fn only_what_is_old_and_not_referred_to_is_removed() {
        let (_folder, store) = store();
        let [kept, old, again, new] =
            ["kept", "old", "again", "new"].map(|text| store.put(text.as_bytes()).unwrap());
        for digest in [kept, old, again] {
            age(&store.path(&digest));
        }
        store.put(b"again").unwrap();
        fs::write(store.folder.join("README"), "not an artifact").unwrap();
        let removed = store.remove_unreferenced(&BTreeSet::from([kept])).unwrap();
        assert_eq!(removed, BTreeSet::from([old]));
        assert_eq!(store.digests().unwrap(), BTreeSet::from([kept, again, new]));
        assert!(store.folder.join("README").exists());
    }

    #[test]
    fn a_writer_leaves_nothing_but_the_artifact() {
        let (_folder, store) = store();
        store.put(b"component").unwrap();
        assert_eq!(fs::read_dir(store.temporary()).unwrap().count(), 0);
    }
}
