//! Words as numbers, there and back.
//!
//! A word crosses the boundary as the 32-bit hash of its text. Host and guest compute the same number, so nothing is
//! registered; two different words of one request that share a number make the request undecidable and are refused.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::LazyLock;

use serde_json::Value;
use signalbox_contract::{Word as Number, word};
use signalbox_domain::{Word, words};

use crate::description::Description;

/// Two different words of a request have the same number. One in about 4 billion pairs does.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the words {first:?} and {second:?} of the request cannot be told apart by a policy: rename one")]
pub struct WordCollision {
    /// The one.
    pub first: String,
    /// The other.
    pub second: String,
}

/// Gives the texts of one request their numbers and notices when two share one.
#[derive(Default)]
pub(crate) struct Numbers<'a> {
    texts: HashMap<u32, &'a str>,
    last: Option<(&'a str, Number)>,
    collision: Option<WordCollision>,
}

impl<'a> Numbers<'a> {
    /// The number of a text.
    pub(crate) fn of(&mut self, text: &'a str) -> Number {
        if text.is_empty() {
            return Number::NONE;
        }
        // Columns repeat themselves from row to row: comparing is cheaper than hashing.
        if let Some((last, number)) = self.last
            && last == text
        {
            return number;
        }
        let number = word(text);
        match self.texts.entry(number.0) {
            Entry::Vacant(vacant) => {
                vacant.insert(text);
            }
            Entry::Occupied(known) => {
                if *known.get() != text && self.collision.is_none() {
                    self.collision = Some(WordCollision {
                        first: (*known.get()).to_owned(),
                        second: text.to_owned(),
                    });
                }
            }
        }
        self.last = Some((text, number));
        number
    }

    /// The number of a word that may be absent.
    pub(crate) fn maybe(&mut self, text: Option<&'a Word>) -> Number {
        text.map_or(Number::NONE, |text| self.of(text.as_str()))
    }

    /// The first two words that share a number, if any do.
    pub(crate) fn into_collision(self) -> Option<WordCollision> {
        self.collision
    }

    /// Every text that is a word, by number.
    pub(crate) fn into_words(self) -> HashMap<u32, Word> {
        self.texts
            .into_iter()
            .filter_map(|(number, text)| Some((number, Word::new(text).ok()?)))
            .collect()
    }
}

/// Words that the host itself knows, by number.
static REGISTERED: LazyLock<HashMap<u32, Word>> = LazyLock::new(|| {
    let actions = words::ACTIONS.iter().map(|(action, _)| *action);
    let lists = [
        words::TERMS,
        words::UNASSIGNED_REASONS,
        words::SHORTAGE_REASONS,
        words::REJECTION_REASONS,
        words::HOLDS,
    ];
    actions
        .chain(lists.into_iter().flatten().copied())
        .filter_map(|text| Some((word(text).0, Word::new(text).ok()?)))
        .collect()
});

/// What the numbers of one policy's decisions mean.
#[derive(Debug, Default)]
pub(crate) struct Vocabulary {
    words: HashMap<u32, Word>,
    /// Places in the description's list, by number.
    reason_codes: HashMap<u32, usize>,
}

impl Vocabulary {
    /// The words that a plugin declares, over those that the host registers.
    pub(crate) fn of(description: &Description) -> Vocabulary {
        let reasons = description.reason_codes.iter();
        let reason_codes = reasons
            .clone()
            .enumerate()
            .map(|(place, reason)| (word(&reason.code).0, place))
            .collect();
        let declared = description.words.iter().chain(reasons.map(|reason| &reason.code));
        Vocabulary {
            words: declared.map(|text| (word(text).0, text.clone())).collect(),
            reason_codes,
        }
    }

    /// The texts that parameters name as values, at any depth, as far as they are words: a desk, a queue, an action of the
    /// retailer's own. What the plugin declares comes first.
    pub(crate) fn with_parameters(mut self, parameters: &str) -> Vocabulary {
        let mut rest: Vec<Value> = serde_json::from_str(parameters).into_iter().collect();
        while let Some(value) = rest.pop() {
            match value {
                Value::Array(values) => rest.extend(values),
                Value::Object(fields) => rest.extend(fields.into_iter().map(|(_, value)| value)),
                Value::String(text) => {
                    if let Ok(text) = Word::try_from(text) {
                        self.words.entry(word(&text).0).or_insert(text);
                    }
                }
                Value::Null | Value::Bool(_) | Value::Number(_) => {}
            }
        }
        self
    }

    /// The place of a reason code in the description, by its number.
    pub(crate) fn reason_code(&self, number: u32) -> Option<usize> {
        self.reason_codes.get(&number).copied()
    }

    /// The word of a number, if the plugin declares it, the parameters name it, or the host registers it.
    pub(crate) fn get(&self, number: u32) -> Option<&Word> {
        self.words.get(&number).or_else(|| REGISTERED.get(&number))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_texts_have_one_number_and_different_ones_that_collide_are_named() {
        let mut numbers = Numbers::default();
        assert_eq!(numbers.of("NEXT_DAY"), numbers.of("NEXT_DAY"));
        assert_eq!(numbers.of(""), Number::NONE);
        numbers.of("costarring");
        numbers.of("NEXT_DAY");
        // A known collision of 32-bit FNV-1a.
        numbers.of("liquid");
        let expected = WordCollision {
            first: "costarring".into(),
            second: "liquid".into(),
        };
        assert_eq!(numbers.into_collision(), Some(expected));
    }

    #[test]
    fn the_words_that_parameters_name_are_known_whatever_their_depth() {
        let parameters =
            r#"{"desk": "HALL_7", "rules": [{"refer_to": "REPAIR_DESK", "name": "not a word"}], "n": 1}"#;
        let vocabulary = Vocabulary::default().with_parameters(parameters);
        let text = |text: &str| vocabulary.get(word(text).0).map(ToString::to_string);
        assert_eq!(text("HALL_7"), Some("HALL_7".to_owned()));
        assert_eq!(text("REPAIR_DESK"), Some("REPAIR_DESK".to_owned()));
        assert_eq!(text("not a word"), None);
        assert_eq!(text("refer_to"), None);
    }

    #[test]
    fn registered_words_have_distinct_numbers() {
        let actions = words::ACTIONS.iter().map(|(action, _)| *action);
        let lists = [
            words::TERMS,
            words::UNASSIGNED_REASONS,
            words::SHORTAGE_REASONS,
            words::REJECTION_REASONS,
            words::HOLDS,
        ];
        let distinct: std::collections::HashSet<&str> =
            actions.chain(lists.into_iter().flatten().copied()).collect();
        assert_eq!(REGISTERED.len(), distinct.len());
    }
}
