//! How fast a backtest is beside one thread that decides in a loop, in one run on the same requests.

use std::io;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Instant;

use signalbox_domain::Domain;
use signalbox_domain::allocation::AllocationCase;
use signalbox_domain::returns::ReturnsCase;
use signalbox_domain::routing::RoutingCase;

use super::backtest_arguments::On;
use super::backtest_run::{Bench, judged_all};
use super::error::CliError;
use super::table;
use crate::backtest::{Given, Judge, Lines, Shard};
use crate::decide::Decidable;

/// Requests that are kept in memory for the loop.
const REQUESTS_MAX: usize = 20_000;
/// Rounds of both; the fastest of each counts, because whatever else the machine does only slows down.
const ROUNDS: usize = 5;

pub(super) fn run(bench: &Bench, judge: &Judge, on: &On) -> Result<ExitCode, CliError> {
    let file = on.requests.clone().unwrap_or_default();
    let unreadable = |source: io::Error| CliError::Unreadable {
        file: file.clone(),
        source,
    };
    let lines = Lines::open(&file, Shard::WHOLE, 0, Arc::default()).map_err(unreadable)?;
    let given: Result<Vec<Given>, io::Error> = lines.take(REQUESTS_MAX).collect();
    let given = given.map_err(unreadable)?;
    let (mut one, mut all) = (f64::MAX, f64::MAX);
    for _ in 0..ROUNDS {
        one = one.min(match judge.rules().scope.domain {
            Domain::Routing => in_a_loop::<RoutingCase>(judge, &given)?,
            Domain::Allocation => in_a_loop::<AllocationCase>(judge, &given)?,
            Domain::Returns => in_a_loop::<ReturnsCase>(judge, &given)?,
        });
        all = all.min(on_all_threads(bench, judge, &given, &unreadable, &file)?);
    }
    let count = given.len() as f64;
    let ratio = one / (all * bench.threads as f64);
    table::print(&format!(
        "{count} requests, {} versions, best of {ROUNDS} rounds\n\
         one thread in a loop (parse, validate, decide, check, price): {:.0} requests a second\n\
         backtest on {} threads, from the file to the sums:            {:.0} requests a second\n\
         ratio {ratio:.2} of threads x one",
        judge.versions().len(),
        count / one,
        bench.threads,
        count / all,
    ))?;
    Ok(ExitCode::SUCCESS)
}

/// Seconds that one thread takes for all decisions, from the request's text to the host's loss.
fn in_a_loop<C: Decidable>(judge: &Judge, given: &[Given]) -> Result<f64, CliError> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build();
    let runtime = runtime.map_err(CliError::Runtime)?;
    let begun = Instant::now();
    runtime.block_on(async {
        for given in given {
            judge.only_decide::<C>(given).await;
        }
    });
    Ok(begun.elapsed().as_secs_f64())
}

fn on_all_threads(
    bench: &Bench,
    judge: &Judge,
    given: &[Given],
    unreadable: &dyn Fn(io::Error) -> CliError,
    file: &std::path::Path,
) -> Result<f64, CliError> {
    let begun = Instant::now();
    let lines = Lines::open(file, Shard::WHOLE, 0, Arc::default()).map_err(unreadable)?;
    let lines = lines.take(given.len());
    judged_all(judge, bench.threads, judge.nothing(), lines, &mut |_| Ok(()))
        .map_err(super::backtest::report)?;
    Ok(begun.elapsed().as_secs_f64())
}
