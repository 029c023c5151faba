//! The tables of a routing request and of a routing decision. `CONTRACT.md` names of the JSON API, in the same words.
//!
//! Money is in minor units of the request's currency, time in epoch milliseconds UTC, mass in g, length in mm, distance
//! in m, rates in basis points. References between tables are row numbers.

use crate::cells::{Bits, Micro, Word};

codes! {
    /// Why the decision is asked for.
    Purpose {
        Assign = 0 /** Ship this order now. */,
        Promise = 1 /** What could be promised; nothing is committed. */,
        Reroute = 2 /** An earlier assignment failed. */,
    }
}

codes! {
    /// What may happen when not everything can ship.
    Fill {
        ShipComplete = 0 /** All or nothing. */,
        PartialBackorder = 1 /** Ship what there is, the rest waits. */,
        PartialCancel = 2 /** Ship what there is, the rest is cancelled. */,
    }
}

codes! {
    /// How a delivery group reaches the customer.
    Method {
        Ship = 0 /** Delivered to an address. */,
        Pickup = 1 /** Collected at a node. */,
        Locker = 2 /** Delivered to a locker. */,
    }
}

codes! {
    /// What the lines of a kit or order must share.
    Together {
        Free = 0 /** Nothing. */,
        Ship = 1 /** One shipment: whatever is assigned of all such lines of the delivery group leaves together. */,
        Deliver = 2 /** One delivery: whatever is assigned of all such lines of the delivery group arrives within 24 hours. */,
    }
}

codes! {
    /// Which capacity pool of a node.
    Pool {
        Ship = 0 /** Parcels. */,
        Pickup = 1 /** Counter collections. */,
    }
}

codes! {
    /// What a capacity window counts.
    CapacityUnit {
        Orders = 0 /** An order counts once per node and window, however many shipments it takes. */,
        Lines = 1 /** Shipment lines. */,
        Units = 2 /** Pieces of ordered lines. */,
        Minutes = 3 /** Labour minutes: lines x the node's `minutes_per_line`. */,
    }
}

codes! {
    /// What a shipment is.
    ShipmentKind {
        Ship = 0 /** To the customer, on a lane. */,
        Pickup = 1 /** Handed over at the node. */,
        Transfer = 2 /** To another node first. */,
    }
}

table! {
    /// The order; exactly one row.
    "order" = 0: OrderRow, Order, OrderColumns {
        narrow {
            /// Sales channel.
            channel: Word,
            /// Why the decision is asked for.
            purpose: Purpose,
            /// How often the order was routed before.
            attempt: u32,
            /// Why it is routed again.
            reroute_reason: Word,
            /// Higher is more urgent.
            priority: u32,
            /// Customer tier.
            customer_tier: Word,
            /// What may happen when not everything can ship.
            fill: Fill,
            /// Most shipments allowed, locked ones included.
            max_shipments: Option<u32>,
            /// Kind of hold (payment, fraud …).
            hold_kind: Word,
        }
        wide {
            /// When the customer ordered.
            placed_at: Option<i64>,
            /// No new shipment may carry less net revenue than this.
            min_shipment_value: i64,
            /// Everything should have left by then; wished, not enforced.
            ship_by: Option<i64>,
            /// What has not left by then is cancelled.
            cancel_after: Option<i64>,
            /// What a missed promise costs by contract.
            sla_penalty: i64,
            /// Nothing may leave earlier; none with a hold: nothing may be assigned.
            hold_until: Option<i64>,
        }
    }
}

table! {
    /// A delivery group: lines that go to one place by one service.
    "groups" = 1: GroupRow, Group, GroupColumns {
        narrow {
            /// How it reaches the customer.
            method: Method,
            /// ISO 3166-1 alpha-2 country.
            country: Word,
            /// ISO 3166-2 region.
            region: Word,
            /// Postal code.
            postal_code: Word,
            /// Latitude of the destination.
            lat: Option<Micro>,
            /// Longitude of the destination.
            lon: Option<Micro>,
            /// A home address.
            residential: bool,
            /// Node of a pickup.
            pickup_node: Option<u32>,
            /// Service that was sold.
            service: Word,
        }
        wide {
            /// The first promise to the customer.
            promised_by: Option<i64>,
        }
    }
}

