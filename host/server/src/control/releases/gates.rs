//! What it takes for a release to go on: every gate, evaluated at once, with its figures.

use std::fmt;

use serde::{Deserialize, Serialize};
use signalbox_domain::Timestamp;
use signalbox_domain::approvals::{Counted, Weighed};
use signalbox_domain::events::PolicyVersion;
use signalbox_domain::governance::Governance;
use signalbox_domain::release::{Phase, Release, Stage};
use signalbox_domain::rollout::{Approvals, RolloutPlan};
use signalbox_domain::scope::Scope;
use utoipa::ToSchema;

use super::{outcomes, proof};
use crate::measured::MeasuredFigures;
use crate::snapshot::{ReleaseState, Snapshot};
use crate::trial::TrialFigures;

const HOUR_MS: i64 = 3_600_000;

/// How a gate stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum GateState {
    /// It holds nothing up.
    Met,
    /// No promotion until it is met.
    Unmet,
    /// No promotion: there is not enough to say yet.
    Inconclusive,
}

impl GateState {
    /// The word that stands for it in JSON and on the command line.
    pub const fn as_str(self) -> &'static str {
        match self {
            GateState::Met => "met",
            GateState::Unmet => "unmet",
            GateState::Inconclusive => "inconclusive",
        }
    }
}

impl fmt::Display for GateState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The figure that a gate is about.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Figure {
    /// Its value.
    pub value: f64,
    /// What it counts or measures: `decisions`, `e-value`, `share`.
    pub unit: String,
    /// Where the gate opens or closes; absent where people judge.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub threshold: Option<f64>,
    /// The decisions that it is taken from.
    pub sample: u64,
}

impl Figure {
    pub(super) fn new(value: f64, unit: &str, threshold: impl Into<Option<f64>>, sample: u64) -> Figure {
        Figure {
            value,
            unit: unit.to_owned(),
            threshold: threshold.into(),
            sample,
        }
    }
}

/// One condition for the next stage.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Gate {
    /// Its name: `review`, `freeze`, `standing_orders`, `hours`, `canary_free`, `approvals`; and of what was compared:
    /// `decisions`, `comparison`, `determinism`, `violations`, `segments`, `clipped`, `not_worse`, `not_harmed`,
    /// `who_loses`, `better`, `in_time`, `split`, `anchor`, `attempts`; and of what really happened: `outcomes`, `promise_kept`,
    /// `retailer_cancelled`, `node_rejected`, `actual_cost`, `recovered`, `cost_book_bias`.
    pub name: String,
    /// How it stands.
    pub state: GateState,
    /// The same in a sentence, for people.
    pub detail: String,
    /// The figure behind it, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub figure: Option<Figure>,
}

impl Gate {
    pub(super) fn new(name: &str, state: GateState, detail: String) -> Gate {
        Gate {
            name: name.to_owned(),
            state,
            detail,
            figure: None,
        }
    }

    pub(super) fn with(self, figure: Figure) -> Gate {
        Gate {
            figure: Some(figure),
            ..self
        }
    }

    pub(super) fn met_if(name: &str, is_met: bool, detail: String) -> Gate {
        let state = if is_met { GateState::Met } else { GateState::Unmet };
        Gate::new(name, state, detail)
    }

    /// Whether it stands in the way.
    pub fn is_unmet(&self) -> bool {
        self.state != GateState::Met
    }
}

/// Where a promotion would lead, and what it takes.
#[derive(Clone, Debug, Default, PartialEq)]
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
    /// What it has shown.
    pub(super) shown: Shown<'a>,
    /// The champion of a year ago, where it is another one.
    pub(super) anchor: Option<&'a PolicyVersion>,
    /// Versions of the same policy that failed in the scope.
    pub(super) earlier: &'a [&'a Release],
    /// What the approvals that were given come to.
    pub(super) weighed: &'a Weighed,
    pub(super) now: Timestamp,
}

/// What a release has shown.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Shown<'a> {
    /// Against the champion of now.
    pub(super) trial: Option<&'a TrialFigures>,
    /// Against the champion of a year ago.
    pub(super) anchor: Option<&'a TrialFigures>,
    /// What really happened to its units.
    pub(super) measured: Option<&'a MeasuredFigures>,
}

