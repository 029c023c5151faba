//! What a decision was, from its record in the decision log.

use signalbox_domain::outcome::{Facts, Measures};
use uuid::Uuid;

use super::Windows;
use crate::record::{DecisionRecord, Envelope, Payload, Recorder};

/// The facts of a decision, if the log has it. A look-up that fails is told in the log: the decision counts as unknown for now,
/// and is looked for again.
pub fn find(recorder: &Recorder, windows: &Windows, decision_id: Uuid) -> Option<Facts> {
    let log = recorder.log().ok()?;
    match log.get(decision_id) {
        Ok(record) => record.map(|record| of(record, windows)),
        Err(problem) => {
            let error = crate::error_text::chain(&problem);
            tracing::warn!(%decision_id, error, "a decision cannot be looked up for its outcomes now");
            None
        }
    }
}

fn of(record: DecisionRecord, windows: &Windows) -> Facts {
    let DecisionRecord { envelope, payload } = record;
    let measures = match &payload {
        Payload::Kept(texts) => Measures::read(envelope.domain, &texts.request, &texts.answer),
        Payload::Erased(_) => None,
    };
    let window_ms = windows.of(&envelope.scope, envelope.domain);
    let unit = unit(&envelope);
    let assigned = envelope.assigned;
    Facts {
        decision_id: envelope.decision_id,
        scope: envelope.scope,
        domain: envelope.domain,
        mode: envelope.mode,
        probability_bp: assigned.as_ref().map(|assigned| assigned.probability_bp),
        release: assigned.map(|assigned| assigned.release),
        assigned_arm: envelope.assigned_arm,
        policy: envelope.policy,
        version: envelope.version,
        at: envelope.at,
        now: envelope.now,
        closes_at: envelope.now.plus_millis(window_ms),
        unit,
        units: envelope.units,
        measures,
    }
}

/// What was assigned as a whole; else what the decision was about; else the decision itself.
fn unit(envelope: &Envelope) -> String {
    let assigned = envelope
        .assigned
        .as_ref()
        .and_then(|assigned| assigned.unit.clone());
    assigned
        .or_else(|| envelope.units.first().cloned())
        .unwrap_or_else(|| envelope.decision_id.to_string())
}
