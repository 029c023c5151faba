//! The values of one key that one request has.

use std::collections::BTreeSet;

use super::{Segment, SegmentKey};
use crate::envelope::{Attribute, AttributeValue, Entity};
use crate::word::Word;

/// How many values of one key a request may have; the rest is one value `more`.
pub const MAX_SEGMENT_VALUES: usize = 8;

/// The values of one key that one request has: distinct, cleaned, and the first [`MAX_SEGMENT_VALUES`] in their order,
/// whatever order they were added in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SegmentValues {
    values: BTreeSet<Word>,
    more: bool,
}

impl SegmentValues {
    /// Adds a value of a caller: every character that a word cannot hold becomes `_`, beyond 64 it is cut; one of blanks only
    /// is none.
    pub fn add(&mut self, text: &str) {
        if let Some(word) = clean(text) {
            self.values.insert(word);
            if self.values.len() > MAX_SEGMENT_VALUES {
                self.values.pop_last();
                self.more = true;
            }
        }
    }

    /// Adds the retailer's own field `key` of every row of an entity that has it.
    pub(crate) fn add_attribute(&mut self, attributes: &[Attribute], entity: Entity, key: &str) {
        let values = column(attributes, entity, key).into_iter().flatten().flatten();
        for value in values {
            self.add_attribute_value(value);
        }
    }

    /// Adds one value of the retailer's own field.
    pub(crate) fn add_attribute_value(&mut self, value: &AttributeValue) {
        match value {
            AttributeValue::Text(text) => self.add(text),
            AttributeValue::Integer(number) => self.add(&number.to_string()),
            AttributeValue::Flag(flag) => self.add(if *flag { "true" } else { "false" }),
        }
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// The only value; none when there is none or more than one.
    pub fn only(&self) -> Option<&Word> {
        let alone = self.values.len() == 1;
        self.values.first().filter(|_| alone)
    }

    /// The segments of a key that these values make.
    pub fn segments(self, key: SegmentKey) -> Vec<Segment> {
        let instead = match (self.values.is_empty(), self.more) {
            (true, _) => Some(Word::from_static("none")),
            (false, true) => Some(Word::from_static("more")),
            (false, false) => None,
        };
        let values = self.values.into_iter().chain(instead);
        values.map(|value| Segment { key, value }).collect()
    }
}

/// The values of the retailer's own field, one for each row of the entity.
pub(crate) fn column<'a>(
    attributes: &'a [Attribute],
    entity: Entity,
    key: &str,
) -> Option<&'a [Option<AttributeValue>]> {
    let mut columns = attributes.iter().filter(|column| column.entity == entity);
    let column = columns.find(|column| column.key == *key)?;
    Some(&column.values)
}

fn clean(text: &str) -> Option<Word> {
    let plain = |character: char| {
        let allowed = character.is_ascii_alphanumeric() || matches!(character, '_' | '.' | '-');
        if allowed { character } else { '_' }
    };
    let cleaned: String = text.trim().chars().take(Word::MAX_LEN).map(plain).collect();
    Word::new(&cleaned).ok()
}
