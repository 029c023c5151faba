//! What `backtest` and `tune` share: rules from the arguments, a run with progress, and its result.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::json;
use signalbox_domain::allocation::AllocationCase;
use signalbox_domain::cost_book::CostBook;
use signalbox_domain::events::PolicyVersion;
use signalbox_domain::returns::ReturnsCase;
use signalbox_domain::routing::RoutingCase;
use signalbox_domain::scope::Scope;
use signalbox_domain::segment::SegmentKey;
use signalbox_domain::{Digest, Domain};
use tokio::runtime::Runtime;

use super::backtest::report;
use super::backtest_arguments::On;
use super::backtest_progress::Teller;
use super::backtest_source::Source;
use super::error::CliError;
use crate::backtest::{
    BacktestError, Coverage, Document, FromFile, Given, Inputs, Judge, Progress, RequestsIn, Rules, Run,
    Shard, State, Sums, VersionIn, Workshop, World, run, run_in_worlds,
};
use crate::config::Config;
use crate::error_text::chain;
use crate::record::HOST_VERSION;
use crate::snapshot::LivePolicy;

/// What is said of runs in which every request is decided on the stock that it shows.
pub(super) const NO_INVENTORY: &str =
    "every request is decided on the stock and capacity that it shows; decisions consume nothing";

/// Where versions are judged.
pub(super) struct Bench {
    pub config: Config,
    runtime: Runtime,
    workshop: Workshop,
    pub threads: usize,
}

/// What is kept of a run on its way.
pub(super) struct Keep {
    pub state: Option<PathBuf>,
    /// Requests between two writes.
    pub every: u64,
    pub shard: Shard,
    /// After how many days stock comes back, where it runs out.
    pub replenish_days: Option<u32>,
}

impl Bench {
    pub(super) fn open(on: &On) -> Result<Bench, CliError> {
        let config = match (&on.data, &on.config) {
            (Some(_), None) if !Path::new("signalbox.toml").exists() => {
                Config::parse("defaults", "", Path::new(""))
            }
            (_, named) => Config::load(named.as_deref()),
        };
        let mut config = config.map_err(|error| CliError::Report(chain(&error)))?;
        if let Some(data) = &on.data {
            config.folders.data.clone_from(data);
        }
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let threads = on.threads.map_or(cores, usize::from);
        Ok(Bench {
            runtime: Runtime::new().map_err(CliError::Runtime)?,
            workshop: Workshop::new(&config, threads).map_err(report)?,
            config,
            threads,
        })
    }

    pub(super) fn load_file(&self, file: &FromFile) -> Result<Arc<LivePolicy>, CliError> {
        self.runtime
            .block_on(self.workshop.load_file(file))
            .map_err(report)
    }

    pub(super) fn admitted(&self, version: &PolicyVersion) -> Result<Arc<LivePolicy>, CliError> {
        let folders = &self.config.folders;
        self.runtime
            .block_on(self.workshop.admitted(folders, version))
            .map_err(report)
    }

    /// The text of a policy file and its component: of a file, or of NAME@VERSION that a host admitted.
    pub(super) fn parts(&self, what: &str) -> Result<(String, Arc<[u8]>), CliError> {
        let parts = match what.parse::<PolicyVersion>() {
            Ok(version) if !Path::new(what).exists() => {
                self.workshop.admitted_parts(&self.config.folders, &version)
            }
            _ => self.workshop.parts(&FromFile {
                file: PathBuf::from(what),
                component: None,
            }),
        };
        parts.map_err(report)
    }

    /// A version from its text, which errors call `name`.
    pub(super) fn load_text(
        &self,
        text: &str,
        name: &str,
        component: &Arc<[u8]>,
    ) -> Result<Arc<LivePolicy>, CliError> {
        let loading = self.workshop.load_text(text, name, Arc::clone(component));
        self.runtime.block_on(loading).map_err(report)
    }

