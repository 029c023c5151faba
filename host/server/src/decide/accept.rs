//! Whether a policy's decision may become an answer, and what it costs.

use signalbox_domain::Timestamp;
use signalbox_domain::cost_book::CostBook;
use signalbox_domain::loss::Loss;
use signalbox_domain::scope::{ConfidenceAction, Scope, StaleAction};

use super::Decidable;

/// A decision that may become an answer.
pub(super) struct Accepted<D> {
    pub decision: D,
    /// The policy's own confidence less the host's deductions, in basis points.
    pub confidence_bp: u32,
    /// What it costs; none only where an amount of the built-in policy's decision is beyond what JSON keeps.
    pub loss: Option<Loss>,
}

/// Why a policy's decision is passed over.
pub(super) struct Refused {
    /// One word of a closed list.
    pub cause: &'static str,
    /// The same for people.
    pub detail: String,
}

impl Refused {
    fn new(cause: &'static str, detail: impl Into<String>) -> Refused {
        Refused {
            cause,
            detail: detail.into(),
        }
    }
}

/// Looks at a policy's decision as nobody but the host does.
pub(super) fn accept<C: Decidable>(
    case: &C,
    decision: C::Decision,
    scope: &Scope,
    book: &CostBook,
) -> Result<Accepted<C::Decision>, Refused> {
    let violations = case.check(&decision);
    if let Some(first) = violations.first() {
        let more = violations.len().saturating_sub(1);
        let detail = if more == 0 {
            first.to_string()
        } else {
            format!("{first}; and {more} more")
        };
        return Err(Refused::new("INVARIANT_BROKEN", detail));
    }
    let own_confidence = C::summary(&decision).confidence_bp.min(10_000);
    let oldest = scope.staleness.and_then(|_| case.oldest_fact(&decision));
    let confidence_bp = confidence(own_confidence, oldest, case.now(), scope)?;
    let loss = case
        .price(&decision, book)
        .map_err(|problem| Refused::new("NO_PRICE", problem.to_string()))?;
    Ok(Accepted {
        decision,
        confidence_bp,
        loss: Some(loss),
    })
}

/// A policy's decision with its loss, or why the host would pass it over: the cause as one word, and the same for people.
pub(crate) fn acceptable<C: Decidable>(
    case: &C,
    decision: C::Decision,
    scope: &Scope,
    book: &CostBook,
) -> Result<(C::Decision, Loss), (&'static str, String)> {
    let accepted = accept(case, decision, scope, book).map_err(|refused| (refused.cause, refused.detail))?;
    let loss = accepted.loss.ok_or(("NO_PRICE", String::new()))?;
    Ok((accepted.decision, loss))
}

/// The confidence that the host grants, or why it is too little.
fn confidence(own_bp: u32, oldest: Option<Timestamp>, now: Timestamp, scope: &Scope) -> Result<u32, Refused> {
    let mut confidence_bp = own_bp;
    if let Some(staleness) = scope.staleness
        && staleness.is_stale(oldest, now)
    {
        match staleness.action {
            StaleAction::LowerConfidence { by_bp } => confidence_bp = confidence_bp.saturating_sub(by_bp),
            StaleAction::Fallback => {
                let age_ms = oldest.map_or(0, |oldest| now.millis_since(oldest));
                let detail = format!(
                    "the decision rests on facts of {age_ms} ms ago; the scope accepts {} ms",
                    staleness.max_age_ms
                );
                return Err(Refused::new("STALE", detail));
            }
        }
    }
    if let Some(low) = scope.on_low_confidence
        && confidence_bp < low.min_confidence_bp
        && low.action == ConfidenceAction::Fallback
    {
        let detail = format!(
            "confidence is {confidence_bp} bp (the policy's own: {own_bp}); the scope asks for {}",
            low.min_confidence_bp
        );
        return Err(Refused::new("LOW_CONFIDENCE", detail));
    }
    Ok(confidence_bp)
}

/// The built-in policy's decision. Its confidence and the age of its facts are told and not judged: somebody has to
/// answer.
///
/// # Errors
/// When it breaks an invariant, which is a fault of the host.
pub(super) fn built_in<C: Decidable>(
    case: &C,
    scope: &Scope,
    book: &CostBook,
) -> Result<Accepted<C::Decision>, String> {
    let decision = case.built_in();
    if let Some(violation) = case.check(&decision).first() {
        return Err(violation.to_string());
    }
    let own_confidence = C::summary(&decision).confidence_bp.min(10_000);
    let stale = scope
        .staleness
        .filter(|staleness| staleness.is_stale(case.oldest_fact(&decision), case.now()));
    let deduction = match stale.map(|staleness| staleness.action) {
        Some(StaleAction::LowerConfidence { by_bp }) => by_bp,
        Some(StaleAction::Fallback) | None => 0,
    };
    let loss = case.price(&decision, book).ok();
    Ok(Accepted {
        decision,
        confidence_bp: own_confidence.saturating_sub(deduction),
        loss,
    })
}

#[cfg(test)]
mod tests {
    use signalbox_domain::Domain;
    use signalbox_domain::scope::{LowConfidence, Staleness};

    use super::*;

    const NOW: Timestamp = Timestamp(1_000_000);
    const OLD: Option<Timestamp> = Some(Timestamp(1_000_000 - 60_001));

    fn scope(action: StaleAction, low: Option<LowConfidence>) -> Scope {
        Scope {
            staleness: Some(Staleness {
                max_age_ms: 60_000,
                action,
            }),
            on_low_confidence: low,
            ..Scope::whole(Domain::Routing)
        }
    }

    fn cause(result: Result<u32, Refused>) -> &'static str {
        result.err().map_or("none", |refused| refused.cause)
    }

    #[test]
    fn old_facts_lower_confidence_and_that_can_be_too_low() {
        let lowers = StaleAction::LowerConfidence { by_bp: 3_000 };
        assert_eq!(
            confidence(9_000, OLD, NOW, &scope(lowers, None)).ok(),
            Some(6_000)
        );
        assert_eq!(confidence(2_000, OLD, NOW, &scope(lowers, None)).ok(), Some(0));
        assert_eq!(
            confidence(9_000, Some(NOW), NOW, &scope(lowers, None)).ok(),
            Some(9_000)
        );
        let low = LowConfidence {
            min_confidence_bp: 7_000,
            action: ConfidenceAction::Fallback,
        };
        assert_eq!(
            cause(confidence(9_000, OLD, NOW, &scope(lowers, Some(low)))),
            "LOW_CONFIDENCE"
        );
        assert_eq!(
            confidence(9_000, None, NOW, &scope(lowers, Some(low))).ok(),
            Some(9_000)
        );
    }

    #[test]
    fn old_facts_can_pass_the_request_on() {
        assert_eq!(
            cause(confidence(9_000, OLD, NOW, &scope(StaleAction::Fallback, None))),
            "STALE"
        );
    }

    #[test]
    fn low_confidence_is_answered_where_the_scope_says_so() {
        let low = LowConfidence {
            min_confidence_bp: 7_000,
            action: ConfidenceAction::Answer,
        };
        let scope = scope(StaleAction::Fallback, Some(low));
        assert_eq!(confidence(10, Some(NOW), NOW, &scope).ok(), Some(10));
    }
}
