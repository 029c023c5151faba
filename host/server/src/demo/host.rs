//! The real host, started for the demo as `signalbox serve` starts it.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use reqwest::Url;
use signalbox_domain::identity::{BearerToken, Grant, GrantedScopes, Principal, Role};

use super::error::DemoError;
use super::stage::Stage;
use crate::app::{App, AppOptions, RunningApp};
use crate::config::Config;
use crate::control::{By, Lifetime};

/// A host of the demo's own.
pub struct DemoHost(RunningApp);

impl DemoHost {
    /// Starts a host on a free loopback port that watches the stage's folder. Returns its address and how long the start
    /// took.
    ///
    /// # Errors
    /// [`DemoError::Start`].
    pub async fn start(stage: &Stage) -> Result<(DemoHost, Url, Duration), DemoError> {
        let began = Instant::now();
        let config = Config::parse("the demo's configuration", CONFIG, stage.root()).map_err(failed)?;
        let options = AppOptions::this_program().map_err(failed)?;
        let app = App::start(config, options).await.map_err(failed)?;
        app.ready().await;
        let url = Url::parse(&format!("http://{}", app.addr)).map_err(failed)?;
        Ok((DemoHost(app), url, began.elapsed()))
    }

    /// A token for the demo, which calls as a shop's systems and as its operators do.
    ///
    /// # Errors
    /// [`DemoError::Start`].
    pub async fn let_in(&self) -> Result<BearerToken, DemoError> {
        let grant = |role| Grant {
            role,
            functions: BTreeSet::new(),
            scopes: GrantedScopes::All,
        };
        let demo = Principal {
            name: "demo".to_owned(),
            grants: [Role::Service, Role::Operator].map(grant).into(),
        };
        let by = || By {
            actor: "admin".to_owned(),
            reason: "the demo".to_owned(),
        };
        let control = &self.0.control;
        let name = demo.name.clone();
        control.put_principal(demo, by()).await.map_err(failed)?;
        let made = control.create_token(&name, Lifetime::DEFAULT, by()).await;
        Ok(made.map_err(failed)?.token)
    }

    /// Ends it in order.
    pub async fn stop(self) {
        self.0.shutdown().await;
    }
}

fn failed(problem: impl std::error::Error + Send + Sync + 'static) -> DemoError {
    DemoError::Start(Box::new(problem))
}

/// What the demo sets; everything else is the default. Paths are relative to the stage. Every scope takes new versions
/// at once, because nobody is there to release them.
const CONFIG: &str = r#"
[server]
listen = "127.0.0.1:0"

[folders]
policies = "policies"
data = "data"

[[scope]]
name = "routing"
domain = "routing"
immediate = true

[[scope]]
name = "allocation"
domain = "allocation"
immediate = true

[[scope]]
name = "returns"
domain = "returns"
immediate = true
"#;
