//! Where the private key lies: one PKCS #8 PEM file, which `openssl pkey` reads too, in a folder that only the host's
//! user can enter.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use ed25519_dalek::pkcs8::spki::der::pem::LineEnding;
use ed25519_dalek::pkcs8::{DecodePrivateKey, EncodePrivateKey};
use signalbox_domain::Digest;

use super::key::SigningKey;

/// A key file of this kind has about 120 bytes.
const FILE_BYTES_MAX: u64 = 4_096;

/// The signing key cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// Others can read or replace it, and sign in the host's name.
    #[error(
        "{} may be used by others than its owner (mode {mode:04o}), who could sign in this host's name; if nobody else \
         can have read it, run `chmod {expected:o} {}`, else put another key in its place",
        path.display(),
        path.display()
    )]
    Exposed {
        /// The file or its folder.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
        /// The ones that it should have.
        expected: u32,
    },
    /// It belongs to somebody else, who can change it at any time.
    #[error(
        "{} belongs to user {user}, this process runs as user {expected}; run `chown {expected} {}`, or start as user \
         {user}",
        path.display(),
        path.display()
    )]
    Owner {
        /// The file or its folder.
        path: PathBuf,
        /// Whose it is.
        user: u32,
        /// Who runs this process.
        expected: u32,
    },
    /// The file holds no key.
    #[error("{} is no Ed25519 key in PKCS #8 PEM form: {problem}; restore it from a backup", path.display())]
    NotAKey {
        /// The file.
        path: PathBuf,
        /// Why.
        problem: String,
    },
    /// The ledger is signed, and the file is not there.
    #[error(
        "{} is missing, with which key {key} signs this ledger; restore it from a backup, or, if it is lost for good, \
         begin with a new key, which the ledger then shows as not handed over",
        path.display()
    )]
    Missing {
        /// The file.
        path: PathBuf,
        /// The key that signs the ledger.
        key: Digest,
    },
    /// The file holds the key of another ledger.
    #[error("{} holds key {found}, this ledger is signed by key {expected}; restore the file that belongs to it", path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
        /// The key that signs the ledger.
        expected: Digest,
        /// The key in the file.
        found: Digest,
    },
    /// It cannot be read or made.
    #[error("cannot {action} {}", path.display())]
    Disk {
        /// What was tried.
        action: &'static str,
        /// On what.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The machine gives no random bytes.
    #[error("the machine gives no random bytes for a key: {0}")]
    Random(String),
}

/// The file of the key that signs now, and beside it the one that is to sign next while keys change.
#[derive(Clone, Debug)]
pub struct KeyFile {
    path: PathBuf,
}

impl KeyFile {
    /// The key file at `path`, which need not be there yet. It belongs into a folder of its own.
    pub fn new(path: impl Into<PathBuf>) -> KeyFile {
        KeyFile { path: path.into() }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The key, checked to be nobody else's; made when there is none yet. For keys that nothing is bound to before they
    /// exist: the journal's own is looked up by what its entries name.
    ///
    /// # Errors
    /// [`KeyError`] when others may use it, or it cannot be read or made.
    pub fn present_or_new(&self) -> Result<SigningKey, KeyError> {
        if let Some(key) = self.present()? {
            return Ok(key);
        }
        let key = self.stage()?;
        self.promote_next()?;
        Ok(key)
    }

    /// The key, checked to be nobody else's; `None` when there is none.
    pub(super) fn present(&self) -> Result<Option<SigningKey>, KeyError> {
        read(&self.path)
    }

    /// The key that was to sign next when the process ended; `None` when no change of keys was under way.
    pub(super) fn next(&self) -> Result<Option<SigningKey>, KeyError> {
        read(&self.next_path())
    }

    /// Makes a key, and keeps it as the one that is to sign next.
    pub(super) fn stage(&self) -> Result<SigningKey, KeyError> {
        let folder = self.folder();
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(folder)
            .map_err(disk("create", folder))?;
        check_private(
            folder,
            &fs::metadata(folder).map_err(disk("look at", folder))?,
            0o700,
        )?;
        self.discard_next()?;
        let mut seed = [0; 32];
        getrandom::fill(&mut seed).map_err(|error| KeyError::Random(error.to_string()))?;
        let key = SigningKey::from_seed(&seed);
        let path = self.next_path();
        let pem = key
            .0
            .to_pkcs8_pem(LineEnding::LF)
            .map_err(|error| KeyError::NotAKey {
                path: path.clone(),
                problem: error.to_string(),
            })?;
        // Complete before it has its name: a process that is killed here leaves no half key that the next start finds.
        let making = self.beside(".making");
        remove(&making)?;
        OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&making)
            .and_then(|mut file| {
                file.write_all(pem.as_bytes())?;
                file.sync_all()
            })
            .map_err(disk("write", &making))?;
        fs::rename(&making, &path).map_err(disk("write", &path))?;
        self.sync_folder()?;
        Ok(key)
    }

