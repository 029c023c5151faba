//! Backtests in which stock and capacity run out: one request after another, each version in its own world, the versions side
//! by side on the cores.

use std::io;
use std::sync::Arc;

use signalbox_domain::Case as _;
use signalbox_domain::Timestamp;
use signalbox_domain::routing::RoutingCase;
use signalbox_domain::validate::Circumstances;
use signalbox_sandbox::Input;
use tokio::runtime::Runtime;

use super::error::BacktestError;
use super::judge::{Judge, Ready};
use super::lines::Given;
use super::observe::Decided;
use super::run::Progress;
use super::sums::{Sums, WorldSums};
use super::world::World;
use crate::snapshot::LivePolicy;

/// Requests that are in memory at one time.
const CHUNK_REQUESTS: usize = 256;

/// A version, its world, and where it decides.
struct Side<'j> {
    version: &'j LivePolicy,
    world: World,
    runtime: Runtime,
}

/// What a version saw and decided of one request.
type Lived = (Arc<RoutingCase>, Decided<RoutingCase>);

/// Judges requests of routing in time order.
///
/// # Errors
/// [`BacktestError::NotSorted`] at the first request that is earlier than the one before it, and as [`super::run()`].
pub fn run_in_worlds(
    judge: &Judge,
    replenish_days: u32,
    given: impl Iterator<Item = io::Result<Given>>,
    told: &mut dyn FnMut(&Progress<'_>) -> Result<(), BacktestError>,
) -> Result<Sums, BacktestError> {
    let mut sums = judge.nothing();
    let sides: Result<Vec<Side<'_>>, io::Error> = judge
        .versions()
        .iter()
        .map(|version| {
            Ok(Side {
                version,
                world: World::new(replenish_days),
                runtime: tokio::runtime::Builder::new_current_thread()
                    .enable_time()
                    .build()?,
            })
        })
        .collect();
    let mut sides = sides.map_err(BacktestError::Threads)?;
    let (mut given, mut line, mut last) = (given.fuse(), 0, None);
    loop {
        let mut ready = Vec::with_capacity(CHUNK_REQUESTS);
        let mut any = false;
        while ready.len() < CHUNK_REQUESTS {
            let Some(next) = given.next() else {
                break;
            };
            let next = next.map_err(|source| BacktestError::Requests { line, source })?;
            (line, any) = (next.number, true);
            if let Some(usable) = judge.ready::<RoutingCase>(&mut sums, &next) {
                last = Some(in_order(last, line, usable.case.now())?);
                ready.push((line, usable));
            }
        }
        if !any {
            return Ok(sums);
        }
        live(judge, &mut sides, &ready, &mut sums)?;
        told(&Progress { line, sums: &sums })?;
    }
}

fn in_order(last: Option<Timestamp>, line: u64, now: Timestamp) -> Result<Timestamp, BacktestError> {
    match last.filter(|last| *last > now) {
        None => Ok(now),
        Some(earlier) => Err(BacktestError::NotSorted {
            line,
            now,
            before: earlier,
        }),
    }
}

/// Has every version decide a chunk in its own world, and adds what comes of it.
fn live(
    judge: &Judge,
    sides: &mut [Side<'_>],
    ready: &[(u64, Ready<RoutingCase>)],
    sums: &mut Sums,
) -> Result<(), BacktestError> {
    let lived: Result<Vec<(Vec<Lived>, WorldSums)>, BacktestError> = std::thread::scope(|scope| {
        let running: Vec<_> = sides
            .iter_mut()
            .map(|side| scope.spawn(move || side.live(judge, ready)))
            .collect();
        let joined = running
            .into_iter()
            .map(|thread| thread.join().map_err(|_| BacktestError::Worker));
        // Every thread is joined, whatever one of them came to.
        joined.collect::<Vec<_>>().into_iter().collect()
    });
    let lived = lived?;
    for ((_, seen), version) in lived.iter().zip(&mut sums.versions) {
        version.world.merge(seen);
    }
    let mut columns: Vec<_> = lived.into_iter().map(|(lived, _)| lived.into_iter()).collect();
    for (line, ready) in ready {
        let row: Vec<Lived> = columns.iter_mut().filter_map(Iterator::next).collect();
        let (cases, decided): (Vec<_>, Vec<_>) = row.into_iter().unzip();
        judge.observe_in_worlds(sums, *line, &*ready.case, &cases, decided);
    }
    Ok(())
}

impl Side<'_> {
    fn live(&mut self, judge: &Judge, ready: &[(u64, Ready<RoutingCase>)]) -> (Vec<Lived>, WorldSums) {
        let mut seen = WorldSums::default();
        let lived = ready
            .iter()
            .map(|(_, ready)| self.decide(judge, ready, &mut seen))
            .collect();
        (lived, seen)
    }

    fn decide(&mut self, judge: &Judge, ready: &Ready<RoutingCase>, seen: &mut WorldSums) -> Lived {
        let now = ready.case.now();
        let mut request = ready.case.request().clone();
        self.world.show(&mut request, now, seen);
        // The levers that acted are among the request's overrides.
        let circumstances = Circumstances {
            now,
            levers: &[],
            bounds: &judge.rules().bounds,
        };
        let case = match RoutingCase::build(request, &circumstances) {
            Ok(case) => Arc::new(case),
            Err(problem) => {
                return (
                    Arc::clone(&ready.case),
                    Err(("INVALID".to_owned(), problem.to_string())),
                );
            }
        };
        let decided = match Input::new(Arc::clone(&case)) {
            Ok(input) => self
                .runtime
                .block_on(judge.decide(self.version, &input, &ready.call)),
            Err(collision) => Err(("WORD_COLLISION".to_owned(), collision.to_string())),
        };
        if let Ok((decision, _)) = &decided {
            self.world.take(&case, decision);
        }
        (case, decided)
    }
}
