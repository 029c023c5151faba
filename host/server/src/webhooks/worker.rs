//! The task of one webhook: tells it everything in order, each until it is delivered or given up.

use std::time::Duration;

use signalbox_ledger::outbox::{DeadLetter, Source, Undelivered};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::deliver::{Deliverer, Failed};
use super::event::{Group, Notice, Told};
use super::settings::{RetryPolicy, WebhookSettings};
use super::{WebhookError, Webhooks, source};
use crate::audit::LedgerReader;
use crate::clock;
use crate::error_text::chain;

/// How often a webhook looks although nothing woke it: not every entry of the ledger publishes something.
const LOOK_EVERY: Duration = Duration::from_secs(2);
/// Notices that are read at one time.
const NOTICES: u32 = 256;

pub struct Worker {
    pub settings: WebhookSettings,
    pub deliverer: Deliverer,
    pub retry: RetryPolicy,
    pub ledger: LedgerReader,
    pub webhooks: Webhooks,
    pub changes: watch::Receiver<u64>,
    pub end: CancellationToken,
}

/// The task is to end.
struct Ends;

/// An event on its way, under the id that its receiver knows it by.
struct Event<'e> {
    id: &'e str,
    kind: &'e str,
    body: &'e str,
}

impl Worker {
    pub async fn run(mut self) {
        loop {
            // Asked for before looking, so that what comes meanwhile wakes.
            let webhooks = self.webhooks.clone();
            let woken = webhooks.inner.wake.notified();
            tokio::pin!(woken);
            woken.as_mut().enable();
            self.changes.mark_unchanged();
            match self.tell_all().await {
                Ok(Err(Ends)) => return,
                Ok(Ok(())) => {}
                Err(problem) => {
                    let error = chain(&problem);
                    tracing::error!(
                        webhook = self.settings.shown(),
                        error,
                        "a webhook cannot be told now"
                    );
                }
            }
            tokio::select! {
                () = self.end.cancelled() => return,
                () = &mut woken => {}
                // When the host's writer is gone there is nothing to wake for; the pause below is left.
                Ok(()) = self.changes.changed() => {}
                () = tokio::time::sleep(LOOK_EVERY) => {}
            }
        }
    }

    /// Tells everything that there is.
    async fn tell_all(&self) -> Result<Result<(), Ends>, WebhookError> {
        while let Some(letter) = self.next_again().await? {
            if self.send_again(letter).await?.is_err() {
                return Ok(Err(Ends));
            }
        }
        for from in [Source::Ledger, Source::Notices] {
            loop {
                let cursor = self.cursor(from).await?;
                let batch = self.batch(from, cursor).await?;
                if batch.is_empty() {
                    break;
                }
                let last = batch.last().map(|(seq, _)| *seq);
                for (seq, told) in batch {
                    let told = told.filter(|told| self.settings.wants(told));
                    match told {
                        // Moving over each that is not for this webhook would cost a write each.
                        None if Some(seq) != last => {}
                        None => self.advance(from, seq).await?,
                        Some(told) => {
                            if self.tell(from, seq, &told).await?.is_err() {
                                return Ok(Err(Ends));
                            }
                        }
                    }
                }
            }
        }
        Ok(Ok(()))
    }

    async fn batch(&self, from: Source, after: u64) -> Result<Vec<(u64, Option<Told>)>, WebhookError> {
        match from {
            Source::Ledger => Ok(self.ledger.entries_after(after, source::entries).await?),
            Source::Notices => {
                let found = self.webhooks.outbox(move |outbox| outbox.notices(after, NOTICES));
                let told = |(number, text): (u64, String)| (number, Told::of_notice(number, &text));
                Ok(found.await?.into_iter().map(told).collect())
            }
        }
    }

    /// Tells one event, until it is delivered or given up.
    async fn tell(&self, from: Source, seq: u64, told: &Told) -> Result<Result<(), Ends>, WebhookError> {
        let id = told.id(self.settings.url.as_str());
        let (kind, body) = (told.event_type(), told.body(&id));
        let event = Event {
            id: &id,
            kind: &kind,
            body: &body,
        };
        let Ok(delivered) = self.deliver(&event).await else {
            return Ok(Err(Ends));
        };
        match delivered {
            Ok(()) => self.advance(from, seq).await?,
            Err((attempts, error)) => self.give_up(from, seq, told, &event, attempts, error).await?,
        }
        Ok(Ok(()))
    }

