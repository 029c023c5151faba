//! Reading the store of outcomes, change by change.

use std::time::Duration;

use signalbox_domain::Timestamp;
use signalbox_domain::rollout::WHOLE_BP;
use signalbox_ledger::outcomes::{OutcomeStore, OutcomesError, UnitChange};
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

use super::units::Units;
use super::{Measured, RELEASES_MAX, Rates};
use crate::control::ControlHandle;
use crate::error_text::chain;
use crate::outcomes::Outcomes;
use crate::snapshot::Snapshot;

/// How often it looks: what stops a canary has to be seen within a second.
const LOOK: Duration = Duration::from_millis(200);
/// Changes that are read at one time.
const AT_ONCE: usize = 1_000;
/// How long after its time a unit is taken: a change that is being written carries an instant before this one.
const SETTLED_MS: i64 = 1_000;

/// Reads what is new until told to end.
pub async fn run(measured: Measured, outcomes: Outcomes, control: ControlHandle, end: CancellationToken) {
    let cursor = outcomes.cursor();
    let mut tick = tokio::time::interval(LOOK);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut is_told = false;
    loop {
        tokio::select! {
            () = end.cancelled() => return,
            _ = tick.tick() => {}
        }
        let last = *cursor.borrow();
        let now = control.now().plus_millis(-SETTLED_MS);
        let (of, store, snapshot) = (
            measured.clone(),
            std::sync::Arc::clone(outcomes.store()),
            control.snapshot(),
        );
        let ended = end.clone();
        let read = tokio::task::spawn_blocking(move || {
            of.read(
                &store,
                last,
                now,
                |release| rates(&snapshot, release),
                || ended.is_cancelled(),
            )
        });
        match read.await {
            Ok(Ok(())) => is_told = false,
            // Once for each time it begins to fail, not five times a second.
            Ok(Err(problem)) if !is_told => {
                is_told = true;
                tracing::error!(
                    error = chain(&problem),
                    "outcomes cannot be read for the gates; trying again"
                );
            }
            Ok(Err(_)) => {}
            Err(_) => return,
        }
    }
}

/// The error rates of a release's plan; those of the default plan for one that is gone.
fn rates(snapshot: &Snapshot, release: &str) -> Rates {
    let known = snapshot
        .releases
        .iter()
        .find(|state| state.release.id().to_string() == release);
    let proof = known.map(|state| state.plan.proof.clone()).unwrap_or_default();
    let rate = |bp: u32| f64::from(bp) / f64::from(WHOLE_BP);
    Rates {
        alpha: rate(proof.alpha_bp),
        harm_alpha: rate(proof.harm_alpha_bp),
    }
}

impl Measured {
    /// Reads every change up to `last`, and takes the units whose time was over at `now`. Blocks on the disk.
    pub(super) fn read(
        &self,
        store: &OutcomeStore,
        last: u64,
        now: Timestamp,
        rates: impl Fn(&str) -> Rates,
        is_ended: impl Fn() -> bool,
    ) -> Result<(), OutcomesError> {
        loop {
            let from = self.known().cursor;
            if from >= last || is_ended() {
                break;
            }
            let changes = store.since(from, AT_ONCE)?;
            let Some(newest) = changes.last().map(|change| change.cursor) else {
                break;
            };
            for change in changes {
                self.take(change, &rates);
            }
            self.known().cursor = newest;
        }
        for (_, units) in self.known().releases.values_mut() {
            units.close(now);
        }
        Ok(())
    }

    pub(super) fn take(&self, change: UnitChange, rates: &impl Fn(&str) -> Rates) {
        let Some(release) = change.unit.arm.release.clone() else {
            return;
        };
        let mut known = self.known();
        if !known.releases.contains_key(&release) {
            match Units::new(rates(&release)) {
                Ok(units) => known.releases.insert(release.clone(), (change.cursor, units)),
                // Plans with such rates are refused at admission.
                Err(problem) => {
                    tracing::error!(error = chain(&problem), release, "outcomes cannot be judged");
                    return;
                }
            };
            if known.releases.len() > RELEASES_MAX {
                let oldest = known.releases.iter().min_by_key(|(_, (last, _))| *last);
                let oldest = oldest.map(|(release, _)| release.clone());
                oldest.and_then(|release| known.releases.remove(&release));
            }
        }
        if let Some((last, units)) = known.releases.get_mut(&release) {
            *last = change.cursor;
            units.change(change);
        }
    }
}
