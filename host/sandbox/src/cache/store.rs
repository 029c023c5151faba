//! Entries on disk.
//!
//! An entry is: 8 bytes of magic, the lengths of its two parts (`u32`, `u64`, little-endian), what is known of the policy as
//! JSON, the machine code, and the HMAC over the key and everything before.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::SystemTime;

use hmac::{Hmac, KeyInit, Mac};
use rustix::fs::{FlockOperation, flock};
use sha2::Sha256;

use super::key::CacheKey;
use super::secret::Secret;
use super::{Authenticated, CacheConfig, CacheError};
use crate::compile::Compiled;

const MAGIC: &[u8; 8] = b"sbcode1\n";
const HEAD_BYTES: usize = MAGIC.len() + 4 + 8;
const TAG_BYTES: usize = 32;
/// Longest entry that is read, in bytes.
const ENTRY_BYTES_MAX: u64 = 600 << 20;
/// Ends the name of a file that is still being written.
const PARTIAL: &str = ".partial";

/// A policy from the cache.
pub(crate) struct Entry {
    pub(crate) compiled: Compiled,
    pub(crate) code: Authenticated,
}

/// The entries. All methods block on files: call them where blocking is allowed.
pub(crate) struct Cache {
    folder: PathBuf,
    secret: Secret,
    bytes_max: u64,
    written: AtomicU64,
}

impl Cache {
    /// Opens the cache and clears away what a host that was killed left half-written.
    pub(crate) fn open(config: &CacheConfig) -> Result<Cache, CacheError> {
        let failed = |source| CacheError::Folder {
            folder: config.folder.clone(),
            source,
        };
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&config.folder)
            .map_err(failed)?;
        let secret = Secret::open(&config.secret_file, &config.folder).map_err(CacheError::Secret)?;
        clear_partial(&config.folder).map_err(failed)?;
        Ok(Cache {
            folder: config.folder.clone(),
            secret,
            bytes_max: config.bytes_max,
            written: AtomicU64::new(0),
        })
    }

    /// The entry of a key, if there is one and it verifies. One that does not is deleted.
    pub(crate) fn get(&self, key: &CacheKey) -> Option<Entry> {
        let path = self.folder.join(key.file_name());
        let buffer = match read(&path) {
            Ok(buffer) => buffer,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return None,
            Err(error) => {
                tracing::warn!(path = %path.display(), error = %error, "a compile cache entry cannot be read; compiling again");
                return None;
            }
        };
        match self.verify(key, buffer) {
            Ok(entry) => {
                // Used now: it goes last when room is needed. Failing to say so only makes it go earlier.
                let _touched = File::open(&path).and_then(|file| file.set_modified(SystemTime::now()));
                Some(entry)
            }
            Err(problem) => {
                tracing::warn!(path = %path.display(), problem, "a compile cache entry does not verify; compiling again");
                let _removed = fs::remove_file(&path);
                None
            }
        }
    }

    fn verify(&self, key: &CacheKey, buffer: Vec<u8>) -> Result<Entry, &'static str> {
        let split = buffer.len().checked_sub(TAG_BYTES).ok_or("it is too short")?;
        let (body, tag) = buffer.split_at_checked(split).ok_or("it is too short")?;
        self.mac(key, body)
            .verify_slice(tag)
            .map_err(|_| "its HMAC is wrong")?;
        let (known, code) = layout(body).ok_or("its layout is wrong")?;
        let known = body.get(known).ok_or("its layout is wrong")?;
        let compiled = serde_json::from_slice(known).map_err(|_| "its description cannot be read")?;
        Ok(Entry {
            compiled,
            code: Authenticated { buffer, code },
        })
    }

    /// Writes an entry: beside, synced, then renamed, so that a name always stands for a whole entry.
    pub(crate) fn put(&self, key: &CacheKey, compiled: &Compiled, code: &[u8]) -> io::Result<()> {
        let known = serde_json::to_vec(compiled)?;
        let known_length = u32::try_from(known.len()).map_err(io::Error::other)?;
        let mut body = Vec::with_capacity(
            HEAD_BYTES
                .saturating_add(known.len())
                .saturating_add(code.len())
                .saturating_add(TAG_BYTES),
        );
        body.extend_from_slice(MAGIC);
        body.extend_from_slice(&known_length.to_le_bytes());
        body.extend_from_slice(&(code.len() as u64).to_le_bytes());
        body.extend_from_slice(&known);
        body.extend_from_slice(code);
        let tag = self.mac(key, &body).finalize().into_bytes();
        body.extend_from_slice(&tag);
        self.write(&self.folder.join(key.file_name()), &body)?;
        self.evict()
    }

    fn write(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        let number = self.written.fetch_add(1, Ordering::Relaxed);
        let partial = path.with_extension(format!("{}-{number}{PARTIAL}", std::process::id()));
        let mut file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&partial)?;
        // Held while it is written: another host that starts now can tell it from one that was left behind.
        flock(&file, FlockOperation::LockExclusive)?;
        let done = file
            .write_all(bytes)
            .and_then(|()| file.sync_all())
            .and_then(|()| fs::rename(&partial, path));
        if done.is_err() {
            let _removed = fs::remove_file(&partial);
        }
        done?;
        File::open(&self.folder)?.sync_all()
    }

    /// Deletes the least recently used entries until the rest is small enough.
    fn evict(&self) -> io::Result<()> {
        let mut entries = Vec::new();
        for entry in fs::read_dir(&self.folder)? {
            let entry = entry?;
            // One that another host deletes meanwhile is as good as deleted here.
            if let Ok(metadata) = entry.metadata()
                && entry
                    .path()
                    .extension()
                    .is_some_and(|extension| extension == "code")
            {
                entries.push((metadata.modified()?, metadata.len(), entry.path()));
            }
        }
        entries.sort();
        let mut total: u64 = entries.iter().map(|(_, length, _)| length).sum();
        for (_, length, path) in entries {
            if total <= self.bytes_max {
                break;
            }
            let _removed = fs::remove_file(path);
            total = total.saturating_sub(length);
        }
        Ok(())
    }

    fn mac(&self, key: &CacheKey, body: &[u8]) -> Hmac<Sha256> {
        // HMAC takes keys of every length.
        let mut mac =
            <Hmac<Sha256> as KeyInit>::new_from_slice(self.secret.bytes()).unwrap_or_else(|_| unreachable!());
        mac.update(key.bytes());
        mac.update(body);
        mac
    }
}

