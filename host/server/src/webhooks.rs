//! Webhooks: other systems are told of what people wait for: approvals, gates, stops, rejections, escalations.
//!
//! ```text
//! ledger ---+
//!           +--> one task for each webhook, in order: CloudEvents 1.0, signed --> 2xx: the cursor moves on
//! notices --+                              |--> else again, later and later --> given up: kept as a dead letter
//! ```
//!
//! The ledger itself is the outbox: a webhook's cursor is stored, and moves over an entry only when the entry was delivered, is
//! none for the webhook, or was kept as a dead letter. Nothing is lost over a crash; what was on its way is sent again under
//! the same id, by which receivers know it.
//!
//! Plain HTTP goes to loopback addresses only; HTTPS goes wherever the configuration says, private addresses too, because an
//! operator wrote it. Redirects are not followed, proxies of the environment are not used, and nothing of an answer but its
//! status is read.

mod deliver;
mod event;
mod gates;
mod settings;
mod sign;
mod source;
mod worker;

use std::path::Path;
use std::sync::Arc;

use signalbox_domain::Timestamp;
use signalbox_ledger::LedgerError;
use signalbox_ledger::outbox::{Outbox, Source};
use tokio::sync::{Notify, watch};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

pub use event::{Group, Notice};
pub use gates::watch_gates;
pub use settings::{RetryPolicy, WebhookSettings};
pub use sign::{Secret, SecretError};
pub use signalbox_ledger::outbox::{DeadLetter, OutboxError};

use crate::audit::{LedgerReader, ReadError};
use crate::clock;

