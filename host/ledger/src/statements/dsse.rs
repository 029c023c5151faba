//! The envelope: what is signed, and how it is opened.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use signalbox_domain::Digest;
use signalbox_domain::approvals::{
    Approval, Envelope, EnvelopeSignature, NotAnApproval, PAYLOAD_TYPE, Statement,
};

use crate::journal::{PublicKey, Signature, SigningKey};

/// An envelope that is not what it should be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StatementError {
    /// Another kind of payload.
    #[error("expected the payload type {PAYLOAD_TYPE}, found {found:?}")]
    PayloadType {
        /// What it says.
        found: String,
    },
    /// No base64, or too long.
    #[error("`{field}`: expected base64 (RFC 4648, with padding), at most {max} characters")]
    Encoding {
        /// Which field.
        field: &'static str,
        /// Its bound in characters.
        max: usize,
    },
    /// Not exactly one signature.
    #[error("expected one signature, found {0}")]
    Signatures(usize),
    /// The key's name is none.
    #[error("`keyid`: expected the digest of a public key, found {found:?}")]
    KeyId {
        /// What it says.
        found: String,
    },
    /// The payload says something else than an approval.
    #[error("the payload is no statement of an approval")]
    Payload {
        /// Why.
        source: NotAnApproval,
    },
    /// Another key signed it, or nobody.
    #[error("the key {key} did not sign this: the statement was altered, or another key signed it")]
    NotSigned {
        /// The key that should have.
        key: Digest,
    },
}

/// What is signed of a payload: `DSSEv1 LEN(type) type LEN(payload) payload`, lengths in bytes as decimal digits,
/// separated by one space each (DSSE protocol, PAE).
pub fn pre_authentication_encoding(payload_type: &str, payload: &[u8]) -> Vec<u8> {
    let head = format!("DSSEv1 {} {payload_type} {} ", payload_type.len(), payload.len());
    let mut bytes = head.into_bytes();
    bytes.extend_from_slice(payload);
    bytes
}

/// Signs an approval. The same approval and key always give the same envelope.
pub fn sign(approval: &Approval, key: &SigningKey) -> Envelope {
    sign_payload(&Statement::of(approval).to_text(), key)
}

/// Signs an in-toto statement.
pub(super) fn sign_payload(payload: &str, key: &SigningKey) -> Envelope {
    let encoded = pre_authentication_encoding(PAYLOAD_TYPE, payload.as_bytes());
    Envelope {
        payload_type: PAYLOAD_TYPE.to_owned(),
        payload: STANDARD.encode(payload),
        signatures: vec![EnvelopeSignature {
            keyid: key.public().id().to_string(),
            sig: STANDARD.encode(key.sign_bytes(&encoded).as_bytes()),
        }],
    }
}

/// What an envelope says, and the key that it says signed it. Nothing of it is checked: [`verify`] does that.
///
/// # Errors
/// [`StatementError`] when it cannot be read.
pub fn read(envelope: &Envelope) -> Result<(Approval, Digest), StatementError> {
    let opened = open(envelope)?;
    Ok((opened.approval, opened.key))
}

/// What an envelope says, after checking that the private half of `key` signed it.
///
/// # Errors
/// [`StatementError`] when it cannot be read or the key did not sign it.
pub fn verify(envelope: &Envelope, key: &PublicKey) -> Result<Approval, StatementError> {
    let opened = open(envelope)?;
    opened.sealed.check(key)?;
    Ok(opened.approval)
}

struct Opened {
    approval: Approval,
    key: Digest,
    sealed: Sealed,
}

/// An envelope's payload, its signature, and the key that it says made that.
pub(super) struct Sealed {
    pub(super) payload: Vec<u8>,
    pub(super) key: Digest,
    signature: Signature,
}

impl Sealed {
    /// Checks that the private half of `key` signed it.
    pub(super) fn check(&self, key: &PublicKey) -> Result<(), StatementError> {
        let encoded = pre_authentication_encoding(PAYLOAD_TYPE, &self.payload);
        if self.key != key.id() || !key.signed_bytes(&encoded, &self.signature) {
            return Err(StatementError::NotSigned { key: key.id() });
        }
        Ok(())
    }
}

fn open(envelope: &Envelope) -> Result<Opened, StatementError> {
    let sealed = unseal(envelope)?;
    let text = str::from_utf8(&sealed.payload).map_err(|problem| StatementError::Payload {
        source: NotAnApproval {
            field: "payload",
            expected: "JSON in UTF-8".to_owned(),
            found: problem.to_string(),
        },
    })?;
    let approval = Statement::read(text).map_err(|source| StatementError::Payload { source })?;
    Ok(Opened {
        approval,
        key: sealed.key,
        sealed,
    })
}

pub(super) fn unseal(envelope: &Envelope) -> Result<Sealed, StatementError> {
    let shown = |text: &str| text.chars().take(120).collect::<String>();
    if envelope.payload_type != PAYLOAD_TYPE {
        return Err(StatementError::PayloadType {
            found: shown(&envelope.payload_type),
        });
    }
    let payload = decode("payload", &envelope.payload, Envelope::MAX_PAYLOAD)?;
    let [signature] = envelope.signatures.as_slice() else {
        return Err(StatementError::Signatures(envelope.signatures.len()));
    };
    let key = signature.keyid.parse().map_err(|_| StatementError::KeyId {
        found: shown(&signature.keyid),
    })?;
    let sig = decode("sig", &signature.sig, SIGNATURE_CHARS)?;
    let sig: [u8; 64] = sig.try_into().map_err(|_| StatementError::Encoding {
        field: "sig",
        max: SIGNATURE_CHARS,
    })?;
    Ok(Sealed {
        payload,
        key,
        signature: Signature::from_bytes(sig),
    })
}

