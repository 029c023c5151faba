//! From a decision's tables to a returns decision.

use signalbox_contract::codec::Row;
use signalbox_contract::returns::{self as wire, AlternativeRow, DispositionRow};
use signalbox_domain::case::Case;
use signalbox_domain::envelope::Status;
use signalbox_domain::returns::{Alternative, Refer, ReturnsCase, ReturnsDecision};

use super::super::reader::{At, maybe_row, row};
use super::super::{BadOutput, Reader};

type ReturnsReader<'a> = Reader<'a, ReturnsCase>;

pub(super) fn decode(case: &ReturnsCase, reader: &ReturnsReader<'_>) -> Result<ReturnsDecision, BadOutput> {
    let says = reader.says()?;
    let at = At {
        table: DispositionRow::NAME,
        row: 0,
        column: "",
    };
    let chosen = reader.only::<DispositionRow>()?;
    let mut decision = ReturnsDecision {
        status: Status::Referred,
        option: maybe_row(at.column("option"), chosen.option(), case.options.len())?,
        expected_recovery_minor: chosen.expected_recovery(),
        alternatives: alternatives(case, reader)?,
        refer: refer(reader, at, &chosen)?,
        confidence_bp: says.confidence_bp,
        valid_until: says.valid_until,
        reasons: says.reasons,
    };
    decision.status = case.status_of(&decision);
    Ok(decision)
}

fn refer(
    reader: &ReturnsReader<'_>,
    at: At,
    chosen: &wire::Disposition<'_>,
) -> Result<Option<Refer>, BadOutput> {
    let to = reader.maybe_word(at.column("refer_to"), chosen.refer_to())?;
    let reason = reader.maybe_word(at.column("refer_reason"), chosen.refer_reason())?;
    match (to, reason) {
        (None, None) => Ok(None),
        (Some(to), Some(reason)) => Ok(Some(Refer { to, reason })),
        (Some(_), None) => Err(at
            .column("refer_reason")
            .bad("expected a word beside `refer_to`, found none")),
        (None, Some(_)) => Err(at
            .column("refer_to")
            .bad("expected a word beside `refer_reason`, found none")),
    }
}

fn alternatives(case: &ReturnsCase, reader: &ReturnsReader<'_>) -> Result<Vec<Alternative>, BadOutput> {
    let mut alternatives = Vec::with_capacity(reader.count::<AlternativeRow>()?);
    for (at, view) in reader.rows::<AlternativeRow>()? {
        alternatives.push(Alternative {
            option: row(at.column("option"), view.option(), case.options.len())?,
            failed_constraint: reader.maybe_word(at.column("failed_constraint"), view.failed_constraint())?,
            expected_recovery_minor: view.expected_recovery(),
        });
    }
    Ok(alternatives)
}
