//! What an approver says.

use std::collections::BTreeSet;
use std::fmt;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::bound::Bound;
use super::statement::Statement;
use crate::digest::Digest;
use crate::events::PolicyVersion;
use crate::identity::Function;
use crate::release::ReleaseId;
use crate::time::{DAY_MS, Timestamp};

/// Whose key signed an approval.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SignedBy {
    /// The approver's own, which an admin registered.
    ApproverKey,
    /// The host's, on behalf of the approver, who showed a token.
    Host,
}

impl SignedBy {
    /// For people.
    pub const fn in_words(self) -> &'static str {
        match self {
            SignedBy::ApproverKey => "own key",
            SignedBy::Host => "host",
        }
    }
}

impl fmt::Display for SignedBy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.in_words())
    }
}

/// Somebody agrees that a version may decide, on this evidence: what is signed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Approval {
    /// The release.
    pub release_id: ReleaseId,
    /// Its scope.
    pub scope: String,
    /// Its version.
    pub version: PolicyVersion,
    /// What it rests on.
    pub bound: Bound,
    /// Who agrees.
    pub approver: String,
    /// What they speak for.
    pub functions: BTreeSet<Function>,
    /// The delegation by which they do; absent when the functions are their own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delegation_id: Option<String>,
    /// What they want to be seen to; shown with the release, and checked by people.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub conditions: Vec<String>,
    /// Why they agree.
    pub reason: String,
    /// When they said so.
    pub given_at: Timestamp,
    /// From when on it no longer counts.
    pub expires_at: Timestamp,
    /// Whose key signs it.
    pub signed_by: SignedBy,
}

/// An approval that cannot be, whoever gave it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{field}: expected {expected}, found {found}")]
pub struct Malformed {
    /// The field.
    pub field: &'static str,
    /// What was expected.
    pub expected: String,
    /// What was found.
    pub found: String,
}

impl Approval {
    /// The longest reason and the longest condition, in characters.
    pub const MAX_TEXT: usize = 500;
    /// The most conditions.
    pub const MAX_CONDITIONS: usize = 10;
    /// How long an approval counts when nobody says: 14 days.
    pub const DEFAULT_LIFETIME_MS: i64 = 14 * DAY_MS;
    /// The longest that one may count: 90 days.
    pub const MAX_LIFETIME_MS: i64 = 90 * DAY_MS;

    /// Its name: it follows from everything that it says.
    pub fn id(&self) -> String {
        let digest = Digest::of(Statement::of(self).to_text().as_bytes());
        let hex = digest.to_hex();
        format!("apr-{}", hex.get(..16).unwrap_or(&hex))
    }

    /// Checks the bounds of every field.
    ///
    /// # Errors
    /// [`Malformed`] for the first field that is outside them.
    pub fn check(&self) -> Result<(), Malformed> {
        let refuse = |field, expected: String, found: String| {
            Err(Malformed {
                field,
                expected,
                found,
            })
        };
        check_texts(&self.reason, &self.conditions)?;
        if self.functions.is_empty() {
            let expected = "a function to speak for: operations, finance, compliance or security";
            return refuse("functions", expected.to_owned(), "none".to_owned());
        }
        let lifetime = self.expires_at.millis_since(self.given_at);
        if !(1..=Approval::MAX_LIFETIME_MS).contains(&lifetime) {
            let expected = format!(
                "an instant after {}, at most {} days later",
                self.given_at,
                Approval::MAX_LIFETIME_MS / DAY_MS
            );
            return refuse("expires_at", expected, self.expires_at.to_string());
        }
        Ok(())
    }
}

/// Checks a reason, which is needed, and conditions.
///
/// # Errors
/// [`Malformed`] for the first that is too long or empty.
pub(super) fn check_texts(reason: &str, conditions: &[String]) -> Result<(), Malformed> {
    let refuse = |field, expected: String, found: String| {
        Err(Malformed {
            field,
            expected,
            found,
        })
    };
    let fits = |text: &str| !text.trim().is_empty() && text.chars().count() <= Approval::MAX_TEXT;
    if !fits(reason) {
        let expected = format!("why, in 1 to {} characters", Approval::MAX_TEXT);
        return refuse(
            "reason",
            expected,
            format!("{} characters", reason.chars().count()),
        );
    }
    if conditions.len() > Approval::MAX_CONDITIONS {
        let expected = format!("at most {}", Approval::MAX_CONDITIONS);
        return refuse("conditions", expected, conditions.len().to_string());
    }
    match conditions.iter().find(|condition| !fits(condition)) {
        None => Ok(()),
        Some(condition) => {
            let expected = format!("conditions of 1 to {} characters", Approval::MAX_TEXT);
            let found = format!("{} characters", condition.chars().count());
            refuse("conditions", expected, found)
        }
    }
}
