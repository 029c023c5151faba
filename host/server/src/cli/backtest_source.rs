//! Where the requests of a backtest come from: a file, standard input, or the decision log.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use signalbox_domain::scope::Scope;

use super::backtest_arguments::On;
use super::error::CliError;
use crate::backtest::{Given, Lines, LogReader, RequestsIn, Shard, Span, fingerprint, recorded};
use crate::clock;
use crate::config::Config;
use crate::error_text::chain;

/// Where requests come from.
pub(super) enum Source {
    File(PathBuf),
    Log(LogReader, Box<Span>),
}

impl Source {
    /// As the arguments say: what it is for the result, its bytes as they are stored (0 where nobody knows), and itself.
    pub(super) fn open(
        on: &On,
        config: &Config,
        scope: &Scope,
        shard: Shard,
    ) -> Result<(RequestsIn, u64, Source), CliError> {
        if let Some(file) = &on.requests {
            let (digest, bytes) = match file == Path::new("-") {
                true => (None, 0),
                false => {
                    let found = fingerprint(file).map_err(|source| CliError::Unreadable {
                        file: file.clone(),
                        source,
                    })?;
                    (Some(found.0), found.1)
                }
            };
            let name = file.file_name().filter(|name| *name != "-");
            let name = name.map(|name| name.to_string_lossy().into_owned());
            let requests = RequestsIn {
                from: name.unwrap_or_else(|| "standard input".to_owned()),
                digest,
                since: None,
                until: None,
            };
            return Ok((requests, bytes, Source::File(file.clone())));
        }
        if !on.has_requests() {
            let problem =
                "expected requests: --requests FILE, or --since and --until for those of a decision log";
            return Err(CliError::Report(problem.to_owned()));
        }
        let now = clock::now();
        let span = Span {
            scope: scope.clone(),
            since: on.since.map(|since| since.at(now)),
            until: on.until.map(|until| until.at(now)),
            shard,
            after: 0,
        };
        let log = LogReader::open(&config.folders.decisions());
        let log = log.map_err(|error| CliError::Report(chain(&error)))?;
        let requests = RequestsIn {
            from: "the decision log".to_owned(),
            digest: Some(log.digest()),
            since: span.since,
            until: span.until,
        };
        Ok((requests, log.bytes(), Source::Log(log, Box::new(span))))
    }

    pub(super) fn given(
        self,
        shard: Shard,
        after: u64,
        position: Arc<AtomicU64>,
    ) -> Result<Box<dyn Iterator<Item = io::Result<Given>> + Send>, CliError> {
        match self {
            Source::File(file) => match Lines::open(&file, shard, after, position) {
                Ok(lines) => Ok(Box::new(lines)),
                Err(source) => Err(CliError::Unreadable { file, source }),
            },
            Source::Log(log, span) => Ok(Box::new(recorded(log, Span { after, ..*span }, position))),
        }
    }
}
