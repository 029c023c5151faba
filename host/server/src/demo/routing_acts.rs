//! The acts on routing: real orders in a steady stream, while policies are swapped, broken ones refused and a seller is
//! switched off.

use std::sync::Arc;
use std::time::Instant;

use signalbox_domain::Timestamp;
use signalbox_domain::envelope::{Answer, LeverKind};
use signalbox_domain::routing::RoutingAnswer;
use tokio::sync::watch;
use tokio_util::task::AbortOnDropHandle;

use super::cohort::{bodies, requests};
use super::error::DemoError;
use super::host_api::rejection_text;
use super::load::{Exchange, Load, Pace};
use super::show::{Chosen, Show, Stream};
use super::stage::{PolicyPair, embedded};
use super::tables::Sent;
use crate::api::LeverBody;

/// The policy that decides at first, and the one that takes over.
pub const FIRST: &str = "routing-nearest";
const SECOND: &str = "routing-balanced";
/// The scope.
const SCOPE: &str = "routing";
/// At which share of the orders the swap starts and the lever is pulled.
const SWAP_AT: f64 = 0.3;
const LEVER_AT: f64 = 0.65;
/// Requests in the run at full speed.
const FULL_SPEED: usize = 4_000;
/// How long the lever would act if nobody let it go, ms.
const LEVER_MS: i64 = 3_600_000;

/// What happened to the stream of orders, for the tables.
pub struct RoutingRun {
    /// Every order with its answer.
    pub exchanges: Vec<Exchange<RoutingAnswer>>,
}

impl RoutingRun {
    /// Every answer with the row of its order.
    pub fn answers(&self) -> impl Iterator<Item = (usize, &Answer<RoutingAnswer>)> {
        self.exchanges
            .iter()
            .filter_map(|exchange| Some((exchange.row, exchange.outcome.as_ref().ok()?)))
    }

    /// The versions that answered, in the order in which they began to.
    pub fn versions(&self) -> Vec<String> {
        let mut versions: Vec<String> = Vec::new();
        for (_, answer) in self.answers() {
            let version = version_of(answer);
            if !versions.contains(&version) {
                versions.push(version);
            }
        }
        versions
    }
}

/// Who answered, as `name@version`.
pub fn version_of<A>(answer: &Answer<A>) -> String {
    format!("{}@{}", answer.policy, answer.version)
}

/// When a change was asked for and when it was confirmed.
struct Window {
    asked: Instant,
    confirmed: Instant,
}

/// The swap and the lever, as they happened.
struct Happened {
    before: String,
    after: String,
    swap: Window,
    /// The node that was switched off, since when, and how many later orders could have used it.
    lever: Option<(String, Window)>,
}

/// Sends the orders and tells what happens meanwhile.
///
/// # Errors
/// A [`DemoError`]; the stream is stopped.
pub async fn stream(show: &mut Show) -> Result<RoutingRun, DemoError> {
    let orders = show.cohort.routing.len();
    let why = "Every order goes over HTTP to the sandboxed policy and comes back checked, priced and logged.";
    let rate = if show.pace.rate > 0 {
        format!("{} a second", show.pace.rate)
    } else {
        "as fast as it goes".to_owned()
    };
    show.narrator
        .step(&format!("{orders} orders start to arrive, {rate}"), why);
    let progress = show.narrator.start_bar(orders);
    let (done_in, done) = watch::channel(0);
    let (allowed, gate) = watch::channel(0);
    let chosen = Chosen::default();
    let mut stream = Stream {
        done,
        allowed,
        chosen: chosen.clone(),
    };
    stream.allow(orders, (SWAP_AT + LEVER_AT) / 2.0);
    let watcher = move |exchange: &Exchange<RoutingAnswer>| {
        chosen.add(exchange);
        done_in.send_modify(|done| *done = done.saturating_add(1));
        progress.show(*done_in.borrow());
    };
    let bodies = bodies(requests(&show.cohort.routing))?;
    let load = Load::new(
        show.api.client().clone(),
        show.api.url("/v1/decisions/routing"),
        bodies,
        show.pace,
    );
    // Ends with the story, however that ends.
    let sending = AbortOnDropHandle::new(tokio::spawn(
        async move { load.run(gate, Arc::new(watcher)).await },
    ));
    let happened = acts(show, &mut stream).await?;
    stream.allow(orders, 1.0);
    let exchanges = sending.await??;
    show.narrator.end_bar();
    verify(show, &happened, &exchanges);
    show.sent
        .push(Sent::of("routing, steady rate, all of the above", &exchanges));
    Ok(RoutingRun { exchanges })
}

