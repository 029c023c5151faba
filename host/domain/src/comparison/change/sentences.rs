//! Changes in words.

use std::fmt;

use super::{Arrival, Change, DemandPlace, Disposal, LinePlace, ShipmentPlace};
use crate::allocation::SupplySource;
use crate::envelope::Status;
use crate::returns::Refer;
use crate::routing::ShipmentKind;

/// A sentence for people. The challenger's side comes first: it is what would be new.
impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Change::Status { champion, challenger } => {
                let (new, old) = (completeness(*challenger), completeness(*champion));
                write!(f, "the decision is {new} instead of {old}")
            }
            Change::LineMoved {
                line_id,
                units,
                champion,
                challenger,
            } => moved(f, *units, "line", line_id, challenger.as_ref(), champion.as_ref()),
            Change::Repacked {
                shipment,
                champion,
                challenger,
            } => write!(
                f,
                "what goes {shipment} is packed otherwise: {challenger} shipments instead of {champion}"
            ),
            Change::Shipments {
                group_id,
                champion,
                challenger,
            } => write!(
                f,
                "delivery group {group_id} is served in {challenger} shipments instead of {champion}"
            ),
            Change::Arrival {
                group_id,
                champion,
                challenger,
            } => write!(
                f,
                "delivery group {group_id} is served {challenger} instead of {champion}"
            ),
            Change::DemandMoved {
                demand_id,
                units,
                champion,
                challenger,
            } => moved(
                f,
                *units,
                "demand",
                demand_id,
                challenger.as_ref(),
                champion.as_ref(),
            ),
            Change::AvailableToPromise {
                channel,
                node_id,
                sku,
                champion,
                challenger,
            } => write!(
                f,
                "channel {channel} may promise {challenger} units of {sku} at {node_id} instead of {champion}"
            ),
            Change::Disposition { champion, challenger } => {
                let (new, old) = (disposal(challenger.as_ref()), disposal(champion.as_ref()));
                write!(f, "the item goes {new} instead of {old}")
            }
            Change::Referral { champion, challenger } => {
                let (new, old) = (desk(challenger.as_ref()), desk(champion.as_ref()));
                write!(f, "the return is looked at by {new} instead of by {old}")
            }
        }
    }
}

fn completeness(status: Status) -> &'static str {
    match status {
        Status::Full => "full",
        Status::Partial => "partial",
        Status::Unfillable => "that nothing can be done",
        Status::Referred => "that a person decides",
    }
}

fn moved<P: fmt::Display>(
    f: &mut fmt::Formatter<'_>,
    units: u64,
    what: &str,
    id: &str,
    new: Option<&P>,
    old: Option<&P>,
) -> fmt::Result {
    let word = if units == 1 { "unit" } else { "units" };
    write!(f, "{units} {word} of {what} {id}: ")?;
    match (new, old) {
        (Some(new), Some(old)) => write!(f, "{new} instead of {old}"),
        (Some(new), None) => write!(f, "{new} instead of not at all"),
        (None, Some(old)) => write!(f, "not at all instead of {old}"),
        (None, None) => f.write_str("not at all"),
    }
}

fn disposal(disposal: Option<&Disposal>) -> String {
    disposal.map_or_else(|| "to a person who decides".to_owned(), Disposal::to_string)
}

fn desk(refer: Option<&Refer>) -> String {
    refer.map_or_else(
        || "nobody".to_owned(),
        |refer| format!("{} ({})", refer.to, refer.reason),
    )
}

impl fmt::Display for LinePlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            LinePlace::Shipment {
                shipment,
                sku,
                stock_row,
            } => {
                write!(f, "{shipment} as {sku}")?;
                stock_row.map_or(Ok(()), |row| write!(f, " (stock row {row})"))
            }
            LinePlace::Unassigned { action, reason, .. } => write!(f, "left behind ({action}, {reason})"),
        }
    }
}

impl fmt::Display for ShipmentPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            ShipmentKind::Ship => write!(f, "from {}", self.from_node)?,
            ShipmentKind::Pickup => write!(f, "collected at {}", self.from_node)?,
            ShipmentKind::Transfer => write!(f, "transferred from {}", self.from_node)?,
        }
        for (word, value) in [("to", &self.to_node), ("via", &self.via_node)] {
            if let Some(value) = value {
                write!(f, " {word} {value}")?;
            }
        }
        match (&self.carrier, &self.service) {
            (Some(carrier), Some(service)) => write!(f, " by {carrier} {service}"),
            (None, Some(word)) | (Some(word), None) => write!(f, " by {word}"),
            (None, None) => Ok(()),
        }
    }
}

impl fmt::Display for Arrival {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "by {}", self.by)?;
        match self.late_bp {
            None => Ok(()),
            Some(late_bp) => {
                let (whole, rest) = (late_bp / 100, late_bp % 100);
                write!(f, " (late in {whole}.{rest:02} % of cases)")
            }
        }
    }
}

impl fmt::Display for DemandPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            DemandPlace::Supply {
                node_id,
                sku,
                supply_row,
                source,
                ..
            } => {
                let from = match source {
                    SupplySource::OnHand => "from stock at",
                    SupplySource::Inbound => "from what is on its way to",
                    SupplySource::Transfer => "by transfer from",
                };
                write!(f, "{sku} {from} {node_id} (supply row {supply_row})")
            }
            DemandPlace::Short { reason } => write!(f, "not given ({reason})"),
        }
    }
}

impl fmt::Display for Disposal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "to {}", self.disposition)?;
        if let Some(node) = &self.destination_node {
            write!(f, " at {node}")?;
        }
        write!(f, " (option {})", self.option_row)
    }
}
