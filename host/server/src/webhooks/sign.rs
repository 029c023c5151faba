//! Signatures as Standard Webhooks has them (<https://www.standardwebhooks.com>): HMAC-SHA256 over
//! `{id}.{timestamp}.{body}`, so that neither can be replaced and an old message cannot be sent again as a new one.

use std::fmt;
use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

/// The fewest bytes of a secret.
const BYTES_MIN: usize = 24;
/// The most bytes of its file.
const FILE_BYTES_MAX: u64 = 4_096;
/// What a secret in base64 begins with.
const PREFIX: &str = "whsec_";

/// The secret that a webhook's events are signed with. It is never shown.
#[derive(Clone)]
pub struct Secret(Vec<u8>);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

/// The secret cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// Its file.
    #[error("cannot read {}; check the path and its permissions", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// It is too short, or no base64.
    #[error(
        "{}: expected `{PREFIX}` and base64, or text, of at least {BYTES_MIN} bytes; `openssl rand -base64 32` makes one",
        .0.display()
    )]
    Unusable(PathBuf),
}

impl Secret {
    /// Reads a secret from its file. Blocks on the disk.
    ///
    /// # Errors
    /// [`SecretError`].
    pub fn read(path: &Path) -> Result<Secret, SecretError> {
        let mut text = String::new();
        File::open(path)
            .and_then(|file| file.take(FILE_BYTES_MAX).read_to_string(&mut text))
            .map_err(|source| SecretError::Read {
                path: path.to_owned(),
                source,
            })?;
        Secret::parse(text.trim()).ok_or_else(|| SecretError::Unusable(path.to_owned()))
    }

    /// A secret from its text: `whsec_` and base64, or the bytes themselves.
    pub fn parse(text: &str) -> Option<Secret> {
        let bytes = match text.strip_prefix(PREFIX) {
            Some(encoded) => STANDARD.decode(encoded).ok()?,
            None => text.as_bytes().to_vec(),
        };
        (bytes.len() >= BYTES_MIN).then_some(Secret(bytes))
    }

    /// The value of `webhook-signature` for a message.
    pub fn sign(&self, id: &str, timestamp_s: i64, body: &str) -> String {
        // HMAC takes keys of every length.
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&self.0) else {
            return String::new();
        };
        mac.update(format!("{id}.{timestamp_s}.{body}").as_bytes());
        format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the Standard Webhooks reference libraries.
    #[test]
    fn the_published_example_comes_out() {
        let secret = Secret::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let signed = secret.sign(
            "msg_p5jXN8AQM9LWM0D4loKWxJek",
            1_614_265_330,
            r#"{"test": 2432232314}"#,
        );
        assert_eq!(signed, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn a_secret_that_is_too_short_or_no_base64_is_refused_and_none_is_shown() {
        for bad in ["", "short", "whsec_short", "whsec_!!!!"] {
            assert!(Secret::parse(bad).is_none(), "{bad}");
        }
        let secret = Secret::parse("twenty-four bytes or more").unwrap();
        assert!(!format!("{secret:?}").contains("twenty"));
    }
}
