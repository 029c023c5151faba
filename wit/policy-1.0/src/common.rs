//! Tables that every domain's messages have, at the end of the message.
//!
//! They sit at the positions 13, 14 and 15 of a request, and 13, 14 of a decision.

use crate::cells::{Bits, Word};

codes! {
    /// What an attribute belongs to.
    EntityKind {
        Order = 0 /** The order, or the allocation run as a whole. */,
        Line = 1 /** A line, by row. */,
        Group = 2 /** A delivery group, by row. */,
        Node = 3 /** A node, by row. */,
        Stock = 4 /** A stock row. */,
        Lane = 5 /** A lane, by row. */,
        Supply = 6 /** A supply row. */,
        Demand = 7 /** A demand, by row. */,
        Return = 8 /** The return. */,
        Option = 9 /** A disposition option, by row. */,
    }
}

codes! {
    /// How an attribute's value is to be read.
    AttributeKind {
        Integer = 0 /** `value` is the integer. */,
        Flag = 1 /** `value` is 0 or 1. */,
        Text = 2 /** `value` is the word number of the text. */,
    }
}

table! {
    /// A retailer's own field. A guest sees only the keys that its `describe` declares.
    "attributes" = 13: AttributeRow, Attribute, AttributeColumns {
        narrow {
            /// What the attribute belongs to.
            entity: EntityKind,
            /// Row of the entity in its table; 0 for the order and the return.
            row: u32,
            /// The key.
            key: Word,
            /// How to read `value`.
            kind: AttributeKind,
        }
        wide {
            /// The value.
            value: i64,
        }
    }
}

table! {
    /// Which word each capability bit stands for: row `i` names bit `i`.
    "capabilities" = 14: CapabilityRow, Capability, CapabilityColumns {
        narrow {
            /// The capability, such as `hazmat`, `cold`, `gift_wrap`.
            word: Word,
        }
        wide {}
    }
}

table! {
    /// The state that the request was cut from; one row.
    "snapshot" = 15: SnapshotRow, Snapshot, SnapshotColumns {
        narrow {
            /// Rows left out of the slice because the network was larger than the bounds.
            dropped: u32,
        }
        wide {
            /// When the state was true, epoch ms.
            as_of: Option<i64>,
            /// Oldest state the caller accepts, in ms.
            max_age_ms: Option<i64>,
            /// Capabilities that operators' levers have suspended.
            suspended: Bits,
        }
    }
}

table! {
    /// One reason of a decision. Its text comes from the template that `describe` declares for the code; `{a}`, `{b}`
    /// stand for the two numbers, `{subject}` for the name of the row the reason is about.
    "reasons" = 13: ReasonRow, Reason, ReasonColumns {
        narrow {
            /// A code that `describe` declares.
            code: Word,
            /// What the reason is about.
            entity: EntityKind,
            /// Row of the subject in its table of the request; none when the reason is about the whole.
            subject: Option<u32>,
        }
        wide {
            /// First number of the template.
            a: i64,
            /// Second number of the template.
            b: i64,
        }
    }
}

table! {
    /// What the decision as a whole says; exactly one row.
    "summary" = 14: SummaryRow, Summary, SummaryColumns {
        narrow {
            /// How sure the policy is, 0 to 10,000 basis points.
            confidence_bp: u32,
        }
        wide {
            /// Until when the decision may be acted on, epoch ms.
            valid_until: Option<i64>,
        }
    }
}
