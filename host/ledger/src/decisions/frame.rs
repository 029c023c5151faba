//! A frame: the records of one group commit. A header with its own checksum, then two zstd blocks with theirs: all
//! envelopes, then all payloads, so that the index is built without reading payloads.
//!
//! | bytes | little-endian |
//! |---|---|
//! | 0..4 | `FF 'S' 'B' FE`, which occurs in no UTF-8 text |
//! | 4..12 | sequence number of the first record |
//! | 12..16 | number of records |
//! | 16..24 | envelopes: stored bytes, bytes when decompressed |
//! | 24..32 | payloads: likewise |
//! | 32..40 | CRC-32 of the stored envelopes, of the stored payloads |
//! | 40..44 | CRC-32 of bytes 0..40 |

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;

use zstd::bulk::{Compressor, Decompressor};

use super::codec::{self, Encoded};
use super::error::DamageKind;
use super::record::{DecisionRecord, Envelope, Payload};

pub const MAGIC: [u8; 4] = [0xff, b'S', b'B', 0xfe];
pub const HEADER_BYTES: usize = 44;

/// A block is never larger when decompressed; more is damage, not data.
pub const BLOCK_BYTES_MAX: usize = 256 << 20;

/// zstd's cheapest regular level. Requests repeat so much that dearer ones gain little.
const LEVEL: i32 = 1;

/// Where a block is and how to check it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Block {
    stored: u32,
    raw: u32,
    crc: u32,
}

/// The header of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    pub first_seq: u64,
    pub count: u32,
    envelopes: Block,
    payloads: Block,
}

impl Header {
    /// The frame's bytes, header included.
    pub fn total(&self) -> u64 {
        (HEADER_BYTES as u64)
            .saturating_add(u64::from(self.envelopes.stored))
            .saturating_add(u64::from(self.payloads.stored))
    }

    /// The sequence number after its last record.
    pub fn next_seq(&self) -> u64 {
        self.first_seq.saturating_add(u64::from(self.count))
    }

    fn to_bytes(self) -> [u8; HEADER_BYTES] {
        let mut bytes = Vec::with_capacity(HEADER_BYTES);
        bytes.extend_from_slice(&MAGIC);
        bytes.extend_from_slice(&self.first_seq.to_le_bytes());
        for word in [
            self.count,
            self.envelopes.stored,
            self.envelopes.raw,
            self.payloads.stored,
            self.payloads.raw,
            self.envelopes.crc,
            self.payloads.crc,
        ] {
            bytes.extend_from_slice(&word.to_le_bytes());
        }
        bytes.extend_from_slice(&crc32fast::hash(&bytes).to_le_bytes());
        let mut header = [0; HEADER_BYTES];
        for (to, from) in header.iter_mut().zip(bytes) {
            *to = from;
        }
        header
    }

    /// Reads a header; `None` when the bytes are none.
    pub fn parse(bytes: &[u8]) -> Option<Header> {
        let (checked, rest) = bytes.split_at_checked(HEADER_BYTES - 4)?;
        let crc = u32::from_le_bytes(*rest.first_chunk::<4>()?);
        let rest = checked.strip_prefix(&MAGIC)?;
        if crc32fast::hash(checked) != crc {
            return None;
        }
        let (first_seq, rest) = rest.split_first_chunk::<8>()?;
        let mut words = rest.chunks_exact(4).filter_map(|word| word.first_chunk::<4>());
        let mut word = || words.next().map(|word| u32::from_le_bytes(*word));
        let (count, env_stored, env_raw) = (word()?, word()?, word()?);
        let (pay_stored, pay_raw, env_crc, pay_crc) = (word()?, word()?, word()?, word()?);
        Some(Header {
            first_seq: u64::from_le_bytes(*first_seq),
            count,
            envelopes: Block {
                stored: env_stored,
                raw: env_raw,
                crc: env_crc,
            },
            payloads: Block {
                stored: pay_stored,
                raw: pay_raw,
                crc: pay_crc,
            },
        })
    }
}

/// Makes frames; keeps zstd's working memory between them.
pub struct Encoder {
    compressor: Compressor<'static>,
}

impl Encoder {
    pub fn new() -> io::Result<Encoder> {
        Ok(Encoder {
            compressor: Compressor::new(LEVEL)?,
        })
    }

    /// The frame of `records`, numbered from `first_seq`.
    pub fn frame<'r>(
        &mut self,
        first_seq: u64,
        records: impl Iterator<Item = &'r Encoded>,
    ) -> io::Result<Vec<u8>> {
        let (mut envelopes, mut payloads, mut count) = (Vec::new(), Vec::new(), 0u32);
        for record in records {
            codec::put(&mut envelopes, &record.envelope).map_err(too_large)?;
            codec::put(&mut payloads, &record.payload).map_err(too_large)?;
            count = count.saturating_add(1);
        }
        let (envelope_block, envelopes) = self.block(&envelopes)?;
        let (payload_block, payloads) = self.block(&payloads)?;
        let header = Header {
            first_seq,
            count,
            envelopes: envelope_block,
            payloads: payload_block,
        };
        let mut frame = Vec::with_capacity(usize::try_from(header.total()).unwrap_or_default());
        frame.extend_from_slice(&header.to_bytes());
        frame.extend_from_slice(&envelopes);
        frame.extend_from_slice(&payloads);
        Ok(frame)
    }

    fn block(&mut self, raw: &[u8]) -> io::Result<(Block, Vec<u8>)> {
        let length = |bytes: &[u8]| {
            u32::try_from(bytes.len())
                .ok()
                .filter(|_| bytes.len() <= BLOCK_BYTES_MAX)
                .ok_or_else(|| too_large(format!("{} bytes in one group", bytes.len())))
        };
        let raw_length = length(raw)?;
        let stored = self.compressor.compress(raw)?;
        let block = Block {
            stored: length(&stored)?,
            raw: raw_length,
            crc: crc32fast::hash(&stored),
        };
        Ok((block, stored))
    }
}

