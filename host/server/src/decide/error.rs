//! Why a request has no answer.

use signalbox_domain::Domain;
use signalbox_domain::validate::InvalidRequest;

/// Why a request has no answer. That a policy failed is never among the reasons: another one answers.
#[derive(Debug, thiserror::Error)]
pub enum DecideError {
    /// Its fields cannot be used.
    #[error("the request cannot be used")]
    Invalid(#[source] InvalidRequest),
    /// No scope decides it.
    #[error(
        "no scope of domain {domain} matches business unit {business_unit:?}, channel {channel:?}, country {country:?}; \
         add a scope without selectors, or correct the request's"
    )]
    NoScope {
        /// What was to be decided.
        domain: Domain,
        /// The request's business unit.
        business_unit: Option<String>,
        /// Its channel.
        channel: Option<String>,
        /// Its country.
        country: Option<String>,
    },
    /// Even the built-in policy had no answer in time.
    #[error(
        "the request is too large to be answered in {deadline_ms} ms; raise `deadline_ms` or send a smaller slice"
    )]
    DeadlineMissed {
        /// The deadline.
        deadline_ms: u32,
    },
    /// A fault of the host.
    #[error("the built-in policy failed: {what}")]
    Failed {
        /// What happened.
        what: String,
    },
}
