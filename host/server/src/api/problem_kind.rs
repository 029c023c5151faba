//! The closed list of what can go wrong for a caller.

use serde::Serialize;
use utoipa::ToSchema;

/// Declares the list: each kind with its slug, status, title, and what it means and what to do.
macro_rules! kinds {
    ($($name:ident: $slug:literal, $status:literal, $title:literal, $meaning:literal;)+) => {
        /// What can go wrong. Each kind has a stable URI; none is ever removed or given another meaning.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum ProblemKind {
            $(#[doc = $meaning] $name,)+
        }

        impl ProblemKind {
            /// Every kind.
            pub const ALL: &[ProblemKind] = &[$(ProblemKind::$name),+];

            /// The last part of the URI.
            pub const fn slug(self) -> &'static str {
                match self { $(ProblemKind::$name => $slug,)+ }
            }

            /// The `type`.
            pub const fn uri(self) -> &'static str {
                match self { $(ProblemKind::$name => concat!("urn:signalbox:problem:", $slug),)+ }
            }

            /// The HTTP status.
            pub const fn status(self) -> u16 {
                match self { $(ProblemKind::$name => $status,)+ }
            }

            /// The title.
            pub const fn title(self) -> &'static str {
                match self { $(ProblemKind::$name => $title,)+ }
            }

            /// What it means and what to do.
            pub const fn meaning(self) -> &'static str {
                match self { $(ProblemKind::$name => $meaning,)+ }
            }
        }
    };
}

kinds! {
    MalformedJson: "malformed-json", 400, "The body is not JSON",
        "The body breaks JSON's grammar at `line` and `column`. Correct the caller.";
    Unauthenticated: "unauthenticated", 401, "No valid token was shown",
        "The endpoint needs `authorization: Bearer TOKEN` with a token of this host that is neither expired nor revoked. \
         `signalbox login` stores one for the command line; an admin makes one with `signalbox token create`.";
    Forbidden: "forbidden", 403, "The caller may not do this",
        "The token is valid, but its principal has no role that may do this there. The detail says which it takes; an admin \
         gives roles with `signalbox principal put`.";
    LocalOnly: "local-only", 403, "Only from this machine",
        "A host that was started with `serve --dev` takes changes only over a direct connection from its own machine, \
         addressed as localhost or a loopback address, and not through a proxy. Run the command there.";
    CrossSite: "cross-site", 403, "A web page of another site may not do this",
        "A browser sent this on behalf of another site. Changes are made with the `signalbox` command.";
    NotFound: "not-found", 404, "There is no such thing here",
        "The path, or what it names (a scope, policy, version or lever), does not exist. The detail lists what does.";
    MethodNotAllowed: "method-not-allowed", 405, "The path has no such method",
        "The path exists but not with this method. The interactive page at /docs lists what does.";
    BodyTimeout: "body-timeout", 408, "The body took too long to arrive",
        "The body was not complete in the time that the host waits. Send it faster, or raise the host's limit.";
    Conflict: "conflict", 409, "The state changed at the same time",
        "Somebody else changed the same thing. Look at it again and repeat the command if it still makes sense.";
    KeyReused: "idempotency-key-reused", 409, "The idempotency key stands for another request",
        "A retry must send exactly the same bytes under its key; a new request needs a new key.";
    NotPossible: "not-possible", 409, "The present state does not allow this",
        "The request is well formed, but what it asks for cannot be done now. The detail says why and what would help.";
    BodyTooLarge: "body-too-large", 413, "The body is too large",
        "The body has more bytes than the host accepts. Send a smaller slice of the network.";
    UnsupportedMediaType: "unsupported-media-type", 415, "The body must be JSON",
        "Send `content-type: application/json` and no content-encoding.";
    InvalidRequest: "invalid-request", 422, "Fields cannot be used",
        "The body is JSON, but the fields in `errors` are unknown, missing, of the wrong type, out of bounds or contradict \
         each other. Correct the caller.";
    NoScope: "no-scope", 422, "No scope decides this request",
        "The host's scopes all have selectors that this request does not match. Add a scope without selectors, or correct \
         the request's.";
    TooManyAttempts: "too-many-attempts", 429, "Too many failed attempts",
        "So many attempts without a valid token came from this address within a minute that further ones are not looked \
         into. Correct the token; a valid one is accepted at once.";
    Internal: "internal", 500, "The host failed",
        "A fault of the host. Its log has the cause under the request's id; repeating the request may help.";
    LedgerUnavailable: "ledger-unavailable", 503, "The ledger cannot be written",
        "Nothing that adds exposure is accepted until the ledger can be written; stops and rollbacks still work.";
    NotLogged: "not-logged", 503, "The decision could not be recorded",
        "This host answers only what it has recorded (`decisions.on_log_failure = \"refuse\"`), and the decision log did not \
         take it. Try again; if it lasts, the host's disk needs care.";
    NotReady: "not-ready", 503, "The host is still starting",
        "What was live before has not been loaded yet. Try again after `retry-after` seconds.";
    Overloaded: "overloaded", 503, "The host has as much to do as it may",
        "A limit on work in flight is reached. Try again after `retry-after` seconds, with jitter.";
    ShuttingDown: "shutting-down", 503, "The host is shutting down",
        "It finishes what it has begun and takes nothing new. Ask another instance, or try again when it is back.";
    DeadlineMissed: "deadline-missed", 504, "No answer within the deadline",
        "Even the built-in policy had no answer in time: the request is too large for its deadline. Raise `deadline_ms` or \
         send a smaller slice.";
    CommandTimeout: "command-timeout", 504, "The change is not confirmed",
        "The change was begun and not confirmed in time; it may still take effect. Look at the state before repeating it.";
}

