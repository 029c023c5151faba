//! Past requests of the decision log, of a host that is stopped or running.

use std::io;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use signalbox_domain::Timestamp;
use signalbox_domain::scope::Scope;
use signalbox_ledger::decisions::{DecisionRecord, Found, LogReader, Payload};

use super::lines::{Given, Shard, Then};
use crate::decide::seed_of;

/// Which decisions.
#[derive(Clone, Debug)]
pub struct Span {
    /// Those that this scope decided.
    pub scope: Scope,
    /// Answered then or later.
    pub since: Option<Timestamp>,
    /// Answered before.
    pub until: Option<Timestamp>,
    /// Of those, this part, by place in the log.
    pub shard: Shard,
    /// Behind this place.
    pub after: u64,
}

impl Span {
    fn holds(&self, number: u64, record: &DecisionRecord) -> bool {
        let envelope = &record.envelope;
        number > self.after
            && self.shard.holds(number)
            && envelope.domain == self.scope.domain
            && envelope.scope == self.scope.name
            && self.since.is_none_or(|since| envelope.at >= since)
            && self.until.is_none_or(|until| envelope.at < until)
    }
}

/// The requests of a span, as they were when they were decided.
pub fn recorded(
    log: LogReader,
    span: Span,
    position: Arc<AtomicU64>,
) -> impl Iterator<Item = io::Result<Given>> + Send {
    let mut last = 0u64;
    log.records(position).filter_map(move |found| match found {
        Err(error) => Some(Err(io::Error::other(error))),
        Ok(Found::Damage(damage)) => {
            // It stands for the first of the records that it took.
            let number = last.saturating_add(1);
            (number > span.after && span.shard.holds(number)).then(|| {
                Ok(Given {
                    number,
                    text: Err(("DAMAGED", damage.to_string())),
                    then: None,
                })
            })
        }
        Ok(Found::Record(seq, record)) => {
            let number = seq.saturating_add(1);
            last = number;
            span.holds(number, &record).then(|| Ok(given(number, *record)))
        }
    })
}

fn given(number: u64, record: DecisionRecord) -> Given {
    let envelope = record.envelope;
    Given {
        number,
        text: match record.payload {
            Payload::Kept(texts) => Ok(texts.request.into_bytes()),
            Payload::Erased(_) => Err(("ERASED", format!("decision {} was erased", envelope.decision_id))),
        },
        then: Some(Then {
            now: envelope.now,
            seed: seed_of(envelope.decision_id),
            deadline_ms: envelope.deadline_ms,
            levers: envelope.levers,
        }),
    }
}
