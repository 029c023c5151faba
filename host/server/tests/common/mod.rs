//! A host without HTTP: the one writer and the watched folder, over folders of their own and with a real sandbox.
#![allow(
    dead_code,
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "shared by tests, each of which uses a part"
)]

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use signalbox_domain::Timestamp;
use signalbox_domain::events::Entry;
use signalbox_ledger::{ArtifactStore, Journal};
use signalbox_sandbox::Sandbox;
use signalbox_server::config::Config;
use signalbox_server::control::{By, Control, ControlHandle, ControlOptions, StartError};
use signalbox_server::intake::{Bundled, Intake, IntakeOptions};
use signalbox_server::ready::Loader;
use signalbox_server::snapshot::{ScopeState, Snapshot, VersionRecord, VersionState};
use signalbox_server::telemetry::Telemetry;

/// How long anything may take on a machine that is busy with something else.
const PATIENCE: Duration = Duration::from_secs(120);

/// The folders of a host; they outlive it.
pub struct Folders {
    root: PathBuf,
    pub settings: String,
    /// Removed with this value, unless somebody else owns it.
    _owned: Option<tempfile::TempDir>,
}

impl Folders {
    pub fn new() -> Folders {
        Folders::with("")
    }

    /// With more lines for the configuration.
    pub fn with(settings: &str) -> Folders {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir(root.path().join("policies")).unwrap();
        Folders {
            root: root.path().to_owned(),
            settings: settings.to_owned(),
            _owned: Some(root),
        }
    }

    /// Folders that are there already and stay.
    pub fn at(root: PathBuf) -> Folders {
        Folders {
            root,
            settings: String::new(),
            _owned: None,
        }
    }

    pub fn root(&self) -> &Path {
        &self.root
    }

    pub fn policies(&self) -> PathBuf {
        self.root.join("policies")
    }

    pub fn journal(&self) -> PathBuf {
        self.root.join(".signalbox/ledger.sqlite")
    }

    pub fn ledger_key(&self) -> PathBuf {
        self.root.join(".signalbox/secret/ledger.key")
    }

    pub fn artifacts(&self) -> PathBuf {
        self.root.join(".signalbox/artifacts")
    }

    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        fs::write(self.policies().join(name), content).unwrap();
    }

    pub fn remove(&self, name: &str) {
        fs::remove_file(self.policies().join(name)).unwrap();
    }

    /// Everything that the ledger holds. Only while no host runs.
    pub fn entries(&self) -> Vec<Entry> {
        let mut entries = Vec::new();
        let journal = Journal::open_read_only(&self.journal()).unwrap();
        journal.replay(|record| entries.push(record.entry)).unwrap();
        entries
    }

    /// The kinds of everything that the ledger holds.
    pub fn kinds(&self) -> Vec<&'static str> {
        let kinds = self.entries().into_iter().map(|entry| entry.event.kind());
        // Every ledger begins with the key that signs it.
        kinds.filter(|kind| *kind != "ledger_key_changed").collect()
    }

    fn config(&self) -> Config {
        let small = "[sandbox]\ndecisions_max = 4\nbackground_max = 2\npolicies_live = 2\n";
        let text = if self.settings.contains("[sandbox]") {
            self.settings.clone()
        } else {
            format!("{small}{}", self.settings)
        };
        Config::parse("signalbox.toml", &text, &self.root).unwrap()
    }

    pub async fn start(&self) -> Host {
        self.try_start().await.unwrap()
    }

    pub async fn try_start(&self) -> Result<Host, StartError> {
        let config = self.config();
        let compiler = PathBuf::from(env!("CARGO_BIN_EXE_signalbox"));
        let sandbox = config
            .sandbox
            .to_sandbox(&config.folders, compiler, vec!["compile-child".into()], 2);
        fs::create_dir_all(&config.folders.data).unwrap();
        let sandbox = Sandbox::new(sandbox).unwrap();
        let store = ArtifactStore::open(&config.folders.artifacts()).unwrap();
        let loader = Arc::new(Loader::new(sandbox, store, config.sandbox.component_bytes_max));
        let now = Arc::new(AtomicI64::new(1_700_000_000_000));
        let clock = {
            let now = Arc::clone(&now);
            Arc::new(move || Timestamp(now.load(Ordering::SeqCst)))
        };
        let options = ControlOptions {
            measured: Default::default(),
            trials: signalbox_server::trial::Trials::in_memory(),
            journal: config.folders.journal(),
            ledger_key: config.folders.ledger_key(),
            approvals_key: config.folders.approvals_key(),
            scopes: config.scopes.clone(),
            levers: config.levers,
            clock: clock.clone(),
            telemetry: Telemetry::new().unwrap(),
        };
        let control = Control::start(options, Arc::clone(&loader)).await?;
        let intake = IntakeOptions {
            folders: config.folders.clone(),
            bundled: Bundled::default(),
            clock,
        };
        let handle = control.handle();
        let intake = Intake::start(intake, handle.clone(), loader).await.unwrap();
        Ok(Host {
            handle,
            control,
            intake,
            now,
        })
    }
}

