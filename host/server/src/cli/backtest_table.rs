//! What a backtest came to, as tables for people.

use comfy_table::{Cell, CellAlignment};
use signalbox_domain::kpi::Basis;

use super::table;
use crate::backtest::{Bad, Document, Figure, PartFigures, VersionFigures, WorldSums};

/// Segments that are shown of one version; `--json` has all.
const SEGMENTS_MAX: usize = 40;

pub(super) fn told(document: &Document) -> String {
    let mut parts = vec![heading(document), figures(document)];
    parts.extend(beside(document));
    parts.extend(segments(document));
    parts.extend(faults(document));
    let limits = &document.figures.limits;
    parts.push(
        limits
            .iter()
            .map(|limit| format!("Note: {limit}"))
            .collect::<Vec<_>>()
            .join("\n"),
    );
    parts.join("\n\n")
}

fn heading(document: &Document) -> String {
    let (inputs, sums) = (&document.inputs, &document.sums);
    let range = sums
        .range
        .map_or_else(String::new, |(from, to)| format!(", from {from} to {to}"));
    let requests = inputs
        .requests
        .digest
        .map_or_else(String::new, |digest| format!(" {digest}"));
    let mut lines = vec![
        format!(
            "{} {} requests of {}{range}",
            sums.requests, inputs.domain, inputs.requests.from
        ),
        format!("requests   {}{requests}", inputs.requests.from),
        format!(
            "scope      {} (settings {})",
            inputs.scope, inputs.settings_digest
        ),
        format!("cost book  {} {}", inputs.cost_book, inputs.cost_book_digest),
        format!("host       {}; days of {}", inputs.host_version, inputs.zone),
    ];
    for version in &inputs.versions {
        if let (Some(digest), Some(plugin)) = (version.digest, &version.plugin) {
            lines.push(format!(
                "version    {} {digest}, plugin {plugin}",
                version.version
            ));
        }
    }
    if !document.coverage.is_whole() {
        let shards: Vec<String> = document.coverage.shards.iter().map(ToString::to_string).collect();
        lines.push(format!(
            "shards     {} of {}: not everything",
            shards.join(", "),
            document.coverage.of
        ));
    }
    if sums.elsewhere > 0 {
        lines.push(format!(
            "{} requests are of another scope and were left out",
            sums.elsewhere
        ));
    }
    if sums.bad.count() > 0 {
        lines.push(bad("lines hold no usable request", &sums.bad));
    }
    lines.join("\n")
}

/// Every figure of every version, over all that it decided.
fn figures(document: &Document) -> String {
    let versions = &document.figures.versions;
    let mut headings = vec!["figure", "basis"];
    headings.extend(versions.iter().map(|version| version.version.as_str()));
    let mut rows = table::table(&headings);
    let counted = |value: u64| right(value.to_string());
    let mut row = |name: &str, cells: Vec<Cell>| {
        let first = [Cell::new(name), Cell::new("counted")];
        rows.add_row(first.into_iter().chain(cells).collect::<Vec<_>>());
    };
    row(
        "decided",
        versions
            .iter()
            .map(|version| counted(version.all.decided))
            .collect(),
    );
    row(
        "faults",
        versions.iter().map(|version| counted(version.faults)).collect(),
    );
    let worlds = &document.sums.versions;
    if worlds.iter().any(|version| version.world.rows > 0) {
        let found = |of: fn(&WorldSums) -> (u64, u64)| {
            let cells = versions.iter().enumerate().map(|(place, _)| {
                let (part, whole) = worlds
                    .get(place)
                    .map(|version| of(&version.world))
                    .unwrap_or_default();
                right(match whole {
                    0 => dash(),
                    _ => format!("{:.2} %", 100.0 * part as f64 / whole as f64),
                })
            });
            cells.collect::<Vec<Cell>>()
        };
        row("stock rows emptied", found(|world| (world.emptied, world.rows)));
        row(
            "capacity windows full",
            found(|world| (world.full, world.windows)),
        );
    }
    for name in &document.sums.figures {
        let of = |version: &VersionFigures| find(&version.all, name).cloned();
        let basis = versions
            .iter()
            .find_map(|version| of(version).map(|figure| basis(figure.basis)));
        let cells = versions.iter().map(|version| {
            let value = of(version).and_then(|figure| figure.value);
            right(value.map_or_else(dash, |value| shown(name, value)))
        });
        let first = [Cell::new(name), Cell::new(basis.unwrap_or_default())];
        rows.add_row(first.into_iter().chain(cells).collect::<Vec<_>>());
    }
    format!("Over all that each version decided (cost in minor units a decision):\n{rows}")
}

