//! Records as bytes: an envelope is its JSON, a payload is a tag and texts with their lengths before them.

use signalbox_domain::Timestamp;

use super::record::{DecisionRecord, Envelope, Payload, Texts, Tombstone};

const KEPT: u8 = 0;
const ERASED: u8 = 1;

/// A record as it goes into a frame, with what the writer has to know of it.
#[derive(Clone, Debug)]
pub struct Encoded {
    pub at: Timestamp,
    pub envelope: Vec<u8>,
    pub payload: Vec<u8>,
}

impl Encoded {
    /// Encodes a record; the error says why it cannot be.
    pub fn of(record: &DecisionRecord) -> Result<Encoded, String> {
        Ok(Encoded {
            at: record.envelope.at,
            envelope: serde_json::to_vec(&record.envelope).map_err(|e| e.to_string())?,
            payload: payload_bytes(&record.payload)?,
        })
    }

    /// What it counts against the bounds of the queue and of a group.
    pub fn bytes(&self) -> usize {
        self.envelope.len().saturating_add(self.payload.len())
    }
}

/// Appends `part` with its length before it.
pub fn put(bytes: &mut Vec<u8>, part: &[u8]) -> Result<(), String> {
    let length =
        u32::try_from(part.len()).map_err(|_| format!("{} bytes are too many for one part", part.len()))?;
    bytes.extend_from_slice(&length.to_le_bytes());
    bytes.extend_from_slice(part);
    Ok(())
}

/// Takes the next part off the front of `bytes`.
pub fn take<'b>(bytes: &mut &'b [u8]) -> Result<&'b [u8], String> {
    let cut = || "a part is longer than what holds it".to_owned();
    let (length, rest) = bytes.split_first_chunk::<4>().ok_or_else(cut)?;
    let length = usize::try_from(u32::from_le_bytes(*length)).map_err(|_| cut())?;
    let (part, rest) = rest.split_at_checked(length).ok_or_else(cut)?;
    *bytes = rest;
    Ok(part)
}

pub fn envelope(bytes: &[u8]) -> Result<Envelope, String> {
    serde_json::from_slice(bytes).map_err(|e| format!("an envelope is none: {e}"))
}

pub fn payload(bytes: &[u8]) -> Result<Payload, String> {
    let (tag, mut rest) = bytes
        .split_first()
        .ok_or_else(|| "a payload is empty".to_owned())?;
    let decoded = match *tag {
        KEPT => Payload::Kept(Texts {
            request: text(&mut rest)?,
            answer: text(&mut rest)?,
        }),
        ERASED => Payload::Erased(tombstone(take(&mut rest)?)?),
        other => return Err(format!("a payload has the unknown tag {other}")),
    };
    if rest.is_empty() {
        Ok(decoded)
    } else {
        Err(format!("a payload has {} bytes too many", rest.len()))
    }
}

pub fn payload_bytes(payload: &Payload) -> Result<Vec<u8>, String> {
    match payload {
        Payload::Kept(texts) => {
            let parts = [&texts.request, &texts.answer];
            let length = parts
                .iter()
                .map(|part| part.len().saturating_add(4))
                .sum::<usize>();
            let mut bytes = Vec::with_capacity(length.saturating_add(1));
            bytes.push(KEPT);
            for part in parts {
                put(&mut bytes, part.as_bytes())?;
            }
            Ok(bytes)
        }
        Payload::Erased(tombstone) => {
            let json = serde_json::to_vec(tombstone).map_err(|e| e.to_string())?;
            let mut bytes = vec![ERASED];
            put(&mut bytes, &json)?;
            Ok(bytes)
        }
    }
}

fn tombstone(bytes: &[u8]) -> Result<Tombstone, String> {
    serde_json::from_slice(bytes).map_err(|e| format!("a tombstone is none: {e}"))
}

fn text(bytes: &mut &[u8]) -> Result<String, String> {
    let part = take(bytes)?;
    String::from_utf8(part.to_vec()).map_err(|e| format!("a text is no UTF-8: {e}"))
}
