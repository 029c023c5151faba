//! What it takes for a release to go on: every gate, evaluated at once, with its figures.

use std::fmt;

use serde::{Deserialize, Serialize};
use signalbox_domain::Timestamp;
use signalbox_domain::events::PolicyVersion;
use signalbox_domain::governance::Governance;
use signalbox_domain::release::{Phase, Release, Stage};
use signalbox_domain::rollout::{Approvals, RolloutPlan};
use signalbox_domain::scope::Scope;
use utoipa::ToSchema;

use crate::snapshot::{ReleaseState, Snapshot};

const HOUR_MS: i64 = 3_600_000;

/// How a gate stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum GateState {
    /// It holds nothing up.
    Met,
    /// No promotion until it is met.
    Unmet,
    /// The plan asks for it and this host does not measure it: it holds nothing up, and whoever promotes answers for it.
    NotMeasured,
}

impl GateState {
    /// The word that stands for it in JSON and on the command line.
    pub const fn as_str(self) -> &'static str {
        match self {
            GateState::Met => "met",
            GateState::Unmet => "unmet",
            GateState::NotMeasured => "not_measured",
        }
    }
}

impl fmt::Display for GateState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One condition for the next stage.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Gate {
    /// Its name: `review`, `freeze`, `standing_orders`, `hours`, `decisions`, `canary_free` or `approvals`.
    pub name: String,
    /// How it stands.
    pub state: GateState,
    /// With its figures, for people.
    pub detail: String,
}

impl Gate {
    fn new(name: &str, state: GateState, detail: String) -> Gate {
        Gate {
            name: name.to_owned(),
            state,
            detail,
        }
    }

    fn met_if(name: &str, is_met: bool, detail: String) -> Gate {
        let state = if is_met { GateState::Met } else { GateState::Unmet };
        Gate::new(name, state, detail)
    }

    /// Whether it stands in the way.
    pub fn is_unmet(&self) -> bool {
        self.state == GateState::Unmet
    }
}

/// Where a promotion would lead, and what it takes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outlook {
    /// The next stage; of a held release, the one after it is resumed. `None` where none comes.
    pub next: Option<Stage>,
    /// Every gate in front of it.
    pub gates: Vec<Gate>,
}

/// What gates are evaluated against.
#[derive(Clone, Copy, Debug)]
pub(super) struct Facts<'a> {
    pub(super) release: &'a Release,
    pub(super) plan: &'a RolloutPlan,
    pub(super) governance: &'a Governance,
    pub(super) scope: &'a Scope,
    /// The version that is in canary in the scope.
    pub(super) canary: Option<&'a PolicyVersion>,
    pub(super) now: Timestamp,
}

/// The outlook of a release as it is published.
pub(super) fn of_snapshot(snapshot: &Snapshot, state: &ReleaseState, now: Timestamp) -> Outlook {
    let name = state.release.scope();
    let Some(scope) = snapshot.scope(name) else {
        // The configuration has no such scope any more: nothing goes on there.
        return Outlook::default();
    };
    let mut here = snapshot.releases.iter().map(|state| &state.release);
    let canary = here.find(|release| release.scope() == name && release.phase().canary_share_bp().is_some());
    outlook(&Facts {
        release: &state.release,
        plan: &state.plan,
        governance: &state.governance,
        scope: &scope.scope,
        canary: canary.map(Release::version),
        now,
    })
}

/// Where a promotion would lead, and every gate in front of it.
pub(super) fn outlook(facts: &Facts<'_>) -> Outlook {
    let phase = facts.release.phase().exposure();
    let Some(next) = next(phase, facts.plan) else {
        return Outlook::default();
    };
    let mut gates = vec![review(facts), freeze(facts), standing_orders(facts)];
    if let Some((hours, decisions, what)) = asked_of(phase, facts.plan) {
        gates.push(spent(hours, phase.since(), facts.now));
        gates.push(counted(decisions, what));
    }
    match next {
        Stage::Shadow => {}
        Stage::Canary { .. } => gates.push(canary_free(facts)),
        Stage::Active => gates.push(approved(&facts.plan.approvals)),
    }
    Outlook {
        next: Some(next),
        gates,
    }
}

/// The stage that follows `phase` in the plan.
pub(super) fn next(phase: &Phase, plan: &RolloutPlan) -> Option<Stage> {
    let step = match phase {
        Phase::Admitted { .. } => return Some(Stage::Shadow),
        Phase::Shadow { .. } => 0,
        Phase::Canary { step, .. } => step.saturating_add(1),
        Phase::Active { .. }
        | Phase::Superseded { .. }
        | Phase::Held { .. }
        | Phase::Rejected { .. }
        | Phase::RolledBack { .. } => return None,
    };
    let place = usize::try_from(step).unwrap_or(usize::MAX);
    let planned = plan.canary.steps.get(place);
    Some(planned.map_or(Stage::Active, |planned| Stage::Canary {
        step,
        share_bp: planned.share_bp,
    }))
}

