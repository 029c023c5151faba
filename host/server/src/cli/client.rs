//! Talking to a host.

use std::fmt;
use std::time::Duration;

use reqwest::{Certificate, Method, RequestBuilder, Url};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use signalbox_domain::identity::BearerToken;

use super::credentials::Target;
use super::error::CliError;
use crate::api::ProblemKind;

/// Longer than the host itself waits for a change.
const TIMEOUT: Duration = Duration::from_secs(90);

/// For what copies all that a host ever recorded.
const PATIENCE: Duration = Duration::from_secs(24 * 3_600);

/// A connection to a host. A cheap clone.
#[derive(Clone)]
pub(super) struct Client {
    http: reqwest::Client,
    base: Url,
    server: String,
    token: Option<BearerToken>,
}

/// A refusal as it came in.
#[derive(Debug, Deserialize)]
pub struct ReceivedProblem {
    #[serde(rename = "type", default)]
    uri: String,
    title: String,
    #[serde(default)]
    detail: String,
    #[serde(default)]
    request_id: Option<String>,
    #[serde(default)]
    errors: Vec<ReceivedFieldError>,
    #[serde(default)]
    more_errors: usize,
    #[serde(default)]
    line: Option<usize>,
    #[serde(default)]
    column: Option<usize>,
}

#[derive(Debug, Deserialize)]
struct ReceivedFieldError {
    path: String,
    message: String,
}

impl fmt::Display for ReceivedProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.title)?;
        if let (Some(line), Some(column)) = (self.line, self.column) {
            write!(f, " (line {line}, column {column})")?;
        }
        if self.errors.is_empty() {
            write!(f, "\n  {}", self.detail)?;
        }
        for error in &self.errors {
            let path = if error.path.is_empty() {
                "(body)"
            } else {
                &error.path
            };
            write!(f, "\n  {path}: {}", error.message)?;
        }
        if self.more_errors > 0 {
            write!(f, "\n  and {} more", self.more_errors)?;
        }
        if let Some(id) = &self.request_id {
            write!(f, "\n  request {id}")?;
        }
        if let Some(hint) = self.hint() {
            write!(f, "\n{hint}")?;
        }
        Ok(())
    }
}

impl ReceivedProblem {
    /// What helps on the command line.
    fn hint(&self) -> Option<&'static str> {
        if self.uri == ProblemKind::Unauthenticated.uri() || self.uri == ProblemKind::TooManyAttempts.uri() {
            return Some(
                "Log in with `signalbox login URL`, or name a token with --token-file FILE or the variable SIGNALBOX_TOKEN.",
            );
        }
        if self.uri == ProblemKind::Forbidden.uri() {
            return Some("`signalbox whoami` shows what this token may do.");
        }
        None
    }
}

impl Client {
    /// A client of a host.
    pub fn new(target: &Target) -> Result<Client, CliError> {
        let bad = || CliError::BadServer(target.server.clone());
        let base: Url = target.server.parse().map_err(|_| bad())?;
        if !matches!(base.scheme(), "http" | "https") || base.cannot_be_a_base() {
            return Err(bad());
        }
        // A proxy from the environment would make the host see a stranger.
        let mut builder = reqwest::Client::builder().timeout(TIMEOUT).no_proxy();
        if let Some(file) = &target.ca {
            let bad = |source| CliError::BadAuthority {
                file: file.clone(),
                source,
            };
            let pem = std::fs::read(file).map_err(|source| bad(source.into()))?;
            let authorities = Certificate::from_pem_bundle(&pem).map_err(|source| bad(source.into()))?;
            builder = builder.tls_certs_merge(authorities);
        }
        let server = target.server.trim_end_matches('/').to_owned();
        let http = builder.build().map_err(|source| CliError::NoHost {
            server: server.clone(),
            source,
        })?;
        Ok(Client {
            http,
            base,
            server,
            token: target.token.clone(),
        })
    }

    /// Asks for something.
    pub async fn get<T: DeserializeOwned>(&self, path: &[&str]) -> Result<T, CliError> {
        self.read(self.http.request(Method::GET, self.url(path)?)).await
    }

    /// Asks for what fits a query.
    pub async fn get_where<T: DeserializeOwned>(
        &self,
        path: &[&str],
        query: &[(&str, String)],
    ) -> Result<T, CliError> {
        let mut url = self.url(path)?;
        url.query_pairs_mut().extend_pairs(query);
        self.read(self.http.request(Method::GET, url)).await
    }

