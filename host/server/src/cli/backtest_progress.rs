//! How far a backtest is.

use std::io::{self, IsTerminal as _};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

/// How often a line of progress is written where there is no terminal.
const TOLD_EVERY: Duration = Duration::from_secs(5);

/// Tells how far a run is: a bar on a terminal, and lines elsewhere if they are wanted.
pub(super) struct Teller {
    bar: ProgressBar,
    lines: bool,
    bytes: u64,
    from: Option<u64>,
    begun: Instant,
    told: Instant,
}

impl Teller {
    pub(super) fn new(wanted: bool, bytes: u64) -> Teller {
        let terminal = io::stderr().is_terminal();
        let bar = match terminal {
            true => ProgressBar::new(bytes),
            false => ProgressBar::hidden(),
        };
        let style =
            ProgressStyle::with_template("{bar:40} {bytes}/{total_bytes}, {msg} requests, {eta} to go");
        let now = Instant::now();
        Teller {
            bar: bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar())),
            lines: wanted && !terminal,
            bytes,
            from: None,
            begun: now,
            told: now,
        }
    }

    pub(super) fn tell(&mut self, position: u64, requests: u64) {
        self.bar.set_position(position);
        self.bar.set_message(requests.to_string());
        let from = *self.from.get_or_insert(position);
        if !self.lines || self.told.elapsed() < TOLD_EVERY {
            return;
        }
        self.told = Instant::now();
        let (done, left) = (position.saturating_sub(from), self.bytes.saturating_sub(position));
        let percent = position
            .saturating_mul(100)
            .checked_div(self.bytes)
            .unwrap_or_default();
        let left = self.begun.elapsed().as_secs_f64() * left as f64 / done.max(1) as f64;
        eprintln!("{percent} %, {requests} requests, about {left:.0} s to go");
    }

    pub(super) fn end(&self, requests: u64, threads: usize) {
        self.bar.finish_and_clear();
        if self.lines || io::stderr().is_terminal() {
            let took = self.begun.elapsed().as_secs_f64();
            let rate = requests as f64 / took.max(1e-9);
            eprintln!("{requests} requests in {took:.1} s, {rate:.0} a second on {threads} threads");
        }
    }
}
