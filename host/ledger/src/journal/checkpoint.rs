//! A checkpoint: one signed line that says where the journal ended at an instant. Kept elsewhere, it proves later that
//! the entries up to it are the ones that were there then.
//!
//! `signalbox-checkpoint v1 seq=7 digest=sha256:... at=2026-11-23T14:00:00.000Z key=sha256:... sig=...`
//!
//! The signature is Ed25519 over the line's bytes before ` sig=`; `key` is the SHA-256 of the 32 bytes of the public key,
//! which the journal itself holds in its `ledger_key_changed` entries.

use std::fmt;
use std::str::FromStr;

use signalbox_domain::{Digest, Timestamp};

use super::key::{PublicKey, Signature, SigningKey};
use super::record::Head;

const PREFIX: &str = "signalbox-checkpoint v1 ";

/// Where a journal ended at an instant, signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// The last entry, by number and digest.
    pub head: Head,
    /// When that was.
    pub at: Timestamp,
    /// The key that signed: the digest of its 32 public bytes.
    pub key: Digest,
    /// Its signature over the line up to there.
    pub signature: Signature,
}

/// The text is no checkpoint.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "expected `signalbox-checkpoint v1 seq=N digest=sha256:... at=INSTANT key=sha256:... sig=HEX` on one line, \
     {problem}: {found:?}"
)]
pub struct NotACheckpoint {
    /// What is wrong.
    pub problem: &'static str,
    /// The beginning of the text.
    pub found: String,
}

/// A file of checkpoints cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CheckpointsError {
    /// A line is none.
    #[error("line {line} holds no checkpoint that can be read")]
    Line {
        /// Which, from 1.
        line: usize,
        /// Why.
        source: NotACheckpoint,
    },
    /// No line is one.
    #[error("expected at least one line with `signalbox-checkpoint v1 ...`, found none")]
    None,
}

impl Checkpoint {
    /// Signs that the journal ends at `head`.
    pub(super) fn sign(head: Head, at: Timestamp, key: &SigningKey) -> Checkpoint {
        let id = key.public().id();
        Checkpoint {
            head,
            at,
            key: id,
            signature: key.sign(&signed_text(head, at, id)),
        }
    }

    /// Whether `key` is the one that it names and signed it.
    pub fn is_signed_by(&self, key: &PublicKey) -> bool {
        key.id() == self.key && key.signed(&signed_text(self.head, self.at, self.key), &self.signature)
    }

    /// Every checkpoint in `text`: a file of lines, or a log in which they stand in longer lines. Lines without any are
    /// passed over.
    ///
    /// # Errors
    /// [`CheckpointsError`] when a line begins one that cannot be read, or no line has one.
    pub fn find_all(text: &str) -> Result<Vec<Checkpoint>, CheckpointsError> {
        let mut found = Vec::new();
        for (place, line) in text.lines().enumerate() {
            let Some((_, rest)) = line.split_once(PREFIX) else {
                continue;
            };
            // A log may put quotes and more behind it.
            let end = rest.find(['"', '\\', '\'']).unwrap_or(rest.len());
            let words = rest.get(..end).unwrap_or(rest).split(' ').take(5);
            let line = format!("{PREFIX}{}", words.collect::<Vec<_>>().join(" "));
            let checkpoint = line.trim_end().parse().map_err(|source| CheckpointsError::Line {
                line: place.saturating_add(1),
                source,
            })?;
            found.push(checkpoint);
        }
        if found.is_empty() {
            return Err(CheckpointsError::None);
        }
        Ok(found)
    }
}

fn signed_text(head: Head, at: Timestamp, key: Digest) -> String {
    format!(
        "{PREFIX}seq={} digest={} at={at} key={key}",
        head.seq, head.digest
    )
}

impl fmt::Display for Checkpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = signed_text(self.head, self.at, self.key);
        write!(f, "{text} sig={}", self.signature)
    }
}

impl FromStr for Checkpoint {
    type Err = NotACheckpoint;

