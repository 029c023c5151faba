use proptest::prelude::*;

use super::*;
use crate::case::Case;
use crate::envelope::{Attribute, AttributeValue, Entity, Selectors};
use crate::{allocation, returns, routing};

fn text(entity: Entity, key: &'static str, values: &[Option<&str>]) -> Attribute {
    let text = |value: &&str| AttributeValue::Text((*value).to_owned());
    Attribute {
        entity,
        key: Word::from_static(key),
        values: values.iter().map(|value| value.as_ref().map(text)).collect(),
    }
}

fn told<C: Case>(case: &C, keys: &[SegmentKey]) -> Vec<String> {
    case.segments(keys).iter().map(Segment::to_string).collect()
}

#[test]
fn a_segment_is_read_as_it_is_written_and_nothing_else_is() {
    for key in SegmentKey::ALL {
        let segment: Segment = format!("{key}=A.b-c_1").parse().unwrap();
        assert_eq!((segment.key, segment.value.as_str()), (key, "A.b-c_1"));
        let json = serde_json::to_string(&segment).unwrap();
        assert_eq!(json, format!("\"{segment}\""));
        assert_eq!(serde_json::from_str::<Segment>(&json).unwrap(), segment);
        assert_eq!(
            serde_json::to_string(&key).unwrap(),
            format!("\"{}\"", key.as_str())
        );
    }
    for text in [
        "",
        "channel",
        "channel=",
        "colour=red",
        "channel=a b",
        "Channel=web",
    ] {
        assert!(text.parse::<Segment>().is_err(), "{text}");
    }
}

#[test]
fn an_order_belongs_to_the_segments_of_all_its_groups_and_lines() {
    let mut request = routing::testkit::small();
    request.selectors.business_unit = Some(Word::from_static("home"));
    let destination = request.delivery_groups[0].destination.as_mut().unwrap();
    destination.postal_code = Some(" 01310-100".to_owned());
    request.delivery_groups[0].service = Some(Word::from_static("EXPRESS"));
    request.attributes.push(text(
        Entity::Line,
        "sku_class",
        &[Some("big & slow"), Some("fast")],
    ));
    let mut second = routing::testkit::group("G2");
    second.destination.as_mut().unwrap().country = Word::from_static("PT");
    request.delivery_groups.push(second);
    for line in &mut request.lines {
        line.group_id = Some("G1".to_owned());
    }
    for lane in &mut request.network.lanes {
        lane.group_id = Some("G1".to_owned());
    }
    let case = routing::testkit::build(request);
    assert_eq!(
        told(&case, &SegmentKey::ALL),
        [
            "channel=web",
            "region=BR.01",
            "region=PT",
            "service=EXPRESS",
            "sku_class=big___slow",
            "sku_class=fast",
            "business_unit=home",
            "country=BR",
            "country=PT",
        ]
    );
}

#[test]
fn the_retailers_own_region_comes_before_the_destination() {
    let mut request = routing::testkit::small();
    let destination = request.delivery_groups[0].destination.as_mut().unwrap();
    destination.region = Some(Word::from_static("BR-SP"));
    destination.postal_code = Some("01310".to_owned());
    let case = routing::testkit::build(request.clone());
    assert_eq!(told(&case, &[SegmentKey::Region]), ["region=BR-SP"]);

    request
        .attributes
        .push(text(Entity::Group, "region", &[Some("south")]));
    let case = routing::testkit::build(request.clone());
    assert_eq!(told(&case, &[SegmentKey::Region]), ["region=south"]);

    request
        .attributes
        .push(text(Entity::Order, "region", &[Some("all")]));
    let case = routing::testkit::build(request);
    assert_eq!(told(&case, &[SegmentKey::Region]), ["region=all"]);
}

#[test]
fn what_a_request_does_not_say_is_none() {
    let case = allocation::testkit::build(allocation::testkit::small());
    assert_eq!(
        told(&case, &SegmentKey::ALL),
        [
            "channel=shop",
            "channel=web",
            "region=none",
            "service=none",
            "sku_class=none",
            "business_unit=none",
            "country=none",
        ]
    );
    assert!(case.segments(&[]).is_empty());
}

#[test]
fn a_batch_has_the_region_of_the_whole_else_of_its_rows_else_its_country() {
    let mut request = allocation::testkit::small();
    request.selectors = Selectors {
        country: Some(Word::from_static("BR")),
        ..Selectors::default()
    };
    let region = |request: &allocation::AllocationRequest| {
        told(
            &allocation::testkit::build(request.clone()),
            &[SegmentKey::Region],
        )
    };
    assert_eq!(region(&request), ["region=BR"]);
    request
        .attributes
        .push(text(Entity::Demand, "region", &[Some("north"), None]));
    request
        .attributes
        .push(text(Entity::Supply, "region", &[Some("south"), Some("north")]));
    assert_eq!(region(&request), ["region=north", "region=south"]);
    request
        .attributes
        .push(text(Entity::Order, "region", &[Some("pool1")]));
    assert_eq!(region(&request), ["region=pool1"]);
}

#[test]
fn a_return_has_its_category_and_jurisdiction() {
    let mut request = returns::testkit::small();
    request.item.jurisdiction = Word::from_static("FR-IDF");
    request.selectors.channel = Some(Word::from_static("web"));
    let case = returns::testkit::build(request.clone());
    assert_eq!(
        told(&case, &SegmentKey::ALL),
        [
            "channel=web",
            "region=FR-IDF",
            "service=MAIL",
            "sku_class=ELECTRONICS",
            "business_unit=none",
            "country=FR",
        ]
    );
    request
        .attributes
        .push(text(Entity::Return, "sku_class", &[Some("phones")]));
    request
        .attributes
        .push(text(Entity::Return, "region", &[Some("paris")]));
    let case = returns::testkit::build(request);
    assert_eq!(
        told(&case, &[SegmentKey::SkuClass, SegmentKey::Region]),
        ["sku_class=phones", "region=paris"]
    );
}

#[test]
fn many_values_are_cut_to_the_first_ones_whatever_their_order() {
    let mut values = SegmentValues::default();
    let names: Vec<String> = (0..20).map(|place| format!("v{place:02}")).collect();
    names.iter().rev().for_each(|name| values.add(name));
    let mut other = SegmentValues::default();
    names.iter().for_each(|name| other.add(name));
    assert_eq!(values, other);
    let segments = values.segments(SegmentKey::SkuClass);
    assert_eq!(segments.len(), MAX_SEGMENT_VALUES + 1);
    assert_eq!(segments.first().unwrap().to_string(), "sku_class=v00");
    assert_eq!(segments.last().unwrap().to_string(), "sku_class=more");
}

proptest! {
    #[test]
    fn whatever_a_caller_writes_becomes_few_segments_that_can_be_read_again(
        values in proptest::collection::vec(".{0,100}", 0..30),
    ) {
        let mut collected = SegmentValues::default();
        values.iter().for_each(|value| collected.add(value));
        let segments = collected.segments(SegmentKey::Region);
        prop_assert!((1..=MAX_SEGMENT_VALUES + 1).contains(&segments.len()));
        for segment in segments {
            prop_assert_eq!(segment.to_string().parse::<Segment>().unwrap(), segment);
        }
    }
}
