//! Reports as files: of evidence and of backtests.

use std::fs::{self, File};
use std::io::Read as _;
use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::Value;
use signalbox_domain::money::Currency;
use signalbox_domain::{Digest, canonical};

use super::error::CliError;
use super::table;
use crate::api::EvidenceView;
use crate::report::Money;

/// The largest saved document.
const BYTES_MAX: u64 = 64 << 20;

/// Whether a report is wanted, and of which currency.
#[derive(Clone, Debug, Args)]
pub(super) struct ReportOptions {
    /// Write a report for people to this file: one HTML page that needs nothing else and prints on A4
    #[arg(long, value_name = "FILE.html")]
    pub report: Option<PathBuf>,
    /// The currency of the amounts in the report, such as EUR; documents hold minor units only
    #[arg(long, value_name = "CODE", requires = "report", value_parser = currency)]
    pub currency: Option<Currency>,
}

impl ReportOptions {
    /// How amounts are written.
    pub(super) fn money(&self) -> Money {
        Money {
            currency: self.currency,
        }
    }

    /// Writes the report, where one is wanted. Whether one was.
    pub(super) fn write(&self, html: impl FnOnce(Money) -> String) -> Result<bool, CliError> {
        let Some(file) = &self.report else {
            return Ok(false);
        };
        fs::write(file, html(self.money())).map_err(|error| {
            CliError::Report(format!(
                "{}: the report cannot be written: {error}",
                file.display()
            ))
        })?;
        Ok(true)
    }
}

fn currency(text: &str) -> Result<Currency, String> {
    Currency::new(text).ok_or_else(|| format!("expected three capital letters such as EUR, found `{text}`"))
}

/// The report of evidence, where one is wanted; else the JSON, on which tools go on.
pub(super) fn show(view: &EvidenceView, options: &ReportOptions) -> Result<(), CliError> {
    if options.write(|money| crate::report::evidence(&view.evidence, view.frozen, money))? {
        return Ok(());
    }
    let text = serde_json::to_string_pretty(view)
        .map_err(|problem| CliError::Output(std::io::Error::other(problem)))?;
    table::print(&text)
}

/// What `release evidence` printed, read again without a host.
///
/// # Errors
/// When the file cannot be read, holds something else, or not what was frozen under its digest.
pub(super) fn saved(file: &Path) -> Result<EvidenceView, CliError> {
    let unreadable = |source| CliError::Unreadable {
        file: file.to_owned(),
        source,
    };
    let mut bytes = Vec::new();
    let mut from = File::open(file)
        .map_err(unreadable)?
        .take(BYTES_MAX.saturating_add(1));
    from.read_to_end(&mut bytes).map_err(unreadable)?;
    view_of(&bytes).map_err(|problem| CliError::Report(format!("{}: {problem}", file.display())))
}

fn view_of(bytes: &[u8]) -> Result<EvidenceView, String> {
    if bytes.len() as u64 > BYTES_MAX {
        return Err(format!("expected at most {BYTES_MAX} bytes, found more"));
    }
    let expected = |problem: serde_json::Error| {
        format!("expected what `signalbox release evidence` prints, found something else: {problem}")
    };
    // The digest is of the document as it was written: a later host may know more fields.
    let written: Value = serde_json::from_slice(bytes).map_err(expected)?;
    let view: EvidenceView = serde_json::from_slice(bytes).map_err(expected)?;
    if let Some(frozen) = view.frozen {
        let text = canonical::to_string(written.get("evidence").unwrap_or(&Value::Null));
        let found = text.map(|text| Digest::of(text.as_bytes()));
        if found.as_ref().ok() != Some(&frozen) {
            return Err(format!(
                "the evidence is not what was frozen as {frozen}; it was changed since"
            ));
        }
    }
    Ok(view)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::report::testkit::evidence;

    #[test]
    fn evidence_that_was_changed_after_it_was_frozen_makes_no_report() {
        let document = serde_json::to_value(evidence()).unwrap();
        let digest = Digest::of(canonical::to_string(&document).unwrap().as_bytes());
        let mut written = json!({ "frozen": digest, "frozen_at": null, "evidence": document });
        assert_eq!(
            view_of(written.to_string().as_bytes()).unwrap().frozen,
            Some(digest)
        );
        written["evidence"]["money"]["pairs"] = json!(1);
        let refused = view_of(written.to_string().as_bytes()).unwrap_err();
        assert!(refused.contains("it was changed since"), "{refused}");
        assert!(view_of(b"{}").unwrap_err().contains("release evidence"));
    }
}
