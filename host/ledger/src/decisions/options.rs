//! The bounds of a decision log.

use std::time::Duration;

use super::queue::Bounds;

/// The bounds of a decision log. [`Options::default`] suits a host with a few thousand decisions per second.
#[derive(Clone, Debug)]
pub struct Options {
    /// A segment is closed when it has as many bytes.
    pub segment_bytes_max: u64,
    /// A segment is closed when its records span as much time, milliseconds.
    pub segment_age_ms_max: i64,
    /// Records that wait for the writer at most.
    pub queue_records_max: usize,
    /// Bytes of records that wait for the writer at most, before compression.
    pub queue_bytes_max: usize,
    /// Records in one group commit at most.
    pub group_records_max: usize,
    /// Bytes in one group commit at most, before compression; a larger record goes alone.
    pub group_bytes_max: usize,
    /// Bytes of one record at most, before compression; at most 64 MiB.
    pub record_bytes_max: usize,
    /// How long buffered records are gathered before they are written.
    pub linger: Duration,
    /// How often the index follows.
    pub index_interval: Duration,
    /// Records that a look-up indexes at most before it answers.
    pub catch_up_records_max: u64,
}

/// A record beyond this is refused whatever the options say: twice as much fits into a frame's block.
const RECORD_BYTES_MAX: usize = 64 << 20;

impl Default for Options {
    fn default() -> Options {
        Options {
            segment_bytes_max: 64 << 20,
            segment_age_ms_max: 3_600_000,
            queue_records_max: 16_384,
            queue_bytes_max: 128 << 20,
            group_records_max: 1_024,
            group_bytes_max: 2 << 20,
            record_bytes_max: 16 << 20,
            linger: Duration::from_millis(20),
            index_interval: Duration::from_millis(500),
            catch_up_records_max: 100_000,
        }
    }
}

impl Options {
    pub(super) fn record_bytes_max(&self) -> usize {
        self.record_bytes_max.min(RECORD_BYTES_MAX)
    }

    pub(super) fn bounds(&self) -> Bounds {
        Bounds {
            records_max: self.queue_records_max.max(1),
            bytes_max: self.queue_bytes_max,
            group_records_max: self.group_records_max.max(1),
            group_bytes_max: self.group_bytes_max.min(RECORD_BYTES_MAX),
            linger: self.linger,
        }
    }
}
