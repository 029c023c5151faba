//! What outcomes need from time to time: decisions that were not found looked for again, old reports removed.

use std::sync::Arc;
use std::time::Duration;

use signalbox_ledger::outcomes::OutcomesError;
use tokio_util::sync::CancellationToken;

use super::{Outcomes, facts};
use crate::clock;
use crate::error_text::chain;

/// How often unknown decisions are looked for.
const EVERY: Duration = Duration::from_secs(15);
/// After how many of these old reports are removed.
const RETAIN_EVERY: u32 = 240;
/// Decisions that are looked for or removed at one time.
const AT_ONCE: usize = 500;

/// Looks for unknown decisions again, and keeps the outcomes as long as the decision log is kept, until told to end.
pub async fn upkeep(outcomes: Outcomes, end: CancellationToken) {
    let mut tick = tokio::time::interval(EVERY);
    let mut ticks = 0u32;
    loop {
        tokio::select! {
            () = end.cancelled() => return,
            _ = tick.tick() => {}
        }
        ticks = ticks.wrapping_add(1);
        let (of, retain) = (outcomes.clone(), ticks % RETAIN_EVERY == 1);
        let done = tokio::task::spawn_blocking(move || {
            of.look_again()?;
            if retain { of.retain() } else { Ok(()) }
        });
        match done.await {
            Ok(Ok(())) => {}
            Ok(Err(problem)) => tracing::warn!(error = chain(&problem), "the upkeep of the outcomes failed"),
            Err(_) => return,
        }
    }
}

impl Outcomes {
    /// Looks for the decisions that were unknown and are due. Blocks on the disk.
    ///
    /// # Errors
    /// [`OutcomesError`].
    pub fn look_again(&self) -> Result<(), OutcomesError> {
        let (inner, now) = (&self.inner, clock::now());
        let due = inner.store.unknown(now, AT_ONCE)?;
        if due.is_empty() {
            return Ok(());
        }
        let (mut found, mut in_vain) = (Vec::new(), Vec::new());
        for id in due {
            match facts::find(&inner.recorder, &inner.windows, id) {
                Some(facts) => found.push(facts),
                None => in_vain.push(id),
            }
        }
        inner.store.attribute(&found, &in_vain, now)?;
        if !found.is_empty() {
            tracing::info!(
                decisions = found.len(),
                "outcomes of decisions that were unknown count now"
            );
            let cursor = inner.store.last_cursor()?;
            inner
                .cursor
                .send_if_modified(|known| std::mem::replace(known, cursor) != cursor);
        }
        Ok(())
    }

    fn retain(&self) -> Result<(), OutcomesError> {
        let Some(age_ms) = self.inner.recorder.settings().retention.age_ms_max else {
            return Ok(());
        };
        let before = clock::now().plus_millis(age_ms.saturating_neg());
        let store = Arc::clone(&self.inner.store);
        let limit = u64::try_from(AT_ONCE).unwrap_or(u64::MAX);
        loop {
            let removed = store.retain(before, limit)?;
            if removed > 0 {
                tracing::info!(decisions = removed, "old outcomes were removed");
            }
            if removed < limit {
                return Ok(());
            }
        }
    }
}
