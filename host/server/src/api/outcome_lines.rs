//! Lines of reports: each is read by itself, so that a bad one keeps no other from being taken.

use signalbox_domain::outcome::Outcome;

use super::body;
use super::outcome_views::Receipt;
use super::problem::{Problem, ProblemKind};

/// Bytes of one report.
pub const LINE_BYTES_MAX: usize = 16 << 10;
/// Lines of one request.
pub const LINES_MAX: usize = 10_000;

/// What lines say.
#[derive(Debug, Default)]
pub struct Lines {
    /// The reports with their line numbers, from 1.
    pub outcomes: Vec<(usize, Outcome)>,
    /// The lines that cannot be used, and why.
    pub wrong: Vec<Receipt>,
}

/// Reads lines; empty ones say nothing.
///
/// # Errors
/// `body-too-large` for more lines than are taken.
pub fn read(bytes: &[u8]) -> Result<Lines, Problem> {
    let mut lines = Lines::default();
    let mut count: usize = 0;
    for (number, line) in (1..).zip(bytes.split(|byte| *byte == b'\n')) {
        let line = line.trim_ascii();
        if line.is_empty() {
            continue;
        }
        count = count.saturating_add(1);
        if count > LINES_MAX {
            let detail = format!(
                "expected at most {LINES_MAX} lines; send the rest in another request. Nothing was taken"
            );
            return Err(Problem::new(ProblemKind::BodyTooLarge, detail));
        }
        match outcome(line) {
            Ok(outcome) => lines.outcomes.push((number, outcome)),
            Err((path, message)) => lines.wrong.push(Receipt::refused(number, path, message)),
        }
    }
    Ok(lines)
}

fn outcome(line: &[u8]) -> Result<Outcome, (String, String)> {
    if line.len() > LINE_BYTES_MAX {
        let message = format!("expected at most {LINE_BYTES_MAX} bytes, found {}", line.len());
        return Err((String::new(), message));
    }
    let outcome: Outcome = body::parse(line).map_err(|problem| problem.first_error())?;
    match outcome.check() {
        Ok(()) => Ok(outcome),
        Err(problem) => Err((
            problem.field.to_owned(),
            format!("expected {}, found {}", problem.expected, problem.found),
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = r#"{"decision_id":"0192f3a0-0000-7000-8000-000000000000","occurred_at":"2026-03-05T10:00:00+01:00","what":{"kind":"DELIVERED"}}"#;

    #[test]
    fn a_bad_line_is_told_with_its_number_and_keeps_no_other_from_being_read() {
        let long = " ".repeat(LINE_BYTES_MAX);
        let unknown = GOOD.replace("DELIVERED\"", "DELIVERED\",\"colour\":1");
        let none = GOOD.replace("DELIVERED\"", "DELIVERED\",\"units\":0");
        let text = format!("{GOOD}\n\nnonsense\r\n{unknown}\n{none}\n{GOOD}\n\"{long}\"\n{GOOD}");
        let lines = read(text.as_bytes()).unwrap();
        let good: Vec<usize> = lines.outcomes.iter().map(|(line, _)| *line).collect();
        assert_eq!(good, [1, 6, 8]);
        let told: Vec<String> = lines
            .wrong
            .iter()
            .map(|receipt| {
                let error = receipt.error.as_ref().unwrap();
                format!(
                    "{} {} {}",
                    receipt.line,
                    error.path,
                    error.message.chars().take(60).collect::<String>()
                )
            })
            .collect();
        insta::assert_snapshot!(told.join("\n"), @"
        3  expected one JSON object, found what breaks its grammar: exp
        4 what unknown field `colour`, expected one of `units`, `group_id`,
        5 what.units expected 1 to 1000000, found 0
        7  expected at most 16384 bytes, found 16386
        ");
    }

    #[test]
    fn more_lines_than_are_taken_are_refused_as_a_whole() {
        let text = format!("{GOOD}\n").repeat(LINES_MAX);
        assert_eq!(read(text.as_bytes()).unwrap().outcomes.len(), LINES_MAX);
        let refused = read(format!("{text}{GOOD}").as_bytes()).unwrap_err();
        assert_eq!(refused.kind(), ProblemKind::BodyTooLarge);
    }
}
