//! Reading what there is to tell, in order.

use std::ops::ControlFlow;
use std::path::Path;

use signalbox_ledger::{Journal, LedgerError};

use super::event::Told;

/// Entries that are read at one time.
const AT_ONCE: usize = 256;

/// Where the ledger ends.
pub fn end_of_ledger(journal: &Path) -> Result<u64, LedgerError> {
    Ok(Journal::open_read_only(journal)?.head().seq)
}

/// The entries after entry `after`, oldest first, with what they are told as.
pub fn entries(journal: &Journal, after: u64) -> Result<Vec<(u64, Option<Told>)>, LedgerError> {
    let mut found = Vec::new();
    journal.after(after, |record, _| {
        found.push((record.seq, Told::of_entry(record.seq, &record.entry)));
        match found.len() < AT_ONCE {
            true => ControlFlow::Continue(()),
            false => ControlFlow::Break(()),
        }
    })?;
    Ok(found)
}
