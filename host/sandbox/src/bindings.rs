//! How functions of a policy are called: one module for each version of the contract that a host speaks.

pub(crate) mod v1_0;

use serde::{Deserialize, Serialize};

/// Exact names of the two interfaces that a policy exports.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ExportNames {
    pub(crate) plugin: String,
    pub(crate) domain: String,
}
