//! `signalbox demo`.

use std::process::ExitCode;

use super::error::CliError;
use crate::demo::{self, DemoArgs};
use crate::error_text::chain;

pub(super) fn run(options: DemoArgs) -> Result<ExitCode, CliError> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.map_err(CliError::Runtime)?;
    let shown = runtime.block_on(demo::run(options));
    // Work that nobody waits for any more must not hold the process.
    runtime.shutdown_timeout(std::time::Duration::from_secs(5));
    let holds = shown.map_err(|error| CliError::Report(chain(&error)))?;
    Ok(if holds {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}
