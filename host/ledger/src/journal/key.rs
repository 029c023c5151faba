//! The Ed25519 keys that sign the journal.

use std::fmt;

use ed25519_dalek::{Signer as _, VerifyingKey};
use signalbox_domain::Digest;

use super::hex;

/// An Ed25519 signature, 64 bytes; printed as 128 lower-case hex digits.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Signature([u8; 64]);

impl Signature {
    /// Reads 128 lower-case hex digits; `None` for anything else.
    pub fn parse(text: &str) -> Option<Signature> {
        hex::decode(text).map(Signature)
    }

    /// Its 64 bytes.
    pub const fn as_bytes(&self) -> &[u8; 64] {
        &self.0
    }

    /// A signature that was read elsewhere.
    pub const fn from_bytes(bytes: [u8; 64]) -> Signature {
        Signature(bytes)
    }
}

impl fmt::Display for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(&self.0))
    }
}

impl fmt::Debug for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The public half of a key; printed as 64 lower-case hex digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PublicKey(VerifyingKey);

impl PublicKey {
    /// Reads 64 lower-case hex digits; `None` for anything else, for bytes that are no key, and for weak keys, under
    /// which one signature fits many texts.
    pub fn parse(text: &str) -> Option<PublicKey> {
        let key = VerifyingKey::from_bytes(&hex::decode(text)?).ok()?;
        (!key.is_weak()).then_some(PublicKey(key))
    }

    /// What it is named by: the digest of its 32 bytes.
    pub fn id(&self) -> Digest {
        Digest::of(self.0.as_bytes())
    }

    /// Whether its private half signed exactly `text`.
    pub fn signed(&self, text: &str, signature: &Signature) -> bool {
        self.signed_bytes(text.as_bytes(), signature)
    }

    /// Whether its private half signed exactly these bytes.
    pub fn signed_bytes(&self, bytes: &[u8], signature: &Signature) -> bool {
        let signature = ed25519_dalek::Signature::from_bytes(&signature.0);
        self.0.verify_strict(bytes, &signature).is_ok()
    }
}

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0.as_bytes()))
    }
}

/// A key that signs. Its private half is never printed and is wiped from memory when dropped.
pub struct SigningKey(pub(crate) ed25519_dalek::SigningKey);

impl SigningKey {
    /// A key of 32 random bytes.
    pub(crate) fn from_seed(seed: &[u8; 32]) -> SigningKey {
        SigningKey(ed25519_dalek::SigningKey::from_bytes(seed))
    }

    /// The public half.
    pub fn public(&self) -> PublicKey {
        PublicKey(self.0.verifying_key())
    }

    /// Signs `text`. The same text always has the same signature.
    pub fn sign(&self, text: &str) -> Signature {
        self.sign_bytes(text.as_bytes())
    }

    /// Signs bytes. The same bytes always have the same signature.
    pub fn sign_bytes(&self, bytes: &[u8]) -> Signature {
        Signature(self.0.sign(bytes).to_bytes())
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey({})", self.public().id())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_second_test_of_rfc_8032_comes_out_as_printed_there() {
        // RFC 8032 section 7.1, test 2: the one-byte message 0x72, which is `r`.
        let seed = hex::decode("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb").unwrap();
        let key = SigningKey::from_seed(&seed);
        assert_eq!(
            key.public().to_string(),
            "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c"
        );
        assert_eq!(
            key.sign("r").to_string(),
            "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da\
             085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
        );
        assert!(key.public().signed("r", &key.sign("r")));
        assert!(!key.public().signed("s", &key.sign("r")));
    }

    #[test]
    fn a_weak_key_is_none() {
        // The neutral element: with it, one signature verifies for every text.
        let neutral = format!("01{}", "0".repeat(62));
        assert_eq!(PublicKey::parse(&neutral), None);
    }
}
