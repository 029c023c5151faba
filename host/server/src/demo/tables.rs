//! The tables at the end.

use std::io::IsTerminal;
use std::time::Duration;

use comfy_table::presets::UTF8_FULL_CONDENSED;
use comfy_table::{Cell, CellAlignment, ContentArrangement, Table};
use signalbox_domain::kpi::{AllocationKpis, CommonKpis, Rate, ReturnsKpis};

use super::cohort::{Recorded, money};
use super::figures::{Mean, RoutingFigures};
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
        mean(&column.figures.modelled_promise_kept, percent)
    });
    row("promise kept, delivered orders", "measured", &|column| {
        column
            .recorded
            .map_or_else(dash, |recorded| mean(&recorded.promise, percent))
    });
    row("split rate, orders of 2+ units", "counted", &|column| {
        mean(&column.figures.split, percent)
    });
    row("  avoidable, of split ones", "counted", &|column| {
        mean(&column.figures.avoidable_split, percent)
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
pub fn allocation(columns: &[(String, AllocationKpis)]) -> Table {
    let mut table = figures_table("allocation", columns);
    let mut row = |name: &str, from: &str, cell: &dyn Fn(&AllocationKpis) -> String| {
        add_figures(&mut table, name, from, columns, cell);
    };
    row("requests decided", "counted", &|kpis| {
        kpis.common.decisions.to_string()
    });
    row("shortage: units not given of those wanted", "modelled", &|kpis| {
        rate(kpis.shortage)
    });
    row(
        "unfairness: largest difference in fill, mean",
        "modelled",
        &|kpis| {
            kpis.mean_unfairness_bp()
                .map_or_else(dash, |bp| percent(bp as f64 / 10_000.0))
        },
    );
    row("cost per request, BRL", "modelled", &|kpis| cost(&kpis.common));
    row("fallbacks", "counted", &|kpis| {
        kpis.common.fallbacks.part.to_string()
    });
    table
}

/// The figures of KPIS.md that apply to returns.
pub fn returns(columns: &[(String, ReturnsKpis)]) -> Table {
    let mut table = figures_table("returns", columns);
    let mut row = |name: &str, from: &str, cell: &dyn Fn(&ReturnsKpis) -> String| {
        add_figures(&mut table, name, from, columns, cell);
    };
    row("units decided", "counted", &|kpis| {
        kpis.common.decisions.to_string()
    });
    row("net recovery of carrying value", "modelled", &|kpis| {
        kpis.modelled_recovery_bp()
            .map_or_else(dash, |bp| percent(bp as f64 / 10_000.0))
    });
    row("cost per unit, GBP", "modelled", &|kpis| cost(&kpis.common));
    row("referred to a person", "counted", &|kpis| rate(kpis.referred));
    row("chosen most", "counted", &most_chosen);
    row("fallbacks", "counted", &|kpis| {
        kpis.common.fallbacks.part.to_string()
    });
    table
}

fn most_chosen(kpis: &ReturnsKpis) -> String {
    let mut counts: Vec<(&String, &u64)> = kpis.dispositions.iter().collect();
    counts.sort_by(|a, b| b.1.cmp(a.1).then_with(|| a.0.cmp(b.0)));
    let of_all = |part: u64| {
        rate(Rate {
            part,
            whole: kpis.common.decisions,
        })
    };
    let lines = counts
        .iter()
        .take(4)
        .map(|(name, count)| format!("{name} {}", of_all(**count)));
    lines.collect::<Vec<_>>().join("\n")
}

fn figures_table<T>(domain: &str, columns: &[(String, T)]) -> Table {
    let headings = [domain, "from"]
        .into_iter()
        .chain(columns.iter().map(|(name, _)| name.as_str()));
    table(&headings.collect::<Vec<_>>())
}

fn add_figures<T>(
    table: &mut Table,
    name: &str,
    from: &str,
    columns: &[(String, T)],
    cell: &dyn Fn(&T) -> String,
) {
    let figures = columns.iter().map(|(_, figures)| cell(figures));
    add(
        table,
        [name.to_owned(), from.to_owned()]
            .into_iter()
            .chain(figures)
            .collect(),
    );
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

fn rate(rate: Rate) -> String {
    if rate.whole == 0 {
        dash()
    } else {
        percent(rate.part as f64 / rate.whole as f64)
    }
}

fn cost(common: &CommonKpis) -> String {
    common
        .total_cost_per_decision()
        .map_or_else(dash, |minor| money(minor as f64))
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
