//! An approver's own key: a file that only they may read. The host never sees it.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use ed25519_dalek::pkcs8::EncodePrivateKey;
use ed25519_dalek::pkcs8::spki::der::pem::LineEnding;

use crate::journal::{KeyError, PublicKey, SigningKey, key_of_file};

/// Makes a key and writes it to a new file, which only its owner may read (PKCS #8 PEM).
///
/// # Errors
/// [`KeyError::Disk`], also when the file is there already: a key is never overwritten.
pub fn new_key(path: &Path) -> Result<PublicKey, KeyError> {
    let mut seed = [0; 32];
    getrandom::fill(&mut seed).map_err(|error| KeyError::Random(error.to_string()))?;
    let key = SigningKey::from_seed(&seed);
    let pem = key.0.to_pkcs8_pem(LineEnding::LF);
    let pem = pem.map_err(|error| KeyError::NotAKey {
        path: path.to_owned(),
        problem: error.to_string(),
    })?;
    let written = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
        .and_then(|mut file| {
            file.write_all(pem.as_bytes())?;
            file.sync_all()
        });
    written.map_err(|source| KeyError::Disk {
        action: "make",
        path: path.to_owned(),
        source,
    })?;
    Ok(key.public())
}

/// The key in a file that only its owner may read.
///
/// # Errors
/// [`KeyError`] when it is not there, others may read it, or it is none.
pub fn read_key(path: &Path) -> Result<SigningKey, KeyError> {
    let file = File::open(path).map_err(|source| KeyError::Disk {
        action: "open",
        path: path.to_owned(),
        source,
    })?;
    key_of_file(path, file)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{MetadataExt, PermissionsExt};

    use super::*;

    #[test]
    fn a_key_is_for_its_owner_and_is_never_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("fay.key");
        let public = new_key(&path).unwrap();
        assert_eq!(path.metadata().unwrap().mode() & 0o777, 0o600);
        assert_eq!(read_key(&path).unwrap().public(), public);
        assert!(matches!(new_key(&path), Err(KeyError::Disk { .. })));
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
        assert!(matches!(read_key(&path), Err(KeyError::Exposed { .. })));
    }
}
