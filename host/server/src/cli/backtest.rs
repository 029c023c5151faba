//! `signalbox backtest`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use signalbox_domain::events::PolicyVersion;

use super::backtest_arguments::{Backtest, BacktestCommand};
use super::backtest_run::{Bench, Keep};
use super::backtest_table as tables;
use super::error::CliError;
use super::report_file::ReportOptions;
use super::table;
use crate::backtest::{Document, FromFile, Shard, merge};
use crate::error_text::chain;
use crate::snapshot::LivePolicy;

/// Everything was judged, but there are lines that hold no usable request.
pub(super) const SOME_BAD: u8 = 3;

pub(super) fn run(options: &Backtest) -> Result<ExitCode, CliError> {
    if let Some(BacktestCommand::Merge {
        results,
        out,
        report,
        format,
    }) = &options.command
    {
        let document = merged(results)?;
        return show(&document, out.as_deref(), report, format.json);
    }
    let bench = Bench::open(&options.on)?;
    let versions = versions(options, &bench)?;
    let judge = bench.judge(&options.on, versions)?;
    if options.measure {
        return super::backtest_measure::run(&bench, &judge, &options.on);
    }
    let keep = Keep {
        state: options.state.clone(),
        every: options.state_every,
        shard: options.shard.unwrap_or(Shard::WHOLE),
        replenish_days: options.model_inventory.then_some(options.replenish_days),
    };
    let document = bench.run(&options.on, &judge, &keep)?;
    show(
        &document,
        options.out.as_deref(),
        &options.report,
        options.format.json,
    )
}

fn show(
    document: &Document,
    out: Option<&Path>,
    wanted: &ReportOptions,
    json: bool,
) -> Result<ExitCode, CliError> {
    if let Some(out) = out {
        document.write(out).map_err(report)?;
    }
    wanted.write(|money| crate::report::backtest(document, money))?;
    match json {
        true => table::print(&document.json().map_err(CliError::Output)?)?,
        false => table::print(&tables::told(document))?,
    }
    Ok(match document.sums.bad.count() {
        0 => ExitCode::SUCCESS,
        _ => ExitCode::from(SOME_BAD),
    })
}

fn merged(results: &[PathBuf]) -> Result<Document, CliError> {
    let read = |file: &PathBuf| Ok((file.display().to_string(), Document::read(file).map_err(report)?));
    let documents: Result<Vec<(String, Document)>, CliError> = results.iter().map(read).collect();
    let mut documents = documents?.into_iter();
    let Some((_, first)) = documents.next() else {
        return Err(CliError::Report(
            "expected results to add up, found none".to_owned(),
        ));
    };
    merge(first, documents).map_err(report)
}

/// The versions that the arguments name, in their order: those of files first.
fn versions(options: &Backtest, bench: &Bench) -> Result<Vec<Arc<LivePolicy>>, CliError> {
    let mut components = Vec::new();
    let mut admitted = Vec::new();
    for what in &options.what {
        match what.ends_with(".wasm") {
            true => components.push(PathBuf::from(what)),
            false => admitted.push(version(what)?),
        }
    }
    if components.len() > options.params.len() {
        let problem = format!(
            "expected a --params for each of {} plugins, found {}; its TOML names the policy and its parameters",
            components.len(),
            options.params.len()
        );
        return Err(CliError::Report(problem));
    }
    let mut components = components.into_iter();
    let files = options.params.iter().map(|file| FromFile {
        file: file.clone(),
        component: components.next(),
    });
    let files: Vec<FromFile> = files.collect();
    if files.is_empty() && admitted.is_empty() {
        let problem =
            "expected versions to judge, found none: name them as --params FILE.toml or NAME@VERSION";
        return Err(CliError::Report(problem.to_owned()));
    }
    let mut found: Vec<Arc<LivePolicy>> = Vec::with_capacity(files.len().saturating_add(admitted.len()));
    for file in &files {
        found.push(bench.load_file(file)?);
    }
    for version in &admitted {
        found.push(bench.admitted(version)?);
    }
    for (place, version) in found.iter().enumerate() {
        let before = found
            .iter()
            .take(place)
            .find(|before| before.version == version.version);
        if let Some(before) = before.filter(|before| before.digest != version.digest) {
            let problem = format!(
                "{} stands for two things, {} and {}; give one of them another version",
                version.version, before.digest, version.digest
            );
            return Err(CliError::Report(problem));
        }
        if before.is_some() {
            return Err(CliError::Report(format!("{} is named twice", version.version)));
        }
    }
    Ok(found)
}

fn version(text: &str) -> Result<PolicyVersion, CliError> {
    text.parse().map_err(|_| {
        CliError::Report(format!(
            "expected a version such as routing-balanced@1.3.0 or a plugin such as plugin.wasm, found `{text}`"
        ))
    })
}

pub(super) fn report(error: crate::backtest::BacktestError) -> CliError {
    CliError::Report(chain(&error))
}
