//! Look-ups: by what the index knows, newest first, or all records in order.

use std::collections::BTreeSet;
use std::fs::File;
use std::ops::ControlFlow;

use signalbox_domain::envelope::{AnsweredBy, Arm};
use signalbox_domain::{Digest, Timestamp};
use uuid::Uuid;

use super::DecisionLog;
use super::error::{DamageKind, DecisionLogError, SegmentDamage, disk};
use super::frame::{FrameAt, Unreadable};
use super::idempotency::IdempotentHit;
use super::index::ArtifactKind;
use super::index::{Found, Place};
use super::record::{DecisionRecord, Envelope};
use super::segment::{self, HEADER_BYTES, Stretch, Walk};
use super::shared::held;

/// Entries of a page at most.
pub const PAGE_MAX: usize = 1_000;

/// What is looked for: records that match everything that is given.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// The decision's id.
    pub decision_id: Option<Uuid>,
    /// An order, return or RMA id.
    pub unit: Option<String>,
    /// The scope that decided.
    pub scope: Option<String>,
    /// The policy that answered.
    pub policy: Option<String>,
    /// Its version.
    pub version: Option<String>,
    /// Answered then or later.
    pub since: Option<Timestamp>,
    /// Answered before.
    pub until: Option<Timestamp>,
    /// The side that the request was assigned to.
    pub assigned_arm: Option<Arm>,
    /// Who really answered.
    pub answered_by: Option<AnsweredBy>,
    /// Why somebody who should have answered could not.
    pub fallback_cause: Option<String>,
}

impl Filter {
    /// Whether a record's envelope matches everything that is given.
    pub fn matches(&self, envelope: &Envelope) -> bool {
        fn is<T: PartialEq>(wanted: Option<&T>, found: &T) -> bool {
            wanted.is_none_or(|wanted| wanted == found)
        }
        is(self.decision_id.as_ref(), &envelope.decision_id)
            && self
                .unit
                .as_ref()
                .is_none_or(|unit| envelope.units.contains(unit))
            && is(self.scope.as_ref(), &envelope.scope)
            && is(self.policy.as_ref(), &envelope.policy)
            && is(self.version.as_ref(), &envelope.version)
            && self.since.is_none_or(|since| envelope.at >= since)
            && self.until.is_none_or(|until| envelope.at < until)
            && is(self.assigned_arm.as_ref(), &envelope.assigned_arm)
            && is(self.answered_by.as_ref(), &envelope.answered_by)
            && self
                .fallback_cause
                .as_ref()
                .is_none_or(|cause| envelope.fallback_causes.contains(cause))
    }
}

/// Records that were looked for, newest first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page<T> {
    /// The records with their sequence numbers.
    pub entries: Vec<(u64, T)>,
    /// Where the next page begins; none when there is no more.
    pub before: Option<u64>,
    /// How many records were not looked at, because the index is being rebuilt; else 0.
    pub behind: u64,
    /// Records that match and cannot be read.
    pub damage: Vec<SegmentDamage>,
}

/// What records still need to be replayed and explained.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ArtifactsNeeded {
    /// Digests of policy versions.
    pub policies: BTreeSet<Digest>,
    /// Digests of plugins.
    pub plugins: BTreeSet<Digest>,
    /// Digests of cost books.
    pub cost_books: BTreeSet<Digest>,
}

/// A frame that was read, as neighbours are often looked for together.
type Read<T> = Option<((u64, u64), Vec<T>)>;

impl DecisionLog {
    /// The envelopes that match, newest first: at most `limit` (and [`PAGE_MAX`]) of those before `before`. Whatever was
    /// acknowledged before the call is seen.
    ///
    /// # Errors
    /// [`DecisionLogError`] when index or segments cannot be read.
    pub fn find(
        &self,
        filter: &Filter,
        before: Option<u64>,
        limit: usize,
    ) -> Result<Page<Envelope>, DecisionLogError> {
        self.page(filter, before, limit, FrameAt::envelopes)
    }

