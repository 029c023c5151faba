//! One attempt to deliver.

use std::time::Duration;

use reqwest::header::CONTENT_TYPE;
use reqwest::{Client, Url, redirect};

use super::sign::Secret;
use crate::clock;
use crate::error_text::chain;

/// How long a connection may take.
const CONNECT_WITHIN: Duration = Duration::from_secs(5);

/// A client for webhooks.
pub fn client() -> reqwest::Result<Client> {
    Client::builder()
        .redirect(redirect::Policy::none())
        .no_proxy()
        .connect_timeout(CONNECT_WITHIN)
        .pool_max_idle_per_host(1)
        .user_agent(concat!("signalbox/", env!("CARGO_PKG_VERSION")))
        .build()
}

/// Sends events to one receiver.
pub struct Deliverer {
    pub client: Client,
    pub url: Url,
    pub secret: Secret,
}

/// Why an attempt failed.
pub struct Failed {
    /// For people, without anything of the answer but its status.
    pub error: String,
    /// Whether the receiver said that it wants no more of this.
    pub for_good: bool,
}

impl Deliverer {
    /// Sends an event once.
    pub async fn send(&self, id: &str, body: &str, timeout: Duration) -> Result<(), Failed> {
        let timestamp_s = clock::now().as_millis().div_euclid(1_000);
        let request = self
            .client
            .post(self.url.clone())
            .timeout(timeout)
            .header(CONTENT_TYPE, "application/cloudevents+json; charset=utf-8")
            .header("webhook-id", id)
            .header("webhook-timestamp", timestamp_s.to_string())
            .header("webhook-signature", self.secret.sign(id, timestamp_s, body))
            .body(body.to_owned());
        // The body of the answer is not read: dropping it closes the connection.
        let answer = request.send().await.map_err(|problem| Failed {
            // The URL may hold a secret.
            error: chain(&problem.without_url()),
            for_good: false,
        })?;
        let status = answer.status();
        if status.is_success() {
            return Ok(());
        }
        Err(Failed {
            error: format!("expected a status of 200 to 299, found {}", status.as_u16()),
            for_good: status.as_u16() == 410,
        })
    }
}
