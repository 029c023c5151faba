//! The acts on allocation and returns: the same requests to two policies, one after the other.

use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;
use signalbox_domain::Domain;
use signalbox_domain::allocation::AllocationAnswer;
use signalbox_domain::returns::ReturnsAnswer;
use tokio::sync::watch;

use super::cohort::{Cohort, bodies, told};
use super::error::DemoError;
use super::figures::{AllocationFigures, ReturnsFigures};
use super::load::{Exchange, Load, Pace};
use super::show::Show;
use super::tables::Sent;

/// Policies of allocation: at first, and after the swap.
pub const ALLOCATION: [&str; 2] = ["allocation-priority", "allocation-fairshare"];
/// Policies of returns: at first, and after the swap.
pub const RETURNS: [&str; 2] = ["returns-recovery", "returns-grades"];

/// The figures of each policy version, in the order in which they decided.
pub type PerVersion<F> = Vec<(String, F)>;

/// Sends the allocation requests to both policies.
///
/// # Errors
/// A [`DemoError`].
pub async fn allocation(show: &mut Show) -> Result<PerVersion<AllocationFigures>, DemoError> {
    let cohort = show.cohort.clone();
    show.narrator.step(
        &format!("{} allocations: four weeks of best-sellers over eight regional centres", cohort.allocation.len()),
        "There is less than everybody wants: who goes without is a rule that merchandising sets, and can change.",
    );
    let mut figures = Vec::new();
    for policy in ALLOCATION {
        let exchanges =
            ask::<_, AllocationAnswer>(show, Domain::Allocation, policy, &cohort.allocation).await?;
        let mut of_version = AllocationFigures::default();
        for (request, exchange) in cohort.allocation.iter().zip(&exchanges) {
            if let Ok(answer) = &exchange.outcome {
                of_version.add(
                    request,
                    &answer.decision,
                    !answer.diagnostics.fallbacks.is_empty(),
                );
            }
        }
        figures.push((show.champion(Domain::Allocation.as_str()).await?, of_version));
    }
    Ok(figures)
}

/// Sends the returns requests to both policies.
///
/// # Errors
/// A [`DemoError`].
pub async fn returns(show: &mut Show) -> Result<PerVersion<ReturnsFigures>, DemoError> {
    let cohort: Arc<Cohort> = show.cohort.clone();
    show.narrator.step(
        &format!("{} returns: {}", cohort.returns.len(), told(&cohort.returns_from, "credited lines")),
        "Each unit goes where it still earns most, within the law: restocked, repacked, to the vendor, recycled.",
    );
    let mut figures = Vec::new();
    for policy in RETURNS {
        let exchanges = ask::<_, ReturnsAnswer>(show, Domain::Returns, policy, &cohort.returns).await?;
        let mut of_version = ReturnsFigures::default();
        for (request, exchange) in cohort.returns.iter().zip(&exchanges) {
            if let Ok(answer) = &exchange.outcome {
                of_version.add(
                    request,
                    &answer.decision,
                    !answer.diagnostics.fallbacks.is_empty(),
                );
            }
        }
        figures.push((show.champion(Domain::Returns.as_str()).await?, of_version));
    }
    Ok(figures)
}

/// Makes a policy the champion of its domain's scope, unless it is already, and sends every request to it.
async fn ask<R, A>(
    show: &mut Show,
    domain: Domain,
    policy: &str,
    requests: &[R],
) -> Result<Vec<Exchange<A>>, DemoError>
where
    R: Serialize,
    A: DeserializeOwned + Send + 'static,
{
    let scope = domain.as_str();
    if !show.champion(scope).await?.starts_with(&format!("{policy}@")) {
        let admitted = show.admit(policy).await?;
        show.api.use_policy(scope, policy, "the other policy").await?;
        show.narrator.note(&format!(
            "{policy} is admitted in {} ms and takes over",
            admitted.millis
        ));
    }
    let bodies = bodies(requests.iter())?;
    let count = bodies.len();
    let url = show.api.url(&format!("/v1/decisions/{scope}"));
    let load = Load::new(
        show.api.client().clone(),
        url,
        bodies,
        Pace { rate: 0, ..show.pace },
    );
    let (_open, gate) = watch::channel(count);
    let exchanges: Vec<Exchange<A>> = load.run(gate, Arc::new(|_| {})).await?;
    let failed: Vec<&String> = exchanges
        .iter()
        .filter_map(|exchange| exchange.outcome.as_ref().err())
        .collect();
    let champion = show.champion(scope).await?;
    let others = exchanges
        .iter()
        .filter_map(|exchange| exchange.outcome.as_ref().ok())
        .filter(|answer| {
            answer.diagnostics.fallbacks.is_empty()
                && format!("{}@{}", answer.policy, answer.version) != champion
        });
    let others = others.count();
    show.narrator.expect(
        failed.is_empty() && others == 0 && champion.starts_with(&format!("{policy}@")),
        &format!("{champion}: {count} requests sent, {} failed", failed.len()),
    );
    if let Some(first) = failed.first() {
        show.narrator.note(first);
    }
    show.sent
        .push(Sent::of(&format!("{scope}, {champion}"), &exchanges));
    Ok(exchanges)
}