    /// The same with payloads.
    ///
    /// # Errors
    /// As [`DecisionLog::find`].
    pub fn find_records(
        &self,
        filter: &Filter,
        before: Option<u64>,
        limit: usize,
    ) -> Result<Page<DecisionRecord>, DecisionLogError> {
        self.page(filter, before, limit, FrameAt::records)
    }

    /// The decision with an id; the latest one if a caller used the id again.
    ///
    /// # Errors
    /// As [`DecisionLog::find`], [`DecisionLogError::IndexBehind`] when it was not found in what is indexed, and
    /// [`DecisionLogError::Damaged`] when it is there and cannot be read.
    pub fn get(&self, decision_id: Uuid) -> Result<Option<DecisionRecord>, DecisionLogError> {
        let filter = Filter {
            decision_id: Some(decision_id),
            ..Filter::default()
        };
        let mut page = self.find_records(&filter, None, 1)?;
        match (page.entries.pop(), page.damage.pop()) {
            (Some((_, record)), _) => Ok(Some(record)),
            (None, Some(source)) => Err(DecisionLogError::Damaged { source }),
            (None, None) if page.behind > 0 => Err(DecisionLogError::IndexBehind { records: page.behind }),
            (None, None) => Ok(None),
        }
    }

    fn page<T: Clone>(
        &self,
        filter: &Filter,
        before: Option<u64>,
        limit: usize,
        read: fn(&FrameAt, &File) -> Result<Vec<T>, Unreadable>,
    ) -> Result<Page<T>, DecisionLogError> {
        let limit = limit.clamp(1, PAGE_MAX);
        self.shared.flush_if_open()?;
        let behind = self.shared.catch_up(self.shared.options.catch_up_records_max)?;
        let _layout = self.shared.read_layout();
        let before = before.unwrap_or(u64::MAX);
        let found = held(&self.shared.index).find(filter, before, limit)?;
        let mut page = Page {
            entries: Vec::with_capacity(found.len()),
            before: None,
            behind,
            damage: Vec::new(),
        };
        if found.len() == limit {
            page.before = found.last().map(|last| last.seq);
        }
        let mut last_read: Read<T> = None;
        for Found { seq, place } in found {
            match self.read_place(place, read, &mut last_read) {
                Ok(entry) => page.entries.push((seq, entry)),
                Err(DecisionLogError::Damaged { source }) => page.damage.push(source),
                Err(other) => return Err(other),
            }
        }
        self.shared.damaged(page.damage.iter().cloned());
        Ok(page)
    }

    fn read_place<T: Clone>(
        &self,
        place: Place,
        read: fn(&FrameAt, &File) -> Result<Vec<T>, Unreadable>,
        last_read: &mut Read<T>,
    ) -> Result<T, DecisionLogError> {
        let path = segment::path(&self.shared.folder, place.segment);
        let damaged = |kind| DecisionLogError::Damaged {
            source: SegmentDamage {
                path: path.clone(),
                offset: place.frame,
                bytes: 0,
                kind,
            },
        };
        let at = (place.segment, place.frame);
        if last_read.as_ref().is_none_or(|(read_at, _)| *read_at != at) {
            let file = File::open(&path).map_err(disk("open", &path))?;
            let end = file.metadata().map_err(disk("read", &path))?.len();
            let frame = FrameAt::read(&file, place.frame, end).and_then(|frame| read(&frame, &file));
            let entries = frame.map_err(|unreadable| match unreadable {
                Unreadable::Disk(e) => disk("read", &path)(e),
                Unreadable::Damaged(kind) => damaged(kind),
            })?;
            *last_read = Some((at, entries));
        }
        let entry = last_read
            .as_ref()
            .and_then(|(_, entries)| entries.get(place.place))
            .cloned();
        entry.ok_or_else(|| damaged(DamageKind::Contents("a record is not where it was".to_owned())))
    }

