//! The secret that entries are authenticated with.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

const SECRET_BYTES: usize = 32;

/// Why the secret cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// Whoever can write entries could also authenticate them.
    #[error("expected the secret outside the cache folder, found {file}: move it", file = .0.display())]
    InsideCache(PathBuf),
    /// Others can read or replace it.
    #[error(
        "expected {path} to belong to this user with mode {expected:o}, found user {user} and mode {mode:o}: correct it, or delete the \
         secret (policies are then compiled again)", path = path.display()
    )]
    Exposed {
        /// The file or its folder.
        path: PathBuf,
        /// The mode that it should have.
        expected: u32,
        /// The mode that it has.
        mode: u32,
        /// The user that it belongs to.
        user: u32,
    },
    /// Not a secret that a host wrote.
    #[error("expected {SECRET_BYTES} bytes in {file}, found {found}: delete it (policies are then compiled again)", file = file.display())]
    Length {
        /// The file.
        file: PathBuf,
        /// Its length, in bytes.
        found: usize,
    },
    /// It cannot be read or made.
    #[error("{what} {path}", path = path.display())]
    Io {
        /// What was tried.
        what: &'static str,
        /// On what.
        path: PathBuf,
        /// Why it failed.
        #[source]
        source: io::Error,
    },
    /// The machine gives no random bytes.
    #[error("no random bytes: {0}")]
    Random(String),
}

pub(super) struct Secret([u8; SECRET_BYTES]);

impl Secret {
    /// Reads the secret, or makes one where there is none.
    pub(super) fn open(file: &Path, cache_folder: &Path) -> Result<Secret, SecretError> {
        let folder = file.parent().unwrap_or(Path::new("."));
        let at = |what, path: &Path| {
            let path = path.to_owned();
            move |source| SecretError::Io { what, path, source }
        };
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(folder)
            .map_err(at("cannot make the folder", folder))?;
        let real_folder = folder
            .canonicalize()
            .map_err(at("cannot find the folder", folder))?;
        let real_cache = cache_folder
            .canonicalize()
            .map_err(at("cannot find the folder", cache_folder))?;
        if real_folder.starts_with(real_cache) {
            return Err(SecretError::InsideCache(file.to_owned()));
        }
        check_private(folder, 0o700)?;
        if !file.exists() {
            make(file)?;
        }
        check_private(file, 0o600)?;
        let mut bytes = Vec::new();
        File::open(file)
            .and_then(|opened| opened.take(SECRET_BYTES as u64 + 1).read_to_end(&mut bytes))
            .map_err(at("cannot read", file))?;
        let found = bytes.len();
        bytes.try_into().map(Secret).map_err(|_| SecretError::Length {
            file: file.to_owned(),
            found,
        })
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.0
    }
}

/// Writes a new secret beside and links it into place, so that of two hosts that start at once both use the same one.
fn make(file: &Path) -> Result<(), SecretError> {
    let mut bytes = [0; SECRET_BYTES];
    getrandom::fill(&mut bytes).map_err(|error| SecretError::Random(error.to_string()))?;
    let beside = file.with_extension(format!("new-{}", std::process::id()));
    let failed = |what| {
        let path = beside.clone();
        move |source| SecretError::Io { what, path, source }
    };
    let _left_over = fs::remove_file(&beside);
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&beside)
        .and_then(|mut opened| opened.write_all(&bytes).and_then(|()| opened.sync_all()))
        .map_err(failed("cannot write"))?;
    let linked = fs::hard_link(&beside, file);
    let _removed = fs::remove_file(&beside);
    match linked {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
            Err(failed("cannot put in its place")(error))
        }
        _ => Ok(()),
    }
}

fn check_private(path: &Path, expected: u32) -> Result<(), SecretError> {
    let metadata = fs::metadata(path).map_err(|source| SecretError::Io {
        what: "cannot look at",
        path: path.to_owned(),
        source,
    })?;
    let mode = metadata.mode() & 0o777;
    if mode & !expected != 0 || metadata.uid() != rustix::process::geteuid().as_raw() {
        return Err(SecretError::Exposed {
            path: path.to_owned(),
            expected,
            mode,
            user: metadata.uid(),
        });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn the_secret_is_made_once_private_and_stays_the_same() {
        let home = tempfile::tempdir().unwrap();
        let (cache, file) = (home.path().join("cache"), home.path().join("keys/cache.key"));
        fs::create_dir(&cache).unwrap();
        let first = Secret::open(&file, &cache).unwrap();
        assert_eq!(fs::metadata(&file).unwrap().mode() & 0o777, 0o600);
        assert_eq!(
            fs::metadata(home.path().join("keys")).unwrap().mode() & 0o777,
            0o700
        );
        assert_eq!(first.bytes(), Secret::open(&file, &cache).unwrap().bytes());
        assert_ne!(first.bytes(), [0; SECRET_BYTES]);
    }

    #[test]
    fn a_secret_that_others_can_read_or_that_lies_among_the_entries_is_refused() {
        let home = tempfile::tempdir().unwrap();
        let (cache, file) = (home.path().join("cache"), home.path().join("keys/cache.key"));
        fs::create_dir(&cache).unwrap();
        Secret::open(&file, &cache).unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).unwrap();
        assert!(matches!(
            Secret::open(&file, &cache),
            Err(SecretError::Exposed { mode: 0o640, .. })
        ));
        fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
        fs::write(&file, b"short").unwrap();
        assert!(matches!(
            Secret::open(&file, &cache),
            Err(SecretError::Length { found: 5, .. })
        ));
        let inside = cache.join("keys/cache.key");
        assert!(matches!(
            Secret::open(&inside, &cache),
            Err(SecretError::InsideCache(_))
        ));
    }
}
