//! Who agreed to a release: approvals that are bound to evidence, dissent, delegations, approvers' keys, and the way around
//! all of it in an emergency.
//!
//! An approval is a signed statement about one version with one plan, one cost book and one document of evidence
//! ([`Approval`], [`Bound`]). The fold of the ledger keeps every one of them ([`Register`]); which of them count, and what
//! is missing, is weighed anew each time it is asked ([`weigh`]), because people lose roles, approvals expire, and evidence
//! is frozen again. Dissent is recorded and shown and blocks nothing by itself: whoever wants to end a release rejects it.

mod approval;
mod bound;
mod break_glass;
mod delegation;
mod envelope;
mod events;
mod formerly;
mod key;
mod matching;
mod may_give;
mod register;
mod statement;
mod weigh;

pub use approval::{Approval, Malformed, SignedBy};
pub use bound::{Bound, BoundTo, Difference};
pub use break_glass::{BreakGlass, Broken, Glass, GlassEnd, GlassError, GlassState, Proposed};
pub use delegation::{Delegated, Delegation};
pub use envelope::{Envelope, EnvelopeSignature, PAYLOAD_TYPE};
pub use events::{ApprovalEscalated, ApprovalGiven, Dissented, EvidenceFrozen};
pub use formerly::{NotFormerly, formerly_approved, not_barred};
pub use key::{RegisteredKey, key_id};
pub use may_give::{NotGiven, may_give};
pub use register::{ApprovalError, Dissent, Ended, EndedBy, Frozen, Given, Register, Standing};
pub use statement::{NotAnApproval, PREDICATE_TYPE, STATEMENT_TYPE, Statement, Subject};
pub use weigh::{Counted, NotCounted, Question, Weighed, Why, weigh};

/// Whether two names are one person's: names that differ in case only are, as in most directories.
pub(crate) fn same_person(one: &str, other: &str) -> bool {
    one.eq_ignore_ascii_case(other)
}

#[cfg(test)]
mod tests;
