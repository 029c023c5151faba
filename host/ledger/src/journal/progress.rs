//! How far long work is.

/// How far long work is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Entries (pages in a backup, lines in the check of an export) that are done.
    pub done: u64,
    /// Of how many; 0 when that is not known.
    pub total: u64,
}

/// Tells a caller how far the work is, once in a thousand steps and at the end.
pub struct Ticker<'a> {
    progress: &'a mut dyn FnMut(Progress),
    state: Progress,
}

const STEPS: u64 = 1_000;

impl<'a> Ticker<'a> {
    pub fn new(progress: &'a mut dyn FnMut(Progress), total: u64) -> Ticker<'a> {
        let state = Progress { done: 0, total };
        Ticker { progress, state }
    }

    pub fn step(&mut self) {
        self.state.done = self.state.done.saturating_add(1);
        if self.state.done.is_multiple_of(STEPS) {
            (self.progress)(self.state);
        }
    }

    pub fn end(&mut self) {
        (self.progress)(self.state);
    }
}
