//! The real host, started for the demo as `signalbox serve` starts it.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use reqwest::Url;
use signalbox_domain::identity::{BearerToken, Function, Grant, GrantedScopes, Principal, Role};

use super::error::DemoError;
use super::host_api::{HostApi, connections};
use super::stage::Stage;
use crate::app::{App, AppOptions, RunningApp};
use crate::config::Config;
use crate::control::{By, Lifetime};

/// The people of a release.
pub struct People {
    /// Writes policies.
    pub ana: HostApi,
    /// Approves for operations.
    pub opal: HostApi,
    /// Approves for finance.
    pub fin: HostApi,
    /// Reports outcomes: nobody, in truth.
    pub simulator: HostApi,
}

/// Who reports outcomes, as the host keeps it.
pub const SIMULATOR: &str = "simulated-outcomes";

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
        let grants = [Role::Service, Role::Operator].map(|role| grant(role, BTreeSet::new()));
        self.person("demo", grants.into()).await
    }

    /// The people of a release, each with a token of their own.
    ///
    /// # Errors
    /// [`DemoError`].
    pub async fn people(&self, url: &Url) -> Result<People, DemoError> {
        let person = async |name: &str, role, functions: BTreeSet<Function>| {
            let token = self.person(name, vec![grant(role, functions)]).await?;
            Ok::<HostApi, DemoError>(HostApi::new(connections(1, &token)?, url.clone()))
        };
        Ok(People {
            ana: person("ana", Role::Author, BTreeSet::new()).await?,
            opal: person("opal", Role::Approver, [Function::Operations].into()).await?,
            fin: person("fin", Role::Approver, [Function::Finance].into()).await?,
            simulator: person(SIMULATOR, Role::Service, BTreeSet::new()).await?,
        })
    }

    async fn person(&self, name: &str, grants: Vec<Grant>) -> Result<BearerToken, DemoError> {
        let by = || By {
            actor: "admin".to_owned(),
            reason: "the demo".to_owned(),
        };
        let control = &self.0.control;
        let principal = Principal {
            name: name.to_owned(),
            grants,
        };
        control.put_principal(principal, by()).await.map_err(failed)?;
        let made = control.create_token(name, Lifetime::DEFAULT, by()).await;
        Ok(made.map_err(failed)?.token)
    }

    /// Ends it in order.
    pub async fn stop(self) {
        self.0.shutdown().await;
    }
}

fn grant(role: Role, functions: BTreeSet<Function>) -> Grant {
    Grant {
        role,
        functions,
        scopes: GrantedScopes::All,
    }
}

fn failed(problem: impl std::error::Error + Send + Sync + 'static) -> DemoError {
    DemoError::Start(Box::new(problem))
}

/// What the demo sets; everything else is the default. Paths are relative to the stage. Every scope takes versions
/// at once that ask for it; releases ask for no waiting times, so that they can be watched.
const CONFIG: &str = r#"
[server]
listen = "127.0.0.1:0"

[folders]
policies = "policies"
data = "data"

[cost_books]
demo = "cost-book.toml"

[[scope]]
name = "routing"
domain = "routing"
immediate = true
cost_book = "demo"
decisions_per_year = 1_000_000

[scope.standing_orders]
shadow = { min_decisions = 1_000, min_hours = 0, sample_bp = 100 }
margins = { loss_minor_per_decision = 20, per_year_minor = 20_000_000 }

[scope.standing_orders.canary]
steps = [{ share_bp = 1_000, min_decisions = 100 }]

[[scope]]
name = "allocation"
domain = "allocation"
immediate = true

[[scope]]
name = "returns"
domain = "returns"
immediate = true
"#;
