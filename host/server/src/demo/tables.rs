//! The tables at the end.

use std::io::IsTerminal;
use std::time::Duration;

use comfy_table::presets::UTF8_FULL_CONDENSED;
use comfy_table::{Cell, CellAlignment, ContentArrangement, Table};

use super::cohort::{Recorded, money};
use super::figures::{AllocationFigures, Mean, ReturnsFigures, RoutingFigures};
use super::load::{Exchange, Latency, rate_of};

/// One load in the table of requests.
pub struct Sent {
    name: String,
    requests: usize,
    failed: usize,
    fallbacks: usize,
    rate: f64,
    latency: Latency,
}

impl Sent {
    /// The load of these exchanges.
    pub fn of<A>(name: &str, exchanges: &[Exchange<A>]) -> Sent {
        let answers = exchanges
            .iter()
            .filter_map(|exchange| exchange.outcome.as_ref().ok());
        let fallbacks = answers
            .filter(|answer| !answer.diagnostics.fallbacks.is_empty())
            .count();
        Sent {
            name: name.to_owned(),
            requests: exchanges.len(),
            failed: exchanges
                .iter()
                .filter(|exchange| exchange.outcome.is_err())
                .count(),
            fallbacks,
            rate: rate_of(exchanges),
            latency: Latency::of(exchanges),
        }
    }
}

/// Decisions, rate, latency, fallbacks.
pub fn requests(loads: &[Sent]) -> Table {
    let mut table = table(&[
        "requests",
        "decisions",
        "failed",
        "fallbacks",
        "per second",
        "p50 ms",
        "p99 ms",
        "max ms",
    ]);
    for load in loads {
        let decided = load.requests.saturating_sub(load.failed);
        add(
            &mut table,
            vec![
                load.name.clone(),
                decided.to_string(),
                load.failed.to_string(),
                load.fallbacks.to_string(),
                format!("{:.0}", load.rate),
                millis(load.latency.p50),
                millis(load.latency.p99),
                millis(load.latency.max),
            ],
        );
    }
    table
}

/// A column of the routing table: a policy version, or what really happened.
pub struct RoutingColumn<'a> {
    /// Its heading.
    pub name: String,
    /// Its figures.
    pub figures: &'a RoutingFigures,
    /// What was recorded, for the column of what really happened.
    pub recorded: Option<Recorded>,
}

