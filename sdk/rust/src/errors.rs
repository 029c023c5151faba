//! What can go wrong, in the words of the contract.

use std::fmt;

/// One thing that is wrong with the parameters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Where, as a dotted path such as `weights.lateness` or `rules[3].grade`; empty for the whole.
    pub path: String,
    /// What was expected and what was found.
    pub message: String,
}

/// Everything that is wrong with the parameters: an author wants to see all of it at once.
///
/// ```
/// # use signalbox_plugin::Problems;
/// # let (low, high) = (3, 2);
/// let mut problems = Problems::default();
/// problems.check(low <= high, "band.low", format_args!("expected at most band.high ({high}), found {low}"));
/// assert!(problems.or(()).is_err());
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Problems(Vec<Problem>);

impl Problems {
    /// One problem.
    pub fn one(path: impl Into<String>, message: impl fmt::Display) -> Problems {
        let mut problems = Problems::default();
        problems.add(path, message);
        problems
    }

    /// Adds a problem.
    pub fn add(&mut self, path: impl Into<String>, message: impl fmt::Display) {
        self.0.push(Problem {
            path: path.into(),
            message: message.to_string(),
        });
    }

    /// Adds a problem unless `holds`.
    pub fn check(&mut self, holds: bool, path: impl Into<String>, message: impl fmt::Display) {
        if !holds {
            self.add(path, message);
        }
    }

    /// `value` when there is no problem.
    ///
    /// # Errors
    /// The problems, when there are any.
    pub fn or<T>(self, value: T) -> Result<T, Problems> {
        if self.0.is_empty() { Ok(value) } else { Err(self) }
    }

    /// The problems found.
    pub fn into_vec(self) -> Vec<Problem> {
        self.0
    }

    /// The problems found so far.
    pub fn as_slice(&self) -> &[Problem] {
        &self.0
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, problem) in self.0.iter().enumerate() {
            if place > 0 {
                f.write_str("; ")?;
            }
            if !problem.path.is_empty() {
                write!(f, "{}: ", problem.path)?;
            }
            f.write_str(&problem.message)?;
        }
        Ok(())
    }
}

impl std::error::Error for Problems {}

/// The policy has no answer to a request: the next in the fallback chain is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyError {
    /// Short code in upper case, for statistics.
    pub code: String,
    /// What was expected, what was found, where.
    pub message: String,
}

impl PolicyError {
    /// An error of that code.
    pub fn new(code: impl Into<String>, message: impl fmt::Display) -> PolicyError {
        PolicyError {
            code: code.into(),
            message: message.to_string(),
        }
    }
}

impl fmt::Display for PolicyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code, self.message)
    }
}

impl std::error::Error for PolicyError {}
