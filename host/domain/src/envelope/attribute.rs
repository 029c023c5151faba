//! The retailer's own fields.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, de};
use utoipa::ToSchema;

use crate::word::Word;

/// What a column of attributes belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Entity {
    /// The order (one value).
    Order,
    /// `lines`.
    Line,
    /// `delivery_groups`.
    Group,
    /// `network.nodes`.
    Node,
    /// `network.stock`.
    Stock,
    /// `network.lanes`.
    Lane,
    /// `supply`.
    Supply,
    /// `demand`.
    Demand,
    /// `return` (one value).
    Return,
    /// `options`.
    Option,
}

/// One value of an attribute. A column holds values of one type only.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(untagged)]
pub enum AttributeValue {
    /// A whole number, at most 2^53 - 1 in magnitude.
    Integer(i64),
    /// True or false.
    Flag(bool),
    /// A text of at most 256 characters.
    Text(String),
}

impl<'de> Deserialize<'de> for AttributeValue {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl de::Visitor<'_> for Visitor {
            type Value = AttributeValue;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a whole number, a boolean, a text or null")
            }

            fn visit_bool<E: de::Error>(self, value: bool) -> Result<AttributeValue, E> {
                Ok(AttributeValue::Flag(value))
            }

            fn visit_i64<E: de::Error>(self, value: i64) -> Result<AttributeValue, E> {
                Ok(AttributeValue::Integer(value))
            }

            fn visit_u64<E: de::Error>(self, value: u64) -> Result<AttributeValue, E> {
                i64::try_from(value)
                    .map(AttributeValue::Integer)
                    .map_err(|_| E::invalid_value(de::Unexpected::Unsigned(value), &self))
            }

            fn visit_str<E: de::Error>(self, value: &str) -> Result<AttributeValue, E> {
                Ok(AttributeValue::Text(value.to_owned()))
            }
        }
        deserializer.deserialize_any(Visitor)
    }
}

/// One of the retailer's own fields, as a column beside the rows of an entity. A policy sees only the keys that it
/// declares.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Attribute {
    /// What the values belong to.
    pub entity: Entity,
    /// The name of the field.
    pub key: Word,
    /// One value per row of the entity, in its order; null where a row has none. All of one type.
    pub values: Vec<Option<AttributeValue>>,
}
