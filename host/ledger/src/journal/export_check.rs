//! Checking an export, with nothing but the export and the checkpoints that were kept.

use std::io::{self, BufRead, Read as _};

use super::blame::claimed;
use super::chain::{Chain, Row, Verified};
use super::checkpoint::Checkpoint;
use super::damage::Damage;
use super::export::{CheckpointLine, EXPORT_VERSION, ExportFilter, Header};
use super::progress::{Progress, Ticker};
use super::record::{RECORD_BYTES_MAX, Record};

/// An export cannot be verified.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// It cannot be read.
    #[error("the export cannot be read at line {line}")]
    Read {
        /// Where, from 1.
        line: u64,
        /// Why.
        source: io::Error,
    },
    /// It is none.
    #[error("line {line}: expected {expected}, {problem}; is this an export of `signalbox ledger export`?")]
    NotAnExport {
        /// Where, from 1.
        line: u64,
        /// What should be there.
        expected: &'static str,
        /// What is wrong.
        problem: String,
    },
    /// Entries were altered.
    #[error("the export is damaged or was altered at line {line}")]
    Damaged {
        /// Where, from 1; the last line when what is wrong shows only at the end.
        line: u64,
        /// Where and how.
        source: Damage,
    },
}

/// What an export holds, verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifiedExport {
    /// Whether it holds every entry. In a partial one each entry is genuine as far as those beside it or a checkpoint
    /// show, but a missing entry cannot be told from one that was not asked for.
    pub complete: bool,
    /// What was asked for.
    pub filter: ExportFilter,
    /// What was checked.
    pub verified: Verified,
}

/// Verifies an export against itself and against checkpoints that were kept elsewhere. Only one line is in memory at a
/// time.
///
/// # Errors
/// [`ExportError`] at the first line that is wrong.
pub fn verify_export(
    from: impl BufRead,
    kept: &[Checkpoint],
    progress: &mut dyn FnMut(Progress),
) -> Result<VerifiedExport, ExportError> {
    replay_export(from, kept, progress, &mut |_| {})
}

/// As [`verify_export`], and hands each entry to `take` once it is checked against those before it. What was handed out
/// is genuine only if this returns without an error.
///
/// # Errors
/// As [`verify_export`].
pub fn replay_export(
    from: impl BufRead,
    kept: &[Checkpoint],
    progress: &mut dyn FnMut(Progress),
    take: &mut dyn FnMut(Record),
) -> Result<VerifiedExport, ExportError> {
    let mut lines = Lines { from, number: 0 };
    let header = header(&mut lines)?;
    let mut chain = Chain::new(kept, !header.complete);
    let mut ticker = Ticker::new(progress, if header.complete { header.head.seq } else { 0 });
    while let Some(text) = lines.next()? {
        let line = lines.number;
        let damaged = |source| ExportError::Damaged { line, source };
        if let Ok(stored) = serde_json::from_str::<CheckpointLine>(&text) {
            let about = stored.checkpoint.parse::<Checkpoint>();
            let seq = about.map_or(chain.end().seq, |checkpoint| checkpoint.head.seq);
            chain
                .take_checkpoint(&stored.checkpoint, seq, || lines.follower(&header))
                .map_err(damaged)?;
            continue;
        }
        let row = Row {
            seq: None,
            text,
            digest: None,
        };
        take(chain.take(row, || lines.follower(&header)).map_err(damaged)?);
        ticker.step();
    }
    ticker.end();
    let line = lines.number;
    let verified = if header.complete {
        chain
            .finish(header.head, header.checkpoint.as_deref())
            .map_err(|source| ExportError::Damaged { line, source })?
    } else {
        chain.finish_partial()
    };
    Ok(VerifiedExport {
        complete: header.complete,
        filter: header.filter,
        verified,
    })
}

fn header(lines: &mut Lines<impl BufRead>) -> Result<Header, ExportError> {
    let expected = "the first line of an export";
    let refused = |problem: String| ExportError::NotAnExport {
        line: 1,
        expected,
        problem,
    };
    let text = lines.next()?.ok_or_else(|| refused("it is empty".to_owned()))?;
    let header: Header = serde_json::from_str(&text).map_err(|error| refused(error.to_string()))?;
    if header.signalbox_export != EXPORT_VERSION {
        return Err(refused(format!(
            "it has version {}, this program knows {EXPORT_VERSION}",
            header.signalbox_export
        )));
    }
    if header.complete != header.filter.is_complete() {
        return Err(refused("`complete` contradicts `filter`".to_owned()));
    }
    Ok(header)
}

/// Lines of bounded length.
struct Lines<R> {
    from: R,
    number: u64,
}

impl<R: BufRead> Lines<R> {
    fn next(&mut self) -> Result<Option<String>, ExportError> {
        let line = self.read()?;
        if line.is_some() {
            self.number = self.number.saturating_add(1);
        }
        Ok(line)
    }

    fn read(&mut self) -> Result<Option<String>, ExportError> {
        let line = self.number.saturating_add(1);
        let bytes_max = RECORD_BYTES_MAX.saturating_add(1);
        let mut bytes = Vec::new();
        let read = (&mut self.from)
            .take(u64::try_from(bytes_max).unwrap_or(u64::MAX))
            .read_until(b'\n', &mut bytes)
            .map_err(|source| ExportError::Read { line, source })?;
        if read == 0 {
            return Ok(None);
        }
        let expected = "a line that ends, of at most 4 MiB of UTF-8";
        if bytes.pop() != Some(b'\n') {
            return Err(ExportError::NotAnExport {
                line,
                expected,
                problem: format!("its end is not among {read} bytes"),
            });
        }
        let text = String::from_utf8(bytes).map_err(|error| ExportError::NotAnExport {
            line,
            expected,
            problem: error.utf8_error().to_string(),
        })?;
        Ok(Some(text))
    }

    /// What comes behind the line in hand names as its predecessor: the next entry, or at the end the first line. Asked
    /// only when something is wrong, for it reads on.
    fn follower(&mut self, header: &Header) -> Option<signalbox_domain::Digest> {
        while let Ok(Some(text)) = self.read() {
            if serde_json::from_str::<CheckpointLine>(&text).is_err() {
                return claimed(&text).previous;
            }
        }
        let signed = header.checkpoint.as_deref();
        let signed = signed.and_then(|line| line.parse::<Checkpoint>().ok());
        Some(signed.map_or(header.head.digest, |signed| signed.head.digest))
    }
}
