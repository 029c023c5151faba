//! Words of open vocabularies.

use std::borrow::Borrow;
use std::fmt;
use std::ops::Deref;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use utoipa::ToSchema;

/// One word of an open vocabulary (a service, reason, disposition, capability, ...): 1 to 64 characters of
/// `A-Z a-z 0-9 _ . -`. Which words are registered, and their class, is the business of the vocabulary.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, ToSchema)]
#[schema(value_type = String, min_length = 1, max_length = 64, pattern = "^[A-Za-z0-9_.-]{1,64}$")]
pub struct Word(Box<str>);

/// The text is no word.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected 1 to 64 characters of A-Z a-z 0-9 _ . -, found {0:?}")]
pub struct NotAWord(pub String);

impl Word {
    /// The longest word, in characters.
    pub const MAX_LEN: usize = 64;

    /// Whether `text` may stand as a word.
    pub fn is_valid(text: &str) -> bool {
        (1..=Word::MAX_LEN).contains(&text.len())
            && text
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-'))
    }

    /// Reads a word.
    ///
    /// # Errors
    /// [`NotAWord`] with the text, cut at 80 characters.
    pub fn new(text: &str) -> Result<Word, NotAWord> {
        if Word::is_valid(text) {
            Ok(Word(text.into()))
        } else {
            Err(NotAWord(text.chars().take(80).collect()))
        }
    }

    /// A word that the code itself writes. A literal that is no word is caught in debug builds, where every test runs.
    pub fn from_static(text: &'static str) -> Word {
        debug_assert!(Word::is_valid(text), "{text:?} is no word");
        Word(text.into())
    }

    /// The characters.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Deref for Word {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl AsRef<str> for Word {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl Borrow<str> for Word {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl PartialEq<str> for Word {
    fn eq(&self, other: &str) -> bool {
        &*self.0 == other
    }
}

impl PartialEq<&str> for Word {
    fn eq(&self, other: &&str) -> bool {
        &*self.0 == *other
    }
}

impl FromStr for Word {
    type Err = NotAWord;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Word::new(text)
    }
}

impl TryFrom<String> for Word {
    type Error = NotAWord;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        if Word::is_valid(&text) {
            Ok(Word(text.into_boxed_str()))
        } else {
            Word::new(&text)
        }
    }
}

impl fmt::Display for Word {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Word {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&*self.0, f)
    }
}

impl Serialize for Word {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Word {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl de::Visitor<'_> for Visitor {
            type Value = Word;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a word of 1 to 64 characters of A-Z a-z 0-9 _ . -")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Word, E> {
                Word::new(text)
                    .map_err(|NotAWord(found)| E::invalid_value(de::Unexpected::Str(&found), &self))
            }
        }
        deserializer.deserialize_str(Visitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_bounded_in_length_and_alphabet() {
        assert!(Word::new("NEXT_DAY.v2-b").is_ok());
        assert!(Word::new(&"A".repeat(64)).is_ok());
        for text in ["", " ", "next day", "é", "a/b", &"A".repeat(65)] {
            assert!(Word::new(text).is_err(), "{text:?}");
            assert!(
                serde_json::from_value::<Word>(serde_json::json!(text)).is_err(),
                "{text:?}"
            );
        }
    }
}
