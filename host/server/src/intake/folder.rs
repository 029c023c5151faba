//! Looking at the folder, and reading files of it: only regular files, only inside, only up to a bound.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use signalbox_domain::toml_file::TomlFile;

use super::settle::Identity;

/// The most entries of a folder that are looked at.
pub(super) const ENTRIES_MAX: usize = 10_000;

/// The most bytes that all policy files of a folder may have together, because what they say is kept in memory. One that
/// is too large to be read counts as the largest that is.
pub(super) const POLICY_BYTES_MAX: u64 = 16 << 20;

/// The largest policy file.
pub(super) const POLICY_FILE_BYTES_MAX: u64 = TomlFile::MAX_BYTES as u64;

/// A file of the folder that may concern intake.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Found {
    /// Where it really is, links followed.
    pub(super) path: PathBuf,
    pub(super) identity: Identity,
}

/// What the folder holds.
#[derive(Debug, Default)]
pub(super) struct Listing {
    /// Policies and components by file name.
    pub(super) files: BTreeMap<String, Found>,
    /// Files that cannot be taken, with the reason.
    pub(super) refused: BTreeMap<String, String>,
}

/// The folder cannot be looked at.
#[derive(Debug, thiserror::Error)]
pub(super) enum FolderError {
    #[error("cannot list the folder {}", path.display())]
    List { path: PathBuf, source: io::Error },
    #[error(
        "the folder {} has more than {ENTRIES_MAX} entries; move old versions elsewhere, they stay known",
        path.display()
    )]
    TooMany { path: PathBuf },
    #[error(
        "the policy files of {} have more than {POLICY_BYTES_MAX} bytes together; move old versions elsewhere, they stay \
         known",
        path.display()
    )]
    TooLarge { path: PathBuf },
}

/// A file cannot be read.
#[derive(Debug, thiserror::Error)]
pub(super) enum ReadError {
    #[error("{bytes} bytes are more than the {bytes_max} that are taken")]
    TooLarge { bytes: u64, bytes_max: u64 },
    /// Somebody is writing it: look again.
    #[error("the file changed while it was read")]
    Changed,
    #[error("cannot read {}", path.display())]
    Disk { path: PathBuf, source: io::Error },
}

/// Lists policies (`.toml`) and components (`.wasm`). Hidden files, folders and everything else are passed over.
///
/// # Errors
/// [`FolderError`].
pub(super) fn list(folder: &Path, links_outside: bool) -> Result<Listing, FolderError> {
    let failed = |source| FolderError::List {
        path: folder.to_owned(),
        source,
    };
    let root = fs::canonicalize(folder).map_err(failed)?;
    let mut listing = Listing::default();
    let mut policy_bytes: u64 = 0;
    for (count, entry) in fs::read_dir(&root).map_err(failed)?.enumerate() {
        if count >= ENTRIES_MAX {
            return Err(FolderError::TooMany {
                path: folder.to_owned(),
            });
        }
        let name = entry.map_err(failed)?.file_name();
        let Some(name) = name.to_str().filter(|name| concerns(name)) else {
            continue;
        };
        match look(&root, name, links_outside) {
            Ok(Some(found)) => {
                if name.ends_with(".toml") {
                    policy_bytes =
                        policy_bytes.saturating_add(found.identity.bytes.min(POLICY_FILE_BYTES_MAX));
                }
                listing.files.insert(name.to_owned(), found);
            }
            // Gone since it was listed, or a link whose target is not there yet.
            Ok(None) => {}
            Err(reason) => {
                listing.refused.insert(name.to_owned(), reason);
            }
        }
    }
    if policy_bytes > POLICY_BYTES_MAX {
        return Err(FolderError::TooLarge {
            path: folder.to_owned(),
        });
    }
    Ok(listing)
}

fn concerns(name: &str) -> bool {
    let ending = Path::new(name).extension().and_then(|ending| ending.to_str());
    !name.starts_with('.') && matches!(ending, Some("toml" | "wasm"))
}

/// Looks at one file by its path relative to the folder; `None` when it is not there.
///
/// # Errors
/// Why it cannot be taken.
pub(super) fn look_at(folder: &Path, name: &str, links_outside: bool) -> Result<Option<Found>, String> {
    match fs::canonicalize(folder) {
        Ok(root) => look(&root, name, links_outside),
        Err(_) => Ok(None),
    }
}

fn look(root: &Path, name: &str, links_outside: bool) -> Result<Option<Found>, String> {
    let path = match fs::canonicalize(root.join(name)) {
        Ok(path) => path,
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(e) => return Err(format!("cannot follow it: {e}")),
    };
    if !links_outside && !path.starts_with(root) {
        return Err(format!(
            "expected a file inside the folder, found a link to {}; copy the file, or set folders.links_outside = true",
            path.display()
        ));
    }
    match fs::metadata(&path) {
        Ok(metadata) if metadata.is_file() => Ok(Some(Found {
            identity: Identity::of(&metadata),
            path,
        })),
        Ok(_) => Err("expected a regular file, found something else".to_owned()),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(e) => Err(format!("cannot look at it: {e}")),
    }
}

