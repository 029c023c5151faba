//! The compile child: the same binary, started again with a hidden subcommand, that does one [`Job`] and ends.
//!
//! Whatever a component does to the compiler or in `configure` ends here: time and memory are limited by the kernel, and
//! a crash is a signal that the host reads.

use std::fs::File;
use std::io::{self, Read};
use std::os::fd::AsFd;
use std::process::ExitCode;

use super::protocol::{COMPONENT_BYTES_MAX, HEADER_BYTES_MAX, Job, Reply, read_frame, write_frame};
use super::steps;

/// Set in the environment of a compile child, where else is only what its allocator needs.
pub const CHILD_MARK: &str = "SIGNALBOX_COMPILE_CHILD";

/// Stack of a thread that compiles, in bytes: the compiler recurses over what it is given.
const STACK_BYTES: usize = 16 << 20;

/// Threads that compile the functions of one component.
const COMPILE_THREADS: usize = 2;

/// Exit code when the host went away first. Nobody reads it.
const HOST_GONE: i32 = 3;

/// Whether this process was started as a compile child.
pub fn is_compile_child() -> bool {
    std::env::var_os(CHILD_MARK).is_some()
}

/// Does the work of a compile child and returns its exit code. Call it first thing in the hidden subcommand, before any
/// runtime, logger or thread is started. Job and answer go over the socket that is standard input.
pub fn compile_child_main() -> ExitCode {
    match serve() {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            eprintln!("compile child: {problem}");
            ExitCode::FAILURE
        }
    }
}

fn serve() -> io::Result<()> {
    let mut socket = File::from(io::stdin().as_fd().try_clone_to_owned()?);
    let header = read_frame(&mut socket, HEADER_BYTES_MAX)?;
    let job: Job = serde_json::from_slice(&header)?;
    // Before the first byte of the component is read.
    job.budget.impose()?;
    let component = read_frame(&mut socket, COMPONENT_BYTES_MAX)?;
    end_with_host(socket.try_clone()?)?;
    rayon::ThreadPoolBuilder::new()
        .num_threads(COMPILE_THREADS)
        .stack_size(STACK_BYTES)
        .thread_name(|place| format!("compile-{place}"))
        .build_global()
        .map_err(io::Error::other)?;
    let worker = std::thread::Builder::new()
        .name("compile".to_owned())
        .stack_size(STACK_BYTES)
        .spawn(move || steps::run(&job, &component))?;
    let (reply, code) = worker
        .join()
        .map_err(|_| io::Error::other("the compiler panicked"))?;
    answer(&mut socket, &reply, &code)
}

fn answer(socket: &mut File, reply: &Reply, code: &[u8]) -> io::Result<()> {
    write_frame(socket, &serde_json::to_vec(reply)?)?;
    write_frame(socket, code)
}

/// Ends this process when the host closes its end of the socket: because it gave up, or because it is gone.
fn end_with_host(mut socket: File) -> io::Result<()> {
    std::thread::Builder::new()
        .name("host".to_owned())
        .spawn(move || {
            let mut byte = [0];
            // The host sends nothing more, so this returns when it closes.
            let _closed = socket.read(&mut byte);
            std::process::exit(HOST_GONE);
        })?;
    Ok(())
}
