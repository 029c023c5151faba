//! What may be done with an item.

use super::Facts;
use crate::invariant::Violations;
use crate::returns::case::{CaseOption, ReturnsCase};
use crate::returns::request::{Packaging, ReturnOption, SerialMatch};
use crate::time::DAY_MS;
use crate::words::DispositionClass;

/// A rule on one option: what was expected and found when it is broken.
pub(super) struct Rule {
    pub name: &'static str,
    pub breaks: fn(&ReturnsCase, &ReturnOption, &CaseOption) -> Option<(String, String)>,
}

pub(super) const RULES: [Rule; 11] = [
    Rule {
        name: "window",
        breaks: breaks_window,
    },
    Rule {
        name: "quota",
        breaks: breaks_quota,
    },
    Rule {
        name: "capacity",
        breaks: breaks_capacity,
    },
    Rule {
        name: "node_open",
        breaks: breaks_node_open,
    },
    Rule {
        name: "not_received",
        breaks: breaks_not_received,
    },
    Rule {
        name: "serial",
        breaks: breaks_serial,
    },
    Rule {
        name: "recall",
        breaks: breaks_recall,
    },
    Rule {
        name: "expired",
        breaks: breaks_expired,
    },
    Rule {
        name: "hygiene",
        breaks: breaks_hygiene,
    },
    Rule {
        name: "data",
        breaks: breaks_data,
    },
    Rule {
        name: "jurisdiction",
        breaks: breaks_jurisdiction,
    },
];

/// Notes that the chosen option breaks a rule.
fn note(
    facts: &Facts<'_>,
    violations: &mut Violations,
    breaks: fn(&ReturnsCase, &ReturnOption, &CaseOption) -> Option<(String, String)>,
) {
    let Some((option, known)) = facts.chosen() else {
        return;
    };
    if let Some((expected, found)) = breaks(facts.case, option, known) {
        let row = facts.decision.option.unwrap_or_default();
        violations.add(
            format_args!("options[{row}]"),
            format_args!("{expected}"),
            format_args!("{found}"),
        );
    }
}

macro_rules! checks {
    ($($check:ident => $breaks:ident),+ $(,)?) => {
        $(pub(super) fn $check(facts: &Facts<'_>, violations: &mut Violations) {
            note(facts, violations, $breaks);
        })+
    };
}

checks! {
    window => breaks_window,
    quota => breaks_quota,
    capacity => breaks_capacity,
    node_open => breaks_node_open,
    not_received => breaks_not_received,
    serial => breaks_serial,
    recall => breaks_recall,
    expired => breaks_expired,
    hygiene => breaks_hygiene,
    data => breaks_data,
    jurisdiction => breaks_jurisdiction,
}

type Broken = Option<(String, String)>;

/// What a broken rule tells about the item and the disposition.
fn broken(expected: &str, known: &CaseOption, item: &str) -> Broken {
    Some((
        expected.to_owned(),
        format!("{} for an item that {item}", known.disposition.word),
    ))
}

/// Whether the item is sold or given to somebody else: everything but held, destroyed, back to the vendor, or with its
/// customer.
fn goes_to_another_user(known: &CaseOption) -> bool {
    match known.disposition.class {
        DispositionClass::Sellable | DispositionClass::Recoverable => true,
        DispositionClass::Leaves => known.disposition.word != "RETURN_TO_VENDOR",
        DispositionClass::Held | DispositionClass::Destroyed | DispositionClass::Customer => false,
    }
}

fn stays(known: &CaseOption) -> bool {
    matches!(
        known.disposition.class,
        DispositionClass::Held | DispositionClass::Customer
    )
}

fn breaks_window(case: &ReturnsCase, option: &ReturnOption, _: &CaseOption) -> Broken {
    let ended = option.window_ends_at.filter(|ends_at| *ends_at <= case.now)?;
    Some((
        format!("an option that is open at {}", case.now),
        format!("one that ended at {ended}"),
    ))
}