/// The outlook of a release as it is published.
pub(super) fn of_snapshot(
    snapshot: &Snapshot,
    state: &ReleaseState,
    shown: Shown<'_>,
    weighed: &Weighed,
    now: Timestamp,
) -> Outlook {
    let name = state.release.scope();
    let Some(scope) = snapshot.scope(name) else {
        // The configuration has no such scope any more: nothing goes on there.
        return Outlook::default();
    };
    let here = snapshot.releases.iter().map(|state| &state.release);
    let earlier = failed(&state.release, here.clone());
    let canary = here
        .clone()
        .find(|release| release.scope() == name && release.phase().canary_share_bp().is_some());
    outlook(&Facts {
        release: &state.release,
        plan: &state.plan,
        governance: &state.governance,
        scope: &scope.scope,
        canary: canary.map(Release::version),
        shown,
        anchor: scope.anchor.as_ref().map(|anchor| &anchor.version),
        earlier: &earlier,
        weighed,
        now,
    })
}

/// Of `all`, the other releases of the same policy in the same scope that were rejected or rolled back.
pub(super) fn failed<'a>(release: &Release, all: impl Iterator<Item = &'a Release>) -> Vec<&'a Release> {
    all.filter(|other| {
        other.scope() == release.scope()
            && other.version().policy == release.version().policy
            && other.version() != release.version()
            && matches!(other.phase(), Phase::Rejected { .. } | Phase::RolledBack { .. })
    })
    .collect()
}

/// Where a promotion would lead, and every gate in front of it.
pub(super) fn outlook(facts: &Facts<'_>) -> Outlook {
    let phase = facts.release.phase().exposure();
    let Some(next) = next(phase, facts.plan) else {
        return Outlook::default();
    };
    let mut gates = vec![review(facts), freeze(facts), standing_orders(facts)];
    if let Some(hours) = hours_of(phase, facts.plan) {
        gates.push(spent(hours, phase.since(), facts.now));
        gates.extend(proof::gates(facts, phase));
        if matches!(phase, Phase::Canary { .. }) {
            gates.extend(outcomes::gates(
                facts.plan,
                facts.scope.domain,
                facts.shown.measured,
            ));
        }
    }
    match next {
        Stage::Shadow => {}
        Stage::Canary { .. } => gates.push(canary_free(facts)),
        Stage::Active => gates.push(approved(&facts.plan.approvals, facts.weighed)),
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

/// The hours that the plan asks of a phase.
fn hours_of(phase: &Phase, plan: &RolloutPlan) -> Option<u32> {
    match phase {
        Phase::Shadow { .. } => Some(plan.shadow.min_hours),
        Phase::Canary { step, .. } => {
            let place = usize::try_from(*step).unwrap_or(usize::MAX);
            Some(plan.canary.steps.get(place)?.min_hours)
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
    let governance = facts.governance;
    let is_overdue = governance.overdue(facts.now);
    let detail = if is_overdue {
        governance.when_overdue()
    } else {
        format!("the next review is due by {}", governance.review_by)
    };
    Gate::met_if("review", !is_overdue, detail)
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

fn canary_free(facts: &Facts<'_>) -> Gate {
    let other = facts.canary.filter(|canary| *canary != facts.release.version());
    let detail = other.map_or_else(
        || "no other version is in canary in this scope".to_owned(),
        |other| format!("{other} is in canary in this scope; promote it or roll it back first"),
    );
    Gate::met_if("canary_free", other.is_none(), detail)
}

/// Who agreed, and who is missing.
fn approved(asked: &Approvals, weighed: &Weighed) -> Gate {
    let people = |count: u32| match count {
        1 => "1 person".to_owned(),
        count => format!("{count} people"),
    };
    let counted = |counted: &Counted| match counted.speaks_for {
        Some(function) => format!("{} for {function}", counted.approver),
        None => counted.approver.clone(),
    };
    let agreed: Vec<String> = weighed.counted.iter().map(counted).collect();
    let mut told = vec![match agreed.is_empty() {
        true => "nobody agreed yet".to_owned(),
        false => format!("{} agreed", agreed.join(", ")),
    }];
    if !weighed.met {
        let missing: Vec<&str> = weighed
            .missing_functions
            .iter()
            .map(|each| each.as_str())
            .collect();
        if !missing.is_empty() {
            told.push(format!(
                "missing: somebody for {}",
                missing.join(" and somebody else for ")
            ));
        }
        if weighed.missing_people > 0 {
            told.push(format!(
                "{} of the {} asked for are missing, none of them the author",
                people(weighed.missing_people),
                asked.count
            ));
        }
    }
    if !weighed.not_counted.is_empty() {
        told.push(format!(
            "{} more were given and do not count",
            weighed.not_counted.len()
        ));
    }
    Gate::met_if("approvals", weighed.met, told.join("; "))
}