/// Each other version beside the first one.
fn beside(document: &Document) -> Vec<String> {
    let versions = document.figures.versions.iter().skip(1);
    let told = versions.map(|version| {
        let all = &version.all;
        let mut rows = table::table(&["figure", &document.figures.baseline, &version.version, "difference", "95 % interval", "days"]);
        for figure in &all.figures {
            rows.add_row(pair_row(figure));
        }
        format!(
            "{} beside {}: {} requests that both decided; the same in {}, cheaper in {}, dearer in {}:\n{rows}",
            version.version, document.figures.baseline, all.pairs, all.matched, all.better, all.worse
        )
    });
    told.collect()
}

fn pair_row(figure: &Figure) -> Vec<Cell> {
    let name = Cell::new(&figure.name);
    let Some(pair) = figure.paired else {
        return vec![name];
    };
    vec![
        name,
        right(shown(&figure.name, pair.baseline)),
        right(shown(&figure.name, pair.value)),
        right(signed(&figure.name, pair.difference)),
        right(interval(&figure.name, pair.interval)),
        right(pair.days.to_string()),
    ]
}

/// What each segment gains or loses in cost.
fn segments(document: &Document) -> Option<String> {
    let versions = document.figures.versions.iter().skip(1);
    let mut rows = table::table(&[
        "version",
        "segment",
        "pairs",
        "cost",
        "95 % interval",
        "share of promises kept",
    ]);
    let mut hidden = 0usize;
    for version in versions {
        for (place, (segment, part)) in version.segments.iter().enumerate() {
            if place >= SEGMENTS_MAX {
                hidden = hidden.saturating_add(1);
                continue;
            }
            let (cost, range) = difference(part, "cost");
            let (kept, _) = difference(part, "promise_kept");
            rows.add_row(vec![
                Cell::new(&version.version),
                Cell::new(segment),
                right(part.pairs.to_string()),
                right(cost),
                right(range),
                right(kept),
            ]);
        }
    }
    if rows.is_empty() {
        return None;
    }
    let more = match hidden {
        0 => String::new(),
        more => format!("\nand {more} segments more (--json has them)"),
    };
    Some(format!("Difference by segment:\n{rows}{more}"))
}

fn difference(part: &PartFigures, name: &str) -> (String, String) {
    match find(part, name).and_then(|figure| figure.paired) {
        Some(pair) => (signed(name, pair.difference), interval(name, pair.interval)),
        None => (dash(), dash()),
    }
}

fn faults(document: &Document) -> Option<String> {
    let versions = document.inputs.versions.iter().zip(&document.sums.versions);
    let told: Vec<String> = versions
        .filter(|(version, sums)| sums.faults.count() > 0 && version.digest.is_some())
        .map(|(version, sums)| {
            bad(
                &format!("requests were not decided by {}", version.version),
                &sums.faults,
            )
        })
        .collect();
    (!told.is_empty()).then(|| told.join("\n"))
}

fn bad(what: &str, bad: &Bad) -> String {
    let causes: Vec<String> = bad
        .causes
        .iter()
        .map(|(cause, count)| format!("{count} {cause}"))
        .collect();
    let mut lines = vec![format!("{} {what}: {}", bad.count(), causes.join(", "))];
    lines.extend(
        bad.first
            .iter()
            .map(|named| format!("  line {}: {}", named.line, named.detail)),
    );
    if bad.count() > bad.first.len() as u64 {
        lines.push(format!(
            "  and {} more",
            bad.count().saturating_sub(bad.first.len() as u64)
        ));
    }
    lines.join("\n")
}

fn find<'p>(part: &'p PartFigures, name: &str) -> Option<&'p Figure> {
    part.figures.iter().find(|figure| figure.name == name)
}

fn basis(basis: Basis) -> &'static str {
    match basis {
        Basis::Counted => "counted",
        Basis::Modelled => "modelled",
        Basis::Measured => "measured",
    }
}

/// Costs in minor units, shares in percent.
fn shown(name: &str, value: f64) -> String {
    match name.starts_with("cost") {
        true => format!("{value:.2}"),
        false => format!("{:.2} %", value * 100.0),
    }
}

fn signed(name: &str, value: f64) -> String {
    match name.starts_with("cost") {
        true => format!("{value:+.2}"),
        false => format!("{:+.2} %", value * 100.0),
    }
}

fn interval(name: &str, interval: Option<[f64; 2]>) -> String {
    interval.map_or_else(dash, |[low, high]| {
        format!("{} to {}", signed(name, low), signed(name, high))
    })
}

fn right(text: String) -> Cell {
    Cell::new(text).set_alignment(CellAlignment::Right)
}

fn dash() -> String {
    "-".to_owned()
}
