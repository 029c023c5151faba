//! The host's invariants of a returns decision, as a test of one option.

use signalbox_plugin::Named;
use signalbox_plugin::returns::{DispositionClass, DispositionOption, Packaging, Return, SerialMatch};
use signalbox_plugin::words::disposition;

use crate::referral::{FRAUD_DESK, RETURNS_DESK};

/// The option ended before now.
pub const WINDOW_ENDED: Named = Named::new("WINDOW_ENDED");
/// The agreement behind the option allows no more units.
pub const NO_QUOTA: Named = Named::new("NO_QUOTA");
/// The destination takes no more units.
pub const NO_CAPACITY: Named = Named::new("NO_CAPACITY");
/// The unit never arrived.
pub const NOT_RECEIVED: Named = Named::new("NOT_RECEIVED");
/// The serial number is not the one sold.
pub const SERIAL_MISMATCH: Named = Named::new("SERIAL_MISMATCH");
/// The product is under recall.
pub const RECALLED: Named = Named::new("RECALLED");
/// The unit has expired, or will before it can be sold.
pub const EXPIRED: Named = Named::new("EXPIRED");
/// Hygiene forbids another user once opened.
pub const HYGIENE: Named = Named::new("HYGIENE");
/// The unit still bears a person's data.
pub const DATA_NOT_WIPED: Named = Named::new("DATA_NOT_WIPED");

/// A `forbidden` entry of the parameters rules it out; see [`Forbidden`](crate::Forbidden).
pub const FORBIDDEN: Named = Named::new("FORBIDDEN");

/// Every word that a returns policy's decisions use beside the reasons: what rules an option out, and the desks that are
/// set unless the parameters name others.
pub const WORDS: &[Named] = &[
    WINDOW_ENDED,
    NO_QUOTA,
    NO_CAPACITY,
    NOT_RECEIVED,
    SERIAL_MISMATCH,
    RECALLED,
    EXPIRED,
    HYGIENE,
    DATA_NOT_WIPED,
    FORBIDDEN,
    FRAUD_DESK,
    RETURNS_DESK,
];

const DAY_MS: i64 = 86_400_000;

/// What rules `option` out for `unit` at `now_ms`; none when it may be chosen.
///
/// - The option's window is open, and its quota and the destination's capacity have a unit left.
/// - A unit that never arrived can only stay with the customer.
/// - A unit with another serial number is not the retailer's to sell, pass on or destroy.
/// - A recalled or expired unit, or an opened one under hygiene rules, goes to no other user: not sold, with or without
///   work, not liquidated, not donated. Back to the vendor is allowed. One that expires within the option's days counts as
///   expired for selling it.
/// - A unit that bears data leaves only wiped, except to the customer whose data it is, or to be destroyed.
pub fn ruled_out(unit: &Return<'_>, option: &DispositionOption<'_>, now_ms: i64) -> Option<Named> {
    let class = option.class();
    if option.window_ends_at().is_some_and(|end| end <= now_ms) {
        return Some(WINDOW_ENDED);
    }
    if option.quota_left() == Some(0) {
        return Some(NO_QUOTA);
    }
    if option.capacity_left() == Some(0) {
        return Some(NO_CAPACITY);
    }
    if unit.not_received() && class != DispositionClass::Customer {
        return Some(NOT_RECEIVED);
    }
    let ours_or_held = matches!(class, DispositionClass::Held | DispositionClass::Customer);
    if unit.serial_match() == SerialMatch::No && !ours_or_held {
        return Some(SERIAL_MISMATCH);
    }
    let another_user = goes_to_another_user(option);
    if unit.recall() && (another_user || disposition::RETURN_TO_CUSTOMER == option.disposition()) {
        return Some(RECALLED);
    }
    if another_user && expires_before(unit, now_ms, option.days()) {
        return Some(EXPIRED);
    }
    if unit.hygiene_restricted() && unit.packaging() != Packaging::Sealed && another_user {
        return Some(HYGIENE);
    }
    if unit.data_bearing() && !unit.data_wiped() && leaves_with_its_data(option) {
        return Some(DATA_NOT_WIPED);
    }
    None
}

/// Sold, passed on or given away. A class that this contract does not list counts as such.
fn goes_to_another_user(option: &DispositionOption<'_>) -> bool {
    match option.class() {
        DispositionClass::Held | DispositionClass::Destroyed | DispositionClass::Customer => false,
        DispositionClass::Sellable | DispositionClass::Recoverable | DispositionClass::Unrecognised => true,
        DispositionClass::Leaves => disposition::RETURN_TO_VENDOR != option.disposition(),
    }
}

fn leaves_with_its_data(option: &DispositionOption<'_>) -> bool {
    match option.class() {
        // Refurbishing is where the data is wiped.
        DispositionClass::Held | DispositionClass::Recoverable | DispositionClass::Customer => false,
        DispositionClass::Sellable | DispositionClass::Leaves | DispositionClass::Unrecognised => true,
        DispositionClass::Destroyed => disposition::DESTROY != option.disposition(),
    }
}

fn expires_before(unit: &Return<'_>, now_ms: i64, days: u32) -> bool {
    let sold_by = now_ms.saturating_add(i64::from(days).saturating_mul(DAY_MS));
    unit.expires_at().is_some_and(|end| end <= sold_by)
}

#[cfg(test)]
mod tests {
    use super::*;
    use signalbox_plugin::returns::{OptionRow, ReturnRow, ReturnsRequest, ReturnsRows};

    const NOW: i64 = 1_000_000_000_000;

