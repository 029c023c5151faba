//! What every act of the demo works with.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use semver::Version;
use signalbox_domain::routing::RoutingAnswer;
use tokio::sync::watch;

use super::cohort::Cohort;
use super::error::DemoError;
use super::host_api::{HostApi, rejection_text};
use super::load::{Exchange, Pace};
use super::narrator::Narrator;
use super::stage::{PolicyPair, Stage, embedded};
use super::tables::Sent;

/// How long a scope may take to run the only policy that is there.
const LIVE_WITHIN: std::time::Duration = std::time::Duration::from_secs(20);

/// The demo while it runs.
pub struct Show {
    /// Tells the story.
    pub narrator: Narrator,
    /// The host's API.
    pub api: HostApi,
    /// The watched folder.
    pub stage: Stage,
    /// What is sent.
    pub cohort: Arc<Cohort>,
    /// The seed of everything that is drawn.
    pub seed: u64,
    /// How it is sent.
    pub pace: Pace,
    /// What was sent.
    pub sent: Vec<Sent>,
}

impl Show {
    /// Drops a policy into the watched folder and waits until the host has admitted it.
    ///
    /// # Errors
    /// [`DemoError::Rejected`] with the reason, and as every call of the API.
    pub async fn admit(&self, policy: &str) -> Result<Admitted, DemoError> {
        let pair = embedded(policy)?;
        let dropped = Instant::now();
        self.stage.drop_pair(&pair)?;
        let (view, took) = self.api.verdict(&pair.name, &pair.version, dropped).await?;
        if let Some(problems) = rejection_text(&view) {
            return Err(DemoError::Rejected {
                version: format!("{policy}@{}", pair.version),
                problems,
            });
        }
        let digest = view.digest.map_or_else(String::new, |digest| digest.to_string());
        Ok(Admitted {
            version: pair.version.clone(),
            digest,
            millis: took.as_millis(),
            pair,
        })
    }

    /// Waits until a scope runs a policy that it takes without being told, and says so.
    ///
    /// # Errors
    /// [`DemoError::TooSlow`], and as every call of the API.
    pub async fn live(&mut self, scope: &str, policy: &str) -> Result<(), DemoError> {
        let since = Instant::now();
        loop {
            let champion = self.champion(scope).await?;
            if champion.starts_with(&format!("{policy}@")) {
                self.narrator
                    .note(&format!("scope {scope} is decided by {champion}"));
                return Ok(());
            }
            if since.elapsed() > LIVE_WITHIN {
                let what = format!("{policy} in scope {scope} (now {champion})");
                return Err(DemoError::TooSlow {
                    what,
                    after: LIVE_WITHIN,
                });
            }
            tokio::time::sleep(std::time::Duration::from_millis(15)).await;
        }
    }

    /// The version that decides in a scope, as `name@version`.
    ///
    /// # Errors
    /// As every call of the API.
    pub async fn champion(&self, scope: &str) -> Result<String, DemoError> {
        let view = self.api.scope(scope).await?;
        let champion = view
            .filter(|view| view.decides == "champion")
            .and_then(|view| view.champion);
        Ok(champion.map_or_else(
            || "built-in".to_owned(),
            |live| format!("{}@{}", live.policy, live.version),
        ))
    }
}

/// A version that the host admitted.
pub struct Admitted {
    /// Its version.
    pub version: Version,
    /// Its digest.
    pub digest: String,
    /// From the drop to the verdict, ms.
    pub millis: u128,
    /// What was dropped.
    pub pair: PolicyPair,
}

/// What the story and the stream of orders tell each other.
pub struct Stream {
    /// How many orders are answered.
    pub done: watch::Receiver<usize>,
    /// How many may be sent.
    pub allowed: watch::Sender<usize>,
    /// How often each node has shipped so far.
    pub chosen: Chosen,
}

/// How often each node was chosen.
#[derive(Clone, Default)]
pub struct Chosen(Arc<Mutex<BTreeMap<String, usize>>>);

impl Chosen {
    /// Counts the nodes of an answer.
    pub fn add(&self, exchange: &Exchange<RoutingAnswer>) {
        let Ok(answer) = &exchange.outcome else { return };
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for shipment in &answer.decision.shipments {
            let count = counts.entry(shipment.from_node.clone()).or_default();
            *count = count.saturating_add(1);
        }
    }

    /// The counts so far.
    pub fn counts(&self) -> BTreeMap<String, usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Stream {
    /// Waits until this share of `orders` is answered.
    pub async fn reached(&mut self, orders: usize, share: f64) {
        let wanted = (orders as f64 * share) as usize;
        // A stream that ended has reached everything it will.
        let _ = self.done.wait_for(|done| *done >= wanted).await;
    }

    /// Lets the stream go on to this share.
    pub fn allow(&self, orders: usize, share: f64) {
        self.allowed.send_replace((orders as f64 * share).ceil() as usize);
    }
}