    /// Versions with the rules that the arguments ask for.
    pub(super) fn judge(&self, on: &On, versions: Vec<Arc<LivePolicy>>) -> Result<Judge, CliError> {
        let domain = one_domain(&versions).map_err(report)?;
        let (scope, book) = self.scope(on, domain)?;
        let book = match &on.cost_book {
            None => book,
            Some(file) => {
                let text = fs::read_to_string(file).map_err(|source| CliError::Unreadable {
                    file: file.clone(),
                    source,
                })?;
                let parsed = CostBook::parse(&file.display().to_string(), &text);
                Arc::new(parsed.map_err(|error| CliError::Report(error.to_string()))?)
            }
        };
        let mut keys: Vec<SegmentKey> = match &on.segments {
            Some(keys) => keys.iter().flatten().copied().collect(),
            None => {
                let plans = versions
                    .iter()
                    .map(|version| &version.policy_file.rollout.proof.segments);
                plans.flatten().copied().collect()
            }
        };
        keys.sort_unstable();
        keys.dedup();
        let rules = Rules {
            scope,
            book,
            bounds: self.config.requests.clone(),
            keys,
            zone: on.zone.clone(),
        };
        Ok(Judge::new(versions, rules))
    }

    fn scope(&self, on: &On, domain: Domain) -> Result<(Scope, Arc<CostBook>), CliError> {
        let of_domain = || {
            self.config
                .scopes
                .iter()
                .filter(|(scope, _)| scope.domain == domain)
        };
        let names = || {
            of_domain()
                .map(|(scope, _)| scope.name.as_str())
                .collect::<Vec<_>>()
                .join(", ")
        };
        let found = match &on.scope {
            Some(name) => of_domain().find(|(scope, _)| scope.name == *name).ok_or_else(|| {
                format!(
                    "--scope: expected a scope of {domain}: {}, found `{name}`",
                    names()
                )
            }),
            None => match of_domain().count() {
                1 => of_domain().next().ok_or_else(String::new),
                _ => Err(format!(
                    "--scope: {domain} has several scopes; name one of {}",
                    names()
                )),
            },
        };
        let (scope, book) = found.map_err(CliError::Report)?;
        Ok((scope.clone(), Arc::clone(book)))
    }

    /// What the run is made of.
    fn inputs(&self, judge: &Judge, requests: RequestsIn, inventory: &str) -> Inputs {
        let rules = judge.rules();
        let settings = json!([&rules.scope, &rules.bounds]);
        let incumbent = VersionIn {
            version: "incumbent".to_owned(),
            digest: None,
            plugin: None,
            plugin_digest: None,
        };
        let versions = judge.versions().iter().map(|version| VersionIn {
            version: version.version.to_string(),
            digest: Some(version.digest),
            plugin: Some(format!("{}@{}", version.plugin.name, version.plugin.version)),
            plugin_digest: Some(version.plugin.digest),
        });
        Inputs {
            host_version: HOST_VERSION.to_owned(),
            domain: rules.scope.domain,
            scope: rules.scope.name.clone(),
            settings_digest: Digest::of(settings.to_string().as_bytes()),
            versions: versions.chain([incumbent]).collect(),
            cost_book: format!("{}@{}", rules.book.name, rules.book.version),
            cost_book_digest: rules.book.digest(),
            requests,
            zone: rules.zone.name().to_owned(),
            segments: rules.keys.clone(),
            inventory: inventory.to_owned(),
        }
    }

