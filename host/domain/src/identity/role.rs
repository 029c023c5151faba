//! Roles, and the functions that approvers speak for.

use std::fmt;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What a principal is to a scope.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Writes policies and submits releases.
    Author,
    /// Runs scopes: promotes, holds, rolls back, pulls levers.
    Operator,
    /// Agrees to releases for a function.
    Approver,
    /// Sees everything and changes nothing.
    Auditor,
    /// A system that asks for decisions.
    Service,
    /// Runs the host: identities, backups, erasure. Decides nothing about policies.
    Admin,
}

impl Role {
    /// Every role.
    pub const ALL: [Role; 6] = [
        Role::Author,
        Role::Operator,
        Role::Approver,
        Role::Auditor,
        Role::Service,
        Role::Admin,
    ];

    /// The word that stands for it in JSON and on the command line.
    pub const fn as_str(self) -> &'static str {
        match self {
            Role::Author => "author",
            Role::Operator => "operator",
            Role::Approver => "approver",
            Role::Auditor => "auditor",
            Role::Service => "service",
            Role::Admin => "admin",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What an approver speaks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Function {
    /// Those who run warehouses, stores and carriers.
    Operations,
    /// Those who own the cost book.
    Finance,
    /// Those who answer for law and contracts.
    Compliance,
    /// Those who answer for what may run.
    Security,
}

impl Function {
    /// Every function.
    pub const ALL: [Function; 4] = [
        Function::Operations,
        Function::Finance,
        Function::Compliance,
        Function::Security,
    ];

    /// The word that stands for it in TOML, JSON and on the command line.
    pub const fn as_str(self) -> &'static str {
        match self {
            Function::Operations => "operations",
            Function::Finance => "finance",
            Function::Compliance => "compliance",
            Function::Security => "security",
        }
    }
}

impl fmt::Display for Function {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
