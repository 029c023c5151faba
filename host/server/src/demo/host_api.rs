//! What the demo asks the host besides decisions: through the public API, as everybody does.

use std::time::{Duration, Instant};

use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue};
use reqwest::{Client, Method, RequestBuilder, Url};
use semver::Version;
use serde::Serialize;
use serde::de::DeserializeOwned;
use signalbox_domain::identity::BearerToken;
use uuid::Uuid;

use super::error::DemoError;
use crate::api::{
    Change, EvidenceView, LeverBody, OutcomeList, OutcomeReceipts, ReleaseChanged, ReleaseCommand,
    ReleaseDetail, ScopeList, ScopeView, SubmitRelease, UsePolicy, VersionList, VersionView,
};

/// How long a version may take from its file to a verdict, here where compilers may be at work beside it.
const VERDICT_WITHIN: Duration = Duration::from_secs(60);
/// How often is asked meanwhile.
const ASK_EVERY: Duration = Duration::from_millis(15);

/// The host's API.
#[derive(Clone)]
pub struct HostApi {
    client: Client,
    base: Url,
}

impl HostApi {
    /// The API at `base`.
    pub fn new(client: Client, base: Url) -> HostApi {
        HostApi { client, base }
    }

    /// The connections.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// The address of a path.
    pub fn url(&self, path: &str) -> Url {
        let mut url = self.base.clone();
        url.set_path(path);
        url
    }

    /// What a scope runs.
    ///
    /// # Errors
    /// As every call: unreachable, refused, unreadable.
    pub async fn scope(&self, scope: &str) -> Result<Option<ScopeView>, DemoError> {
        let list: ScopeList = self.call(Method::GET, "/v1/scopes", None::<&()>).await?;
        Ok(list.scopes.into_iter().find(|view| view.scope == scope))
    }

    /// Waits until the host has admitted or rejected a version, and says how long that took from `since`.
    ///
    /// # Errors
    /// As every call, and [`DemoError::TooSlow`].
    pub async fn verdict(
        &self,
        policy: &str,
        version: &Version,
        since: Instant,
    ) -> Result<(VersionView, Duration), DemoError> {
        loop {
            let list: VersionList = self.call(Method::GET, "/v1/policies", None::<&()>).await?;
            let found = list.versions.into_iter().find(|view| {
                view.policy.as_deref() == Some(policy) && view.version.as_ref() == Some(version)
            });
            match found {
                Some(view) if !matches!(view.state.as_str(), "waiting" | "checking") => {
                    return Ok((view, since.elapsed()));
                }
                _ if since.elapsed() > VERDICT_WITHIN => {
                    let what = format!("the verdict on {policy}@{version}");
                    return Err(DemoError::TooSlow {
                        what,
                        after: VERDICT_WITHIN,
                    });
                }
                _ => tokio::time::sleep(ASK_EVERY).await,
            }
        }
    }

    /// Lets a scope run a policy: `signalbox scope use`.
    ///
    /// # Errors
    /// As every call.
    pub async fn use_policy(&self, scope: &str, policy: &str, reason: &str) -> Result<Change, DemoError> {
        let body = UsePolicy {
            policy: policy.to_owned(),
            version: None,
            reason: reason.to_owned(),
        };
        self.call(Method::POST, &format!("/v1/scopes/{scope}/use"), Some(&body))
            .await
    }

    /// Pulls a lever: `signalbox lever put`.
    ///
    /// # Errors
    /// As every call.
    pub async fn put_lever(&self, lever_id: &str, body: &LeverBody) -> Result<Change, DemoError> {
        self.call(Method::PUT, &format!("/v1/levers/{lever_id}"), Some(body))
            .await
    }

    /// Lets a lever go: `signalbox lever remove`.
    ///
    /// # Errors
    /// As every call.
    pub async fn delete_lever(&self, lever_id: &str) -> Result<Change, DemoError> {
        self.call(Method::DELETE, &format!("/v1/levers/{lever_id}"), None::<&()>)
            .await
    }

    /// Submits a version: `signalbox release submit`.
    ///
    /// # Errors
    /// As every call.
    pub async fn submit(&self, policy: &str, version: &Version) -> Result<ReleaseChanged, DemoError> {
        let body = SubmitRelease {
            policy: policy.to_owned(),
            version: version.clone(),
            scope: None,
            reason: "the demo".to_owned(),
        };
        self.call(Method::POST, "/v1/releases", Some(&body)).await
    }

    /// A release with its gates and what it has shown: `signalbox release show`.
    ///
    /// # Errors
    /// As every call.
    pub async fn release(&self, policy: &str, version: &str) -> Result<ReleaseDetail, DemoError> {
        let path = format!("/v1/releases/{policy}/{version}");
        self.call(Method::GET, &path, None::<&()>).await
    }

