//! A promise that something was written, which a thread can wait for and a task can await.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};

use super::error::AppendError;

/// What an append comes to.
type Outcome = Result<(), AppendError>;

#[derive(Debug, Default)]
struct Slot {
    state: Mutex<State>,
    settled: Condvar,
}

#[derive(Debug, Default)]
struct State {
    outcome: Option<Outcome>,
    waker: Option<Waker>,
}

/// Completes when the disk has the record, or with the reason why it has not. Wait for it with [`Ticket::wait`] on a
/// thread, or `.await` it in a task of any runtime.
#[derive(Debug)]
#[must_use = "a record is durable only when its ticket says so"]
pub struct Ticket(Arc<Slot>);

/// The writer's end of a [`Ticket`]; when it is lost, the ticket completes with [`AppendError::Closed`].
#[derive(Debug)]
pub struct Promise(Arc<Slot>);

pub fn ticket() -> (Promise, Ticket) {
    let slot = Arc::new(Slot::default());
    (Promise(Arc::clone(&slot)), Ticket(slot))
}

impl Ticket {
    /// Waits.
    ///
    /// # Errors
    /// [`AppendError`] when the record is not in the log.
    pub fn wait(self) -> Result<(), AppendError> {
        let mut state = self.0.state.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            if let Some(outcome) = state.outcome.take() {
                return outcome;
            }
            state = self.0.settled.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

impl Future for Ticket {
    type Output = Result<(), AppendError>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Outcome> {
        let mut state = self.0.state.lock().unwrap_or_else(PoisonError::into_inner);
        match state.outcome.take() {
            Some(outcome) => Poll::Ready(outcome),
            None => {
                state.waker = Some(context.waker().clone());
                Poll::Pending
            }
        }
    }
}

impl Promise {
    pub fn settle(self, outcome: Outcome) {
        self.set(outcome);
    }

    fn set(&self, outcome: Outcome) {
        let mut state = self.0.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.outcome = Some(outcome);
        let waker = state.waker.take();
        drop(state);
        self.0.settled.notify_all();
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

impl Drop for Promise {
    fn drop(&mut self) {
        // Two owners: nobody settled it yet, or the ticket has not been looked at; an outcome that is there stays.
        let settled = self
            .0
            .state
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .outcome
            .is_some();
        if !settled {
            self.set(Err(AppendError::Closed));
        }
    }
}
