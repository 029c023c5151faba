//! The host under test.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use reqwest::header::{AUTHORIZATION, HeaderMap};
use semver::Version;
use serde_json::Value;
use signalbox_domain::identity::{BearerToken, Function, Grant, GrantedScopes, Principal, Role};
use signalbox_server::app::{App, AppOptions, RunningApp};
use signalbox_server::config::Config;
use signalbox_server::control::{By, Lifetime};
use signalbox_server::snapshot::{Snapshot, VersionRecord, VersionState};
use tempfile::TempDir;

/// How long anything may take before a test gives up. Nothing waits this long when all is well.
const PATIENCE: Duration = Duration::from_secs(120);

/// A running host with folders of its own.
pub struct Host {
    /// The running application.
    pub app: RunningApp,
    folder: TempDir,
    child: PathBuf,
    client: reqwest::Client,
}

impl Host {
    /// Starts a host with an empty watched folder. `child` is the program that compiles: `env!("CARGO_BIN_EXE_compile-child")`.
    /// `more` is added to the configuration file.
    pub async fn start(child: &str, more: &str) -> Host {
        Host::open(Host::folder(more), child.into()).await
    }

    /// A folder for a host: an empty watched folder, and the configuration file `signalbox.toml` with `more` at its end.
    pub fn folder(more: &str) -> TempDir {
        let folder = TempDir::new().unwrap();
        std::fs::create_dir(folder.path().join("policies")).unwrap();
        let config = format!(
            "[server]\nlisten = \"127.0.0.1:0\"\n\n[folders]\npolicies = \"policies\"\ndata = \"state\"\n\n{more}"
        );
        std::fs::write(folder.path().join("signalbox.toml"), config).unwrap();
        folder
    }

    /// Starts a host in a folder that was made for one.
    pub async fn open(folder: TempDir, child: PathBuf) -> Host {
        Host::open_with(folder, child, |_| {}).await
    }

    /// The same with other options.
    pub async fn open_with(folder: TempDir, child: PathBuf, change: impl FnOnce(&mut AppOptions)) -> Host {
        let config = Config::load(Some(&folder.path().join("signalbox.toml"))).unwrap();
        let mut options = AppOptions::this_program().unwrap();
        options.compile_program = child.clone();
        options.compile_arguments = Vec::new();
        change(&mut options);
        let app = App::start(config, options).await.unwrap();
        app.ready().await;
        let client = client(&token(&app).await);
        Host {
            app,
            folder,
            child,
            client,
        }
    }

    /// Stops the host and starts it again on the same folders.
    pub async fn restart(self) -> Host {
        let child = self.child.clone();
        Host::open(self.close().await, child).await
    }

    /// Stops the host and keeps its folders.
    pub async fn close(self) -> TempDir {
        let Host { app, folder, .. } = self;
        app.shutdown().await;
        folder
    }

    /// A client that shows a token which may do everything.
    pub fn client(&self) -> reqwest::Client {
        self.client.clone()
    }

    /// A token of a principal with these grants, who is made or changed for it.
    pub async fn token_of(&self, name: &str, grants: Vec<Grant>) -> BearerToken {
        token_of(&self.app, name, grants).await
    }

    /// A client that shows such a token.
    pub async fn let_in(&self, name: &str, grants: Vec<Grant>) -> reqwest::Client {
        client(&self.token_of(name, grants).await)
    }

    /// The watched folder.
    pub fn policies(&self) -> PathBuf {
        self.folder.path().join("policies")
    }

    /// The host's own folder.
    pub fn state(&self) -> PathBuf {
        self.folder.path().join("state")
    }

    /// Puts a file into the watched folder as a careful user does: complete at once, by rename.
    pub fn drop_file(&self, name: &str, bytes: &[u8]) {
        let waiting: &Path = self.folder.path();
        std::fs::write(waiting.join(name), bytes).unwrap();
        std::fs::rename(waiting.join(name), self.policies().join(name)).unwrap();
    }

    /// Waits until what is published fits.
    pub async fn wait_for(&self, what: &str, fits: impl Fn(&Snapshot) -> bool) -> std::sync::Arc<Snapshot> {
        let waited = tokio::time::timeout(PATIENCE, self.app.control.wait_for(fits)).await;
        match waited {
            Ok(Some(snapshot)) => snapshot,
            _ => panic!(
                "waited in vain for {what}; versions: {:#?}",
                self.app.control.snapshot().versions
            ),
        }
    }

