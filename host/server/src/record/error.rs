//! What can go wrong when decisions are recorded or looked up.

use signalbox_ledger::decisions::{AppendError, DecisionLogError, MaskError};
use uuid::Uuid;

/// A decision was not recorded, or cannot be found.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// The configuration wants no log.
    #[error("this host records no decisions; set `decisions.log = \"durable\"` in its configuration")]
    Off,
    /// The log itself.
    #[error("the decision log cannot be used")]
    Log(#[from] DecisionLogError),
    /// The salt for masking.
    #[error("the salt for masking {} cannot be read or made; check its folder's permissions", path.display())]
    Salt {
        /// Its file.
        path: std::path::PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The request could not be masked, so it is not kept.
    #[error("the request cannot be masked as configured, so it is not kept")]
    Mask(#[source] MaskError),
    /// The log refused the record.
    #[error("the decision is not in the decision log")]
    NotLogged(#[source] AppendError),
    /// The disk did not have the record in time.
    #[error("the decision log did not have the decision durably before its deadline")]
    LogTooSlow,
    /// Another body under the same idempotency key.
    #[error(
        "the idempotency key was used with another body for decision {decision_id}; a retry must send the same bytes, a \
         new request needs a new key"
    )]
    KeyReused {
        /// The decision that was made under it.
        decision_id: Uuid,
    },
    /// The first request with this key is still being decided.
    #[error("the first request with this idempotency key is still being decided; ask again in a moment")]
    KeyInFlight,
    /// What was answered was erased since.
    #[error("what was answered under this idempotency key was erased; use a new key")]
    Erased,
    /// The host is shutting down.
    #[error("the host is shutting down")]
    Stopped,
}
