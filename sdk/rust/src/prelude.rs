//! What plugins of every domain use; each domain's module re-exports it.

pub use crate::about;
pub use crate::attributes::Attributes;
pub use crate::conclusion::Conclusion;
pub use crate::context::{Context, Currency};
pub use crate::description::{About, Reason, ReasonCode};
pub use crate::errors::{PolicyError, Problem, Problems};
pub use crate::index::Index;
pub use crate::named::Named;
pub use crate::rows::Rows;
pub use crate::words;
pub use signalbox_contract::common::{AttributeKind, EntityKind};
pub use signalbox_contract::{Bits, Micro, Word};
