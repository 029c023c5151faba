//! A file that is vouched for: an in-toto statement about its bytes, signed, beside it.

use serde::{Deserialize, Serialize};
use signalbox_domain::Digest;
use signalbox_domain::approvals::{Envelope, STATEMENT_TYPE};

use super::dsse::{StatementError, sign_payload, unseal};
use crate::journal::{PublicKey, SigningKey};

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct FileStatement {
    #[serde(rename = "_type")]
    statement_type: String,
    subject: [FileSubject; 1],
    predicate_type: String,
    predicate: NoPredicate,
}

/// The file itself says everything else.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct NoPredicate {}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct FileSubject {
    name: String,
    digest: FileDigest,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct FileDigest {
    sha256: String,
}

/// A file that is not the one that was vouched for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// The envelope cannot be read, or another key signed it.
    #[error("the signature does not hold")]
    Statement(#[source] StatementError),
    /// It says something else than that this file has these bytes.
    #[error("`{field}` of what was signed: expected {expected}, found {found}")]
    Says {
        /// The field.
        field: &'static str,
        /// What was expected.
        expected: String,
        /// What was found.
        found: String,
    },
}

/// Vouches that the file `name` has the bytes of `digest`; `kind` is the predicate type, a URI.
pub fn seal(kind: &str, name: &str, digest: Digest, key: &SigningKey) -> Envelope {
    let statement = serde_json::json!({
        "_type": STATEMENT_TYPE,
        "subject": [{ "name": name, "digest": { "sha256": digest.to_hex() } }],
        "predicateType": kind,
        "predicate": {},
    });
    sign_payload(&statement.to_string(), key)
}

/// The key that an envelope says signed it. Nothing is checked: [`check_seal`] does that.
///
/// # Errors
/// [`SealError`] when the envelope cannot be read.
pub fn sealed_by(envelope: &Envelope) -> Result<Digest, SealError> {
    let sealed = unseal(envelope).map_err(SealError::Statement)?;
    Ok(sealed.key)
}

/// Checks that the private half of `key` vouched for the file `name` with the bytes of `digest`.
///
/// # Errors
/// [`SealError`], which says what is wrong.
pub fn check_seal(
    envelope: &Envelope,
    (kind, name): (&str, &str),
    digest: Digest,
    key: &PublicKey,
) -> Result<(), SealError> {
    let sealed = unseal(envelope).map_err(SealError::Statement)?;
    sealed.check(key).map_err(SealError::Statement)?;
    let says = |field, expected: &str, found: &str| SealError::Says {
        field,
        expected: expected.to_owned(),
        found: found.chars().take(120).collect(),
    };
    let statement: FileStatement = serde_json::from_slice(&sealed.payload).map_err(|problem| {
        says(
            "payload",
            "an in-toto statement about one file",
            &problem.to_string(),
        )
    })?;
    let [subject] = &statement.subject;
    for (field, expected, found) in [
        ("_type", STATEMENT_TYPE, &statement.statement_type),
        ("predicateType", kind, &statement.predicate_type),
        ("subject.name", name, &subject.name),
        ("subject.digest.sha256", &digest.to_hex(), &subject.digest.sha256),
    ] {
        if expected != found.as_str() {
            return Err(says(field, expected, found));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const KIND: &str = "https://signalbox.dev/backup/v1";

    fn key(seed: u8) -> SigningKey {
        SigningKey::from_seed(&[seed; 32])
    }

    #[test]
    fn a_seal_holds_for_this_file_these_bytes_this_kind_and_this_key_only() {
        let digest = Digest::of(b"bytes");
        let envelope = seal(KIND, "backup.json", digest, &key(1));
        let check =
            |kind, name, digest, seed| check_seal(&envelope, (kind, name), digest, &key(seed).public());
        assert_eq!(check(KIND, "backup.json", digest, 1), Ok(()));
        assert_eq!(sealed_by(&envelope), Ok(key(1).public().id()));
        let field = |result| match result {
            Err(SealError::Says { field, .. }) => field,
            other => panic!("{other:?}"),
        };
        assert_eq!(
            field(check("https://other", "backup.json", digest, 1)),
            "predicateType"
        );
        assert_eq!(field(check(KIND, "other.json", digest, 1)), "subject.name");
        assert_eq!(
            field(check(KIND, "backup.json", Digest::of(b"others"), 1)),
            "subject.digest.sha256"
        );
        assert!(matches!(
            check(KIND, "backup.json", digest, 2),
            Err(SealError::Statement(StatementError::NotSigned { .. }))
        ));
        let mut altered = envelope.clone();
        altered.payload = seal(KIND, "backup.json", Digest::of(b"others"), &key(1)).payload;
        assert!(matches!(
            check_seal(
                &altered,
                (KIND, "backup.json"),
                Digest::of(b"others"),
                &key(1).public()
            ),
            Err(SealError::Statement(StatementError::NotSigned { .. }))
        ));
    }
}
