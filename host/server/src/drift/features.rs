//! What of a decision is compared: what was asked, what it rested on, what came out.

use serde::Deserialize;
use serde::de::DeserializeOwned;
use signalbox_domain::allocation::AllocationCase;
use signalbox_domain::case::Case;
use signalbox_domain::envelope::Status;
use signalbox_domain::events::PolicyVersion;
use signalbox_domain::policy_file::Observed as Outcome;
use signalbox_domain::returns::ReturnsCase;
use signalbox_domain::routing::RoutingCase;
use signalbox_domain::segment::SegmentKey;
use signalbox_domain::validate::{Bounds, Circumstances};
use signalbox_domain::{Domain, Timestamp};

use crate::record::{DecisionRecord, Envelope, Payload, Texts};

/// Values of features: `(feature, value)`, several of one feature where a decision has several.
pub type Observed = Vec<(&'static str, String)>;

/// Of an answer what is compared.
#[derive(Deserialize)]
struct Told<D> {
    status: Status,
    confidence_bp: u32,
    decision: D,
}

/// What is to be seen of a record. What came out counts only where `champion` decided. Nothing is seen of a record that was
/// erased, and little of one that was masked.
pub fn observe(record: &DecisionRecord, champion: &PolicyVersion, bounds: &Bounds) -> Observed {
    let Payload::Kept(texts) = &record.payload else {
        return Observed::new();
    };
    let mut seen = Observed::new();
    let envelope = &record.envelope;
    let cause = envelope.fallback_causes.first();
    seen.push(("fallback", cause.map_or_else(|| "none".to_owned(), String::clone)));
    match envelope.domain {
        Domain::Routing => of::<RoutingCase>(&mut seen, envelope, texts, champion, bounds),
        Domain::Allocation => of::<AllocationCase>(&mut seen, envelope, texts, champion, bounds),
        Domain::Returns => of::<ReturnsCase>(&mut seen, envelope, texts, champion, bounds),
    }
    seen
}

fn of<C: Case>(
    seen: &mut Observed,
    envelope: &Envelope,
    texts: &Texts,
    champion: &PolicyVersion,
    bounds: &Bounds,
) where
    C::Request: DeserializeOwned,
    C::Answer: DeserializeOwned,
{
    let told = serde_json::from_str::<Told<C::Answer>>(&texts.answer).ok();
    let circumstances = Circumstances {
        now: envelope.now,
        levers: &envelope.levers,
        bounds,
    };
    let request = serde_json::from_str::<C::Request>(&texts.request).ok();
    let case = request.and_then(|request| C::build(request, &circumstances).ok());
    if let Some(case) = &case {
        for segment in case.segments(&SegmentKey::ALL) {
            seen.push((feature_of(segment.key), segment.value.to_string()));
        }
    }
    let Some(told) = told else {
        return;
    };
    let decision = case
        .as_ref()
        .and_then(|case| Some((case, case.decision_of(&told.decision).ok()?)));
    if let Some((case, decision)) = decision {
        let age = case.oldest_fact(&decision);
        seen.push(("stock_age", age_band(age, envelope.now).to_owned()));
    }
    if envelope.policy != champion.policy || envelope.version != champion.version.to_string() {
        return;
    }
    seen.push(("confidence", confidence_band(told.confidence_bp)));
    seen.push(("status", status(told.status).to_owned()));
    came_out(seen, envelope.domain, C::observed(&told.decision));
}

const fn status(status: Status) -> &'static str {
    match status {
        Status::Full => "FULL",
        Status::Partial => "PARTIAL",
        Status::Unfillable => "UNFILLABLE",
        Status::Referred => "REFERRED",
    }
}

/// What was decided.
fn came_out(seen: &mut Observed, domain: Domain, observed: Outcome) {
    match domain {
        Domain::Routing => {
            seen.push(("shipments", size_band(observed.from_nodes.len() as u64)));
            let mut nodes = observed.from_nodes;
            nodes.sort_unstable();
            nodes.dedup();
            seen.extend(nodes.into_iter().map(|node| ("node", node)));
        }
        Domain::Allocation => {
            let units = observed
                .allocated
                .values()
                .fold(0u64, |sum, units| sum.saturating_add(*units));
            seen.push(("units_allocated", size_band(units)));
        }
        Domain::Returns => {
            let disposition = observed.disposition.map(|word| word.to_string());
            seen.push(("disposition", disposition.unwrap_or_else(|| "none".to_owned())));
        }
    }
}

/// The feature of a segment's key.
fn feature_of(key: SegmentKey) -> &'static str {
    key.as_str()
}

/// Bands of the age of the oldest fact that a decision rests on.
fn age_band(oldest: Option<Timestamp>, now: Timestamp) -> &'static str {
    const MINUTE: i64 = 60_000;
    const BANDS: [(i64, &str); 6] = [
        (MINUTE, "under 1 min"),
        (5 * MINUTE, "1 to 5 min"),
        (15 * MINUTE, "5 to 15 min"),
        (60 * MINUTE, "15 to 60 min"),
        (360 * MINUTE, "1 to 6 h"),
        (1_440 * MINUTE, "6 to 24 h"),
    ];
    let Some(oldest) = oldest else {
        return "unknown";
    };
    let age = now.as_millis().saturating_sub(oldest.as_millis());
    BANDS
        .iter()
        .find(|(below, _)| age < *below)
        .map_or("24 h and more", |(_, name)| name)
}

/// Tenths of full confidence: the last one is full confidence alone.
fn confidence_band(confidence_bp: u32) -> String {
    match confidence_bp / 1_000 {
        10.. => "100 %".to_owned(),
        tenth => format!(
            "{} to {} %",
            tenth.saturating_mul(10),
            tenth.saturating_mul(10).saturating_add(10)
        ),
    }
}

/// Bands that double: 0, 1, 2, 3-4, 5-8, ...
fn size_band(size: u64) -> String {
    match size {
        0..=2 => size.to_string(),
        _ => {
            let upper = size.checked_next_power_of_two().unwrap_or(u64::MAX);
            format!("{}-{upper}", (upper / 2).saturating_add(1))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bands_meet_and_do_not_overlap() {
        let sizes = [0, 1, 2, 3, 4, 5, 8, 9, u64::MAX].map(size_band);
        let upper = format!("{}-{}", u64::MAX / 2 + 1, u64::MAX);
        assert_eq!(
            sizes,
            ["0", "1", "2", "3-4", "3-4", "5-8", "5-8", "9-16", upper.as_str()]
        );
        assert_eq!(
            [0, 999, 1_000, 9_999, 10_000].map(confidence_band),
            ["0 to 10 %", "0 to 10 %", "10 to 20 %", "90 to 100 %", "100 %"]
        );
        let now = Timestamp(100_000_000);
        let age = |ms: i64| age_band(Some(now.plus_millis(-ms)), now);
        assert_eq!(
            [0, 59_999, 60_000, 86_400_000].map(age),
            ["under 1 min", "under 1 min", "1 to 5 min", "24 h and more"]
        );
        assert_eq!(age_band(None, now), "unknown");
    }
}
