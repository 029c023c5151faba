//! Tells the story: one line for each step, beside a progress bar where there is a terminal.

use std::io::{IsTerminal, stdout};

use indicatif::{ProgressBar, ProgressStyle};

/// Prints steps and keeps what did not hold.
pub struct Narrator {
    bar: Option<ProgressBar>,
    terminal: bool,
    colour: bool,
    step: usize,
    broken: Vec<String>,
}

impl Narrator {
    /// Starts to tell.
    pub fn new() -> Narrator {
        let terminal = stdout().is_terminal();
        Narrator {
            bar: None,
            terminal,
            colour: terminal && std::env::var_os("NO_COLOR").is_none(),
            step: 0,
            broken: Vec::new(),
        }
    }

    /// The next step: what happens, and why anybody would care.
    pub fn step(&mut self, what: &str, why: &str) {
        self.step = self.step.saturating_add(1);
        let (bold, dim, plain) = if self.colour {
            ("\x1b[1m", "\x1b[2m", "\x1b[0m")
        } else {
            ("", "", "")
        };
        self.print(&format!("\n{bold}{:>2}. {what}{plain}", self.step));
        self.print(&format!("    {dim}{why}{plain}"));
    }

    /// More about the present step.
    pub fn note(&self, text: &str) {
        for line in text.lines() {
            self.print(&format!("    {line}"));
        }
    }

    /// Something that must hold. When it does not, the story goes on and the exit code says so.
    pub fn expect(&mut self, holds: bool, text: &str) {
        let (mark, colour) = if holds {
            ("ok", "\x1b[32m")
        } else {
            ("NOT SO", "\x1b[31m")
        };
        if self.colour {
            self.print(&format!("    {colour}{mark}\x1b[0m  {text}"));
        } else {
            self.print(&format!("    {mark}  {text}"));
        }
        if !holds {
            self.broken.push(text.to_owned());
        }
    }

    /// What did not hold so far.
    pub fn broken(&self) -> &[String] {
        &self.broken
    }

    /// Prints a block as it is.
    pub fn print(&self, text: &str) {
        match &self.bar {
            Some(bar) => bar.suspend(|| println!("{text}")),
            None => println!("{text}"),
        }
    }

    /// Shows progress towards `length` until [`Narrator::end_bar`]; without a terminal a plain line every tenth.
    pub fn start_bar(&mut self, length: usize) -> Progress {
        if !self.terminal {
            return Progress {
                bar: None,
                tenth: length.div_ceil(10).max(1),
                length,
            };
        }
        let bar = ProgressBar::new(length as u64);
        let style = ProgressStyle::with_template("    {bar:40} {pos}/{len} requests, {per_sec}, {eta} left");
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        self.bar = Some(bar.clone());
        Progress {
            bar: Some(bar),
            tenth: length.max(1),
            length,
        }
    }

    /// Takes the bar away.
    pub fn end_bar(&mut self) {
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
    }
}

/// How far a load has come.
#[derive(Clone)]
pub struct Progress {
    bar: Option<ProgressBar>,
    tenth: usize,
    length: usize,
}

impl Progress {
    /// Shows that `done` requests are answered.
    pub fn show(&self, done: usize) {
        match &self.bar {
            Some(bar) => bar.set_position(done as u64),
            None if done.checked_rem(self.tenth) == Some(0) || done == self.length => {
                println!("    {done} of {} requests answered", self.length);
            }
            None => {}
        }
    }
}
