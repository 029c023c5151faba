//! Why the other parts of the host refused, as problem details.

use std::time::Duration;

use signalbox_domain::validate::InvalidRequest;

use super::problem::{FieldError, Problem, ProblemKind};
use crate::control::ControlError;

/// A change that was refused.
pub fn refusal(error: ControlError) -> Problem {
    let kind = match &error {
        ControlError::UnknownScope { .. }
        | ControlError::UnknownPolicy { .. }
        | ControlError::UnknownVersion { .. }
        | ControlError::UnknownLever { .. } => ProblemKind::NotFound,
        ControlError::WrongDomain { .. }
        | ControlError::Withdrawn(_)
        | ControlError::NothingToUse { .. }
        | ControlError::NothingToRollBack { .. }
        | ControlError::Bound { .. }
        | ControlError::PluginBound { .. }
        | ControlError::TooManyLevers { .. }
        | ControlError::NotReady { .. } => ProblemKind::NotPossible,
        ControlError::BadLever { .. } | ControlError::TooLong { .. } => ProblemKind::InvalidRequest,
        ControlError::LedgerUnavailable { .. } => ProblemKind::LedgerUnavailable,
        ControlError::Conflict { .. } => ProblemKind::Conflict,
        ControlError::Contradiction { .. } => return Problem::internal(&error),
        ControlError::Busy => ProblemKind::Overloaded,
        ControlError::Stopped => ProblemKind::ShuttingDown,
    };
    let mut problem = Problem::new(kind, error.to_string());
    match &error {
        ControlError::BadLever { field, message } => {
            problem = problem.with_errors(vec![field_error(field, message.clone())], 0);
        }
        ControlError::TooLong { field, max, found } => {
            let message = format!("expected at most {max} characters, found {found}");
            problem = problem.with_errors(vec![field_error(field, message)], 0);
        }
        ControlError::Busy => problem = problem.retry_after(Duration::from_secs(1)),
        ControlError::LedgerUnavailable { .. } | ControlError::NotReady { .. } => {
            problem = problem.caused_by(&error)
        }
        _ => {}
    }
    problem
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
