//! `signalbox demo`: a first look that hides nothing. It starts the real host in a temporary folder, drops real plugins
//! into its watched folder, sends it past orders over real HTTP, and while they run swaps a policy, drops broken ones and
//! pulls a lever. What must hold is counted and decides the exit code; what was decided is shown per policy version, with
//! what is measured and what is modelled kept apart.

mod candidates;
mod cohort;
mod error;
mod figures;
mod host;
mod host_api;
mod load;
mod narrator;
mod other_acts;
mod outcome_acts;
mod release_acts;
mod report;
mod routing_acts;
mod show;
mod stage;
mod tables;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use clap::Args;

pub use error::DemoError;

use cohort::{Cohort, told};
use host::{DemoHost, People};
use host_api::HostApi;
use load::Pace;
use narrator::Narrator;
use show::Show;
use stage::Stage;

/// What the demo may be told.
#[derive(Clone, Debug, Args)]
pub struct DemoArgs {
    /// How many orders to send; one in four has two or more units, so that there is something to split
    #[arg(long, default_value_t = 12_000, value_parser = clap::value_parser!(u32).range(20..=1_000_000))]
    pub orders: u32,
    /// The data folder with olist/ and returns/; else SIGNALBOX_DATA, else ../shared/data, else drawn orders
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// The seed of everything that is drawn: which orders, and what the data does not say
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Orders a second in the stream; 0 sends as fast as the host answers
    #[arg(long, default_value_t = 400, value_name = "PER_SECOND")]
    pub rate: u32,
    /// Requests in flight at most
    #[arg(long, default_value_t = 16, value_parser = clap::value_parser!(u16).range(1..=1_000))]
    pub clients: u16,
    /// Keep the temporary folder: policies, ledger, decision log, compile cache
    #[arg(long)]
    pub keep: bool,
}

/// Shows everything.
///
/// Returns whether all that must hold did.
///
/// # Errors
/// [`DemoError`] when the demo cannot go on. Host and folder are cleaned up in any case.
pub async fn run(args: DemoArgs) -> Result<bool, DemoError> {
    let began = Instant::now();
    let mut narrator = Narrator::new();
    narrator
        .print("signalbox demo: real orders decided by sandboxed plugins, and policies swapped under load");
    let cohort = prepare(&args, &mut narrator).await?;
    let stage = Stage::new(args.keep)?;
    let kept = stage.is_kept().then(|| stage.root().to_owned());
    let pace = Pace {
        clients: usize::from(args.clients),
        rate: args.rate,
    };
    let (host, url, took) = DemoHost::start(&stage).await?;
    let client = host_api::connections(pace.clients, &host.let_in().await?)?;
    let people = host.people(&url).await?;
    narrator.step(
        &format!("A host starts in {} ms on {url}", took.as_millis()),
        "One binary, no other service. Until a policy is there, the built-in safe one answers.",
    );
    narrator.note(&format!("it watches {}", stage.policies().display()));
    let api = HostApi::new(client, url);
    let mut show = Show {
        narrator,
        api,
        stage,
        cohort,
        seed: args.seed,
        pace,
        sent: Vec::new(),
    };
    let shown = tokio::select! {
        shown = acts(&mut show, &people) => shown,
        _ = tokio::signal::ctrl_c() => Err(DemoError::Interrupted),
    };
    show.narrator.end_bar();
    host.stop().await;
    shown?;
    if let Some(folder) = kept {
        show.narrator.print(&format!("\nkept: {}", folder.display()));
    }
    let holds = show.narrator.broken().is_empty();
    let seconds = began.elapsed().as_secs_f64();
    if holds {
        show.narrator
            .print(&format!("\nEverything that must hold did, in {seconds:.0} s."));
    } else {
        show.narrator.print(&format!(
            "\nNOT everything that must hold did, in {seconds:.0} s:"
        ));
        show.narrator
            .broken()
            .iter()
            .for_each(|text| show.narrator.print(&format!("  {text}")));
    }
    Ok(holds)
}

async fn prepare(args: &DemoArgs, narrator: &mut Narrator) -> Result<Arc<Cohort>, DemoError> {
    let DemoArgs {
        data, seed, orders, ..
    } = args.clone();
    let orders = usize::try_from(orders).unwrap_or(usize::MAX);
    let cohort =
        tokio::task::spawn_blocking(move || Cohort::prepare(data.as_deref(), seed, orders)).await??;
    narrator.step(
        &format!(
            "{} requests are made of {}",
            cohort.routing.len(),
            told(&cohort.orders_from, "orders")
        ),
        "The systems of record stay: they ask which node ships an order. Here past orders ask again.",
    );
    report::data(narrator, &cohort, args.seed);
    Ok(Arc::new(cohort))
}

async fn acts(show: &mut Show, people: &People) -> Result<(), DemoError> {
    first_policies(show).await?;
    let run = routing_acts::stream(show).await?;
    routing_acts::full_speed(show).await?;
    release_acts::releases(show, people).await?;
    let allocation = other_acts::allocation(show).await?;
    let returns = other_acts::returns(show).await?;
    let cohort = show.cohort.clone();
    let columns = tokio::task::spawn_blocking(move || report::columns(&cohort, &run)).await??;
    report::print(show, &columns, &allocation, &returns);
    Ok(())
}

/// One policy for each domain, so that each is taken without being chosen.
async fn first_policies(show: &mut Show) -> Result<(), DemoError> {
    show.narrator.step(
        "Three policies are copied into the watched folder",
        "A policy is a TOML file and a sandboxed WebAssembly component: no clock, no network, no files.",
    );
    for policy in [
        routing_acts::FIRST,
        other_acts::ALLOCATION[0],
        other_acts::RETURNS[0],
    ] {
        let admitted = show.admit(policy).await?;
        let kib = admitted.pair.component.1.len().div_ceil(1_024);
        show.narrator.note(&format!(
            "{policy}@{}: {kib} KiB, admitted in {} ms, {}",
            admitted.version, admitted.millis, admitted.digest
        ));
    }
    for (scope, policy) in [
        ("routing", routing_acts::FIRST),
        ("allocation", other_acts::ALLOCATION[0]),
        ("returns", other_acts::RETURNS[0]),
    ] {
        show.live(scope, policy).await?;
    }
    Ok(())
}
