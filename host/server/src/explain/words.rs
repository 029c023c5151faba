//! A decision in sentences. Everything comes from the record; nothing is decided here.

use serde_json::Value;
use signalbox_domain::envelope::{AnsweredBy, Arm, Mode};

use crate::record::{Assigned, Envelope};

/// Candidates that are told at most.
const CANDIDATES_MAX: usize = 10;

/// The sentences, most important first.
pub fn sentences(envelope: &Envelope, answer: &Value) -> Vec<String> {
    let mut told = vec![who(envelope)];
    told.extend(
        envelope
            .assigned
            .as_ref()
            .and_then(|known| assigned(envelope.assigned_arm, known)),
    );
    told.extend(fallbacks(answer));
    told.extend(outcome(answer));
    told.extend(texts(of(answer, "/reasons"), |reason| {
        of(reason, "/text").as_str().map(str::to_owned)
    }));
    told.extend(candidates(answer));
    told.extend(alternatives(answer));
    told.extend(circumstances(envelope, answer));
    told
}

fn who(envelope: &Envelope) -> String {
    let version = format!("{} {}", envelope.policy, envelope.version);
    let by = match envelope.answered_by {
        AnsweredBy::Champion => format!("The champion {version} decided"),
        AnsweredBy::Canary => format!("The canary {version} decided"),
        AnsweredBy::Fallback => format!("The previous champion {version} decided in its successor's place"),
        AnsweredBy::BuiltIn => "The host's own built-in policy decided".to_owned(),
    };
    let acted_on = match envelope.mode {
        Mode::Decide => "",
        Mode::Observe => " (observed only: the caller acted on its own answer)",
    };
    format!(
        "{by} in scope `{}` at {}{acted_on}.",
        envelope.scope, envelope.now
    )
}

/// Which side it was assigned to, where there were two; none where it could not have been another.
fn assigned(arm: Arm, known: &Assigned) -> Option<String> {
    let unit = known.unit.as_ref()?;
    let arm = match (arm, known.probability_bp) {
        (_, 0) => return None,
        (Arm::Champion, _) => "the champion",
        (Arm::Canary, _) => "the canary",
    };
    Some(format!(
        "{unit} is assigned to {arm} while release {} is in step {} of its canary; {}.{:02} % of its kind go to the canary.",
        known.release,
        known.step,
        known.probability_bp / 100,
        known.probability_bp % 100
    ))
}

fn fallbacks(answer: &Value) -> Vec<String> {
    texts(of(answer, "/diagnostics/fallbacks"), |fallback| {
        Some(format!(
            "{} {} could not answer: {} ({}).",
            of(fallback, "/policy").as_str()?,
            of(fallback, "/version").as_str()?,
            of(fallback, "/detail").as_str().unwrap_or("no detail was kept"),
            of(fallback, "/cause").as_str()?
        ))
    })
}

/// What was decided, whatever the domain.
fn outcome(answer: &Value) -> Vec<String> {
    let decision = of(answer, "/decision");
    let mut told = texts(of(decision, "/shipments"), |shipment| {
        let lines = texts(of(shipment, "/lines"), |line| {
            Some(format!(
                "{} of {}",
                of(line, "/quantity"),
                of(line, "/line_id").as_str()?
            ))
        });
        Some(format!(
            "{} ships {} by {}.",
            of(shipment, "/from_node").as_str()?,
            lines.join(", "),
            of(shipment, "/deliver_by").as_str()?
        ))
    });
    told.extend(texts(of(decision, "/unassigned"), |line| {
        Some(format!(
            "{} of {} have no shipment: {} ({}).",
            of(line, "/quantity"),
            of(line, "/line_id").as_str()?,
            of(line, "/action").as_str()?,
            of(line, "/reason").as_str()?
        ))
    }));
    told.extend(texts(of(decision, "/allocations"), |allocation| {
        Some(format!(
            "{} gets {} of {} from {}.",
            of(allocation, "/demand_id").as_str()?,
            of(allocation, "/quantity"),
            of(allocation, "/sku").as_str()?,
            of(allocation, "/node_id").as_str()?
        ))
    }));
    told.extend(texts(of(decision, "/shortages"), |shortage| {
        Some(format!(
            "{} lacks {} ({}).",
            of(shortage, "/demand_id").as_str()?,
            of(shortage, "/quantity"),
            of(shortage, "/reason").as_str()?
        ))
    }));
    if let Some(disposition) = of(decision, "/disposition").as_str() {
        let place = of(decision, "/destination_node").as_str();
        let place = place.map_or_else(String::new, |node| format!(" at {node}"));
        told.push(format!(
            "The item goes to {disposition}{place}; {} minor units of recovery are expected.",
            of(decision, "/expected_recovery_minor")
        ));
    }
    told
}