/// The figures of KPIS.md that apply to routing, a column for each policy version.
pub fn routing(columns: &[RoutingColumn<'_>]) -> Table {
    let mut headings = vec!["routing, BRL an order".to_owned(), "from".to_owned()];
    headings.extend(columns.iter().map(|column| column.name.clone()));
    let mut table = table(&headings.iter().map(String::as_str).collect::<Vec<_>>());
    let mut row = |name: &str, from: &str, cell: &dyn Fn(&RoutingColumn<'_>) -> String| {
        let cells = [name.to_owned(), from.to_owned()]
            .into_iter()
            .chain(columns.iter().map(cell));
        add(&mut table, cells.collect());
    };
    row("orders decided", "counted", &|column| {
        column.figures.orders.to_string()
    });
    row("cost per order", "modelled", &|column| {
        with_error(&column.figures.loss)
    });
    let terms: Vec<String> = columns.first().map_or_else(Vec::new, |column| {
        column
            .figures
            .terms
            .iter()
            .map(|(name, _)| name.clone())
            .collect()
    });
    for term in &terms {
        row(&format!("  {term}"), "modelled", &|column| {
            mean(&column.figures.term(term), money)
        });
    }
    row("freight that customers paid", "measured", &|column| {
        column
            .recorded
            .map_or_else(dash, |recorded| mean(&recorded.freight, money))
    });
    row("promise kept", "modelled", &|column| {
        mean(&column.figures.promise, percent)
    });
    row("promise kept, delivered orders", "measured", &|column| {
        column
            .recorded
            .map_or_else(dash, |recorded| mean(&recorded.promise, percent))
    });
    row("split rate, orders of 2+ units", "counted", &|column| {
        mean(&column.figures.split, percent)
    });
    row("  avoidable: one node held all", "counted", &|column| {
        mean(&column.figures.avoidable, percent)
    });
    row("units without shipment", "counted", &|column| {
        mean(&column.figures.unassigned, percent)
    });
    row("shipments from real sellers", "counted", &|column| {
        mean(&column.figures.from_real_seller, percent)
    });
    row(
        "same seller as really, where it was a choice",
        "counted",
        &|column| mean(&column.figures.as_incumbent, percent),
    );
    row("fallbacks", "counted", &|column| {
        column.figures.fallbacks.to_string()
    });
    table
}

/// The figures of KPIS.md that apply to allocation.
pub fn allocation(columns: &[(String, &AllocationFigures)]) -> Table {
    let mut headings = vec!["allocation", "from"];
    headings.extend(columns.iter().map(|(name, _)| name.as_str()));
    let mut table = table(&headings);
    let mut row = |name: &str, from: &str, cell: &dyn Fn(&AllocationFigures) -> String| {
        let cells = [name.to_owned(), from.to_owned()].into_iter();
        add(
            &mut table,
            cells
                .chain(columns.iter().map(|(_, figures)| cell(figures)))
                .collect(),
        );
    };
    row("requests, demands", "counted", &|figures| {
        format!("{}, {}", figures.requests, figures.demands)
    });
    row("shortage, units", "supply modelled", &|figures| {
        mean(&figures.shortage, percent)
    });
    row("shortage, value", "supply modelled", &|figures| {
        mean(&figures.value_short, percent)
    });
    row(
        "unfairness: largest difference in fill of a group",
        "supply modelled",
        &|figures| mean(&figures.unfairness, percent),
    );
    row("units moved between centres", "supply modelled", &|figures| {
        mean(&figures.moved, percent)
    });
    row("fallbacks", "counted", &|figures| figures.fallbacks.to_string());
    table
}

/// The figures of KPIS.md that apply to returns.
pub fn returns(columns: &[(String, &ReturnsFigures)]) -> Table {
    let mut headings = vec!["returns", "from"];
    headings.extend(columns.iter().map(|(name, _)| name.as_str()));
    let mut table = table(&headings);
    let mut row = |name: &str, from: &str, cell: &dyn Fn(&ReturnsFigures) -> String| {
        let cells = [name.to_owned(), from.to_owned()].into_iter();
        add(
            &mut table,
            cells
                .chain(columns.iter().map(|(_, figures)| cell(figures)))
                .collect(),
        );
    };
    row("units", "counted", &|figures| figures.units.to_string());
    row("net recovery of carrying value", "modelled", &|figures| {
        mean(&figures.recovery, percent)
    });
    row("  in the worst tenth of each option", "modelled", &|figures| {
        mean(&figures.recovery_p10, percent)
    });
    row("days until the money is in", "modelled", &|figures| {
        mean(&figures.days, |days| format!("{days:.1}"))
    });
    row("referred to a person", "counted", &|figures| {
        mean(&figures.referred, percent)
    });
    row("chosen most", "counted", &|figures| most_chosen(figures));
    row("fallbacks", "counted", &|figures| figures.fallbacks.to_string());
    table
}

fn most_chosen(figures: &ReturnsFigures) -> String {
    let mut counts: Vec<(&String, &usize)> = figures.dispositions.iter().collect();
    counts.sort_by(|a, b| b.1.cmp(a.1).then_with(|| a.0.cmp(b.0)));
    let lines = counts
        .iter()
        .take(4)
        .map(|(name, count)| format!("{name} {}", percent(**count as f64 / figures.units.max(1) as f64)));
    lines.collect::<Vec<_>>().join("\n")
}

fn table(headings: &[&str]) -> Table {
    let mut table = Table::new();
    table
        .load_style(UTF8_FULL_CONDENSED)
        .set_header(headings.iter().map(|text| Cell::new(*text)));
    if std::io::stdout().is_terminal() {
        table.set_content_arrangement(ContentArrangement::Dynamic);
    } else {
        // Lines must not depend on a terminal that is not there.
        table
            .set_content_arrangement(ContentArrangement::Disabled)
            .force_no_tty();
    }
    table
}

/// Adds a row: the first two cells are words, the rest figures. (The table of requests has words in one.)
fn add(table: &mut Table, cells: Vec<String>) {
    let cells = cells.into_iter().map(|text| {
        let figure = text.starts_with(|first: char| first.is_ascii_digit() || first == '-');
        let alignment = if figure {
            CellAlignment::Right
        } else {
            CellAlignment::Left
        };
        Cell::new(text).set_alignment(alignment)
    });
    table.add_row(cells);
}

fn mean(mean: &Mean, show: impl Fn(f64) -> String) -> String {
    mean.value().map_or_else(dash, show)
}

fn with_error(mean: &Mean) -> String {
    match (mean.value(), mean.error()) {
        (Some(value), Some(error)) => format!("{} ± {}", money(value), money(error)),
        _ => dash(),
    }
}

/// A share, 0 to 1.
pub fn percent(share: f64) -> String {
    format!("{:.1} %", share * 100.0)
}

fn millis(time: Duration) -> String {
    format!("{:.2}", time.as_secs_f64() * 1_000.0)
}

fn dash() -> String {
    "-".to_owned()
}
