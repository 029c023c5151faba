//! What must hold for every decision, whoever made it.

use std::fmt;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// How many violations of one decision are told.
pub const MAX_VIOLATIONS: usize = 50;

/// An invariant that a decision breaks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Violation {
    /// The invariant's name.
    #[schema(value_type = String)]
    pub invariant: std::borrow::Cow<'static, str>,
    /// Where in the decision, such as `shipments[1].lines[0]`, or in the request, such as `lines[2]`.
    pub at: String,
    /// What had to be.
    pub expected: String,
    /// What was.
    pub found: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} at {}: expected {}, found {}",
            self.invariant, self.at, self.expected, self.found
        )
    }
}

/// Collects the violations of one decision.
#[derive(Debug, Default)]
pub(crate) struct Violations {
    /// The invariant that is being checked.
    pub name: &'static str,
    pub list: Vec<Violation>,
}

impl Violations {
    pub fn add(&mut self, at: fmt::Arguments<'_>, expected: fmt::Arguments<'_>, found: fmt::Arguments<'_>) {
        if self.list.len() < MAX_VIOLATIONS {
            self.list.push(Violation {
                invariant: self.name.into(),
                at: at.to_string(),
                expected: expected.to_string(),
                found: found.to_string(),
            });
        }
    }
}

/// An invariant of a domain: `F` is what its check looks at.
pub(crate) struct Invariant<F> {
    pub name: &'static str,
    pub check: fn(&F, &mut Violations),
}

/// Declares a domain's invariants: the public table of names with what they say, and the private one with the checks.
macro_rules! table {
    ($facts:ident; $($name:literal: $says:literal => $check:path,)+) => {
        /// Every invariant of the domain, in the order in which they are checked: its name, which is stable because it
        /// stands in logs, metrics and evidence, and what it says.
        pub const INVARIANTS: &[(&str, &str)] = &[$(($name, $says)),+];

        fn table<'a>() -> Vec<crate::invariant::Invariant<$facts<'a>>> {
            vec![$(crate::invariant::Invariant { name: $name, check: $check }),+]
        }
    };
}
pub(crate) use table;

/// Runs a table of invariants. The first one guards the others: when it is broken, rows cannot be looked up and the rest
/// is not run.
pub(crate) fn run<F>(invariants: &[Invariant<F>], facts: &F) -> Vec<Violation> {
    let mut violations = Violations::default();
    for (place, invariant) in invariants.iter().enumerate() {
        violations.name = invariant.name;
        (invariant.check)(facts, &mut violations);
        if place == 0 && !violations.list.is_empty() {
            break;
        }
    }
    violations.list
}