    /// Tries until it is delivered, or as often as may be: then how often that was and why the last attempt failed.
    async fn deliver(&self, event: &Event<'_>) -> Result<Result<(), (u32, String)>, Ends> {
        let mut attempt = 0u32;
        loop {
            attempt = attempt.saturating_add(1);
            let sent = self.deliverer.send(event.id, event.body, self.retry.timeout);
            let failed = tokio::select! {
                () = self.end.cancelled() => return Err(Ends),
                sent = sent => match sent {
                    Ok(()) => return Ok(Ok(())),
                    Err(failed) => failed,
                },
            };
            let Failed { error, for_good } = failed;
            tracing::warn!(
                webhook = self.settings.shown(),
                event = event.id,
                kind = event.kind,
                attempt,
                error,
                "a webhook was not told"
            );
            if for_good || attempt >= self.retry.attempts_max {
                return Ok(Err((attempt, error)));
            }
            let mut chance = [0];
            // Without randomness every pause is half as long.
            let _ = getrandom::fill(&mut chance);
            let [chance] = chance;
            tokio::select! {
                () = self.end.cancelled() => return Err(Ends),
                () = tokio::time::sleep(self.retry.pause_after(attempt, chance)) => {}
            }
        }
    }

    async fn give_up(
        &self,
        from: Source,
        seq: u64,
        told: &Told,
        event: &Event<'_>,
        attempts: u32,
        error: String,
    ) -> Result<(), WebhookError> {
        let (target, at) = (self.settings.url.to_string(), clock::now());
        let (id, kind, body) = (event.id.to_owned(), event.kind.to_owned(), event.body.to_owned());
        let because = error.clone();
        let given_up = self.webhooks.outbox(move |outbox| {
            let letter = Undelivered {
                event_id: &id,
                kind: &kind,
                body: &body,
                attempts,
                error: &because,
                at,
            };
            outbox.advance(&target, from, seq, Some(&letter))
        });
        given_up.await?;
        tracing::error!(
            webhook = self.settings.shown(),
            event = event.id,
            kind = event.kind,
            attempts,
            error,
            "a webhook was given up for this event; `signalbox webhooks dead` lists it"
        );
        if told.group == Group::DeadLetters {
            // Nobody is told that nobody could be told that.
            return Ok(());
        }
        let data = serde_json::json!({
            "webhook": self.settings.shown(), "event_id": event.id, "type": event.kind, "attempts": attempts, "error": error,
        });
        let notice = Notice {
            group: Group::DeadLetters,
            kind: "dead_letter".to_owned(),
            scope: told.scope.clone(),
            subject: told.subject.clone(),
            data,
        };
        self.webhooks.notify(notice).await
    }

    async fn next_again(&self) -> Result<Option<DeadLetter>, WebhookError> {
        let target = self.settings.url.to_string();
        self.webhooks
            .outbox(move |outbox| outbox.next_again(&target))
            .await
    }

    /// Sends a dead letter again: once, because who asked for it can look and ask again.
    async fn send_again(&self, letter: DeadLetter) -> Result<Result<(), Ends>, WebhookError> {
        let sent = self
            .deliverer
            .send(&letter.event_id, &letter.body, self.retry.timeout);
        let failed = tokio::select! {
            () = self.end.cancelled() => return Ok(Err(Ends)),
            sent = sent => sent.err(),
        };
        let done = self.webhooks.outbox(move |outbox| {
            let failed = failed.as_ref().map(|failed| (1, failed.error.as_str()));
            outbox.sent_again(letter.id, failed)
        });
        done.await?;
        Ok(Ok(()))
    }

    async fn cursor(&self, from: Source) -> Result<u64, WebhookError> {
        let target = self.settings.url.to_string();
        self.webhooks
            .outbox(move |outbox| outbox.cursor(&target, from, 0))
            .await
    }

    async fn advance(&self, from: Source, seq: u64) -> Result<(), WebhookError> {
        let target = self.settings.url.to_string();
        self.webhooks
            .outbox(move |outbox| outbox.advance(&target, from, seq, None))
            .await
    }
}
