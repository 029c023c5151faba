//! Looks for drift from time to time, and tells it.

use std::time::Duration;

use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

use super::{Drift, DriftDesk};
use crate::error_text::chain;
use crate::record::RecordError;
use crate::telemetry::{DriftSeen, Telemetry};

/// How often the last day is looked at.
const EVERY: Duration = Duration::from_secs(3_600);

/// Looks at every scope until told to end: metrics show the index of each feature, and a champion that decides on something it
/// was not judged on is warned of.
pub async fn watch(desk: DriftDesk, telemetry: Telemetry, end: CancellationToken) {
    let mut tick = tokio::time::interval(EVERY);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = end.cancelled() => return,
            _ = tick.tick() => {}
        }
        let reports = tokio::select! {
            () = end.cancelled() => return,
            reports = desk.reports(None, None) => reports,
        };
        match reports {
            Ok(reports) => {
                for report in &reports {
                    for feature in &report.features {
                        telemetry.emit(&DriftSeen {
                            scope: &report.scope,
                            feature: &feature.feature,
                            index: feature.index.unwrap_or_default(),
                        });
                    }
                    if report.drift == Drift::Drifted {
                        tracing::warn!(scope = report.scope, "{}", report.sentence);
                    }
                }
            }
            // Where nothing is recorded there is nothing to compare.
            Err(RecordError::Off) => return,
            Err(problem) => tracing::warn!(
                error = chain(&problem),
                "drift cannot be looked for; trying again"
            ),
        }
    }
}
