//! Erasure: what was asked and answered about a unit is removed, that it was stays.
//!
//! A segment is written anew beside the old one and takes its place by a rename, so that a crash leaves either. Erasing
//! again after a crash does the rest. Copies of the log that were made before keep what they have.

use std::fs::{self, File};
use std::path::Path;

use super::DecisionLog;
use super::codec::Encoded;
use super::error::{DecisionLogError, disk};
use super::frame::{Encoder, FrameAt, Unreadable};
use super::record::Payload;
use super::segment::{self, Segment, SegmentHeader, Stretch, Walk};
use super::shared::held;
use super::storage::{Disk, SegmentFile, Storage as _, sync_folder};
use super::writer::unfinished;

impl DecisionLog {
    /// Replaces request and answer of every record about `unit` (an order, return or RMA id) by
    /// their digests, and returns how many records that were. Records that were erased before are not counted again.
    /// Envelopes stay: ids, instants, versions, arms. Records that are appended after the call are not touched.
    ///
    /// # Errors
    /// [`DecisionLogError`]; segments that were done before the error stay done.
    pub fn erase(&self, unit: &str) -> Result<u64, DecisionLogError> {
        // Everything about the unit has to be in closed segments, which nobody writes to.
        self.shared.roll()?;
        self.shared.complete_index()?;
        let _chores = held(&self.shared.chores);
        let affected = held(&self.shared.index).segments_of(unit)?;
        let mut erased = 0u64;
        for (segment, _) in self.shared.catalogue().closed() {
            if affected.contains(&segment.number) {
                erased = erased.saturating_add(self.erase_in(&segment, unit)?);
            }
        }
        Ok(erased)
    }

    fn erase_in(&self, segment: &Segment, unit: &str) -> Result<u64, DecisionLogError> {
        let folder = &self.shared.folder;
        let path = segment::path(folder, segment.number);
        let temporary = unfinished(&path);
        let rewritten = rewrite(folder, segment, unit, &temporary);
        let (renewed, erased) = match rewritten {
            Ok((renewed, erased)) if erased > 0 => (renewed, erased),
            other => {
                let _ = fs::remove_file(&temporary);
                return other.map(|_| 0);
            }
        };
        // Look-ups wait from here until the index knows the new places.
        let _layout = self.shared.write_layout();
        fs::rename(&temporary, &path).map_err(disk("replace", &path))?;
        held(&self.shared.catalogue)
            .segments
            .insert(segment.number, renewed);
        sync_folder(folder).map_err(disk("sync", folder))?;
        self.shared.catch_up_to(&self.shared.catalogue(), u64::MAX)?;
        Ok(erased)
    }
}

/// Writes a segment anew to `temporary`, without what was asked and answered about `unit`.
fn rewrite(
    folder: &Path,
    segment: &Segment,
    unit: &str,
    temporary: &Path,
) -> Result<(Segment, u64), DecisionLogError> {
    let path = segment::path(folder, segment.number);
    let file = File::open(&path).map_err(disk("open", &path))?;
    let header = SegmentHeader {
        generation: segment.generation.saturating_add(1),
        number: segment.number,
        first_seq: segment.first_seq,
    };
    let mut target = Target {
        path: temporary,
        file: Disk.create(temporary).map_err(disk("create", temporary))?,
        end: 0,
    };
    let mut encoder = Encoder::new().map_err(disk("compress into", temporary))?;
    let mut erased = 0u64;
    target.append(&header.to_bytes())?;
    for stretch in Walk::new(&file, segment::HEADER_BYTES as u64, segment.end) {
        let bytes = match stretch.map_err(disk("read", &path))? {
            // Kept for whoever can mend it, and so that the places of damage stay known.
            Stretch::Damaged { offset, bytes, .. } => {
                raw(&file, offset, bytes).map_err(disk("read", &path))?
            }
            Stretch::Frame(frame) => {
                let (bytes, count) =
                    renew(&file, &frame, unit, &mut encoder).map_err(|refused| match refused {
                        Refused::Disk(e) => disk("rewrite", &path)(e),
                        Refused::Encode(problem) => DecisionLogError::Encode { problem },
                    })?;
                erased = erased.saturating_add(count);
                bytes
            }
        };
        target.append(&bytes)?;
    }
    target.file.sync().map_err(disk("sync", temporary))?;
    let renewed = Segment {
        generation: header.generation,
        end: target.end,
        ..*segment
    };
    Ok((renewed, erased))
}

struct Target<'p> {
    path: &'p Path,
    file: Box<dyn SegmentFile>,
    end: u64,
}

impl Target<'_> {
    fn append(&mut self, bytes: &[u8]) -> Result<(), DecisionLogError> {
        self.file.append(bytes).map_err(disk("write", self.path))?;
        self.end = self
            .end
            .saturating_add(u64::try_from(bytes.len()).unwrap_or(u64::MAX));
        Ok(())
    }
}

enum Refused {
    Disk(std::io::Error),
    Encode(String),
}

/// A frame's bytes without what is to be erased, and how many records that was in.
fn renew(file: &File, frame: &FrameAt, unit: &str, encoder: &mut Encoder) -> Result<(Vec<u8>, u64), Refused> {
    let about = |units: &[String]| units.iter().any(|known| known == unit);
    let verbatim = || match frame.bytes(file) {
        Ok(bytes) => Ok((bytes, 0)),
        Err(Unreadable::Disk(e)) => Err(Refused::Disk(e)),
        Err(Unreadable::Damaged(kind)) => Err(Refused::Encode(kind.to_string())),
    };
    let envelopes = match frame.envelopes(file) {
        Err(Unreadable::Disk(e)) => return Err(Refused::Disk(e)),
        Err(Unreadable::Damaged(_)) => return verbatim(),
        Ok(envelopes) => envelopes,
    };
    if !envelopes.iter().any(|envelope| about(&envelope.units)) {
        return verbatim();
    }
    let mut records = match frame.records(file) {
        Err(Unreadable::Disk(e)) => return Err(Refused::Disk(e)),
        Err(Unreadable::Damaged(kind)) => return Err(Refused::Encode(kind.to_string())),
        Ok(records) => records,
    };
    let mut erased = 0u64;
    for record in &mut records {
        let Payload::Kept(texts) = &record.payload else {
            continue;
        };
        if about(&record.envelope.units) {
            record.payload = Payload::Erased(texts.tombstone());
            erased = erased.saturating_add(1);
        }
    }
    if erased == 0 {
        return verbatim();
    }
    let encoded: Result<Vec<Encoded>, String> = records.iter().map(Encoded::of).collect();
    let encoded = encoded.map_err(Refused::Encode)?;
    let bytes = encoder
        .frame(frame.header.first_seq, encoded.iter())
        .map_err(Refused::Disk)?;
    Ok((bytes, erased))
}

fn raw(file: &File, offset: u64, length: u64) -> std::io::Result<Vec<u8>> {
    let mut bytes = vec![0; usize::try_from(length).unwrap_or_default()];
    std::os::unix::fs::FileExt::read_exact_at(file, &mut bytes, offset)?;
    Ok(bytes)
}
