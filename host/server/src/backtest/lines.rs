//! Past requests, one at a time: lines of NDJSON, plain or compressed.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;
use std::str::FromStr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use signalbox_domain::envelope::Lever;
use signalbox_domain::{Digest, Timestamp};

/// The longest line, in bytes: as much as a request over HTTP may have.
const LINE_BYTES_MAX: u64 = 32 << 20;
const BUFFER: usize = 1 << 18;
const GZIP: [u8; 2] = [0x1f, 0x8b];
const ZSTD: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];

/// A request as it was given.
#[derive(Clone, Debug)]
pub struct Given {
    /// Its line, from 1, or its place in the decision log.
    pub number: u64,
    /// Its JSON, or why there is none: the cause and the same for people.
    pub text: Result<Vec<u8>, (&'static str, String)>,
    /// How it was when it was decided, where that is known.
    pub then: Option<Then>,
}

/// The circumstances of a decision that the log keeps.
#[derive(Clone, Debug)]
pub struct Then {
    /// The instant of the decision.
    pub now: Timestamp,
    /// The host's levers.
    pub levers: Vec<Lever>,
    /// The seed that was drawn for it.
    pub seed: u64,
    /// The time that its caller was taken to wait, in milliseconds.
    pub deadline_ms: u32,
}

/// One part of the requests: every `of`-th one, beginning with the `number`-th. By line number (in the decision log: by place),
/// so that every machine finds the same ones whatever they hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Shard {
    /// Which, from 1.
    pub number: u32,
    /// Of how many.
    pub of: u32,
}

impl Shard {
    /// The most shards that there may be.
    pub const MAX: u32 = 10_000;

    /// Everything.
    pub const WHOLE: Shard = Shard { number: 1, of: 1 };

    /// Whether a line, counted from 1, belongs to it.
    pub fn holds(self, line: u64) -> bool {
        let place = line.saturating_sub(1).checked_rem(u64::from(self.of));
        place == Some(u64::from(self.number.saturating_sub(1)))
    }
}

impl FromStr for Shard {
    type Err = String;

    fn from_str(text: &str) -> Result<Shard, String> {
        let parts = text.split_once('/').and_then(|(number, of)| {
            let shard = Shard {
                number: number.parse().ok()?,
                of: of.parse().ok()?,
            };
            ((1..=Shard::MAX).contains(&shard.of) && (1..=shard.of).contains(&shard.number)).then_some(shard)
        });
        parts.ok_or_else(|| {
            format!(
                "expected which shard of how many (at most {}), such as 3/16, found `{text}`",
                Shard::MAX
            )
        })
    }
}

/// Reads lines of a file or of standard input. What is compressed with gzip or zstd is recognised by its first bytes.
pub struct Lines {
    reader: Box<dyn BufRead + Send>,
    shard: Shard,
    after: u64,
    number: u64,
    done: bool,
}

impl Lines {
    /// The lines of `shard` behind line `after`; `-` is standard input. `position` counts the stored bytes that were read.
    ///
    /// # Errors
    /// When the file cannot be opened or is no stream of its compression.
    pub fn open(file: &Path, shard: Shard, after: u64, position: Arc<AtomicU64>) -> io::Result<Lines> {
        let stored: Box<dyn Read + Send> = match file == Path::new("-") {
            true => Box::new(io::stdin()),
            false => Box::new(File::open(file)?),
        };
        let mut stored = BufReader::with_capacity(
            BUFFER,
            Counted {
                inner: stored,
                position,
            },
        );
        let begin = stored.fill_buf()?;
        let reader: Box<dyn BufRead + Send> = if begin.starts_with(&GZIP) {
            Box::new(BufReader::with_capacity(
                BUFFER,
                flate2::bufread::MultiGzDecoder::new(stored),
            ))
        } else if begin.starts_with(&ZSTD) {
            Box::new(BufReader::with_capacity(
                BUFFER,
                zstd::stream::read::Decoder::with_buffer(stored)?,
            ))
        } else {
            Box::new(stored)
        };
        Ok(Lines {
            reader,
            shard,
            after,
            number: 0,
            done: false,
        })
    }

