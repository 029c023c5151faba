//! Retention: the oldest segments go when they are too old or too much, as a whole, and never what is still needed.

use std::fs;

use signalbox_domain::Timestamp;

use super::DecisionLog;
use super::error::{DecisionLogError, disk};
use super::segment;
use super::shared::held;
use super::storage::sync_folder;

/// What is kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Retention {
    /// Records older than this go, milliseconds.
    pub age_ms_max: Option<i64>,
    /// The oldest records go while the segments have more bytes.
    pub bytes_max: Option<u64>,
}

/// What was removed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Retained {
    /// Segments that were removed.
    pub segments: u64,
    /// Records in them.
    pub records: u64,
    /// Their bytes.
    pub bytes: u64,
}

impl DecisionLog {
    /// Removes closed segments, oldest first, that `retention` does not keep at `now` and all of whose records are from
    /// before `keep_from`. Their idempotency keys go with them.
    ///
    /// # Errors
    /// [`DecisionLogError`]; [`DecisionLogError::IndexBehind`] while the index is being rebuilt, which knows how old
    /// segments are.
    pub fn retain(
        &self,
        retention: &Retention,
        now: Timestamp,
        keep_from: Timestamp,
    ) -> Result<Retained, DecisionLogError> {
        let oldest = retention
            .age_ms_max
            .map(|age_ms| now.plus_millis(age_ms.saturating_neg()));
        self.roll_when_older_than(oldest)?;
        self.shared.complete_index()?;
        let _chores = held(&self.shared.chores);
        let catalogue = self.shared.catalogue();
        let (mut total, mut removed, mut gone) = (catalogue.bytes(), Retained::default(), Vec::new());
        for (segment, next_seq) in catalogue.closed() {
            let latest = held(&self.shared.index)
                .segment(segment.number)
                .and_then(|indexed| indexed.at)
                .map(|(_, latest)| Timestamp(latest));
            // Nothing in it can be read: it is kept for whoever can mend it, until it is too much.
            let too_old = oldest.zip(latest).is_some_and(|(oldest, latest)| latest < oldest);
            let too_much = retention.bytes_max.is_some_and(|bytes_max| total > bytes_max);
            let needed = latest.is_some_and(|latest| latest >= keep_from);
            if needed || !(too_old || too_much) {
                break;
            }
            total = total.saturating_sub(segment.end);
            removed.segments = removed.segments.saturating_add(1);
            removed.bytes = removed.bytes.saturating_add(segment.end);
            removed.records = removed
                .records
                .saturating_add(next_seq.saturating_sub(segment.first_seq));
            gone.push(segment.number);
        }
        self.remove(&gone)?;
        Ok(removed)
    }

    fn roll_when_older_than(&self, oldest: Option<Timestamp>) -> Result<(), DecisionLogError> {
        let Some(oldest) = oldest else {
            return Ok(());
        };
        self.shared.flush_if_open()?;
        self.shared.complete_index()?;
        let open = self.shared.catalogue().segments.keys().next_back().copied();
        let latest = open
            .and_then(|number| held(&self.shared.index).segment(number))
            .and_then(|indexed| indexed.at);
        match latest {
            Some((_, latest)) if latest < oldest.as_millis() => self.shared.roll(),
            _ => Ok(()),
        }
    }

    fn remove(&self, numbers: &[u64]) -> Result<(), DecisionLogError> {
        if numbers.is_empty() {
            return Ok(());
        }
        let folder = &self.shared.folder;
        let _layout = self.shared.write_layout();
        for number in numbers {
            let path = segment::path(folder, *number);
            fs::remove_file(&path).map_err(disk("remove", &path))?;
            held(&self.shared.catalogue).segments.remove(number);
        }
        sync_folder(folder).map_err(disk("sync", folder))?;
        let mut index = held(&self.shared.index);
        index.forget(numbers)?;
        let first_seq = self
            .shared
            .catalogue()
            .segments
            .values()
            .next()
            .map(|segment| segment.first_seq);
        first_seq.map_or(Ok(()), |first_seq| index.forget_before(first_seq))
    }
}
