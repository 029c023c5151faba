//! Masking: what a request says about a person is replaced before it is kept. A pure function of text, rules and salt.

use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::{Number, Value};
use sha2::Sha256;
use signalbox_domain::canonical;

/// Hex digits of a masked value: enough to tell values apart, too few to be taken for a digest.
const HASH_DIGITS: usize = 16;

/// Parts of a pointer at most; requests are not nested as deep.
const DEPTH_MAX: usize = 32;

/// What is masked, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MaskRule {
    /// A JSON pointer (RFC 6901) in which `*` stands for every item of an array.
    pub pointer: String,
    /// What becomes of the value.
    pub action: MaskAction,
}

/// What becomes of a masked value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MaskAction {
    /// A text of 16 hex digits: HMAC-SHA256 of the value's canonical JSON with the host's salt. The same value gives the
    /// same text on the same host, so that records can still be grouped by it.
    Hash,
    /// A number with that many decimals, half away from zero: 1 keeps a coordinate to about 11 km. Whatever is no number
    /// is hashed.
    Round {
        /// Decimals that are kept, 0 to 6.
        decimals: u8,
    },
}

/// A text with values masked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Masked {
    /// Canonical JSON.
    pub text: String,
    /// The JSON pointers of the values that are not what they were, in the order of the rules.
    pub pointers: Vec<String>,
}

/// A text cannot be masked; it must not be kept then.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MaskError {
    /// A rule's pointer is none.
    #[error("expected a JSON pointer such as `/delivery_groups/*/destination/postal_code`, found {0:?}")]
    Pointer(String),
    /// The text is no JSON, or has no canonical form.
    #[error("cannot mask the text: {0}")]
    Text(String),
}

/// The rules for requests of every domain when masking is configured and names none: postal codes are hashed, coordinates
/// of destinations keep one decimal. Coordinates of the retailer's own nodes are not a person's.
pub fn default_rules() -> Vec<MaskRule> {
    let rule = |field: &str, action| MaskRule {
        pointer: format!("/delivery_groups/*/destination/{field}"),
        action,
    };
    vec![
        rule("postal_code", MaskAction::Hash),
        rule("lat", MaskAction::Round { decimals: 1 }),
        rule("lon", MaskAction::Round { decimals: 1 }),
    ]
}

/// Masks what `rules` point at in a JSON text, with the host's secret `salt`. Absent values and `null` stay as they are.
///
/// # Errors
/// [`MaskError`] when the text is no JSON or a pointer is none.
pub fn mask(text: &str, rules: &[MaskRule], salt: &[u8]) -> Result<Masked, MaskError> {
    let mut value: Value = serde_json::from_str(text).map_err(|e| MaskError::Text(e.to_string()))?;
    let mut pointers = Vec::new();
    for rule in rules {
        let parts = parts(&rule.pointer)?;
        let mut masking = Masking {
            action: rule.action,
            salt,
            pointers: &mut pointers,
        };
        masking.descend(&mut value, &parts, String::new())?;
    }
    let text = canonical::to_string(&value).map_err(|e| MaskError::Text(e.to_string()))?;
    Ok(Masked { text, pointers })
}

/// The parts of a pointer, unescaped.
fn parts(pointer: &str) -> Result<Vec<String>, MaskError> {
    let refused = || MaskError::Pointer(pointer.chars().take(200).collect());
    let parts: Vec<String> = pointer
        .strip_prefix('/')
        .ok_or_else(refused)?
        .split('/')
        .map(|part| part.replace("~1", "/").replace("~0", "~"))
        .collect();
    if parts.len() > DEPTH_MAX {
        return Err(refused());
    }
    Ok(parts)
}

struct Masking<'m> {
    action: MaskAction,
    salt: &'m [u8],
    pointers: &'m mut Vec<String>,
}

impl Masking<'_> {
    /// Follows `parts` down from `value`, which is at `pointer`, and masks what is at their end.
    fn descend(&mut self, value: &mut Value, parts: &[String], pointer: String) -> Result<(), MaskError> {
        let Some((part, rest)) = parts.split_first() else {
            return self.replace(value, pointer);
        };
        match value {
            Value::Array(items) if part == "*" => {
                for (place, item) in items.iter_mut().enumerate() {
                    self.descend(item, rest, format!("{pointer}/{place}"))?;
                }
                Ok(())
            }
            Value::Array(items) => {
                let place = part.parse::<usize>().ok();
                match place.and_then(|place| items.get_mut(place)) {
                    Some(item) => self.descend(item, rest, format!("{pointer}/{part}")),
                    None => Ok(()),
                }
            }
            Value::Object(members) => match members.get_mut(part) {
                Some(member) => {
                    let escaped = part.replace('~', "~0").replace('/', "~1");
                    self.descend(member, rest, format!("{pointer}/{escaped}"))
                }
                None => Ok(()),
            },
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Ok(()),
        }
    }

    fn replace(&mut self, value: &mut Value, pointer: String) -> Result<(), MaskError> {
        let rounded = match (self.action, &*value) {
            (_, Value::Null) => return Ok(()),
            (MaskAction::Round { decimals }, Value::Number(number)) => round(number, decimals),
            _ => None,
        };
        let masked = match rounded {
            Some(number) => Value::Number(number),
            None => Value::String(self.hash(value)?),
        };
        if *value != masked {
            *value = masked;
            self.pointers.push(pointer);
        }
        Ok(())
    }

    fn hash(&self, value: &Value) -> Result<String, MaskError> {
        let text = canonical::to_string(value).map_err(|e| MaskError::Text(e.to_string()))?;
        let mut mac =
            Hmac::<Sha256>::new_from_slice(self.salt).map_err(|e| MaskError::Text(e.to_string()))?;
        mac.update(text.as_bytes());
        let digits = mac.finalize().into_bytes();
        let hex: String = digits.iter().map(|byte| format!("{byte:02x}")).collect();
        Ok(hex.chars().take(HASH_DIGITS).collect())
    }
}

/// `None` when the number cannot be rounded; it is hashed then.
fn round(number: &Number, decimals: u8) -> Option<Number> {
    if number.is_i64() || number.is_u64() {
        return Some(number.clone());
    }
    let scale = 10f64.powi(i32::from(decimals.min(6)));
    Number::from_f64((number.as_f64()? * scale).round() / scale)
}

#[cfg(test)]
mod tests;
