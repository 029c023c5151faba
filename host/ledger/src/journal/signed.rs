//! Signing: which key, when it changes, and the checkpoints that it makes.

use rusqlite::params;
use signalbox_domain::events::{Entry, Event, HOST_ACTOR, LedgerKey};
use signalbox_domain::{Digest, Timestamp};

use super::checkpoint::Checkpoint;
use super::key::{PublicKey, SigningKey};
use super::key_file::{KeyError, KeyFile};
use super::key_ring;
use super::record::{Head, Record};
use super::{Journal, database, schema, sql_seq};
use crate::error::LedgerError;

/// How many entries may come before [`Journal::checkpoint_if_due`] makes the next checkpoint.
pub const ENTRIES_PER_CHECKPOINT: u64 = 100;

/// The key that signs, and its file.
#[derive(Debug)]
pub(super) struct Signer {
    pub key: SigningKey,
    file: KeyFile,
}

impl Journal {
    /// The key that signs this journal, by its own entries; none before [`Journal::start_signing`] was first called.
    ///
    /// # Errors
    /// [`LedgerError`] when the entries that name keys cannot be read.
    pub fn signed_by(&self) -> Result<Option<PublicKey>, LedgerError> {
        let read = |e| database("read", &self.path, e);
        let mut statement = self.connection.prepare(schema::KEY_ENTRIES).map_err(read)?;
        let mut rows = statement.query([]).map_err(read)?;
        let mut last = None;
        while let Some(row) = rows.next().map_err(read)? {
            // What cannot be read is what verification reports; the key before it then signs on.
            if let Ok(text) = row.get::<_, String>(0)
                && let Ok(record) = serde_json::from_str::<Record>(&text)
                && let Event::LedgerKeyChanged(change) = record.entry.event
                && let Some(key) = PublicKey::parse(&change.public_key)
            {
                last = Some(key);
            }
        }
        Ok(last)
    }

    /// From here on every append is signed with the key in `file`. The first time, the key is made, and an entry names
    /// it. A change of keys that a crash interrupted is finished or undone.
    ///
    /// # Errors
    /// [`LedgerError::Key`] when others may read the key, or it is missing or not the one that signs this journal;
    /// as [`Journal::append`] for the entry.
    pub fn start_signing(&mut self, file: KeyFile, at: Timestamp) -> Result<(), LedgerError> {
        let current = self.signed_by()?.map(|key| key.id());
        let key = match current {
            None => {
                file.discard_next()?;
                return self.sign_first(file, at);
            }
            Some(current) => settle(&file, current)?,
        };
        self.signer = Some(Signer { key, file });
        Ok(())
    }

    fn sign_first(&mut self, file: KeyFile, at: Timestamp) -> Result<(), LedgerError> {
        // It may be there without an entry: the process ended between the two, or the ledger was put back.
        let key = match file.present()? {
            Some(key) => key,
            None => {
                let key = file.stage()?;
                file.promote_next()?;
                key
            }
        };
        let change = LedgerKey {
            public_key: key.public().to_string(),
            handover: None,
        };
        self.signer = Some(Signer { key, file });
        let entry = key_entry(at, HOST_ACTOR, "the first key", change);
        let appended = self.append(&[entry]);
        if appended.is_err() {
            self.signer = None;
        }
        appended.map(|_| ())
    }

    /// A new key signs from here on. The old one agrees to it in the entry that names the new one, and its private half
    /// is gone afterwards; what it signed can still be verified, for the journal keeps the public halves.
    ///
    /// # Errors
    /// [`LedgerError::NotSigning`] before [`Journal::start_signing`]; [`LedgerError::Key`]; as [`Journal::append`].
    /// When it fails the old key signs on.
    pub fn rotate_key(&mut self, at: Timestamp, actor: &str, reason: &str) -> Result<Head, LedgerError> {
        let not_signing = || LedgerError::NotSigning {
            path: self.path.clone(),
        };
        let Signer { key: old, file } = self.signer.take().ok_or_else(not_signing)?;
        let new = match file.stage() {
            Ok(new) => new,
            Err(refused) => {
                self.signer = Some(Signer { key: old, file });
                return Err(refused.into());
            }
        };
        let seq = self.head.seq.saturating_add(1);
        let change = key_ring::handed_over(seq, self.head.digest, &old, new.public());
        self.change_key(file, Some(old), new, key_entry(at, actor, reason, change))
    }

    /// As [`Journal::start_signing`], with a new key in place of one that is lost for good. No signature hands over to
    /// it: verification shows that for ever, and whoever verifies has to ask who did this. A key that is not lost is
    /// rotated.
    ///
    /// # Errors
    /// As [`Journal::start_signing`].
    pub fn replace_lost_key(
        &mut self,
        file: KeyFile,
        at: Timestamp,
        actor: &str,
        reason: &str,
    ) -> Result<Head, LedgerError> {
        if self.start_signing(file.clone(), at).is_ok() {
            return self.rotate_key(at, actor, reason);
        }
        let new = file.stage()?;
        let change = LedgerKey {
            public_key: new.public().to_string(),
            handover: None,
        };
        self.change_key(file, None, new, key_entry(at, actor, reason, change))
    }

