//! The live path: from a parsed request to an answer. No JSON, no file, no clock but the monotonic one.
//!
//! A request is [opened](Decider::open) once, against one snapshot: scope, validation, levers, deadline. Then it
//! [runs](Decider::run) down the fallback chain:
//!
//! | next in the chain | may work until | and where it was assigned to the canary |
//! |---|---|---|
//! | canary | | 70 % of the deadline |
//! | champion | 70 % of the deadline | 85 % |
//! | previous champion | 85 % | 92 % |
//! | built-in policy | the deadline | the deadline |
//!
//! A policy whose own `limits.deadline_ms` is shorter than its share works no longer than that. While a release is in its
//! canary, the arm is settled when the request is opened and stays what it is, whoever answers: also under the kill
//! switch, under which the built-in policy answers both arms.
//!
//! The deadline counts from the arrival of the request's head. Whatever a policy decides is checked against every
//! invariant of its domain and priced by the host before it becomes an answer; one that traps, takes too long, uses too
//! much, breaks an invariant, is too unsure or has nothing to say is passed over, and the answer says so.

mod accept;
mod answer;
mod assigned;
mod chain;
mod deadline;
mod error;
mod opened;
mod shadow;

use signalbox_domain::validate::Bounds;
use signalbox_sandbox::Sandbox;

use crate::telemetry::Telemetry;

pub(crate) use accept::acceptable;
pub use answer::{About, Decided};
pub use error::DecideError;
pub use opened::{Edge, Opened, seed_of};
pub use shadow::{Shadow, ShadowDepth, ShadowSettings, ShadowWorkers};

/// A domain's validated request that policies can decide.
pub trait Decidable: signalbox_sandbox::GuestCase {}

impl<C: signalbox_sandbox::GuestCase> Decidable for C {}

/// Answers requests. Holds no state of its own: what is live comes with the snapshot of each request.
#[derive(Clone)]
pub struct Decider {
    bounds: Bounds,
    sandbox: Sandbox,
    telemetry: Telemetry,
    shadow: Option<Shadow>,
}

impl Decider {
    /// Requests may hold what `bounds` says; policies decide in `sandbox`.
    pub fn new(bounds: Bounds, sandbox: Sandbox, telemetry: Telemetry) -> Decider {
        Decider {
            bounds,
            sandbox,
            telemetry,
            shadow: None,
        }
    }

    /// Offers what it answers to the shadow.
    pub fn with_shadow(mut self, shadow: Shadow) -> Decider {
        self.shadow = Some(shadow);
        self
    }

    /// Decisions that policies work on at this moment, and how many they may.
    pub fn permits(&self) -> (usize, usize) {
        self.sandbox.live_permits()
    }
}
