//! The three kinds of decision.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What is being decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Domain {
    /// Which node ships which part of an order.
    Routing,
    /// Who gets which stock.
    Allocation,
    /// What becomes of a returned item.
    Returns,
}

impl Domain {
    /// Every domain, in the order in which they are listed everywhere.
    pub const ALL: [Domain; 3] = [Domain::Routing, Domain::Allocation, Domain::Returns];

    /// The name as it stands in URLs, TOML and JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Domain::Routing => "routing",
            Domain::Allocation => "allocation",
            Domain::Returns => "returns",
        }
    }
}

impl fmt::Display for Domain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The text names no domain.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected one of `routing`, `allocation`, `returns`, found `{0}`")]
pub struct UnknownDomain(pub String);

impl FromStr for Domain {
    type Err = UnknownDomain;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Domain::ALL
            .into_iter()
            .find(|domain| domain.as_str() == text)
            .ok_or_else(|| UnknownDomain(text.to_owned()))
    }
}
