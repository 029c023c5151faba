//! All records that fit, in order, handed over piece by piece.

use std::ops::ControlFlow;
use std::sync::Arc;

use signalbox_ledger::decisions::{DecisionRecord, Filter, SegmentDamage};
use tokio::task::JoinHandle;

use super::{RecordError, Recorder};

/// What whoever takes records says to each of them: go on, or no more.
pub type Taken = ControlFlow<()>;

/// What came of an export.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Exported {
    /// Records that were handed over.
    pub decisions: u64,
    /// Places of the log that cannot be read; what they held is missing.
    pub damage: Vec<SegmentDamage>,
}

impl Recorder {
    /// Hands over every record that matches, oldest first, on a thread where `take` may block. The thread ends when `take`
    /// breaks or the log does.
    ///
    /// # Errors
    /// [`RecordError::Off`] at once; what reading may give when the handle is awaited.
    pub fn export(
        &self,
        filter: Filter,
        mut take: impl FnMut(DecisionRecord) -> Taken + Send + 'static,
    ) -> Result<JoinHandle<Result<Exported, RecordError>>, RecordError> {
        let log = Arc::clone(self.log()?);
        Ok(tokio::task::spawn_blocking(move || {
            let mut decisions = 0u64;
            let damage = log.scan(filter.since, filter.until, |_, record| {
                if !filter.matches(&record.envelope) {
                    return ControlFlow::Continue(());
                }
                decisions = decisions.saturating_add(1);
                take(record)
            })?;
            Ok(Exported { decisions, damage })
        }))
    }
}