/// A running host.
pub struct Host {
    pub handle: ControlHandle,
    control: Control,
    pub intake: Intake,
    now: Arc<AtomicI64>,
}

impl Host {
    pub async fn stop(self) {
        self.intake.shutdown().await;
        self.control.shutdown().await;
    }

    /// Moves the host's clock.
    pub fn pass_time(&self, millis: i64) {
        self.now.fetch_add(millis, Ordering::SeqCst);
    }

    pub fn now(&self) -> Timestamp {
        Timestamp(self.now.load(Ordering::SeqCst))
    }

    /// Waits until what is published fits.
    pub async fn until(&self, what: &str, fits: impl Fn(&Snapshot) -> bool) -> Arc<Snapshot> {
        match tokio::time::timeout(PATIENCE, self.handle.wait_for(fits)).await {
            Ok(snapshot) => snapshot.expect("the host stopped"),
            Err(_) => panic!("never: {what}; published: {:#?}", self.handle.snapshot()),
        }
    }

    /// Waits until `version` decides in the scope `routing`.
    pub async fn until_live(&self, version: &str) -> Arc<Snapshot> {
        let is_live = |snapshot: &Snapshot| champion(snapshot).as_deref() == Some(version);
        self.until(&format!("{version} is live"), is_live).await
    }

    /// Waits until a version in `file` is in the state.
    pub async fn until_state(&self, file: &str, state: &str) -> VersionRecord {
        let fits = |snapshot: &Snapshot| find(snapshot, file, state).is_some();
        let snapshot = self.until(&format!("{file} is {state}"), fits).await;
        find(&snapshot, file, state).unwrap().clone()
    }

    /// Has the folder looked at again, twice: a look that began before would not do.
    pub async fn look(&self) {
        let mut looks = self.intake.looks();
        for _ in 0..2 {
            looks.borrow_and_update();
            self.intake.look();
            tokio::time::timeout(PATIENCE, looks.changed())
                .await
                .unwrap()
                .unwrap();
        }
    }

    /// Waits until everything that lay in the folder at the start was looked at and checked.
    pub async fn until_idle(&self) {
        let mut scanned = self.intake.scanned();
        let idle = scanned.wait_for(|scanned| *scanned);
        tokio::time::timeout(PATIENCE, idle).await.unwrap().unwrap();
    }
}

pub fn find<'a>(snapshot: &'a Snapshot, file: &str, state: &str) -> Option<&'a VersionRecord> {
    let mut records = snapshot.versions.iter();
    records.find(|record| record.file == file && record.state.as_str() == state)
}

pub fn routing(snapshot: &Snapshot) -> &ScopeState {
    snapshot.scope("routing").unwrap()
}

pub fn champion(snapshot: &Snapshot) -> Option<String> {
    let champion = routing(snapshot).champion.as_ref();
    champion.map(|policy| policy.version.to_string())
}

pub fn previous(snapshot: &Snapshot) -> Option<String> {
    let previous = routing(snapshot).previous.as_ref();
    previous.map(|policy| policy.version.to_string())
}

pub fn problem(record: &VersionRecord) -> String {
    match &record.state {
        VersionState::Rejected(rejection) => rejection.problems[0].at(&rejection.file),
        other => panic!("expected a rejection, found {other:?}"),
    }
}

/// A policy that runs the tests' hostile plugin, which behaves unless told otherwise.
pub fn policy(name: &str, version: &str, more: &str) -> String {
    format!(
        "[policy]\nname = \"{name}\"\nversion = \"{version}\"\ndomain = \"routing\"\n\
         plugin = {{ file = \"hostile.wasm\" }}\n\n[rollout]\nimmediate = true\n\n{more}\n\n\
         [governance]\nowner = \"merchandising\"\ndeputy = \"fulfilment\"\nrisk_tier = \"low\"\n\
         review_by = 9999-12-31\n"
    )
}

/// Drops a policy and its component.
pub fn drop_policy(folders: &Folders, name: &str, version: &str) {
    folders.write("hostile.wasm", component());
    folders.write(&format!("{name}-{version}.toml"), policy(name, version, ""));
}

pub fn component() -> &'static [u8] {
    signalbox_guests::component("guest-hostile")
}

/// The same component with other bytes: a custom section more, which means nothing.
pub fn other_component() -> Vec<u8> {
    let mut bytes = component().to_vec();
    // Section 0 of 3 bytes: a name of one letter, and one byte.
    bytes.extend_from_slice(&[0, 3, 1, b'x', 7]);
    bytes
}

pub fn by(reason: &str) -> By {
    By {
        actor: "ada".into(),
        reason: reason.into(),
    }
}

/// Makes `..data` link to `round`, as Kubernetes does with config maps.
pub fn swap_link(folder: &Path, round: &str) {
    let new = folder.join("..data_tmp");
    std::os::unix::fs::symlink(round, &new).unwrap();
    fs::rename(new, folder.join("..data")).unwrap();
}
