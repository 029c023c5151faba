//! Segments: files of frames. A header says which segment it is; then frame follows frame.
//!
//! | bytes | little-endian |
//! |---|---|
//! | 0..8 | `SGBXDLOG` |
//! | 8..12 | format version |
//! | 12..16 | generation: how often the segment was rewritten by an erasure |
//! | 16..24 | number of the segment |
//! | 24..32 | sequence number of its first record |
//! | 32..36 | CRC-32 of bytes 0..32 |
//!
//! These 36 bytes are the same in every version of the format, so that a newer one is told from damage.

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use super::error::DamageKind;
use super::error::{DecisionLogError, SegmentDamage, disk};
use super::frame::{self, FrameAt, Unreadable};

const MAGIC: &[u8; 8] = b"SGBXDLOG";
pub const HEADER_BYTES: usize = 36;

/// The format that this host writes, and the newest that it reads.
pub const FORMAT: u32 = 1;

const SUFFIX: &str = "segment";

/// What a segment says of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SegmentHeader {
    pub generation: u32,
    pub number: u64,
    pub first_seq: u64,
}

impl SegmentHeader {
    pub fn to_bytes(self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(HEADER_BYTES);
        bytes.extend_from_slice(MAGIC);
        bytes.extend_from_slice(&FORMAT.to_le_bytes());
        bytes.extend_from_slice(&self.generation.to_le_bytes());
        bytes.extend_from_slice(&self.number.to_le_bytes());
        bytes.extend_from_slice(&self.first_seq.to_le_bytes());
        bytes.extend_from_slice(&crc32fast::hash(&bytes).to_le_bytes());
        bytes
    }

    /// Reads a header: its format version, and the header itself.
    fn parse(bytes: &[u8]) -> Option<(u32, SegmentHeader)> {
        let (checked, rest) = bytes.split_at_checked(HEADER_BYTES - 4)?;
        let crc = u32::from_le_bytes(*rest.first_chunk::<4>()?);
        if crc32fast::hash(checked) != crc {
            return None;
        }
        let rest = checked.strip_prefix(MAGIC)?;
        let (format, rest) = rest.split_first_chunk::<4>()?;
        let (generation, rest) = rest.split_first_chunk::<4>()?;
        let (number, rest) = rest.split_first_chunk::<8>()?;
        let (first_seq, _) = rest.split_first_chunk::<8>()?;
        let header = SegmentHeader {
            generation: u32::from_le_bytes(*generation),
            number: u64::from_le_bytes(*number),
            first_seq: u64::from_le_bytes(*first_seq),
        };
        Some((u32::from_le_bytes(*format), header))
    }
}

/// A segment as the log knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Segment {
    pub number: u64,
    pub generation: u32,
    /// The sequence number of its first record.
    pub first_seq: u64,
    /// Where its acknowledged bytes end.
    pub end: u64,
}

/// Where segment `number` is.
pub fn path(folder: &Path, number: u64) -> PathBuf {
    folder.join(format!("{number:016}.{SUFFIX}"))
}

/// The numbers of the segments in `folder`, ascending. What an interrupted writer left is removed.
pub fn list(folder: &Path) -> Result<Vec<u64>, DecisionLogError> {
    let mut numbers = Vec::new();
    for entry in fs::read_dir(folder).map_err(disk("list", folder))? {
        let found = entry.map_err(disk("list", folder))?.path();
        let number = || found.file_stem()?.to_str()?.parse::<u64>().ok();
        match found.extension().and_then(|suffix| suffix.to_str()) {
            Some(SUFFIX) => numbers.extend(number()),
            Some("new") => fs::remove_file(&found).map_err(disk("remove", &found))?,
            _ => {}
        }
    }
    numbers.sort_unstable();
    Ok(numbers)
}

/// The numbers of the segments in `folder`, ascending, whoever writes them.
pub fn numbers(folder: &Path) -> Result<Vec<u64>, DecisionLogError> {
    let mut numbers = Vec::new();
    for entry in fs::read_dir(folder).map_err(disk("list", folder))? {
        let found = entry.map_err(disk("list", folder))?.path();
        if found.extension().and_then(|suffix| suffix.to_str()) == Some(SUFFIX) {
            numbers.extend(
                found
                    .file_stem()
                    .and_then(|stem| stem.to_str()?.parse::<u64>().ok()),
            );
        }
    }
    numbers.sort_unstable();
    Ok(numbers)
}

