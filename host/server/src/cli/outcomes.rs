//! `signalbox outcomes`.

use std::fs::File;
use std::io::{self, BufRead, BufReader, stdin};
use std::path::Path;

use super::client::Client;
use super::error::CliError;
use super::outcome_arguments::{Outcomes, OutcomesCommand};
use super::table;
use crate::api::outcome_views::{AttributionView, OutcomeList, OutcomeReceipts, OutcomeView};
use crate::clock;

/// Lines of one request.
const LINES: usize = 5_000;
/// Bytes of one request, about.
const BYTES: usize = 4 << 20;
/// The longest line that is read: a longer one is no report, and the host would refuse the whole request.
const LINE_BYTES_MAX: u64 = 1 << 20;

pub(super) async fn run(client: &Client, options: &Outcomes) -> Result<(), CliError> {
    match &options.command {
        None => list(client, options).await,
        Some(OutcomesCommand::Post { file }) => post(client, file).await,
    }
}

async fn list(client: &Client, options: &Outcomes) -> Result<(), CliError> {
    let attribution = match (options.unknown, options.expired) {
        (true, _) => Some("unknown_decision".to_owned()),
        (_, true) => Some("expired".to_owned()),
        _ => None,
    };
    let query: Vec<(&str, String)> = [
        ("decision_id", options.decision.map(|id| id.to_string())),
        (
            "unit",
            options.order.clone().or_else(|| options.return_id.clone()),
        ),
        ("scope", options.scope.clone()),
        ("attribution", attribution),
        (
            "since",
            options.since.map(|since| since.at(clock::now()).to_string()),
        ),
        ("history", options.history.then(|| "true".to_owned())),
        ("limit", Some(options.limit.to_string())),
    ]
    .into_iter()
    .filter_map(|(name, value)| Some((name, value?)))
    .collect();
    let found: OutcomeList = client.get_where(&["v1", "outcomes"], &query).await?;
    if options.format.json {
        let lines: Result<Vec<String>, _> = found.outcomes.iter().map(serde_json::to_string).collect();
        let lines = lines.map_err(|problem| CliError::Output(problem.into()))?;
        return table::print(&lines.join("\n"));
    }
    if found.outcomes.is_empty() {
        return table::print("no outcome fits");
    }
    let mut rows = table::table(&["occurred at", "decision", "unit", "what", "state", "reported by"]);
    for outcome in &found.outcomes {
        rows.add_row([
            outcome.outcome.occurred_at.to_string(),
            outcome.outcome.decision_id.to_string(),
            outcome.outcome.unit.clone().unwrap_or_default(),
            what(outcome),
            state(outcome),
            outcome.reported_by.clone(),
        ]);
    }
    table::print(&rows.to_string())
}

/// What happened, in a few words.
fn what(outcome: &OutcomeView) -> String {
    let json = serde_json::to_value(&outcome.outcome.what).unwrap_or_default();
    let fields = json.as_object().into_iter().flatten();
    let words = fields
        .filter(|(name, _)| *name != "kind")
        .map(|(name, value)| match value {
            serde_json::Value::String(text) => format!("{name}={text}"),
            other => format!("{name}={other}"),
        });
    let mut told = vec![outcome.outcome.what.kind().to_owned()];
    told.extend(words);
    told.join(" ")
}

fn state(outcome: &OutcomeView) -> String {
    let attribution = match outcome.attribution {
        AttributionView::Attributed => "counts",
        AttributionView::UnknownDecision => "unknown decision",
        AttributionView::Expired => "expired",
    };
    match outcome.replaced_by {
        Some(by) => format!("replaced by {by}"),
        None => attribution.to_owned(),
    }
}

/// Sends a file in pieces, in order, so that a correction comes after what it corrects.
async fn post(client: &Client, file: &Path) -> Result<(), CliError> {
    let unreadable = |source| CliError::Unreadable {
        file: file.to_owned(),
        source,
    };
    let mut reader: Box<dyn BufRead> = if file == Path::new("-") {
        Box::new(stdin().lock())
    } else {
        Box::new(BufReader::new(File::open(file).map_err(unreadable)?))
    };
    let mut total = Total::default();
    let mut first_line = 1usize;
    loop {
        let piece = piece(&mut reader).map_err(unreadable)?;
        if piece.lines == 0 {
            break;
        }
        let receipts = client.post_lines(&["v1", "outcomes"], piece.bytes).await?;
        total.add(&receipts, first_line);
        first_line = first_line.saturating_add(piece.lines);
    }
    total.report()
}

/// Lines of one request.
#[derive(Default)]
struct Piece {
    bytes: Vec<u8>,
    lines: usize,
}

fn piece(reader: &mut dyn BufRead) -> io::Result<Piece> {
    let mut piece = Piece::default();
    while piece.lines < LINES && piece.bytes.len() < BYTES {
        let before = piece.bytes.len();
        let read = io::Read::take(&mut *reader, LINE_BYTES_MAX).read_until(b'\n', &mut piece.bytes)?;
        if read == 0 {
            break;
        }
        if u64::try_from(read).unwrap_or(u64::MAX) >= LINE_BYTES_MAX {
            return Err(io::Error::other(
                "a line is longer than 1 MiB; is it a file with one report a line?",
            ));
        }
        if piece
            .bytes
            .get(before..)
            .is_some_and(|line| !line.ends_with(b"\n"))
        {
            piece.bytes.push(b'\n');
        }
        piece.lines = piece.lines.saturating_add(1);
    }
    Ok(piece)
}

/// What all pieces came to.
#[derive(Default)]
struct Total {
    taken: usize,
    unchanged: usize,
    refused: usize,
    unknown_decision: usize,
    expired: usize,
}

impl Total {
    fn add(&mut self, receipts: &OutcomeReceipts, first_line: usize) {
        let add = |sum: &mut usize, more: usize| *sum = sum.saturating_add(more);
        add(&mut self.taken, receipts.taken);
        add(&mut self.unchanged, receipts.unchanged);
        add(&mut self.refused, receipts.refused);
        add(&mut self.unknown_decision, receipts.unknown_decision);
        add(&mut self.expired, receipts.expired);
        for receipt in &receipts.results {
            if let Some(error) = &receipt.error {
                let line = first_line.saturating_add(receipt.line).saturating_sub(1);
                let place = if error.path.is_empty() {
                    String::new()
                } else {
                    format!("{}: ", error.path)
                };
                eprintln!("line {line}: {place}{}", error.message);
            }
        }
    }

    fn report(&self) -> Result<(), CliError> {
        let mut text = format!(
            "{} reports were taken, {} were there already",
            self.taken, self.unchanged
        );
        if self.unknown_decision > 0 {
            text.push_str(&format!(
                "; {} are of decisions that the host does not know and count when these turn up",
                self.unknown_decision
            ));
        }
        if self.expired > 0 {
            text.push_str(&format!(
                "; {} tell of something after the attribution window and count for nothing",
                self.expired
            ));
        }
        table::print(&text)?;
        match self.refused {
            0 => Ok(()),
            refused => Err(CliError::Report(format!("{refused} reports were refused"))),
        }
    }
}
