use signalbox_contract::returns::{AlternativeRow, DispositionClass, DispositionRow, OptionRow, ReturnRow};
use signalbox_domain::envelope::Status;
use signalbox_domain::returns::ReturnsCase;

use super::*;

fn request() -> Input<ReturnsCase> {
    input(
        r#"{"currency":"EUR","now":"2026-03-02T12:00:00Z",
        "return":{"rma_id":"R-1","sku":"A","category":"APPAREL","jurisdiction":"FR","grade":"B","packaging":"SEALED",
            "stage":"INSPECTED","carrying_value_minor":1200,"fraud":{"score_bp":700,"review":true}},
        "options":[
            {"disposition":"RESTOCK","destination_node":"N0","proceeds_minor":1500,"handling_minor":100},
            {"disposition":"LIQUIDATE","destination_node":"OFF","capacity_left":10,"proceeds_minor":400,"proceeds_p10_minor":200}],
        "overrides":[{"lever_id":"off","kind":"NODE_OFF","node_id":"OFF","expires_at":"2026-04-01T00:00:00Z"}]}"#,
    )
}

#[test]
fn a_guest_sees_the_item_and_what_is_possible() {
    let input = request();
    let item = seen::<_, ReturnRow>(&input, |view| view.to_row()).remove(0);
    assert_eq!(
        (item.category, item.grade, item.jurisdiction),
        (number("APPAREL"), number("B"), number("FR"))
    );
    assert_eq!((item.fraud_score_bp, item.fraud_review), (Some(700), true));
    assert_eq!(item.packaging, signalbox_contract::returns::Packaging::Sealed);
    let options = seen::<_, OptionRow>(&input, |view| view.to_row());
    assert_eq!(
        (options[0].class, options[0].capacity_left),
        (DispositionClass::Sellable, None)
    );
    // Its destination is switched off.
    assert_eq!(
        (options[1].class, options[1].capacity_left),
        (DispositionClass::Leaves, Some(0))
    );
    assert_eq!((options[1].proceeds, options[1].proceeds_p10), (400, Some(200)));
}

#[test]
fn a_whole_decision_comes_back() {
    let chosen = DispositionRow {
        option: Some(0),
        expected_recovery: 1_400,
        ..DispositionRow::default()
    };
    let decision = decoded(&request(), |tables| {
        tables.push(&[chosen]);
        tables.push(&[AlternativeRow {
            option: 1,
            failed_constraint: number("MY_WORD"),
            expected_recovery: 400,
        }]);
    })
    .unwrap();
    assert_eq!(
        (decision.status, decision.option, decision.expected_recovery_minor),
        (Status::Full, Some(0), 1_400)
    );
    assert_eq!(decision.alternatives[0].failed_constraint, Some(of("MY_WORD")));
    assert_eq!((decision.refer, decision.confidence_bp), (None, 9_000));
}

#[test]
fn a_referral_has_a_desk_and_a_reason_or_neither() {
    let input = request();
    let refer = |refer_to, refer_reason| {
        let row = DispositionRow {
            refer_to,
            refer_reason,
            ..DispositionRow::default()
        };
        decoded(&input, |tables| tables.push(&[row]))
    };
    let word = number("MY_WORD");
    let referred = refer(word, word).unwrap();
    assert_eq!(referred.status, Status::Referred);
    assert_eq!(referred.refer.unwrap().to.as_str(), "MY_WORD");
    assert_eq!(
        refer(word, Number::NONE).unwrap_err().at,
        "disposition[0].refer_reason"
    );
    assert_eq!(
        refer(Number::NONE, word).unwrap_err().at,
        "disposition[0].refer_to"
    );
}

#[test]
fn a_cell_that_means_nothing_is_named_with_its_place() {
    let input = request();
    let beyond = DispositionRow {
        option: Some(2),
        ..DispositionRow::default()
    };
    assert_eq!(
        decoded(&input, |tables| tables.push(&[beyond])).unwrap_err().at,
        "disposition[0].option"
    );
    let two = [DispositionRow::default(), DispositionRow::default()];
    assert_eq!(
        decoded(&input, |tables| tables.push(&two)).unwrap_err().at,
        "disposition"
    );
    assert_eq!(decoded(&input, |_| {}).unwrap_err().at, "disposition");
    let alternative = decoded(&input, |tables| {
        tables.push(&[DispositionRow::default()]);
        tables.push(&[AlternativeRow {
            option: 2,
            ..AlternativeRow::default()
        }]);
    });
    assert_eq!(alternative.unwrap_err().at, "alternatives[0].option");
}
