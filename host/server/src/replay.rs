//! Deciding again what was decided before: the recorded request, the recorded circumstances, the recorded version or
//! another one.

mod compare;
mod error;

use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::Value;
use signalbox_domain::allocation::AllocationCase;
use signalbox_domain::envelope::{AnsweredBy, Envelope as _};
use signalbox_domain::events::PolicyVersion;
use signalbox_domain::loss::Loss;
use signalbox_domain::returns::ReturnsCase;
use signalbox_domain::routing::RoutingCase;
use signalbox_domain::validate::{Bounds, Circumstances};
use signalbox_domain::{Domain, canonical};
use signalbox_sandbox::{CallContext, Input, Priority};

pub use compare::Difference;
pub(crate) use compare::differences;
pub use error::ReplayError;

use crate::control::ControlHandle;
use crate::decide::{Decidable, seed_of};
use crate::error_text::chain;
use crate::record::{DecisionRecord, Envelope, HOST_VERSION, Payload, Texts};
use crate::snapshot::LivePolicy;

/// The time that one replay has on the wall: its result does not depend on it, only whether there is one.
const WALL: Duration = Duration::from_secs(30);

/// Decides recorded requests again. Cheap to clone.
#[derive(Clone)]
pub struct Replayer {
    control: ControlHandle,
    bounds: Bounds,
}

/// What a replay came to.
#[derive(Clone, Debug)]
pub struct Replayed {
    /// Who decided this time: `name@version`, or `built-in@` and the host's version.
    pub by: String,
    /// Whether the decision is the recorded one, byte for byte in canonical JSON.
    pub identical: bool,
    /// Where it is not, at most 100.
    pub differences: Vec<Difference>,
    /// How many differences more there are.
    pub more: usize,
    /// The decision of this time.
    pub decision: Value,
    /// The invariants that it breaks: the host would have passed it over.
    pub violations: Vec<String>,
    /// What it costs with the scope's present cost book; none when it breaks an invariant.
    pub host_loss: Option<Loss>,
    /// What this replay cannot reproduce, or does under other circumstances than then; for people.
    pub caveats: Vec<String>,
}

/// A recorded request, ready to be decided again.
pub(crate) struct Again<C> {
    pub(crate) case: Arc<C>,
    pub(crate) context: CallContext,
}

impl Replayer {
    /// Versions come from `control`; requests may hold what `bounds` says.
    pub fn new(control: ControlHandle, bounds: Bounds) -> Replayer {
        Replayer { control, bounds }
    }

    /// Decides a recorded request again: with the version that answered, or with `against`.
    ///
    /// # Errors
    /// [`ReplayError`] when the record, the version or the request cannot be had or used any more.
    pub async fn replay(
        &self,
        record: &DecisionRecord,
        against: Option<&PolicyVersion>,
    ) -> Result<Replayed, ReplayError> {
        match record.envelope.domain {
            Domain::Routing => self.of::<RoutingCase>(record, against).await,
            Domain::Allocation => self.of::<AllocationCase>(record, against).await,
            Domain::Returns => self.of::<ReturnsCase>(record, against).await,
        }
    }

    async fn of<C: Decidable>(
        &self,
        record: &DecisionRecord,
        against: Option<&PolicyVersion>,
    ) -> Result<Replayed, ReplayError> {
        let (envelope, texts) = (&record.envelope, kept(record)?);
        let again = self.again::<C>(envelope, &texts.request)?;
        let live = self.version(envelope, against).await?;
        let mut caveats = caveats(envelope);
        let decision = match &live {
            Some(live) => decide(live, &again).await?,
            None => again.case.built_in(),
        };
        let by = match &live {
            Some(live) => live.version.to_string(),
            None => format!("built-in@{HOST_VERSION}"),
        };
        let violations = again.case.check(&decision);
        let host_loss = match violations.is_empty() {
            true => self.price(envelope, &*again.case, &decision, &mut caveats),
            false => None,
        };
        let recorded = recorded_decision(texts)?;
        let decision = serde_json::to_value(again.case.answer(&decision)).map_err(unreadable)?;
        let identical = text(&recorded)? == text(&decision)?;
        let (differences, more) = compare::differences(&recorded, &decision);
        Ok(Replayed {
            by,
            identical,
            differences,
            more,
            decision,
            violations: violations.iter().map(ToString::to_string).collect(),
            host_loss,
            caveats,
        })
    }

    /// The recorded request under the recorded circumstances.
    pub(crate) fn again<C: Decidable>(
        &self,
        envelope: &Envelope,
        request: &str,
    ) -> Result<Again<C>, ReplayError> {
        let request: C::Request = serde_json::from_str(request).map_err(unreadable)?;
        self.rebuilt(envelope, request)
    }