    /// Asks for something and gives the JSON as it came.
    pub async fn get_text(&self, path: &[&str]) -> Result<String, CliError> {
        let answer = self.send(self.http.request(Method::GET, self.url(path)?)).await?;
        text(answer)
    }

    /// Sends a command.
    pub async fn send_json<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &[&str],
        body: &impl Serialize,
    ) -> Result<T, CliError> {
        self.read(self.http.request(method, self.url(path)?).json(body))
            .await
    }

    /// Sends a command that takes as long as it takes, such as a backup.
    pub async fn send_patiently<T: DeserializeOwned>(
        &self,
        path: &[&str],
        body: &impl Serialize,
    ) -> Result<T, CliError> {
        let request = self.http.request(Method::POST, self.url(path)?);
        self.read(request.timeout(PATIENCE).json(body)).await
    }

    /// Deletes something.
    pub async fn delete<T: DeserializeOwned>(
        &self,
        path: &[&str],
        query: &[(&str, &str)],
    ) -> Result<T, CliError> {
        let mut url = self.url(path)?;
        url.query_pairs_mut().extend_pairs(query);
        self.read(self.http.request(Method::DELETE, url)).await
    }

    /// Sends a body as it is and gives the answer as it came.
    pub async fn post_raw(&self, path: &[&str], body: Vec<u8>) -> Result<String, CliError> {
        let request = self.http.request(Method::POST, self.url(path)?);
        let request = request
            .header(reqwest::header::CONTENT_TYPE, "application/json")
            .body(body);
        text(self.send(request).await?)
    }

    /// Sends lines of JSON.
    pub async fn post_lines<T: DeserializeOwned>(&self, path: &[&str], body: Vec<u8>) -> Result<T, CliError> {
        let request = self.http.request(Method::POST, self.url(path)?);
        let request = request
            .header(reqwest::header::CONTENT_TYPE, "application/x-ndjson")
            .body(body);
        self.read(request).await
    }

    /// Asks for something long, and gives the answer to be read piece by piece.
    pub async fn stream(
        &self,
        path: &[&str],
        query: &[(&str, String)],
    ) -> Result<reqwest::Response, CliError> {
        let mut url = self.url(path)?;
        url.query_pairs_mut().extend_pairs(query);
        let request = self.http.request(Method::GET, url).timeout(PATIENCE);
        let response = self.start(request).await?;
        if response.status().is_success() {
            return Ok(response);
        }
        let status = response.status().as_u16();
        let body = response.bytes().await.map_err(|source| self.broken(source))?;
        Err(self.refusal(status, &body))
    }

    /// Why a connection ended.
    pub fn broken(&self, source: reqwest::Error) -> CliError {
        let server = self.server.clone();
        match source.is_connect() {
            true => CliError::NoHost { server, source },
            false => CliError::Broken { server, source },
        }
    }

    fn url(&self, path: &[&str]) -> Result<Url, CliError> {
        let mut url = self.base.clone();
        url.path_segments_mut()
            .map_err(|()| CliError::BadServer(self.server.clone()))?
            .pop_if_empty()
            .extend(path);
        Ok(url)
    }

    async fn read<T: DeserializeOwned>(&self, request: RequestBuilder) -> Result<T, CliError> {
        let (status, body) = self.send(request).await?;
        serde_json::from_slice(&body).map_err(|_| self.not_a_host(status))
    }

    async fn start(&self, request: RequestBuilder) -> Result<reqwest::Response, CliError> {
        let request = match &self.token {
            Some(token) => request.bearer_auth(token.reveal()),
            None => request,
        };
        request.send().await.map_err(|source| self.broken(source))
    }

    /// The status and body of an answer that is no refusal.
    async fn send(&self, request: RequestBuilder) -> Result<(u16, Vec<u8>), CliError> {
        let response = self.start(request).await?;
        let status = response.status();
        let body = response.bytes().await.map_err(|source| self.broken(source))?;
        match status.is_success() {
            true => Ok((status.as_u16(), body.into())),
            false => Err(self.refusal(status.as_u16(), &body)),
        }
    }

    fn refusal(&self, status: u16, body: &[u8]) -> CliError {
        match serde_json::from_slice::<ReceivedProblem>(body) {
            Ok(problem) => CliError::Refused(Box::new(problem)),
            Err(_) => self.not_a_host(status),
        }
    }

    fn not_a_host(&self, status: u16) -> CliError {
        CliError::NotAHost {
            server: self.server.clone(),
            status,
        }
    }
}

fn text((_, body): (u16, Vec<u8>)) -> Result<String, CliError> {
    String::from_utf8(body).map_err(|problem| CliError::Output(std::io::Error::other(problem)))
}
