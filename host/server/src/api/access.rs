//! Who may call what: one table, and nothing else lets anybody in. A route that does not stand here is refused.

use std::fmt;

use axum::http::Method;
use signalbox_domain::identity::Permission;

use Access::{Needs, Principal, Public};
use Permission::{
    Approve, Backup, BreakGlass, Decide, Erase, HoldRelease, ManageIdentity, ManageScope, ManageWebhooks,
    PromoteRelease, PutLever, ReadDecisions, ReadIdentity, ReadLedger, ReadMetrics, ReadPolicies,
    RejectRelease, ReportOutcomes, ReviewGlass, RollBack, SubmitRelease, WithdrawVersion,
};
use Place::{Host, InBody, InPath, Somewhere};

/// Who may call an endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Everybody, without a token.
    Public,
    /// Every principal, whatever their roles.
    Principal,
    /// Principals who have the permission there.
    Needs(Permission, Place),
}

/// Where a permission is needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// For the host as a whole, which takes a grant for every scope.
    Host,
    /// In some scope: what is shown belongs to none, or only what may be seen is shown.
    Somewhere,
    /// In the scope that the path has in the place of `{scope}`.
    InPath,
    /// In the scope that the body names or falls into. The handler checks it; whoever may in no scope at all is refused
    /// before the body is read.
    InBody,
}

/// One endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// Its method; `HEAD` goes with `GET`.
    pub method: &'static str,
    /// The pattern of its path.
    pub route: &'static str,
    /// Who may call it.
    pub access: Access,
}

/// Every endpoint, by path and then by method.
pub const ACCESS: &[Endpoint] = &[
    on("GET", "/docs", Public),
    on("GET", "/docs/", Public),
    on("GET", "/docs/{*file}", Public),
    on("GET", "/healthz", Public),
    on("GET", "/metrics", Needs(ReadMetrics, Host)),
    on("GET", "/openapi.json", Public),
    on("GET", "/readyz", Public),
    on("GET", "/v1/approver-keys", Needs(ReadIdentity, Host)),
    on("POST", "/v1/approver-keys", Needs(ManageIdentity, Host)),
    on(
        "DELETE",
        "/v1/approver-keys/{key_id}",
        Needs(ManageIdentity, Host),
    ),
    on("POST", "/v1/backups", Needs(Backup, Host)),
    on("DELETE", "/v1/decisions", Needs(Erase, Host)),
    on("GET", "/v1/decisions", Needs(ReadDecisions, Somewhere)),
    on("POST", "/v1/decisions/allocation", Needs(Decide, InBody)),
    on("GET", "/v1/decisions/export", Needs(ReadDecisions, Somewhere)),
    on("POST", "/v1/decisions/returns", Needs(Decide, InBody)),
    on("POST", "/v1/decisions/routing", Needs(Decide, InBody)),
    on(
        "GET",
        "/v1/decisions/{decision_id}",
        Needs(ReadDecisions, Somewhere),
    ),
    on(
        "GET",
        "/v1/decisions/{decision_id}/explanation",
        Needs(ReadDecisions, Somewhere),
    ),
    on(
        "POST",
        "/v1/decisions/{decision_id}/replay",
        Needs(ReadDecisions, Somewhere),
    ),
    on("GET", "/v1/delegations", Needs(ReadPolicies, Somewhere)),
    on("POST", "/v1/delegations", Needs(Approve, InBody)),
    on(
        "DELETE",
        "/v1/delegations/{delegation_id}",
        Needs(Approve, Somewhere),
    ),
    on("GET", "/v1/drift", Needs(ReadDecisions, Somewhere)),
    on("GET", "/v1/events", Needs(ReadPolicies, Somewhere)),
    on("GET", "/v1/ledger", Needs(ReadLedger, Somewhere)),
    on("GET", "/v1/ledger/checkpoint", Needs(ReadLedger, Somewhere)),
    on("GET", "/v1/levers", Needs(ReadPolicies, Somewhere)),
    on("DELETE", "/v1/levers/{lever_id}", Needs(PutLever, Host)),
    on("PUT", "/v1/levers/{lever_id}", Needs(PutLever, Host)),
    on("GET", "/v1/outcomes", Needs(ReadDecisions, Somewhere)),
    on("POST", "/v1/outcomes", Needs(ReportOutcomes, InBody)),
    on("GET", "/v1/plugins", Needs(ReadPolicies, Somewhere)),
    on("GET", "/v1/policies", Needs(ReadPolicies, Somewhere)),
    on(
        "GET",
        "/v1/policies/{name}/versions",
        Needs(ReadPolicies, Somewhere),
    ),
    on(
        "POST",
        "/v1/policies/{name}/versions/{version}/withdraw",
        Needs(WithdrawVersion, Host),
    ),
    on("GET", "/v1/principals", Needs(ReadIdentity, Host)),
    on("DELETE", "/v1/principals/{name}", Needs(ManageIdentity, Host)),
    on("PUT", "/v1/principals/{name}", Needs(ManageIdentity, Host)),
    on("GET", "/v1/problems", Public),
    on("GET", "/v1/releases", Needs(ReadPolicies, Somewhere)),
    on("POST", "/v1/releases", Needs(SubmitRelease, InBody)),
    on(
        "GET",
        "/v1/releases/{policy}/{version}",
        Needs(ReadPolicies, Somewhere),
    ),
    on(
        "GET",
        "/v1/releases/{policy}/{version}/approvals",
        Needs(ReadPolicies, Somewhere),
    ),
    on(
        "POST",
        "/v1/releases/{policy}/{version}/approve",
        Needs(Approve, InBody),
    ),
    on(
        "POST",
        "/v1/releases/{policy}/{version}/approve-signed",
        Needs(Approve, InBody),
    ),
    on(
        "POST",
        "/v1/releases/{policy}/{version}/dissent",
        Needs(Approve, InBody),
    ),
    on(
        "GET",
        "/v1/releases/{policy}/{version}/evidence",
        Needs(ReadPolicies, Somewhere),
    ),
    on(
        "POST",
        "/v1/releases/{policy}/{version}/evidence",
        Needs(PromoteRelease, InBody),
    ),
    on(
        "GET",
        "/v1/releases/{policy}/{version}/evidence/report",
        Needs(ReadPolicies, Somewhere),
    ),
    on(
        "POST",
        "/v1/releases/{policy}/{version}/hold",
        Needs(HoldRelease, InBody),
    ),
    on(
        "POST",
        "/v1/releases/{policy}/{version}/promote",
        Needs(PromoteRelease, InBody),
    ),
    on(
        "POST",
        "/v1/releases/{policy}/{version}/reject",
        Needs(RejectRelease, InBody),
    ),
    on(
        "POST",
        "/v1/releases/{policy}/{version}/resume",
        Needs(HoldRelease, InBody),
    ),
    on(
        "POST",
        "/v1/releases/{policy}/{version}/withdraw-approval",
        Needs(Approve, InBody),
    ),
    on("GET", "/v1/scopes", Needs(ReadPolicies, Somewhere)),
    on(
        "GET",
        "/v1/scopes/{scope}/break-glass",
        Needs(ReadPolicies, InPath),
    ),
    on(
        "POST",
        "/v1/scopes/{scope}/break-glass",
        Needs(BreakGlass, InPath),
    ),
    on(
        "POST",
        "/v1/scopes/{scope}/break-glass/confirm",
        Needs(BreakGlass, InPath),
    ),
    on(
        "POST",
        "/v1/scopes/{scope}/break-glass/end",
        Needs(BreakGlass, InPath),
    ),
    on(
        "POST",
        "/v1/scopes/{scope}/break-glass/review",
        Needs(ReviewGlass, InPath),
    ),
    on("POST", "/v1/scopes/{scope}/builtin", Needs(ManageScope, InPath)),
    on("POST", "/v1/scopes/{scope}/rollback", Needs(RollBack, InPath)),
    on("POST", "/v1/scopes/{scope}/use", Needs(ManageScope, InPath)),
    on("GET", "/v1/tokens", Needs(ReadIdentity, Host)),
    on("POST", "/v1/tokens", Needs(ManageIdentity, Host)),
    on("DELETE", "/v1/tokens/{token_id}", Needs(ManageIdentity, Host)),
    on("GET", "/v1/trials", Needs(ReadPolicies, Somewhere)),
    on("GET", "/v1/webhooks/dead-letters", Needs(ManageWebhooks, Host)),
    on(
        "POST",
        "/v1/webhooks/dead-letters/{dead_letter_id}/resend",
        Needs(ManageWebhooks, Host),
    ),
    on("GET", "/v1/whoami", Principal),
];

