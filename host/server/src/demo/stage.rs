//! The demo's own host and watched folder, in a temporary place.

use std::fs;
use std::path::{Path, PathBuf};

use semver::Version;
use signalbox_plugins::BundledPlugin;
use tempfile::TempDir;

use super::error::DemoError;

/// Folders of one demo; gone when it is dropped, unless they are kept.
pub struct Stage {
    folder: Folder,
    policies: PathBuf,
}

enum Folder {
    Temporary(TempDir),
    Kept(PathBuf),
}

/// The cost book of the demo's routing scope: finance prices a late day at more than three times the default, and the first version of the
/// policy still weighs it as before.
pub const COST_BOOK: &str = "name = \"demo\"\nversion = \"1.0.0\"\n\n[routing]\nlate_day_minor = 1_000\n";

/// Where it lies.
const COST_BOOK_FILE: &str = "cost-book.toml";

/// A policy version that a user has at hand: its TOML and the component that it names.
#[derive(Clone, Debug)]
pub struct PolicyPair {
    /// The policy's name.
    pub name: String,
    /// Its version.
    pub version: Version,
    /// The TOML's file name and text.
    pub toml: (String, String),
    /// The component's file name and bytes.
    pub component: (String, Vec<u8>),
}

impl Stage {
    /// Makes the folders.
    ///
    /// # Errors
    /// [`DemoError::Write`].
    pub fn new(keep: bool) -> Result<Stage, DemoError> {
        let built = tempfile::Builder::new().prefix("signalbox-demo-").tempdir();
        let temporary = built.map_err(|source| DemoError::Write {
            path: std::env::temp_dir(),
            source,
        })?;
        let folder = if keep {
            Folder::Kept(temporary.keep())
        } else {
            Folder::Temporary(temporary)
        };
        let root = match &folder {
            Folder::Temporary(folder) => folder.path(),
            Folder::Kept(folder) => folder,
        };
        let policies = root.join("policies");
        fs::create_dir(&policies).map_err(|source| DemoError::Write {
            path: policies.clone(),
            source,
        })?;
        let book = root.join(COST_BOOK_FILE);
        fs::write(&book, COST_BOOK).map_err(|source| DemoError::Write { path: book, source })?;
        Ok(Stage { folder, policies })
    }

    /// The folder that holds everything.
    pub fn root(&self) -> &Path {
        match &self.folder {
            Folder::Temporary(folder) => folder.path(),
            Folder::Kept(folder) => folder,
        }
    }

    /// Whether the folder stays.
    pub fn is_kept(&self) -> bool {
        matches!(self.folder, Folder::Kept(_))
    }

    /// The watched folder.
    pub fn policies(&self) -> &Path {
        &self.policies
    }

    /// Drops a policy into the watched folder, as `cp` would: the component first or last makes no difference to the
    /// host.
    ///
    /// # Errors
    /// [`DemoError::Write`].
    pub fn drop_pair(&self, pair: &PolicyPair) -> Result<(), DemoError> {
        self.write(&pair.component.0, &pair.component.1)?;
        self.write(&pair.toml.0, pair.toml.1.as_bytes())
    }

    fn write(&self, name: &str, bytes: &[u8]) -> Result<(), DemoError> {
        let path = self.policies.join(name);
        fs::write(&path, bytes).map_err(|source| DemoError::Write { path, source })
    }
}

/// The embedded policy of this name with its component.
///
/// # Errors
/// [`DemoError::NotEmbedded`].
pub fn embedded(name: &str) -> Result<PolicyPair, DemoError> {
    let missing = || DemoError::NotEmbedded(format!("policy {name}"));
    let plugin: &BundledPlugin = signalbox_plugins::get(name).ok_or_else(missing)?;
    let policies = signalbox_plugins::policies().iter();
    let mut found = policies.filter_map(|(file, text)| Some((*file, *text, version_in(file, name)?)));
    let (file, text, version) = found.next().ok_or_else(missing)?;
    Ok(PolicyPair {
        name: name.to_owned(),
        version,
        toml: (file.to_owned(), text.to_owned()),
        component: (plugin.file_name(), plugin.component.to_vec()),
    })
}

/// The version in the file name `NAME-VERSION.toml`.
fn version_in(file: &str, name: &str) -> Option<Version> {
    let version = file
        .strip_prefix(name)?
        .strip_prefix('-')?
        .strip_suffix(".toml")?;
    Version::parse(version).ok()
}

impl PolicyPair {
    /// The same policy as the next patch version, with a change to its TOML's text.
    pub fn next(&self, change: impl Fn(&str) -> String) -> PolicyPair {
        let version = Version::new(
            self.version.major,
            self.version.minor,
            self.version.patch.saturating_add(1),
        );
        let line = |version: &Version| format!("version = \"{version}\"");
        let text = self.toml.1.replacen(&line(&self.version), &line(&version), 1);
        PolicyPair {
            name: self.name.clone(),
            toml: (format!("{}-{version}.toml", self.name), change(&text)),
            version,
            component: self.component.clone(),
        }
    }

    /// The same policy as the next patch version, with a component that lost its second half on the way.
    pub fn torn(&self) -> PolicyPair {
        let file = format!("{}-torn.wasm", self.name);
        let mut torn = self.next(|text| text.replace(&self.component.0, &file));
        let half = torn.component.1.len() / 2;
        torn.component.1.truncate(half);
        torn.component.0 = file;
        torn
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_read_from_its_file_name() {
        assert_eq!(
            version_in("routing-nearest-1.2.3.toml", "routing-nearest"),
            Some(Version::new(1, 2, 3))
        );
        assert_eq!(
            version_in("routing-nearest-eu-1.2.3.toml", "routing-nearest"),
            None
        );
        assert_eq!(version_in("routing-balanced-1.0.0.toml", "routing-nearest"), None);
    }

    #[test]
    fn the_next_version_differs_in_version_and_change_alone() {
        let pair = PolicyPair {
            name: "p".into(),
            version: Version::new(1, 0, 9),
            toml: (
                "p-1.0.9.toml".into(),
                "version = \"1.0.9\"\nfile = \"p.wasm\"\n".into(),
            ),
            component: ("p.wasm".into(), vec![1, 2, 3, 4]),
        };
        let torn = pair.torn();
        assert_eq!(
            torn.toml,
            (
                "p-1.0.10.toml".into(),
                "version = \"1.0.10\"\nfile = \"p-torn.wasm\"\n".into()
            )
        );
        assert_eq!(torn.component, ("p-torn.wasm".into(), vec![1, 2]));
    }

    #[test]
    fn a_stage_cleans_up_after_itself_unless_it_is_kept() {
        let stage = Stage::new(false).unwrap();
        let root = stage.root().to_owned();
        assert!(stage.policies().is_dir());
        drop(stage);
        assert!(!root.exists());
        let kept = Stage::new(true).unwrap();
        let root = kept.root().to_owned();
        drop(kept);
        assert!(root.is_dir());
        fs::remove_dir_all(root).unwrap();
    }
}