fn read(path: &Path) -> io::Result<Vec<u8>> {
    let file = File::open(path)?;
    let length = file.metadata()?.len();
    if length > ENTRY_BYTES_MAX {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "it is too large"));
    }
    let mut bytes = Vec::with_capacity(usize::try_from(length).unwrap_or(0));
    file.take(ENTRY_BYTES_MAX).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Where the two parts of a body are, if their lengths fill it exactly.
fn layout(body: &[u8]) -> Option<(std::ops::Range<usize>, std::ops::Range<usize>)> {
    let rest = body.strip_prefix(MAGIC)?;
    let (known_length, rest) = rest.split_first_chunk::<4>()?;
    let (code_length, rest) = rest.split_first_chunk::<8>()?;
    let known_length = usize::try_from(u32::from_le_bytes(*known_length)).ok()?;
    let code_length = usize::try_from(u64::from_le_bytes(*code_length)).ok()?;
    let known_end = HEAD_BYTES.checked_add(known_length)?;
    let code_end = known_end.checked_add(code_length)?;
    (rest.len() == known_length.checked_add(code_length)?)
        .then_some((HEAD_BYTES..known_end, known_end..code_end))
}

/// Deletes partial files that nobody is writing any more.
fn clear_partial(folder: &Path) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if !path.to_string_lossy().ends_with(PARTIAL) {
            continue;
        }
        if let Ok(file) = File::open(&path)
            && flock(&file, FlockOperation::NonBlockingLockExclusive).is_ok()
        {
            let _removed = fs::remove_file(&path);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