    /// Appends the entry that names `new`, signed by `new`, and then puts the key file in its place: a crash between
    /// the two is mended by [`settle`].
    fn change_key(
        &mut self,
        file: KeyFile,
        old: Option<SigningKey>,
        new: SigningKey,
        entry: Entry,
    ) -> Result<Head, LedgerError> {
        self.signer = Some(Signer {
            key: new,
            file: file.clone(),
        });
        match self.append(&[entry]) {
            Ok(head) => {
                file.promote_next()?;
                Ok(head)
            }
            Err(refused) => {
                self.signer = old.map(|key| Signer { key, file });
                Err(refused)
            }
        }
    }

    /// The checkpoint of the present end, made and stored if there is none yet; none when no key signs or there is no
    /// entry. The caller also writes its line to the log, so that it can be kept elsewhere.
    ///
    /// # Errors
    /// [`LedgerError`] when the disk refuses.
    pub fn checkpoint(&mut self, at: Timestamp) -> Result<Option<Checkpoint>, LedgerError> {
        let Some(signer) = &self.signer else {
            return Ok(None);
        };
        if self.head.seq == 0 {
            return Ok(None);
        }
        if let Some(last) = self.last_checkpoint()?
            && last.head == self.head
        {
            return Ok(Some(last));
        }
        let checkpoint = Checkpoint::sign(self.head, at, &signer.key);
        self.connection
            .execute(
                "INSERT INTO checkpoints (seq, line) VALUES (?1, ?2)",
                params![sql_seq(checkpoint.head.seq), checkpoint.to_string()],
            )
            .map_err(|e| database("write", &self.path, e))?;
        self.checkpoint_seq = checkpoint.head.seq;
        Ok(Some(checkpoint))
    }

    /// As [`Journal::checkpoint`], when at least [`ENTRIES_PER_CHECKPOINT`] entries came since the last one.
    ///
    /// # Errors
    /// As [`Journal::checkpoint`].
    pub fn checkpoint_if_due(&mut self, at: Timestamp) -> Result<Option<Checkpoint>, LedgerError> {
        let since = self.head.seq.saturating_sub(self.checkpoint_seq);
        if since < ENTRIES_PER_CHECKPOINT {
            return Ok(None);
        }
        self.checkpoint(at)
    }

    /// The newest stored checkpoint.
    ///
    /// # Errors
    /// [`LedgerError`] when it cannot be read.
    pub fn last_checkpoint(&self) -> Result<Option<Checkpoint>, LedgerError> {
        Ok(self.stored_checkpoints("ORDER BY seq DESC LIMIT 1")?.pop())
    }

    /// Every stored checkpoint, oldest first, without those whose line cannot be read: verification names them.
    ///
    /// # Errors
    /// [`LedgerError`] when they cannot be read.
    pub fn checkpoints(&self) -> Result<Vec<Checkpoint>, LedgerError> {
        self.stored_checkpoints("ORDER BY seq")
    }

    fn stored_checkpoints(&self, order: &str) -> Result<Vec<Checkpoint>, LedgerError> {
        if self.version < 2 {
            return Ok(Vec::new());
        }
        let read = |e| database("read", &self.path, e);
        let sql = format!("SELECT line FROM checkpoints {order}");
        let mut statement = self.connection.prepare(&sql).map_err(read)?;
        let lines = statement
            .query_map([], |row| row.get::<_, String>(0))
            .map_err(read)?;
        let mut checkpoints = Vec::new();
        for line in lines {
            checkpoints.extend(line.map_err(read)?.parse::<Checkpoint>().ok());
        }
        Ok(checkpoints)
    }

    /// The end of the journal, signed: what every append leaves in the head.
    pub(super) fn signed(&self, head: Head, at: Timestamp) -> Option<Checkpoint> {
        let signer = self.signer.as_ref()?;
        Some(Checkpoint::sign(head, at, &signer.key))
    }
}

/// The key in `file`, which has to be `current`, after a change of keys that may have been interrupted.
fn settle(file: &KeyFile, current: Digest) -> Result<SigningKey, KeyError> {
    if let Some(next) = file.next()? {
        if next.public().id() == current {
            file.promote_next()?;
        } else {
            file.discard_next()?;
        }
    }
    match file.present()? {
        Some(key) if key.public().id() == current => Ok(key),
        Some(key) => Err(KeyError::Foreign {
            path: file.path().to_owned(),
            expected: current,
            found: key.public().id(),
        }),
        None => Err(KeyError::Missing {
            path: file.path().to_owned(),
            key: current,
        }),
    }
}

fn key_entry(at: Timestamp, actor: &str, reason: &str, change: LedgerKey) -> Entry {
    Entry {
        at,
        actor: actor.to_owned(),
        reason: reason.to_owned(),
        event: Event::LedgerKeyChanged(change),
    }
}
