//! All cores at once: one thread reads, each of the others judges chunks, and what they add up is put together in order.

use std::collections::BTreeMap;
use std::io;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Mutex, PoisonError};

use super::error::BacktestError;
use super::judge::Judge;
use super::lines::Given;
use super::sums::Sums;
use crate::decide::Decidable;

/// Requests of one chunk, and their bytes, at most (but for one request that is larger).
const CHUNK_REQUESTS: usize = 64;
const CHUNK_BYTES: usize = 1 << 20;

/// Chunks under way for each thread. What is under way is bounded, so memory is too, however slow one chunk may be.
const CHUNKS_PER_THREAD: usize = 8;

/// How far a backtest is.
#[derive(Debug)]
pub struct Progress<'a> {
    /// Everything up to and including this line is in `sums`.
    pub line: u64,
    /// What was added up.
    pub sums: &'a Sums,
}

/// A backtest that is to be run.
pub struct Run<'a> {
    /// Who decides.
    pub judge: &'a Judge,
    /// Threads that decide.
    pub threads: usize,
    /// What was added up before.
    pub sums: Sums,
    /// Called after every chunk, in order; an error ends the run.
    pub told: &'a mut dyn FnMut(&Progress<'_>) -> Result<(), BacktestError>,
}

struct Chunk {
    place: u64,
    given: Vec<Given>,
}

enum Message {
    Judged { place: u64, line: u64, sums: Box<Sums> },
    Broken { line: u64, source: io::Error },
    Fallen,
}

/// Tells the one who waits when a thread falls.
struct Alarm(SyncSender<Message>);

impl Drop for Alarm {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let _ = self.0.send(Message::Fallen);
        }
    }
}

/// Judges every request of `given`, and gives everything that was added up.
///
/// # Errors
/// [`BacktestError`] when the requests break off, a thread falls, or `told` says so.
pub fn run<C: Decidable>(
    run: Run<'_>,
    given: impl Iterator<Item = io::Result<Given>> + Send,
) -> Result<Sums, BacktestError> {
    let Run {
        judge,
        threads,
        sums,
        told,
    } = run;
    let threads = threads.max(1);
    let under_way = threads.saturating_mul(CHUNKS_PER_THREAD);
    let (more, tokens) = sync_channel(under_way);
    for _ in 0..under_way {
        let _ = more.try_send(());
    }
    let (to_judge, chunks) = sync_channel(under_way);
    // Room for every chunk under way and for what each thread may say at its end: nobody waits to be heard.
    let (say, heard) = sync_channel(under_way.saturating_add(threads).saturating_add(2));
    let chunks = Mutex::new(chunks);
    std::thread::scope(|scope| {
        let mut handles = Vec::with_capacity(threads.saturating_add(1));
        let reader = say.clone();
        handles.push(scope.spawn(move || {
            let alarm = Alarm(reader);
            read(given, &tokens, &to_judge, &alarm.0);
            Ok(())
        }));
        for _ in 0..threads {
            let (alarm, chunks) = (Alarm(say.clone()), &chunks);
            handles.push(scope.spawn(move || judge_chunks::<C>(judge, chunks, &alarm.0)));
        }
        drop(say);
        let added = add_up(sums, &heard, &more, told);
        // Whoever still works ends at the next thing that it waits for.
        drop((heard, more));
        let mut ended = Ok(());
        for handle in handles {
            match handle.join() {
                Ok(Ok(())) => {}
                Ok(Err(source)) => ended = Err(BacktestError::Threads(source)),
                Err(_) => ended = Err(BacktestError::Worker),
            }
        }
        ended.and(added)
    })
}

fn read(
    given: impl Iterator<Item = io::Result<Given>>,
    tokens: &Receiver<()>,
    to_judge: &SyncSender<Chunk>,
    say: &SyncSender<Message>,
) {
    let mut given = given.fuse();
    let mut line = 0;
    for place in 0.. {
        let mut chunk = Vec::with_capacity(CHUNK_REQUESTS);
        let mut bytes = 0usize;
        while chunk.len() < CHUNK_REQUESTS && bytes < CHUNK_BYTES {
            match given.next() {
                None => break,
                Some(Ok(next)) => {
                    line = next.number;
                    bytes = bytes.saturating_add(next.text.as_ref().map_or(0, Vec::len));
                    chunk.push(next);
                }
                Some(Err(source)) => {
                    let _ = say.send(Message::Broken { line, source });
                    return;
                }
            }
        }
        let chunk = Chunk { place, given: chunk };
        if chunk.given.is_empty() || tokens.recv().is_err() || to_judge.send(chunk).is_err() {
            return;
        }
    }
}

fn judge_chunks<C: Decidable>(
    judge: &Judge,
    chunks: &Mutex<Receiver<Chunk>>,
    say: &SyncSender<Message>,
) -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()?;
    loop {
        let next = chunks.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(chunk) = next else {
            return Ok(());
        };
        let mut sums = judge.nothing();
        runtime.block_on(async {
            for given in &chunk.given {
                judge.judge::<C>(&mut sums, given).await;
            }
        });
        let message = Message::Judged {
            place: chunk.place,
            line: chunk.given.last().map_or(0, |given| given.number),
            sums: Box::new(sums),
        };
        if say.send(message).is_err() {
            return Ok(());
        }
    }
}

fn add_up(
    mut sums: Sums,
    heard: &Receiver<Message>,
    more: &SyncSender<()>,
    told: &mut dyn FnMut(&Progress<'_>) -> Result<(), BacktestError>,
) -> Result<Sums, BacktestError> {
    let (mut next, mut early) = (0u64, BTreeMap::new());
    let mut broken = None;
    while let Ok(message) = heard.recv() {
        match message {
            Message::Fallen => return Err(BacktestError::Worker),
            // What was read before it is still judged, and kept.
            Message::Broken { line, source } => broken = Some(BacktestError::Requests { line, source }),
            Message::Judged { place, line, sums } => {
                early.insert(place, (line, sums));
            }
        }
        while let Some((line, part)) = early.remove(&next) {
            next = next.saturating_add(1);
            sums.merge(&part);
            told(&Progress { line, sums: &sums })?;
            // The reader may have come to its end.
            let _ = more.try_send(());
        }
    }
    match broken {
        Some(error) => Err(error),
        None => Ok(sums),
    }
}
