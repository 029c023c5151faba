//! Which record is at fault. A digest alone says that something is wrong, not which of two neighbours is. The row that
//! follows tells: it names the digest of the one that was there when it was written.

use serde::Deserialize;
use signalbox_domain::Digest;

use super::chain::Row;
use super::damage::{Damage, Witness};
use super::record::Head;

/// Why a row is refused, before its follower was asked.
pub struct Refused {
    pub damage: Damage,
    pub row: Row,
    pub before: Head,
}

/// What a text claims about its place, read as leniently as can be: it may be damaged.
#[derive(Default, Deserialize)]
pub struct Claim {
    pub seq: Option<u64>,
    pub previous: Option<Digest>,
}

pub fn claimed(text: &str) -> Claim {
    serde_json::from_str(text).unwrap_or_default()
}

/// Says which record is at fault, now that it is known what the one behind names as its predecessor.
pub fn blame(refused: Refused, follower: Option<Digest>) -> Damage {
    let Refused { damage, row, before } = refused;
    let found = Digest::of(row.text.as_bytes());
    match damage {
        Damage::Altered {
            seq, expected, found, ..
        } => {
            let claim = claimed(&row.text);
            let field = if follower == Some(found) {
                "digest"
            } else if claim.seq != Some(seq) {
                "record.seq"
            } else if claim.previous != Some(before.digest) {
                "record.previous"
            } else {
                "record.entry"
            };
            Damage::Altered {
                seq,
                field,
                expected,
                found,
            }
        }
        // The one behind was written after exactly this row, so the row before it is the wrong one.
        Damage::Unchained {
            seq,
            expected,
            found: named,
        } if follower == Some(found) && seq > 1 => Damage::Replaced {
            seq: seq.saturating_sub(1),
            by: Witness::Successor,
            expected: named,
            found: expected,
        },
        Damage::Rewritten {
            seq,
            expected,
            found,
            origin,
            ..
        } if follower == Some(expected) => Damage::Replaced {
            seq,
            by: Witness::Checkpoint(origin),
            expected,
            found,
        },
        other => other,
    }
}