fn too_large(problem: String) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, problem)
}

/// Why a frame cannot be read.
#[derive(Debug)]
pub enum Unreadable {
    Disk(io::Error),
    Damaged(DamageKind),
}

impl From<DamageKind> for Unreadable {
    fn from(kind: DamageKind) -> Unreadable {
        Unreadable::Damaged(kind)
    }
}

/// A frame in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FrameAt {
    pub offset: u64,
    pub header: Header,
}

impl FrameAt {
    /// Reads the header at `offset` of a file that ends at `end`.
    pub fn read(file: &File, offset: u64, end: u64) -> Result<FrameAt, Unreadable> {
        if end.saturating_sub(offset) < HEADER_BYTES as u64 {
            return Err(DamageKind::CutOff.into());
        }
        let mut bytes = [0; HEADER_BYTES];
        file.read_exact_at(&mut bytes, offset).map_err(Unreadable::Disk)?;
        let header = Header::parse(&bytes).ok_or(DamageKind::FrameHeader)?;
        let frame = FrameAt { offset, header };
        if frame.end() > end {
            return Err(DamageKind::CutOff.into());
        }
        Ok(frame)
    }

    /// Where the next frame begins.
    pub fn end(&self) -> u64 {
        self.offset.saturating_add(self.header.total())
    }

    /// Whether both blocks match their checksums.
    pub fn check(&self, file: &File) -> Result<(), Unreadable> {
        self.stored(file, Part::Envelopes)?;
        self.stored(file, Part::Payloads)?;
        Ok(())
    }

    /// All its envelopes, in order.
    pub fn envelopes(&self, file: &File) -> Result<Vec<Envelope>, Unreadable> {
        let raw = self.raw(file, Part::Envelopes)?;
        self.parts(&raw, codec::envelope)
    }

    /// All its payloads, in order.
    pub fn payloads(&self, file: &File) -> Result<Vec<Payload>, Unreadable> {
        let raw = self.raw(file, Part::Payloads)?;
        self.parts(&raw, codec::payload)
    }

    /// All its records, in order.
    pub fn records(&self, file: &File) -> Result<Vec<DecisionRecord>, Unreadable> {
        let envelopes = self.envelopes(file)?;
        let payloads = self.payloads(file)?;
        let records = envelopes
            .into_iter()
            .zip(payloads)
            .map(|(envelope, payload)| DecisionRecord { envelope, payload });
        Ok(records.collect())
    }

    /// Its bytes as they stand in the file.
    pub fn bytes(&self, file: &File) -> Result<Vec<u8>, Unreadable> {
        read(file, self.offset, self.header.total())
    }

    fn parts<T>(&self, mut raw: &[u8], decode: fn(&[u8]) -> Result<T, String>) -> Result<Vec<T>, Unreadable> {
        let mut parts = Vec::new();
        while !raw.is_empty() {
            let part = codec::take(&mut raw).and_then(decode);
            parts.push(part.map_err(DamageKind::Contents)?);
        }
        if u32::try_from(parts.len()) != Ok(self.header.count) {
            let problem = format!("{} records, its header says {}", parts.len(), self.header.count);
            return Err(DamageKind::Contents(problem).into());
        }
        Ok(parts)
    }

    fn raw(&self, file: &File, part: Part) -> Result<Vec<u8>, Unreadable> {
        let stored = self.stored(file, part)?;
        let capacity = usize::try_from(self.block(part).raw).unwrap_or(usize::MAX);
        if capacity > BLOCK_BYTES_MAX {
            return Err(DamageKind::Contents(format!("{capacity} bytes in one block")).into());
        }
        let undone = Decompressor::new().and_then(|mut zstd| zstd.decompress(&stored, capacity));
        undone.map_err(|problem| DamageKind::Contents(problem.to_string()).into())
    }

    fn stored(&self, file: &File, part: Part) -> Result<Vec<u8>, Unreadable> {
        let begin = self.offset.saturating_add(HEADER_BYTES as u64);
        let begin = match part {
            Part::Envelopes => begin,
            Part::Payloads => begin.saturating_add(u64::from(self.header.envelopes.stored)),
        };
        let block = self.block(part);
        let bytes = read(file, begin, u64::from(block.stored))?;
        if crc32fast::hash(&bytes) == block.crc {
            Ok(bytes)
        } else {
            Err(DamageKind::Checksum.into())
        }
    }

    fn block(&self, part: Part) -> Block {
        match part {
            Part::Envelopes => self.header.envelopes,
            Part::Payloads => self.header.payloads,
        }
    }
}

#[derive(Clone, Copy)]
enum Part {
    Envelopes,
    Payloads,
}

fn read(file: &File, offset: u64, length: u64) -> Result<Vec<u8>, Unreadable> {
    let mut bytes = vec![0; usize::try_from(length).unwrap_or_default()];
    match file.read_exact_at(&mut bytes, offset) {
        Ok(()) => Ok(bytes),
        Err(e) if e.kind() == io::ErrorKind::UnexpectedEof => Err(DamageKind::CutOff.into()),
        Err(e) => Err(Unreadable::Disk(e)),
    }
}