    pub(crate) fn rebuilt<C: Decidable>(
        &self,
        envelope: &Envelope,
        request: C::Request,
    ) -> Result<Again<C>, ReplayError> {
        let given = request.envelope().seed;
        let circumstances = Circumstances {
            now: envelope.now,
            levers: &envelope.levers,
            bounds: &self.bounds,
        };
        let case = C::build(request, &circumstances).map_err(|problem| ReplayError::Request {
            problem: problem.to_string(),
        })?;
        Ok(Again {
            case: Arc::new(case),
            context: CallContext {
                seed: given.map_or_else(|| seed_of(envelope.decision_id), |seed| seed.0),
                deadline_ms: envelope.deadline_ms,
                until: Instant::now(),
                priority: Priority::Background,
            },
        })
    }

    /// The version that is to decide; none is the built-in policy.
    pub(crate) async fn version(
        &self,
        envelope: &Envelope,
        against: Option<&PolicyVersion>,
    ) -> Result<Option<Arc<LivePolicy>>, ReplayError> {
        let answered = match against {
            Some(version) => version.clone(),
            None if envelope.answered_by == AnsweredBy::BuiltIn => {
                return match envelope.host_version == HOST_VERSION {
                    true => Ok(None),
                    false => Err(ReplayError::OtherHost {
                        recorded: envelope.host_version.clone(),
                    }),
                };
            }
            None => format!("{}@{}", envelope.policy, envelope.version)
                .parse()
                .map_err(|_| ReplayError::Version {
                    version: format!("{}@{}", envelope.policy, envelope.version),
                })?,
        };
        let live = self.control.load(&answered).await.map_err(ReplayError::Load)?;
        if live.domain != envelope.domain {
            return Err(ReplayError::Domain {
                version: answered,
                decides: live.domain,
                needed: envelope.domain,
            });
        }
        if against.is_none() && live.digest != envelope.policy_digest {
            return Err(ReplayError::OtherBytes { version: answered });
        }
        Ok(Some(live))
    }

    fn price<C: Decidable>(
        &self,
        envelope: &Envelope,
        case: &C,
        decision: &C::Decision,
        caveats: &mut Vec<String>,
    ) -> Option<Loss> {
        let snapshot = self.control.snapshot();
        let state = snapshot.scope(&envelope.scope)?;
        if state.cost_book_digest != envelope.cost_book_digest {
            caveats.push(format!(
                "it is priced with the scope's present cost book {}@{}; then it was {}",
                state.cost_book.name, state.cost_book.version, envelope.cost_book
            ));
        }
        case.price(decision, &state.cost_book).ok()
    }
}

/// One fresh decision of a version.
pub(crate) async fn decide<C: Decidable>(
    live: &LivePolicy,
    again: &Again<C>,
) -> Result<C::Decision, ReplayError> {
    let input = Input::new(Arc::clone(&again.case)).map_err(|problem| ReplayError::Request {
        problem: problem.to_string(),
    })?;
    let context = CallContext {
        until: Instant::now() + WALL,
        ..again.context
    };
    match live.policy.decide(&input, &context).await {
        Ok(decided) => Ok(decided.decision),
        Err(problem) => Err(ReplayError::NoDecision {
            version: live.version.clone(),
            problem: chain(&problem),
        }),
    }
}

pub(crate) fn kept(record: &DecisionRecord) -> Result<&Texts, ReplayError> {
    match &record.payload {
        Payload::Kept(texts) => Ok(texts),
        Payload::Erased(_) => Err(ReplayError::Erased),
    }
}

fn recorded_decision(texts: &Texts) -> Result<Value, ReplayError> {
    let mut answer: Value = serde_json::from_str(&texts.answer).map_err(unreadable)?;
    Ok(answer.get_mut("decision").map(Value::take).unwrap_or_default())
}

/// What a person should know before they rely on a replay of this record.
fn caveats(envelope: &Envelope) -> Vec<String> {
    let mut caveats = Vec::new();
    if !envelope.masked.is_empty() {
        caveats.push(format!(
            "masked before it was kept, so that what depends on it cannot be reproduced: {}",
            envelope.masked.join(", ")
        ));
    }
    if envelope.host_version != HOST_VERSION {
        caveats.push(format!(
            "host {} decided, this is {HOST_VERSION}",
            envelope.host_version
        ));
    }
    if !envelope.fallback_causes.is_empty() {
        caveats.push(format!(
            "others should have answered before and could not ({}); what the machine decides, such as a missed deadline, is \
             recorded and not reproduced",
            envelope.fallback_causes.join(", ")
        ));
    }
    caveats
}

fn text(value: &Value) -> Result<String, ReplayError> {
    canonical::to_string(value).map_err(|problem| ReplayError::Unreadable {
        problem: problem.to_string(),
    })
}

pub(crate) fn unreadable(problem: serde_json::Error) -> ReplayError {
    ReplayError::Unreadable {
        problem: problem.to_string(),
    }
}
