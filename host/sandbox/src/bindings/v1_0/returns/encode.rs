//! From a returns case to tables. Options keep their places; one whose destination a lever switched off has no capacity
//! left.

use signalbox_contract::returns::{self as wire, OptionRow, ReturnRow};
use signalbox_contract::{Tables, Word as Number};
use signalbox_domain::returns::{
    FunctionalTest, Grade, LegalBasis, Packaging, ReturnMethod, ReturnStage, ReturnsCase, SerialMatch,
};
use signalbox_domain::words::DispositionClass;

use super::super::common::{Counter, TABLES, millis, push_behind};
use crate::input::Encoded;
use crate::numbers::Numbers;

pub(super) fn encode<'a>(case: &'a ReturnsCase, numbers: &mut Numbers<'a>) -> Encoded {
    let mut tables = Tables::with_tables(TABLES);
    tables.push(&[item(case, numbers)]);
    tables.push(&options(case, numbers));
    Encoded::new(tables, None, |tables| {
        push_behind(tables, &[], &case.request.snapshot, None, numbers)
    })
}

fn item<'a>(case: &'a ReturnsCase, numbers: &mut Numbers<'a>) -> ReturnRow {
    let item = &case.request.item;
    ReturnRow {
        sku: 0,
        category: numbers.of(&item.category),
        stage: match item.stage {
            ReturnStage::PreReceipt => wire::Stage::PreReceipt,
            ReturnStage::Store => wire::Stage::Store,
            ReturnStage::Dock => wire::Stage::Dock,
            ReturnStage::Inspected => wire::Stage::Inspected,
        },
        method: match item.method {
            ReturnMethod::Store => wire::ReturnMethod::Store,
            ReturnMethod::Mail => wire::ReturnMethod::Mail,
            ReturnMethod::Locker => wire::ReturnMethod::Locker,
            ReturnMethod::Pickup => wire::ReturnMethod::Pickup,
        },
        jurisdiction: numbers.of(&item.jurisdiction),
        legal_basis: match item.legal_basis {
            LegalBasis::Withdrawal => wire::LegalBasis::Withdrawal,
            LegalBasis::NonConformity => wire::LegalBasis::NonConformity,
            LegalBasis::Warranty => wire::LegalBasis::Warranty,
            LegalBasis::Goodwill => wire::LegalBasis::Goodwill,
        },
        return_reason: numbers.maybe(item.return_reason.as_ref()),
        grade: grade(item.grade, numbers),
        packaging: match item.packaging {
            Packaging::Sealed => wire::Packaging::Sealed,
            Packaging::Opened => wire::Packaging::Opened,
            Packaging::Damaged => wire::Packaging::Damaged,
            Packaging::Missing => wire::Packaging::Missing,
        },
        functional_test: match item.functional_test {
            FunctionalTest::Pass => wire::FunctionalTest::Pass,
            FunctionalTest::Fail => wire::FunctionalTest::Fail,
            FunctionalTest::NotTested => wire::FunctionalTest::NotTested,
        },
        missing_parts: item.missing_parts,
        serial_match: match item.serial_match {
            SerialMatch::Yes => wire::SerialMatch::Yes,
            SerialMatch::No => wire::SerialMatch::No,
            SerialMatch::NotApplicable => wire::SerialMatch::NotApplicable,
        },
        not_received: item.not_received,
        recall: item.recall,
        hygiene_restricted: item.hygiene_restricted,
        hazmat: item.hazmat,
        data_bearing: item.data_bearing,
        data_wiped: item.data_wiped,
        weeks_of_supply_milli: item.weeks_of_supply_milli,
        fraud_score_bp: item.fraud.map(|fraud| fraud.score_bp),
        fraud_review: item.fraud.is_some_and(|fraud| fraud.review),
        sold_at: millis(item.sold_at),
        received_at: millis(item.received_at),
        window_ends_at: millis(item.window_ends_at),
        expires_at: millis(item.expires_at),
        carrying_value: item.carrying_value_minor,
        current_price: item.current_price_minor,
    }
}

fn grade(grade: Option<Grade>, numbers: &mut Numbers<'_>) -> Number {
    numbers.of(match grade {
        None => "",
        Some(Grade::A) => "A",
        Some(Grade::B) => "B",
        Some(Grade::C) => "C",
        Some(Grade::D) => "D",
        Some(Grade::E) => "E",
    })
}

fn options<'a>(case: &'a ReturnsCase, numbers: &mut Numbers<'a>) -> Vec<OptionRow> {
    let mut nodes = Counter::default();
    let rows = case.request.options.iter().zip(&case.options);
    rows.map(|(option, resolved)| OptionRow {
        disposition: numbers.of(&option.disposition),
        class: class(resolved.disposition.class),
        destination_node: option.destination_node.as_deref().map(|node| nodes.of(node)),
        capacity_left: if resolved.switched_off.is_some() {
            Some(0)
        } else {
            option.capacity_left
        },
        days: option.days,
        quota_left: option.quota_left,
        handling: option.handling_minor,
        transport: option.transport_minor,
        proceeds: option.proceeds_minor,
        proceeds_p10: option.proceeds_p10_minor,
        window_ends_at: millis(option.window_ends_at),
    })
    .collect()
}

fn class(class: DispositionClass) -> wire::DispositionClass {
    match class {
        DispositionClass::Held => wire::DispositionClass::Held,
        DispositionClass::Sellable => wire::DispositionClass::Sellable,
        DispositionClass::Recoverable => wire::DispositionClass::Recoverable,
        DispositionClass::Leaves => wire::DispositionClass::Leaves,
        DispositionClass::Destroyed => wire::DispositionClass::Destroyed,
        DispositionClass::Customer => wire::DispositionClass::Customer,
    }
}
