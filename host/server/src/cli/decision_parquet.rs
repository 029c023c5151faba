//! Decisions as Apache Parquet: what is known by type in columns, request and answer as JSON texts.

use std::io::{self, Write};
use std::sync::Arc;

use arrow_array::builder::{
    BooleanBuilder, Int64Builder, ListBuilder, StringBuilder, TimestampMillisecondBuilder, UInt32Builder,
};
use arrow_array::{ArrayRef, RecordBatch};
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::WriterProperties;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::decisions::word;
use crate::api::decision_views::DecisionSummary;

/// Rows that are held before they become columns.
const BATCH_ROWS: usize = 1_024;
/// Bytes of lines that are held before they become columns.
const BATCH_BYTES: usize = 8 << 20;
/// Bytes of a row group, about: what a reader has to hold at a time, and what the writer holds.
const GROUP_BYTES: usize = 64 << 20;

/// Writes lines of an export as Parquet.
pub(super) struct ParquetLines<W: Write + Send> {
    columns: Columns,
    rows: usize,
    bytes: usize,
    writer: ArrowWriter<W>,
}

/// What a line has beside the summary.
#[derive(Deserialize)]
struct Payload<'a> {
    #[serde(borrow, default)]
    request: Option<&'a RawValue>,
    #[serde(borrow, default)]
    answer: Option<&'a RawValue>,
    erased: bool,
}

#[derive(Deserialize)]
struct Priced {
    host_loss: Option<Total>,
}

#[derive(Deserialize)]
struct Total {
    total_minor: i64,
}

#[derive(Deserialize)]
struct InCurrency {
    currency: String,
}

impl<W: Write + Send> ParquetLines<W> {
    /// A file without rows.
    pub fn new(out: W) -> io::Result<ParquetLines<W>> {
        let mut columns = Columns::default();
        let schema = columns.take()?.schema();
        let properties = WriterProperties::builder()
            .set_compression(Compression::ZSTD(ZstdLevel::default()))
            .set_created_by(concat!("signalbox ", env!("CARGO_PKG_VERSION")).to_owned())
            .build();
        let writer = ArrowWriter::try_new(out, schema, Some(properties)).map_err(io::Error::other)?;
        Ok(ParquetLines {
            columns,
            rows: 0,
            bytes: 0,
            writer,
        })
    }

    /// One decision.
    ///
    /// # Errors
    /// When the line is no decision, or nothing can be written.
    pub fn push(&mut self, line: &[u8]) -> io::Result<()> {
        let summary: DecisionSummary = serde_json::from_slice(line)?;
        let payload: Payload<'_> = serde_json::from_slice(line)?;
        self.columns.push(&summary, &payload);
        self.rows = self.rows.saturating_add(1);
        self.bytes = self.bytes.saturating_add(line.len());
        match self.rows >= BATCH_ROWS || self.bytes >= BATCH_BYTES {
            true => self.write(),
            false => Ok(()),
        }
    }

    fn write(&mut self) -> io::Result<()> {
        (self.rows, self.bytes) = (0, 0);
        let batch = self.columns.take()?;
        self.writer.write(&batch).map_err(io::Error::other)?;
        if self.writer.in_progress_size() >= GROUP_BYTES {
            self.writer.flush().map_err(io::Error::other)?;
        }
        Ok(())
    }

    /// Writes what waits and the file's end.
    pub fn finish(mut self) -> io::Result<W> {
        self.write()?;
        self.writer.into_inner().map_err(io::Error::other)
    }
}

/// The columns, as they fill.
#[derive(Default)]
struct Columns {
    decision_id: StringBuilder,
    at: TimestampMillisecondBuilder,
    now: TimestampMillisecondBuilder,
    scope: StringBuilder,
    domain: StringBuilder,
    mode: StringBuilder,
    units: ListBuilder<StringBuilder>,
    policy: StringBuilder,
    version: StringBuilder,
    policy_digest: StringBuilder,
    plugin_digest: StringBuilder,
    assigned_arm: StringBuilder,
    assigned_release: StringBuilder,
    assigned_step: UInt32Builder,
    assigned_probability_bp: UInt32Builder,
    assigned_unit: StringBuilder,
    answered_by: StringBuilder,
    status: StringBuilder,
    fallback_causes: ListBuilder<StringBuilder>,
    cost_book: StringBuilder,
    cost_book_digest: StringBuilder,
    levers: StringBuilder,
    host_version: StringBuilder,
    masked: ListBuilder<StringBuilder>,
    erased: BooleanBuilder,
    currency: StringBuilder,
    host_loss_minor: Int64Builder,
    request: StringBuilder,
    answer: StringBuilder,
}

