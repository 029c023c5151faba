//! Makes versions ready to decide without a host.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use signalbox_domain::Digest;
use signalbox_domain::events::{Admission, PluginRef, PolicyVersion, State};
use signalbox_domain::policy_file::PolicyFile;
use signalbox_domain::toml_file::TomlFile;
use signalbox_ledger::{ArtifactStore, Journal};
use signalbox_sandbox::Sandbox;

use super::error::BacktestError;
use crate::app::AppOptions;
use crate::config::{Config, FolderSettings};
use crate::error_text::chain;
use crate::intake::{Bundled, component_file};
use crate::ready::{Loader, prepare};
use crate::snapshot::LivePolicy;

/// A policy file, and the component that it runs where that is not beside it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FromFile {
    /// The TOML.
    pub file: PathBuf,
    /// The component; none for the one that the file names, beside it or that came with the binary.
    pub component: Option<PathBuf>,
}

/// Where versions are made ready. They may outlive it.
pub struct Workshop {
    sandbox: Sandbox,
    bundled: Bundled,
    component_bytes_max: usize,
}

impl Workshop {
    /// A sandbox of its own, for so many threads.
    ///
    /// # Errors
    /// [`BacktestError::NotReady`] when the machine cannot run one.
    pub fn new(config: &Config, threads: usize) -> Result<Workshop, BacktestError> {
        let failed = |error: &dyn std::error::Error| BacktestError::NotReady {
            what: "the sandbox".to_owned(),
            problem: chain(error),
        };
        let options = AppOptions::this_program().map_err(|error| failed(&error))?;
        let workers = u32::try_from(threads.saturating_add(1)).unwrap_or(u32::MAX);
        let mut settings = config.sandbox.clone();
        // Every thread decides in the background's name: none may wait for another.
        settings.background_max = settings.background_max.max(workers);
        let mut sandbox = settings.to_sandbox(
            &config.folders,
            options.compile_program,
            options.compile_arguments,
            workers,
        );
        // It writes nowhere but where it is told to.
        sandbox.cache = None;
        Ok(Workshop {
            sandbox: Sandbox::new(sandbox).map_err(|error| failed(&error))?,
            bundled: options.bundled,
            component_bytes_max: settings.component_bytes_max,
        })
    }

    /// A version from its policy file. Its self-tests are not run: `signalbox check` does that.
    ///
    /// # Errors
    /// [`BacktestError`] with what its author can act on.
    pub async fn load_file(&self, from: &FromFile) -> Result<Arc<LivePolicy>, BacktestError> {
        let (text, component) = self.parts(from)?;
        self.load_text(&text, &from.file.display().to_string(), component)
            .await
    }

    /// The text of a policy file, and the component that it runs.
    ///
    /// # Errors
    /// [`BacktestError`] with what its author can act on.
    pub fn parts(&self, from: &FromFile) -> Result<(String, Arc<[u8]>), BacktestError> {
        let text = fs::read_to_string(&from.file).map_err(unreadable(&from.file))?;
        let file = PolicyFile::parse(&from.file.display().to_string(), &text)?;
        let component = self.component(&file, from)?;
        Ok((text, component))
    }

    /// A version from the text of a policy file, which errors call `name`, and the component that it runs.
    ///
    /// # Errors
    /// [`BacktestError`] with what its author can act on.
    pub async fn load_text(
        &self,
        text: &str,
        name: &str,
        component: Arc<[u8]>,
    ) -> Result<Arc<LivePolicy>, BacktestError> {
        let file = Arc::new(PolicyFile::parse(name, text)?);
        let digest = Digest::of(&component);
        if let Some(expected) = file.plugin_digest.filter(|expected| *expected != digest) {
            return Err(file
                .problem("policy.plugin.digest", expected.to_string(), digest.to_string())
                .into());
        }
        let policy = prepare(&self.sandbox, &file, component, digest).await;
        let policy = policy.map_err(|error| BacktestError::NotReady {
            what: name.to_owned(),
            problem: chain(&error),
        })?;
        let description = policy.description();
        if policy.domain() != file.domain {
            let found = format!("a plugin that decides {}", policy.domain());
            return Err(file
                .problem("policy.domain", file.domain.to_string(), found)
                .into());
        }
        let plugin = PluginRef {
            name: description.name.clone(),
            version: description.version.clone(),
            digest,
        };
        Ok(Arc::new(LivePolicy {
            version: file.version.clone(),
            domain: file.domain,
            digest: file.digest(digest),
            plugin,
            policy_file: file,
            policy,
        }))
    }

