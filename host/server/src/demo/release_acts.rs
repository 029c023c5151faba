//! The acts on releases: three versions of a policy want to take the champion's place. All are compared with it on real
//! orders; one is better and goes all the way, one is worse and is stopped, one is too close to the champion to be proven better.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use signalbox_domain::routing::RoutingAnswer;
use tokio::sync::watch;

use super::cohort::{bodies, requests};
use super::error::DemoError;
use super::host::People;
use super::host_api::rejection_text;
use super::load::{Exchange, Load};
use super::show::Show;
use super::stage::{PolicyPair, embedded};
use super::tables::Sent;
use crate::api::ReleaseDetail;
use crate::trial::TrialFigures;

const POLICY: &str = "routing-balanced";
const SCOPE: &str = "routing";
/// Orders after which the figures are told.
const TOLD_EVERY: usize = 2_000;
/// Orders with which everything must be proven; with fewer it may be too early to say.
const ENOUGH: usize = 10_000;
/// Orders sent while the canary has its first share.
const CANARY_ORDERS: usize = 2_000;
/// How long the host may take to compare what was sent, and to act on it.
const WITHIN: Duration = Duration::from_secs(30);
const ASK_EVERY: Duration = Duration::from_millis(50);

/// A version that wants to decide.
struct Candidate {
    version: &'static str,
    /// What its author says of it.
    says: &'static str,
    /// Changes to the champion's file: from, to.
    changes: &'static [(&'static str, &'static str)],
}

/// The champion weighs a late day at 3.00. Finance has raised its price in the cost book to 6.00.
const CANDIDATES: [Candidate; 3] = [
    Candidate {
        version: "1.1.0",
        says: "weighs a late day as finance now prices it",
        changes: &[("late_day_minor = 300", "late_day_minor = 600")],
    },
    Candidate {
        version: "1.2.0",
        says: "forgets late days, to save carriage",
        changes: &[
            ("late_day_minor = 300", "late_day_minor = 0"),
            ("lateness = 100 ", "lateness = 0 "),
        ],
    },
    Candidate {
        version: "1.3.0",
        says: "weighs late days as finance does, and keeps parcels regional",
        changes: &[
            ("late_day_minor = 300", "late_day_minor = 600"),
            ("distance = 0 ", "distance = 100 "),
            ("distance_100km_minor = 5", "distance_100km_minor = 30"),
        ],
    },
];

/// Runs the acts. The champion in the scope is the first version of the policy.
///
/// # Errors
/// A [`DemoError`].
pub async fn releases(show: &mut Show, people: &People) -> Result<(), DemoError> {
    submit(show, people).await?;
    let proven = compare(show).await?;
    stopped(show, &proven).await?;
    if !proven.better {
        must_be_proven(show, "the better version passes its gates");
        return Ok(());
    }
    canary(show).await?;
    agree(show, people).await
}

/// What the orders have shown.
struct Proven {
    /// That the better one may go on.
    better: bool,
    /// That the worse one is worse: the host has ended it.
    worse: bool,
}

/// Says that something is not proven. That is wrong only where there were enough orders.
fn must_be_proven(show: &mut Show, what: &str) {
    let orders = show.cohort.routing.len();
    if orders >= ENOUGH {
        show.narrator.expect(false, what);
    } else {
        show.narrator.note(&format!(
            "{orders} orders are too few to prove it ({ENOUGH} would do, see --orders): {what}"
        ));
    }
}

async fn submit(show: &mut Show, people: &People) -> Result<(), DemoError> {
    show.narrator.step(
        "Ana submits three new versions of routing-balanced; each begins in the shadow",
        "Beyond `immediate` a version proves itself first: it decides the same orders beside the champion, and nobody acts on it.",
    );
    for candidate in &CANDIDATES {
        let pair = pair(candidate)?;
        show.stage.drop_pair(&pair)?;
        let (view, _) = show.api.verdict(POLICY, &pair.version, Instant::now()).await?;
        if let Some(problems) = rejection_text(&view) {
            let version = format!("{POLICY}@{}", pair.version);
            return Err(DemoError::Rejected { version, problems });
        }
        people.ana.submit(POLICY, &pair.version).await?;
        show.api
            .command(POLICY, candidate.version, "promote", "into the shadow")
            .await?;
        show.narrator
            .note(&format!("{}: {}", candidate.version, candidate.says));
    }
    Ok(())
}

