//! Steps that run one after the other until one fails.

use std::io::{self, Write};
use std::time::{Duration, Instant};

use comfy_table::{Table, presets};

use crate::error::ChoreError;

/// One step of a chore.
pub(crate) struct Step<'a> {
    pub(crate) name: &'static str,
    /// The command that runs just this step.
    pub(crate) again: String,
    pub(crate) work: Box<dyn Fn() -> Result<(), ChoreError> + 'a>,
}

/// Runs `steps` in order, announces each on `out` with the time it took, and ends with a table of all.
///
/// # Errors
/// [`ChoreError::Step`] for the first step that fails; those after it do not run.
pub(crate) fn run_all(steps: &[Step<'_>], out: &mut impl Write) -> Result<(), ChoreError> {
    let mut table = Table::new();
    table
        .load_style(presets::NOTHING)
        .set_header(["step", "result", "time"]);
    let mut outcome = Ok(());
    for (number, step) in (1..).zip(steps) {
        if outcome.is_err() {
            table.add_row([step.name, "not run", ""]);
            continue;
        }
        say(
            out,
            format_args!("==> {number}/{} {}: {}", steps.len(), step.name, step.again),
        );
        let begun = Instant::now();
        let result = (step.work)();
        let time = in_words(begun.elapsed());
        let word = if result.is_ok() { "ok" } else { "FAILED" };
        say(out, format_args!("==> {} {word} after {time}\n", step.name));
        table.add_row([step.name, word, &time]);
        outcome = result.map_err(|source| ChoreError::Step {
            step: step.name,
            again: step.again.clone(),
            source: Box::new(source),
        });
    }
    say(out, format_args!("{table}\n"));
    outcome
}

/// Flushed, so that the line comes before what the step's own programs print.
fn say(out: &mut impl Write, line: std::fmt::Arguments<'_>) {
    let printed: io::Result<()> = writeln!(out, "{line}").and_then(|()| out.flush());
    // Nobody listens any more; the result of the chore still counts.
    drop(printed);
}

fn in_words(time: Duration) -> String {
    let seconds = time.as_secs();
    match seconds {
        0..60 => format!("{:.1} s", time.as_secs_f64()),
        _ => format!("{} min {:02} s", seconds / 60, seconds % 60),
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use super::*;

    fn failed() -> ChoreError {
        ChoreError::Start {
            program: "cargo clippy".into(),
            source: io::Error::other("out of paper"),
        }
    }

    #[test]
    fn the_first_failure_stops_and_says_how_to_go_on() {
        let ran = RefCell::new(Vec::new());
        let step = |name: &'static str, works: bool| Step {
            name,
            again: format!("cargo {name}"),
            work: Box::new({
                let ran = &ran;
                move || {
                    ran.borrow_mut().push(name);
                    if works { Ok(()) } else { Err(failed()) }
                }
            }),
        };
        let mut out = Vec::new();
        let error = run_all(
            &[step("fmt", true), step("clippy", false), step("test", true)],
            &mut out,
        )
        .unwrap_err();
        assert_eq!(*ran.borrow(), ["fmt", "clippy"]);
        assert_eq!(
            error.to_string(),
            "clippy failed; to run just that again: cargo clippy"
        );
        let out = String::from_utf8(out).unwrap();
        assert!(
            out.starts_with("==> 1/3 fmt: cargo fmt\n==> fmt ok after "),
            "{out}"
        );
        let words = |line: &str| line.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
        let rows: Vec<_> = out.lines().map(words).filter(|row| !row.is_empty()).collect();
        assert_eq!(rows.last().unwrap(), &["test", "not", "run"]);
        assert_eq!(rows[rows.len() - 2][..2], ["clippy", "FAILED"]);
        assert_eq!(rows[rows.len() - 3][..2], ["fmt", "ok"]);
    }

    #[test]
    fn success_of_all_is_success() {
        let step = Step {
            name: "fmt",
            again: "cargo fmt".into(),
            work: Box::new(|| Ok(())),
        };
        run_all(&[step], &mut Vec::new()).unwrap();
    }

    #[test]
    fn times_are_readable() {
        assert_eq!(in_words(Duration::from_millis(1_250)), "1.2 s");
        assert_eq!(in_words(Duration::from_secs(125)), "2 min 05 s");
    }
}