    /// Judges every request, going on where an earlier run was ended.
    pub(super) fn run(&self, on: &On, judge: &Judge, keep: &Keep) -> Result<Document, CliError> {
        let (requests, bytes, source) = Source::open(on, &self.config, &judge.rules().scope, keep.shard)?;
        if requests.digest.is_none() && keep.state.is_some() {
            let problem = "--state: standard input cannot be read again; name a file with --requests";
            return Err(CliError::Report(problem.to_owned()));
        }
        let inventory = keep.replenish_days.map(World::told);
        let inputs = self.inputs(judge, requests, inventory.as_deref().unwrap_or(NO_INVENTORY));
        let known = match &keep.state {
            Some(file) => State::load(file, &inputs, keep.shard).map_err(report)?,
            None => None,
        };
        let state = known.unwrap_or_else(|| State::new(inputs, keep.shard, judge.nothing()));
        let state = match state.complete {
            true => state,
            false => self.go_on(on, judge, keep, state, (source, bytes))?,
        };
        Ok(Document::new(state.inputs, Coverage::of(state.shard), state.sums))
    }

    fn go_on(
        &self,
        on: &On,
        judge: &Judge,
        keep: &Keep,
        mut state: State,
        from: (Source, u64),
    ) -> Result<State, CliError> {
        let position = Arc::new(AtomicU64::new(0));
        let (source, bytes) = from;
        let given = source.given(keep.shard, state.line, Arc::clone(&position))?;
        if state.line > 0 {
            eprintln!("going on after line {}", state.line);
        }
        let mut teller = Teller::new(on.progress, bytes);
        let sums = std::mem::replace(&mut state.sums, judge.nothing());
        let (mut saved, done_before) = (judged(&sums), judged(&sums));
        let mut told = |progress: &Progress<'_>| {
            let done = judged(progress.sums);
            teller.tell(position.load(Ordering::Relaxed), done);
            state.line = progress.line;
            if let Some(file) = &keep.state
                && done.saturating_sub(saved) >= keep.every
            {
                saved = done;
                State {
                    line: progress.line,
                    ..State::new(state.inputs.clone(), state.shard, progress.sums.clone())
                }
                .save(file)?;
            }
            Ok(())
        };
        let sums = match keep.replenish_days {
            Some(days) if judge.rules().scope.domain == Domain::Routing => {
                run_in_worlds(judge, days, given, &mut told)
            }
            Some(_) => {
                let problem = "--model-inventory: expected versions that decide routing; others consume no stock of nodes";
                return Err(CliError::Report(problem.to_owned()));
            }
            None => judged_all(judge, self.threads, sums, given, &mut told),
        };
        let sums = sums.map_err(report)?;
        teller.end(judged(&sums).saturating_sub(done_before), self.threads);
        state.sums = sums;
        state.complete = true;
        if let Some(file) = &keep.state {
            state.save(file).map_err(report)?;
        }
        Ok(state)
    }
}

/// Runs in the versions' domain.
pub(super) fn judged_all(
    judge: &Judge,
    threads: usize,
    sums: Sums,
    given: impl Iterator<Item = io::Result<Given>> + Send,
    told: &mut dyn FnMut(&Progress<'_>) -> Result<(), BacktestError>,
) -> Result<Sums, BacktestError> {
    let work = Run {
        judge,
        threads,
        sums,
        told,
    };
    match judge.rules().scope.domain {
        Domain::Routing => run::<RoutingCase>(work, given),
        Domain::Allocation => run::<AllocationCase>(work, given),
        Domain::Returns => run::<ReturnsCase>(work, given),
    }
}

/// Everything that was looked at, usable or not.
fn judged(sums: &Sums) -> u64 {
    sums.requests
        .saturating_add(sums.elsewhere)
        .saturating_add(sums.bad.count())
}

fn one_domain(versions: &[Arc<LivePolicy>]) -> Result<Domain, BacktestError> {
    let first = versions
        .first()
        .map(|first| (first.version.to_string(), first.domain));
    let (first, expected) = first.unwrap_or((String::new(), Domain::Routing));
    match versions.iter().find(|version| version.domain != expected) {
        None => Ok(expected),
        Some(other) => Err(BacktestError::Domains {
            first,
            expected,
            other: other.version.to_string(),
            found: other.domain,
        }),
    }
}
