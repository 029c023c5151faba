//! Makes ready what the writer misses: a reconciler without input but the list of what is missing.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use signalbox_domain::events::{Admission, PolicyVersion};
use tokio::sync::mpsc;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::writer::{Message, Published};
use crate::ready::Loader;

/// How long to wait before a version that could not be made ready is tried again. What fails is most often a file that
/// an operator has to restore.
const RETRY: Duration = Duration::from_secs(30);

/// Runs until cancelled.
pub(super) async fn run(
    loader: Arc<Loader>,
    published: Arc<Published>,
    writer: mpsc::Sender<Message>,
    stop: CancellationToken,
) {
    let mut missing = published.missing.subscribe();
    let mut not_before: HashMap<PolicyVersion, Instant> = HashMap::new();
    loop {
        let list: Vec<Admission> = missing.borrow_and_update().clone();
        not_before.retain(|version, _| list.iter().any(|admission| admission.version == *version));
        let due = list.into_iter().find(|admission| {
            let held = not_before.get(&admission.version);
            held.is_none_or(|instant| *instant <= Instant::now())
        });
        let Some(admission) = due else {
            let next = not_before.values().min().copied();
            tokio::select! {
                () = stop.cancelled() => return,
                () = sleep_until(next) => {}
                changed = missing.changed() => if changed.is_err() { return },
            }
            continue;
        };
        // One after the other: what is missing is a handful, and most of it comes from the compile cache.
        let loaded = tokio::select! {
            () = stop.cancelled() => return,
            loaded = loader.load(&admission) => loaded,
        };
        let message = match loaded {
            Ok(policy) => Message::Loaded(policy),
            Err(error) => {
                not_before.insert(admission.version.clone(), Instant::now() + RETRY);
                Message::LoadFailed(admission.version, error)
            }
        };
        if writer.send(message).await.is_err() {
            return;
        }
        // The writer publishes what is still missing; waiting for it keeps one version from being loaded twice.
        tokio::select! {
            () = stop.cancelled() => return,
            changed = missing.changed() => if changed.is_err() { return },
        }
    }
}

async fn sleep_until(instant: Option<Instant>) {
    match instant {
        Some(instant) => tokio::time::sleep_until(instant).await,
        None => std::future::pending().await,
    }
}
