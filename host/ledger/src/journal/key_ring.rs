//! The keys that the journal itself names, and since which entry each signs.

use signalbox_domain::Digest;
use signalbox_domain::events::{Event, LedgerKey, LedgerKeyHandover};

use super::checkpoint::Checkpoint;
use super::key::{PublicKey, Signature, SigningKey};
use super::record::Record;

/// One key, and since when it signs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyPeriod {
    /// The key.
    pub key: PublicKey,
    /// The entry that names it: the first that it signs.
    pub since: u64,
    /// Whether the key before it agreed. True for the first key; false when the one before was lost, or when somebody
    /// replaced it.
    pub handed_over: bool,
}

/// Every key so far, in order.
#[derive(Clone, Debug, Default)]
pub struct KeyRing {
    periods: Vec<KeyPeriod>,
}

impl KeyRing {
    /// The key that signs now.
    pub fn current(&self) -> Option<PublicKey> {
        self.periods.last().map(|period| period.key)
    }

    /// Every key so far, in order.
    pub fn periods(&self) -> &[KeyPeriod] {
        &self.periods
    }

    /// Takes a record into account; only one that names a key changes anything.
    pub fn take(&mut self, record: &Record) -> Result<(), String> {
        let Event::LedgerKeyChanged(change) = &record.entry.event else {
            return Ok(());
        };
        let key = PublicKey::parse(&change.public_key)
            .ok_or_else(|| "`public_key` is no Ed25519 key of 64 hex digits".to_owned())?;
        let handed_over = match (self.current(), &change.handover) {
            (None, Some(_)) => return Err("the key before it is named nowhere".to_owned()),
            (None, None) => true,
            (Some(_), None) => false,
            (Some(before), Some(handover)) => {
                check(record, &before, key, handover)?;
                true
            }
        };
        self.periods.push(KeyPeriod {
            key,
            since: record.seq,
            handed_over,
        });
        Ok(())
    }

    /// Whether `checkpoint` was signed by the key that signs now.
    pub fn check(&self, checkpoint: &Checkpoint) -> Result<(), String> {
        let Some(current) = self.current() else {
            return Err(format!(
                "key {} signed it, but no key signs this journal",
                checkpoint.key
            ));
        };
        if checkpoint.key != current.id() {
            return Err(format!(
                "key {} signed it, but at that entry key {} signs; it belongs to another ledger, or this one was \
                 replaced",
                checkpoint.key,
                current.id()
            ));
        }
        if !checkpoint.is_signed_by(&current) {
            return Err("its signature does not fit its text".to_owned());
        }
        Ok(())
    }

    /// The key of this id, if it ever signed.
    pub fn named(&self, id: Digest) -> Option<PublicKey> {
        let keys = self.periods.iter().map(|period| period.key);
        keys.into_iter().find(|key| key.id() == id)
    }
}

fn check(
    record: &Record,
    before: &PublicKey,
    key: PublicKey,
    handover: &LedgerKeyHandover,
) -> Result<(), String> {
    if handover.key != before.id() {
        return Err(format!(
            "key {} hands over, but key {} signs until there",
            handover.key,
            before.id()
        ));
    }
    let text = handover_text(record.seq, record.previous, before.id(), key);
    match Signature::parse(&handover.signature) {
        Some(signature) if before.signed(&text, &signature) => Ok(()),
        _ => Err("`handover.signature` is not that of the key before it".to_owned()),
    }
}

/// What names a new key, agreed to by the one `before`.
pub fn handed_over(seq: u64, previous: Digest, before: &SigningKey, key: PublicKey) -> LedgerKey {
    let id = before.public().id();
    LedgerKey {
        public_key: key.to_string(),
        handover: Some(LedgerKeyHandover {
            key: id,
            signature: before.sign(&handover_text(seq, previous, id, key)).to_string(),
        }),
    }
}

/// Bound to its place in the chain, so that it fits no other journal and no other entry.
fn handover_text(seq: u64, previous: Digest, from: Digest, to: PublicKey) -> String {
    format!("signalbox-ledger-key v1 seq={seq} previous={previous} from={from} to={to}")
}