impl Columns {
    fn push(&mut self, summary: &DecisionSummary, payload: &Payload<'_>) {
        self.decision_id.append_value(summary.decision_id.to_string());
        self.at.append_value(summary.at.as_millis());
        self.now.append_value(summary.now.as_millis());
        self.scope.append_value(&summary.scope);
        self.domain.append_value(summary.domain.as_str());
        self.mode.append_value(word(&summary.mode));
        append(&mut self.units, &summary.units);
        self.policy.append_value(&summary.policy);
        self.version.append_value(&summary.version);
        self.policy_digest.append_value(summary.policy_digest.to_string());
        let plugin = summary.plugin_digest.map(|digest| digest.to_string());
        self.plugin_digest.append_option(plugin);
        self.push_assigned(summary);
        self.answered_by.append_value(word(&summary.answered_by));
        self.status.append_value(word(&summary.status));
        append(&mut self.fallback_causes, &summary.fallback_causes);
        self.cost_book.append_value(&summary.cost_book);
        self.cost_book_digest
            .append_value(summary.cost_book_digest.to_string());
        self.levers.append_value(word(&summary.levers));
        self.host_version.append_value(&summary.host_version);
        append(&mut self.masked, &summary.masked);
        self.push_payload(payload);
    }

    fn push_assigned(&mut self, summary: &DecisionSummary) {
        let assigned = summary.assigned.as_ref();
        self.assigned_arm.append_value(word(&summary.assigned_arm));
        self.assigned_release
            .append_option(assigned.map(|assigned| &assigned.release));
        self.assigned_step
            .append_option(assigned.map(|assigned| assigned.step));
        self.assigned_probability_bp
            .append_option(assigned.map(|assigned| assigned.probability_bp));
        self.assigned_unit
            .append_option(assigned.and_then(|assigned| assigned.unit.as_ref()));
    }

    fn push_payload(&mut self, payload: &Payload<'_>) {
        let (request, answer) = (
            payload.request.map(RawValue::get),
            payload.answer.map(RawValue::get),
        );
        let currency = request.and_then(|text| serde_json::from_str::<InCurrency>(text).ok());
        let priced = answer.and_then(|text| serde_json::from_str::<Priced>(text).ok());
        self.erased.append_value(payload.erased);
        self.currency.append_option(currency.map(|found| found.currency));
        let loss = priced.and_then(|priced| priced.host_loss);
        self.host_loss_minor
            .append_option(loss.map(|loss| loss.total_minor));
        self.request.append_option(request);
        self.answer.append_option(answer);
    }

    /// The rows so far as a batch; the columns are empty again.
    fn take(&mut self) -> io::Result<RecordBatch> {
        let instant = |builder: &mut TimestampMillisecondBuilder| -> ArrayRef {
            Arc::new(builder.finish().with_timezone("UTC"))
        };
        // Name, values, and whether they may be absent.
        let columns: Vec<(&str, ArrayRef, bool)> = vec![
            ("decision_id", Arc::new(self.decision_id.finish()), false),
            ("at", instant(&mut self.at), false),
            ("now", instant(&mut self.now), false),
            ("scope", Arc::new(self.scope.finish()), false),
            ("domain", Arc::new(self.domain.finish()), false),
            ("mode", Arc::new(self.mode.finish()), false),
            ("units", Arc::new(self.units.finish()), false),
            ("policy", Arc::new(self.policy.finish()), false),
            ("version", Arc::new(self.version.finish()), false),
            ("policy_digest", Arc::new(self.policy_digest.finish()), false),
            ("plugin_digest", Arc::new(self.plugin_digest.finish()), true),
            ("assigned_arm", Arc::new(self.assigned_arm.finish()), false),
            ("assigned_release", Arc::new(self.assigned_release.finish()), true),
            ("assigned_step", Arc::new(self.assigned_step.finish()), true),
            (
                "assigned_probability_bp",
                Arc::new(self.assigned_probability_bp.finish()),
                true,
            ),
            ("assigned_unit", Arc::new(self.assigned_unit.finish()), true),
            ("answered_by", Arc::new(self.answered_by.finish()), false),
            ("status", Arc::new(self.status.finish()), false),
            ("fallback_causes", Arc::new(self.fallback_causes.finish()), false),
            ("cost_book", Arc::new(self.cost_book.finish()), false),
            (
                "cost_book_digest",
                Arc::new(self.cost_book_digest.finish()),
                false,
            ),
            ("levers", Arc::new(self.levers.finish()), false),
            ("host_version", Arc::new(self.host_version.finish()), false),
            ("masked", Arc::new(self.masked.finish()), false),
            ("erased", Arc::new(self.erased.finish()), false),
            ("currency", Arc::new(self.currency.finish()), true),
            ("host_loss_minor", Arc::new(self.host_loss_minor.finish()), true),
            ("request", Arc::new(self.request.finish()), true),
            ("answer", Arc::new(self.answer.finish()), true),
        ];
        RecordBatch::try_from_iter_with_nullable(columns).map_err(io::Error::other)
    }
}

fn append(list: &mut ListBuilder<StringBuilder>, values: &[String]) {
    for value in values {
        list.values().append_value(value);
    }
    list.append(true);
}
