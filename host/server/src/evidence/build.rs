//! The document from what is published and what was shown.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::Value;
use signalbox_domain::Timestamp;
use signalbox_domain::rollout::CanaryUnit;

use super::EvidenceError;
use super::document::{
    Evidence, MoneyEvidence, ParameterChange, Provenance, ServiceEvidence, StatisticsEvidence, WhatChanges,
};
use crate::control::ReleaseReport;
use crate::record::HOST_VERSION;
use crate::replay::{Difference, differences};
use crate::snapshot::{LivePolicy, ScopeState};
use crate::trial::{Disagreement, NodeFigures, SegmentFigures, TrialFigures};

/// Disagreements in the document.
const DISAGREEMENTS: usize = 24;
/// Nodes that lose, and nodes that gain, in the document.
const NODES: usize = 25;
/// Segments in the document.
const SEGMENTS: usize = 50;

/// What of a version's own file the document shows.
pub(super) struct Parameters {
    changes: Vec<ParameterChange>,
    more: usize,
    summary: Option<String>,
    plugin: String,
    champion_plugin: Option<String>,
}

/// Compares the parameters of both.
pub(super) fn parameters(
    champion: Option<&Arc<LivePolicy>>,
    challenger: Option<&Arc<LivePolicy>>,
) -> Result<Parameters, EvidenceError> {
    let of = |policy: Option<&Arc<LivePolicy>>| -> Result<Value, EvidenceError> {
        let text = policy.map_or_else(|| "{}".to_owned(), |policy| policy.policy_file.parameters_json());
        serde_json::from_str(&text).map_err(|problem| EvidenceError::Form(problem.to_string()))
    };
    let plugin = |policy: &Arc<LivePolicy>| format!("{} {}", policy.plugin, policy.plugin.digest);
    let (found, more) = differences(&of(champion)?, &of(challenger)?);
    let change = |difference: Difference| ParameterChange {
        pointer: difference.pointer,
        champion: difference.recorded,
        challenger: difference.replayed,
    };
    Ok(Parameters {
        changes: found.into_iter().map(change).collect(),
        more,
        summary: challenger.and_then(|policy| policy.policy_file.summary.clone()),
        plugin: challenger.map(plugin).unwrap_or_default(),
        champion_plugin: champion.map(plugin),
    })
}

pub(super) fn evidence(
    report: &ReleaseReport,
    trial: &TrialFigures,
    state: &ScopeState,
    parameters: Parameters,
    now: Timestamp,
) -> Evidence {
    Evidence {
        schema: 1,
        made_at: now,
        what_changes: what_changes(report, trial, parameters),
        limits: limits(report, trial, state),
        money: money(trial, state),
        service: ServiceEvidence {
            basis: "modelled: from the decisions and the requests alone".to_owned(),
            champion: trial.champion_kpis.clone(),
            challenger: trial.challenger_kpis.clone(),
        },
        who_loses: trial
            .segments
            .iter()
            .take(SEGMENTS)
            .cloned()
            .collect::<Vec<SegmentFigures>>(),
        nodes: nodes(trial),
        disagreements: disagreements(trial),
        gates: report.outlook.gates.clone(),
        live: trial.live.clone(),
        outcomes: report.measured.clone(),
        statistics: StatisticsEvidence {
            rules: trial.rules.clone(),
            all: trial.all.clone(),
            matched: trial.matched,
            mismatched: trial.mismatched,
            champion_faulted: trial.champion_faulted,
            faults: trial.faults.clone(),
            dropped: trial.dropped,
            determinism: trial.determinism,
            ratio: trial.ratio,
        },
        provenance: Provenance {
            version_digest: report.release.digest(),
            plan_digest: report.release.plan_digest(),
            plan: report.plan.clone(),
            standing_orders: state.scope.standing_orders.clone(),
            cost_book_digest: state.cost_book_digest,
            cost_book: (*state.cost_book).clone(),
            host_version: HOST_VERSION.to_owned(),
            began: trial.began,
            first: trial.first,
            last: trial.last,
        },
    }
}

