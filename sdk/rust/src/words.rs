//! The registered words: those whose meaning the host knows. Policies may use others, and declare them in
//! [`About`](crate::About).

macro_rules! words {
    ($($(#[$doc:meta])* $module:ident { $($(#[$word_doc:meta])* $name:ident = $text:literal,)+ })+) => {
        $($(#[$doc])*
        pub mod $module {
            use crate::Named;
            $($(#[$word_doc])* pub const $name: Named = Named::new($text);)+
            /// All of them.
            pub const ALL: &[Named] = &[$($name,)+];
        })+
    };
}

words! {
    /// Types of nodes.
    node_type {
        /// A warehouse.
        DC = "DC",
        /// A store.
        STORE = "STORE",
        /// A supplier that ships itself.
        SUPPLIER = "SUPPLIER",
    }
    /// What happens to pieces that are not assigned.
    action {
        /// They wait for stock.
        BACKORDER = "BACKORDER",
        /// They are cancelled.
        CANCEL = "CANCEL",
        /// Ask again later.
        RETRY = "RETRY",
        /// They wait for the end of a hold.
        HOLD = "HOLD",
        /// A person decides.
        QUEUE = "QUEUE",
    }
    /// What rules a node, lane or option out.
    constraint {
        /// The caller or a lever excludes it.
        EXCLUDED = "EXCLUDED",
        /// It was tried before.
        TRIED = "TRIED",
        /// Not the only node that may ship the line.
        FIRM_NODE = "FIRM_NODE",
        /// It lacks a capability that is required.
        REQUIRES = "REQUIRES",
        /// Not enough stock after safety stock.
        STOCK = "STOCK",
        /// No lane to the delivery group.
        NO_LANE = "NO_LANE",
        /// Too late to order on any lane.
        ORDER_BY = "ORDER_BY",
        /// A piece is too heavy for any lane.
        PARCEL = "PARCEL",
        /// No capacity left in the window.
        CAPACITY = "CAPACITY",
        /// A hold lasts beyond the departure.
        HOLD = "HOLD",
        /// It would arrive after the order lapses.
        LAPSED = "LAPSED",
        /// More shipments than allowed.
        MAX_SHIPMENTS = "MAX_SHIPMENTS",
        /// A shipment would be worth too little.
        MIN_SHIPMENT_VALUE = "MIN_SHIPMENT_VALUE",
        /// What has to stay together does not fit there.
        TOGETHER = "TOGETHER",
        /// Too far away.
        DISTANCE = "DISTANCE",
        /// A type of node that the parameters rule out.
        NODE_TYPE = "NODE_TYPE",
    }
    /// Why pieces are not assigned.
    unassigned_reason {
        /// No eligible node has stock.
        OUT_OF_STOCK = "OUT_OF_STOCK",
        /// There is stock, but no eligible way to ship it.
        NO_ELIGIBLE_NODE = "NO_ELIGIBLE_NODE",
        /// Another line of a set or of the order cannot ship.
        INCOMPLETE = "INCOMPLETE",
        /// The order is on hold.
        HOLD = "HOLD",
    }
    /// Terms of a routing score.
    term {
        /// Carriage.
        SHIPPING = "shipping",
        /// Handling at the node.
        PROCESSING = "processing",
        /// Shipments beyond the first.
        SPLIT = "split",
        /// Expected arrival after the promise.
        LATENESS = "lateness",
        /// Scarcity of capacity at the node.
        CAPACITY = "capacity",
        /// Taking the last pieces of a fast seller.
        STOCKOUT_AVOIDANCE = "stockout_avoidance",
        /// Selling what would be marked down.
        MARKDOWN_AVOIDANCE = "markdown_avoidance",
        /// Stock counts that cannot be trusted.
        INVENTORY_CONFIDENCE = "inventory_confidence",
        /// Nodes that reject assignments.
        REJECTION_RISK = "rejection_risk",
        /// Carriers that are late.
        CARRIER_RELIABILITY = "carrier_reliability",
        /// Distance travelled.
        DISTANCE = "distance",
        /// Emissions.
        CARBON = "carbon",
        /// Service for valued customers.
        CUSTOMER_TIER = "customer_tier",
        /// Cost of goods at the node.
        MARGIN = "margin",
    }
    /// Why a demand is not met in full.
    shortage {
        /// Not enough supply.
        INSUFFICIENT_SUPPLY = "INSUFFICIENT_SUPPLY",
        /// Safety stock stays.
        SAFETY_STOCK_HELD = "SAFETY_STOCK_HELD",
        /// Kept for another channel.
        CHANNEL_RESERVE = "CHANNEL_RESERVE",
        /// A more urgent demand came first.
        PRIORITY_PREEMPTED = "PRIORITY_PREEMPTED",
        /// Only whole packs.
        PACK_ROUNDING = "PACK_ROUNDING",
        /// Supply arrives too late.
        LATE_INBOUND = "LATE_INBOUND",
        /// The channel's cap is reached.
        CAP_REACHED = "CAP_REACHED",
        /// Shared with others of the group.
        FAIR_SHARE = "FAIR_SHARE",
    }
    /// What can become of a returned unit.
    disposition {
        /// Sold again as new.
        RESTOCK = "RESTOCK",
        /// Sold again as opened.
        RESELL_OPEN_BOX = "RESELL_OPEN_BOX",
        /// Packed again, then sold.
        REPACK = "REPACK",
        /// Repaired, then sold.
        REFURBISH = "REFURBISH",
        /// Back to the vendor.
        RETURN_TO_VENDOR = "RETURN_TO_VENDOR",
        /// Sold in bulk.
        LIQUIDATE = "LIQUIDATE",
        /// Given away.
        DONATE = "DONATE",
        /// Recycled.
        RECYCLE = "RECYCLE",
        /// Destroyed.
        DESTROY = "DESTROY",
        /// Set aside.
        QUARANTINE = "QUARANTINE",
        /// Sent back to the customer.
        RETURN_TO_CUSTOMER = "RETURN_TO_CUSTOMER",
        /// The customer keeps it.
        KEEP_WITH_CUSTOMER = "KEEP_WITH_CUSTOMER",
    }
    /// The customer's reasons to return.
    return_reason {
        /// Wrong colour.
        COLOR = "COLOR",
        /// Defective.
        DEFECTIVE = "DEFECTIVE",
        /// Not as described.
        NOT_AS_DESCRIBED = "NOT_AS_DESCRIBED",
        /// Too large.
        SIZE_TOO_LARGE = "SIZE_TOO_LARGE",
        /// Too small.
        SIZE_TOO_SMALL = "SIZE_TOO_SMALL",
        /// Style.
        STYLE = "STYLE",
        /// No longer wanted.
        UNWANTED = "UNWANTED",
        /// Wrong item sent.
        WRONG_ITEM = "WRONG_ITEM",
        /// Another reason.
        OTHER = "OTHER",
        /// No reason known.
        UNKNOWN = "UNKNOWN",
    }
    /// Grades of a returned unit.
    grade {
        /// As new.
        A = "A",
        /// Light traces.
        B = "B",
        /// Clear traces.
        C = "C",
        /// Damaged.
        D = "D",
        /// Worthless.
        E = "E",
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn no_two_registered_words_share_a_number() {
        use super::*;
        let mut all: Vec<_> = [
            node_type::ALL,
            action::ALL,
            constraint::ALL,
            unassigned_reason::ALL,
            term::ALL,
            shortage::ALL,
            disposition::ALL,
            return_reason::ALL,
            grade::ALL,
        ]
        .concat();
        all.sort_by_key(|named| named.text());
        all.dedup_by_key(|named| named.text());
        let mut numbers: Vec<_> = all.iter().map(|named| named.word()).collect();
        numbers.sort();
        numbers.dedup();
        assert_eq!(numbers.len(), all.len());
    }
}
