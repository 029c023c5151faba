//! Bounds on work in flight. What does not fit is refused at once instead of slowing everything down.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::problem::{Problem, ProblemKind};
use crate::telemetry::{RequestShed, ShedLimit, Telemetry};

/// Bodies are counted in these units, because a semaphore counts to 2^29 on small machines.
const UNIT_BYTES: usize = 1_024;

/// The bounds of the decision routes.
#[derive(Clone)]
pub struct Gate {
    in_flight: Arc<Semaphore>,
    in_flight_max: usize,
    body_units: Arc<Semaphore>,
    body_units_max: usize,
    telemetry: Telemetry,
}

/// A request's share of the body bytes. Grows as the body arrives; given back when dropped.
pub struct BodyShare {
    gate: Gate,
    permit: Option<OwnedSemaphorePermit>,
}

impl Gate {
    /// Bounds of so many requests and so many bytes of bodies.
    pub fn new(in_flight_max: usize, body_bytes_max: usize, telemetry: Telemetry) -> Gate {
        let body_units_max = body_bytes_max
            .div_ceil(UNIT_BYTES)
            .clamp(1, Semaphore::MAX_PERMITS);
        Gate {
            in_flight: Arc::new(Semaphore::new(in_flight_max)),
            in_flight_max,
            body_units: Arc::new(Semaphore::new(body_units_max)),
            body_units_max,
            telemetry,
        }
    }

    /// A place for one more request; it is free again when the permit is dropped.
    ///
    /// # Errors
    /// `overloaded` when there is none.
    pub fn enter(&self) -> Result<OwnedSemaphorePermit, Problem> {
        let permit = Arc::clone(&self.in_flight).try_acquire_owned();
        permit.map_err(|_| self.shed(ShedLimit::InFlight, "requests in flight"))
    }

    /// An empty share of the body bytes.
    pub fn body_share(&self) -> BodyShare {
        BodyShare {
            gate: self.clone(),
            permit: None,
        }
    }

    /// Requests in flight.
    pub fn in_flight(&self) -> usize {
        self.in_flight_max
            .saturating_sub(self.in_flight.available_permits())
    }

    /// Bytes of bodies in flight, rounded up for each body.
    pub fn body_bytes(&self) -> usize {
        let units = self
            .body_units_max
            .saturating_sub(self.body_units.available_permits());
        units.saturating_mul(UNIT_BYTES)
    }

    fn shed(&self, limit: ShedLimit, what: &str) -> Problem {
        self.telemetry.emit(&RequestShed { limit });
        let detail = format!("the host's limit of {what} is reached; try again in a moment");
        Problem::new(ProblemKind::Overloaded, detail).retry_after(Duration::from_secs(1))
    }
}

impl BodyShare {
    /// Grows the share to `bytes`.
    ///
    /// # Errors
    /// `overloaded` when all bodies together would be too large.
    pub fn grow_to(&mut self, bytes: usize) -> Result<(), Problem> {
        let units = bytes.div_ceil(UNIT_BYTES);
        let held = self.permit.as_ref().map_or(0, OwnedSemaphorePermit::num_permits);
        let Some(more) = units.checked_sub(held).filter(|more| *more > 0) else {
            return Ok(());
        };
        let refused = || {
            self.gate
                .shed(ShedLimit::BodyBytes, "bytes of request bodies in flight")
        };
        let more = u32::try_from(more).map_err(|_| refused())?;
        let grown = Arc::clone(&self.gate.body_units)
            .try_acquire_many_owned(more)
            .map_err(|_| refused())?;
        match &mut self.permit {
            Some(permit) => permit.merge(grown),
            None => self.permit = Some(grown),
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gate(in_flight: usize, bytes: usize) -> Gate {
        Gate::new(in_flight, bytes, Telemetry::new().unwrap())
    }

    #[test]
    fn one_request_too_many_is_refused_and_a_finished_one_makes_room() {
        let gate = gate(1, 1 << 20);
        let first = gate.enter().unwrap();
        assert_eq!(gate.in_flight(), 1);
        assert_eq!(gate.enter().unwrap_err().kind(), ProblemKind::Overloaded);
        drop(first);
        assert!(gate.enter().is_ok());
    }

    #[test]
    fn bodies_share_their_bytes_and_give_them_back() {
        let gate = gate(8, 4 * UNIT_BYTES);
        let mut one = gate.body_share();
        let mut other = gate.body_share();
        one.grow_to(10).unwrap();
        one.grow_to(3 * UNIT_BYTES).unwrap();
        assert_eq!(gate.body_bytes(), 3 * UNIT_BYTES);
        other.grow_to(UNIT_BYTES).unwrap();
        assert_eq!(
            other.grow_to(UNIT_BYTES + 1).unwrap_err().kind(),
            ProblemKind::Overloaded
        );
        drop(one);
        other.grow_to(4 * UNIT_BYTES).unwrap();
    }
}
