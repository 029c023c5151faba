//! The shadow's own threads.

use std::io;
use std::sync::Arc;
use std::thread::JoinHandle;

use tokio::runtime::{Builder, Runtime};
use tokio::sync::{Mutex, mpsc};
use tokio_util::sync::CancellationToken;

use super::job::Work;

/// How much a worker gives way to the threads that answer: the kernel's niceness.
const NICENESS: i32 = 10;

/// The threads that decide in the shadow. Dropping them without [`ShadowWorkers::stop`] leaves them to the process.
pub struct ShadowWorkers {
    end: CancellationToken,
    threads: Vec<JoinHandle<()>>,
}

impl ShadowWorkers {
    pub(super) fn start(count: usize, work: mpsc::Receiver<Work>) -> io::Result<ShadowWorkers> {
        let end = CancellationToken::new();
        let work = Arc::new(Mutex::new(work));
        let mut threads = Vec::with_capacity(count);
        for number in 0..count.max(1) {
            let runtime = Builder::new_current_thread().enable_time().build()?;
            let (work, end) = (Arc::clone(&work), end.clone());
            let thread = std::thread::Builder::new().name(format!("shadow-{number}"));
            threads.push(thread.spawn(move || run(&runtime, &work, &end))?);
        }
        Ok(ShadowWorkers { end, threads })
    }

    /// Ends the threads after what each is working on; what waits is dropped. Blocks until they have ended.
    pub fn stop(self) {
        self.end.cancel();
        for thread in self.threads {
            if thread.join().is_err() {
                tracing::error!("a thread of the shadow did not end in order");
            }
        }
    }
}

fn run(runtime: &Runtime, work: &Mutex<mpsc::Receiver<Work>>, end: &CancellationToken) {
    // Of this thread alone. Where it is not allowed the bounds of the queue and the permits still hold.
    if let Err(problem) = rustix::process::setpriority_process(None, NICENESS) {
        tracing::debug!(%problem, "the shadow runs at the host's own priority");
    }
    runtime.block_on(async {
        loop {
            let next = async { work.lock().await.recv().await };
            let next = tokio::select! {
                biased;
                () = end.cancelled() => return,
                next = next => next,
            };
            match next {
                Some(work) => work().await,
                None => return,
            }
        }
    });
}