/// Reads the file that was found, if it is still the same.
///
/// # Errors
/// [`ReadError`].
pub(super) fn read(found: &Found, bytes_max: u64) -> Result<Vec<u8>, ReadError> {
    let bytes = found.identity.bytes;
    if bytes > bytes_max {
        return Err(ReadError::TooLarge { bytes, bytes_max });
    }
    let disk = |source| ReadError::Disk {
        path: found.path.clone(),
        source,
    };
    let file = open(&found.path).map_err(disk)?;
    same(&file, found)
        .map_err(disk)?
        .then_some(())
        .ok_or(ReadError::Changed)?;
    let mut content = Vec::new();
    let mut reader = file.take(bytes.saturating_add(1));
    reader.read_to_end(&mut content).map_err(disk)?;
    let unchanged = same(reader.get_ref(), found).map_err(disk)?;
    let whole = u64::try_from(content.len()) == Ok(bytes);
    if unchanged && whole {
        Ok(content)
    } else {
        Err(ReadError::Changed)
    }
}

/// Opening a pipe that took the file's place must not wait for its writer.
fn open(path: &Path) -> io::Result<File> {
    let not_waiting = rustix::fs::OFlags::NONBLOCK.bits().cast_signed();
    OpenOptions::new().read(true).custom_flags(not_waiting).open(path)
}

fn same(file: &File, found: &Found) -> io::Result<bool> {
    let metadata = file.metadata()?;
    Ok(metadata.is_file() && Identity::of(&metadata) == found.identity)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    fn folder() -> tempfile::TempDir {
        tempfile::tempdir().unwrap()
    }

    fn names(listing: &Listing) -> Vec<&str> {
        listing.files.keys().map(String::as_str).collect()
    }

    #[test]
    fn only_policies_and_components_are_looked_at() {
        let folder = folder();
        for name in ["a.toml", "a.wasm", ".hidden.toml", "a.toml~", "a.txt", "toml"] {
            fs::write(folder.path().join(name), "x").unwrap();
        }
        fs::create_dir(folder.path().join("b.toml")).unwrap();
        let listing = list(folder.path(), false).unwrap();
        assert_eq!(names(&listing), ["a.toml", "a.wasm"]);
        assert!(listing.refused["b.toml"].contains("regular file"));
    }

    #[test]
    fn links_are_followed_inside_the_folder_only_unless_allowed() {
        let (inside, outside) = (folder(), folder());
        fs::write(outside.path().join("a.toml"), "x").unwrap();
        symlink(outside.path().join("a.toml"), inside.path().join("a.toml")).unwrap();
        fs::create_dir(inside.path().join("..2026")).unwrap();
        fs::write(inside.path().join("..2026/b.toml"), "x").unwrap();
        symlink("..2026", inside.path().join("..data")).unwrap();
        symlink("..data/b.toml", inside.path().join("b.toml")).unwrap();
        symlink("nowhere", inside.path().join("c.toml")).unwrap();

        let strict = list(inside.path(), false).unwrap();
        assert_eq!(names(&strict), ["b.toml"]);
        assert!(strict.refused["a.toml"].contains("links_outside"));
        assert_eq!(names(&list(inside.path(), true).unwrap()), ["a.toml", "b.toml"]);
    }

    #[test]
    fn a_linked_folder_is_the_folder_that_it_links_to() {
        let (real, other) = (folder(), folder());
        fs::write(real.path().join("a.toml"), "x").unwrap();
        let link = other.path().join("policies");
        symlink(real.path(), &link).unwrap();
        assert_eq!(names(&list(&link, false).unwrap()), ["a.toml"]);
    }

    fn found(folder: &Path, name: &str) -> Found {
        list(folder, false).unwrap().files.remove(name).unwrap()
    }

    #[test]
    fn a_file_above_the_bound_is_refused_by_its_size_alone() {
        let folder = folder();
        let path = folder.path().join("a.wasm");
        // A sparse file: reading it would take its 100 MB.
        File::create(&path).unwrap().set_len(100 << 20).unwrap();
        let refused = read(&found(folder.path(), "a.wasm"), 8 << 20);
        assert!(matches!(
            refused,
            Err(ReadError::TooLarge { bytes, .. }) if bytes == 100 << 20
        ));
    }

    #[test]
    fn a_file_that_changed_since_it_was_found_is_not_read() {
        let folder = folder();
        let path = folder.path().join("a.toml");
        fs::write(&path, "one").unwrap();
        let before = found(folder.path(), "a.toml");
        fs::write(&path, "longer").unwrap();
        assert!(matches!(read(&before, 100), Err(ReadError::Changed)));
        assert_eq!(read(&found(folder.path(), "a.toml"), 100).unwrap(), b"longer");
    }

    #[test]
    fn a_folder_that_is_not_there_is_an_error_that_names_it() {
        let folder = folder();
        let gone = folder.path().join("gone");
        let problem = list(&gone, false).unwrap_err().to_string();
        assert!(problem.contains("gone"), "{problem}");
    }
}
