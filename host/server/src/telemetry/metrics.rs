//! The Prometheus recorder and the names of every metric.

use std::sync::Arc;

use metrics::{Counter, Gauge, Histogram, Key, Label, Level, Metadata, Recorder, SharedString, Unit};
use metrics_exporter_prometheus::{
    BuildError, Matcher, PrometheusBuilder, PrometheusHandle, PrometheusRecorder,
};

use super::events::Event;
use super::series::SeriesCache;

pub(super) const DECISIONS: &str = "signalbox_decisions_total";
pub(super) const DECISION_SECONDS: &str = "signalbox_decision_duration_seconds";
pub(super) const DECISION_FUEL: &str = "signalbox_decision_fuel";
pub(super) const DECISION_MEMORY: &str = "signalbox_decision_memory_bytes";
pub(super) const NOT_LOGGED: &str = "signalbox_decisions_not_logged_total";
pub(super) const FALLBACKS: &str = "signalbox_fallbacks_total";
pub(super) const HTTP_REQUESTS: &str = "signalbox_http_requests_total";
pub(super) const HTTP_SECONDS: &str = "signalbox_http_request_duration_seconds";
pub(super) const SHED: &str = "signalbox_requests_shed_total";
pub(super) const ACCESS_REFUSED: &str = "signalbox_access_refused_total";
pub(super) const ADMISSIONS: &str = "signalbox_admissions_total";
pub(super) const REJECTIONS: &str = "signalbox_rejections_total";
pub(super) const REVISION: &str = "signalbox_snapshot_revision";
pub(super) const LIVE_POLICIES: &str = "signalbox_live_policies";
pub(super) const UNRECORDED: &str = "signalbox_unrecorded_changes";
pub(super) const DRIFT: &str = "signalbox_drift_index";
pub(super) const RELEASES: &str = "signalbox_releases";
pub(super) const RELEASE_EVENTS: &str = "signalbox_release_events_total";
pub(super) const PROMOTIONS_REFUSED: &str = "signalbox_promotions_refused_total";
pub(super) const GATES_UNMET: &str = "signalbox_gates_unmet_total";
pub(super) const ADMIN_SECONDS: &str = "signalbox_admin_tokens_left_seconds";
const POOL_IN_USE: &str = "signalbox_sandbox_permits_in_use";
const POOL_LIMIT: &str = "signalbox_sandbox_permits_limit";
const IN_FLIGHT: &str = "signalbox_http_requests_in_flight";
const BODY_BYTES: &str = "signalbox_http_body_bytes_in_flight";
const LOG_QUEUED: &str = "signalbox_decision_log_queued";
const LOG_BYTES: &str = "signalbox_decision_log_bytes";
const BUILD: &str = "signalbox_build_info";

const COUNTERS: &[(&str, &str)] = &[
    (
        DECISIONS,
        "Answered decisions by scope, policy, version, who answered and status",
    ),
    (
        FALLBACKS,
        "Policies that should have answered and could not, by cause",
    ),
    (
        NOT_LOGGED,
        "Decisions that should be in the decision log and are not",
    ),
    (
        HTTP_REQUESTS,
        "Answered HTTP requests by route, method and status",
    ),
    (SHED, "Requests refused because a limit was reached, by limit"),
    (
        ACCESS_REFUSED,
        "Attempts that were refused for want of a valid token or a role, by cause",
    ),
    (ADMISSIONS, "Policy versions that passed admission"),
    (RELEASE_EVENTS, "What happened to releases, by scope and event"),
    (
        PROMOTIONS_REFUSED,
        "Promotions that were refused because of unmet gates",
    ),
    (
        GATES_UNMET,
        "Gates that stood in the way of a promotion that was asked for",
    ),
    (
        REJECTIONS,
        "Policy versions that were refused, by the check that refused them",
    ),
];

const GAUGES: &[(&str, &str)] = &[
    (REVISION, "Revision of the published snapshot"),
    (LIVE_POLICIES, "Scopes that have a champion"),
    (RELEASES, "Releases by scope and phase"),
    (
        DRIFT,
        "Population stability index of the last day against what the champion was judged on, by scope and feature; above 0.25 it \
         drifted",
    ),
    (
        UNRECORDED,
        "Changes in effect that the ledger does not have yet; 0 in health",
    ),
    (
        ADMIN_SECONDS,
        "Until no token of an admin is valid any more; 0 when none is",
    ),
    (POOL_IN_USE, "Sandbox permits in use"),
    (POOL_LIMIT, "Sandbox permits"),
    (IN_FLIGHT, "Decision requests being worked on"),
    (BODY_BYTES, "Bytes of request bodies held at this moment"),
    (LOG_QUEUED, "Decisions that wait for the decision log's writer"),
    (LOG_BYTES, "Bytes of the decision log"),
    (BUILD, "Always 1; the host's version is its label"),
];

/// Bounds in seconds: from a native decision to the longest deadline.
const SECONDS: &[f64] = &[
    0.000_025, 0.000_05, 0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25,
    0.5, 1.0, 2.5, 5.0, 10.0, 60.0,
];
/// Bounds in wasmtime's fuel units.
const FUEL: &[f64] = &[1e3, 1e4, 3e4, 1e5, 3e5, 1e6, 3e6, 1e7, 3e7, 1e8, 1e9, 1e10];
/// Bounds in bytes.
const BYTES: &[f64] = &[
    65_536.0,
    1_048_576.0,
    2_097_152.0,
    4_194_304.0,
    8_388_608.0,
    16_777_216.0,
    33_554_432.0,
    67_108_864.0,
];

const METADATA: Metadata<'static> = Metadata::new("signalbox", Level::INFO, None);

