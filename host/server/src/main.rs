//! The binary `signalbox`.

use std::process::ExitCode;

/// Requests are many small allocations on several threads, freed on others: measured, this answers more of them.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    signalbox_server::cli::main()
}
