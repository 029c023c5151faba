//! Requests and decisions across the boundary and back.

mod allocation;
mod hostile;
mod returns;
mod routing;

use std::sync::Arc;

use signalbox_contract::codec::{Row, rows};
use signalbox_contract::common::{ReasonRow, SummaryRow};
use signalbox_contract::{Tables, Word as Number, word};
use signalbox_domain::case::Case;
use signalbox_domain::time::Timestamp;
use signalbox_domain::validate::{Bounds, Circumstances};
use signalbox_domain::{Domain, Word};

use super::{BadOutput, GuestCase, Reader};
use crate::description::{Description, RawDescription, RawReasonCode};
use crate::input::Input;
use crate::numbers::Vocabulary;

const NOW: &str = "2026-03-02T12:00:00Z";

fn input<C: GuestCase>(json: &str) -> Input<C> {
    let request = serde_json::from_str(json).unwrap();
    let circumstances = Circumstances {
        now: Timestamp::parse(NOW).unwrap(),
        levers: &[],
        bounds: &Bounds::default(),
    };
    Input::new(Arc::new(C::build(request, &circumstances).unwrap())).unwrap()
}

fn description(domain: Domain) -> Description {
    let raw = RawDescription {
        name: "test".into(),
        version: "1.0.0".into(),
        domain: domain.to_string(),
        summary: String::new(),
        parameter_schema: "{}".into(),
        reason_codes: vec![RawReasonCode {
            code: "WHY".into(),
            template: "{subject}: {a:money}, {b}".into(),
        }],
        words: vec!["MY_WORD".into()],
        attribute_keys: vec!["colour".into(), "fast".into()],
    };
    Description::check(raw, domain).unwrap()
}

/// The rows of a table as a guest with the test's description sees them.
fn seen<C: GuestCase, R: Row>(input: &Input<C>, row: fn(R::View<'_>) -> R) -> Vec<R> {
    let keys = description(Domain::Routing).attribute_keys;
    let tables = input.tables(&keys);
    let read = tables.read().unwrap();
    rows::<R>(read.table::<R>()).map(row).collect()
}

/// The tables of a decision: what `fill` pushes before the reasons, these, and a summary.
fn tables(fill: impl FnOnce(&mut Tables), reasons: &[ReasonRow], summary: SummaryRow) -> Tables {
    let mut tables = Tables::with_tables(15);
    fill(&mut tables);
    tables.push(reasons);
    tables.push(&[summary]);
    tables
}

fn read<C: GuestCase>(input: &Input<C>, domain: Domain, tables: &Tables) -> Result<C::Decision, BadOutput> {
    let description = description(domain);
    let vocabulary = Vocabulary::of(&description);
    Reader::new(tables, 100, input, &vocabulary, &description).and_then(|reader| input.case().decode(&reader))
}

fn decoded<C: GuestCase>(input: &Input<C>, fill: impl FnOnce(&mut Tables)) -> Result<C::Decision, BadOutput> {
    let domain = <C::Request as signalbox_domain::envelope::Envelope>::DOMAIN;
    read(
        input,
        domain,
        &tables(
            fill,
            &[],
            SummaryRow {
                confidence_bp: 9_000,
                ..SummaryRow::default()
            },
        ),
    )
}

fn number(text: &str) -> Number {
    word(text)
}

fn of(text: &str) -> Word {
    Word::new(text).unwrap()
}
