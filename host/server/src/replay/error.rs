//! Why something cannot be decided again.

use signalbox_domain::Domain;
use signalbox_domain::events::PolicyVersion;

use crate::control::ControlError;

/// A recorded decision cannot be made again.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    /// What was asked was erased.
    #[error("what was asked was erased from the decision log; only its digests are left")]
    Erased,
    /// The record is not one that this host can read.
    #[error("this host cannot read the record: {problem}; use the host version that wrote it")]
    Unreadable {
        /// Why.
        problem: String,
    },
    /// The request is not valid for this host, or any more.
    #[error("this host does not take the recorded request any more: {problem}")]
    Request {
        /// Why.
        problem: String,
    },
    /// The built-in policy of another host version answered.
    #[error(
        "the built-in policy of host {recorded} answered; only that version can decide it again, a policy version can be \
         tried with `--against`"
    )]
    OtherHost {
        /// That version.
        recorded: String,
    },
    /// The recorded policy has no name of a version.
    #[error("expected a policy version such as `routing-balanced@1.2.0`, found {version:?}")]
    Version {
        /// What was found.
        version: String,
    },
    /// The version cannot be had.
    #[error("the version cannot be loaded")]
    Load(#[source] ControlError),
    /// The version decides something else.
    #[error("{version} decides {decides}, this decision is one of {needed}")]
    Domain {
        /// The version.
        version: PolicyVersion,
        /// What it decides.
        decides: Domain,
        /// What was needed.
        needed: Domain,
    },
    /// The version has other bytes than then.
    #[error("{version} has other bytes than when it decided; the artifact store or the ledger was exchanged")]
    OtherBytes {
        /// The version.
        version: PolicyVersion,
    },
    /// The version has no decision.
    #[error("{version} has no decision for this request: {problem}")]
    NoDecision {
        /// The version.
        version: PolicyVersion,
        /// Why.
        problem: String,
    },
}