/// The recorder cannot be set up.
#[derive(Debug, thiserror::Error)]
#[error("the metrics recorder cannot be set up")]
pub struct SetupError(#[source] BuildError);

/// Where events go. A cheap clone; all clones share one recorder.
#[derive(Clone)]
pub struct Telemetry {
    inner: Arc<Inner>,
}

struct Inner {
    recorder: PrometheusRecorder,
    handle: PrometheusHandle,
    series: SeriesCache,
}

/// Values that are read when somebody asks for the metrics, because they are states, not events.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Gauges {
    /// Sandbox permits in use.
    pub pool_in_use: u64,
    /// Sandbox permits.
    pub pool_limit: u64,
    /// Decision requests being worked on.
    pub in_flight: u64,
    /// Bytes of request bodies held.
    pub body_bytes: u64,
    /// Decisions that wait for the decision log's writer.
    pub log_queued: u64,
    /// Bytes of the decision log.
    pub log_bytes: u64,
}

impl Telemetry {
    /// A recorder with no series yet.
    ///
    /// # Errors
    /// When the bucket bounds are refused, which only a change to this file can cause.
    pub fn new() -> Result<Telemetry, SetupError> {
        let recorder = recorder().map_err(SetupError)?;
        for (name, text) in COUNTERS {
            recorder.describe_counter((*name).into(), None, SharedString::const_str(text));
        }
        for (name, text) in GAUGES {
            recorder.describe_gauge((*name).into(), None, SharedString::const_str(text));
        }
        describe_histograms(&recorder);
        let handle = recorder.handle();
        let telemetry = Telemetry {
            inner: Arc::new(Inner {
                recorder,
                handle,
                series: SeriesCache::default(),
            }),
        };
        let version = vec![Label::from_static_parts("version", env!("CARGO_PKG_VERSION"))];
        telemetry.gauge(BUILD, version).set(1.0);
        Ok(telemetry)
    }

    /// Logs and counts an event.
    pub fn emit(&self, event: &impl Event) {
        event.emit(self);
    }

    /// Every metric in Prometheus' text format.
    pub fn render(&self, gauges: Gauges) -> String {
        let set = |name, value: u64| self.gauge(name, Vec::new()).set(value as f64);
        set(POOL_IN_USE, gauges.pool_in_use);
        set(POOL_LIMIT, gauges.pool_limit);
        set(IN_FLIGHT, gauges.in_flight);
        set(BODY_BYTES, gauges.body_bytes);
        set(LOG_QUEUED, gauges.log_queued);
        set(LOG_BYTES, gauges.log_bytes);
        self.inner.handle.render()
    }

    /// Folds recorded samples into their buckets. To be called every few seconds: until then every sample is kept.
    pub fn run_upkeep(&self) {
        self.inner.handle.run_upkeep();
    }

    pub(super) fn series(&self) -> &SeriesCache {
        &self.inner.series
    }

    pub(super) fn counter(&self, name: &'static str, labels: Vec<Label>) -> Counter {
        self.inner
            .recorder
            .register_counter(&Key::from_parts(name, labels), &METADATA)
    }

    pub(super) fn gauge(&self, name: &'static str, labels: Vec<Label>) -> Gauge {
        self.inner
            .recorder
            .register_gauge(&Key::from_parts(name, labels), &METADATA)
    }

    pub(super) fn histogram(&self, name: &'static str, labels: Vec<Label>) -> Histogram {
        self.inner
            .recorder
            .register_histogram(&Key::from_parts(name, labels), &METADATA)
    }
}

fn recorder() -> Result<PrometheusRecorder, BuildError> {
    Ok(PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Suffix("_seconds".into()), SECONDS)?
        .set_buckets_for_metric(Matcher::Full(DECISION_FUEL.into()), FUEL)?
        .set_buckets_for_metric(Matcher::Full(DECISION_MEMORY.into()), BYTES)?
        .build_recorder())
}

fn describe_histograms(recorder: &PrometheusRecorder) {
    let histograms = [
        (
            DECISION_SECONDS,
            Unit::Seconds,
            "From the parsed request to the decision, fallbacks included",
        ),
        (
            HTTP_SECONDS,
            Unit::Seconds,
            "From the request's head to the answer's head",
        ),
        (
            DECISION_FUEL,
            Unit::Count,
            "Fuel of the policy that answered, in wasmtime's units",
        ),
        (
            DECISION_MEMORY,
            Unit::Bytes,
            "Largest linear memory of the policy that answered",
        ),
    ];
    for (name, unit, text) in histograms {
        recorder.describe_histogram(name.into(), Some(unit), SharedString::const_str(text));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_are_rendered_as_they_are_when_asked_for() {
        let telemetry = Telemetry::new().unwrap();
        let gauges = Gauges {
            pool_in_use: 3,
            pool_limit: 8,
            ..Gauges::default()
        };
        let text = telemetry.render(gauges);
        assert!(text.contains("signalbox_sandbox_permits_in_use 3\n"), "{text}");
        assert!(text.contains("signalbox_sandbox_permits_limit 8\n"), "{text}");
        assert!(
            telemetry
                .render(Gauges::default())
                .contains("signalbox_sandbox_permits_in_use 0\n")
        );
    }

    #[test]
    fn two_hosts_in_one_process_count_apart() {
        let (one, other) = (Telemetry::new().unwrap(), Telemetry::new().unwrap());
        one.counter(SHED, Vec::new()).increment(1);
        assert!(
            one.render(Gauges::default())
                .contains("signalbox_requests_shed_total 1\n")
        );
        assert!(
            !other
                .render(Gauges::default())
                .contains("signalbox_requests_shed_total 1\n")
        );
    }
}
