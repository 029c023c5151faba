//! The chain, checked row by row: each follows the one before, and every checkpoint fits the row that it is about.

use signalbox_domain::Digest;

use super::blame::{Refused, blame, claimed};
use super::checkpoint::Checkpoint;
use super::damage::{Damage, Origin, Witness};
use super::key_ring::{KeyPeriod, KeyRing};
use super::record::{Head, Record};

/// A row of the table, or a line of an export, which has no columns beside its text.
#[derive(Clone, Debug)]
pub struct Row {
    pub seq: Option<i64>,
    pub text: String,
    pub digest: Option<String>,
}

/// What was verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    /// Where the chain ends.
    pub head: Head,
    /// How many entries were checked.
    pub entries: u64,
    /// How many checkpoints of its own fit, the head's not counted.
    pub checkpoints: u64,
    /// How many checkpoints that were kept elsewhere fit.
    pub kept: u64,
    /// How many that were kept elsewhere are about entries that a partial export leaves out.
    pub kept_unchecked: u64,
    /// The last entry that a signature vouches for, together with all before it; 0 when none does, as in a journal
    /// without a key.
    pub signed_to: u64,
    /// The keys that signed, in order. One that was not handed over deserves a question.
    pub keys: Vec<KeyPeriod>,
}

pub struct Chain {
    end: Head,
    entries: u64,
    keys: KeyRing,
    /// In order of their entries.
    kept: std::iter::Peekable<std::vec::IntoIter<Checkpoint>>,
    kept_fit: u64,
    kept_unchecked: u64,
    checkpoints: u64,
    signed_to: u64,
    /// Whether entries may be left out, as in a partial export.
    gaps: bool,
}

impl Chain {
    pub fn new(kept: &[Checkpoint], gaps: bool) -> Chain {
        let mut kept = kept.to_vec();
        kept.sort_by_key(|checkpoint| checkpoint.head.seq);
        Chain {
            end: Head::EMPTY,
            entries: 0,
            keys: KeyRing::default(),
            kept: kept.into_iter().peekable(),
            kept_fit: 0,
            kept_unchecked: 0,
            checkpoints: 0,
            signed_to: 0,
            gaps,
        }
    }

    pub fn end(&self) -> Head {
        self.end
    }

    /// Takes the next row. `follower` is asked only when something is wrong, for what the row behind this one (or the
    /// head) names as its predecessor.
    pub fn take(&mut self, row: Row, follower: impl FnOnce() -> Option<Digest>) -> Result<Record, Damage> {
        let before = self.end;
        match self.accept(row) {
            Ok(record) => Ok(record),
            Err(refused) => {
                debug_assert_eq!(before, refused.before);
                Err(blame(*refused, follower()))
            }
        }
    }

    fn accept(&mut self, row: Row) -> Result<Record, Box<Refused>> {
        let before = self.end;
        let record = match self.read(&row) {
            Ok(record) => record,
            Err(damage) => return Err(Box::new(Refused { damage, row, before })),
        };
        let end = Head {
            seq: record.seq,
            digest: Digest::of(row.text.as_bytes()),
        };
        if let Err(damage) = self.vouched(&record, end) {
            return Err(Box::new(Refused { damage, row, before }));
        }
        self.end = end;
        self.entries = self.entries.saturating_add(1);
        Ok(record)
    }

    /// The record of a row that follows the end.
    fn read(&self, row: &Row) -> Result<Record, Damage> {
        let expected = self.end.seq.saturating_add(1);
        if let Some(found) = row.seq
            && u64::try_from(found) != Ok(expected)
        {
            return Err(match claimed(&row.text).seq {
                // Its text still says where it belongs.
                Some(seq) if seq == expected || i64::try_from(seq) != Ok(found) => {
                    Damage::Moved { seq, found }
                }
                _ => Damage::OutOfSequence { expected, found },
            });
        }
        let found = Digest::of(row.text.as_bytes());
        if let Some(stored) = &row.digest
            && *stored != found.to_string()
        {
            return Err(Damage::Altered {
                seq: expected,
                field: "record",
                expected: stored.clone(),
                found,
            });
        }
        let record = parse(&row.text, expected)?;
        let follows = record.seq == expected || (self.gaps && record.seq > expected);
        if !follows && record.previous == self.end.digest {
            // It follows the right one, so it is where it was written.
            return Err(Damage::Unreadable {
                seq: expected,
                field: "seq".to_owned(),
                problem: format!("expected {expected}, found {}", record.seq),
            });
        }
        if !follows && row.seq.is_none() && record.seq > expected {
            return Err(Damage::OutOfSequence {
                expected,
                found: i64::try_from(record.seq).unwrap_or(i64::MAX),
            });
        }
        if !follows {
            return Err(Damage::Moved {
                seq: record.seq,
                found: i64::try_from(expected).unwrap_or(i64::MAX),
            });
        }
        if record.seq == expected && record.previous != self.end.digest {
            return Err(Damage::Unchained {
                seq: expected,
                expected: self.end.digest,
                found: record.previous,
            });
        }
        Ok(record)
    }

