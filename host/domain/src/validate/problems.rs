//! What is wrong with a request, for the person who wrote the caller.

use std::fmt;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FieldProblem {
    /// The field, such as `lines[3].group_id`.
    pub path: String,
    /// What was expected there.
    pub expected: String,
    /// What was found.
    pub found: String,
}

impl fmt::Display for FieldProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}: expected {}, found {}",
            self.path, self.expected, self.found
        )
    }
}

/// Everything that is wrong, bounded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Problems {
    list: Vec<FieldProblem>,
    more: usize,
}

impl Problems {
    /// How many problems are told; further ones are only counted.
    pub const MAX: usize = 50;

    /// Adds a problem, or counts it when there are too many already.
    pub fn push(
        &mut self,
        path: fmt::Arguments<'_>,
        expected: fmt::Arguments<'_>,
        found: fmt::Arguments<'_>,
    ) {
        if self.list.len() < Problems::MAX {
            self.list.push(FieldProblem {
                path: path.to_string(),
                expected: expected.to_string(),
                found: found.to_string(),
            });
        } else {
            self.more = self.more.saturating_add(1);
        }
    }

    /// Whether nothing is wrong.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// `Ok` when nothing is wrong so far.
    ///
    /// # Errors
    /// [`InvalidRequest`] with everything that is.
    pub fn take(&mut self) -> Result<(), InvalidRequest> {
        if self.list.is_empty() {
            return Ok(());
        }
        let Problems { list, more } = std::mem::take(self);
        Err(InvalidRequest { problems: list, more })
    }
}

/// A request that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}{}", summary(.problems), and_more(*.more))]
pub struct InvalidRequest {
    /// What is wrong, in the order of the request.
    pub problems: Vec<FieldProblem>,
    /// How many problems more there are.
    pub more: usize,
}

fn summary(problems: &[FieldProblem]) -> String {
    problems
        .iter()
        .map(FieldProblem::to_string)
        .collect::<Vec<_>>()
        .join("; ")
}

fn and_more(more: usize) -> String {
    if more == 0 {
        String::new()
    } else {
        format!("; and {more} more")
    }
}
