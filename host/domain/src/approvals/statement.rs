//! An approval as an in-toto statement (in-toto Attestation Framework, Statement v1), which other tools read too.

use serde::{Deserialize, Serialize};

use super::approval::Approval;
use crate::canonical;

/// The type of every in-toto statement of this version.
pub const STATEMENT_TYPE: &str = "https://in-toto.io/Statement/v1";

/// What such a statement says here.
pub const PREDICATE_TYPE: &str = "https://signalbox.dev/approval/v1";

/// An approval, as a statement about a policy version.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Statement {
    #[serde(rename = "_type")]
    statement_type: String,
    subject: Vec<Subject>,
    predicate_type: String,
    predicate: Approval,
}

/// What a statement is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Subject {
    /// The version's name.
    pub name: String,
    /// Its digest.
    pub digest: SubjectDigest,
}

/// A digest as in-toto writes it: by algorithm, 64 hex digits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SubjectDigest {
    sha256: String,
}

/// The text is no statement of an approval.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{field}`: expected {expected}, found {found}")]
pub struct NotAnApproval {
    /// The field; `payload` for the whole.
    pub field: &'static str,
    /// What was expected.
    pub expected: String,
    /// What was found.
    pub found: String,
}

impl Statement {
    /// The statement that says `approval`.
    pub fn of(approval: &Approval) -> Statement {
        Statement {
            statement_type: STATEMENT_TYPE.to_owned(),
            subject: vec![subject(approval)],
            predicate_type: PREDICATE_TYPE.to_owned(),
            predicate: approval.clone(),
        }
    }

    /// Its canonical JSON, which is what is signed.
    pub fn to_text(&self) -> String {
        // Only texts and instants as texts, which always have a canonical form.
        let json = serde_json::to_value(self).unwrap_or_default();
        canonical::to_string(&json).unwrap_or_default()
    }

    /// Reads a statement and what it says. Whether it is signed, and whether what it says may be, is for others.
    ///
    /// # Errors
    /// [`NotAnApproval`] when it is of another type, or about something else than the approval in it.
    pub fn read(text: &str) -> Result<Approval, NotAnApproval> {
        let shown = |text: &str| format!("`{}`", text.chars().take(120).collect::<String>());
        let statement: Statement = serde_json::from_str(text).map_err(|problem| NotAnApproval {
            field: "payload",
            expected: "a statement of an approval".to_owned(),
            found: problem.to_string(),
        })?;
        for (field, expected, found) in [
            ("_type", STATEMENT_TYPE, &statement.statement_type),
            ("predicateType", PREDICATE_TYPE, &statement.predicate_type),
        ] {
            if expected != found {
                return Err(NotAnApproval {
                    field,
                    expected: format!("`{expected}`"),
                    found: shown(found),
                });
            }
        }
        let expected = subject(&statement.predicate);
        if statement.subject != [expected.clone()] {
            let first = statement.subject.first();
            return Err(NotAnApproval {
                field: "subject",
                expected: format!("only {} with sha256 {}", expected.name, expected.digest.sha256),
                found: first.map_or_else(
                    || "nothing".to_owned(),
                    |first| shown(&format!("{} {}", first.name, first.digest.sha256)),
                ),
            });
        }
        Ok(statement.predicate)
    }
}

fn subject(approval: &Approval) -> Subject {
    Subject {
        name: approval.version.to_string(),
        digest: SubjectDigest {
            sha256: approval.bound.version.to_hex(),
        },
    }
}
