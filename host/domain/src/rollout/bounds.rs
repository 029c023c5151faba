//! The bounds of a plan's fields.

use super::outcomes::check_outcomes;
use super::proof::check_proof;
use super::{Approvals, CanaryPlan, CanaryStep, CanaryUnit, Margins, RolloutPlan, ShadowPlan, WHOLE_BP};
use crate::domain::Domain;
use crate::money::MAX_INTEGER;

/// A field outside its bounds.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{field}: expected {expected}, found {found}")]
pub struct OutOfBounds {
    /// The field, as a dotted path from the table that was checked.
    pub field: String,
    /// What was expected.
    pub expected: String,
    /// What was found.
    pub found: String,
}

/// More compared decisions than these are never weighed: without an answer by then a comparison is inconclusive.
const SHADOW_DECISIONS_MAX: u64 = 200_000;
/// Of a step, so that a slip of the finger is not a plan for decades.
const STEP_DECISIONS_MAX: u64 = 1_000_000_000;
/// A year.
const HOURS_MAX: u64 = 8_760;
/// Steps of a ramp.
const STEPS_MAX: usize = 20;
/// People who have to agree.
const APPROVALS_MAX: u64 = 20;

pub(super) fn check(plan: &RolloutPlan, domain: Domain) -> Result<(), OutOfBounds> {
    check_shadow("shadow", &plan.shadow)?;
    check_canary(&plan.canary, domain)?;
    check_margins("margins", &plan.margins)?;
    check_proof("proof", &plan.proof, &plan.margins)?;
    check_outcomes("outcomes", &plan.outcomes)?;
    check_approvals("approvals", &plan.approvals)
}

pub(crate) fn check_shadow(table: &str, shadow: &ShadowPlan) -> Result<(), OutOfBounds> {
    within(
        format!("{table}.min_decisions"),
        shadow.min_decisions,
        1,
        SHADOW_DECISIONS_MAX,
    )?;
    within(
        format!("{table}.min_hours"),
        u64::from(shadow.min_hours),
        0,
        HOURS_MAX,
    )?;
    within(
        format!("{table}.sample_bp"),
        u64::from(shadow.sample_bp),
        1,
        u64::from(WHOLE_BP),
    )
}

fn check_canary(canary: &CanaryPlan, domain: Domain) -> Result<(), OutOfBounds> {
    let units = CanaryUnit::of(domain);
    if !units.contains(&canary.unit) {
        let known: Vec<String> = units.iter().map(|unit| format!("`{}`", unit.as_str())).collect();
        return Err(OutOfBounds {
            field: "canary.unit".to_owned(),
            expected: format!("a unit of {domain}: {}", known.join(" or ")),
            found: format!("`{}`", canary.unit.as_str()),
        });
    }
    check_steps("canary.steps", &canary.steps)?;
    match canary.steps.last() {
        Some(last) if last.share_bp != WHOLE_BP => {
            let place = canary.steps.len().saturating_sub(1);
            Err(OutOfBounds {
                field: format!("canary.steps[{place}].share_bp"),
                expected: format!(
                    "{WHOLE_BP} in the last step, so that everything is seen before the version is active"
                ),
                found: last.share_bp.to_string(),
            })
        }
        _ => Ok(()),
    }
}

/// Each step within its bounds, and shares that rise strictly.
pub(crate) fn check_steps(table: &str, steps: &[CanaryStep]) -> Result<(), OutOfBounds> {
    if steps.is_empty() || steps.len() > STEPS_MAX {
        return Err(OutOfBounds {
            field: table.to_owned(),
            expected: format!("1 to {STEPS_MAX} steps"),
            found: steps.len().to_string(),
        });
    }
    let mut before = 0;
    for (place, step) in steps.iter().enumerate() {
        let field = |name: &str| format!("{table}[{place}].{name}");
        within(
            field("share_bp"),
            u64::from(step.share_bp),
            1,
            u64::from(WHOLE_BP),
        )?;
        if step.share_bp <= before {
            return Err(OutOfBounds {
                field: field("share_bp"),
                expected: format!("more than the {before} of the step before"),
                found: step.share_bp.to_string(),
            });
        }
        before = step.share_bp;
        within(field("min_hours"), u64::from(step.min_hours), 0, HOURS_MAX)?;
        within(field("min_decisions"), step.min_decisions, 0, STEP_DECISIONS_MAX)?;
    }
    Ok(())
}

pub(crate) fn check_margins(table: &str, margins: &Margins) -> Result<(), OutOfBounds> {
    let most = MAX_INTEGER.unsigned_abs();
    within(
        format!("{table}.loss_minor_per_decision"),
        margins.loss_minor_per_decision,
        0,
        most,
    )?;
    within(format!("{table}.per_year_minor"), margins.per_year_minor, 0, most)
}

pub(crate) fn check_approvals(table: &str, approvals: &Approvals) -> Result<(), OutOfBounds> {
    let each = u64::try_from(approvals.functions.len())
        .unwrap_or(u64::MAX)
        .max(1);
    let field = format!("{table}.count");
    let count = u64::from(approvals.count);
    if count < each {
        return Err(OutOfBounds {
            field,
            expected: match each {
                1 => "at least 1".to_owned(),
                _ => format!("at least {each}: nobody approves for two functions"),
            },
            found: count.to_string(),
        });
    }
    within(field, count, each, APPROVALS_MAX)
}

pub(super) fn within(field: String, found: u64, min: u64, max: u64) -> Result<(), OutOfBounds> {
    if (min..=max).contains(&found) {
        return Ok(());
    }
    Err(OutOfBounds {
        field,
        expected: format!("a whole number from {min} to {max}"),
        found: found.to_string(),
    })
}
