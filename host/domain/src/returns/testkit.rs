//! Requests for the tests of this crate.

use proptest::prelude::*;

use super::*;
use crate::case::Case;
use crate::envelope::NetworkSnapshot;
use crate::money::Currency;
use crate::time::{DAY_MS, Timestamp};
use crate::validate::{Bounds, Circumstances, InvalidRequest};
use crate::word::Word;
use crate::words::DISPOSITIONS;

/// 2026-03-02T12:00:00Z.
pub const NOW: Timestamp = Timestamp(1_772_452_800_000);

pub fn word(text: &'static str) -> Word {
    Word::from_static(text)
}

pub fn days(days: i64) -> Timestamp {
    NOW.plus_millis(days * DAY_MS)
}

pub fn item() -> ReturnItem {
    ReturnItem {
        rma_id: "R1".to_owned(),
        line_id: None,
        sku: "A".to_owned(),
        gtin: None,
        category: word("ELECTRONICS"),
        sold_at: None,
        received_at: None,
        stage: ReturnStage::Inspected,
        method: ReturnMethod::Mail,
        node_id: None,
        jurisdiction: word("DE"),
        legal_basis: LegalBasis::Withdrawal,
        window_ends_at: None,
        return_reason: None,
        grade: Some(Grade::A),
        packaging: Packaging::Opened,
        functional_test: FunctionalTest::Pass,
        missing_parts: false,
        serial_match: SerialMatch::Yes,
        not_received: false,
        recall: false,
        hygiene_restricted: false,
        hazmat: false,
        data_bearing: false,
        data_wiped: false,
        expires_at: None,
        carrying_value_minor: 5_000,
        current_price_minor: 9_000,
        weeks_of_supply_milli: 4_000,
        fraud: None,
    }
}

pub fn option(disposition: &'static str, proceeds_minor: i64) -> ReturnOption {
    ReturnOption {
        disposition: word(disposition),
        destination_node: Some("hub".to_owned()),
        capacity_left: None,
        days: 7,
        handling_minor: 300,
        transport_minor: 200,
        proceeds_minor,
        proceeds_p10_minor: None,
        quota_left: None,
        window_ends_at: None,
    }
}

pub fn request(item: ReturnItem, options: Vec<ReturnOption>) -> ReturnsRequest {
    ReturnsRequest {
        decision_id: None,
        idempotency_key: None,
        mode: crate::envelope::Mode::Decide,
        deadline_ms: None,
        now: Some(NOW),
        seed: None,
        currency: Currency::new("EUR").unwrap(),
        selectors: crate::envelope::Selectors::default(),
        incumbent: None,
        overrides: Vec::new(),
        attributes: Vec::new(),
        item,
        options,
        snapshot: NetworkSnapshot::default(),
    }
}

/// Every registered disposition, the first ones recovering more.
pub fn every_option() -> Vec<ReturnOption> {
    let rows = DISPOSITIONS.iter().enumerate();
    rows.map(|(row, known)| option(known.word, 8_000 - 500 * row as i64))
        .collect()
}

pub fn small() -> ReturnsRequest {
    request(item(), every_option())
}

pub fn try_build(request: ReturnsRequest) -> Result<ReturnsCase, InvalidRequest> {
    let circumstances = Circumstances {
        now: NOW,
        levers: &[],
        bounds: &Bounds::default(),
    };
    ReturnsCase::build(request, &circumstances)
}

pub fn build(request: ReturnsRequest) -> ReturnsCase {
    try_build(request).unwrap()
}

/// Valid requests of every shape: any state of the item, up to 8 options of any disposition.
pub fn any_request() -> impl Strategy<Value = ReturnsRequest> {
    let flags = any::<[bool; 8]>();
    let kinds = (0usize..4, 0usize..3, 0usize..5, 0usize..4, 0usize..4);
    let offer = (
        0usize..12,
        (0i64..9_000, 0i64..2_000, 0i64..2_000),
        (
            proptest::option::of(0u32..2),
            proptest::option::of(0u32..2),
            proptest::option::of(-2i64..3),
            0u32..5,
        ),
    );
    (
        flags,
        kinds,
        proptest::option::of(-2i64..4),
        proptest::collection::vec(offer, 0..8),
    )
        .prop_map(
            |(flags, (packaging, serial, grade, jurisdiction, category), expiry, offers)| {
                let [recall, hygiene, data, wiped, received, hazmat, review, warranty] = flags;
                let item = ReturnItem {
                    packaging: [
                        Packaging::Sealed,
                        Packaging::Opened,
                        Packaging::Damaged,
                        Packaging::Missing,
                    ][packaging],
                    serial_match: [SerialMatch::Yes, SerialMatch::No, SerialMatch::NotApplicable][serial],
                    grade: [
                        Some(Grade::A),
                        Some(Grade::C),
                        Some(Grade::D),
                        Some(Grade::E),
                        None,
                    ][grade],
                    jurisdiction: word(["DE", "FR", "FR-IDF", "BR"][jurisdiction]),
                    category: word(["APPAREL", "FOOTWEAR", "FOOD", "ELECTRONICS"][category]),
                    legal_basis: if warranty {
                        LegalBasis::Warranty
                    } else {
                        LegalBasis::Withdrawal
                    },
                    recall,
                    hygiene_restricted: hygiene,
                    data_bearing: data,
                    data_wiped: wiped,
                    not_received: !received && warranty,
                    hazmat,
                    fraud: (review && hazmat).then_some(Fraud {
                        score_bp: 9_000,
                        review,
                    }),
                    expires_at: expiry.map(days),
                    ..item()
                };
                let options = offers.into_iter().map(
                    |(kind, (proceeds, spread, costs), (quota, room, ends, takes))| ReturnOption {
                        quota_left: quota,
                        capacity_left: room,
                        window_ends_at: ends.map(days),
                        days: takes,
                        handling_minor: costs,
                        proceeds_p10_minor: Some(proceeds - spread),
                        ..option(DISPOSITIONS[kind].word, proceeds)
                    },
                );
                request(item, options.collect())
            },
        )
}
