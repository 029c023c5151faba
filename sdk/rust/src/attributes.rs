//! A retailer's own fields.

use signalbox_contract::Word;
use signalbox_contract::common::{AttributeKind, AttributeRow, EntityKind};

use crate::rows::Rows;

/// The attributes of a request: only those whose keys the policy declares in [`About`](crate::About).
#[derive(Clone, Copy, Debug)]
pub struct Attributes<'a>(Rows<'a, AttributeRow>);

impl<'a> Attributes<'a> {
    pub(crate) fn new(rows: Rows<'a, AttributeRow>) -> Attributes<'a> {
        Attributes(rows)
    }

    /// The value of `key` on one row, when it is an integer. Looks through all attributes: for many rows use
    /// [`Attributes::integers`].
    pub fn integer(self, entity: EntityKind, row: u32, key: impl Into<Word>) -> Option<i64> {
        self.find(entity, row, key.into(), AttributeKind::Integer)
    }

    /// As [`Attributes::integer`], for a flag.
    pub fn flag(self, entity: EntityKind, row: u32, key: impl Into<Word>) -> Option<bool> {
        self.find(entity, row, key.into(), AttributeKind::Flag)
            .map(|value| value != 0)
    }

    /// As [`Attributes::integer`], for a text, as its word.
    pub fn text(self, entity: EntityKind, row: u32, key: impl Into<Word>) -> Option<Word> {
        self.find(entity, row, key.into(), AttributeKind::Text)
            .map(|value| Word(value as u32))
    }

    /// The integers of `key` for the rows `0..rows` of a table, in one pass.
    pub fn integers(self, entity: EntityKind, rows: u32, key: impl Into<Word>) -> Vec<Option<i64>> {
        let key = key.into();
        let mut values = vec![None; rows as usize];
        for attribute in self.0 {
            if attribute.entity() == entity
                && attribute.key() == key
                && attribute.kind() == AttributeKind::Integer
                && let Some(value) = values.get_mut(attribute.row() as usize)
            {
                *value = Some(attribute.value());
            }
        }
        values
    }

    /// All of them, as rows.
    pub fn rows(self) -> Rows<'a, AttributeRow> {
        self.0
    }

    fn find(self, entity: EntityKind, row: u32, key: Word, kind: AttributeKind) -> Option<i64> {
        self.0
            .iter()
            .find(|attribute| {
                attribute.key() == key
                    && attribute.row() == row
                    && attribute.entity() == entity
                    && attribute.kind() == kind
            })
            .map(|attribute| attribute.value())
    }
}
