//! Bearer tokens. The host keeps only the digest of a secret; whoever makes one draws its 256 bits elsewhere.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::digest::Digest;
use crate::time::Timestamp;

/// What is kept of a token.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TokenRecord {
    /// Its name, which is no secret.
    pub token_id: String,
    /// Whom it stands for.
    pub principal: String,
    /// SHA-256 of its secret. The secret has 256 random bits, so that a slow hash would add nothing.
    pub secret_hash: Digest,
    /// When it was made.
    pub created_at: Timestamp,
    /// From when on it is refused.
    pub expires_at: Timestamp,
    /// Whether it was revoked.
    #[serde(default)]
    pub revoked: bool,
}

/// A token that is not accepted. Callers are told one thing whatever the cause; the cause is for the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenRefusal {
    /// The secret is another one.
    #[error("the token's secret is wrong")]
    WrongSecret,
    /// It was revoked.
    #[error("the token was revoked")]
    Revoked,
    /// Its time is over.
    #[error("the token expired at {0}")]
    Expired(Timestamp),
}

impl TokenRecord {
    /// The longest id.
    pub const MAX_ID: usize = 40;

    /// Whether the token may be used at `now` by whoever knows `secret`.
    ///
    /// # Errors
    /// [`TokenRefusal`]; that it was revoked or expired is told only to who knows the secret.
    pub fn accepts(&self, secret: &[u8; 32], now: Timestamp) -> Result<(), TokenRefusal> {
        if !same(Digest::of(secret).as_bytes(), self.secret_hash.as_bytes()) {
            return Err(TokenRefusal::WrongSecret);
        }
        if self.revoked {
            return Err(TokenRefusal::Revoked);
        }
        if now >= self.expires_at {
            return Err(TokenRefusal::Expired(self.expires_at));
        }
        Ok(())
    }

    /// Whether it could be used at `now`.
    pub fn is_valid(&self, now: Timestamp) -> bool {
        !self.revoked && now < self.expires_at
    }
}

/// Compares without saying by its duration where the first difference is.
fn same(left: &[u8; 32], right: &[u8; 32]) -> bool {
    let differing = left
        .iter()
        .zip(right)
        .fold(0, |sum, (left, right)| sum | (left ^ right));
    std::hint::black_box(differing) == 0
}

/// A token as its owner shows it: `sbt_`, the id, `_` and the secret in 64 hex digits.
#[derive(Clone, PartialEq, Eq)]
pub struct BearerToken {
    token_id: String,
    secret: [u8; 32],
}

/// The text is no token. It is not repeated: it may be somebody's secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected a token: `sbt_`, its id, `_` and 64 lower-case hex digits")]
pub struct NotAToken;

impl BearerToken {
    const PREFIX: &'static str = "sbt_";

    /// Whether a text may be a token's id: 1 to [`TokenRecord::MAX_ID`] lower-case letters, digits and hyphens.
    pub fn is_id(text: &str) -> bool {
        let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        (1..=TokenRecord::MAX_ID).contains(&text.len()) && text.bytes().all(plain)
    }

    /// Puts an id and a secret together.
    ///
    /// # Errors
    /// [`NotAToken`] when the id is none by [`BearerToken::is_id`].
    pub fn new(token_id: &str, secret: [u8; 32]) -> Result<BearerToken, NotAToken> {
        if !BearerToken::is_id(token_id) {
            return Err(NotAToken);
        }
        Ok(BearerToken {
            token_id: token_id.to_owned(),
            secret,
        })
    }

    /// Its id.
    pub fn token_id(&self) -> &str {
        &self.token_id
    }

    /// Its secret.
    pub const fn secret(&self) -> &[u8; 32] {
        &self.secret
    }

    /// What the host keeps of the secret.
    pub fn secret_hash(&self) -> Digest {
        Digest::of(&self.secret)
    }

    /// The whole token, to be shown once to whom it belongs.
    pub fn reveal(&self) -> String {
        let hex: String = self.secret.iter().map(|byte| format!("{byte:02x}")).collect();
        format!("{}{}_{hex}", BearerToken::PREFIX, self.token_id)
    }
}

/// Without the secret, so that no log ever has it.
impl fmt::Debug for BearerToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}_...", BearerToken::PREFIX, self.token_id)
    }
}

impl FromStr for BearerToken {
    type Err = NotAToken;

    fn from_str(text: &str) -> Result<BearerToken, NotAToken> {
        let rest = text.strip_prefix(BearerToken::PREFIX).ok_or(NotAToken)?;
        let (token_id, hex) = rest.split_once('_').ok_or(NotAToken)?;
        // A digest is written in the same 64 digits, and reading it is tested there.
        let secret: Digest = format!("sha256:{hex}").parse().map_err(|_| NotAToken)?;
        BearerToken::new(token_id, *secret.as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record() -> TokenRecord {
        TokenRecord {
            token_id: "t-1".into(),
            principal: "ana".into(),
            secret_hash: Digest::of(&[7; 32]),
            created_at: Timestamp(0),
            expires_at: Timestamp(100),
            revoked: false,
        }
    }

    #[test]
    fn a_token_is_accepted_until_it_expires_or_is_revoked() {
        let token = record();
        assert_eq!(token.accepts(&[7; 32], Timestamp(99)), Ok(()));
        assert!(token.is_valid(Timestamp(99)) && !token.is_valid(Timestamp(100)));
        assert_eq!(
            token.accepts(&[7; 32], Timestamp(100)),
            Err(TokenRefusal::Expired(Timestamp(100)))
        );
        let mut wrong = [7; 32];
        wrong[31] = 8;
        assert_eq!(
            token.accepts(&wrong, Timestamp(100)),
            Err(TokenRefusal::WrongSecret)
        );
        let revoked = TokenRecord {
            revoked: true,
            ..token
        };
        assert_eq!(
            revoked.accepts(&[7; 32], Timestamp(1)),
            Err(TokenRefusal::Revoked)
        );
        assert_eq!(
            revoked.accepts(&wrong, Timestamp(1)),
            Err(TokenRefusal::WrongSecret)
        );
    }

    #[test]
    fn a_token_reads_as_it_is_written_and_never_shows_its_secret_by_accident() {
        let token = BearerToken::new("t-1", [0xab; 32]).unwrap();
        let text = token.reveal();
        assert_eq!(text, format!("sbt_t-1_{}", "ab".repeat(32)));
        assert_eq!(text.parse(), Ok(token.clone()));
        assert_eq!(token.secret_hash(), Digest::of(&[0xab; 32]));
        assert!(!format!("{token:?}").contains("ab"));
        for wrong in [
            "",
            "sbt_t-1",
            "sbt__00",
            &text[1..],
            &text[..text.len() - 1],
            &text.to_uppercase(),
            &text.replace("t-1", "T 1"),
        ] {
            assert_eq!(wrong.parse::<BearerToken>(), Err(NotAToken), "{wrong}");
        }
    }
}
