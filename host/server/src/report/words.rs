//! The words that people use for what the documents name by identifiers.

use signalbox_domain::Domain;
use signalbox_domain::kpi::{Basis, Kpis};
use signalbox_domain::outcome::Metric;

/// What one decision is about.
pub(super) fn one(domain: Domain) -> &'static str {
    match domain {
        Domain::Routing => "an order",
        Domain::Allocation => "an allocation",
        Domain::Returns => "a return",
    }
}

/// The same, of the figures of a domain.
pub(super) fn one_of(kpis: &Kpis) -> &'static str {
    one(match kpis {
        Kpis::Routing(_) => Domain::Routing,
        Kpis::Allocation(_) => Domain::Allocation,
        Kpis::Returns(_) => Domain::Returns,
    })
}

/// A word of the documents, such as `rejection_risk`, with spaces.
pub(super) fn spaced(name: &str) -> String {
    capital(&name.replace('_', " "))
}

/// A sentence with its first letter large.
pub(super) fn capital(text: &str) -> String {
    let mut text = text.to_owned();
    if let Some(first) = text.get_mut(0..1) {
        first.make_ascii_uppercase();
    }
    text
}

/// A term of the loss.
pub(super) fn term(name: &str) -> String {
    match name {
        "shipping" => "Shipping".to_owned(),
        "processing" => "Picking and packing".to_owned(),
        "lateness" => "Late delivery".to_owned(),
        "rejection_risk" => "Rejection by nodes".to_owned(),
        "split" => "Split shipments".to_owned(),
        "unserved" => "Units not served".to_owned(),
        "inventory_confidence" => "Doubtful stock records".to_owned(),
        "markdown_avoidance" => "Markdowns avoided".to_owned(),
        "stockout_avoidance" => "Risk of stockouts".to_owned(),
        other => spaced(other),
    }
}

/// A ratio of the business figures, and whether more of it is better.
pub(super) fn ratio(name: &str) -> (String, bool) {
    match name {
        "promise_kept" => ("Promise kept".to_owned(), true),
        "split" => ("Orders split over shipments".to_owned(), false),
        "avoidable_split" => ("Splits that were avoidable".to_owned(), false),
        "unassigned" => ("Units left without a node".to_owned(), false),
        "retailer_cancel" => ("Units cancelled by the retailer".to_owned(), false),
        "shortage" => ("Units short".to_owned(), false),
        "unfairness" => ("Unequal shares among equals".to_owned(), false),
        "net_recovery" => ("Value recovered".to_owned(), true),
        "referred" => ("Referred to a person".to_owned(), false),
        other => (spaced(other), false),
    }
}

/// A measured metric, and whether more of it is better.
pub(super) fn metric(metric: Metric) -> (&'static str, bool) {
    match metric {
        Metric::Missed => ("First promise missed", false),
        Metric::RetailerCancelled => ("Units cancelled by the retailer", false),
        Metric::FirstPass => ("Units served at the first attempt", true),
        Metric::Rejected => ("Units rejected by nodes", false),
        Metric::ActualCost => ("Invoiced cost", false),
        Metric::Recovered => ("Value recovered", true),
    }
}

/// Whether a metric is an amount of money; all others are shares.
pub(super) fn is_amount(metric: Metric) -> bool {
    matches!(metric, Metric::ActualCost | Metric::Recovered)
}

pub(super) fn basis(basis: Basis) -> &'static str {
    match basis {
        Basis::Counted => "counted",
        Basis::Modelled => "modelled",
        Basis::Measured => "measured",
    }
}

/// Which way a difference goes.
pub(super) fn judged(difference: f64, more_is_better: bool) -> &'static str {
    match (difference, more_is_better) {
        (0.0, _) => "same",
        (more, true) if more > 0.0 => "better",
        (less, false) if less < 0.0 => "better",
        _ => "worse",
    }
}

/// A text of at most so many characters, for charts; tables have it whole.
pub(super) fn short(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    let kept: String = text.chars().take(most.saturating_sub(1)).collect();
    format!("{kept}…")
}
