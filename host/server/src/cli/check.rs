//! `signalbox check`: a policy goes through the host's own admission, in a folder of its own that is thrown away.

use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use signalbox_domain::policy_file::{PluginChoice, PolicyFile, SelfTestRequest};
use tempfile::TempDir;

use super::arguments::Check;
use super::error::CliError;
use super::table;
use crate::app::{AppOptions, Core};
use crate::config::Config;
use crate::error_text::chain;
use crate::record::LogMode;
use crate::snapshot::{VersionRecord, VersionState};
use crate::telemetry::Telemetry;

/// Longer than any component may take to compile.
const WITHIN: Duration = Duration::from_secs(120);

pub(super) fn run(options: &Check) -> Result<ExitCode, CliError> {
    let name = options
        .file
        .file_name()
        .map(|name| name.to_string_lossy().into_owned());
    let name = name.ok_or_else(|| CliError::Report(format!("{} is no file", options.file.display())))?;
    let folder = copy(&options.file, &name)?;
    let runtime = tokio::runtime::Runtime::new().map_err(CliError::Runtime)?;
    let record = runtime.block_on(verdict(&folder, &name))?;
    report(&record, &name)
}

/// A folder with nothing but the policy and what it names. What is not there is left out: admission says so better.
fn copy(file: &Path, name: &str) -> Result<TempDir, CliError> {
    let unreadable = |path: &Path| {
        let file = path.to_owned();
        move |source| CliError::Unreadable { file, source }
    };
    let text = fs::read_to_string(file).map_err(unreadable(file))?;
    let to = TempDir::new().map_err(CliError::Output)?;
    let policies = to.path().join("policies");
    fs::create_dir(&policies)
        .and_then(|()| fs::write(policies.join(name), &text))
        .map_err(CliError::Output)?;
    let Ok(policy) = PolicyFile::parse(name, &text) else {
        // Admission reads it again and says what is wrong.
        return Ok(to);
    };
    let from = file.parent().unwrap_or(Path::new(""));
    for beside in named(&policy) {
        let source = from.join(&beside);
        match copy_beside(&source, &policies, &beside) {
            Err(problem) if problem.kind() != io::ErrorKind::NotFound => {
                return Err(unreadable(&source)(problem));
            }
            _ => {}
        }
    }
    Ok(to)
}

/// The files that a policy names, relative to its own; those that lead elsewhere are left to admission to refuse.
fn named(policy: &PolicyFile) -> Vec<PathBuf> {
    let component = match &policy.plugin {
        PluginChoice::Named { name, version } => format!("{name}-{version}.wasm"),
        PluginChoice::File { file } => file.clone(),
    };
    let requests = policy.self_tests.iter().filter_map(|test| match &test.request {
        SelfTestRequest::File(file) => Some(file.clone()),
        SelfTestRequest::Inline(_) => None,
    });
    let inside = |path: &PathBuf| path.components().all(|part| matches!(part, Component::Normal(_)));
    requests
        .chain([component])
        .map(PathBuf::from)
        .filter(inside)
        .collect()
}

fn copy_beside(source: &Path, policies: &Path, beside: &Path) -> io::Result<()> {
    let target = policies.join(beside);
    if let Some(folder) = target.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::copy(source, target).map(|_| ())
}

async fn verdict(folder: &TempDir, name: &str) -> Result<VersionRecord, CliError> {
    let failed = |error: &dyn std::error::Error| CliError::Report(chain(error));
    let mut config = Config::parse("check", "", folder.path()).map_err(|error| failed(&error))?;
    config.folders.policies = folder.path().join("policies");
    config.decisions.mode = LogMode::Off;
    config.folders.data = folder.path().join("data");
    let telemetry = Telemetry::new().map_err(|error| failed(&error))?;
    let options = AppOptions::this_program().map_err(|error| failed(&error))?;
    let core = Core::start(&config, options, &telemetry)
        .await
        .map_err(|error| failed(&error))?;
    let control = core.control();
    let judged =
        |record: &&VersionRecord| record.file == name && !matches!(record.state, VersionState::Checking);
    let seen = tokio::time::timeout(
        WITHIN,
        control.wait_for(|snapshot| snapshot.versions.iter().any(|record| judged(&record))),
    )
    .await;
    core.stop().await;
    let record = seen
        .ok()
        .flatten()
        .and_then(|snapshot| snapshot.versions.iter().find(judged).cloned());
    record.ok_or_else(|| CliError::Report(format!("{name} was not checked within {} s", WITHIN.as_secs())))
}

fn report(record: &VersionRecord, name: &str) -> Result<ExitCode, CliError> {
    let version = record
        .version
        .as_ref()
        .map_or_else(|| name.to_owned(), ToString::to_string);
    let wrong = match &record.state {
        VersionState::Rejected(rejection) => {
            let problems = rejection
                .problems
                .iter()
                .map(|problem| format!("  {}", problem.at(name)));
            let problems: Vec<String> = problems.collect();
            format!(
                "{version} would be rejected ({}):\n{}",
                rejection.kind,
                problems.join("\n")
            )
        }
        VersionState::Waiting { for_file } => {
            format!("{version} would wait for `{for_file}`, which is not beside {name}")
        }
        _ => {
            let plugin = record
                .plugin
                .as_ref()
                .map(ToString::to_string)
                .unwrap_or_default();
            let digest = record.digest.map(|digest| digest.to_string()).unwrap_or_default();
            table::print(&format!(
                "{version} would be admitted\n  plugin {plugin}\n  digest {digest}"
            ))?;
            return Ok(ExitCode::SUCCESS);
        }
    };
    table::print(&wrong)?;
    Ok(ExitCode::FAILURE)
}
