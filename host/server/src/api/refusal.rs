//! Why the other parts of the host refused, as problem details.

use std::time::Duration;

use signalbox_domain::validate::InvalidRequest;

use super::problem::{FieldError, Problem, ProblemKind};
use crate::control::ControlError;
use crate::error_text::chain;
use crate::outcomes::OutcomesRefused;
use crate::record::{DecisionLogError, RecordError};
use crate::replay::ReplayError;

/// A change that was refused.
pub fn refusal(error: ControlError) -> Problem {
    let kind = match &error {
        ControlError::UnknownScope { .. }
        | ControlError::UnknownPolicy { .. }
        | ControlError::UnknownVersion { .. }
        | ControlError::UnknownLever { .. }
        | ControlError::UnknownRelease { .. }
        | ControlError::UnknownPrincipal(_)
        | ControlError::UnknownToken(_) => ProblemKind::NotFound,
        ControlError::WrongDomain { .. }
        | ControlError::Withdrawn(_)
        | ControlError::NothingToUse { .. }
        | ControlError::NothingToRollBack { .. }
        | ControlError::ReleaseOnly { .. }
        | ControlError::BeingReleased { .. }
        | ControlError::Frozen { .. }
        | ControlError::ReviewOverdue { .. }
        | ControlError::ReleaseNotAllowed { .. }
        | ControlError::DecidesAlready { .. }
        | ControlError::PlanTooWeak { .. }
        | ControlError::GatesUnmet { .. }
        | ControlError::Bound { .. }
        | ControlError::PluginBound { .. }
        | ControlError::TooManyLevers { .. }
        | ControlError::TooManyIdentities { .. }
        | ControlError::LastAdmin(_)
        | ControlError::NotReady { .. } => ProblemKind::NotPossible,
        ControlError::BadLever { .. }
        | ControlError::BadPrincipal { .. }
        | ControlError::BadLifetime { .. }
        | ControlError::ScopeNeeded { .. }
        | ControlError::NoReason
        | ControlError::TooLong { .. } => ProblemKind::InvalidRequest,
        ControlError::Approval(refused) => super::approvals::kind(refused),
        ControlError::LedgerUnavailable { .. } => ProblemKind::LedgerUnavailable,
        ControlError::Conflict { .. } | ControlError::ReleaseMoved { .. } => ProblemKind::Conflict,
        ControlError::Contradiction { .. } | ControlError::NoRandomness(_) => {
            return Problem::internal(&error);
        }
        ControlError::Busy => ProblemKind::Overloaded,
        ControlError::Stopped => ProblemKind::ShuttingDown,
    };
    let mut problem = Problem::new(kind, error.to_string());
    match &error {
        ControlError::BadLever { field, message } | ControlError::BadPrincipal { field, message } => {
            problem = problem.with_errors(vec![field_error(field, message.clone())], 0);
        }
        ControlError::TooLong { field, max, found } => {
            let message = format!("expected at most {max} characters, found {found}");
            problem = problem.with_errors(vec![field_error(field, message)], 0);
        }
        ControlError::BadLifetime { .. } => {
            problem = problem.with_errors(vec![field_error("expires_in_s", error.to_string())], 0);
        }
        ControlError::ScopeNeeded { .. } => {
            problem = problem.with_errors(vec![field_error("scope", error.to_string())], 0);
        }
        ControlError::NoReason => {
            problem = problem.with_errors(vec![field_error("reason", error.to_string())], 0);
        }
        ControlError::PlanTooWeak { weaknesses, .. } => {
            let each = weaknesses.iter().map(|weakness| {
                let message = format!("expected {}, found {}", weakness.at_least, weakness.found);
                field_error(&weakness.field, message)
            });
            problem = problem.with_errors(each.collect(), 0);
        }
        ControlError::GatesUnmet { gates, .. } => {
            let each = gates
                .iter()
                .map(|gate| field_error(&gate.name, format!("{}: {}", gate.state, gate.detail)));
            problem = problem.with_errors(each.collect(), 0);
        }
        ControlError::Busy => problem = problem.retry_after(Duration::from_secs(1)),
        ControlError::LedgerUnavailable { .. } | ControlError::NotReady { .. } => {
            problem = problem.caused_by(&error)
        }
        error => {
            if let Some(field) = super::approvals::field(error) {
                problem = problem.with_errors(vec![field_error(field, error.to_string())], 0);
            }
        }
    }
    problem
}

/// A decision that was not recorded, or cannot be looked up.
pub fn record_refused(error: RecordError) -> Problem {
    let kind = match &error {
        RecordError::KeyReused { .. } => ProblemKind::KeyReused,
        RecordError::KeyInFlight => ProblemKind::Conflict,
        RecordError::Erased => ProblemKind::NotPossible,
        RecordError::Off => ProblemKind::NotPossible,
        RecordError::Log(DecisionLogError::IndexBehind { .. }) => ProblemKind::NotReady,
        RecordError::Mask(_) | RecordError::NotLogged(_) | RecordError::LogTooSlow => ProblemKind::NotLogged,
        RecordError::Stopped => ProblemKind::ShuttingDown,
        RecordError::Log(_) | RecordError::Salt { .. } => return Problem::internal(&error),
    };
    let problem = Problem::new(kind, error.to_string());
    match kind {
        ProblemKind::NotLogged => problem.caused_by(&error),
        ProblemKind::Conflict | ProblemKind::NotReady => problem.retry_after(Duration::from_secs(1)),
        _ => problem,
    }
}

/// Outcomes that were not taken or not found.
pub fn outcomes_refused(error: OutcomesRefused) -> Problem {
    match &error {
        OutcomesRefused::Busy => {
            Problem::new(ProblemKind::Overloaded, error.to_string()).retry_after(Duration::from_secs(1))
        }
        OutcomesRefused::Stopped => Problem::new(ProblemKind::ShuttingDown, error.to_string()),
        OutcomesRefused::Store(_) => Problem::internal(&error),
    }
}

/// A decision that cannot be made again.
pub fn replay_refused(error: ReplayError) -> Problem {
    match error {
        ReplayError::Load(problem) => refusal(problem),
        error => Problem::new(ProblemKind::NotPossible, chain(&error)),
    }
}

/// A request that cannot be used.
pub fn invalid(request: InvalidRequest) -> Problem {
    let errors: Vec<FieldError> = request
        .problems
        .iter()
        .map(|problem| FieldError {
            path: problem.path.clone(),
            message: format!("expected {}, found {}", problem.expected, problem.found),
        })
        .collect();
    let count = errors.len().saturating_add(request.more);
    let detail = match request.problems.first() {
        Some(first) if count > 1 => format!("{first}; `errors` has all {count}"),
        Some(first) => first.to_string(),
        None => "the request cannot be used".to_owned(),
    };
    Problem::new(ProblemKind::InvalidRequest, detail).with_errors(errors, request.more)
}

fn field_error(path: &str, message: String) -> FieldError {
    FieldError {
        path: path.to_owned(),
        message,
    }
}
