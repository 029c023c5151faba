//! Where the component of a policy comes from.

use std::fmt;
use std::sync::Arc;

use semver::Version;
use signalbox_domain::Digest;
use signalbox_domain::policy_file::{PluginChoice, PolicyFile};

use super::folder::Found;
use crate::snapshot::{Snapshot, VersionRecord};

/// Plugins that came with the binary, by the file name that policies call them, such as `routing-nearest-1.0.0.wasm`.
#[derive(Clone, Default)]
pub struct Bundled {
    get: Option<Arc<GetComponent>>,
}

type GetComponent = dyn Fn(&str) -> Option<Arc<[u8]>> + Send + Sync;

impl Bundled {
    /// Components that `get` finds by file name.
    pub fn new(get: impl Fn(&str) -> Option<Arc<[u8]>> + Send + Sync + 'static) -> Bundled {
        Bundled {
            get: Some(Arc::new(get)),
        }
    }

    pub(crate) fn get(&self, file: &str) -> Option<Arc<[u8]>> {
        self.get.as_ref().and_then(|get| get(file))
    }
}

impl fmt::Debug for Bundled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bundled")
            .field("any", &self.get.is_some())
            .finish()
    }
}

/// Where a component's bytes are.
#[derive(Clone)]
pub(super) enum Source {
    /// In the watched folder, as it looked when its digest was taken.
    Folder(Found),
    /// In the artifact store: a version with it was admitted before, or the policy names its digest.
    Store,
    /// In the binary.
    Bundled(Arc<[u8]>),
}

/// A component whose digest is known.
#[derive(Clone)]
pub(super) struct Component {
    pub(super) digest: Digest,
    pub(super) source: Source,
}

/// The file in which a policy's component is expected, relative to the folder of the policy file.
pub(crate) fn file_name(choice: &PluginChoice) -> String {
    match choice {
        PluginChoice::Named { name, version } => format!("{name}-{version}.wasm"),
        PluginChoice::File { file } => file.clone(),
    }
}

/// A component that is not in the folder: the one that this very version was admitted with, one that the host knows by
/// digest or by name and version, or one that came with the binary.
pub(super) fn elsewhere(file: &PolicyFile, snapshot: &Snapshot, bundled: &Bundled) -> Option<Component> {
    let admitted = snapshot
        .versions
        .iter()
        .filter_map(|record| Some((record, record.plugin.as_ref()?)));
    let same_version = |record: &VersionRecord| record.version.as_ref() == Some(&file.version);
    let known = admitted
        .clone()
        .find(|(record, _)| same_version(record))
        .or_else(|| {
            admitted
                .clone()
                .find(|(_, plugin)| Some(plugin.digest) == file.plugin_digest)
        })
        .map(|(_, plugin)| plugin.digest);
    let by_name = || match &file.plugin {
        PluginChoice::Named { name, version } => bound(snapshot, name, version),
        PluginChoice::File { .. } => None,
    };
    if let Some(digest) = known.or_else(by_name) {
        return Some(Component {
            digest,
            source: Source::Store,
        });
    }
    let bytes = bundled.get(&file_name(&file.plugin))?;
    Some(Component {
        digest: Digest::of(&bytes),
        source: Source::Bundled(bytes),
    })
}

/// The digest that a plugin's name and version are bound to.
pub(super) fn bound(snapshot: &Snapshot, name: &str, version: &Version) -> Option<Digest> {
    let mut plugins = snapshot
        .versions
        .iter()
        .filter_map(|record| record.plugin.as_ref());
    plugins
        .find(|plugin| plugin.name == name && plugin.version == *version)
        .map(|plugin| plugin.digest)
}
