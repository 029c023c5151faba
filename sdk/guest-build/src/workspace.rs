//! The workspace that guests belong to, read with `cargo metadata`.

use std::path::{Path, PathBuf};

use cargo_metadata::{CrateType, MetadataCommand};

use crate::GuestBuildError;

/// A crate that is built into a component: a workspace member whose library is a `cdylib`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Guest {
    /// The package's name, which is the plugin's.
    pub name: String,
    /// The package's semantic version, which is the plugin's.
    pub version: String,
    pub(crate) manifest: PathBuf,
}

/// A cargo workspace with guests among its members.
#[derive(Debug, Clone)]
pub struct Workspace {
    /// The folder of the root manifest.
    pub root: PathBuf,
    /// The folder for what the nested build makes, `<workspace target>/guests`. It may be set to another.
    pub guest_target: PathBuf,
    guests: Vec<Guest>,
    manifests: Vec<PathBuf>,
}

impl Workspace {
    /// Reads the workspace that the package in the folder `package` belongs to.
    ///
    /// # Errors
    /// [`GuestBuildError::Metadata`] if cargo finds no valid workspace there.
    pub fn open(package: &Path) -> Result<Self, GuestBuildError> {
        let read = MetadataCommand::new().current_dir(package).no_deps().exec();
        let metadata = read.map_err(|source| GuestBuildError::Metadata {
            folder: package.to_owned(),
            source: Box::new(source),
        })?;
        let is_guest = |package: &&cargo_metadata::Package| {
            package
                .targets
                .iter()
                .any(|target| target.crate_types.contains(&CrateType::CDyLib) && !target.is_example())
        };
        let mut guests: Vec<Guest> = metadata
            .packages
            .iter()
            .filter(is_guest)
            .map(|package| Guest {
                name: package.name.to_string(),
                version: package.version.to_string(),
                manifest: package.manifest_path.clone().into(),
            })
            .collect();
        guests.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(Self {
            root: metadata.workspace_root.into(),
            guest_target: metadata.target_directory.join("guests").into(),
            guests,
            manifests: metadata
                .packages
                .into_iter()
                .map(|package| package.manifest_path.into())
                .collect(),
        })
    }

    /// The guests in `folder` (relative to the root) and below, by name.
    pub fn guests_under(&self, folder: impl AsRef<Path>) -> Vec<Guest> {
        let folder = self.root.join(folder);
        self.guests
            .iter()
            .filter(|guest| guest.manifest.starts_with(&folder))
            .cloned()
            .collect()
    }

    /// The manifests of all members: each may become a guest.
    pub(crate) fn manifests(&self) -> &[PathBuf] {
        &self.manifests
    }
}