    /// Checks what a record says about keys, and every kept checkpoint that is about it.
    fn vouched(&mut self, record: &Record, end: Head) -> Result<(), Damage> {
        self.keys.take(record).map_err(|problem| Damage::Key {
            seq: record.seq,
            problem,
        })?;
        while let Some(kept) = self.kept.next_if(|kept| kept.head.seq <= end.seq) {
            if kept.head.seq < end.seq {
                self.kept_unchecked = self.kept_unchecked.saturating_add(1);
                continue;
            }
            self.fits(&kept, end, Origin::Kept)?;
            self.kept_fit = self.kept_fit.saturating_add(1);
        }
        Ok(())
    }

    fn fits(&mut self, checkpoint: &Checkpoint, end: Head, origin: Origin) -> Result<(), Damage> {
        let seq = checkpoint.head.seq;
        self.keys
            .check(checkpoint)
            .map_err(|problem| Damage::Checkpoint { seq, origin, problem })?;
        if checkpoint.head != end {
            return Err(Damage::Rewritten {
                seq,
                after_agreed: self.signed_to.saturating_add(1),
                origin,
                expected: checkpoint.head.digest,
                found: end.digest,
            });
        }
        self.signed_to = end.seq;
        Ok(())
    }

    /// Takes a checkpoint that is stored behind the entry that it is about. `follower` as in [`Chain::take`].
    pub fn take_checkpoint(
        &mut self,
        line: &str,
        seq: u64,
        follower: impl FnOnce() -> Option<Digest>,
    ) -> Result<(), Damage> {
        let refused = |problem: String| Damage::Checkpoint {
            seq,
            origin: Origin::Stored,
            problem,
        };
        let checkpoint: Checkpoint = line
            .parse()
            .map_err(|problem: super::NotACheckpoint| refused(problem.to_string()))?;
        if checkpoint.head.seq != seq {
            return Err(refused(format!("it is about entry {}", checkpoint.head.seq)));
        }
        if seq > self.end.seq {
            return Err(self.beyond(&checkpoint, Origin::Stored));
        }
        if seq < self.end.seq {
            return Err(refused("it stands behind another entry".to_owned()));
        }
        if let Err(damage) = self.fits(&checkpoint, self.end, Origin::Stored) {
            return Err(match damage {
                // The entry behind it was written after the same entry as this checkpoint.
                Damage::Rewritten {
                    seq,
                    expected,
                    found,
                    origin,
                    ..
                } if follower() == Some(expected) => Damage::Replaced {
                    seq,
                    by: Witness::Checkpoint(origin),
                    expected,
                    found,
                },
                other => other,
            });
        }
        self.checkpoints = self.checkpoints.saturating_add(1);
        Ok(())
    }

    /// Compares the end with what the head says, and with the checkpoints that were kept of entries beyond it.
    pub fn finish(mut self, head: Head, line: Option<&str>) -> Result<Verified, Damage> {
        let end = self.end;
        match self.signed_head(line)? {
            Some(signed) => {
                ends(end, signed.head)?;
                if head != end {
                    return Err(changed_head(end, head));
                }
                self.signed_to = end.seq;
            }
            None => ends(end, head)?,
        }
        if let Some(kept) = self.kept.next() {
            return Err(self.beyond(&kept, Origin::Kept));
        }
        if line.is_none() && self.keys.current().is_some() {
            return Err(Damage::Unsigned { seq: end.seq });
        }
        Ok(self.verified())
    }