/// Nodes that were weighed or ruled out, of a routing decision.
fn candidates(answer: &Value) -> Vec<String> {
    let all = texts(of(answer, "/decision/candidates"), |candidate| {
        let node = of(candidate, "/node_id").as_str()?;
        if let Some(failed) = of(candidate, "/failed_constraint").as_str() {
            return Some(format!("{node} was ruled out: {failed}."));
        }
        let terms = texts(of(candidate, "/terms"), |term| {
            Some(format!(
                "{} {}",
                of(term, "/name").as_str()?,
                thousandths(of(term, "/value_milli"))?
            ))
        });
        let score = thousandths(of(candidate, "/total_milli"))?;
        Some(match terms.is_empty() {
            true => format!("{node} scored {score}."),
            false => format!("{node} scored {score}: {}.", terms.join(", ")),
        })
    });
    bounded(all, "candidates")
}

/// Options that were weighed or ruled out, of a returns decision.
fn alternatives(answer: &Value) -> Vec<String> {
    let all = texts(of(answer, "/decision/alternatives"), |alternative| {
        let disposition = of(alternative, "/disposition").as_str()?;
        Some(match of(alternative, "/failed_constraint").as_str() {
            Some(failed) => format!("{disposition} was ruled out: {failed}."),
            None => format!(
                "{disposition} was expected to recover {} minor units.",
                of(alternative, "/expected_recovery_minor")
            ),
        })
    });
    bounded(all, "alternatives")
}

fn circumstances(envelope: &Envelope, answer: &Value) -> Vec<String> {
    let mut told = texts(of(answer, "/diagnostics/levers"), |lever| {
        Some(format!(
            "The lever `{}` ({}) acted on {} rows.",
            of(lever, "/lever_id").as_str()?,
            of(lever, "/kind").as_str()?,
            of(lever, "/rows")
        ))
    });
    if let Some(confidence_bp) = of(answer, "/confidence_bp")
        .as_i64()
        .filter(|confidence_bp| *confidence_bp < 10_000)
    {
        told.push(format!(
            "Confidence was {}.{:02} %, after what the host deducts for stale facts.",
            confidence_bp / 100,
            confidence_bp % 100
        ));
    }
    if let Some(total) = of(answer, "/host_loss/total_minor").as_i64() {
        told.push(format!(
            "By the host's own cost book {} it costs {total} minor units.",
            envelope.cost_book
        ));
    }
    told
}

/// What stands at a JSON pointer; null where there is nothing.
fn of<'v>(value: &'v Value, pointer: &str) -> &'v Value {
    value.pointer(pointer).unwrap_or(&Value::Null)
}

fn texts(list: &Value, text: impl Fn(&Value) -> Option<String>) -> Vec<String> {
    let items = list.as_array().map_or(&[] as &[Value], Vec::as_slice);
    items.iter().filter_map(text).collect()
}

fn bounded(mut all: Vec<String>, what: &str) -> Vec<String> {
    let more = all.len().saturating_sub(CANDIDATES_MAX);
    all.truncate(CANDIDATES_MAX);
    if more > 0 {
        all.push(format!("{more} more {what} are in the record."));
    }
    all
}

/// Thousandths of a minor unit, as minor units.
fn thousandths(value: &Value) -> Option<String> {
    let milli = value.as_i64()?;
    let sign = if milli < 0 { "-" } else { "" };
    let milli = milli.unsigned_abs();
    Some(format!("{sign}{}.{:03}", milli / 1_000, milli % 1_000))
}
