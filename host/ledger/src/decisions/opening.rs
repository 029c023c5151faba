//! Opening: what the segments hold is taken stock of, and the last one is made fit to go on with.

use std::fs::File;
use std::path::Path;

use signalbox_domain::Timestamp;

use super::catalogue::Catalogue;
use super::error::{DamageKind, DecisionLogError, SegmentDamage, disk};
use super::frame::Unreadable;
use super::index::Index;
use super::segment::{self, HEADER_BYTES, Segment, SegmentHeader, Stretch, Walk};
use super::storage::Storage;
use super::writer::{self, OpenSegment};

/// What was found when the log was opened.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OpenReport {
    /// Bytes that an interrupted write left at the end, cut off. Nobody was told that they are in the log.
    pub torn_bytes: u64,
    /// Places that cannot be read; everything else can.
    pub damage: Vec<SegmentDamage>,
}

/// The log as it can be gone on with.
pub struct Stock {
    pub catalogue: Catalogue,
    pub open: OpenSegment,
    pub report: OpenReport,
}

/// What the last segment holds.
struct Last {
    segment: Segment,
    next_seq: u64,
    first_at: Option<Timestamp>,
    /// Whether more may be written to it.
    sound: bool,
}

/// Takes stock of the segments in `folder`.
pub fn take_stock(folder: &Path, storage: &dyn Storage, index: &Index) -> Result<Stock, DecisionLogError> {
    let mut report = OpenReport::default();
    let mut catalogue = Catalogue::default();
    let numbers = segment::list(folder)?;
    let last_number = numbers.last();
    let mut last = None;
    for number in &numbers {
        let guess = index
            .segment(*number)
            .map_or(index.next_seq(), |indexed| indexed.first_seq);
        let (file, segment, damage) = segment::open(folder, *number, guess)?;
        report.damage.extend(damage.clone());
        if Some(number) != last_number {
            report.damage.extend(shortened(folder, &segment, index));
        }
        catalogue.segments.insert(*number, segment);
        last = Some((file, segment, damage.is_none()));
    }
    let open = match last {
        None => {
            // Numbers go on after segments that are gone, so that the index is not misled by a second one of a number.
            catalogue.next_seq = index.next_seq().max(1);
            new_segment(
                folder,
                storage,
                index.last_number().saturating_add(1),
                catalogue.next_seq,
            )?
        }
        Some((file, segment, header_is_sound)) => {
            let mut last = survey(folder, storage, &file, segment, index, &mut report)?;
            last.sound &= header_is_sound;
            catalogue.next_seq = last.next_seq;
            catalogue.segments.insert(segment.number, last.segment);
            if last.sound {
                let path = segment::path(folder, segment.number);
                OpenSegment {
                    file: storage.open(&path).map_err(disk("open", &path))?,
                    segment: last.segment,
                    first_at: last.first_at,
                }
            } else {
                let number = segment.number.saturating_add(1);
                new_segment(folder, storage, number, last.next_seq)?
            }
        }
    };
    catalogue.segments.insert(open.segment.number, open.segment);
    Ok(Stock {
        catalogue,
        open,
        report,
    })
}

/// A closed segment that was longer when it was indexed. What it still holds is not read again here.
fn shortened(folder: &Path, segment: &Segment, index: &Index) -> Option<SegmentDamage> {
    let known = index
        .segment(segment.number)
        .filter(|known| known.generation == segment.generation && known.end > segment.end)?;
    Some(SegmentDamage {
        path: segment::path(folder, segment.number),
        offset: segment.end,
        bytes: known.end.saturating_sub(segment.end),
        kind: DamageKind::CutOff,
    })
}

fn new_segment(
    folder: &Path,
    storage: &dyn Storage,
    number: u64,
    first_seq: u64,
) -> Result<OpenSegment, DecisionLogError> {
    let header = SegmentHeader {
        generation: 0,
        number,
        first_seq,
    };
    let path = segment::path(folder, number);
    writer::create(storage, folder, header).map_err(disk("create", &path))
}

/// Reads all of the last segment. A tail that is no frame is what a write left that was interrupted, and is cut off;
/// unless the index knows that there was more, then it is damage, and is kept for whoever can mend it.
fn survey(
    folder: &Path,
    storage: &dyn Storage,
    file: &File,
    segment: Segment,
    index: &Index,
    report: &mut OpenReport,
) -> Result<Last, DecisionLogError> {
    let path = segment::path(folder, segment.number);
    let mut last = Last {
        segment,
        next_seq: segment.first_seq,
        first_at: None,
        sound: true,
    };
    let known = index
        .segment(segment.number)
        .filter(|indexed| indexed.generation == segment.generation);
    let known_end = known.map_or(0, |indexed| indexed.end);
    let mut good_end = HEADER_BYTES as u64;
    for stretch in Walk::new(file, good_end, segment.end) {
        match stretch.map_err(disk("read", &path))? {
            Stretch::Frame(frame) => {
                good_end = frame.end();
                last.next_seq = frame.header.next_seq();
                if last.first_at.is_none() {
                    last.first_at = first_at(file, &frame).map_err(disk("read", &path))?;
                }
            }
            Stretch::Damaged { offset, bytes, .. }
                if offset.saturating_add(bytes) == segment.end && known_end <= offset =>
            {
                storage
                    .open(&path)
                    .and_then(|mut file| file.cut(offset).and_then(|()| file.sync()))
                    .map_err(disk("cut off a half-written group of", &path))?;
                last.segment.end = offset;
                report.torn_bytes = bytes;
            }
            Stretch::Damaged { offset, bytes, kind } => {
                last.sound &= offset.saturating_add(bytes) < segment.end;
                report.damage.push(SegmentDamage {
                    path: path.clone(),
                    offset,
                    bytes,
                    kind,
                });
            }
        }
    }
    if let Some(known) = known.filter(|known| known.next_seq > last.next_seq) {
        if known.end > segment.end {
            report.damage.push(SegmentDamage {
                path,
                offset: good_end,
                bytes: 0,
                kind: DamageKind::Missing {
                    expected: known.next_seq,
                    found: last.next_seq,
                },
            });
        }
        // Numbers of records that were acknowledged are never given again.
        last.next_seq = known.next_seq;
        last.sound = false;
    }
    Ok(last)
}

fn first_at(file: &File, frame: &super::frame::FrameAt) -> std::io::Result<Option<Timestamp>> {
    match frame.envelopes(file) {
        Ok(envelopes) => Ok(envelopes.iter().map(|envelope| envelope.at).min()),
        Err(Unreadable::Disk(e)) => Err(e),
        Err(Unreadable::Damaged(_)) => Ok(None),
    }
}