/// The champion's file with the candidate's changes and a plan without waiting times.
fn pair(candidate: &Candidate) -> Result<PolicyPair, DemoError> {
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
margins = { loss_minor_per_decision = 20, per_year_minor = 20_000_000 }
proof = { success = "superior", segments = ["region"], bound_minor = 5_000 }

[rollout.canary]
unit = "order"
steps = [{ share_bp = 1_000, min_decisions = 100 }, { share_bp = 10_000 }]
"#;

/// Sends orders, each once, until the better version may go on and the worse one is stopped.
async fn compare(show: &mut Show) -> Result<Proven, DemoError> {
    show.narrator.step(
        "Orders arrive; all three decide them too, in the shadow",
        "The host prices both decisions with finance's cost book. An e-value of 20 answers a question at 5 %, whenever one looks.",
    );
    let mut sent = 0;
    loop {
        let more = send(show, sent, TOLD_EVERY).await?;
        sent = sent.saturating_add(more);
        let better = settled(show, sent).await?;
        let worse = show.api.release(POLICY, CANDIDATES[1].version).await?;
        if more > 0 {
            tell(show, sent).await?;
        }
        let proven = Proven {
            better: better.release.gates.iter().all(|gate| !gate.is_unmet()),
            worse: worse.release.phase == "rejected",
        };
        if more == 0 || (proven.better && proven.worse) {
            return Ok(proven);
        }
    }
}

/// Sends up to `count` orders of the cohort; how many there were.
async fn send(show: &mut Show, from: usize, count: usize) -> Result<usize, DemoError> {
    let all = &show.cohort.routing;
    let end = from.saturating_add(count).min(all.len());
    let bodies = bodies(requests(all.get(from..end).unwrap_or_default()))?;
    let count = bodies.len();
    if count == 0 {
        return Ok(0);
    }
    let load = Load::new(
        show.api.client().clone(),
        show.api.url("/v1/decisions/routing"),
        bodies,
        show.pace,
    );
    let (_open, gate) = watch::channel(usize::MAX);
    let exchanges: Vec<Exchange<RoutingAnswer>> = load.run(gate, Arc::new(|_| {})).await?;
    let failed = exchanges
        .iter()
        .filter(|exchange| exchange.outcome.is_err())
        .count();
    if failed > 0 {
        show.narrator
            .expect(false, &format!("{failed} of {} orders failed", exchanges.len()));
    }
    show.sent
        .push(Sent::of("routing, challengers beside the champion", &exchanges));
    Ok(count)
}

/// Waits until what was sent is compared; the better version's release then.
async fn settled(show: &Show, sent: usize) -> Result<ReleaseDetail, DemoError> {
    let began = Instant::now();
    loop {
        let detail = show.api.release(POLICY, CANDIDATES[0].version).await?;
        let seen = detail.trial.as_ref().map_or(0, |trial| {
            trial
                .all
                .pairs
                .saturating_add(trial.dropped)
                .saturating_add(trial.champion_faulted)
        });
        if usize::try_from(seen).unwrap_or(usize::MAX) >= sent || began.elapsed() > WITHIN {
            return Ok(detail);
        }
        tokio::time::sleep(ASK_EVERY).await;
    }
}

async fn tell(show: &mut Show, sent: usize) -> Result<(), DemoError> {
    let mut lines = vec![format!("after {sent} orders:")];
    for candidate in &CANDIDATES {
        let detail = show.api.release(POLICY, candidate.version).await?;
        let Some(trial) = &detail.trial else { continue };
        lines.push(format!(
            "  {} {:9} {}",
            candidate.version,
            detail.release.phase,
            figures(trial)
        ));
    }
    show.narrator.note(&lines.join("\n"));
    Ok(())
}

/// `-0.31 an order (-0.40 to -0.22; -1.2 %), 1,998 pairs; better: e 45, worse: e 0.1`.
fn figures(trial: &TrialFigures) -> String {
    let all = &trial.all;
    let money = |minor: f64| format!("{:+.2}", minor / 100.0);
    let mean = all.difference_minor.unwrap_or_default();
    let percent = 100.0 * mean
        / all
            .champion_minor
            .filter(|loss| *loss != 0.0)
            .unwrap_or(f64::INFINITY);
    let range = all
        .range_minor
        .map(|[low, high]| format!("{} to {}; ", money(low), money(high)))
        .unwrap_or_default();
    format!(
        "{} an order ({range}{percent:+.1} %) over {} orders; better: e {:.1}, not worse: e {:.1}, harm: e {:.1}",
        money(mean),
        all.pairs,
        all.superiority.e_value,
        all.non_inferiority.e_value,
        all.harm.e_value
    )
}

/// The worse one was stopped, and the one that is too close goes no further.
async fn stopped(show: &mut Show, proven: &Proven) -> Result<(), DemoError> {
    show.narrator.step(
        "Who did not pass, and why",
        "Nobody had to watch: the host rejects what harms within a second, and what proves nothing goes no further.",
    );
    let (worse, close) = (CANDIDATES[1].version, CANDIDATES[2].version);
    let detail = show.api.release(POLICY, worse).await?;
    let because = detail.release.because.clone().unwrap_or_default();
    if proven.worse {
        show.narrator
            .expect(true, &format!("{worse} is {}: {because}", detail.release.phase));
    } else {
        must_be_proven(show, &format!("the host stops {worse}, which is worse"));
    }
    let detail = show.api.release(POLICY, close).await?;
    let unmet = detail.release.gates.iter().filter(|gate| gate.is_unmet());
    let unmet: Vec<String> = unmet
        .map(|gate| format!("{} ({}): {}", gate.name, gate.state, gate.detail))
        .collect();
    show.narrator.note(&format!(
        "{close} stays in the {}; {}",
        detail.release.phase,
        unmet.join("; ")
    ));
    Ok(())
}

/// The better one answers a share of the orders.
async fn canary(show: &mut Show) -> Result<(), DemoError> {
    let version = CANDIDATES[0].version;
    show.narrator.step(
        &format!("{version} passed: 10 % of the orders are its own now"),
        "The same order always belongs to the same side; if the canary cannot answer, the champion does.",
    );
    gates(show, version).await?;
    show.api
        .command(POLICY, version, "promote", "every gate of its shadow is met")
        .await?;
    let before = live(show, version).await?;
    send(show, 0, CANARY_ORDERS).await?;
    let after = live(show, version).await?;
    let assigned = after.0.saturating_sub(before.0);
    let all = assigned.saturating_add(after.1.saturating_sub(before.1));
    let share = assigned as f64 / all.max(1) as f64;
    show.narrator.expect(
        (0.05..0.15).contains(&share),
        &format!(
            "{assigned} of {all} orders were assigned to it ({:.1} %)",
            100.0 * share
        ),
    );
    show.api
        .command(POLICY, version, "promote", "nothing was seen in its first share")
        .await?;
    show.narrator
        .note("it decides every order now, and the champion stands ready");
    Ok(())
}

/// Orders assigned to the canary, and to the champion beside it.
async fn live(show: &Show, version: &str) -> Result<(u64, u64), DemoError> {
    let detail = show.api.release(POLICY, version).await?;
    let steps = detail.trial.map(|trial| trial.live).unwrap_or_default();
    let sum = |of: fn(&crate::trial::Live) -> u64| steps.values().map(of).fold(0u64, u64::saturating_add);
    Ok((sum(|live| live.assigned), sum(|live| live.to_champion)))
}

/// The sentences of the gates that rest on what was shown.
async fn gates(show: &mut Show, version: &str) -> Result<(), DemoError> {
    let detail = show.api.release(POLICY, version).await?;
    let told: BTreeMap<&str, &str> = detail
        .release
        .gates
        .iter()
        .map(|gate| (gate.name.as_str(), gate.detail.as_str()))
        .collect();
    for name in ["not_worse", "better", "who_loses", "violations"] {
        if let Some(sentence) = told.get(name) {
            show.narrator.note(&format!("{name}: {sentence}"));
        }
    }
    Ok(())
}

/// Two people who did not write it agree to the frozen evidence; then it is promoted.
async fn agree(show: &mut Show, people: &People) -> Result<(), DemoError> {
    let version = CANDIDATES[0].version;
    show.narrator.step(
        "The evidence is frozen, and operations and finance agree to it",
        "An approval is signed and bound to exactly this version, plan, cost book and evidence; authors approve nothing of theirs.",
    );
    let digest = show.api.freeze(POLICY, version).await?;
    show.narrator.note(&format!("evidence {digest}"));
    let own = people.ana.approve(POLICY, version, "mine").await;
    show.narrator
        .expect(own.is_err(), "its author is refused as an approver");
    people
        .opal
        .approve(POLICY, version, "fewer late orders, no region loses")
        .await?;
    let early = show.api.command(POLICY, version, "promote", "one of two").await;
    show.narrator
        .expect(early.is_err(), "one approval of two promotes nothing");
    people
        .fin
        .approve(POLICY, version, "it saves more than it costs")
        .await?;
    show.api
        .command(POLICY, version, "promote", "both functions agree")
        .await?;
    let champion = show.champion(SCOPE).await?;
    show.narrator.expect(
        champion == format!("{POLICY}@{version}"),
        &format!("{champion} decides now; one command takes it back"),
    );
    Ok(())
}