    /// The end of a partial export: what comes behind it is not known.
    pub fn finish_partial(mut self) -> Verified {
        let left = u64::try_from(self.kept.by_ref().count()).unwrap_or(u64::MAX);
        self.kept_unchecked = self.kept_unchecked.saturating_add(left);
        self.verified()
    }

    /// The checkpoint that every append leaves in the head.
    fn signed_head(&self, line: Option<&str>) -> Result<Option<Checkpoint>, Damage> {
        let Some(line) = line else { return Ok(None) };
        let refused = |problem: String| Damage::Checkpoint {
            seq: self.end.seq,
            origin: Origin::Head,
            problem,
        };
        let signed: Checkpoint = line
            .parse()
            .map_err(|problem: super::NotACheckpoint| refused(problem.to_string()))?;
        match self.keys.named(signed.key) {
            Some(key) if signed.is_signed_by(&key) => Ok(Some(signed)),
            // The entry that names its key may be among those that were cut.
            None if signed.head.seq > self.end.seq => Ok(Some(signed)),
            _ => self.keys.check(&signed).map(|()| Some(signed)).map_err(refused),
        }
    }

    /// What a checkpoint about an entry behind the end means.
    fn beyond(&self, checkpoint: &Checkpoint, origin: Origin) -> Damage {
        let seq = checkpoint.head.seq;
        match self.keys.named(checkpoint.key) {
            Some(key) if !checkpoint.is_signed_by(&key) => Damage::Checkpoint {
                seq,
                origin,
                problem: "its signature does not fit its text".to_owned(),
            },
            _ => Damage::CutTail {
                from: self.end.seq.saturating_add(1),
                to: seq,
                origin,
            },
        }
    }

    fn verified(self) -> Verified {
        Verified {
            head: self.end,
            entries: self.entries,
            checkpoints: self.checkpoints,
            kept: self.kept_fit,
            kept_unchecked: self.kept_unchecked,
            signed_to: self.signed_to,
            keys: self.keys.periods().to_vec(),
        }
    }
}

/// The end against what the head says.
fn ends(end: Head, stated: Head) -> Result<(), Damage> {
    if end == stated {
        return Ok(());
    }
    Err(match end.seq.cmp(&stated.seq) {
        std::cmp::Ordering::Less => Damage::CutTail {
            from: end.seq.saturating_add(1),
            to: stated.seq,
            origin: Origin::Head,
        },
        std::cmp::Ordering::Greater => Damage::Added {
            from: stated.seq.saturating_add(1),
            to: end.seq,
        },
        std::cmp::Ordering::Equal => Damage::Replaced {
            seq: end.seq,
            by: Witness::Checkpoint(Origin::Head),
            expected: stated.digest,
            found: end.digest,
        },
    })
}

fn changed_head(end: Head, stated: Head) -> Damage {
    if stated.seq == end.seq {
        return Damage::Head {
            field: "digest",
            expected: end.digest.to_string(),
            found: stated.digest.to_string(),
        };
    }
    Damage::Head {
        field: "seq",
        expected: end.seq.to_string(),
        found: stated.seq.to_string(),
    }
}

/// Reads a text that must be exactly what a host writes.
fn parse(text: &str, expected: u64) -> Result<Record, Damage> {
    let unreadable = |field: String, problem: String| Damage::Unreadable {
        seq: expected,
        field: if field == "." { "record".to_owned() } else { field },
        problem,
    };
    let mut json = serde_json::Deserializer::from_str(text);
    let record: Record = serde_path_to_error::deserialize(&mut json)
        .map_err(|error| unreadable(error.path().to_string(), error.inner().to_string()))?;
    let whole = || "record".to_owned();
    json.end()
        .map_err(|error| unreadable(whole(), error.to_string()))?;
    match record.to_text() {
        Ok(canonical) if canonical == text => Ok(record),
        Ok(canonical) => {
            let same = canonical
                .bytes()
                .zip(text.bytes())
                .take_while(|(a, b)| a == b)
                .count();
            let problem = format!("expected canonical JSON, found another spelling at byte {same}");
            Err(unreadable(whole(), problem))
        }
        Err(error) => Err(unreadable(whole(), error.to_string())),
    }
}
