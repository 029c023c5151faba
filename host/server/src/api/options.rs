//! What bounds the API.

use std::time::Duration;

/// What bounds the API. Every limit is finite.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiOptions {
    /// Bytes of one request body.
    pub body_bytes_max: usize,
    /// Bytes of all request bodies together that are held at one time.
    pub body_bytes_in_flight_max: usize,
    /// How long a body may take to arrive.
    pub body_timeout: Duration,
    /// Decision requests that are worked on at one time, waiting for the sandbox included; more are shed.
    pub in_flight_max: usize,
    /// Bodies of at least so many bytes are parsed and validated off the runtime's own workers.
    pub offload_bytes: usize,
    /// Bodies that are parsed there at one time.
    pub offload_max: usize,
    /// How long a change may take before the caller is told that it is not confirmed.
    pub command_timeout: Duration,
    /// Whether changes are taken from this machine only, as with `serve --dev`.
    pub local_changes_only: bool,
}

impl Default for ApiOptions {
    fn default() -> Self {
        ApiOptions {
            body_bytes_max: 32 << 20,
            body_bytes_in_flight_max: 256 << 20,
            body_timeout: Duration::from_secs(10),
            in_flight_max: 1_024,
            offload_bytes: 256 << 10,
            offload_max: std::thread::available_parallelism().map_or(1, usize::from),
            command_timeout: Duration::from_secs(60),
            local_changes_only: false,
        }
    }
}