table! {
    /// An order line.
    "lines" = 2: LineRow, Line, LineColumns {
        narrow {
            /// Its delivery group.
            group: u32,
            /// SKU number, counted from 0 within the request; equal numbers are equal SKUs.
            sku: u32,
            /// Pieces ordered, locked ones included.
            quantity: u32,
            /// Weight of a piece.
            weight_g: u32,
            /// Length of a piece.
            length_mm: u32,
            /// Width of a piece.
            width_mm: u32,
            /// Height of a piece.
            height_mm: u32,
            /// Kit number; lines of one kit ship in the ratio of `kit_ratio`.
            kit: Option<u32>,
            /// Pieces of this line in one kit.
            kit_ratio: u32,
            /// What it must share with other such lines of its group.
            together: Together,
            /// The only node that may ship it.
            firm_node: Option<u32>,
        }
        wide {
            /// Revenue of the line without tax.
            net_revenue: i64,
            /// Cost of one piece.
            unit_cost: i64,
            /// Capabilities that node and lane must provide.
            requires: Bits,
        }
    }
}

table! {
    /// A SKU that may ship instead of a line's own.
    "substitutes" = 3: SubstituteRow, Substitute, SubstituteColumns {
        narrow {
            /// The line.
            line: u32,
            /// The substitute's SKU number.
            sku: u32,
            /// Pieces of the substitute for one piece ordered.
            ratio: u32,
            /// The customer agreed.
            consent: bool,
        }
        wide {}
    }
}

table! {
    /// A place that holds stock.
    "nodes" = 4: NodeRow, Node, NodeColumns {
        narrow {
            /// Type: store, warehouse, vendor …
            node_type: Word,
            /// Latitude.
            lat: Option<Micro>,
            /// Longitude.
            lon: Option<Micro>,
            /// Must not be used: the caller or a lever says so.
            excluded: bool,
            /// Share of assignments the node rejects.
            rejection_bp: u32,
            /// Labour minutes of a line.
            minutes_per_line: u32,
        }
        wide {
            /// Handling cost of a shipment.
            per_shipment: i64,
            /// Handling cost of a line.
            per_line: i64,
            /// Handling cost of a piece.
            per_unit: i64,
            /// Capabilities it provides.
            provides: Bits,
        }
    }
}

table! {
    /// Membership of a node in a named group.
    "node-groups" = 5: NodeGroupRow, NodeGroup, NodeGroupColumns {
        narrow {
            /// The node.
            node: u32,
            /// The group's name.
            group: Word,
        }
        wide {}
    }
}

table! {
    /// A capacity window of a node.
    "capacity" = 6: CapacityRow, Capacity, CapacityColumns {
        narrow {
            /// The node.
            node: u32,
            /// Which pool.
            pool: Pool,
            /// What is counted.
            unit: CapacityUnit,
            /// Most in the window.
            limit: u32,
            /// Already used.
            used: u32,
            /// Held for others.
            held: u32,
        }
        wide {
            /// Start of the window, inclusive.
            from: i64,
            /// End of the window, exclusive.
            to: i64,
        }
    }
}

table! {
    /// Stock of one SKU at one node.
    "stock" = 7: StockRow, Stock, StockColumns {
        narrow {
            /// The node.
            node: u32,
            /// The SKU number; 4294967295 when no line asks for it.
            sku: u32,
            /// Pieces there.
            available: u32,
            /// Pieces of them that must stay.
            safety_stock: u32,
            /// Condition; none is new.
            condition: Word,
            /// Lot number within the request.
            lot: Option<u32>,
            /// Owner of the stock; none is the retailer.
            owner: Word,
            /// How far the count can be trusted; none is fully.
            confidence_bp: Option<u32>,
            /// Pieces sold a day there, in thousandths.
            velocity_milli: u32,
            /// Chance that it ends up marked down.
            markdown_risk_bp: u32,
        }
        wide {
            /// Cannot leave earlier.
            available_from: Option<i64>,
            /// Expires then.
            expires_at: Option<i64>,
            /// Cost of a piece there, where it differs from the line's.
            unit_cost: Option<i64>,
            /// When the count was true.
            as_of: Option<i64>,
        }
    }
}

table! {
    /// A carrier service from a node to a delivery group.
    "lanes" = 8: LaneRow, Lane, LaneColumns {
        narrow {
            /// From this node.
            node: u32,
            /// To this delivery group.
            group: u32,
            /// Carrier service.
            service: Word,
            /// Chance of delivery by `promised_by`; none is unknown.
            on_time_bp: Option<u32>,
            /// Distance.
            distance_m: u32,
            /// Emissions of a parcel.
            co2_g: u32,
            /// Mass that the base price of each parcel includes.
            included_g: u32,
            /// Mass step above it; 0 when mass costs nothing.
            step_g: u32,
            /// Heaviest parcel: a heavier shipment takes several, a heavier piece cannot go; none is unlimited.
            max_parcel_g: Option<u32>,
            /// Divisor of the volume weight (mm3 per g); none is weight only.
            dim_divisor: Option<u32>,
        }
        wide {
            /// Last moment to order for `ship_at`.
            order_by: Option<i64>,
            /// Leaves the node.
            ship_at: Option<i64>,
            /// Delivered by then in half of all cases.
            deliver_p50_at: Option<i64>,
            /// Delivered by then in nine of ten cases.
            deliver_p90_at: Option<i64>,
            /// Base price of a parcel.
            base: i64,
            /// Price of a step.
            step: i64,
            /// Surcharges of a parcel.
            surcharge: i64,
            /// Duty and tax that the retailer absorbs, for each shipment.
            duty_tax: i64,
            /// Capabilities it provides.
            provides: Bits,
        }
    }
}

