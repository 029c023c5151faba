//! When to end.

use tokio::signal::unix::{Signal, SignalKind, signal};

/// SIGTERM and SIGINT (Ctrl-C), from here on told to whoever waits instead of killing the process.
pub struct ShutdownSignals {
    terminate: Signal,
    interrupt: Signal,
}

impl ShutdownSignals {
    /// Listens from now on: what comes before anybody waits is not lost, so this goes first of all. Needs a runtime.
    ///
    /// # Errors
    /// When the process cannot listen for signals.
    pub fn listen() -> std::io::Result<ShutdownSignals> {
        Ok(ShutdownSignals {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }

    /// Waits for the first of them.
    pub async fn received(mut self) -> &'static str {
        tokio::select! {
            _ = self.terminate.recv() => "SIGTERM",
            _ = self.interrupt.recv() => "SIGINT",
        }
    }
}

#[cfg(test)]
mod tests {
    use rustix::process::{Signal, getpid, kill_process};

    use super::*;

    #[tokio::test]
    async fn a_signal_that_comes_before_anybody_waits_is_not_lost() {
        let signals = ShutdownSignals::listen().unwrap();
        kill_process(getpid(), Signal::TERM).unwrap();
        assert_eq!(signals.received().await, "SIGTERM");
    }
}
