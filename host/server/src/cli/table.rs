//! Output for people: tables, colours only on a terminal.

use std::io::{IsTerminal, Write, stdout};

use comfy_table::presets::NOTHING;
use comfy_table::{Attribute, Cell, Color, ContentArrangement, Table};

use super::error::CliError;

/// A table without lines, as wide as the terminal.
pub(super) fn table(headings: &[&str]) -> Table {
    let mut table = Table::new();
    table
        .load_style(NOTHING)
        .set_content_arrangement(ContentArrangement::Dynamic);
    if !stdout().is_terminal() {
        // Lines must not depend on a terminal that is not there.
        table.set_content_arrangement(ContentArrangement::Disabled);
        table.force_no_tty();
    }
    let heading = |text: &&str| Cell::new(text.to_uppercase()).add_attribute(Attribute::Bold);
    table.set_header(headings.iter().map(heading));
    table
}

/// A state in its colour.
pub(super) fn state(text: &str) -> Cell {
    let colour = match text {
        "live" | "champion" | "valid" | "active" => Color::Green,
        "rejected" | "withdrawn" | "revoked" => Color::Red,
        "rolled_back" | "held" | "waiting" | "checking" | "built_in" | "expired" => Color::Yellow,
        _ => return Cell::new(text),
    };
    Cell::new(text).fg(colour)
}

/// JSON with a line for each field; what is no JSON stays as it is.
pub(super) fn pretty(text: &str) -> String {
    let parsed = serde_json::from_str::<serde_json::Value>(text);
    let pretty = parsed.and_then(|value| serde_json::to_string_pretty(&value));
    pretty.unwrap_or_else(|_| text.to_owned())
}

/// Writes lines to standard output.
pub(super) fn print(text: &str) -> Result<(), CliError> {
    let mut out = stdout().lock();
    let written = writeln!(out, "{}", text.trim_end()).and_then(|()| out.flush());
    match written {
        // Whoever reads has read enough (`signalbox policies | head`).
        Err(problem) if problem.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        other => other.map_err(CliError::Output),
    }
}