table! {
    /// A node that was tried before.
    "tried-nodes" = 9: TriedNodeRow, TriedNode, TriedNodeColumns {
        narrow {
            /// The node.
            node: u32,
            /// Why it failed.
            reason: Word,
        }
        wide {}
    }
}

table! {
    /// A shipment that is fixed: the decision repeats it unchanged.
    "locked-shipments" = 10: LockedShipmentRow, LockedShipment, LockedShipmentColumns {
        narrow {
            /// What it is.
            kind: ShipmentKind,
            /// Its node.
            from_node: u32,
            /// Its delivery group.
            group: Option<u32>,
            /// The node that receives it (a transfer).
            to_node: Option<u32>,
            /// The node that it passes through.
            via_node: Option<u32>,
        }
        wide {
            /// Leaves then.
            ship_at: Option<i64>,
            /// Arrives by then.
            deliver_by: Option<i64>,
            /// What it costs.
            cost: i64,
        }
    }
}

table! {
    /// A line of a locked shipment. Its pieces are no longer part of the stock rows.
    "locked-lines" = 11: LockedLineRow, LockedLine, LockedLineColumns {
        narrow {
            /// The locked shipment.
            shipment: u32,
            /// The order line.
            line: u32,
            /// Pieces of the SKU that is sent.
            quantity: u32,
            /// The substitute that is sent, by row; none for the line's own SKU.
            substitute: Option<u32>,
        }
        wide {}
    }
}

table! {
    /// Decision: a shipment. What costs, splits and arrives.
    "shipments" = 0: ShipmentRow, Shipment, ShipmentColumns {
        narrow {
            /// What it is.
            kind: ShipmentKind,
            /// From this node.
            from_node: u32,
            /// To this delivery group.
            group: Option<u32>,
            /// To this node (a transfer).
            to_node: Option<u32>,
            /// Through this node.
            via_node: Option<u32>,
            /// On this lane; none for a pickup and for a locked shipment.
            lane: Option<u32>,
            /// The locked shipment that this repeats; none for a new one.
            locked: Option<u32>,
        }
        wide {
            /// Leaves then, as the policy sees it.
            ship_at: Option<i64>,
            /// Arrives by then, as the policy sees it.
            deliver_by: Option<i64>,
            /// What it costs, as the policy sees it. The host computes its own.
            cost: i64,
        }
    }
}

table! {
    /// Decision: a line of a shipment.
    "shipment-lines" = 1: ShipmentLineRow, ShipmentLine, ShipmentLineColumns {
        narrow {
            /// The shipment, by row of this decision.
            shipment: u32,
            /// The order line.
            line: u32,
            /// Taken from this stock row, whose SKU is what ships; none only in a locked shipment.
            stock: Option<u32>,
            /// Pieces of that SKU. Of a substitute, `ratio` of them cover one piece of the line.
            quantity: u32,
        }
        wide {}
    }
}

table! {
    /// Decision: pieces of a line that are not assigned.
    "unassigned" = 2: UnassignedRow, Unassigned, UnassignedColumns {
        narrow {
            /// The order line.
            line: u32,
            /// Pieces of the ordered SKU.
            quantity: u32,
            /// What happens to them: `BACKORDER`, `CANCEL`, `RETRY`, `QUEUE` …
            action: Word,
            /// Queue that a person works on.
            queue: Word,
            /// Why.
            reason: Word,
        }
        wide {
            /// Ask again then.
            retry_at: Option<i64>,
            /// Cancel then.
            cancel_at: Option<i64>,
        }
    }
}

table! {
    /// Decision: a node that was considered.
    "candidates" = 3: CandidateRow, Candidate, CandidateColumns {
        narrow {
            /// The node.
            node: u32,
            /// Whether it could be used.
            eligible: bool,
            /// What ruled it out.
            failed_constraint: Word,
        }
        wide {
            /// Sum of its terms, in thousandths of a minor unit; lower is better.
            total_milli: i64,
        }
    }
}

table! {
    /// Decision: one term of a candidate's total.
    "candidate-terms" = 4: CandidateTermRow, CandidateTerm, CandidateTermColumns {
        narrow {
            /// The candidate, by row of this decision.
            candidate: u32,
            /// Name of the term.
            term: Word,
        }
        wide {
            /// Its value, in thousandths of a minor unit.
            value_milli: i64,
        }
    }
}
