//! A request on its way into policies: encoded once, decided by as many as it takes.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use signalbox_contract::common::{AttributeKind, AttributeRow, EntityKind};
use signalbox_contract::{Tables, word};
use signalbox_domain::Word;
use signalbox_domain::allocation::AllocationCase;
use signalbox_domain::envelope::{Attribute, AttributeValue, Entity, Envelope};
use signalbox_domain::returns::ReturnsCase;
use signalbox_domain::routing::RoutingCase;

use crate::bindings::v1_0::GuestCase;
use crate::numbers::{Numbers, WordCollision};

/// A request that policies of its domain can decide: the validated case, and its tables. Clones share both.
pub struct Input<C> {
    inner: Arc<Inner<C>>,
}

/// A routing request for policies.
pub type RoutingInput = Input<RoutingCase>;
/// An allocation request for policies.
pub type AllocationInput = Input<AllocationCase>;
/// A returns request for policies.
pub type ReturnsInput = Input<ReturnsCase>;

struct Inner<C> {
    case: Arc<C>,
    encoded: Encoded,
    /// The request's words by number; made when the first decision uses one that nobody declares.
    words: OnceLock<HashMap<u32, Word>>,
}

/// The tables of a request without attributes, and where those go: each plugin sees other ones.
pub(crate) struct Encoded {
    tables: Tables,
    narrow_split: usize,
    wide_split: usize,
    /// Rows of the request beside the guest's lane rows, where the guest does not see all of them.
    pub(crate) lane_rows: Option<Vec<u32>>,
}

impl Encoded {
    /// Takes the tables that stand before the attributes, then those behind.
    pub(crate) fn new(
        front: Tables,
        lane_rows: Option<Vec<u32>>,
        behind: impl FnOnce(&mut Tables),
    ) -> Encoded {
        let (narrow_split, wide_split) = (front.narrow.len(), front.wide.len());
        let mut tables = front;
        behind(&mut tables);
        Encoded {
            tables,
            narrow_split,
            wide_split,
            lane_rows,
        }
    }

    /// The tables with the given attributes in their place.
    fn with(&self, attributes: &[AttributeRow]) -> Tables {
        let (narrow_front, narrow_behind) = self
            .tables
            .narrow
            .split_at(self.narrow_split.min(self.tables.narrow.len()));
        let (wide_front, wide_behind) = self
            .tables
            .wide
            .split_at(self.wide_split.min(self.tables.wide.len()));
        let mut tables = Tables {
            narrow: narrow_front.to_vec(),
            wide: wide_front.to_vec(),
        };
        tables.push(attributes);
        tables.narrow.extend_from_slice(narrow_behind);
        tables.wide.extend_from_slice(wide_behind);
        tables
    }
}

impl<C> Clone for Input<C> {
    fn clone(&self) -> Self {
        Input {
            inner: Arc::clone(&self.inner),
        }
    }
}

impl<C: GuestCase> Input<C> {
    /// Encodes a validated request: linear in its rows, done once however many policies decide it.
    ///
    /// # Errors
    /// [`WordCollision`] when two different words of the request have the same number.
    pub fn new(case: Arc<C>) -> Result<Input<C>, WordCollision> {
        let mut numbers = Numbers::default();
        let encoded = case.encode(&mut numbers);
        for attribute in case.request().envelope().attributes {
            numbers.of(&attribute.key);
            for value in attribute.values.iter().flatten() {
                if let AttributeValue::Text(text) = value {
                    numbers.of(text);
                }
            }
        }
        match numbers.into_collision() {
            Some(collision) => Err(collision),
            None => Ok(Input {
                inner: Arc::new(Inner {
                    case,
                    encoded,
                    words: OnceLock::new(),
                }),
            }),
        }
    }

    /// The validated request.
    pub fn case(&self) -> &Arc<C> {
        &self.inner.case
    }

    pub(crate) fn lane_rows(&self) -> Option<&[u32]> {
        self.inner.encoded.lane_rows.as_deref()
    }

    /// The tables for a plugin that reads the given attribute keys.
    pub fn tables(&self, attribute_keys: &[Word]) -> Cow<'_, Tables> {
        let attributes = self.inner.case.request().envelope().attributes;
        if attribute_keys.is_empty() || attributes.is_empty() {
            return Cow::Borrowed(&self.inner.encoded.tables);
        }
        let rows = self.attribute_rows(attributes, attribute_keys);
        if rows.is_empty() {
            return Cow::Borrowed(&self.inner.encoded.tables);
        }
        Cow::Owned(self.inner.encoded.with(&rows))
    }

    fn attribute_rows(&self, attributes: &[Attribute], keys: &[Word]) -> Vec<AttributeRow> {
        let mut rows = Vec::new();
        for attribute in attributes
            .iter()
            .filter(|attribute| keys.contains(&attribute.key))
        {
            for (row, value) in (0..).zip(&attribute.values) {
                let guest_row = match (attribute.entity, self.lane_rows()) {
                    (Entity::Lane, Some(seen)) => seen
                        .binary_search(&row)
                        .ok()
                        .and_then(|row| u32::try_from(row).ok()),
                    _ => Some(row),
                };
                let (Some(value), Some(row)) = (value, guest_row) else {
                    continue;
                };
                let (kind, value) = match value {
                    AttributeValue::Integer(value) => (AttributeKind::Integer, *value),
                    AttributeValue::Flag(value) => (AttributeKind::Flag, i64::from(*value)),
                    AttributeValue::Text(text) => (AttributeKind::Text, i64::from(word(text).0)),
                };
                rows.push(AttributeRow {
                    entity: entity_kind(attribute.entity),
                    row,
                    key: word(&attribute.key),
                    kind,
                    value,
                });
            }
        }
        rows
    }

    /// The request's own word of a number.
    pub(crate) fn word(&self, number: u32) -> Option<&Word> {
        let words = self.inner.words.get_or_init(|| {
            let mut numbers = Numbers::default();
            self.inner.case.encode(&mut numbers);
            numbers.into_words()
        });
        words.get(&number)
    }
}

fn entity_kind(entity: Entity) -> EntityKind {
    match entity {
        Entity::Order => EntityKind::Order,
        Entity::Line => EntityKind::Line,
        Entity::Group => EntityKind::Group,
        Entity::Node => EntityKind::Node,
        Entity::Stock => EntityKind::Stock,
        Entity::Lane => EntityKind::Lane,
        Entity::Supply => EntityKind::Supply,
        Entity::Demand => EntityKind::Demand,
        Entity::Return => EntityKind::Return,
        Entity::Option => EntityKind::Option,
    }
}
