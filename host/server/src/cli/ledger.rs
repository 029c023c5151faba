//! `signalbox ledger ...`: offline, on the data folder; the host may be running.

use std::io::{self, BufWriter, Write, stdout};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use indicatif::{ProgressBar, ProgressStyle};
use signalbox_domain::Timestamp;

use super::decision_arguments::Moment;
use super::error::CliError;
use super::ledger_arguments::{LedgerCommand, Place, Verify};
use super::table;
use crate::audit::{self, Checkpoint, ExportFilter, LedgerQuery, Listed, Progress, Verified};
use crate::clock;
use crate::config::{Config, FolderSettings};
use crate::error_text::chain;

pub(super) fn run(command: &LedgerCommand) -> Result<ExitCode, CliError> {
    match command {
        LedgerCommand::Verify(options) => verify(options)?,
        LedgerCommand::Export {
            since,
            until,
            scope,
            place,
        } => {
            let filter = ExportFilter {
                since: instant(*since),
                until: instant(*until),
                scope: scope.clone(),
                ..ExportFilter::default()
            };
            export(&filter, &journal(place)?)?;
        }
        LedgerCommand::Checkpoint { place } => {
            let line = audit::end_checkpoint(&journal(place)?).map_err(|error| report(&error))?;
            let line = line.ok_or_else(|| {
                CliError::Report("no key signs this ledger yet; a host makes one when it starts".to_owned())
            })?;
            table::print(&line.to_string())?;
        }
        LedgerCommand::List {
            scope,
            kind,
            since,
            until,
            limit,
            place,
        } => {
            let query = LedgerQuery {
                scope: scope.clone(),
                kind: kind.clone(),
                since: instant(*since),
                until: instant(*until),
                before: None,
                limit: usize::try_from(*limit).unwrap_or(usize::MAX),
            };
            list(&query, &journal(place)?)?;
        }
        LedgerCommand::NewKey {
            lost,
            reason,
            actor,
            place,
        } => {
            let folders = folders(place)?;
            let by = format!("local:{actor}");
            let (journal, key) = (journal(place)?, folders.ledger_key());
            let head = audit::new_key(&journal, &key, *lost, clock::now(), (&by, reason));
            let head = head.map_err(|error| report(&error))?;
            table::print(&format!("a new key signs the ledger since entry {}", head.seq))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn verify(options: &Verify) -> Result<(), CliError> {
    let kept = kept(&options.checkpoint)?;
    let bar = Bar::new();
    let (partial, verified) = match &options.export {
        Some(file) => {
            let checked = audit::verify_exported(file, &kept, &mut |progress| bar.show(progress));
            let checked = checked.map_err(|error| report(&error))?;
            (!checked.complete, checked.verified)
        }
        None => {
            let journal = journal(&options.place)?;
            let verified = audit::verify(&journal, &kept, &mut |progress| bar.show(progress));
            (false, verified.map_err(|error| report(&error))?)
        }
    };
    bar.end();
    table::print(&told(&verified, partial, !kept.is_empty()))
}

/// What was found, and what could not be.
fn told(verified: &Verified, partial: bool, any_kept: bool) -> String {
    let Verified { head, entries, .. } = verified;
    let mut lines = vec![format!(
        "The ledger is as it was written: {entries} entries, the last is {} with {}.",
        head.seq, head.digest
    )];
    if let Some(key) = verified.keys.last() {
        lines.push(format!(
            "Signed up to entry {} by key {}; {} of its own checkpoints fit.",
            verified.signed_to,
            key.key.id(),
            verified.checkpoints
        ));
    } else {
        lines.push(
            "No key signs it, so whoever could write the file could have written all of it anew.".to_owned(),
        );
    }
    if verified.kept > 0 {
        lines.push(format!("{} kept checkpoints fit.", verified.kept));
    }
    if verified.kept_unchecked > 0 {
        lines.push(format!(
            "{} kept checkpoints are about entries that this partial export leaves out.",
            verified.kept_unchecked
        ));
    }
    for key in verified.keys.iter().filter(|key| !key.handed_over) {
        lines.push(format!(
            "WARNING: key {} signs since entry {} and was not handed over by the one before it: ask who replaced that, and \
             why.",
            key.key.id(),
            key.since
        ));
    }
    if partial {
        lines.push(
            "The export is partial: an entry that is missing cannot be told from one that was not asked for."
                .to_owned(),
        );
    } else if !any_kept {
        lines.push(
            "Without a checkpoint that was kept elsewhere (--checkpoint FILE) it cannot be told whether the last entries were \
             cut off by somebody who has the key or an older copy."
                .to_owned(),
        );
    }
    lines.join("\n")
}

/// The checkpoints in files: lines as printed, or logs that have them somewhere.
pub(super) fn kept(files: &[PathBuf]) -> Result<Vec<Checkpoint>, CliError> {
    let mut kept = Vec::new();
    for file in files {
        let text = std::fs::read_to_string(file).map_err(|source| CliError::Unreadable {
            file: file.clone(),
            source,
        })?;
        let found = Checkpoint::find_all(&text)
            .map_err(|error| CliError::Report(format!("{}: {}", file.display(), chain(&error))))?;
        kept.extend(found);
    }
    Ok(kept)
}

fn export(filter: &ExportFilter, journal: &Path) -> Result<(), CliError> {
    let bar = Bar::new();
    let mut out = BufWriter::new(stdout().lock());
    let exported = audit::export(journal, filter, &mut out, &mut |progress| bar.show(progress));
    let exported = exported.map_err(|error| report(&error))?;
    out.flush().map_err(CliError::Output)?;
    bar.end();
    let all = if exported.complete { "all" } else { "chosen" };
    let said = format!(
        "{} entries ({all}); the ledger ends at entry {} with {}",
        exported.entries, exported.head.seq, exported.head.digest
    );
    // Beside the export, not in it.
    writeln!(io::stderr(), "{said}").map_err(CliError::Output)
}

fn list(query: &LedgerQuery, journal: &Path) -> Result<(), CliError> {
    if let Some(problem) = query.kind_problem() {
        return Err(CliError::Report(format!("--kind: {problem}")));
    }
    let page = audit::list(journal, query).map_err(|error| report(&error))?;
    if page.entries.is_empty() {
        return table::print("no entry fits");
    }
    let mut table = table::table(&["seq", "at", "who", "what", "scope", "data", "why"]);
    for listed in &page.entries {
        table.add_row(row(listed));
    }
    let mut text = table.to_string();
    if page.next.is_some() {
        text.push_str("\n\nThere are more; --limit shows them.");
    }
    table::print(&text)
}

fn row(listed: &Listed) -> [String; 7] {
    let entry = &listed.entry;
    let json = serde_json::to_value(&entry.event).unwrap_or_default();
    let data = json.get("data").map(ToString::to_string).unwrap_or_default();
    let shown: String = data.chars().take(120).collect();
    let more = if shown.len() < data.len() { "…" } else { "" };
    [
        listed.seq.to_string(),
        entry.at.to_string(),
        entry.actor.clone(),
        entry.event.kind().to_owned(),
        entry.event.scope().unwrap_or("-").to_owned(),
        format!("{shown}{more}"),
        entry.reason.clone(),
    ]
}

fn instant(moment: Option<Moment>) -> Option<Timestamp> {
    moment.map(|moment| moment.at(clock::now()))
}

fn report(error: &dyn std::error::Error) -> CliError {
    CliError::Report(chain(error))
}

/// The journal in the data folder that the arguments name. One that is not there is not made.
pub(super) fn journal(place: &Place) -> Result<PathBuf, CliError> {
    let journal = folders(place)?.journal();
    if journal.exists() {
        return Ok(journal);
    }
    Err(CliError::Report(format!(
        "there is no ledger {}; name the host's data folder with --data DIR, or its configuration with --config FILE",
        journal.display()
    )))
}

/// The folders of the host that the arguments name.
fn folders(place: &Place) -> Result<FolderSettings, CliError> {
    let named = place.config.as_deref().filter(|_| place.data.is_none());
    let config = match (&place.data, named) {
        // Of the defaults only the layout of the folder is needed.
        (Some(_), _) => Config::parse("defaults", "", Path::new("")),
        (None, named) => Config::load(named),
    };
    let mut folders = config.map_err(|error| report(&error))?.folders;
    if let Some(data) = &place.data {
        folders.data.clone_from(data);
    }
    Ok(folders)
}

/// How far long work is, on a terminal only.
pub(super) struct Bar(ProgressBar);

impl Bar {
    pub(super) fn new() -> Bar {
        let bar = ProgressBar::new(0);
        if let Ok(style) = ProgressStyle::with_template("{bar:40} {human_pos}/{human_len} {eta}") {
            bar.set_style(style);
        }
        Bar(bar)
    }

    pub(super) fn show(&self, progress: Progress) {
        self.0.set_length(progress.total.max(progress.done));
        self.0.set_position(progress.done);
    }

    pub(super) fn end(self) {
        self.0.finish_and_clear();
    }
}
