//! The command line.

mod approval_arguments;
mod approvals;
mod arguments;
mod backtest;
mod backtest_arguments;
mod backtest_measure;
mod backtest_progress;
mod backtest_run;
mod backtest_source;
mod backtest_table;
mod backup;
mod break_glass;
mod check;
mod client;
mod credentials;
mod decide;
mod decision_arguments;
mod decision_export;
mod decision_parquet;
mod decisions;
mod demo;
mod drift;
mod error;
mod keys;
mod ledger;
mod ledger_arguments;
mod levers;
mod login;
mod outcome_arguments;
mod outcomes;
mod policies;
mod principals;
mod release_arguments;
mod release_file;
mod releases;
mod report_file;
mod scopes;
mod serve;
mod table;
mod tokens;
mod trials;
mod tune;
mod tune_arguments;
mod tune_picture;
mod tune_settings;
mod webhooks;

use std::process::ExitCode;

use clap::Parser;

use approval_arguments::ApprovalsCommand;
use arguments::{Arguments, Command};
use client::Client;
use credentials::Target;
pub use error::CliError;

/// Runs the command that the process's arguments name.
pub fn main() -> ExitCode {
    // A compiling child is this same binary, started by the sandbox with limits on memory and time: nothing else may
    // run in it.
    if signalbox_sandbox::compile::is_compile_child() {
        return signalbox_sandbox::compile::compile_child_main();
    }
    let arguments = Arguments::parse();
    match run(arguments) {
        Ok(code) => code,
        Err(error) => {
            error.print();
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: Arguments) -> Result<ExitCode, CliError> {
    let connect = arguments.connect;
    match arguments.command {
        Command::Serve(options) => serve::run(&options),
        Command::Check(options) => check::run(&options),
        Command::Demo(options) => demo::run(options),
        Command::Backtest(options) => backtest::run(&options),
        Command::Tune(options) => tune::run(&options),
        Command::Ledger(command) => ledger::run(&command),
        Command::Restore(options) => backup::restore(&options),
        Command::Backup(options) => on_client(connect, async |client| backup::take(client, &options).await),
        Command::Login(options) => on_runtime(login::login(&connect, &options)),
        Command::Logout => login::logout().map(|()| ExitCode::SUCCESS),
        Command::Whoami(format) => on_client(connect, async |client| login::whoami(client, &format).await),
        Command::Token(command) => on_client(connect, async |client| tokens::run(client, &command).await),
        Command::Principal(command) => {
            on_client(connect, async |client| principals::run(client, &command).await)
        }
        Command::Policies(options) => {
            on_client(connect, async |client| policies::run(client, &options).await)
        }
        Command::Scopes(options) => on_client(connect, async |client| scopes::list(client, &options).await),
        Command::Scope(command) => on_client(connect, async |client| scopes::change(client, &command).await),
        Command::Releases(options) => {
            on_client(connect, async |client| releases::list(client, &options).await)
        }
        Command::Trials(options) => on_client(connect, async |client| trials::list(client, &options).await),
        Command::Release(command) => match releases::saved(&command) {
            Some(done) => done.map(|()| ExitCode::SUCCESS),
            None => on_client(connect, async |client| releases::run(client, &command).await),
        },
        Command::Approvals(ApprovalsCommand::Verify { export, place }) => {
            approvals::verify(export.as_deref(), &place)
        }
        Command::Approvals(command) => {
            on_client(connect, async |client| approvals::run(client, &command).await)
        }
        Command::Key(command) => keys::own(&command).map(|()| ExitCode::SUCCESS),
        Command::Withdraw(options) => {
            on_client(connect, async |client| policies::withdraw(client, &options).await)
        }
        Command::Lever(command) => on_client(connect, async |client| levers::run(client, &command).await),
        Command::Decide(options) => on_client(connect, async |client| decide::run(client, &options).await),
        Command::Decisions(options) => {
            on_client(connect, async |client| decisions::run(client, &options).await)
        }
        Command::Drift(options) => on_client(connect, async |client| drift::run(client, &options).await),
        Command::Outcomes(options) => {
            on_client(connect, async |client| outcomes::run(client, &options).await)
        }
        Command::Webhooks(command) => {
            on_client(connect, async |client| webhooks::run(client, &command).await)
        }
        Command::Explain(options) => {
            on_client(connect, async |client| decisions::explain(client, &options).await)
        }
        Command::Replay(options) => {
            on_client(connect, async |client| decisions::replay(client, &options).await)
        }
    }
}

/// Runs a command that talks to a host.
fn on_client(
    connect: arguments::Connect,
    command: impl AsyncFnOnce(&Client) -> Result<(), CliError>,
) -> Result<ExitCode, CliError> {
    let client = Client::new(&Target::resolve(&connect)?)?;
    on_runtime(command(&client))
}

fn on_runtime(command: impl Future<Output = Result<(), CliError>>) -> Result<ExitCode, CliError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(CliError::Runtime)?;
    runtime.block_on(command)?;
    Ok(ExitCode::SUCCESS)
}
