//! From bytes to a policy that can decide.

use std::sync::Arc;

use signalbox_domain::Digest;
use signalbox_domain::events::{Admission, PolicyVersion};
use signalbox_domain::policy_file::{PolicyFile, PolicyFileError};
use signalbox_domain::toml_file::TomlFile;
use signalbox_ledger::{ArtifactError, ArtifactStore};
use signalbox_sandbox::{Limits, LoadWhen, Policy, PrepareError, PrepareRequest, Sandbox};

use crate::snapshot::LivePolicy;

/// Why a version that was admitted before cannot be made ready now.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// Its artifacts cannot be fetched.
    #[error("its artifacts cannot be fetched")]
    Artifact(#[source] ArtifactError),
    /// Its policy file cannot be read by this host.
    #[error("this host cannot read its policy file; use the host version that admitted it")]
    PolicyFile(#[source] Box<PolicyFileError>),
    /// Its policy file is no text.
    #[error("its policy file is no UTF-8")]
    NotText,
    /// What is in the artifact store is another version than was admitted.
    #[error(
        "expected {version} with digest {expected}, found {found}; use the host version that admitted it"
    )]
    OtherVersion {
        /// The version.
        version: PolicyVersion,
        /// The digest that was admitted.
        expected: Digest,
        /// The digest that this host computes.
        found: Digest,
    },
    /// The sandbox cannot prepare it.
    #[error("the sandbox cannot prepare it")]
    Prepare(#[source] PrepareError),
    /// The host is shutting down.
    #[error("the host is shutting down")]
    Stopped,
}

/// Makes versions ready that were admitted before, from the artifact store alone: the watched folder may be empty.
#[derive(Clone)]
pub struct Loader {
    sandbox: Sandbox,
    store: ArtifactStore,
    component_bytes_max: u64,
}

impl Loader {
    /// Puts the parts together. `component_bytes_max` bounds what is read.
    pub fn new(sandbox: Sandbox, store: ArtifactStore, component_bytes_max: usize) -> Loader {
        let component_bytes_max = u64::try_from(component_bytes_max).unwrap_or(u64::MAX);
        Loader {
            sandbox,
            store,
            component_bytes_max,
        }
    }

    /// The sandbox.
    pub fn sandbox(&self) -> &Sandbox {
        &self.sandbox
    }

    /// The artifact store. Blocks on the disk.
    pub fn store(&self) -> &ArtifactStore {
        &self.store
    }

    /// The largest component, in bytes.
    pub fn component_bytes_max(&self) -> u64 {
        self.component_bytes_max
    }

    /// Makes an admitted version ready.
    ///
    /// # Errors
    /// [`LoadError`].
    pub async fn load(&self, admission: &Admission) -> Result<Arc<LivePolicy>, LoadError> {
        let (file, component) = self.fetch(admission).await?;
        let file = Arc::new(file);
        let component_digest = admission.plugin.digest;
        let found = file.digest(component_digest);
        if found != admission.digest || file.version != admission.version {
            return Err(LoadError::OtherVersion {
                version: admission.version.clone(),
                expected: admission.digest,
                found,
            });
        }
        let policy = prepare(&self.sandbox, &file, component, component_digest)
            .await
            .map_err(LoadError::Prepare)?;
        Ok(Arc::new(LivePolicy {
            version: admission.version.clone(),
            domain: admission.domain,
            digest: admission.digest,
            plugin: admission.plugin.clone(),
            policy_file: file,
            policy,
        }))
    }

    async fn fetch(&self, admission: &Admission) -> Result<(PolicyFile, Arc<[u8]>), LoadError> {
        let store = self.store.clone();
        let (file_digest, component_digest) = (admission.file_digest, admission.plugin.digest);
        let component_bytes_max = self.component_bytes_max;
        let policy_bytes_max = u64::try_from(TomlFile::MAX_BYTES).unwrap_or(u64::MAX);
        let name = admission.file.clone();
        let fetched = tokio::task::spawn_blocking(move || {
            let text = store
                .get(&file_digest, policy_bytes_max)
                .map_err(LoadError::Artifact)?;
            let text = String::from_utf8(text).map_err(|_| LoadError::NotText)?;
            let file = PolicyFile::parse(&name, &text).map_err(LoadError::PolicyFile)?;
            let component = store
                .get(&component_digest, component_bytes_max)
                .map_err(LoadError::Artifact)?;
            Ok((file, Arc::from(component)))
        });
        fetched.await.map_err(|_| LoadError::Stopped)?
    }
}

/// Compiles and configures a component for a policy file.
///
/// # Errors
/// [`PrepareError`].
pub async fn prepare(
    sandbox: &Sandbox,
    file: &PolicyFile,
    component: Arc<[u8]>,
    component_digest: Digest,
) -> Result<Policy, PrepareError> {
    let request = PrepareRequest {
        component,
        component_digest,
        parameters_json: file.parameters_json(),
        limits: limits(file),
        load: LoadWhen::Now,
    };
    sandbox.prepare(request).await
}

/// The sandbox's limits: what an author may set, and the host's defaults for the rest.
fn limits(file: &PolicyFile) -> Limits {
    let written = &file.limits;
    Limits {
        fuel: written.fuel,
        memory_bytes: u64::from(written.memory_mib) << 20,
        // Bounded to 8 MiB by the policy file.
        output_bytes: written.output_kib.saturating_mul(1 << 10),
        log_lines: written.log_lines,
        ..Limits::default()
    }
}