fn what_changes(report: &ReleaseReport, trial: &TrialFigures, parameters: Parameters) -> WhatChanges {
    let release = &report.release;
    WhatChanges {
        scope: release.scope().to_owned(),
        release_id: release.id().to_string(),
        challenger: release.version().to_string(),
        champion: trial.key.champion.clone(),
        summary: parameters.summary,
        author: release.author().to_owned(),
        governance: report.governance.clone(),
        plugin: parameters.plugin,
        champion_plugin: parameters.champion_plugin,
        parameters: parameters.changes,
        parameters_more: parameters.more,
        reversal: format!(
            "one operator, at once: `signalbox release rollback {}`; the champion stays ready to decide",
            release.scope()
        ),
    }
}

/// What a reader must know before the figures.
fn limits(report: &ReleaseReport, trial: &TrialFigures, state: &ScopeState) -> Vec<String> {
    let mut limits = vec![
        "Beside the champion a challenger consumes no stock and no capacity: what its decisions would have left for later \
         orders is not seen."
            .to_owned(),
        format!(
            "Costs are the host's own model with the cost book {}@{}; they are not invoices.",
            state.cost_book.name, state.cost_book.version
        ),
        "The tests hold for every way of looking, and for the requests of the period that is given; they say nothing of other \
         seasons."
            .to_owned(),
    ];
    if report.plan.canary.unit != CanaryUnit::PilotRegionTime {
        limits.push(
            "In the canary both arms share stock and capacity, so that one arm's decisions can change what the other may do."
                .to_owned(),
        );
    }
    limits.push(match &report.measured {
        None => "No outcome was reported: every figure is modelled, none is measured.".to_owned(),
        Some(measured) => format!(
            "Outcomes are those of units of which something was reported and whose time for reports is over ({} of the canary, {} of \
             the champion); units without a report are not in them.",
            measured.closed.canary, measured.closed.champion
        ),
    });
    if trial.dropped > 0 {
        limits.push(format!(
            "{} requests that were to be compared were not, because the shadow was busy; busy hours are seen less often.",
            trial.dropped
        ));
    }
    if trial.champion_faulted > 0 {
        limits.push(format!(
            "{} requests were not compared, because the champion had no decision on them.",
            trial.champion_faulted
        ));
    }
    limits
}

fn money(trial: &TrialFigures, state: &ScopeState) -> MoneyEvidence {
    let decisions_per_year = state.scope.decisions_per_year;
    let yearly = |[low, high]: [f64; 2]| {
        let decisions = decisions_per_year? as f64;
        Some([low * decisions, high * decisions])
    };
    MoneyEvidence {
        difference_minor: trial.all.difference_minor,
        range_minor: trial.all.range_minor,
        decisions_per_year,
        range_per_year_minor: trial.all.range_minor.and_then(yearly),
        terms: trial.terms.clone(),
        pairs: trial.all.pairs,
    }
}

/// The nodes that lose most units, and those that gain most.
fn nodes(trial: &TrialFigures) -> Vec<NodeFigures> {
    let all = &trial.nodes;
    let rest = all.iter().skip(NODES);
    let gaining = rest.skip(all.len().saturating_sub(NODES.saturating_mul(2)));
    all.iter().take(NODES).chain(gaining).cloned().collect()
}

/// The largest losses, some gains, and of what is left a sample of each segment; none twice.
fn disagreements(trial: &TrialFigures) -> Vec<Disagreement> {
    let sampled = trial.sampled.values().flatten();
    let all = trial
        .losses
        .iter()
        .take(8)
        .chain(trial.gains.iter().take(4))
        .chain(sampled);
    let mut known = BTreeSet::new();
    all.filter(|one| known.insert(one.decision_id))
        .take(DISAGREEMENTS)
        .cloned()
        .collect()
}
