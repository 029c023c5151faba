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
        /// A store without customers.
        DARK_STORE = "DARK_STORE",
        /// A supplier that ships itself.
        SUPPLIER = "SUPPLIER",
        /// A seller on a marketplace.
        MARKETPLACE = "MARKETPLACE",
        /// A bank of lockers.
        LOCKER = "LOCKER",
        /// A place that takes returns.
        RETURNS_CENTRE = "RETURNS_CENTRE",
    }
    /// Carrier services.
    service {
        /// The usual.
        STANDARD = "STANDARD",
        /// Faster than usual.
        EXPRESS = "EXPRESS",
        /// The next day.
        NEXT_DAY = "NEXT_DAY",
        /// The same day.
        SAME_DAY = "SAME_DAY",
        /// Slower and cheaper than usual.
        ECONOMY = "ECONOMY",
        /// On pallets.
        FREIGHT = "FREIGHT",
    }
    /// Capabilities of nodes and lanes.
    capability {
        /// Wraps gifts.
        GIFT_WRAP = "gift_wrap",
        /// Takes hazardous goods.
        HAZMAT = "hazmat",
        /// Checks the receiver's age.
        AGE_CHECK = "age_check",
        /// Keeps cool.
        COLD = "cold",
        /// Keeps frozen.
        FROZEN = "frozen",
        /// Takes what is large.
        OVERSIZE = "oversize",
        /// Takes what is valuable.
        HIGH_VALUE = "high_value",
        /// Assembles.
        ASSEMBLY = "assembly",
        /// Delivers against a signature.
        SIGNATURE = "signature",
    }
    /// Conditions of stock.
    condition {
        /// New.
        NEW = "NEW",
        /// Opened.
        OPEN_BOX = "OPEN_BOX",
        /// Repaired.
        REFURBISHED = "REFURBISHED",
        /// Used.
        USED = "USED",
    }
    /// Kinds of hold.
    hold {
        /// Payment.
        PAYMENT = "PAYMENT",
        /// Suspicion of fraud.
        FRAUD = "FRAUD",
        /// The address.
        ADDRESS = "ADDRESS",
        /// The customer asked for it.
        CUSTOMER = "CUSTOMER",
        /// A rule.
        COMPLIANCE = "COMPLIANCE",
        /// Another.
        OTHER = "OTHER",
    }
    /// Why an order is routed again.
    reroute {
        /// The order was changed.
        ORDER_MODIFIED = "ORDER_MODIFIED",
        /// By hand.
        MANUAL = "MANUAL",
        /// The node had less than it thought.
        SHORT_PICK = "SHORT_PICK",
        /// The node took too long.
        TIME_TRIGGERED = "TIME_TRIGGERED",
        /// The node's stock went to zero.
        STOCK_ZEROED = "STOCK_ZEROED",
        /// Aborted.
        ABORTED = "ABORTED",
        /// Calculated again.
        RECALCULATION = "RECALCULATION",
    }
    /// Why a node rejected an assignment.
    rejection {
        /// Not in stock.
        NOT_IN_STOCK = "NOT_IN_STOCK",
        /// Another article.
        MISMATCH = "MISMATCH",
        /// Damaged.
        DAMAGED = "DAMAGED",
        /// Worn by display.
        WORN_DISPLAY = "WORN_DISPLAY",
        /// No capacity.
        CAPACITY = "CAPACITY",
        /// Cannot be delivered.
        UNDELIVERABLE = "UNDELIVERABLE",
        /// It could not be reserved.
        RESERVATION_FAILED = "RESERVATION_FAILED",
        /// Another reason.
        OTHER = "OTHER",
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
        /// A piece is heavier than a parcel may be.
        PARCEL = "PARCEL",
        /// No capacity left in the window.
        CAPACITY = "CAPACITY",
        /// The hold lasts longer than the cut-off.
        HOLD = "HOLD",
        /// It would leave after the order is cancelled.
        CANCELLED = "CANCELLED",
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
        /// No node has stock.
        NO_STOCK = "NO_STOCK",
        /// Nodes have stock, but none of them may be used.
        NO_NODE = "NO_NODE",
        /// Nodes have stock, but no lane is open.
        NO_LANE = "NO_LANE",
        /// Nodes have stock, but no capacity.
        NO_CAPACITY = "NO_CAPACITY",
        /// The order is on hold.
        ON_HOLD = "ON_HOLD",
        /// It would take more shipments than allowed, or one that is worth too little.
        SHIPMENT_LIMIT = "SHIPMENT_LIMIT",
        /// Another line cannot ship, and the order ships complete.
        SHIP_COMPLETE = "SHIP_COMPLETE",
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
        /// What is not assigned.
        UNSERVED = "unserved",
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
            service::ALL,
            capability::ALL,
            condition::ALL,
            hold::ALL,
            reroute::ALL,
            rejection::ALL,
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
