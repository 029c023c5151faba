//! The registered words of the open vocabularies and what the host takes them to mean.
//!
//! A policy or caller may use other words; where the host has to act on one, it takes the class that is safe: an unknown
//! action waits, an unknown disposition is not among the lawful ones.

mod dispositions;

pub use dispositions::{CbvDisposition, DISPOSITIONS, Disposition, DispositionClass, disposition};

use crate::word::Word;

/// What an action does with unassigned units.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ActionClass {
    /// They wait for stock, time or a new attempt.
    Waits,
    /// They wait for a person.
    Refers,
    /// They are cancelled.
    Cancels,
}

/// Actions on unassigned units.
pub const ACTIONS: &[(&str, ActionClass)] = &[
    ("BACKORDER", ActionClass::Waits),
    ("RETRY", ActionClass::Waits),
    ("HOLD", ActionClass::Waits),
    ("QUEUE", ActionClass::Refers),
    ("CANCEL", ActionClass::Cancels),
];

/// The class of an action; unknown ones wait.
pub fn action_class(action: &Word) -> ActionClass {
    ACTIONS
        .iter()
        .find(|(word, _)| action == word)
        .map_or(ActionClass::Waits, |(_, class)| *class)
}

/// Terms of a routing score and of the host's routing loss.
pub const TERMS: &[&str] = &[
    "shipping",
    "processing",
    "split",
    "lateness",
    "capacity",
    "stockout_avoidance",
    "markdown_avoidance",
    "inventory_confidence",
    "rejection_risk",
    "carrier_reliability",
    "distance",
    "carbon",
    "customer_tier",
    "margin",
    "unserved",
];

/// Why an order is routed again.
pub const REROUTE_REASONS: &[&str] = &[
    "ORDER_MODIFIED",
    "MANUAL",
    "SHORT_PICK",
    "TIME_TRIGGERED",
    "STOCK_ZEROED",
    "ABORTED",
    "RECALCULATION",
];

/// Why a node rejects an assignment.
pub const REJECTION_REASONS: &[&str] = &[
    "NOT_IN_STOCK",
    "MISMATCH",
    "DAMAGED",
    "WORN_DISPLAY",
    "CAPACITY",
    "UNDELIVERABLE",
    "RESERVATION_FAILED",
    "OTHER",
];

/// Why units of an order stay unassigned.
pub const UNASSIGNED_REASONS: &[&str] = &[
    "NO_STOCK",
    "NO_NODE",
    "NO_LANE",
    "NO_CAPACITY",
    "ON_HOLD",
    "SHIPMENT_LIMIT",
    "SHIP_COMPLETE",
];

/// Why a demand goes short.
pub const SHORTAGE_REASONS: &[&str] = &[
    "INSUFFICIENT_SUPPLY",
    "SAFETY_STOCK_HELD",
    "CHANNEL_RESERVE",
    "PRIORITY_PREEMPTED",
    "PACK_ROUNDING",
    "LATE_INBOUND",
    "CAP_REACHED",
    "FAIR_SHARE",
];

/// Why a customer sends something back.
pub const RETURN_REASONS: &[&str] = &[
    "COLOR",
    "DEFECTIVE",
    "NOT_AS_DESCRIBED",
    "SIZE_TOO_LARGE",
    "SIZE_TOO_SMALL",
    "STYLE",
    "UNWANTED",
    "WRONG_ITEM",
    "OTHER",
    "UNKNOWN",
];

/// Kinds of node.
pub const NODE_TYPES: &[&str] = &[
    "DC",
    "STORE",
    "DARK_STORE",
    "SUPPLIER",
    "MARKETPLACE",
    "LOCKER",
    "RETURNS_CENTRE",
];

/// Service levels.
pub const SERVICES: &[&str] = &[
    "STANDARD", "EXPRESS", "NEXT_DAY", "SAME_DAY", "ECONOMY", "FREIGHT",
];

/// Capabilities of nodes and lanes.
pub const CAPABILITIES: &[&str] = &[
    "gift_wrap",
    "hazmat",
    "age_check",
    "cold",
    "frozen",
    "oversize",
    "high_value",
    "assembly",
    "signature",
];

/// Kinds of hold.
pub const HOLDS: &[&str] = &["PAYMENT", "FRAUD", "ADDRESS", "CUSTOMER", "COMPLIANCE", "OTHER"];

/// Conditions of stock.
pub const CONDITIONS: &[&str] = &["NEW", "OPEN_BOX", "REFURBISHED", "USED"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_registered_word_is_a_word_and_registered_once() {
        let actions: Vec<&str> = ACTIONS.iter().map(|(word, _)| *word).collect();
        let dispositions: Vec<&str> = dispositions::DISPOSITIONS
            .iter()
            .map(|known| known.word)
            .collect();
        for vocabulary in [
            actions.as_slice(),
            dispositions.as_slice(),
            TERMS,
            REROUTE_REASONS,
            REJECTION_REASONS,
            UNASSIGNED_REASONS,
            SHORTAGE_REASONS,
            RETURN_REASONS,
            NODE_TYPES,
            SERVICES,
            CAPABILITIES,
            HOLDS,
            CONDITIONS,
        ] {
            for (place, word) in vocabulary.iter().enumerate() {
                assert!(Word::is_valid(word), "{word}");
                assert!(!vocabulary[..place].contains(word), "{word}");
            }
        }
    }

    #[test]
    fn only_cancel_cancels() {
        assert_eq!(action_class(&Word::from_static("CANCEL")), ActionClass::Cancels);
        assert_eq!(
            action_class(&Word::from_static("CANCELLED_BY_MOON")),
            ActionClass::Waits
        );
    }
}
