//! Typed events: each is one log line and the metrics that belong to it.

use std::net::IpAddr;
use std::time::Duration;

use metrics::Label;
use signalbox_domain::Timestamp;
use signalbox_domain::identity::AccessCause;

use super::metrics::{
    ACCESS_REFUSED, ADMIN_SECONDS, ADMISSIONS, DECISION_FUEL, DECISION_MEMORY, DECISION_SECONDS, DECISIONS,
    FALLBACKS, HTTP_REQUESTS, HTTP_SECONDS, LIVE_POLICIES, NOT_LOGGED, REJECTIONS, REVISION, SHED, Telemetry,
    UNRECORDED,
};
use super::series::{DecisionSeries, FallbackSeries, HttpSeries, RefusalSeries, Throttle};

/// Something that happened and is worth a log line and a metric.
pub trait Event {
    /// Logs and counts it.
    fn emit(&self, telemetry: &Telemetry);
}

/// A request was answered with a decision.
#[derive(Clone, Copy, Debug)]
pub struct DecisionAnswered<'a> {
    /// The scope that decided.
    pub scope: &'a str,
    /// The policy that answered.
    pub policy: &'a str,
    /// Its version.
    pub version: &'a str,
    /// Who answered, as in the answer.
    pub answered_by: &'static str,
    /// How complete the decision is, as in the answer.
    pub status: &'static str,
    /// From the parsed request to the decision.
    pub duration: Duration,
    /// Fuel that the answering policy used; `None` for the built-in one.
    pub fuel_used: Option<u64>,
    /// Its largest linear memory, in bytes; `None` for the built-in one.
    pub memory_peak_bytes: Option<u64>,
    /// How many policies should have answered before.
    pub fallbacks: usize,
}

impl Event for DecisionAnswered<'_> {
    fn emit(&self, telemetry: &Telemetry) {
        let DecisionAnswered {
            scope,
            policy,
            version,
            answered_by,
            status,
            ..
        } = *self;
        let key = [scope, policy, version, answered_by, status].join("\0");
        let series = telemetry.series().decisions.get(key, || {
            let of_policy = || {
                vec![
                    label("scope", scope),
                    label("policy", policy),
                    label("version", version),
                ]
            };
            let mut decisions = of_policy();
            decisions.push(Label::from_static_parts("answered_by", answered_by));
            decisions.push(Label::from_static_parts("status", status));
            let seconds = vec![
                label("scope", scope),
                Label::from_static_parts("answered_by", answered_by),
            ];
            DecisionSeries {
                decisions: telemetry.counter(DECISIONS, decisions),
                seconds: telemetry.histogram(DECISION_SECONDS, seconds),
                fuel: telemetry.histogram(DECISION_FUEL, of_policy()),
                memory: telemetry.histogram(DECISION_MEMORY, of_policy()),
            }
        });
        series.decisions.increment(1);
        series.seconds.record(self.duration.as_secs_f64());
        if let Some(fuel) = self.fuel_used {
            series.fuel.record(fuel as f64);
        }
        if let Some(bytes) = self.memory_peak_bytes {
            series.memory.record(bytes as f64);
        }
        tracing::debug!(
            scope,
            policy,
            version,
            answered_by,
            status,
            duration_us = u64::try_from(self.duration.as_micros()).unwrap_or(u64::MAX),
            fuel_used = self.fuel_used,
            memory_peak_bytes = self.memory_peak_bytes,
            fallbacks = self.fallbacks,
            "decided"
        );
    }
}

/// A decision should be in the decision log and is not.
#[derive(Clone, Copy, Debug)]
pub struct DecisionNotLogged<'a> {
    /// The decision.
    pub decision_id: uuid::Uuid,
    /// Why, for people.
    pub error: &'a str,
}

impl Event for DecisionNotLogged<'_> {
    fn emit(&self, telemetry: &Telemetry) {
        telemetry.counter(NOT_LOGGED, Vec::new()).increment(1);
        tracing::error!(
            decision_id = %self.decision_id,
            error = self.error,
            "a decision is not in the decision log"
        );
    }
}

/// A policy should have answered and could not.
#[derive(Clone, Copy, Debug)]
pub struct FallbackTaken<'a> {
    /// The scope.
    pub scope: &'a str,
    /// The policy.
    pub policy: &'a str,
    /// Its version.
    pub version: &'a str,
    /// Why, from the host's closed list; never a word of the guest's.
    pub cause: &'static str,
    /// The same for people; may hold a guest's words.
    pub detail: &'a str,
    /// Whether this is how things are meant to be (the kill switch), not worth a warning.
    pub expected: bool,
}

impl Event for FallbackTaken<'_> {
    fn emit(&self, telemetry: &Telemetry) {
        let FallbackTaken {
            scope,
            policy,
            version,
            cause,
            detail,
            expected,
        } = *self;
        let key = [scope, policy, version, cause].join("\0");
        let series = telemetry.series().fallbacks.get(key, || {
            let labels = vec![
                label("scope", scope),
                label("policy", policy),
                label("version", version),
                Label::from_static_parts("cause", cause),
            ];
            FallbackSeries {
                fallbacks: telemetry.counter(FALLBACKS, labels),
                throttle: Throttle::new(),
            }
        });
        series.fallbacks.increment(1);
        // A policy that fails on every order must not fill the disk with the same line.
        if expected {
            tracing::debug!(scope, policy, version, cause, detail, "fell back");
        } else if let Some(held_back) = series.throttle.pass() {
            tracing::warn!(scope, policy, version, cause, detail, held_back, "fell back");
        }
    }
}