    /// A command about a release: `signalbox release promote` and the like.
    ///
    /// # Errors
    /// As every call; a refusal says every gate.
    pub async fn command(
        &self,
        policy: &str,
        version: &str,
        what: &str,
        reason: &str,
    ) -> Result<ReleaseChanged, DemoError> {
        let path = format!("/v1/releases/{policy}/{version}/{what}");
        self.call(Method::POST, &path, Some(&because(reason))).await
    }

    /// Freezes the evidence: `signalbox release evidence --freeze`. Its digest.
    ///
    /// # Errors
    /// As every call.
    pub async fn freeze(&self, policy: &str, version: &str) -> Result<String, DemoError> {
        let path = format!("/v1/releases/{policy}/{version}/evidence");
        let view: EvidenceView = self
            .call(Method::POST, &path, Some(&because("for the board")))
            .await?;
        Ok(view.frozen.map(|digest| digest.to_string()).unwrap_or_default())
    }

    /// Agrees to a release: `signalbox release approve`.
    ///
    /// # Errors
    /// As every call.
    pub async fn approve(
        &self,
        policy: &str,
        version: &str,
        reason: &str,
    ) -> Result<ReleaseChanged, DemoError> {
        self.command(policy, version, "approve", reason).await
    }

    /// Reports outcomes, a line of JSON for each: `signalbox outcomes` shows them.
    ///
    /// # Errors
    /// As every call.
    pub async fn report(&self, lines: String) -> Result<OutcomeReceipts, DemoError> {
        let path = "/v1/outcomes";
        let request = self
            .client
            .post(self.url(path))
            .header(CONTENT_TYPE, "application/x-ndjson");
        self.answer(format!("POST {path}"), request.body(lines)).await
    }

    /// What was reported of a decision.
    ///
    /// # Errors
    /// As every call.
    pub async fn outcomes_of(&self, decision_id: Uuid) -> Result<OutcomeList, DemoError> {
        let mut url = self.url("/v1/outcomes");
        url.set_query(Some(&format!("decision_id={decision_id}")));
        self.answer("GET /v1/outcomes".to_owned(), self.client.get(url))
            .await
    }

    async fn call<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        body: Option<&impl Serialize>,
    ) -> Result<T, DemoError> {
        let what = format!("{method} {path}");
        let mut request = self.client.request(method, self.url(path));
        if let Some(body) = body {
            request = request.json(body);
        }
        self.answer(what, request).await
    }

    async fn answer<T: DeserializeOwned>(
        &self,
        what: String,
        request: RequestBuilder,
    ) -> Result<T, DemoError> {
        let unreachable = |source| DemoError::Unreachable {
            what: what.clone(),
            source,
        };
        let response = request.send().await.map_err(unreachable)?;
        let status = response.status();
        let bytes = response.bytes().await.map_err(unreachable)?;
        if !status.is_success() {
            let body = String::from_utf8_lossy(&bytes).chars().take(600).collect();
            return Err(DemoError::Refused {
                what,
                status: status.as_u16(),
                body,
            });
        }
        serde_json::from_slice(&bytes).map_err(|source| DemoError::Unreadable { what, source })
    }
}

fn because(reason: &str) -> ReleaseCommand {
    ReleaseCommand {
        scope: None,
        expected_revision: None,
        reason: reason.to_owned(),
    }
}

/// Keep-alive connections to a host on this machine, at most `clients` of them idle, that show `token`.
///
/// # Errors
/// [`DemoError::Unreachable`] when there can be none.
pub fn connections(clients: usize, token: &BearerToken) -> Result<Client, DemoError> {
    let mut headers = HeaderMap::new();
    // Hex digits and letters are a header.
    if let Ok(mut value) = HeaderValue::from_str(&format!("Bearer {}", token.reveal())) {
        value.set_sensitive(true);
        headers.insert(AUTHORIZATION, value);
    }
    // A proxy from the environment would make the host see a stranger.
    let builder = Client::builder()
        .no_proxy()
        .default_headers(headers)
        .pool_max_idle_per_host(clients)
        .timeout(Duration::from_secs(70));
    builder.build().map_err(|source| DemoError::Unreachable {
        what: "an HTTP client".to_owned(),
        source,
    })
}

/// Why a version was rejected, a line for each problem.
pub fn rejection_text(view: &VersionView) -> Option<String> {
    let rejection = view.rejection.as_ref()?;
    let lines: Vec<String> = rejection
        .problems
        .iter()
        .map(|problem| problem.at(&view.file))
        .collect();
    Some(lines.join("\n"))
}