    /// The staged key is the one that signs now; the private half of the one before is gone.
    pub(super) fn promote_next(&self) -> Result<(), KeyError> {
        fs::rename(self.next_path(), &self.path).map_err(disk("replace", &self.path))?;
        self.sync_folder()
    }

    /// Forgets a staged key that never signed.
    pub(super) fn discard_next(&self) -> Result<(), KeyError> {
        remove(&self.next_path())
    }

    fn next_path(&self) -> PathBuf {
        self.beside(".next")
    }

    fn beside(&self, ending: &str) -> PathBuf {
        let mut name = self.path.clone().into_os_string();
        name.push(ending);
        name.into()
    }

    fn folder(&self) -> &Path {
        match self.path.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => Path::new("."),
        }
    }

    fn sync_folder(&self) -> Result<(), KeyError> {
        let folder = self.folder();
        File::open(folder)
            .and_then(|handle| handle.sync_all())
            .map_err(disk("sync", folder))
    }
}

fn remove(path: &Path) -> Result<(), KeyError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(disk("remove", path)(error)),
        _ => Ok(()),
    }
}

fn read(path: &Path) -> Result<Option<SigningKey>, KeyError> {
    let file = match File::open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        opened => opened.map_err(disk("open", path))?,
    };
    // Of the opened file, not of the name: that could be another one by now.
    check_private(path, &file.metadata().map_err(disk("look at", path))?, 0o600)?;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new("."));
    check_private(
        folder,
        &fs::metadata(folder).map_err(disk("look at", folder))?,
        0o700,
    )?;
    parse(path, file).map(Some)
}

/// The key in an opened file that is its owner's alone; the folder that it lies in may be anything.
pub fn key_of_file(path: &Path, file: File) -> Result<SigningKey, KeyError> {
    check_private(path, &file.metadata().map_err(disk("look at", path))?, 0o600)?;
    parse(path, file)
}

fn parse(path: &Path, file: File) -> Result<SigningKey, KeyError> {
    let mut pem = String::new();
    file.take(FILE_BYTES_MAX)
        .read_to_string(&mut pem)
        .map_err(disk("read", path))?;
    let key = ed25519_dalek::SigningKey::from_pkcs8_pem(&pem).map_err(|error| KeyError::NotAKey {
        path: path.to_owned(),
        problem: error.to_string(),
    })?;
    Ok(SigningKey(key))
}

fn check_private(path: &Path, metadata: &fs::Metadata, expected: u32) -> Result<(), KeyError> {
    let mode = metadata.mode() & 0o7777;
    if mode & 0o077 != 0 {
        return Err(KeyError::Exposed {
            path: path.to_owned(),
            mode,
            expected,
        });
    }
    let process = rustix::process::geteuid().as_raw();
    if metadata.uid() != process {
        return Err(KeyError::Owner {
            path: path.to_owned(),
            user: metadata.uid(),
            expected: process,
        });
    }
    Ok(())
}

fn disk(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> KeyError {
    let path = path.to_owned();
    move |source| KeyError::Disk { action, path, source }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn made() -> (tempfile::TempDir, KeyFile) {
        let home = tempfile::tempdir().unwrap();
        let file = KeyFile::new(home.path().join("secret/ledger.key"));
        file.stage().unwrap();
        file.promote_next().unwrap();
        (home, file)
    }

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().mode() & 0o7777
    }

    #[test]
    fn a_new_key_is_for_its_owner_alone_and_comes_back() {
        let (_home, file) = made();
        assert_eq!((mode(file.path()), mode(file.folder())), (0o600, 0o700));
        let first = file.present().unwrap().unwrap().public();
        assert_eq!(file.present().unwrap().unwrap().public(), first);
        assert!(file.next().unwrap().is_none());
    }

    #[test]
    fn a_key_that_others_may_read_is_refused_with_the_command_that_mends_it() {
        let (_home, file) = made();
        fs::set_permissions(file.path(), fs::Permissions::from_mode(0o640)).unwrap();
        let refused = file.present().unwrap_err().to_string();
        let command = format!("`chmod 600 {}`", file.path().display());
        assert!(
            refused.contains(&command) && refused.contains("0640"),
            "{refused}"
        );
        fs::set_permissions(file.path(), fs::Permissions::from_mode(0o600)).unwrap();
        fs::set_permissions(file.folder(), fs::Permissions::from_mode(0o755)).unwrap();
        let refused = file.present().unwrap_err().to_string();
        let command = format!("`chmod 700 {}`", file.folder().display());
        assert!(refused.contains(&command), "{refused}");
    }

    #[test]
    fn a_file_that_holds_no_key_is_refused() {
        let (_home, file) = made();
        fs::write(file.path(), "-----BEGIN PRIVATE KEY-----\n").unwrap();
        assert!(matches!(file.present(), Err(KeyError::NotAKey { .. })));
    }

    #[test]
    fn a_key_is_never_shown() {
        let (_home, file) = made();
        let key = file.present().unwrap().unwrap();
        assert_eq!(format!("{key:?}"), format!("SigningKey({})", key.public().id()));
    }
}