fn breaks_quota(_: &ReturnsCase, option: &ReturnOption, _: &CaseOption) -> Broken {
    (option.quota_left == Some(0)).then(|| ("a quota with a unit left".to_owned(), "none".to_owned()))
}

fn breaks_capacity(_: &ReturnsCase, option: &ReturnOption, _: &CaseOption) -> Broken {
    (option.capacity_left == Some(0))
        .then(|| ("room for a unit at the destination".to_owned(), "none".to_owned()))
}

fn breaks_node_open(case: &ReturnsCase, _: &ReturnOption, known: &CaseOption) -> Broken {
    let lever = case.levers.get(known.switched_off? as usize);
    let lever = lever.map(|lever| lever.lever_id.as_str()).unwrap_or_default();
    Some((
        "a destination that takes new work".to_owned(),
        format!("one switched off by lever {lever:?}"),
    ))
}

fn breaks_not_received(case: &ReturnsCase, _: &ReturnOption, known: &CaseOption) -> Broken {
    if !case.request.item.not_received || stays(known) {
        return None;
    }
    broken(
        "that it is held or stays with the customer",
        known,
        "was not received",
    )
}

fn breaks_serial(case: &ReturnsCase, _: &ReturnOption, known: &CaseOption) -> Broken {
    if case.request.item.serial_match != SerialMatch::No || stays(known) {
        return None;
    }
    broken(
        "that it is held or goes back to the customer",
        known,
        "has another serial number",
    )
}

fn breaks_recall(case: &ReturnsCase, _: &ReturnOption, known: &CaseOption) -> Broken {
    let to_a_user = goes_to_another_user(known) || known.disposition.word == "RETURN_TO_CUSTOMER";
    if !case.request.item.recall || !to_a_user {
        return None;
    }
    broken("that it goes to no user", known, "is recalled")
}

/// What expires before the option's proceeds come in is sold expired.
fn breaks_expired(case: &ReturnsCase, option: &ReturnOption, known: &CaseOption) -> Broken {
    let sold_at = case
        .now
        .plus_millis(i64::from(option.days).saturating_mul(DAY_MS));
    let expires_at = case
        .request
        .item
        .expires_at
        .filter(|expires_at| *expires_at <= sold_at)?;
    if !goes_to_another_user(known) {
        return None;
    }
    broken(
        "that it goes to no other user",
        known,
        &format!("expires at {expires_at}"),
    )
}

fn breaks_hygiene(case: &ReturnsCase, _: &ReturnOption, known: &CaseOption) -> Broken {
    let item = &case.request.item;
    if !item.hygiene_restricted || item.packaging == Packaging::Sealed || !goes_to_another_user(known) {
        return None;
    }
    broken(
        "that it goes to no other user",
        known,
        "is hygiene-restricted and not sealed",
    )
}

/// Refurbishing is where data is wiped, destroying ends it, and the customer's own data may go back with the item.
fn breaks_data(case: &ReturnsCase, _: &ReturnOption, known: &CaseOption) -> Broken {
    let item = &case.request.item;
    let leaves_with_its_data = match known.disposition.class {
        DispositionClass::Sellable | DispositionClass::Leaves => true,
        DispositionClass::Destroyed => known.disposition.word != "DESTROY",
        DispositionClass::Recoverable | DispositionClass::Held | DispositionClass::Customer => false,
    };
    if !item.data_bearing || item.data_wiped || !leaves_with_its_data {
        return None;
    }
    broken(
        "that its data is wiped first",
        known,
        "can hold data and is not wiped",
    )
}

fn breaks_jurisdiction(case: &ReturnsCase, option: &ReturnOption, known: &CaseOption) -> Broken {
    let rule = case.rules.iter().find(|rule| rule.forbids(&option.disposition))?;
    let expected = format!("what {} allows ({})", rule.name, rule.source);
    Some((
        expected,
        format!("{} in {}", known.disposition.word, case.request.item.jurisdiction),
    ))
}
