//! What is counted of releases.

use metrics::Label;

use super::events::Event;
use super::metrics::{DRIFT, GATES_UNMET, PROMOTIONS_REFUSED, RELEASE_EVENTS, RELEASES, Telemetry};

/// A release was submitted, or went to another phase.
#[derive(Clone, Copy, Debug)]
pub struct ReleaseMoved<'a> {
    /// Its scope.
    pub scope: &'a str,
    /// What happened, in one word.
    pub event: &'static str,
}

impl Event for ReleaseMoved<'_> {
    fn emit(&self, telemetry: &Telemetry) {
        let labels = vec![scope(self.scope), Label::from_static_parts("event", self.event)];
        telemetry.counter(RELEASE_EVENTS, labels).increment(1);
    }
}

/// A promotion was refused because gates are unmet.
#[derive(Clone, Copy, Debug)]
pub struct PromotionRefused<'a> {
    /// The scope.
    pub scope: &'a str,
    /// The gates that stand in the way.
    pub unmet: &'a [&'a str],
}

impl Event for PromotionRefused<'_> {
    fn emit(&self, telemetry: &Telemetry) {
        telemetry
            .counter(PROMOTIONS_REFUSED, vec![scope(self.scope)])
            .increment(1);
        for gate in self.unmet {
            let labels = vec![scope(self.scope), Label::new("gate", (*gate).to_owned())];
            telemetry.counter(GATES_UNMET, labels).increment(1);
        }
        tracing::info!(scope = self.scope, unmet = ?self.unmet, "a promotion was refused");
    }
}

/// How far a feature of a scope's last day is from what its champion was judged on.
#[derive(Clone, Copy, Debug)]
pub struct DriftSeen<'a> {
    /// The scope.
    pub scope: &'a str,
    /// The feature.
    pub feature: &'a str,
    /// Its population stability index; 0 where it cannot be told.
    pub index: f64,
}

impl Event for DriftSeen<'_> {
    fn emit(&self, telemetry: &Telemetry) {
        let labels = vec![scope(self.scope), Label::new("feature", self.feature.to_owned())];
        telemetry.gauge(DRIFT, labels).set(self.index);
    }
}

/// How many releases of a scope are in a phase.
#[derive(Clone, Copy, Debug)]
pub struct ReleasesInPhase<'a> {
    /// The scope.
    pub scope: &'a str,
    /// The phase, in one word.
    pub phase: &'static str,
    /// How many.
    pub count: usize,
}

impl Event for ReleasesInPhase<'_> {
    fn emit(&self, telemetry: &Telemetry) {
        let labels = vec![scope(self.scope), Label::from_static_parts("phase", self.phase)];
        telemetry.gauge(RELEASES, labels).set(self.count as f64);
    }
}

fn scope(name: &str) -> Label {
    Label::new("scope", name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::telemetry::Gauges;

    #[test]
    fn releases_are_counted_by_scope() {
        let telemetry = Telemetry::new().unwrap();
        telemetry.emit(&ReleaseMoved {
            scope: "routing",
            event: "promoted",
        });
        let unmet = ["hours", "freeze"];
        for _ in 0..2 {
            telemetry.emit(&PromotionRefused {
                scope: "routing",
                unmet: &unmet,
            });
        }
        for count in [2, 0] {
            telemetry.emit(&ReleasesInPhase {
                scope: "routing",
                phase: "shadow",
                count,
            });
        }
        let text = telemetry.render(Gauges::default());
        for line in [
            "signalbox_release_events_total{scope=\"routing\",event=\"promoted\"} 1\n",
            "signalbox_promotions_refused_total{scope=\"routing\"} 2\n",
            "signalbox_gates_unmet_total{scope=\"routing\",gate=\"hours\"} 2\n",
            "signalbox_releases{scope=\"routing\",phase=\"shadow\"} 0\n",
        ] {
            assert!(text.contains(line), "{line} is not in\n{text}");
        }
    }
}