/// Opens segment `number`; where its header is damaged, `guess` stands for it and the damage is given.
pub fn open(
    folder: &Path,
    number: u64,
    guess_first_seq: u64,
) -> Result<(File, Segment, Option<SegmentDamage>), DecisionLogError> {
    let path = path(folder, number);
    let mut file = File::open(&path).map_err(disk("open", &path))?;
    let end = file.metadata().map_err(disk("read", &path))?.len();
    let mut bytes = Vec::new();
    (&mut file)
        .take(HEADER_BYTES as u64)
        .read_to_end(&mut bytes)
        .map_err(disk("read", &path))?;
    let (header, damage) = match SegmentHeader::parse(&bytes) {
        Some((found, _)) if found > FORMAT => {
            return Err(DecisionLogError::NewerFormat {
                path,
                found,
                supported: FORMAT,
            });
        }
        Some((_, header)) if header.number == number => (header, None),
        _ => {
            let guess = SegmentHeader {
                generation: 0,
                number,
                first_seq: guess_first_seq,
            };
            let damage = SegmentDamage {
                path,
                offset: 0,
                bytes: end.min(HEADER_BYTES as u64),
                kind: DamageKind::SegmentHeader,
            };
            (guess, Some(damage))
        }
    };
    let segment = Segment {
        number,
        generation: header.generation,
        first_seq: header.first_seq,
        end,
    };
    Ok((file, segment, damage))
}

/// A stretch of a segment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stretch {
    /// A frame whose checksums match.
    Frame(FrameAt),
    /// Bytes that are no frame.
    Damaged {
        offset: u64,
        bytes: u64,
        kind: DamageKind,
    },
}

impl Stretch {
    pub fn end(&self) -> u64 {
        match self {
            Stretch::Frame(frame) => frame.end(),
            Stretch::Damaged { offset, bytes, .. } => offset.saturating_add(*bytes),
        }
    }
}

/// Walks through a segment, checking every byte, and finding its way back to a frame after damage.
pub struct Walk<'f> {
    file: &'f File,
    offset: u64,
    end: u64,
}

impl<'f> Walk<'f> {
    /// From `offset`, which is the beginning of a frame, to `end`.
    pub fn new(file: &'f File, offset: u64, end: u64) -> Walk<'f> {
        Walk { file, offset, end }
    }

    fn step(&mut self) -> io::Result<Stretch> {
        let offset = self.offset;
        let stretch = match whole_frame(self.file, offset, self.end) {
            Ok(frame) => Stretch::Frame(frame),
            Err(Unreadable::Disk(e)) => return Err(e),
            Err(Unreadable::Damaged(kind)) => {
                let next = self.next_frame()?;
                Stretch::Damaged {
                    offset,
                    bytes: next.saturating_sub(offset),
                    kind,
                }
            }
        };
        self.offset = stretch.end();
        Ok(stretch)
    }

    /// Where the next whole frame begins after damage; the end when there is none.
    fn next_frame(&self) -> io::Result<u64> {
        const WINDOW: u64 = 1 << 20;
        let mut from = self.offset.saturating_add(1);
        while from < self.end {
            // Windows overlap, so that a magic across their border is seen.
            let length = self.end.saturating_sub(from).min(WINDOW);
            let mut bytes = vec![0; usize::try_from(length).unwrap_or_default()];
            std::os::unix::fs::FileExt::read_exact_at(self.file, &mut bytes, from)?;
            for (place, window) in bytes.windows(frame::MAGIC.len()).enumerate() {
                if window != frame::MAGIC {
                    continue;
                }
                let offset = from.saturating_add(place as u64);
                match whole_frame(self.file, offset, self.end) {
                    Ok(_) => return Ok(offset),
                    Err(Unreadable::Disk(e)) => return Err(e),
                    Err(Unreadable::Damaged(_)) => {}
                }
            }
            if from.saturating_add(length) >= self.end {
                break;
            }
            from = from.saturating_add(length - (frame::MAGIC.len() as u64 - 1));
        }
        Ok(self.end)
    }
}

impl Iterator for Walk<'_> {
    type Item = io::Result<Stretch>;

    fn next(&mut self) -> Option<io::Result<Stretch>> {
        if self.offset >= self.end {
            return None;
        }
        let step = self.step();
        if step.is_err() {
            self.offset = self.end;
        }
        Some(step)
    }
}

fn whole_frame(file: &File, offset: u64, end: u64) -> Result<FrameAt, Unreadable> {
    let frame = FrameAt::read(file, offset, end)?;
    frame.check(file)?;
    Ok(frame)
}