async fn acts(show: &mut Show, stream: &mut Stream) -> Result<Happened, DemoError> {
    let orders = show.cohort.routing.len();
    stream.reached(orders, SWAP_AT).await;
    let before = show.champion(SCOPE).await?;
    let swap = swap(show).await?;
    stream.allow(orders, LEVER_AT + 0.1);
    let after = show.champion(SCOPE).await?;
    broken(show, &after).await?;
    stream.reached(orders, LEVER_AT).await;
    let lever = lever(show, stream).await?;
    Ok(Happened {
        before,
        after,
        swap,
        lever,
    })
}

async fn swap(show: &mut Show) -> Result<Window, DemoError> {
    let why =
        "Better rules reach live orders in about a second, without a release, a restart or a lost order.";
    show.narrator.step(
        &format!("{SECOND} is copied into the watched folder, under load"),
        why,
    );
    let admitted = show.admit(SECOND).await?;
    show.narrator.note(&format!(
        "admitted {} ms after the copy: inspected, compiled, configured, self-tested ({})",
        admitted.millis, admitted.digest
    ));
    show.narrator
        .note(&format!("$ signalbox scope use {SCOPE} {SECOND}"));
    let asked = Instant::now();
    show.api
        .use_policy(SCOPE, SECOND, "weighs splits and lateness")
        .await?;
    let window = Window {
        asked,
        confirmed: Instant::now(),
    };
    let took = window.confirmed.saturating_duration_since(asked);
    show.narrator.note(&format!(
        "live {:.1} ms later, durable in the ledger",
        took.as_secs_f64() * 1_000.0
    ));
    Ok(window)
}

/// Drops two broken versions and shows what the host says.
async fn broken(show: &mut Show, live: &str) -> Result<(), DemoError> {
    let why =
        "A mistake stops at the door with a reason that its author can act on; what is live stays live.";
    show.narrator.step(
        "Two broken versions are dropped: a misspelled parameter and half a component",
        why,
    );
    let good = embedded(SECOND)?;
    let misspelled = good.next(|text| text.replacen("lateness = ", "latenes = ", 1));
    refuse(show, &misspelled).await?;
    let torn = embedded(FIRST)?.torn();
    refuse(show, &torn).await?;
    let now = show.champion(SCOPE).await?;
    show.narrator
        .expect(now == live, &format!("{live} still decides"));
    Ok(())
}

async fn refuse(show: &mut Show, pair: &PolicyPair) -> Result<(), DemoError> {
    let dropped = Instant::now();
    show.stage.drop_pair(pair)?;
    let (view, _) = show.api.verdict(&pair.name, &pair.version, dropped).await?;
    let text = rejection_text(&view);
    show.narrator.expect(
        text.is_some(),
        &format!("{}@{} is rejected:", pair.name, pair.version),
    );
    if let Some(text) = text {
        show.narrator.note(
            &text
                .lines()
                .map(|line| format!("    {line}\n"))
                .collect::<String>(),
        );
    }
    Ok(())
}

/// Switches the busiest real seller off.
async fn lever(show: &mut Show, stream: &Stream) -> Result<Option<(String, Window)>, DemoError> {
    let done = *stream.done.borrow();
    let Some((seller, later)) = show.cohort.busiest_seller(&stream.chosen.counts(), done) else {
        show.narrator
            .note("no seller is busy enough to be switched off; take more orders");
        return Ok(None);
    };
    let why = "Water in the warehouse: one command, in force from the next order on, and it ends by itself.";
    show.narrator.step(
        &format!("A lever switches the busy seller {} off", short(&seller)),
        why,
    );
    let shipped = stream.chosen.counts().get(&seller).copied().unwrap_or_default();
    show.narrator.note(&format!(
        "it shipped {shipped} times so far; {later} of the orders to come could use it"
    ));
    let body = LeverBody {
        kind: LeverKind::NodeOff,
        node_id: Some(seller.clone()),
        service: None,
        pool: None,
        capacity_bp: None,
        expires_at: Timestamp(jiff::Timestamp::now().as_millisecond()).plus_millis(LEVER_MS),
        reason: "water in the warehouse".to_owned(),
    };
    let asked = Instant::now();
    show.api.put_lever(LEVER, &body).await?;
    Ok(Some((
        seller,
        Window {
            asked,
            confirmed: Instant::now(),
        },
    )))
}

/// The lever's name.
const LEVER: &str = "demo-seller-off";

