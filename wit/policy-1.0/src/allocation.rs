//! The tables of an allocation request and of an allocation decision.
//!
//! Units as in [`crate::routing`]. Nodes and SKUs are numbers within the request.

use crate::cells::Word;

codes! {
    /// Where allocated pieces come from.
    Source {
        OnHand = 0 /** There now. */,
        Inbound = 1 /** On its way. */,
        Transfer = 2 /** From another node. */,
    }
}

table! {
    /// A supply row.
    "supply" = 0: SupplyRow, Supply, SupplyColumns {
        narrow {
            /// The node.
            node: u32,
            /// The SKU number, counted from 0 within the request.
            sku: u32,
            /// Lot number within the request.
            lot: Option<u32>,
            /// Pieces there.
            on_hand: u32,
            /// Pieces promised to others.
            reserved: u32,
            /// Pieces that must stay.
            safety_stock: u32,
            /// Pieces that must not be used.
            quarantined: u32,
            /// How far the count can be trusted; none is fully.
            confidence_bp: Option<u32>,
        }
        wide {
            /// Expires then.
            expires_at: Option<i64>,
        }
    }
}

table! {
    /// Pieces on their way to a supply row.
    "inbound" = 1: InboundRow, Inbound, InboundColumns {
        narrow {
            /// The supply row.
            supply: u32,
            /// Pieces.
            quantity: u32,
            /// How sure the arrival is; none is fully.
            confidence_bp: Option<u32>,
        }
        wide {
            /// Arrives then.
            eta: i64,
        }
    }
}

table! {
    /// Somebody who wants pieces of a SKU.
    "demand" = 2: DemandRow, Demand, DemandColumns {
        narrow {
            /// Sales channel.
            channel: Word,
            /// Where it is wanted; none is anywhere.
            node: Option<u32>,
            /// The SKU number, counted from 0 within the request.
            sku: u32,
            /// Pieces wanted.
            quantity: u32,
            /// Higher is served first.
            priority: u32,
            /// Less than this is of no use.
            min_quantity: u32,
            /// Only multiples of this; 0 and 1 are single pieces.
            pack_size: u32,
            /// Median forecast of pieces sold.
            forecast_p50: Option<u32>,
            /// Ninth-decile forecast of pieces sold.
            forecast_p90: Option<u32>,
            /// Members of one number are to be treated alike.
            fairness_group: Option<u32>,
        }
        wide {
            /// Wanted by then.
            needed_by: Option<i64>,
            /// Worth of a piece there.
            unit_value: i64,
        }
    }
}

table! {
    /// What was allocated before.
    "existing" = 3: ExistingRow, Existing, ExistingColumns {
        narrow {
            /// The demand.
            demand: u32,
            /// The node it comes from.
            node: u32,
            /// Pieces.
            quantity: u32,
            /// Must be kept.
            locked: bool,
        }
        wide {}
    }
}

table! {
    /// A way from one node to another.
    "transfers" = 4: TransferRow, Transfer, TransferColumns {
        narrow {
            /// From.
            from_node: u32,
            /// To.
            to_node: u32,
            /// How long it takes.
            days: u32,
        }
        wide {
            /// Cost of a piece.
            cost_per_unit: i64,
        }
    }
}

table! {
    /// What a channel is guaranteed and what it may take.
    "channel-rules" = 5: ChannelRuleRow, ChannelRule, ChannelRuleColumns {
        narrow {
            /// The channel.
            channel: Word,
            /// Pieces of every SKU kept for it.
            reserve_quantity: u32,
            /// Share of every SKU's supply kept for it.
            reserve_bp: u32,
            /// Largest share of a SKU's supply it may take; none is all.
            max_bp: Option<u32>,
        }
        wide {}
    }
}

table! {
    /// Decision: pieces given to a demand.
    "allocations" = 0: AllocationRow, Allocation, AllocationColumns {
        narrow {
            /// The demand.
            demand: u32,
            /// From this supply row.
            supply: u32,
            /// Pieces.
            quantity: u32,
            /// Where they come from.
            source: Source,
            /// The inbound row, when the source is inbound.
            inbound: Option<u32>,
            /// The transfer row, when the pieces change nodes.
            transfer: Option<u32>,
        }
        wide {
            /// Nothing moves before then.
            release_at: Option<i64>,
        }
    }
}

table! {
    /// Decision: pieces a demand does not get.
    "shortages" = 1: ShortageRow, Shortage, ShortageColumns {
        narrow {
            /// The demand.
            demand: u32,
            /// Pieces.
            quantity: u32,
            /// Why.
            reason: Word,
        }
        wide {}
    }
}

table! {
    /// Decision: what a channel may still promise.
    "atp" = 2: AtpRow, Atp, AtpColumns {
        narrow {
            /// The channel.
            channel: Word,
            /// The node.
            node: u32,
            /// The SKU number, counted from 0 within the request.
            sku: u32,
            /// Pieces.
            quantity: u32,
        }
        wide {}
    }
}
