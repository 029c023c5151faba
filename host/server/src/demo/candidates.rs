//! The versions that want to take the champion's place.

use super::error::DemoError;
use super::stage::{PolicyPair, embedded};

/// The policy.
pub const POLICY: &str = "routing-balanced";

/// A version that wants to decide.
pub struct Candidate {
    /// Its version.
    pub version: &'static str,
    /// What its author says of it.
    pub says: &'static str,
    /// Changes to the champion's file: from, to.
    changes: &'static [(&'static str, &'static str)],
}

/// The champion weighs a late day at 3.00; finance has raised its price in the cost book to 10.00. This one follows.
pub const BETTER: Candidate = Candidate {
    version: "1.1.0",
    says: "weighs a late day as finance now prices it",
    changes: &[FINANCE],
};

/// This one is worse.
pub const WORSE: Candidate = Candidate {
    version: "1.2.0",
    says: "hardly minds late days, to save carriage",
    changes: &[("late_day_minor = 300", "late_day_minor = 50")],
};

/// This one is better on average, and one region pays for it.
pub const UNEVEN: Candidate = Candidate {
    version: "1.3.0",
    says: "weighs late days as finance does, and saves carriage to Rio de Janeiro, whatever else that costs",
    changes: &[
        FINANCE,
        (
            "[parameters.limits]",
            "[parameters.regions.BR-RJ.weights]\nshipping = 350\n\n[parameters.limits]",
        ),
    ],
};

/// Who loses by [`UNEVEN`].
pub const LOSER: &str = "region=BR-RJ";

/// All of them.
pub const CANDIDATES: [&Candidate; 3] = [&BETTER, &WORSE, &UNEVEN];

const FINANCE: (&str, &str) = ("late_day_minor = 300", "late_day_minor = 1_000");

/// The champion's file with the candidate's changes and a plan without waiting times.
///
/// # Errors
/// [`DemoError::NotEmbedded`].
pub fn pair(candidate: &Candidate) -> Result<PolicyPair, DemoError> {
    let mut pair = embedded(POLICY)?;
    let version = candidate
        .version
        .parse()
        .map_err(|_| DemoError::NotEmbedded(candidate.version.to_owned()))?;
    let line = |version: &semver::Version| format!("version = \"{version}\"");
    let mut text = pair.toml.1.replacen(&line(&pair.version), &line(&version), 1);
    for (from, to) in candidate.changes {
        text = text.replacen(from, to, 1);
    }
    if let Some(start) = text.find("[rollout]") {
        text.truncate(start);
    }
    text.push_str(PLAN);
    pair.toml = (format!("{POLICY}-{version}.toml"), text);
    pair.version = version;
    Ok(pair)
}

/// What each candidate has to go through: no hours, so that it can be watched.
const PLAN: &str = r#"[rollout]
shadow = { min_decisions = 1_000, min_hours = 0 }
margins = { loss_minor_per_decision = 10, per_year_minor = 10_000_000 }
proof = { success = "superior", segments = ["region"], bound_minor = 5_000 }

[rollout.canary]
unit = "order"
steps = [{ share_bp = 1_000, min_decisions = 100 }, { share_bp = 10_000 }]
"#;