/// Somebody was refused for want of a valid token or a role.
#[derive(Clone, Copy, Debug)]
pub struct AccessRefused<'a> {
    /// Why.
    pub cause: AccessCause,
    /// The address it came from.
    pub peer: Option<IpAddr>,
    /// Who tried, when a known token said so.
    pub principal: Option<&'a str>,
    /// The same for people; never what was shown as a token.
    pub detail: &'a str,
}

impl Event for AccessRefused<'_> {
    fn emit(&self, telemetry: &Telemetry) {
        let cause = self.cause.as_str();
        let series = telemetry
            .series()
            .refusals
            .get(cause.to_owned(), || RefusalSeries {
                refusals: telemetry.counter(ACCESS_REFUSED, vec![Label::from_static_parts("cause", cause)]),
                throttle: Throttle::new(),
            });
        series.refusals.increment(1);
        // Failed attempts are few for each address, because it is then told to wait; these two are not.
        let held_back = match self.cause {
            AccessCause::Denied | AccessCause::RateLimited => series.throttle.pass(),
            AccessCause::NoToken
            | AccessCause::UnknownToken
            | AccessCause::Expired
            | AccessCause::Revoked => Some(0),
        };
        if let Some(held_back) = held_back {
            tracing::warn!(
                cause,
                peer = self.peer.map(tracing::field::display),
                principal = self.principal,
                detail = self.detail,
                held_back,
                "access refused"
            );
        }
    }
}

/// An HTTP request was answered.
#[derive(Clone, Copy, Debug)]
pub struct HttpAnswered<'a> {
    /// The route's pattern, never the path that was asked for.
    pub route: &'a str,
    /// The method; one that is not of the usual ones as `OTHER`.
    pub method: &'static str,
    /// The status.
    pub status: u16,
    /// From the request's head to the answer's.
    pub duration: Duration,
}

impl Event for HttpAnswered<'_> {
    fn emit(&self, telemetry: &Telemetry) {
        let mut key = [self.route, self.method, ""].join("\0");
        let status = StatusText::new(self.status);
        key.push_str(status.as_str());
        let series = telemetry.series().http.get(key, || {
            let requests = vec![
                label("route", self.route),
                Label::from_static_parts("method", self.method),
                label("status", status.as_str()),
            ];
            HttpSeries {
                requests: telemetry.counter(HTTP_REQUESTS, requests),
                seconds: telemetry.histogram(HTTP_SECONDS, vec![label("route", self.route)]),
            }
        });
        series.requests.increment(1);
        series.seconds.record(self.duration.as_secs_f64());
        tracing::debug!(
            route = self.route,
            method = self.method,
            status = self.status,
            duration_us = u64::try_from(self.duration.as_micros()).unwrap_or(u64::MAX),
            "answered"
        );
    }
}

/// Which limit refused a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ShedLimit {
    /// Decision requests in flight.
    InFlight,
    /// Bytes of request bodies in flight.
    BodyBytes,
}

impl ShedLimit {
    const fn as_str(self) -> &'static str {
        match self {
            ShedLimit::InFlight => "in_flight",
            ShedLimit::BodyBytes => "body_bytes",
        }
    }
}

/// A request was refused because the host has as much to do as it may.
#[derive(Clone, Copy, Debug)]
pub struct RequestShed {
    /// Which limit.
    pub limit: ShedLimit,
}

impl Event for RequestShed {
    fn emit(&self, telemetry: &Telemetry) {
        let limit = self.limit.as_str();
        telemetry
            .counter(SHED, vec![Label::from_static_parts("limit", limit)])
            .increment(1);
        tracing::debug!(limit, "shed");
    }
}

/// A policy version passed admission.
#[derive(Clone, Copy, Debug)]
pub struct VersionAdmitted<'a> {
    /// The policy.
    pub policy: &'a str,
    /// Its version.
    pub version: &'a str,
    /// Its digest.
    pub digest: &'a str,
}

impl Event for VersionAdmitted<'_> {
    fn emit(&self, telemetry: &Telemetry) {
        telemetry.counter(ADMISSIONS, Vec::new()).increment(1);
        tracing::info!(
            policy = self.policy,
            version = self.version,
            digest = self.digest,
            "policy version admitted"
        );
    }
}

/// A policy version was refused.
#[derive(Clone, Copy, Debug)]
pub struct VersionRejected<'a> {
    /// The file, relative to the watched folder.
    pub file: &'a str,
    /// Which check refused it.
    pub kind: &'static str,
    /// The first problem: where and what.
    pub problem: &'a str,
    /// How many problems there are.
    pub problems: usize,
}

