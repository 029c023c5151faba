//! Delegations: an approver lets another one speak for them, for a while.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::approval::Malformed;
use super::same_person;
use crate::digest::Digest;
use crate::events::PolicyVersion;
use crate::identity::Function;
use crate::time::{DAY_MS, Timestamp};

/// An approver lends functions of their own to another approver of the scope. What is lent cannot be lent on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Delegation {
    /// Whose functions they are.
    pub from: String,
    /// Who speaks for them.
    pub to: String,
    /// Which functions.
    pub functions: BTreeSet<Function>,
    /// Where.
    pub scope: String,
    /// For this version's release only; absent means every release there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub only: Option<PolicyVersion>,
    /// From when on.
    pub begins_at: Timestamp,
    /// The first instant after it.
    pub ends_at: Timestamp,
}

/// A delegation as it stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Delegated {
    /// Its name.
    pub delegation_id: String,
    /// What it says.
    pub delegation: Delegation,
    /// Why it was made.
    pub reason: String,
    /// When it was made.
    pub made_at: Timestamp,
    /// When it was taken back; what rested on it no longer counts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revoked_at: Option<Timestamp>,
}

impl Delegation {
    /// The longest, in milliseconds: 90 days.
    pub const MAX_LENGTH_MS: i64 = 90 * DAY_MS;

    /// Its name: it follows from what it says and when it was made.
    pub fn id(&self, made_at: Timestamp) -> String {
        let json = serde_json::to_string(self).unwrap_or_default();
        let digest = Digest::of_parts(&[
            b"signalbox delegation 1",
            json.as_bytes(),
            made_at.to_string().as_bytes(),
        ]);
        let hex = digest.to_hex();
        format!("del-{}", hex.get(..16).unwrap_or(&hex))
    }

    /// Checks what holds of every delegation.
    ///
    /// # Errors
    /// [`Malformed`] for the first field that cannot be.
    pub fn check(&self) -> Result<(), Malformed> {
        let refuse = |field, expected: String, found: String| {
            Err(Malformed {
                field,
                expected,
                found,
            })
        };
        if self.functions.is_empty() {
            return refuse("functions", "what is delegated".to_owned(), "nothing".to_owned());
        }
        if same_person(&self.from, &self.to) {
            return refuse("to", "somebody else".to_owned(), format!("`{}` again", self.to));
        }
        let length = self.ends_at.millis_since(self.begins_at);
        if !(1..=Delegation::MAX_LENGTH_MS).contains(&length) {
            let expected = format!(
                "an instant after {}, at most {} days later",
                self.begins_at,
                Delegation::MAX_LENGTH_MS / DAY_MS
            );
            return refuse("ends_at", expected, self.ends_at.to_string());
        }
        Ok(())
    }

    /// Whether it is for releases of `version` in `scope`.
    pub fn covers(&self, scope: &str, version: &PolicyVersion) -> bool {
        self.scope == scope && self.only.as_ref().is_none_or(|only| only == version)
    }

    /// Whether both lend one function of the same approver for one release at one time: two people would then speak with
    /// one voice.
    pub fn collides(&self, other: &Delegation) -> bool {
        let releases_meet = match (&self.only, &other.only) {
            (Some(one), Some(other)) => one == other,
            _ => true,
        };
        same_person(&self.from, &other.from)
            && self.scope == other.scope
            && releases_meet
            && !self.functions.is_disjoint(&other.functions)
            && self.begins_at < other.ends_at
            && other.begins_at < self.ends_at
    }
}

impl Delegated {
    /// Whether it may be used at `at`.
    pub fn in_force(&self, at: Timestamp) -> bool {
        let dated = (self.delegation.begins_at..self.delegation.ends_at).contains(&at);
        dated && self.revoked_at.is_none_or(|revoked| at < revoked)
    }
}