/// One kind, as `/v1/problems` lists it.
#[derive(Debug, Serialize, ToSchema)]
pub struct ProblemEntry {
    /// The `type`.
    #[serde(rename = "type")]
    uri: &'static str,
    /// The HTTP status.
    status: u16,
    /// The title.
    title: &'static str,
    /// What it means and what to do.
    meaning: &'static str,
}

impl ProblemEntry {
    /// Every kind.
    pub fn all() -> Vec<ProblemEntry> {
        let entry = |kind: &ProblemKind| ProblemEntry {
            uri: kind.uri(),
            status: kind.status(),
            title: kind.title(),
            meaning: kind.meaning(),
        };
        ProblemKind::ALL.iter().map(entry).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Callers match on these: a change here breaks them.
    #[test]
    fn uris_and_statuses_are_stable() {
        let list: Vec<String> = ProblemKind::ALL
            .iter()
            .map(|kind| format!("{} {}", kind.status(), kind.uri()))
            .collect();
        insta::assert_snapshot!(list.join("\n"), @"
        400 urn:signalbox:problem:malformed-json
        401 urn:signalbox:problem:unauthenticated
        403 urn:signalbox:problem:forbidden
        403 urn:signalbox:problem:local-only
        403 urn:signalbox:problem:cross-site
        404 urn:signalbox:problem:not-found
        405 urn:signalbox:problem:method-not-allowed
        408 urn:signalbox:problem:body-timeout
        409 urn:signalbox:problem:conflict
        409 urn:signalbox:problem:idempotency-key-reused
        409 urn:signalbox:problem:not-possible
        413 urn:signalbox:problem:body-too-large
        415 urn:signalbox:problem:unsupported-media-type
        422 urn:signalbox:problem:invalid-request
        422 urn:signalbox:problem:no-scope
        429 urn:signalbox:problem:too-many-attempts
        500 urn:signalbox:problem:internal
        503 urn:signalbox:problem:ledger-unavailable
        503 urn:signalbox:problem:not-logged
        503 urn:signalbox:problem:not-ready
        503 urn:signalbox:problem:overloaded
        503 urn:signalbox:problem:shutting-down
        504 urn:signalbox:problem:deadline-missed
        504 urn:signalbox:problem:command-timeout
        ");
    }
}