/// Why webhooks cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum WebhookError {
    /// The outbox.
    #[error("the outbox of the webhooks cannot be used")]
    Outbox(#[from] OutboxError),
    /// The ledger.
    #[error("the ledger cannot be read for the webhooks")]
    Ledger(#[from] LedgerError),
    /// The same, while the host runs.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// A webhook's secret.
    #[error("the secret of the webhook {url} cannot be used")]
    Secret {
        /// The webhook.
        url: String,
        /// Why.
        source: SecretError,
    },
    /// The HTTP client.
    #[error("no HTTP client can be made for webhooks")]
    Client(#[source] reqwest::Error),
    /// The dead letter's webhook is not configured any more.
    #[error("the webhook {0} is not in the configuration any more; put it back to send this again")]
    Gone(String),
    /// The host is shutting down.
    #[error("the host is shutting down")]
    Stopped,
}

/// Adds notices and looks after dead letters. Cheap to clone.
#[derive(Clone)]
pub struct Webhooks {
    inner: Arc<Inner>,
}

struct Inner {
    outbox: Arc<Outbox>,
    targets: Vec<String>,
    /// Wakes every worker.
    wake: Notify,
}

/// The tasks that deliver.
pub struct WebhookTasks {
    end: CancellationToken,
    tasks: Vec<JoinHandle<()>>,
}

impl Webhooks {
    /// Opens the outbox at `path` and starts a task for each webhook. One that was never told anything begins at the present
    /// end of the ledger at `journal`. `changes` wakes the tasks.
    ///
    /// # Errors
    /// [`WebhookError`].
    pub async fn start(
        path: &Path,
        journal: &Path,
        webhooks: Vec<WebhookSettings>,
        retry: RetryPolicy,
        changes: watch::Receiver<u64>,
    ) -> Result<(Webhooks, WebhookTasks), WebhookError> {
        let (path, ledger) = (path.to_owned(), journal.to_owned());
        let opened = blocking(move || {
            let mut prepared = Vec::with_capacity(webhooks.len());
            let outbox = Outbox::open(&path)?;
            let begins = (source::end_of_ledger(&ledger)?, outbox.last_notice()?);
            for webhook in webhooks {
                let secret = Secret::read(&webhook.secret_file).map_err(|source| WebhookError::Secret {
                    url: webhook.shown(),
                    source,
                })?;
                outbox.cursor(webhook.url.as_str(), Source::Ledger, begins.0)?;
                outbox.cursor(webhook.url.as_str(), Source::Notices, begins.1)?;
                prepared.push((webhook, secret));
            }
            Ok((outbox, prepared))
        });
        let (outbox, prepared) = opened.await?;
        let webhooks = Webhooks {
            inner: Arc::new(Inner {
                outbox: Arc::new(outbox),
                targets: prepared
                    .iter()
                    .map(|(webhook, _)| webhook.url.to_string())
                    .collect(),
                wake: Notify::new(),
            }),
        };
        let client = deliver::client().map_err(WebhookError::Client)?;
        let end = CancellationToken::new();
        let tasks = prepared.into_iter().map(|(settings, secret)| {
            let worker = worker::Worker {
                deliverer: deliver::Deliverer {
                    client: client.clone(),
                    url: settings.url.clone(),
                    secret,
                },
                settings,
                retry,
                ledger: LedgerReader::new(journal.to_owned()),
                webhooks: webhooks.clone(),
                changes: changes.clone(),
                end: end.clone(),
            };
            tokio::spawn(worker.run())
        });
        let tasks = tasks.collect();
        Ok((webhooks, WebhookTasks { end, tasks }))
    }

    /// Whether there is anybody to tell.
    pub(crate) fn has_targets(&self) -> bool {
        !self.inner.targets.is_empty()
    }

    /// Tells of something that is not in the ledger, at least once, also over a restart.
    ///
    /// # Errors
    /// [`WebhookError`] when it cannot be kept.
    pub async fn notify(&self, notice: Notice) -> Result<(), WebhookError> {
        if !self.has_targets() {
            return Ok(());
        }
        let at = clock::now();
        let body = notice.to_text(at);
        self.outbox(move |outbox| outbox.add_notice(&body, at)).await?;
        self.inner.wake.notify_waiters();
        Ok(())
    }

    /// What could not be delivered, newest first.
    ///
    /// # Errors
    /// [`WebhookError`].
    pub async fn dead(&self, before: Option<u64>, limit: u32) -> Result<Vec<DeadLetter>, WebhookError> {
        self.outbox(move |outbox| outbox.dead(before, limit)).await
    }

    /// Has a dead letter sent again, under the same id; it as it is now, or `None` when there is none of that number.
    ///
    /// # Errors
    /// [`WebhookError::Gone`] when nobody would send it.
    pub async fn send_again(&self, id: u64) -> Result<Option<DeadLetter>, WebhookError> {
        let found = self
            .outbox(move |outbox| outbox.dead(Some(id.saturating_add(1)), 1))
            .await?;
        let Some(letter) = found.into_iter().find(|letter| letter.id == id) else {
            return Ok(None);
        };
        if !self.inner.targets.contains(&letter.target) {
            return Err(WebhookError::Gone(settings::shown(&letter.target)));
        }
        let again = self.outbox(move |outbox| outbox.send_again(id)).await?;
        self.inner.wake.notify_waiters();
        Ok(again)
    }

    /// Copies how far each was told, and dead letters, to the new file `to`. Blocks on the disk.
    ///
    /// # Errors
    /// [`OutboxError`].
    pub fn copy_to(&self, to: &Path) -> Result<(), OutboxError> {
        self.inner.outbox.copy_to(to)
    }

    async fn outbox<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Outbox) -> Result<T, OutboxError> + Send + 'static,
    ) -> Result<T, WebhookError> {
        let outbox = Arc::clone(&self.inner.outbox);
        blocking(move || work(&outbox).map_err(WebhookError::from)).await
    }
}

impl WebhookTasks {
    /// Ends the tasks. What is on its way is sent again at the next start.
    pub async fn stop(self) {
        self.end.cancel();
        for task in self.tasks {
            if task.await.is_err() {
                tracing::error!("a webhook's task did not end in order");
            }
        }
    }
}

/// A URL as it may be shown and logged: what stands after its path may be a secret.
pub fn shown(url: &str) -> String {
    settings::shown(url)
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, WebhookError> + Send + 'static,
) -> Result<T, WebhookError> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|_| WebhookError::Stopped)?
}

/// When something is told.
fn instant(at: Timestamp) -> String {
    at.to_string()
}
