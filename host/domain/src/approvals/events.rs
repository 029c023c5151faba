//! What the ledger says of approvals.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::approval::Approval;
use super::envelope::Envelope;
use crate::digest::Digest;
use crate::events::PolicyVersion;
use crate::identity::Function;
use crate::time::Timestamp;

/// The evidence of a release was frozen: from here on approvals can be given, bound to it. Those that were given on other
/// evidence stand, and no longer count.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EvidenceFrozen {
    /// The scope.
    pub scope: String,
    /// The version.
    pub version: PolicyVersion,
    /// The digest of the document.
    pub evidence: Digest,
    /// The digest of the cost book with which its money was computed.
    pub cost_book: Digest,
}

/// Somebody agreed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ApprovalGiven {
    /// Its name.
    pub approval_id: String,
    /// What it says.
    pub approval: Approval,
    /// The same, signed.
    pub envelope: Envelope,
}

/// Somebody disagreed. Blocks nothing by itself; an approval of theirs on this release no longer counts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Dissented {
    /// The scope.
    pub scope: String,
    /// The version.
    pub version: PolicyVersion,
    /// The evidence that was frozen then, if any was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evidence: Option<Digest>,
    /// What they speak for.
    pub functions: BTreeSet<Function>,
    /// What would have to change.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub conditions: Vec<String>,
}

/// Nobody, or not everybody who has to, has answered for long. Whoever is told by this decides nothing by silence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ApprovalEscalated {
    /// The scope.
    pub scope: String,
    /// The version.
    pub version: PolicyVersion,
    /// The evidence that waits.
    pub evidence: Digest,
    /// Since when.
    pub waiting_since: Timestamp,
    /// The functions for which nobody agreed yet.
    pub missing_functions: BTreeSet<Function>,
    /// How many people are missing.
    pub missing_people: u32,
}
