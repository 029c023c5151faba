//! The acts on releases: three versions of a policy want to take the champion's place. All are compared with it on real
//! orders; one is better and goes all the way, one is worse and is stopped, one is better on average and held, because a
//! region loses by it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use signalbox_domain::routing::RoutingAnswer;
use tokio::sync::watch;

use super::candidates::{BETTER, CANDIDATES, LOSER, POLICY, UNEVEN, WORSE, pair};
use super::cohort::{bodies, requests};
use super::error::DemoError;
use super::host::People;
use super::host_api::rejection_text;
use super::load::{Exchange, Load};
use super::outcome_acts;
use super::show::Show;
use super::tables::Sent;
use crate::api::ReleaseDetail;
use crate::trial::{SegmentFigures, TrialFigures};

const SCOPE: &str = "routing";
/// Orders after which the figures are told.
const TOLD_EVERY: usize = 2_000;
/// Compared orders with which everything must be proven; with fewer it may be too early to say.
const ENOUGH: u64 = 11_000;
/// Orders sent while the canary has its first share.
const CANARY_ORDERS: usize = 2_000;
/// How long the host may take to compare what was sent, and to act on it.
const WITHIN: Duration = Duration::from_secs(30);
const ASK_EVERY: Duration = Duration::from_millis(50);

/// Runs the acts. The champion in the scope is the first version of the policy.
///
/// # Errors
/// A [`DemoError`].
pub async fn releases(show: &mut Show, people: &People) -> Result<(), DemoError> {
    submit(show, people).await?;
    let proven = compare(show).await?;
    stopped(show, &proven).await?;
    if !proven.better {
        must_be_proven(show, proven.compared, "the better version passes its gates");
        return Ok(());
    }
    canary(show, people).await?;
    agree(show, people).await
}

/// What the orders have shown.
struct Proven {
    /// That the better one may go on.
    better: bool,
    /// That the worse one is worse: the host has ended it.
    worse: bool,
    /// That a region loses by the uneven one: the host has held it.
    uneven: bool,
    /// Orders that were compared: the shadow drops what it cannot take.
    compared: u64,
}

/// Says that something is not proven. That is wrong only where enough orders were compared.
fn must_be_proven(show: &mut Show, orders: u64, what: &str) {
    if orders >= ENOUGH {
        show.narrator.expect(false, what);
    } else {
        show.narrator.note(&format!(
            "{orders} compared orders are too few to prove it ({ENOUGH} would do, see --orders and --rate): {what}"
        ));
    }
}

