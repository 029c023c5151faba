//! The acts on allocation and returns: the same requests to two policies, one after the other.

use std::sync::Arc;

use signalbox_domain::Case;
use signalbox_domain::allocation::AllocationCase;
use signalbox_domain::envelope::Envelope;
use signalbox_domain::kpi::{AllocationKpis, ReturnsKpis};
use signalbox_domain::loss::Loss;
use signalbox_domain::returns::ReturnsCase;
use signalbox_domain::validate::{Bounds, Circumstances};
use tokio::sync::watch;

use super::cohort::{bodies, told};
use super::error::DemoError;
use super::load::{Exchange, Load, Pace};
use super::routing_acts::version_of;
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
pub async fn allocation(show: &mut Show) -> Result<PerVersion<AllocationKpis>, DemoError> {
    let cohort = show.cohort.clone();
    show.narrator.step(
        &format!("{} allocations: four weeks of best-sellers over eight regional centres", cohort.allocation.len()),
        "There is less than everybody wants: who goes without is a rule that merchandising sets, and can change.",
    );
    both::<AllocationCase, AllocationKpis>(show, ALLOCATION, &cohort.allocation, AllocationKpis::add).await
}

/// Sends the returns requests to both policies.
///
/// # Errors
/// A [`DemoError`].
pub async fn returns(show: &mut Show) -> Result<PerVersion<ReturnsKpis>, DemoError> {
    let cohort = show.cohort.clone();
    show.narrator.step(
        &format!("{} returns: {}", cohort.returns.len(), told(&cohort.returns_from, "credited lines")),
        "Each unit goes where it still earns most, within the law: restocked, repacked, to the vendor, recycled.",
    );
    both::<ReturnsCase, ReturnsKpis>(show, RETURNS, &cohort.returns, ReturnsKpis::add).await
}

/// How a decision is added to the figures of its domain.
type Add<C, K> = fn(&mut K, &C, &<C as Case>::Decision, bool, Option<&Loss>);

/// Sends every request to each policy.
async fn both<C: Case, K: Default>(
    show: &mut Show,
    policies: [&str; 2],
    requests: &[C::Request],
    add: Add<C, K>,
) -> Result<PerVersion<K>, DemoError>
where
    C::Request: Clone,
{
    let mut figures = Vec::new();
    for policy in policies {
        let (version, exchanges) = ask::<C>(show, policy, requests).await?;
        let mut kpis = K::default();
        for (request, exchange) in requests.iter().zip(&exchanges) {
            let Ok(answer) = &exchange.outcome else { continue };
            let case = case::<C>(request)?;
            let decision = case.decision_of(&answer.decision).map_err(DemoError::Figures)?;
            let fell_back = !answer.diagnostics.fallbacks.is_empty();
            add(&mut kpis, &case, &decision, fell_back, answer.host_loss.as_ref());
        }
        figures.push((version, kpis));
    }
    Ok(figures)
}

fn case<C: Case>(request: &C::Request) -> Result<C, DemoError>
where
    C::Request: Clone,
{
    let bounds = Bounds::default();
    let circumstances = Circumstances {
        now: Default::default(),
        levers: &[],
        bounds: &bounds,
    };
    C::build(request.clone(), &circumstances).map_err(DemoError::Figures)
}

/// Makes a policy the champion of its domain's scope, unless it is already, and sends every request to it.
async fn ask<C: Case>(
    show: &mut Show,
    policy: &str,
    requests: &[C::Request],
) -> Result<(String, Vec<Exchange<C::Answer>>), DemoError> {
    let scope = C::Request::DOMAIN.as_str();
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
    let exchanges: Vec<Exchange<C::Answer>> = load.run(gate, Arc::new(|_| {})).await?;
    let failed: Vec<&String> = exchanges
        .iter()
        .filter_map(|exchange| exchange.outcome.as_ref().err())
        .collect();
    let champion = show.champion(scope).await?;
    let answers = exchanges
        .iter()
        .filter_map(|exchange| exchange.outcome.as_ref().ok());
    let others =
        answers.filter(|answer| answer.diagnostics.fallbacks.is_empty() && version_of(answer) != champion);
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
    Ok((champion, exchanges))
}
