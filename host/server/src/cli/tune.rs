//! `signalbox tune`.

use std::fs;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use comfy_table::{Cell, CellAlignment};
use semver::{Prerelease, Version};
use serde_json::json;
use signalbox_domain::Domain;
use signalbox_domain::policy_file::PolicyFile;
use toml_edit::Value;

use super::backtest::SOME_BAD;
use super::backtest_run::{Bench, Keep};
use super::error::CliError;
use super::table;
use super::tune_arguments::Tune;
use super::tune_picture::{Point, draw};
use super::tune_settings::{grid, written};
use crate::backtest::{Document, PartFigures, Shard};

/// The policy whose parameters vary.
struct Base {
    name: String,
    text: String,
    component: Arc<[u8]>,
    version: Version,
    domain: Domain,
}

pub(super) fn run(options: &Tune) -> Result<ExitCode, CliError> {
    let bench = Bench::open(&options.on)?;
    let base = base(options, &bench)?;
    let settings = grid(&options.vary).map_err(|problem| CliError::Report(format!("--vary: {problem}")))?;
    let only_write = options.write.is_some() && !options.on.has_requests();
    let code = match only_write {
        true => ExitCode::SUCCESS,
        false => try_out(options, &bench, &base, &settings)?,
    };
    if let (Some(number), Some(to), Some(version)) = (options.write, &options.to, &options.version) {
        write(options, &base, &settings, number, version, to)?;
    }
    Ok(code)
}

fn base(options: &Tune, bench: &Bench) -> Result<Base, CliError> {
    let (text, component) = bench.parts(&options.what)?;
    let file =
        PolicyFile::parse(&options.what, &text).map_err(|error| CliError::Report(error.to_string()))?;
    Ok(Base {
        name: file.version.policy.clone(),
        version: file.version.version.clone(),
        domain: file.domain,
        text,
        component,
    })
}

/// Judges the policy as it is and every setting of it, and shows what they come to.
fn try_out(
    options: &Tune,
    bench: &Bench,
    base: &Base,
    settings: &[Vec<Value>],
) -> Result<ExitCode, CliError> {
    let load = |text: &str| bench.load_text(text, &options.what, &base.component);
    let mut versions = vec![load(&base.text)?];
    for (number, setting) in (1..).zip(settings) {
        versions.push(load(&text_of(
            options,
            base,
            setting,
            &numbered(&base.version, number),
        )?)?);
    }
    let mut on = options.on.clone();
    // A grid is about the whole; segments are a matter of `backtest`.
    on.segments.get_or_insert_default();
    let judge = bench.judge(&on, versions)?;
    let keep = Keep {
        state: None,
        every: u64::MAX,
        shard: Shard::WHOLE,
        replenish_days: options.model_inventory.then_some(options.replenish_days),
    };
    let document = bench.run(&on, &judge, &keep)?;
    let points = points(options, base, settings, &document);
    if let Some(file) = &options.picture {
        let about = format!(
            "{}@{}, {} requests",
            base.name, base.version, document.sums.requests
        );
        let svg = draw(&points, axis(base.domain).1, &about);
        fs::write(file, svg).map_err(CliError::Output)?;
    }
    match options.format.json {
        true => table::print(&json_of(&points, &document)?)?,
        false => table::print(&told(options, base, settings, &points, &document))?,
    }
    Ok(match document.sums.bad.count() {
        0 => ExitCode::SUCCESS,
        _ => ExitCode::from(SOME_BAD),
    })
}

fn text_of(options: &Tune, base: &Base, setting: &[Value], version: &Version) -> Result<String, CliError> {
    written(&base.text, &options.vary, setting, version)
        .map_err(|problem| CliError::Report(format!("{}: {problem}", options.what)))
}

/// A version that nothing else has.
fn numbered(base: &Version, number: usize) -> Version {
    let mut version = base.clone();
    // Of letters, digits and a dot, which is always one.
    version.pre = Prerelease::new(&format!("tune.{number}")).unwrap_or_default();
    version
}

/// The figure beside cost, in words, and whether more of it is better.
fn axis(domain: Domain) -> (&'static str, &'static str, bool) {
    match domain {
        Domain::Routing => ("promise_kept", "promise kept", true),
        Domain::Allocation => ("shortage", "shortage", false),
        Domain::Returns => ("net_recovery", "net recovery", true),
    }
}

fn value(part: &PartFigures, name: &str) -> Option<f64> {
    part.figures.iter().find(|figure| figure.name == name)?.value
}

/// Every setting that decided anything; 0 is the policy as it is.
fn points(options: &Tune, base: &Base, settings: &[Vec<Value>], document: &Document) -> Vec<Point> {
    let (name, _, more_is_better) = axis(base.domain);
    let versions = document
        .figures
        .versions
        .iter()
        .take(settings.len().saturating_add(1));
    let points = versions.enumerate().filter_map(|(number, version)| {
        let values = match number.checked_sub(1).and_then(|place| settings.get(place)) {
            None => "as it is".to_owned(),
            Some(setting) => in_words(options, setting),
        };
        Some(Point {
            number,
            values,
            cost: value(&version.all, "cost")?,
            other: 100.0 * value(&version.all, name)?,
            efficient: false,
        })
    });
    let mut points: Vec<Point> = points.collect();
    let better = |a: &Point, b: &Point| {
        let (a_other, b_other) = match more_is_better {
            true => (a.other, b.other),
            false => (-a.other, -b.other),
        };
        a.cost <= b.cost && a_other >= b_other && (a.cost < b.cost || a_other > b_other)
    };
    let efficient: Vec<bool> = points
        .iter()
        .map(|point| !points.iter().any(|other| better(other, point)))
        .collect();
    for (point, efficient) in points.iter_mut().zip(efficient) {
        point.efficient = efficient;
    }
    points
}