    /// The next line that belongs here; none at the end.
    fn step(&mut self) -> io::Result<Option<Given>> {
        loop {
            let mut text = Vec::new();
            let limit = LINE_BYTES_MAX.saturating_add(1);
            let read = (&mut self.reader).take(limit).read_until(b'\n', &mut text)?;
            if read == 0 {
                return Ok(None);
            }
            self.number = self.number.saturating_add(1);
            let whole = text.ends_with(b"\n") || (read as u64) < limit;
            if !whole {
                self.reader.skip_until(b'\n')?;
            }
            let wanted = self.number > self.after && self.shard.holds(self.number);
            if !wanted || (whole && text.trim_ascii().is_empty()) {
                continue;
            }
            let text = match whole {
                true => Ok(text),
                false => Err((
                    "TOO_LONG",
                    format!("the line is longer than {LINE_BYTES_MAX} bytes"),
                )),
            };
            return Ok(Some(Given {
                number: self.number,
                text,
                then: None,
            }));
        }
    }
}

impl Iterator for Lines {
    type Item = io::Result<Given>;

    fn next(&mut self) -> Option<io::Result<Given>> {
        if self.done {
            return None;
        }
        let step = self.step().transpose();
        self.done = !matches!(step, Some(Ok(_)));
        step
    }
}

struct Counted<R> {
    inner: R,
    position: Arc<AtomicU64>,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.position.fetch_add(read as u64, Ordering::Relaxed);
        Ok(read)
    }
}

/// SHA-256 over a file's bytes as they are stored, and how many there are.
///
/// # Errors
/// When it cannot be read.
pub fn fingerprint(file: &Path) -> io::Result<(Digest, u64)> {
    let mut stored = File::open(file)?;
    let (mut hash, mut bytes) = (Sha256::new(), 0u64);
    let mut buffer = vec![0; BUFFER];
    loop {
        let read = stored.read(&mut buffer)?;
        if read == 0 {
            let digest: [u8; 32] = hash.finalize().into();
            return Ok((Digest::from_bytes(digest), bytes));
        }
        hash.update(buffer.get(..read).unwrap_or_default());
        bytes = bytes.saturating_add(read as u64);
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    fn numbers(bytes: &[u8], shard: Shard, after: u64) -> Vec<(u64, String)> {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(bytes).unwrap();
        let lines = Lines::open(file.path(), shard, after, Arc::default()).unwrap();
        let line = |given: io::Result<Given>| {
            let given = given.unwrap();
            let text = String::from_utf8(given.text.unwrap()).unwrap();
            (given.number, text.trim().to_owned())
        };
        lines.map(line).collect()
    }

    fn owned(lines: &[(u64, &str)]) -> Vec<(u64, String)> {
        lines
            .iter()
            .map(|(number, text)| (*number, (*text).to_owned()))
            .collect()
    }

    #[test]
    fn lines_are_the_same_whatever_they_are_compressed_with() {
        let text = b"a\n\nb\r\nc";
        let expected = owned(&[(1, "a"), (3, "b"), (4, "c")]);
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        gzip.write_all(text).unwrap();
        let zstd = zstd::encode_all(text.as_slice(), 1).unwrap();
        for bytes in [text.to_vec(), gzip.finish().unwrap(), zstd] {
            assert_eq!(numbers(&bytes, Shard::WHOLE, 0), expected);
        }
        assert_eq!(numbers(b"", Shard::WHOLE, 0), []);
    }

    #[test]
    fn shards_share_the_lines_out_and_reading_goes_on_where_it_was() {
        let text = b"1\n2\n3\n4\n5\n";
        let shard = |text: &str| text.parse::<Shard>().unwrap();
        assert_eq!(
            numbers(text, shard("1/2"), 0),
            owned(&[(1, "1"), (3, "3"), (5, "5")])
        );
        assert_eq!(numbers(text, shard("2/2"), 0), owned(&[(2, "2"), (4, "4")]));
        assert_eq!(numbers(text, shard("1/2"), 3), owned(&[(5, "5")]));
        for text in ["0/2", "3/2", "1/0", "1", "a/b", "1/10001"] {
            assert!(text.parse::<Shard>().is_err(), "{text}");
        }
    }

    #[test]
    fn what_is_cut_off_is_an_error_and_not_the_end() {
        let whole = zstd::encode_all(b"a\nb\n".repeat(10_000).as_slice(), 1).unwrap();
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(&whole[..whole.len() - 4]).unwrap();
        let lines = Lines::open(file.path(), Shard::WHOLE, 0, Arc::default()).unwrap();
        assert!(lines.last().unwrap().is_err());
    }
}