/// The hours and decisions that the plan asks of a phase, and what kind of decisions.
fn asked_of(phase: &Phase, plan: &RolloutPlan) -> Option<(u32, u64, &'static str)> {
    match phase {
        Phase::Shadow { .. } => Some((
            plan.shadow.min_hours,
            plan.shadow.min_decisions,
            "compared decisions",
        )),
        Phase::Canary { step, .. } => {
            let place = usize::try_from(*step).unwrap_or(usize::MAX);
            let step = plan.canary.steps.get(place)?;
            Some((
                step.min_hours,
                step.min_decisions,
                "decisions of the canary at this share",
            ))
        }
        Phase::Admitted { .. }
        | Phase::Active { .. }
        | Phase::Superseded { .. }
        | Phase::Held { .. }
        | Phase::Rejected { .. }
        | Phase::RolledBack { .. } => None,
    }
}

fn review(facts: &Facts<'_>) -> Gate {
    let Governance {
        owner,
        deputy,
        review_by,
        ..
    } = facts.governance;
    let detail = if facts.governance.overdue(facts.now) {
        format!(
            "a review was due by {review_by}; {owner} or {deputy} review the policy and ship a version with a later \
             `review_by`"
        )
    } else {
        format!("the next review is due by {review_by}")
    };
    Gate::met_if("review", !facts.governance.overdue(facts.now), detail)
}

fn freeze(facts: &Facts<'_>) -> Gate {
    let frozen = facts.scope.frozen(facts.now);
    let detail = frozen.map_or_else(
        || "no freeze is in force".to_owned(),
        |freeze| format!("nothing is promoted until {}: {}", freeze.to, freeze.reason),
    );
    Gate::met_if("freeze", frozen.is_none(), detail)
}

/// Again, because the orders can have become stricter since the version was submitted.
fn standing_orders(facts: &Facts<'_>) -> Gate {
    let weaknesses = facts.scope.standing_orders.weaknesses(facts.plan);
    let detail = if weaknesses.is_empty() {
        "the plan is as strict as the scope's standing orders, or stricter".to_owned()
    } else {
        let each: Vec<String> = weaknesses.iter().map(ToString::to_string).collect();
        each.join("; ")
    };
    Gate::met_if("standing_orders", weaknesses.is_empty(), detail)
}

fn spent(hours: u32, since: Timestamp, now: Timestamp) -> Gate {
    let spent_ms = now.as_millis().saturating_sub(since.as_millis()).max(0);
    let asked_ms = i64::from(hours).saturating_mul(HOUR_MS);
    let is_met = spent_ms >= asked_ms;
    let spent = spent_ms.checked_div(HOUR_MS).unwrap_or_default();
    let mut detail = format!("{spent} of at least {hours} hours in this phase");
    if !is_met {
        detail.push_str(&format!("; enough at {}", since.plus_millis(asked_ms)));
    }
    Gate::met_if("hours", is_met, detail)
}

fn counted(decisions: u64, what: &str) -> Gate {
    match decisions {
        0 => Gate::new("decisions", GateState::Met, format!("no {what} are asked for")),
        _ => Gate::new(
            "decisions",
            GateState::NotMeasured,
            format!("at least {decisions} {what} are asked for; this host does not count them"),
        ),
    }
}

fn canary_free(facts: &Facts<'_>) -> Gate {
    let other = facts.canary.filter(|canary| *canary != facts.release.version());
    let detail = other.map_or_else(
        || "no other version is in canary in this scope".to_owned(),
        |other| format!("{other} is in canary in this scope; promote it or roll it back first"),
    );
    Gate::met_if("canary_free", other.is_none(), detail)
}

/// Where approvals will be weighed once they can be given.
fn approved(approvals: &Approvals) -> Gate {
    let functions: Vec<&str> = approvals.functions.iter().map(|each| each.as_str()).collect();
    let among = if functions.is_empty() {
        String::new()
    } else {
        format!(", among them {}", functions.join(" and "))
    };
    let people = match approvals.count {
        1 => "1 person".to_owned(),
        count => format!("{count} people"),
    };
    let detail =
        format!("{people} other than the author{among} have to agree; this host does not collect approvals");
    Gate::new("approvals", GateState::NotMeasured, detail)
}