impl Event for VersionRejected<'_> {
    fn emit(&self, telemetry: &Telemetry) {
        telemetry
            .counter(REJECTIONS, vec![Label::from_static_parts("kind", self.kind)])
            .increment(1);
        tracing::warn!(
            file = self.file,
            kind = self.kind,
            problem = self.problem,
            problems = self.problems,
            "policy version rejected"
        );
    }
}

/// How long anybody can still manage principals and tokens.
#[derive(Clone, Copy, Debug)]
pub struct AdminsEnd {
    /// Milliseconds until the last token of an admin expires; 0 when none is valid.
    pub left_ms: i64,
    /// When that is, if it is to be warned of now.
    pub warning: Option<Option<Timestamp>>,
}

impl Event for AdminsEnd {
    fn emit(&self, telemetry: &Telemetry) {
        telemetry
            .gauge(ADMIN_SECONDS, Vec::new())
            .set(self.left_ms as f64 / 1000.0);
        match self.warning {
            None => {}
            Some(Some(ends_at)) => tracing::warn!(
                %ends_at,
                "the last token of an admin expires within 14 days, and nobody can be let in afterwards; hand out another with \
                 `signalbox token create`"
            ),
            Some(None) => tracing::warn!("no token of an admin is valid any more: nobody can be let in"),
        }
    }
}

/// A snapshot was published.
#[derive(Clone, Copy, Debug)]
pub struct SnapshotPublished {
    /// Its revision.
    pub revision: u64,
    /// Scopes that have a champion.
    pub live: usize,
    /// Changes that the ledger does not have yet.
    pub unrecorded: usize,
}

impl Event for SnapshotPublished {
    fn emit(&self, telemetry: &Telemetry) {
        let set = |name, value: f64| telemetry.gauge(name, Vec::new()).set(value);
        set(REVISION, self.revision as f64);
        set(LIVE_POLICIES, self.live as f64);
        set(UNRECORDED, self.unrecorded as f64);
        tracing::debug!(
            revision = self.revision,
            live = self.live,
            unrecorded = self.unrecorded,
            "snapshot published"
        );
    }
}

fn label(key: &'static str, value: &str) -> Label {
    Label::new(key, value.to_owned())
}

/// A status code's three digits without an allocation.
struct StatusText([u8; 3]);

impl StatusText {
    fn new(status: u16) -> StatusText {
        let digit = |divisor: u16| b'0'.saturating_add(u8::try_from(status / divisor % 10).unwrap_or(0));
        StatusText([digit(100), digit(10), digit(1)])
    }

    fn as_str(&self) -> &str {
        // Only ASCII digits are ever stored.
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::super::Gauges;
    use super::*;

    fn decision(answered_by: &'static str) -> DecisionAnswered<'static> {
        DecisionAnswered {
            scope: "routing",
            policy: "routing-balanced",
            version: "1.0.0",
            answered_by,
            status: "FULL",
            duration: Duration::from_micros(30),
            fuel_used: Some(5_000),
            memory_peak_bytes: Some(1_048_576),
            fallbacks: 0,
        }
    }

    #[test]
    fn decisions_are_counted_by_scope_policy_version_and_who_answered() {
        let telemetry = Telemetry::new().unwrap();
        telemetry.emit(&decision("champion"));
        telemetry.emit(&decision("champion"));
        telemetry.emit(&decision("built_in"));
        let text = telemetry.render(Gauges::default());
        for line in [
            "signalbox_decisions_total{scope=\"routing\",policy=\"routing-balanced\",version=\"1.0.0\",\
             answered_by=\"champion\",status=\"FULL\"} 2\n",
            "answered_by=\"built_in\",status=\"FULL\"} 1\n",
            "signalbox_decision_duration_seconds_bucket{scope=\"routing\",answered_by=\"champion\",le=\"0.00005\"} 2\n",
            "signalbox_decision_fuel_count{scope=\"routing\",policy=\"routing-balanced\",version=\"1.0.0\"} 3\n",
        ] {
            assert!(text.contains(line), "{line}\nis not in\n{text}");
        }
    }

    #[test]
    fn fallbacks_and_refusals_are_counted_by_cause() {
        let telemetry = Telemetry::new().unwrap();
        telemetry.emit(&FallbackTaken {
            scope: "routing",
            policy: "p",
            version: "1.0.0",
            cause: "trap",
            detail: "unreachable",
            expected: false,
        });
        telemetry.emit(&RequestShed {
            limit: ShedLimit::BodyBytes,
        });
        telemetry.emit(&HttpAnswered {
            route: "/v1/scopes",
            method: "GET",
            status: 200,
            duration: Duration::from_millis(1),
        });
        let text = telemetry.render(Gauges::default());
        for line in [
            "signalbox_fallbacks_total{scope=\"routing\",policy=\"p\",version=\"1.0.0\",cause=\"trap\"} 1\n",
            "signalbox_requests_shed_total{limit=\"body_bytes\"} 1\n",
            "signalbox_http_requests_total{route=\"/v1/scopes\",method=\"GET\",status=\"200\"} 1\n",
        ] {
            assert!(text.contains(line), "{line}\nis not in\n{text}");
        }
    }
}
