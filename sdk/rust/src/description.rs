//! What a policy says of itself.

use crate::named::Named;
use signalbox_contract::Word;
use signalbox_contract::common::{EntityKind, ReasonRow};

/// What a plugin is. Start it with [`about!`](crate::about), which takes name, version and summary from the crate.
#[derive(Clone, Copy, Debug)]
pub struct About {
    /// Name in kebab case; with the version it names the plugin.
    pub name: &'static str,
    /// Semantic version.
    pub version: &'static str,
    /// One sentence for a person who has to choose.
    pub summary: &'static str,
    /// Every reason that a decision may give.
    pub reasons: &'static [ReasonCode],
    /// Every other word that a decision may use: terms, actions, queues, constraints.
    pub words: &'static [Named],
    /// Attribute keys that the policy reads. It sees no others.
    pub attribute_keys: &'static [Named],
}

impl About {
    /// A plugin of that name and version, with one sentence.
    pub const fn new(name: &'static str, version: &'static str, summary: &'static str) -> About {
        About {
            name,
            version,
            summary,
            reasons: &[],
            words: &[],
            attribute_keys: &[],
        }
    }

    /// Declares the reasons that decisions may give.
    pub const fn reasons(mut self, reasons: &'static [ReasonCode]) -> About {
        self.reasons = reasons;
        self
    }

    /// Declares the other words that decisions may use.
    pub const fn words(mut self, words: &'static [Named]) -> About {
        self.words = words;
        self
    }

    /// Declares the attribute keys that the policy reads.
    pub const fn attribute_keys(mut self, keys: &'static [Named]) -> About {
        self.attribute_keys = keys;
        self
    }
}

/// The [`About`](crate::About) of the crate it is written in: name, version and description as in its `Cargo.toml`.
#[macro_export]
macro_rules! about {
    () => {
        $crate::About::new(
            env!("CARGO_PKG_NAME"),
            env!("CARGO_PKG_VERSION"),
            env!("CARGO_PKG_DESCRIPTION"),
        )
    };
}

/// A code that the reasons of a decision may use, with its sentence.
///
/// In the sentence `{subject}` stands for the row that the reason is about, `{a}` and `{b}` for its numbers; `{a:money}`,
/// `{a:m}`, `{a:bp}`, `{a:time}` show a number with its unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReasonCode {
    /// The code, in upper case.
    pub code: &'static str,
    /// Its sentence.
    pub template: &'static str,
    word: Word,
}

impl ReasonCode {
    /// A code and its sentence.
    pub const fn new(code: &'static str, template: &'static str) -> ReasonCode {
        ReasonCode {
            code,
            template,
            word: Word::of(code),
        }
    }

    /// The code as a word.
    pub const fn word(&self) -> Word {
        self.word
    }

    /// A reason about the request as a whole.
    pub const fn reason(&self) -> Reason {
        Reason {
            code: self.word,
            entity: EntityKind::Order,
            subject: None,
            a: 0,
            b: 0,
        }
    }

    /// A reason about an order line, by row.
    pub const fn about_line(&self, row: u32) -> Reason {
        self.reason().about(EntityKind::Line, row)
    }

    /// A reason about a node, by row.
    pub const fn about_node(&self, row: u32) -> Reason {
        self.reason().about(EntityKind::Node, row)
    }

    /// A reason about a stock or supply row.
    pub const fn about_stock(&self, row: u32) -> Reason {
        self.reason().about(EntityKind::Stock, row)
    }

    /// A reason about a demand, by row.
    pub const fn about_demand(&self, row: u32) -> Reason {
        self.reason().about(EntityKind::Demand, row)
    }

    /// A reason about a disposition option, by row.
    pub const fn about_option(&self, row: u32) -> Reason {
        self.reason().about(EntityKind::Option, row)
    }
}

/// One reason of a decision, made from a [`ReasonCode`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reason {
    code: Word,
    entity: EntityKind,
    subject: Option<u32>,
    a: i64,
    b: i64,
}

impl Reason {
    /// The same, about row `row` of a table.
    pub const fn about(mut self, entity: EntityKind, row: u32) -> Reason {
        self.entity = entity;
        self.subject = Some(row);
        self
    }

    /// The same, with the first number of the sentence.
    pub const fn a(mut self, a: i64) -> Reason {
        self.a = a;
        self
    }

    /// The same, with the second number of the sentence.
    pub const fn b(mut self, b: i64) -> Reason {
        self.b = b;
        self
    }
}

impl From<Reason> for ReasonRow {
    fn from(reason: Reason) -> ReasonRow {
        ReasonRow {
            code: reason.code,
            entity: reason.entity,
            subject: reason.subject,
            a: reason.a,
            b: reason.b,
        }
    }
}
