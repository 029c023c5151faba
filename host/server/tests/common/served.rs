//! A whole host behind a real socket.
#![allow(
    dead_code,
    missing_docs,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "shared by tests, each of which uses a part"
)]

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;

use reqwest::header::{AUTHORIZATION, HeaderMap};
use serde_json::{Value, json};
use signalbox_domain::identity::{Function, Grant, GrantedScopes, Principal, Role};
use signalbox_server::app::{App, AppOptions, RunningApp};
use signalbox_server::config::Config;
use signalbox_server::control::{By, Lifetime};
use signalbox_server::snapshot::VersionState;
use tempfile::TempDir;

/// How long anything may take on a machine that is busy with something else.
pub const PATIENCE: Duration = Duration::from_secs(120);

/// The binary under test; it also compiles policies.
pub const SIGNALBOX: &str = env!("CARGO_BIN_EXE_signalbox");

/// A running host with folders of its own.
pub struct Served {
    pub app: RunningApp,
    /// A token that may do everything.
    pub token: String,
    folder: TempDir,
}

/// Folders with a configuration: `server` is the body of its `[server]` after `listen`.
pub fn folders(server: &str) -> TempDir {
    let folder = TempDir::new().unwrap();
    std::fs::create_dir(folder.path().join("policies")).unwrap();
    let config = format!(
        "[server]\nlisten = \"127.0.0.1:0\"\n{server}\n\n[folders]\npolicies = \"policies\"\ndata = \"data\"\n\n\
         [sandbox]\ndecisions_max = 4\nbackground_max = 1\npolicies_live = 2\n"
    );
    std::fs::write(folder.path().join("signalbox.toml"), config).unwrap();
    folder
}

impl Served {
    pub async fn start(server: &str) -> Served {
        Served::over(folders(server)).await
    }

    pub async fn over(folder: TempDir) -> Served {
        let config = Config::load(Some(&folder.path().join("signalbox.toml"))).unwrap();
        let mut options = AppOptions::this_program().unwrap();
        options.compile_program = SIGNALBOX.into();
        let app = App::start(config, options).await.unwrap();
        tokio::time::timeout(PATIENCE, app.ready()).await.unwrap();
        let token = token(&app).await;
        Served { app, token, folder }
    }

    /// A client that shows the token.
    pub fn client(&self) -> reqwest::Client {
        let shown = format!("Bearer {}", self.token).parse().unwrap();
        let headers = HeaderMap::from_iter([(AUTHORIZATION, shown)]);
        reqwest::Client::builder()
            .default_headers(headers)
            .build()
            .unwrap()
    }

    pub fn folder(&self) -> &std::path::Path {
        self.folder.path()
    }

    pub fn policies(&self) -> PathBuf {
        self.folder.path().join("policies")
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.app.addr)
    }

    /// Puts the hostile guest, doing `act`, into the folder and waits until it is live.
    pub async fn go_live(&self, act: &str) {
        let component = signalbox_guests::component("guest-hostile");
        std::fs::write(self.policies().join("hostile.wasm"), component).unwrap();
        std::fs::write(self.policies().join("hostile.toml"), hostile(act)).unwrap();
        let is_live = |state: &VersionState| matches!(state, VersionState::Live { .. });
        let live = self
            .app
            .control
            .wait_for(|snapshot| snapshot.versions.iter().any(|record| is_live(&record.state)));
        let waited = tokio::time::timeout(PATIENCE, live).await;
        assert!(waited.is_ok(), "{:#?}", self.app.control.snapshot().versions);
    }

    pub async fn stop(self) {
        self.end().await;
    }

    /// Stops the host; its folders.
    pub async fn end(self) -> TempDir {
        self.app.shutdown().await;
        self.folder
    }
}

/// A token for the tests, who have every role.
async fn token(app: &RunningApp) -> String {
    let grant = |role| Grant {
        role,
        functions: match role {
            Role::Approver => Function::ALL.into(),
            _ => BTreeSet::new(),
        },
        scopes: GrantedScopes::All,
    };
    let tests = Principal {
        name: "tests".to_owned(),
        grants: Role::ALL.map(grant).into(),
    };
    let by = || By {
        actor: "tests".to_owned(),
        reason: String::new(),
    };
    app.control.put_principal(tests, by()).await.unwrap();
    let made = app.control.create_token("tests", Lifetime::DEFAULT, by()).await;
    made.unwrap().token.reveal()
}

/// A policy file that runs the hostile guest.
pub fn hostile(act: &str) -> String {
    format!(
        "[policy]\nname = \"hostile\"\nversion = \"1.0.0\"\ndomain = \"routing\"\n\n\
         [policy.plugin]\nfile = \"hostile.wasm\"\n\n[parameters]\ndecide = \"{act}\"\n\n\
         [limits]\ndeadline_ms = 60000\nfuel = 100000000000\n\n\
         [governance]\nowner = \"merchandising\"\ndeputy = \"fulfilment\"\n\
         risk_tier = \"low\"\nreview_by = 9999-12-31\n\n\
         [rollout]\nimmediate = true\n"
    )
}

/// One piece of one SKU; `DC` has five.
pub fn order() -> Value {
    json!({
        "currency": "EUR",
        "now": "2026-03-02T12:00:00Z",
        "order": { "order_id": "O-1", "channel": "web" },
        "delivery_groups": [{ "group_id": "G", "method": "SHIP", "destination": { "country": "DE" } }],
        "lines": [{ "line_id": "L", "sku": "A", "quantity": 1 }],
        "network": {
            "nodes": [{ "node_id": "DC", "type": "DC" }],
            "stock": [{ "node_id": "DC", "sku": "A", "available": 5 }],
            "lanes": [{
                "node_id": "DC", "service": "STANDARD", "ship_at": "2026-03-02T18:00:00Z",
                "deliver_p50_at": "2026-03-04T12:00:00Z", "deliver_p90_at": "2026-03-05T12:00:00Z",
                "tariff": { "base_minor": 490, "max_parcel_g": 30000, "included_g": 5000 }
            }]
        }
    })
}
