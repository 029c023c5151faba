//! From a decision's tables to an allocation decision.

use std::collections::HashMap;

use signalbox_contract::allocation::{self as wire, AllocationRow, AtpRow, ShortageRow};
use signalbox_domain::allocation::{
    Allocation, AllocationCase, AllocationDecision, Atp, Shortage, SupplySource,
};
use signalbox_domain::case::Case;
use signalbox_domain::envelope::Status;

use super::super::reader::{At, maybe_row, maybe_time, row};
use super::super::{BadOutput, Reader};

type AllocationReader<'a> = Reader<'a, AllocationCase>;

pub(super) fn decode(
    case: &AllocationCase,
    reader: &AllocationReader<'_>,
) -> Result<AllocationDecision, BadOutput> {
    let says = reader.says()?;
    let mut decision = AllocationDecision {
        status: Status::Unfillable,
        allocations: allocations(case, reader)?,
        shortages: shortages(case, reader)?,
        atp: atp(case, reader)?,
        confidence_bp: says.confidence_bp,
        valid_until: says.valid_until,
        reasons: says.reasons,
    };
    decision.status = case.status_of(&decision);
    Ok(decision)
}

fn allocations(case: &AllocationCase, reader: &AllocationReader<'_>) -> Result<Vec<Allocation>, BadOutput> {
    let inbound = inbound_rows(case);
    let mut allocations = Vec::with_capacity(reader.count::<AllocationRow>()?);
    for (at, view) in reader.rows::<AllocationRow>()? {
        let supply = row(at.column("supply"), view.supply(), case.supply.len())?;
        let mut allocation = Allocation {
            demand: row(at.column("demand"), view.demand(), case.demand.len())?,
            supply,
            source: source(at.column("source"), view.source())?,
            inbound: inbound_of(at.column("inbound"), view.inbound(), supply, &inbound)?,
            transfer: maybe_row(at.column("transfer"), view.transfer(), case.transfers.len())?,
            quantity: view.quantity(),
            release_at: case.now,
        };
        allocation.release_at = maybe_time(at.column("release_at"), view.release_at())?
            .or_else(|| case.earliest_release(&allocation))
            .unwrap_or(case.now);
        allocations.push(allocation);
    }
    Ok(allocations)
}

/// For each row of the guest's inbound table: the supply row it belongs to, and its place there.
fn inbound_rows(case: &AllocationCase) -> Vec<(u32, u32)> {
    let supply = (0..).zip(&case.request.supply);
    supply
        .flat_map(|(supply, given)| (0..).zip(&given.inbound).map(move |(place, _)| (supply, place)))
        .collect()
}

/// Guests number inbound rows through, decisions number them within their supply row.
fn inbound_of(
    at: At,
    found: Option<u32>,
    supply: u32,
    rows: &[(u32, u32)],
) -> Result<Option<u32>, BadOutput> {
    let Some(found) = maybe_row(at, found, rows.len())? else {
        return Ok(None);
    };
    match rows.get(found as usize) {
        Some((belongs_to, place)) if *belongs_to == supply => Ok(Some(*place)),
        _ => Err(at.bad(format!(
            "expected an inbound row of supply row {supply}, found row {found}, which belongs to another"
        ))),
    }
}

fn source(at: At, source: wire::Source) -> Result<SupplySource, BadOutput> {
    match source {
        wire::Source::OnHand => Ok(SupplySource::OnHand),
        wire::Source::Inbound => Ok(SupplySource::Inbound),
        wire::Source::Transfer => Ok(SupplySource::Transfer),
        wire::Source::Unrecognised => {
            Err(at.bad("expected 0 (OnHand), 1 (Inbound) or 2 (Transfer), found another code"))
        }
    }
}

fn shortages(case: &AllocationCase, reader: &AllocationReader<'_>) -> Result<Vec<Shortage>, BadOutput> {
    let mut shortages = Vec::with_capacity(reader.count::<ShortageRow>()?);
    for (at, view) in reader.rows::<ShortageRow>()? {
        shortages.push(Shortage {
            demand: row(at.column("demand"), view.demand(), case.demand.len())?,
            quantity: view.quantity(),
            reason: reader.word(at.column("reason"), view.reason())?,
        });
    }
    Ok(shortages)
}

fn atp(case: &AllocationCase, reader: &AllocationReader<'_>) -> Result<Vec<Atp>, BadOutput> {
    let count = reader.count::<AtpRow>()?;
    if count == 0 {
        return Ok(Vec::new());
    }
    // The first row of each node and SKU names them.
    let mut supply: HashMap<(u32, u32), u32> = HashMap::new();
    for (place, row) in (0..).zip(&case.supply) {
        supply.entry((row.node, row.sku)).or_insert(place);
    }
    let mut atp = Vec::with_capacity(count);
    for (at, view) in reader.rows::<AtpRow>()? {
        let supply = supply.get(&(view.node(), view.sku())).copied().ok_or_else(|| {
            at.bad(format!(
                "expected a node and SKU with a supply row, found node {} and SKU {}",
                view.node(),
                view.sku()
            ))
        })?;
        atp.push(Atp {
            channel: reader.word(at.column("channel"), view.channel())?,
            supply,
            quantity: view.quantity(),
        });
    }
    Ok(atp)
}