/// What must hold over all exchanges of the stream.
fn verify(show: &mut Show, happened: &Happened, exchanges: &[Exchange<RoutingAnswer>]) {
    let failed: Vec<&Exchange<RoutingAnswer>> = exchanges
        .iter()
        .filter(|exchange| exchange.outcome.is_err())
        .collect();
    show.narrator.step(
        "The stream has ended: what must hold is counted",
        "Nothing here is taken on trust.",
    );
    show.narrator.expect(
        failed.is_empty() && exchanges.len() == show.cohort.routing.len(),
        &format!(
            "{} orders sent, {} failed across swap, broken versions and lever",
            exchanges.len(),
            failed.len()
        ),
    );
    for Exchange { row, outcome, .. } in failed.iter().take(3) {
        let text = outcome.as_ref().err().map_or("", String::as_str);
        show.narrator.note(&format!("order {row}: {text}"));
    }
    verify_swap(show, happened, exchanges);
    if let Some((seller, window)) = &happened.lever {
        verify_lever(show, seller, window, exchanges);
    }
}

fn verify_swap(show: &mut Show, happened: &Happened, exchanges: &[Exchange<RoutingAnswer>]) {
    let Happened {
        before, after, swap, ..
    } = happened;
    let in_flight = exchanges
        .iter()
        .filter(|one| one.sent < swap.confirmed && one.answered > swap.asked)
        .count();
    let wrong = exchanges.iter().filter(|one| {
        let Ok(answer) = &one.outcome else { return false };
        let by = version_of(answer);
        // A fallback answers for the champion; it is counted as what it is.
        answer.diagnostics.fallbacks.is_empty()
            && ((one.answered < swap.asked && by != *before) || (one.sent > swap.confirmed && by != *after))
    });
    let wrong = wrong.count();
    show.narrator.note(&format!(
        "{in_flight} orders were in flight while the version changed"
    ));
    show.narrator.expect(
        wrong == 0 && before != after,
        &format!(
            "{before} answered everything before the swap, {after} everything after it ({wrong} exceptions)"
        ),
    );
}

fn verify_lever(show: &mut Show, seller: &str, window: &Window, exchanges: &[Exchange<RoutingAnswer>]) {
    let later: Vec<&Exchange<RoutingAnswer>> = exchanges
        .iter()
        .filter(|exchange| exchange.sent > window.confirmed)
        .collect();
    let could = later.iter().filter(|exchange| {
        let item = show.cohort.routing.get(exchange.row);
        item.is_some_and(|item| {
            item.past
                .request
                .network
                .nodes
                .iter()
                .any(|node| node.node_id == seller)
        })
    });
    let could = could.count();
    let used = later.iter().filter(|exchange| {
        let answer = exchange.outcome.as_ref().ok();
        answer.is_some_and(|answer| {
            answer
                .decision
                .shipments
                .iter()
                .any(|shipment| shipment.from_node == seller)
        })
    });
    let used = used.count();
    show.narrator.expect(
        used == 0 && could > 0,
        &format!(
            "after the lever {used} of {could} orders that had seller {} as a node used it",
            short(seller)
        ),
    );
}

/// Lets the lever go, and sends as fast as the host answers.
///
/// # Errors
/// A [`DemoError`].
pub async fn full_speed(show: &mut Show) -> Result<(), DemoError> {
    show.api.delete_lever(LEVER).await?;
    let items = show
        .cohort
        .routing
        .get(..FULL_SPEED)
        .unwrap_or(&show.cohort.routing);
    let bodies = bodies(requests(items))?;
    let count = bodies.len();
    let pace = Pace { rate: 0, ..show.pace };
    let what = format!(
        "The lever is let go; {count} orders again, as fast as {} connections go",
        pace.clients
    );
    show.narrator.step(
        &what,
        "Sender and host share this machine: what a host of your own does is above this.",
    );
    let load = Load::new(
        show.api.client().clone(),
        show.api.url("/v1/decisions/routing"),
        bodies,
        pace,
    );
    let (_open, gate) = watch::channel(count);
    let exchanges: Vec<Exchange<RoutingAnswer>> = load.run(gate, Arc::new(|_| {})).await?;
    let failed = exchanges
        .iter()
        .filter(|exchange| exchange.outcome.is_err())
        .count();
    show.narrator
        .expect(failed == 0, &format!("{count} orders sent, {failed} failed"));
    show.sent.push(Sent::of("routing, full speed", &exchanges));
    Ok(())
}

/// The first letters of an id.
fn short(id: &str) -> String {
    id.chars().take(8).collect()
}