/// 64 bytes in base64.
const SIGNATURE_CHARS: usize = 88;

fn decode(field: &'static str, text: &str, max: usize) -> Result<Vec<u8>, StatementError> {
    let refused = || StatementError::Encoding { field, max };
    if text.len() > max {
        return Err(refused());
    }
    STANDARD.decode(text).map_err(|_| refused())
}

#[cfg(test)]
mod tests {
    use signalbox_domain::Timestamp;
    use signalbox_domain::approvals::{Bound, SignedBy};
    use signalbox_domain::identity::Function;
    use signalbox_domain::release::ReleaseId;

    use super::*;

    fn approval() -> Approval {
        let version = "routing-balanced@1.2.0".parse().unwrap();
        Approval {
            release_id: ReleaseId::of("routing", &version),
            scope: "routing".to_owned(),
            version,
            bound: Bound {
                version: Digest::of(b"version"),
                plan: Digest::of(b"plan"),
                cost_book: Digest::of(b"book"),
                evidence: Digest::of(b"evidence"),
            },
            approver: "fay".to_owned(),
            functions: [Function::Finance].into(),
            delegation_id: None,
            conditions: vec!["watch the north for a week".to_owned()],
            reason: "fewer splits".to_owned(),
            given_at: Timestamp(1_000),
            expires_at: Timestamp(2_000),
            signed_by: SignedBy::ApproverKey,
        }
    }

    fn key(seed: u8) -> SigningKey {
        SigningKey::from_seed(&[seed; 32])
    }

    #[test]
    fn the_encoding_is_the_one_of_the_specification() {
        // DSSE 1.0, protocol.md, "Test Vectors": the PAE of its example.
        let encoded = pre_authentication_encoding("http://example.com/HelloWorld", b"hello world");
        assert_eq!(encoded, b"DSSEv1 29 http://example.com/HelloWorld 11 hello world");
        // Lengths are those of bytes, not of characters.
        assert_eq!(pre_authentication_encoding("ä", b""), "DSSEv1 2 ä 0 ".as_bytes());
    }

    #[test]
    fn what_was_signed_is_what_is_read() {
        let envelope = sign(&approval(), &key(1));
        assert_eq!(verify(&envelope, &key(1).public()), Ok(approval()));
        assert_eq!(read(&envelope), Ok((approval(), key(1).public().id())));
        let payload = STANDARD.decode(&envelope.payload).unwrap();
        let json: serde_json::Value = serde_json::from_slice(&payload).unwrap();
        assert_eq!(json["_type"], "https://in-toto.io/Statement/v1");
        assert_eq!(json["predicateType"], "https://signalbox.dev/approval/v1");
        assert_eq!(json["subject"][0]["name"], "routing-balanced@1.2.0");
        assert_eq!(
            json["subject"][0]["digest"]["sha256"],
            Digest::of(b"version").to_hex()
        );
    }

    #[test]
    fn another_key_another_payload_and_another_signature_are_refused() {
        let envelope = sign(&approval(), &key(1));
        let not_signed = |envelope: &Envelope, seed| {
            matches!(
                verify(envelope, &key(seed).public()),
                Err(StatementError::NotSigned { .. })
            )
        };
        assert!(not_signed(&envelope, 2));
        let richer = Approval {
            functions: [Function::Finance, Function::Operations].into(),
            ..approval()
        };
        let altered = Envelope {
            payload: sign(&richer, &key(1)).payload,
            ..envelope.clone()
        };
        assert!(not_signed(&altered, 1));
        let mut borrowed = sign(&richer, &key(2));
        borrowed.signatures[0].keyid = key(1).public().id().to_string();
        assert!(not_signed(&borrowed, 1));
    }

    #[test]
    fn an_envelope_that_is_none_is_refused_with_what_was_expected() {
        let good = sign(&approval(), &key(1));
        let with = |change: fn(&mut Envelope)| {
            let mut envelope = good.clone();
            change(&mut envelope);
            read(&envelope).unwrap_err()
        };
        assert!(matches!(
            with(|e| e.payload_type = "text/plain".to_owned()),
            StatementError::PayloadType { .. }
        ));
        assert!(matches!(
            with(|e| e.payload.push('!')),
            StatementError::Encoding { field: "payload", .. }
        ));
        assert!(matches!(
            with(|e| e.payload = "A".repeat(Envelope::MAX_PAYLOAD + 4)),
            StatementError::Encoding { field: "payload", .. }
        ));
        assert_eq!(with(|e| e.signatures.clear()), StatementError::Signatures(0));
        assert!(matches!(
            with(|e| e.signatures[0].keyid = "k".to_owned()),
            StatementError::KeyId { .. }
        ));
        assert!(matches!(
            with(|e| e.signatures[0].sig = "AAAA".to_owned()),
            StatementError::Encoding { field: "sig", .. }
        ));
        let other = with(|e| e.payload = STANDARD.encode("{\"_type\":\"x\"}"));
        assert!(matches!(other, StatementError::Payload { .. }), "{other}");
    }
}
