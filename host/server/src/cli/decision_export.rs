//! `signalbox decisions export`.

use std::io::{self, BufWriter, IsTerminal as _, Write, stderr, stdout};
use std::path::Path;

use indicatif::{ProgressBar, ProgressStyle};
use tempfile::NamedTempFile;

use super::client::Client;
use super::decision_arguments::{Export, ExportFormat};
use super::decision_parquet::ParquetLines;
use super::decisions::query;
use super::error::CliError;
use crate::api::{ExportEnd, ExportSummary};

/// Bytes of one line at most; a host writes none as long.
const LINE_BYTES_MAX: usize = 256 << 20;
/// How the line begins that ends an export.
const END: &[u8] = br#"{"end":"#;

pub(super) async fn run(client: &Client, options: &Export) -> Result<(), CliError> {
    let format = options.chosen();
    let Some(file) = &options.out else {
        if format == ExportFormat::Parquet && stdout().is_terminal() {
            let problem = "Parquet is nothing for a terminal; name a file with --out FILE";
            return Err(CliError::Report(problem.to_owned()));
        }
        let summary = fetch(client, options, sink(format, Box::new(BufWriter::new(stdout())))?).await?;
        return told(&summary, None);
    };
    let cannot = |source| CliError::Unwritable {
        file: file.clone(),
        source,
    };
    // Beside it, so that a file of that name is either what it was before or complete.
    let folder = file.parent().filter(|folder| *folder != Path::new(""));
    let beside = NamedTempFile::new_in(folder.unwrap_or(Path::new("."))).map_err(cannot)?;
    let writer = beside.reopen().map_err(cannot)?;
    let summary = fetch(client, options, sink(format, Box::new(BufWriter::new(writer)))?).await?;
    beside.as_file().sync_all().map_err(cannot)?;
    beside.persist(file).map_err(|problem| cannot(problem.error))?;
    told(&summary, Some(file))
}

/// Where lines go.
trait Sink {
    /// One decision, without its line break.
    fn line(&mut self, line: &[u8]) -> io::Result<()>;
    /// There are no more.
    fn end(self: Box<Self>) -> io::Result<()>;
}

type Out = Box<dyn Write + Send>;

struct Plain(Out);

impl Sink for Plain {
    fn line(&mut self, line: &[u8]) -> io::Result<()> {
        self.0.write_all(line)?;
        self.0.write_all(b"\n")
    }

    fn end(mut self: Box<Self>) -> io::Result<()> {
        self.0.flush()
    }
}

impl Sink for ParquetLines<Out> {
    fn line(&mut self, line: &[u8]) -> io::Result<()> {
        self.push(line)
    }

    fn end(self: Box<Self>) -> io::Result<()> {
        self.finish()?.flush()
    }
}

fn sink(format: ExportFormat, out: Out) -> Result<Box<dyn Sink>, CliError> {
    Ok(match format {
        ExportFormat::Ndjson => Box::new(Plain(out)),
        ExportFormat::Parquet => Box::new(ParquetLines::new(out).map_err(CliError::Output)?),
    })
}

/// Reads all lines into the sink. Everything before the end that the host tells is an export that was cut off.
async fn fetch(
    client: &Client,
    options: &Export,
    mut sink: Box<dyn Sink>,
) -> Result<ExportSummary, CliError> {
    let path = ["v1", "decisions", "export"];
    let mut response = client.stream(&path, &query(&options.which)).await?;
    let bar = counter();
    let mut lines = LineReader::default();
    while let Some(piece) = response.chunk().await.map_err(|source| client.broken(source))? {
        let ended = lines.take(&piece, |line| {
            if line.starts_with(END) {
                return Ok(Some(end(line)?));
            }
            sink.line(line)?;
            bar.inc(1);
            Ok(None)
        });
        if let Some(summary) = ended.map_err(CliError::Output)? {
            sink.end().map_err(CliError::Output)?;
            bar.finish_and_clear();
            return Ok(summary);
        }
    }
    Err(cut_off())
}

fn cut_off() -> CliError {
    CliError::Report("the host ended the export before it was complete; its log says why".to_owned())
}

fn end(line: &[u8]) -> io::Result<ExportSummary> {
    let end: ExportEnd = serde_json::from_slice(line)?;
    Ok(end.end)
}

/// Makes lines of pieces.
#[derive(Default)]
struct LineReader {
    waiting: Vec<u8>,
}

impl LineReader {
    /// Hands every line that is complete to `line`, until it gives something back.
    fn take<T>(
        &mut self,
        piece: &[u8],
        mut line: impl FnMut(&[u8]) -> io::Result<Option<T>>,
    ) -> io::Result<Option<T>> {
        let mut parts = piece.split(|byte| *byte == b'\n').peekable();
        while let Some(part) = parts.next() {
            let complete = parts.peek().is_some();
            if self.waiting.len().saturating_add(part.len()) > LINE_BYTES_MAX {
                return Err(io::Error::other(format!(
                    "a line is longer than {LINE_BYTES_MAX} bytes"
                )));
            }
            self.waiting.extend_from_slice(part);
            if complete {
                let found = line(&self.waiting)?;
                self.waiting.clear();
                if found.is_some() {
                    return Ok(found);
                }
            }
        }
        Ok(None)
    }
}

fn counter() -> ProgressBar {
    if !stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("{spinner} {human_pos} decisions, {per_sec}, {elapsed}");
    ProgressBar::new_spinner().with_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()))
}

/// Beside the export, not in it.
fn told(summary: &ExportSummary, file: Option<&Path>) -> Result<(), CliError> {
    let mut err = stderr().lock();
    for damage in &summary.damage {
        writeln!(err, "warning: {damage}").map_err(CliError::Output)?;
    }
    let place = file
        .map(|file| format!(" in {}", file.display()))
        .unwrap_or_default();
    writeln!(err, "{} decisions{place}", summary.decisions).map_err(CliError::Output)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_put_together_over_pieces_and_nothing_is_read_behind_the_end() {
        let (mut reader, mut found) = (LineReader::default(), Vec::new());
        let mut ended = None;
        for piece in ["{\"a\":", "1}\n{\"b\":2}\n{\"en", "d\":3}\nmore\n"] {
            ended = reader
                .take(piece.as_bytes(), |line| {
                    if line.starts_with(END) {
                        return Ok(Some(line.len()));
                    }
                    found.push(String::from_utf8_lossy(line).into_owned());
                    Ok(None)
                })
                .unwrap();
        }
        assert_eq!(found, ["{\"a\":1}", "{\"b\":2}"]);
        assert_eq!(ended, Some(9));
    }
}
