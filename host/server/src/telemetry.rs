//! Logs, metrics and traces.
//!
//! Whatever is worth both a log line and a metric is one [`Event`], emitted in one place, so that the two never tell
//! different stories. The recorder belongs to the [`Telemetry`] value, not to the process: two hosts in one process
//! (as in tests) count apart.

mod events;
mod logging;
mod metrics;
mod releases;
mod series;

pub use events::{
    AccessRefused, AdminsEnd, DecisionAnswered, DecisionNotLogged, Event, FallbackTaken, HttpAnswered,
    RequestShed, ShedLimit, SnapshotPublished, VersionAdmitted, VersionRejected,
};
pub use logging::{Logging, LoggingError};
pub use metrics::{Gauges, SetupError, Telemetry};
pub use releases::{DriftSeen, PromotionRefused, ReleaseMoved, ReleasesInPhase};