async fn submit(show: &mut Show, people: &People) -> Result<(), DemoError> {
    show.narrator.step(
        "Ana submits three new versions of routing-balanced; each begins in the shadow",
        "Beyond `immediate` a version proves itself first: it decides the same orders beside the champion, and nobody acts on it.",
    );
    for candidate in CANDIDATES {
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

/// Sends orders, each once, until the better version may go on and the worse one is stopped.
async fn compare(show: &mut Show) -> Result<Proven, DemoError> {
    show.narrator.step(
        "Orders arrive; all three decide them too, in the shadow",
        "The host prices both decisions with finance's cost book. An e-value of 20 answers a question at 5 %, whenever one looks.",
    );
    let mut sent = 0;
    loop {
        let more = send(show, sent, TOLD_EVERY).await?.len();
        sent = sent.saturating_add(more);
        settled(show, sent).await?;
        if more > 0 {
            tell(show, sent).await?;
        }
        let uneven = show.api.release(POLICY, UNEVEN.version).await?;
        let proven = Proven {
            better: is_met(&show.api.release(POLICY, BETTER.version).await?),
            worse: phase(show, WORSE.version).await? == "rejected",
            compared: uneven.trial.as_ref().map_or(0, |trial| trial.all.pairs),
            uneven: uneven.release.phase == "held",
        };
        if more == 0 || (proven.better && proven.worse && proven.uneven) {
            return Ok(proven);
        }
    }
}

fn is_met(detail: &ReleaseDetail) -> bool {
    detail.release.gates.iter().all(|gate| !gate.is_unmet())
}

async fn phase(show: &Show, version: &str) -> Result<String, DemoError> {
    Ok(show.api.release(POLICY, version).await?.release.phase)
}

/// Sends up to `count` orders of the cohort; what was answered.
async fn send(show: &mut Show, from: usize, count: usize) -> Result<Vec<Exchange<RoutingAnswer>>, DemoError> {
    let all = &show.cohort.routing;
    let end = from.saturating_add(count).min(all.len());
    let bodies = bodies(requests(all.get(from..end).unwrap_or_default()))?;
    if bodies.is_empty() {
        return Ok(Vec::new());
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
    Ok(exchanges)
}

/// Waits until what was sent is compared with every candidate still in the shadow, and the host has acted on it.
async fn settled(show: &Show, sent: usize) -> Result<(), DemoError> {
    let began = Instant::now();
    for candidate in CANDIDATES {
        loop {
            let detail = show.api.release(POLICY, candidate.version).await?;
            if detail.release.phase != "shadow" || is_settled(&detail, sent) || began.elapsed() > WITHIN {
                break;
            }
            tokio::time::sleep(ASK_EVERY).await;
        }
    }
    Ok(())
}

/// Whether everything sent is compared, and nothing in it asks the host to act.
fn is_settled(detail: &ReleaseDetail, sent: usize) -> bool {
    detail.trial.as_ref().is_some_and(|trial| {
        let seen = trial
            .all
            .pairs
            .saturating_add(trial.dropped)
            .saturating_add(trial.champion_faulted);
        let asks = trial.all.harm.answered || trial.segments.iter().any(|one| one.harm.answered);
        usize::try_from(seen).unwrap_or(usize::MAX) >= sent && !asks
    })
}

async fn tell(show: &mut Show, sent: usize) -> Result<(), DemoError> {
    let mut lines = vec![format!("after {sent} orders:")];
    for candidate in CANDIDATES {
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

/// `-0.31 an order (-0.40 to -0.22; -1.2 %) over 1998 orders; better: e 45.0, not worse: e 110.0, harm: e 0.1; most goes to
/// region=BR-RJ: +0.80 over 120 orders, harm: e 5.0`.
fn figures(trial: &TrialFigures) -> String {
    let all = &trial.all;
    let mean = all.difference_minor.unwrap_or_default();
    let percent = 100.0 * mean
        / all
            .champion_minor
            .filter(|loss| *loss != 0.0)
            .unwrap_or(f64::INFINITY);
    let range = all
        .range_minor
        .map(|[low, high]| format!("{} to {}; ", signed(low), signed(high)))
        .unwrap_or_default();
    format!(
        "{} an order ({range}{percent:+.1} %) over {} orders; better: e {:.1}, not worse: e {:.1}, harm: e {:.1}{}",
        signed(mean),
        all.pairs,
        all.superiority.e_value,
        all.non_inferiority.e_value,
        all.harm.e_value,
        trial.segments.first().map(most).unwrap_or_default(),
    )
}

/// The segment that loses most, with what proves it.
fn most(one: &SegmentFigures) -> String {
    let segment = one.segment.as_ref().map(ToString::to_string).unwrap_or_default();
    format!(
        "; most goes to {segment}: {} over {} orders, harm: e {:.1} of {:.0}",
        signed(one.difference_minor.unwrap_or_default()),
        one.pairs,
        one.harm.e_value,
        one.harm.threshold
    )
}

/// Minor units with two decimals and a sign.
fn signed(minor: f64) -> String {
    format!("{:+.2}", minor / 100.0)
}

/// The worse one was stopped, and the uneven one is held.
async fn stopped(show: &mut Show, proven: &Proven) -> Result<(), DemoError> {
    show.narrator.step(
        "Who did not pass, and why",
        "Nobody had to watch: the host rejects what harms within a second, and holds what is better only because some pay for it.",
    );
    let detail = show.api.release(POLICY, WORSE.version).await?;
    if proven.worse {
        let because = detail.release.because.unwrap_or_default();
        show.narrator.expect(
            true,
            &format!("{} is {}: {because}", WORSE.version, detail.release.phase),
        );
    } else {
        must_be_proven(
            show,
            proven.compared,
            &format!("the host stops {}, which is worse", WORSE.version),
        );
    }
    held(show, proven).await
}

/// The uneven one passes on average, and its region holds it.
async fn held(show: &mut Show, proven: &Proven) -> Result<(), DemoError> {
    let version = UNEVEN.version;
    let detail = show.api.release(POLICY, version).await?;
    let Some(trial) = detail.trial.as_ref().filter(|_| proven.uneven) else {
        must_be_proven(
            show,
            proven.compared,
            &format!("the host holds {version}, by which {LOSER} loses"),
        );
        return Ok(());
    };
    let because = detail.release.because.as_deref().unwrap_or_default();
    show.narrator.expect(
        because.starts_with(LOSER),
        &format!("{version} is {}: {because}", detail.release.phase),
    );
    let is_better = trial.all.difference_minor.is_some_and(|minor| minor < 0.0);
    show.narrator.expect(
        is_better && trial.all.non_inferiority.answered,
        &format!("on average it is better all the same: {}", figures(trial)),
    );
    let mut gates = detail.release.gates.iter();
    let gate = gates.find(|gate| gate.name == "who_loses");
    show.narrator.expect(
        gate.is_some_and(|gate| gate.is_unmet()),
        &format!(
            "who_loses is unmet: {}",
            gate.map_or("no such gate", |gate| gate.detail.as_str())
        ),
    );
    Ok(())
}

/// The better one answers a share of the orders.
async fn canary(show: &mut Show, people: &People) -> Result<(), DemoError> {
    let version = BETTER.version;
    show.narrator.step(
        &format!("{version} passed: 10 % of the orders are its own now"),
        "The same order always belongs to the same side; if the canary cannot answer, the champion does.",
    );
    gates(show, version).await?;
    show.api
        .command(POLICY, version, "promote", "every gate of its shadow is met")
        .await?;
    let before = live(show, version).await?;
    let exchanges = send(show, 0, CANARY_ORDERS).await?;
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
    outcome_acts::report(show, people, &exchanges).await?;
    show.narrator.step(
        &format!("{version} takes all orders, the last step of its ramp"),
        "Nothing was seen in its first share. The champion stands ready all the same.",
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
    let version = BETTER.version;
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
