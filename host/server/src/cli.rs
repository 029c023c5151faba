//! The command line.

mod arguments;
mod check;
mod client;
mod decide;
mod demo;
mod error;
mod levers;
mod policies;
mod scopes;
mod serve;
mod table;

use std::process::ExitCode;

use clap::Parser;

use arguments::{Arguments, Command};
use client::Client;
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
        Command::Policies(options) => {
            on_client(connect, async |client| policies::run(client, &options).await)
        }
        Command::Scopes(options) => on_client(connect, async |client| scopes::list(client, &options).await),
        Command::Scope(command) => on_client(connect, async |client| scopes::change(client, &command).await),
        Command::Withdraw(options) => {
            on_client(connect, async |client| policies::withdraw(client, &options).await)
        }
        Command::Lever(command) => on_client(connect, async |client| levers::run(client, &command).await),
        Command::Decide(options) => on_client(connect, async |client| decide::run(client, &options).await),
    }
}

/// Runs a command that talks to a host.
fn on_client(
    connect: arguments::Connect,
    command: impl AsyncFnOnce(&Client) -> Result<(), CliError>,
) -> Result<ExitCode, CliError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(CliError::Runtime)?;
    let client = Client::new(&connect)?;
    runtime.block_on(command(&client))?;
    Ok(ExitCode::SUCCESS)
}
