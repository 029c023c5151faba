//! The thread that counts epochs.

use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread::JoinHandle;
use std::time::Duration;

use wasmtime::Engine;

use super::{EPOCH_MS, EngineError};

/// Raises the epoch of an engine every [`EPOCH_MS`] for as long as it lives. An own thread, because a runtime whose
/// workers are all busy in policies would tick late exactly when it matters.
pub(crate) struct Ticker {
    stop: Option<mpsc::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Ticker {
    /// Starts the thread. It holds the engine weakly: it never keeps an engine alive, and ends with it.
    pub(crate) fn start(engine: &Engine) -> Result<Ticker, EngineError> {
        let engine = engine.weak();
        let (stop, stopped) = mpsc::channel();
        let thread = std::thread::Builder::new()
            .name("signalbox-epoch".to_owned())
            .spawn(move || {
                while let Err(RecvTimeoutError::Timeout) =
                    stopped.recv_timeout(Duration::from_millis(EPOCH_MS))
                {
                    match engine.upgrade() {
                        Some(engine) => engine.increment_epoch(),
                        None => return,
                    }
                }
            })
            .map_err(EngineError::Ticker)?;
        Ok(Ticker {
            stop: Some(stop),
            thread: Some(thread),
        })
    }
}

impl Drop for Ticker {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // It can only have ended by itself; there is no result to look at.
            let _ended = thread.join();
        }
    }
}
