//! Checking every approval that a ledger holds, with nothing but the ledger: its signature, what it is bound to, and that
//! whoever gave it might at that time.

use std::error::Error;
use std::io::BufRead;
use std::path::Path;

use signalbox_domain::approvals::{ApprovalGiven, SignedBy, may_give};
use signalbox_domain::events::{Entry, Event, HOST_ACTOR, PolicyVersion, State};

use super::dsse::verify;
use crate::error::LedgerError;
use crate::journal::{ExportError, Journal, Progress, PublicKey, Record, replay_export};

/// What was checked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Checked {
    /// How many entries the ledger has.
    pub entries: u64,
    /// Every approval that holds, in order.
    pub found: Vec<Found>,
    /// Every one that does not.
    pub bad: Vec<BadApproval>,
    /// Whether the whole ledger was there. Of a part nothing can be said: keys, roles and evidence may be in the rest.
    pub complete: bool,
}

/// An approval that holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Its entry.
    pub seq: u64,
    /// Its name.
    pub approval_id: String,
    /// The scope.
    pub scope: String,
    /// The version.
    pub version: PolicyVersion,
    /// Who agreed.
    pub approver: String,
    /// Whose key signed it.
    pub signed_by: SignedBy,
}

/// An entry about an approval that does not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadApproval {
    /// The entry.
    pub seq: u64,
    /// The approval's name, as the entry has it.
    pub approval_id: String,
    /// What does not hold, for people.
    pub problem: String,
}

/// Checks every approval in the journal at `path`, and the journal itself. The host may be using it.
///
/// # Errors
/// [`LedgerError`] when it cannot be read, or is not as it was written.
pub fn check_journal(path: &Path) -> Result<Checked, LedgerError> {
    let mut checker = Checker::default();
    Journal::open_read_only(path)?.replay(|record| checker.take(&record))?;
    checker.checked.complete = true;
    Ok(checker.checked)
}

/// As [`check_journal`], of an export.
///
/// # Errors
/// [`ExportError`] when it cannot be read, or is not as it was written.
pub fn check_export(from: impl BufRead, progress: &mut dyn FnMut(Progress)) -> Result<Checked, ExportError> {
    let mut checker = Checker::default();
    let verified = replay_export(from, &[], progress, &mut |record| checker.take(&record))?;
    checker.checked.complete = verified.complete;
    Ok(checker.checked)
}

#[derive(Default)]
struct Checker {
    state: State,
    checked: Checked,
}

impl Checker {
    fn take(&mut self, record: &Record) {
        self.checked.entries = self.checked.entries.saturating_add(1);
        let problem = match &record.entry.event {
            Event::ApprovalGiven(given) => check(&self.state, given, &record.entry).err(),
            _ => None,
        };
        let folded = self.state.apply(&record.entry).err().map(|error| chain(&error));
        let problem = problem.or(folded);
        match (&record.entry.event, problem) {
            (Event::ApprovalGiven(given), None) => self.checked.found.push(Found {
                seq: record.seq,
                approval_id: given.approval_id.clone(),
                scope: given.approval.scope.clone(),
                version: given.approval.version.clone(),
                approver: given.approval.approver.clone(),
                signed_by: given.approval.signed_by,
            }),
            (event, Some(problem)) => self.checked.bad.push(BadApproval {
                seq: record.seq,
                approval_id: match event {
                    Event::ApprovalGiven(given) => given.approval_id.clone(),
                    other => other.kind().to_owned(),
                },
                problem,
            }),
            (_, None) => {}
        }
    }
}

/// Whether an approval held when it was given: in `state`, which is that of the entries before it.
fn check(state: &State, given: &ApprovalGiven, entry: &Entry) -> Result<(), String> {
    let approval = &given.approval;
    let signer = match approval.signed_by {
        SignedBy::ApproverKey => approval.approver.as_str(),
        SignedBy::Host => HOST_ACTOR,
    };
    let said = given
        .envelope
        .signatures
        .first()
        .map(|signature| &signature.keyid);
    let said = said.and_then(|keyid| keyid.parse().ok());
    let key = said.and_then(|id| state.approvals.key_of(signer, id));
    let key = key.and_then(|key| PublicKey::parse(&key.public_key));
    let key = key.ok_or_else(|| {
        let said = said.map_or_else(|| "no key".to_owned(), |id| id.to_string());
        format!("{said} signed it, which was no registered key of `{signer}` at that time")
    })?;
    let stated = verify(&given.envelope, &key).map_err(|error| chain(&error))?;
    if stated != *approval {
        return Err("the entry says something else than the statement that was signed".to_owned());
    }
    if entry.actor != approval.approver {
        return Err(format!(
            "`{}` recorded it in the name of `{}`",
            entry.actor, approval.approver
        ));
    }
    let release = state.release(&approval.scope, &approval.version);
    let release = release.ok_or_else(|| "the version was not submitted for release there".to_owned())?;
    may_give(approval, release, &state.approvals, &state.identity, entry.at).map_err(|error| chain(&error))
}

fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        next = cause.source();
    }
    text
}

#[cfg(test)]
mod tests;
