//! Promise, cancellation, splits: the business figures of both sides.

use maud::{Markup, html};
use signalbox_domain::kpi::{Kpis, Ratio};

use super::charts::{Both, Told, pairs};
use super::money::{count, percent, points};
use super::table::{number, table, text};
use super::words::{basis, judged, ratio};
use crate::evidence::ServiceEvidence;

pub(super) fn body(service: &ServiceEvidence) -> Markup {
    let (champion, challenger) = (service.champion.ratios(), service.challenger.ratios());
    let share = |ratio: &Ratio| (ratio.whole != 0).then(|| ratio.part as f64 / ratio.whole as f64);
    let both: Vec<(&Ratio, f64, f64)> = champion
        .iter()
        .zip(&challenger)
        .filter_map(|(old, new)| Some((old, share(old)?, share(new)?)))
        .collect();
    let drawn: Vec<Both> = both
        .iter()
        .map(|(of, old, new)| Both {
            name: ratio(of.name).0,
            champion: *old,
            challenger: *new,
        })
        .collect();
    let rows: Vec<Vec<String>> = both
        .iter()
        .map(|(of, old, new)| {
            let (name, more_is_better) = ratio(of.name);
            let difference = points(new - old);
            let same = difference == "0.00";
            vec![
                name,
                basis(of.basis).to_owned(),
                percent(*old),
                percent(*new),
                difference,
                judged(if same { 0.0 } else { new - old }, more_is_better).to_owned(),
            ]
        })
        .collect();
    let columns = [
        text("Figure"),
        text("Basis"),
        number("Today"),
        number("Proposed"),
        number("Points"),
        text(""),
    ];
    let told = Told {
        id: "chart-service",
        title: "Service today and with the proposed version",
        description: "For each figure a ring for today's share and a dot for the proposed version's. The table has the numbers.",
    };
    html! {
        p { (sentence(&service.basis)) " " (decided(&service.champion, &service.challenger)) }
        @if !drawn.is_empty() {
            (pairs(told, &drawn, &percent))
            (table("Service figures; differences in percentage points", &columns, &rows))
        }
    }
}

fn sentence(basis: &str) -> String {
    format!("Basis: {basis}.")
}

fn decided(champion: &Kpis, challenger: &Kpis) -> String {
    format!(
        "Decisions: {} of today's version, {} of the proposed one.",
        count(champion.common().decisions),
        count(challenger.common().decisions)
    )
}