    /// Waits until the version has been decided about, and returns its record.
    pub async fn settled(&self, name: &str, version: &str) -> VersionRecord {
        let version: Version = version.parse().unwrap();
        let find = |snapshot: &Snapshot| {
            let of_version = |record: &&VersionRecord| {
                record
                    .version
                    .as_ref()
                    .is_some_and(|v| v.policy == name && v.version == version)
            };
            let settled = |record: &&VersionRecord| {
                !matches!(
                    record.state,
                    VersionState::Waiting { .. } | VersionState::Checking | VersionState::Admitted
                )
            };
            snapshot.versions.iter().filter(of_version).find(settled).cloned()
        };
        let what = format!("{name}@{version} to be live or refused");
        let snapshot = self.wait_for(&what, |snapshot| find(snapshot).is_some()).await;
        find(&snapshot).unwrap()
    }

    /// Drops a policy file and waits until it is live.
    pub async fn go_live(&self, name: &str, version: &str, toml: &str) {
        self.drop_file(&format!("{name}-{version}.toml"), toml.as_bytes());
        let record = self.settled(name, version).await;
        assert!(matches!(record.state, VersionState::Live { .. }), "{record:#?}");
    }

    /// Sends a decision request; status and body.
    pub async fn decide(&self, domain: &str, request: &Value) -> (u16, Value) {
        let url = format!("http://{}/v1/decisions/{domain}", self.app.addr);
        let response = self.client.post(url).json(request).send().await.unwrap();
        let status = response.status().as_u16();
        (status, response.json().await.unwrap())
    }

    /// Asks for what stands at `path`; status and body.
    pub async fn get(&self, path: &str) -> (u16, Value) {
        self.ask(self.client.get(self.url(path))).await
    }

    /// Sends a command; status and body.
    pub async fn post(&self, path: &str, body: &Value) -> (u16, Value) {
        self.ask(self.client.post(self.url(path)).json(body)).await
    }

    /// Puts something at `path`; status and body.
    pub async fn put(&self, path: &str, body: &Value) -> (u16, Value) {
        self.ask(self.client.put(self.url(path)).json(body)).await
    }

    /// Deletes what stands at `path`; status and body.
    pub async fn delete(&self, path: &str) -> (u16, Value) {
        self.ask(self.client.delete(self.url(path))).await
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.app.addr)
    }

    async fn ask(&self, request: reqwest::RequestBuilder) -> (u16, Value) {
        let response = request.send().await.unwrap();
        let status = response.status().as_u16();
        (status, response.json().await.unwrap())
    }

    /// Sends a decision request that must be answered; the answer.
    pub async fn answer(&self, domain: &str, request: &Value) -> Value {
        let (status, answer) = self.decide(domain, request).await;
        assert_eq!(status, 200, "{answer:#}");
        answer
    }

    /// Stops the host.
    pub async fn stop(self) {
        self.app.shutdown().await;
    }
}

/// A token for the tests, who have every role.
async fn token(app: &RunningApp) -> BearerToken {
    let grant = |role| Grant {
        role,
        functions: match role {
            Role::Approver => Function::ALL.into(),
            _ => BTreeSet::new(),
        },
        scopes: GrantedScopes::All,
    };
    token_of(app, "tests", Role::ALL.map(grant).into()).await
}

/// A token of a principal with these grants, who is made or changed for it.
async fn token_of(app: &RunningApp, name: &str, grants: Vec<Grant>) -> BearerToken {
    let principal = Principal {
        name: name.to_owned(),
        grants,
    };
    let by = || By {
        actor: "tests".to_owned(),
        reason: String::new(),
    };
    app.control.put_principal(principal, by()).await.unwrap();
    let made = app.control.create_token(name, Lifetime::DEFAULT, by()).await;
    made.unwrap().token
}

fn client(token: &BearerToken) -> reqwest::Client {
    let shown = format!("Bearer {}", token.reveal()).parse().unwrap();
    let headers = HeaderMap::from_iter([(AUTHORIZATION, shown)]);
    reqwest::Client::builder()
        .default_headers(headers)
        .build()
        .unwrap()
}

/// The causes of the fallbacks of an answer, in order.
pub fn causes(answer: &Value) -> Vec<&str> {
    let fallbacks = answer["diagnostics"]["fallbacks"]
        .as_array()
        .map_or(&[] as &[Value], Vec::as_slice);
    fallbacks
        .iter()
        .map(|fallback| fallback["cause"].as_str().unwrap_or("?"))
        .collect()
}
