//! Places at which tests stop the host dead, as a kill or a power cut would. Without the feature `fault-injection`, which
//! no release has, reaching one does nothing.

/// A place between two steps of a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FaultPoint {
    /// What adds exposure was checked; the ledger does not have it.
    AddChecked,
    /// The ledger has what adds exposure; nobody sees it.
    AddAppended,
    /// A stop is the writer's state; nobody sees it.
    StopChecked,
    /// Everybody sees a stop; the ledger does not have it.
    StopPublished,
    /// The ledger has a stop that everybody sees.
    StopAppended,
    /// A change is in the ledger and everybody sees it; who asked for it was not answered.
    Published,
}

#[cfg(feature = "fault-injection")]
static ARMED: std::sync::Mutex<Option<FaultPoint>> = std::sync::Mutex::new(None);

/// From here on the process dies when it reaches `point`.
#[cfg(feature = "fault-injection")]
pub fn arm(point: FaultPoint) {
    *ARMED.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = Some(point);
}

#[cfg(feature = "fault-injection")]
pub(super) fn reached(point: FaultPoint) {
    if *ARMED.lock().unwrap_or_else(std::sync::PoisonError::into_inner) == Some(point) {
        // No destructor, no flush, no unwinding.
        std::process::abort();
    }
}

#[cfg(not(feature = "fault-injection"))]
pub(super) const fn reached(_: FaultPoint) {}
