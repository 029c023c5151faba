//! Watching the gates of releases: webhooks are told when one is met, and when it is no longer.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

use super::{Group, Notice, Webhooks};
use crate::control::{ControlHandle, Gate, GateState, ReleaseReport};
use crate::error_text::chain;

/// How often gates are looked at: one that goes back and forth is told of at most so often.
const LOOK: Duration = Duration::from_secs(5);

/// The gates of a release by name, and how they stood.
type Standing = BTreeMap<String, GateState>;

/// Tells of changes until told to end. How gates stand at the first look is where changes begin: what changed while the host
/// was down is not told.
pub async fn watch_gates(webhooks: Webhooks, control: ControlHandle, end: CancellationToken) {
    if !webhooks.has_targets() {
        return;
    }
    let mut known: BTreeMap<String, Standing> = BTreeMap::new();
    let mut tick = tokio::time::interval(LOOK);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = end.cancelled() => return,
            _ = tick.tick() => {}
        }
        let reports = control.releases();
        let mut now = BTreeMap::new();
        for report in reports.iter().filter(|report| !report.outlook.gates.is_empty()) {
            let id = report.release.id().to_string();
            let changed = known
                .get(&id)
                .map(|before| changes(before, &report.outlook.gates))
                .unwrap_or_default();
            if !changed.is_empty()
                && let Err(problem) = webhooks.notify(notice(report, changed)).await
            {
                tracing::error!(
                    error = chain(&problem),
                    "a change of gates cannot be told; trying again"
                );
                // As if it had not been seen.
                now.extend(known.remove_entry(&id));
                continue;
            }
            now.insert(id, standing(&report.outlook.gates));
        }
        known = now;
    }
}

fn standing(gates: &[Gate]) -> Standing {
    gates.iter().map(|gate| (gate.name.clone(), gate.state)).collect()
}

/// The gates that stand otherwise than before; those of another phase that were not there before are no change.
fn changes(before: &Standing, gates: &[Gate]) -> Vec<Value> {
    let changed = gates.iter().filter_map(|gate| {
        let was = before.get(&gate.name).filter(|was| **was != gate.state)?;
        Some(json!({ "gate": gate.name, "was": was, "state": gate.state, "detail": gate.detail }))
    });
    changed.collect()
}

fn notice(report: &ReleaseReport, changed: Vec<Value>) -> Notice {
    let gates = &report.outlook.gates;
    let unmet: Vec<&str> = gates
        .iter()
        .filter(|gate| gate.is_unmet())
        .map(|gate| gate.name.as_str())
        .collect();
    Notice {
        group: Group::Gates,
        kind: "gates_changed".to_owned(),
        scope: Some(report.release.scope().to_owned()),
        subject: Some(report.release.version().to_string()),
        data: json!({
            "release_id": report.release.id(),
            "phase": report.release.phase().word(),
            "next": report.outlook.next,
            "changed": changed,
            "unmet": unmet,
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gate(name: &str, state: GateState) -> Gate {
        Gate {
            name: name.to_owned(),
            state,
            detail: "so".to_owned(),
            figure: None,
        }
    }

    #[test]
    fn only_gates_that_stand_otherwise_than_before_are_told() {
        let before = standing(&[
            gate("hours", GateState::Unmet),
            gate("better", GateState::Inconclusive),
            gate("freeze", GateState::Met),
        ]);
        let now = [
            gate("hours", GateState::Met),
            gate("better", GateState::Inconclusive),
            gate("freeze", GateState::Unmet),
            gate("split", GateState::Unmet),
        ];
        let told = json!([
            { "gate": "hours", "was": "unmet", "state": "met", "detail": "so" },
            { "gate": "freeze", "was": "met", "state": "unmet", "detail": "so" },
        ]);
        assert_eq!(json!(changes(&before, &now)), told);
        assert!(changes(&standing(&now), &now).is_empty());
    }
}
