use proptest::prelude::*;
use signalbox_domain::Word;

use super::*;

fn day(number: u8) -> Day {
    Day(jiff::civil::date(2017, 11, 1)
        .checked_add(jiff::Span::new().days(i64::from(number)))
        .unwrap())
}

fn segment(value: u16) -> Segment {
    Segment {
        key: SegmentKey::Region,
        value: Word::new(&format!("R{value}")).unwrap(),
    }
}

/// One request of `region` on a day, with a difference; a difference of 0 stands for a fault.
fn one(line: u64, number: u8, region: u16, difference: i64) -> Sums {
    let mut sums = Sums::new(Domain::Routing, 2);
    sums.requests = 1;
    sums.figures = vec!["cost".to_owned()];
    sums.saw(Timestamp(i64::from(number) * 86_400_000));
    let version = &mut sums.versions[1];
    if difference == 0 {
        version.faults.add(line, "TRAP", "unreachable");
        sums.bad
            .add(line, "INVALID", "lines: expected 1 or more, found 0");
        return sums;
    }
    let (here, first) = ([(i128::from(difference), 1)], [(7, 1)]);
    let pair = PairOf {
        day: day(number),
        matched: false,
        difference_minor: difference,
        figures: (&here, &first),
    };
    version.all.pairs.add(&pair);
    let part = version
        .segments
        .entry(segment(region))
        .or_insert_with(|| Part::new(Domain::Routing));
    part.pairs.add(&pair);
    version.bound_segments();
    sums
}

fn added<'s>(parts: impl Iterator<Item = &'s Sums>) -> Sums {
    let mut sums = Sums::new(Domain::Routing, 2);
    parts.for_each(|part| sums.merge(part));
    sums
}

proptest! {
    #[test]
    fn parts_give_the_same_in_any_order_and_grouping(
        requests in prop::collection::vec((0u8..40, 0u16..150, -1_000_000_000i64..1_000_000_000), 1..300),
        shards in 1usize..7,
    ) {
        let numbered = requests.iter().zip(1u64..);
        let parts: Vec<Sums> = numbered
            .map(|((number, region, difference), line)| one(line, *number, *region, *difference))
            .collect();
        let whole = added(parts.iter());
        let shards: Vec<Sums> = (0..shards).map(|shard| added(parts.iter().skip(shard).step_by(shards))).collect();
        prop_assert_eq!(&added(shards.iter()), &whole);
        prop_assert_eq!(&added(shards.iter().rev()), &whole);
        let text = serde_json::to_string(&whole).unwrap();
        prop_assert_eq!(&serde_json::from_str::<Sums>(&text).unwrap(), &whole);
    }
}

#[test]
fn a_key_with_too_many_values_is_dropped_whole_whichever_came_first() {
    let parts: Vec<Sums> = (0..=SEGMENT_VALUES_MAX as u16)
        .map(|region| one(1, 1, region, 5))
        .collect();
    let all_but_one = added(parts.iter().skip(1));
    assert_eq!(all_but_one.versions[1].segments.len(), SEGMENT_VALUES_MAX);
    let all = added(parts.iter());
    assert!(all.versions[1].segments.is_empty());
    assert!(all.versions[1].too_many.contains(&SegmentKey::Region));
    let mut late = all_but_one;
    late.merge(&parts[0]);
    assert_eq!(late, all);
}

#[test]
fn sums_beyond_64_bits_are_kept_exactly() {
    let mut sums = one(1, 1, 1, 1);
    sums.versions[1]
        .all
        .pairs
        .days
        .insert(day(3), vec![[i128::MAX / 4, 3, -5, 3]]);
    let text = serde_json::to_string(&sums).unwrap();
    assert_eq!(serde_json::from_str::<Sums>(&text).unwrap(), sums);
}

#[test]
fn the_first_lines_are_named_and_all_are_counted() {
    let parts: Vec<Sums> = (1..=30).rev().map(|line| one(line, 1, 1, 0)).collect();
    let bad = added(parts.iter()).bad;
    assert_eq!((bad.count(), bad.first.len()), (30, NAMED_MAX));
    let lines: Vec<u64> = bad.first.iter().map(|named| named.line).collect();
    assert_eq!(lines, (1..=10).collect::<Vec<u64>>());
}