    fn judged(unit: ReturnRow, option: OptionRow) -> Option<&'static str> {
        let rows = ReturnsRows {
            unit,
            options: vec![option],
            ..ReturnsRows::default()
        };
        let message = rows.encode();
        let request = ReturnsRequest::parse(&message.narrow, &message.wide).unwrap();
        ruled_out(&request.unit(), &request.option(0), NOW).map(|word| word.text())
    }

    fn option(disposition: Named, class: DispositionClass) -> OptionRow {
        OptionRow {
            disposition: disposition.word(),
            class,
            ..OptionRow::default()
        }
    }

    fn restock() -> OptionRow {
        option(disposition::RESTOCK, DispositionClass::Sellable)
    }

    fn recycle() -> OptionRow {
        option(disposition::RECYCLE, DispositionClass::Destroyed)
    }

    #[test]
    fn an_ordinary_unit_may_take_any_open_option() {
        assert_eq!(judged(ReturnRow::default(), restock()), None);
        assert_eq!(judged(ReturnRow::default(), recycle()), None);
    }

    #[test]
    fn window_quota_and_capacity_close_an_option() {
        let ends = |at| OptionRow {
            window_ends_at: Some(at),
            ..restock()
        };
        assert_eq!(judged(ReturnRow::default(), ends(NOW)), Some("WINDOW_ENDED"));
        assert_eq!(judged(ReturnRow::default(), ends(NOW + 1)), None);
        let quota = OptionRow {
            quota_left: Some(0),
            ..restock()
        };
        assert_eq!(judged(ReturnRow::default(), quota), Some("NO_QUOTA"));
        let capacity = OptionRow {
            capacity_left: Some(0),
            ..restock()
        };
        assert_eq!(judged(ReturnRow::default(), capacity), Some("NO_CAPACITY"));
    }

    #[test]
    fn a_recalled_unit_goes_to_the_vendor_or_the_scrap_but_to_no_user() {
        let unit = ReturnRow {
            recall: true,
            ..ReturnRow::default()
        };
        for (word, class, expected) in [
            (disposition::RESTOCK, DispositionClass::Sellable, Some("RECALLED")),
            (
                disposition::REFURBISH,
                DispositionClass::Recoverable,
                Some("RECALLED"),
            ),
            (disposition::DONATE, DispositionClass::Leaves, Some("RECALLED")),
            (
                disposition::RETURN_TO_CUSTOMER,
                DispositionClass::Customer,
                Some("RECALLED"),
            ),
            (disposition::RETURN_TO_VENDOR, DispositionClass::Leaves, None),
            (disposition::DESTROY, DispositionClass::Destroyed, None),
            (disposition::QUARANTINE, DispositionClass::Held, None),
        ] {
            assert_eq!(judged(unit.clone(), option(word, class)), expected, "{word:?}");
        }
    }

    #[test]
    fn a_unit_that_expires_before_it_could_be_sold_is_not_sold() {
        let unit = |at| ReturnRow {
            expires_at: Some(at),
            ..ReturnRow::default()
        };
        let slow = OptionRow { days: 3, ..restock() };
        assert_eq!(judged(unit(NOW), restock()), Some("EXPIRED"));
        assert_eq!(judged(unit(NOW + 2 * DAY_MS), slow.clone()), Some("EXPIRED"));
        assert_eq!(judged(unit(NOW + 4 * DAY_MS), slow), None);
        assert_eq!(judged(unit(NOW), recycle()), None);
    }

    #[test]
    fn hygiene_lets_only_sealed_units_go_to_another_user() {
        let unit = |packaging| ReturnRow {
            hygiene_restricted: true,
            packaging,
            ..ReturnRow::default()
        };
        assert_eq!(judged(unit(Packaging::Opened), restock()), Some("HYGIENE"));
        assert_eq!(judged(unit(Packaging::Missing), restock()), Some("HYGIENE"));
        assert_eq!(judged(unit(Packaging::Sealed), restock()), None);
        assert_eq!(judged(unit(Packaging::Opened), recycle()), None);
    }

    #[test]
    fn data_leaves_only_wiped() {
        let unit = |data_wiped| ReturnRow {
            data_bearing: true,
            data_wiped,
            ..ReturnRow::default()
        };
        assert_eq!(judged(unit(false), restock()), Some("DATA_NOT_WIPED"));
        assert_eq!(judged(unit(false), recycle()), Some("DATA_NOT_WIPED"));
        let refurbish = option(disposition::REFURBISH, DispositionClass::Recoverable);
        assert_eq!(judged(unit(false), refurbish), None);
        assert_eq!(judged(unit(true), restock()), None);
    }

    #[test]
    fn a_swapped_unit_is_held_or_goes_back() {
        let unit = ReturnRow {
            serial_match: SerialMatch::No,
            ..ReturnRow::default()
        };
        assert_eq!(judged(unit.clone(), restock()), Some("SERIAL_MISMATCH"));
        assert_eq!(judged(unit.clone(), recycle()), Some("SERIAL_MISMATCH"));
        let back = option(disposition::RETURN_TO_CUSTOMER, DispositionClass::Customer);
        assert_eq!(judged(unit, back), None);
    }

    #[test]
    fn what_never_arrived_can_only_stay_with_the_customer() {
        let unit = ReturnRow {
            not_received: true,
            ..ReturnRow::default()
        };
        assert_eq!(judged(unit.clone(), restock()), Some("NOT_RECEIVED"));
        let keep = option(disposition::KEEP_WITH_CUSTOMER, DispositionClass::Customer);
        assert_eq!(judged(unit, keep), None);
    }
}