fn in_words(options: &Tune, setting: &[Value]) -> String {
    let values = options.vary.iter().zip(setting);
    let values: Vec<String> = values
        .map(|(vary, value)| format!("{}={}", vary.name(), value.to_string().trim()))
        .collect();
    values.join(" ")
}

fn told(
    options: &Tune,
    base: &Base,
    settings: &[Vec<Value>],
    points: &[Point],
    document: &Document,
) -> String {
    let (name, words, _) = axis(base.domain);
    let names: Vec<String> = options.vary.iter().map(|vary| vary.name()).collect();
    let mut headings = vec!["setting"];
    headings.extend(names.iter().map(String::as_str));
    headings.extend([
        "cost",
        "beside 0 (95 %)",
        words,
        "beside 0 (95 %)",
        "faults",
        "efficient",
    ]);
    let mut rows = table::table(&headings);
    for (number, version) in document
        .figures
        .versions
        .iter()
        .take(settings.len().saturating_add(1))
        .enumerate()
    {
        let mut cells = vec![right(number.to_string())];
        let setting = number.checked_sub(1).and_then(|place| settings.get(place));
        match setting {
            None => cells.extend(names.iter().map(|_| Cell::new("as it is"))),
            Some(setting) => cells.extend(
                setting
                    .iter()
                    .map(|value| right(value.to_string().trim().to_owned())),
            ),
        }
        let point = points.iter().find(|point| point.number == number);
        cells.push(right(
            point.map_or_else(dash, |point| format!("{:.2}", point.cost)),
        ));
        cells.push(right(beside(&version.all, "cost", 1.0)));
        cells.push(right(
            point.map_or_else(dash, |point| format!("{:.2} %", point.other)),
        ));
        cells.push(right(beside(&version.all, name, 100.0)));
        cells.push(right(version.faults.to_string()));
        cells.push(Cell::new(if point.is_some_and(|point| point.efficient) {
            "*"
        } else {
            ""
        }));
        rows.add_row(cells);
    }
    let mut lines = vec![
        format!(
            "{}@{} on {} requests, cost book {} {}; cost in minor units a decision",
            base.name,
            base.version,
            document.sums.requests,
            document.inputs.cost_book,
            document.inputs.cost_book_digest
        ),
        rows.to_string(),
        format!(
            "* no other setting is at least as good in cost and {words} and better in one. All figures are modelled."
        ),
    ];
    if settings.len() > 1 {
        lines.push(format!(
            "Note: {} settings were tried: the best of many looks better than it is; judge it on other requests before you rely on \
             it.",
            settings.len()
        ));
    }
    let bad = document.sums.bad.count();
    if bad > 0 {
        lines.push(format!(
            "Note: {bad} lines hold no usable request; `signalbox backtest` names them."
        ));
    }
    lines.push(format!("Note: inventory: {}.", document.inputs.inventory));
    lines.join("\n")
}

fn beside(part: &PartFigures, name: &str, scale: f64) -> String {
    let pair = part
        .figures
        .iter()
        .find(|figure| figure.name == name)
        .and_then(|figure| figure.paired);
    match pair {
        None => dash(),
        Some(pair) => {
            let interval = pair.interval.map_or_else(String::new, |[low, high]| {
                format!(" ({:+.2} to {:+.2})", scale * low, scale * high)
            });
            format!("{:+.2}{interval}", scale * pair.difference)
        }
    }
}

fn json_of(points: &[Point], document: &Document) -> Result<String, CliError> {
    let settings: Vec<serde_json::Value> = points
        .iter()
        .map(|point| {
            json!({ "setting": point.number, "values": point.values, "cost": point.cost, "other_percent": point.other,
                    "efficient": point.efficient })
        })
        .collect();
    let whole = json!({ "settings": settings, "figures": document.figures, "inputs": document.inputs });
    serde_json::to_string_pretty(&whole).map_err(|problem| CliError::Output(problem.into()))
}

fn write(
    options: &Tune,
    base: &Base,
    settings: &[Vec<Value>],
    number: usize,
    version: &Version,
    to: &Path,
) -> Result<(), CliError> {
    let setting = number
        .checked_sub(1)
        .and_then(|place| settings.get(place))
        .ok_or_else(|| {
            CliError::Report(format!(
                "--write: expected a setting from 1 to {}, found {number}",
                settings.len()
            ))
        })?;
    if *version == base.version {
        let problem = "--version: expected another version than the policy has; a version stands for its parameters for ever";
        return Err(CliError::Report(problem.to_owned()));
    }
    let text = text_of(options, base, setting, version)?;
    let file = PolicyFile::parse(&to.display().to_string(), &text);
    let file = file.map_err(|error| CliError::Report(error.to_string()))?;
    if to.exists() {
        return Err(CliError::Report(format!(
            "{} is there already; name another file",
            to.display()
        )));
    }
    fs::write(to, &text).map_err(CliError::Output)?;
    let component = crate::intake::component_file(&file.plugin);
    eprintln!(
        "setting {number} ({}) is {} in {}; `signalbox check {}` tries it, with {component} beside it unless that comes with \
         the binary",
        in_words(options, setting),
        file.version,
        to.display(),
        to.display()
    );
    Ok(())
}

fn right(text: String) -> Cell {
    Cell::new(text).set_alignment(CellAlignment::Right)
}

fn dash() -> String {
    "-".to_owned()
}