    /// The decision that an idempotency key stands for, if its record is still kept. Cheap enough for every request that
    /// brings a key.
    ///
    /// # Errors
    /// [`DecisionLogError::IndexBehind`] while the index is being rebuilt, and when it cannot be read.
    pub fn find_idempotent(&self, space: &str, key: &str) -> Result<Option<IdempotentHit>, DecisionLogError> {
        let recent = |log: &DecisionLog| {
            let recent = held(&log.shared.recent);
            (recent.find(space, key), recent.lost_until())
        };
        match recent(self) {
            (Some(hit), _) => return Ok(Some(hit)),
            (None, 0) => {}
            (None, _) => self.shared.complete_index()?,
        }
        held(&self.shared.reader).idempotent(space, key)
    }

    /// Hands over all records that were answered in `since..until`, oldest segment first and in order, until `take`
    /// breaks. Damaged places are passed over and given back.
    ///
    /// # Errors
    /// [`DecisionLogError`] when segments cannot be read.
    pub fn scan(
        &self,
        since: Option<Timestamp>,
        until: Option<Timestamp>,
        mut take: impl FnMut(u64, DecisionRecord) -> ControlFlow<()>,
    ) -> Result<Vec<SegmentDamage>, DecisionLogError> {
        self.shared.flush_if_open()?;
        let wanted =
            |at: Timestamp| since.is_none_or(|since| at >= since) && until.is_none_or(|until| at < until);
        let mut damage = Vec::new();
        for number in self.segments_in(since, until) {
            let path = segment::path(&self.shared.folder, number);
            let (file, end) = {
                // The file and its end belong together; once it is open, neither erasure nor retention matters.
                let _layout = self.shared.read_layout();
                let Some(end) = held(&self.shared.catalogue)
                    .segments
                    .get(&number)
                    .map(|known| known.end)
                else {
                    continue;
                };
                (File::open(&path).map_err(disk("open", &path))?, end)
            };
            for stretch in Walk::new(&file, HEADER_BYTES as u64, end) {
                let (offset, bytes, kind) = match stretch.map_err(disk("read", &path))? {
                    Stretch::Damaged { offset, bytes, kind } => (offset, bytes, kind),
                    Stretch::Frame(frame) => match frame.records(&file) {
                        Ok(records) => {
                            for (seq, record) in (frame.header.first_seq..).zip(records) {
                                if wanted(record.envelope.at) && take(seq, record).is_break() {
                                    return Ok(damage);
                                }
                            }
                            continue;
                        }
                        Err(Unreadable::Disk(e)) => return Err(disk("read", &path)(e)),
                        Err(Unreadable::Damaged(kind)) => (frame.offset, frame.header.total(), kind),
                    },
                };
                damage.push(SegmentDamage {
                    path: path.clone(),
                    offset,
                    bytes,
                    kind,
                });
            }
        }
        Ok(damage)
    }

    /// The segments that may hold records of a span of time.
    fn segments_in(&self, since: Option<Timestamp>, until: Option<Timestamp>) -> Vec<u64> {
        let index = held(&self.shared.index);
        let catalogue = self.shared.catalogue();
        let may_hold = |number: u64, end: u64| {
            let indexed = index.segment(number).filter(|indexed| indexed.end == end);
            let Some((min, max)) = indexed.and_then(|indexed| indexed.at) else {
                return true;
            };
            since.is_none_or(|since| max >= since.as_millis())
                && until.is_none_or(|until| min < until.as_millis())
        };
        catalogue
            .segments
            .values()
            .filter(|segment| may_hold(segment.number, segment.end))
            .map(|segment| segment.number)
            .collect()
    }

    /// The digests that some record still needs to be replayed and explained.
    ///
    /// # Errors
    /// [`DecisionLogError::IndexBehind`] while the index is being rebuilt: too few would be as bad as none.
    pub fn artifacts_needed(&self) -> Result<ArtifactsNeeded, DecisionLogError> {
        self.shared.flush_if_open()?;
        self.shared.complete_index()?;
        let index = held(&self.shared.index);
        Ok(ArtifactsNeeded {
            policies: index.artifacts(ArtifactKind::Policy)?,
            plugins: index.artifacts(ArtifactKind::Plugin)?,
            cost_books: index.artifacts(ArtifactKind::CostBook)?,
        })
    }
}
