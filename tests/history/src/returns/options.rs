//! What may be done with a returned unit: modelled prices, costs and limits of each disposition.

use signalbox_domain::money::Minor;
use signalbox_domain::returns::{FunctionalTest, Grade, Packaging, ReturnItem, ReturnOption};
use signalbox_domain::{Timestamp, Word};

use super::{PastReturn, later_by};
use crate::draw::Draw;
use crate::model::constants::DAY_MS;

/// One way as the model prices it. All figures chosen.
struct Way {
    disposition: &'static str,
    /// Where; none when it stays with the customer.
    node: Option<&'static str>,
    /// Expected proceeds as a share of the current price, for grades A to E; 0 where the way is not offered.
    proceeds: [f64; 5],
    /// What of the proceeds is exceeded in nine of ten cases.
    p10: f64,
    /// Handling and transport, pence.
    cost: (Minor, Minor),
    /// Until the proceeds come in.
    days: u32,
}

const WAYS: [Way; 7] = [
    way("RESTOCK", "DC-UK", [0.93, 0.86, 0.0, 0.0, 0.0], 0.8, (45, 20), 12),
    way(
        "RESELL_OPEN_BOX",
        "OUTLET-UK",
        [0.78, 0.7, 0.52, 0.0, 0.0],
        0.6,
        (60, 35),
        25,
    ),
    way("REPACK", "DC-UK", [0.9, 0.84, 0.6, 0.0, 0.0], 0.7, (95, 20), 18),
    way(
        "REFURBISH",
        "REPAIR-UK",
        [0.0, 0.8, 0.7, 0.55, 0.0],
        0.45,
        (240, 60),
        40,
    ),
    way(
        "LIQUIDATE",
        "LIQUIDATOR-1",
        [0.24, 0.22, 0.18, 0.1, 0.03],
        0.5,
        (10, 25),
        30,
    ),
    way(
        "DONATE",
        "CHARITY-1",
        [0.06, 0.06, 0.05, 0.02, 0.0],
        1.0,
        (10, 15),
        10,
    ),
    way(
        "RECYCLE",
        "RECYCLER-1",
        [0.01, 0.01, 0.01, 0.01, 0.01],
        1.0,
        (15, 15),
        10,
    ),
];

const fn way(
    disposition: &'static str,
    node: &'static str,
    proceeds: [f64; 5],
    p10: f64,
    cost: (Minor, Minor),
    days: u32,
) -> Way {
    Way {
        disposition,
        node: Some(node),
        proceeds,
        p10,
        cost,
        days,
    }
}

/// The vendor takes faulty articles back for this share of the price, within this many days of the sale. Chosen.
const VENDOR: (f64, i64) = (0.5, 60);
/// Below this current price, pence, the customer may keep the article. Chosen.
const KEEP_BELOW: Minor = 150;

/// The ways that the returns desk offers for a unit.
pub(super) fn offered(
    past: &PastReturn,
    item: &ReturnItem,
    now: Timestamp,
    draw: &mut Draw,
) -> Option<Vec<ReturnOption>> {
    let grade = grade_row(item.grade?);
    let mut options = Vec::new();
    for way in &WAYS {
        let share = way.proceeds.get(grade).copied().unwrap_or_default();
        if share <= 0.0 || !desk_allows(way.disposition, item) {
            continue;
        }
        let proceeds = item.current_price_minor as f64 * share * draw.between(0.92, 1.08);
        options.push(ReturnOption {
            disposition: Word::new(way.disposition).ok()?,
            destination_node: way.node.map(str::to_owned),
            capacity_left: Some((draw.between(0.0, 60.0)) as u32),
            days: way.days,
            handling_minor: way.cost.0,
            transport_minor: way.cost.1,
            proceeds_minor: proceeds.round() as Minor,
            proceeds_p10_minor: Some((proceeds * way.p10).round() as Minor),
            quota_left: None,
            window_ends_at: None,
        });
    }
    if item.functional_test == FunctionalTest::Fail || item.grade >= Some(Grade::C) {
        options.extend(vendor(past, item, now, draw));
    }
    if item.current_price_minor < KEEP_BELOW {
        options.push(bare("KEEP_WITH_CUSTOMER", None)?);
    }
    // Nobody offers a returns desk less than a shelf to put it on.
    options.push(ReturnOption {
        handling_minor: 20,
        ..bare("QUARANTINE", Some("RETURNS-UK"))?
    });
    Some(options)
}

/// What a returns desk does not even offer: selling what is recalled, or what hygiene forbids once opened.
fn desk_allows(disposition: &str, item: &ReturnItem) -> bool {
    let sells = matches!(disposition, "RESTOCK" | "RESELL_OPEN_BOX" | "REPACK");
    let opened = item.packaging != Packaging::Sealed;
    let as_new = disposition != "RESTOCK" || !opened;
    !(sells && (item.recall || (item.hygiene_restricted && opened))) && as_new
}

fn vendor(past: &PastReturn, item: &ReturnItem, now: Timestamp, draw: &mut Draw) -> Option<ReturnOption> {
    let (share, days) = VENDOR;
    if later_by(now, past.sold_at, days) {
        return None;
    }
    Some(ReturnOption {
        proceeds_minor: (past.price_minor as f64 * share).round() as Minor,
        proceeds_p10_minor: Some((past.price_minor as f64 * share * 0.9).round() as Minor),
        handling_minor: 30,
        transport_minor: if item.current_price_minor > 500 { 80 } else { 50 },
        days: 45,
        quota_left: Some((draw.between(0.0, 12.0)) as u32),
        window_ends_at: Some(past.sold_at.plus_millis(days.saturating_mul(DAY_MS))),
        ..bare("RETURN_TO_VENDOR", Some("VENDOR-1"))?
    })
}

fn bare(disposition: &str, node: Option<&str>) -> Option<ReturnOption> {
    Some(ReturnOption {
        disposition: Word::new(disposition).ok()?,
        destination_node: node.map(str::to_owned),
        capacity_left: None,
        days: 0,
        handling_minor: 0,
        transport_minor: 0,
        proceeds_minor: 0,
        proceeds_p10_minor: None,
        quota_left: None,
        window_ends_at: None,
    })
}

fn grade_row(grade: Grade) -> usize {
    match grade {
        Grade::A => 0,
        Grade::B => 1,
        Grade::C => 2,
        Grade::D => 3,
        Grade::E => 4,
    }
}