    fn component(&self, file: &PolicyFile, from: &FromFile) -> Result<Arc<[u8]>, BacktestError> {
        let named = component_file(&file.plugin);
        let path = match &from.component {
            Some(path) => path.clone(),
            None => from.file.parent().unwrap_or(Path::new("")).join(&named),
        };
        match fs::metadata(&path) {
            Ok(known) if known.len() > self.component_bytes_max as u64 => Err(BacktestError::NotReady {
                what: path.display().to_string(),
                problem: format!(
                    "expected at most {} bytes, found {}",
                    self.component_bytes_max,
                    known.len()
                ),
            }),
            Ok(_) => Ok(Arc::from(fs::read(&path).map_err(unreadable(&path))?)),
            Err(problem) if problem.kind() == io::ErrorKind::NotFound && from.component.is_none() => {
                self.bundled.get(&named).ok_or_else(|| unreadable(&path)(problem))
            }
            Err(problem) => Err(unreadable(&path)(problem)),
        }
    }

    /// A version that a host admitted, from its data folder alone; the host may be running.
    ///
    /// # Errors
    /// [`BacktestError::NotReady`] when the host never admitted it or it cannot be used any more.
    pub async fn admitted(
        &self,
        folders: &FolderSettings,
        version: &PolicyVersion,
    ) -> Result<Arc<LivePolicy>, BacktestError> {
        let (admission, store) = admission(folders, version)?;
        let loader = Loader::new(self.sandbox.clone(), store, self.component_bytes_max);
        let loaded = loader.load(&admission).await;
        loaded.map_err(|error| not_ready(version, chain(&error)))
    }

    /// The policy file's text and the component of a version that a host admitted.
    ///
    /// # Errors
    /// As [`Workshop::admitted`].
    pub fn admitted_parts(
        &self,
        folders: &FolderSettings,
        version: &PolicyVersion,
    ) -> Result<(String, Arc<[u8]>), BacktestError> {
        let (admission, store) = admission(folders, version)?;
        let failed = |error: &dyn std::error::Error| not_ready(version, chain(error));
        let text = store.get(&admission.file_digest, TomlFile::MAX_BYTES as u64);
        let text =
            String::from_utf8(text.map_err(|error| failed(&error))?).map_err(|error| failed(&error))?;
        let component = store.get(&admission.plugin.digest, self.component_bytes_max as u64);
        Ok((text, Arc::from(component.map_err(|error| failed(&error))?)))
    }
}

/// What a host's ledger says of a version, and where its bytes are.
fn admission(
    folders: &FolderSettings,
    version: &PolicyVersion,
) -> Result<(Admission, ArtifactStore), BacktestError> {
    let failed = |error: &dyn std::error::Error| not_ready(version, chain(error));
    let mut state = State::default();
    let journal = Journal::open_read_only(&folders.journal()).map_err(|error| failed(&error))?;
    let mut contradiction = None;
    let read = journal.replay(|record| {
        if contradiction.is_none() {
            contradiction = state.apply(&record.entry).err();
        }
    });
    read.map_err(|error| failed(&error))?;
    if let Some(contradiction) = contradiction {
        return Err(failed(&contradiction));
    }
    let known = state.versions.get(version).ok_or_else(|| {
        let data = folders.data.display();
        not_ready(
            version,
            format!("the host of {data} never admitted it; `signalbox policies` lists what it has"),
        )
    })?;
    let store = ArtifactStore::open(&folders.artifacts()).map_err(|error| failed(&error))?;
    Ok((known.admission.clone(), store))
}

fn not_ready(version: &PolicyVersion, problem: String) -> BacktestError {
    BacktestError::NotReady {
        what: version.to_string(),
        problem,
    }
}

fn unreadable(file: &Path) -> impl Fn(io::Error) -> BacktestError {
    move |source| BacktestError::Unreadable {
        file: file.to_owned(),
        source,
    }
}