const fn on(method: &'static str, route: &'static str, access: Access) -> Endpoint {
    Endpoint {
        method,
        route,
        access,
    }
}

/// What the table says of a method and a path's pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Listed {
    /// Who may call it.
    As(Access),
    /// The path stands there with other methods only.
    OtherMethods,
    /// Nothing: refused to everybody.
    Not,
}

/// Looks an endpoint up.
pub fn listed(method: &Method, route: &str) -> Listed {
    let method = if method == Method::HEAD {
        "GET"
    } else {
        method.as_str()
    };
    let mut of_route = ACCESS
        .iter()
        .filter(|endpoint| endpoint.route == route)
        .peekable();
    if of_route.peek().is_none() {
        return Listed::Not;
    }
    of_route
        .find(|endpoint| endpoint.method == method)
        .map_or(Listed::OtherMethods, |endpoint| Listed::As(endpoint.access))
}

/// For people, as in `Needs one of the roles ...`.
impl fmt::Display for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (permission, place) = match self {
            Public => return f.write_str("Needs no token."),
            Principal => return f.write_str("Needs a token, whatever its principal's roles."),
            Needs(permission, place) => (permission, place),
        };
        let place = match place {
            Host => "in every scope",
            Somewhere => "in some scope",
            InPath => "in that scope",
            InBody => "in the scope that the request falls into",
        };
        let roles: Vec<&str> = permission.roles().iter().map(|role| role.as_str()).collect();
        match roles.as_slice() {
            [only] => write!(f, "Needs the role {only} {place}."),
            several => write!(f, "Needs one of the roles {} {place}.", several.join(", ")),
        }
    }
}