    fn from_str(text: &str) -> Result<Checkpoint, NotACheckpoint> {
        let refused = |problem| NotACheckpoint {
            problem,
            found: text.chars().take(400).collect(),
        };
        let rest = text
            .strip_prefix(PREFIX)
            .ok_or_else(|| refused("it begins otherwise"))?;
        let mut words = rest.split(' ');
        let mut word = |name: &str| {
            let value = words.next().and_then(|word| word.strip_prefix(name));
            value.and_then(|value| value.strip_prefix('='))
        };
        let seq = word("seq")
            .and_then(|seq| seq.parse().ok())
            .ok_or_else(|| refused("`seq` is no number"))?;
        let digest = word("digest")
            .and_then(|digest| digest.parse().ok())
            .ok_or_else(|| refused("`digest` is no digest"))?;
        let at = word("at")
            .and_then(Timestamp::parse)
            .ok_or_else(|| refused("`at` is no instant"))?;
        let key = word("key")
            .and_then(|key| key.parse().ok())
            .ok_or_else(|| refused("`key` is no digest"))?;
        let signature = word("sig")
            .and_then(Signature::parse)
            .ok_or_else(|| refused("`sig` is no signature of 128 hex digits"))?;
        let checkpoint = Checkpoint {
            head: Head { seq, digest },
            at,
            key,
            signature,
        };
        // One spelling: `seq=07` or another offset would be a text that nobody signed.
        if seq == 0 || checkpoint.to_string() != text {
            return Err(refused("it is not spelled as a host prints it"));
        }
        Ok(checkpoint)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key() -> SigningKey {
        SigningKey::from_seed(&[7; 32])
    }

    fn checkpoint() -> Checkpoint {
        let head = Head {
            seq: 7,
            digest: Digest::of(b"seven"),
        };
        Checkpoint::sign(head, Timestamp(1_000), &key())
    }

    #[test]
    fn a_line_is_read_as_it_is_printed() {
        let line = checkpoint().to_string();
        assert!(
            line.starts_with("signalbox-checkpoint v1 seq=7 digest=sha256:"),
            "{line}"
        );
        assert!(
            line.contains(" at=1970-01-01T00:00:01.000Z key=sha256:"),
            "{line}"
        );
        assert_eq!(line.parse(), Ok(checkpoint()));
        assert!(!line.contains('\n'));
    }

    #[test]
    fn other_spellings_are_refused() {
        let line = checkpoint().to_string();
        for (old, new) in [
            ("seq=7", "seq=07"),
            ("seq=7", "seq=0"),
            ("seq=7", "seq=+7"),
            (" v1 ", " v2 "),
            ("01.000Z", "01Z"),
            ("sig=", "sig= "),
            ("digest=sha256:", "digest=SHA256:"),
        ] {
            let changed = line.replace(old, new);
            assert_ne!(changed, line, "{old}");
            assert!(changed.parse::<Checkpoint>().is_err(), "{changed}");
        }
        assert!(format!("{line} more").parse::<Checkpoint>().is_err());
    }

    #[test]
    fn a_changed_line_and_another_key_do_not_verify() {
        let checkpoint = checkpoint();
        let public = key().public();
        assert!(checkpoint.is_signed_by(&public));
        let moved = Checkpoint {
            at: Timestamp(1_001),
            ..checkpoint
        };
        assert!(!moved.is_signed_by(&public));
        assert!(!checkpoint.is_signed_by(&SigningKey::from_seed(&[8; 32]).public()));
    }

    #[test]
    fn checkpoints_are_found_in_files_and_logs() {
        let line = checkpoint().to_string();
        let text = format!(
            "# kept by the auditor\n\n{line}\r\n2026-11-23T14:00:00Z INFO checkpoint line={line} entries=7\n\
             {{\"message\":\"checkpoint\",\"line\":\"{line}\"}}\nnothing here\n"
        );
        assert_eq!(Checkpoint::find_all(&text), Ok(vec![checkpoint(); 3]));
        assert_eq!(Checkpoint::find_all("nothing"), Err(CheckpointsError::None));
        let cut = line.get(..100).unwrap();
        assert!(matches!(
            Checkpoint::find_all(&format!("\n{cut}\n")),
            Err(CheckpointsError::Line { line: 2, .. })
        ));
    }
}
