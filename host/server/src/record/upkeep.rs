//! What the decision log needs from time to time: old segments removed, dropped records told.

use std::sync::Arc;
use std::time::Duration;

use signalbox_domain::Timestamp;
use signalbox_ledger::decisions::{DecisionLog, DecisionLogError, Retained, Retention};
use tokio_util::sync::CancellationToken;

use super::Recorder;
use crate::clock;
use crate::control::ControlHandle;
use crate::error_text::chain;
use crate::snapshot::Snapshot;

/// How often the ledger is told of decisions that are not logged.
const EVERY: Duration = Duration::from_secs(60);
/// After how many of these old segments are looked for: that reads the whole index.
const RETAIN_EVERY: u32 = 60;

/// Keeps the log within its retention, and the ledger told of what it lacks, until told to end.
pub async fn upkeep(recorder: Recorder, control: ControlHandle, end: CancellationToken) {
    let Ok(log) = recorder.log().map(Arc::clone) else {
        return;
    };
    let mut tick = tokio::time::interval(EVERY);
    let mut ticks = 0u32;
    loop {
        tokio::select! {
            () = end.cancelled() => return,
            _ = tick.tick() => {}
        }
        tell_unlogged(&recorder, &control).await;
        ticks = ticks.wrapping_add(1);
        if ticks % RETAIN_EVERY != 1 {
            continue;
        }
        let (kept, retention) = (Arc::clone(&log), recorder.settings().retention);
        let snapshot = control.snapshot();
        let removed =
            tokio::task::spawn_blocking(move || remove_old(&kept, &retention, &snapshot, clock::now()));
        match removed.await {
            Ok(Ok(removed)) if removed.segments > 0 => tracing::info!(
                segments = removed.segments,
                records = removed.records,
                bytes = removed.bytes,
                "old decisions were removed"
            ),
            Ok(Ok(_)) => {}
            Ok(Err(problem)) => {
                tracing::warn!(error = chain(&problem), "old decisions cannot be removed");
            }
            Err(_) => return,
        }
    }
}

/// Removes what is not to be kept at `now`, but nothing that a release on its way is judged by. Blocks on the disk.
fn remove_old(
    log: &DecisionLog,
    retention: &Retention,
    snapshot: &Snapshot,
    now: Timestamp,
) -> Result<Retained, DecisionLogError> {
    let releases = snapshot.releases.iter();
    let compared_since = releases.filter_map(|state| state.release.compared_since()).min();
    log.retain(retention, now, compared_since.map_or(now, |since| since.min(now)))
}

/// Puts the count of decisions that are not in the log into the ledger; each is counted in exactly one entry.
pub async fn tell_unlogged(recorder: &Recorder, control: &ControlHandle) {
    let count = recorder.take_unlogged();
    if count == 0 {
        return;
    }
    if let Err(problem) = control.note_not_logged(count).await {
        tracing::error!(
            count,
            error = chain(&problem),
            "the ledger cannot be told of decisions that are not logged"
        );
        recorder.return_unlogged(count);
    }
}

#[cfg(test)]
mod tests;
