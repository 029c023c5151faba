//! The host's side of a compile child: start, talk, wait, and read from how it ended what went wrong.

use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream as StdStream;
use std::os::unix::process::ExitStatusExt;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;
use tokio::process::{Child, ChildStderr, Command};

use super::protocol::{CODE_BYTES_MAX, HEADER_BYTES_MAX, Job, Reply, checked_length};
use super::{Budget, CHILD_MARK, CompileConfig, CompileError};

/// What is kept of what a child says on standard error, in bytes.
const OUTPUT_BYTES_MAX: u64 = 16 << 10;

pub(super) async fn run(
    config: &CompileConfig,
    job: &Job,
    component: &[u8],
) -> Result<(Reply, Vec<u8>), CompileError> {
    let (mut child, mut socket) = start(config).map_err(|error| broken("cannot be started", &error))?;
    let output = child.stderr.take();
    // A child that says more than is kept must not stand still because nobody reads on.
    let listening = tokio::spawn(listen(output));
    let talked = tokio::time::timeout(
        Duration::from_millis(job.budget.wall_ms),
        talk(&mut socket, job, component),
    )
    .await;
    let ended = end(&mut child, matches!(talked, Ok(Ok(_)))).await;
    let output = listening.await.unwrap_or_default();
    match talked {
        Ok(Ok(answer)) => Ok(answer),
        Err(_) => Err(CompileError::CompileTimeout {
            limit: format!("{} ms", job.budget.wall_ms),
        }),
        Ok(Err(error)) => Err(match ended {
            Ok(status) => cause_of_death(status, &output, &job.budget, &error),
            Err(error) => broken("cannot be waited for", &error),
        }),
    }
}

/// Starts a child that has nothing of the host but a socket: next to no environment, no descriptors, no folder.
fn start(config: &CompileConfig) -> io::Result<(Child, UnixStream)> {
    let (ours, theirs) = StdStream::pair()?;
    ours.set_nonblocking(true)?;
    let child = Command::new(&config.program)
        .args(&config.arguments)
        .env_clear()
        .env(CHILD_MARK, "1")
        // The allocator of the binary would otherwise take a gibibyte at once, which is all that the child may have.
        .env("MIMALLOC_ARENA_EAGER_COMMIT", "0")
        .current_dir("/")
        .stdin(Stdio::from(OwnedFd::from(theirs)))
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()?;
    Ok((child, UnixStream::from_std(ours)?))
}

async fn talk(socket: &mut UnixStream, job: &Job, component: &[u8]) -> io::Result<(Reply, Vec<u8>)> {
    send(socket, &serde_json::to_vec(job)?).await?;
    send(socket, component).await?;
    let reply = serde_json::from_slice(&receive(socket, HEADER_BYTES_MAX).await?)?;
    let code = receive(socket, CODE_BYTES_MAX).await?;
    Ok((reply, code))
}

async fn send(socket: &mut UnixStream, bytes: &[u8]) -> io::Result<()> {
    socket.write_all(&(bytes.len() as u64).to_le_bytes()).await?;
    socket.write_all(bytes).await
}

async fn receive(socket: &mut UnixStream, bytes_max: u64) -> io::Result<Vec<u8>> {
    let mut length = [0; 8];
    socket.read_exact(&mut length).await?;
    let length = checked_length(length, bytes_max)?;
    let mut bytes = Vec::new();
    socket.take(length).read_to_end(&mut bytes).await?;
    if (bytes.len() as u64) < length {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(bytes)
}

async fn listen(output: Option<ChildStderr>) -> String {
    let Some(mut output) = output else {
        return String::new();
    };
    let mut kept = Vec::new();
    let _read = (&mut output).take(OUTPUT_BYTES_MAX).read_to_end(&mut kept).await;
    let _rest = tokio::io::copy(&mut output, &mut tokio::io::sink()).await;
    String::from_utf8_lossy(&kept).into_owned()
}

/// Waits for the child, and ends it first unless it has answered or ended by itself.
async fn end(child: &mut Child, answered: bool) -> io::Result<ExitStatus> {
    if !answered {
        // It may be about to end by itself, by the signal that says why.
        if let Ok(status) = tokio::time::timeout(Duration::from_millis(500), child.wait()).await {
            return status;
        }
    }
    child.start_kill().or_else(|error| match error.kind() {
        io::ErrorKind::InvalidInput => Ok(()),
        _ => Err(error),
    })?;
    child.wait().await
}

fn cause_of_death(status: ExitStatus, output: &str, budget: &Budget, error: &io::Error) -> CompileError {
    const SIGABRT: i32 = 6;
    const SIGKILL: i32 = 9;
    const SIGXCPU: i32 = 24;
    match status.signal() {
        Some(SIGXCPU) => CompileError::CompileTimeout {
            limit: format!("{} s of CPU time", budget.cpu_s),
        },
        // Rust's allocator says so before it aborts; SIGKILL that this host did not send is the kernel's, out of memory.
        Some(SIGABRT) if output.contains("memory allocation of") => CompileError::CompileMemory {
            limit_bytes: budget.memory_bytes,
        },
        Some(SIGKILL) => CompileError::CompileMemory {
            limit_bytes: budget.memory_bytes,
        },
        Some(signal) => CompileError::Crashed {
            how: format!("signal {signal}"),
            output: last_lines(output),
        },
        None => {
            let how = match status.code() {
                Some(0) | None => error.to_string(),
                Some(code) => format!("exit code {code}"),
            };
            CompileError::Crashed {
                how,
                output: last_lines(output),
            }
        }
    }
}

fn last_lines(output: &str) -> String {
    let mut lines: Vec<&str> = output
        .lines()
        .rev()
        .filter(|line| !line.trim().is_empty())
        .take(3)
        .collect();
    lines.reverse();
    lines.join("; ").chars().take(500).collect()
}

fn broken(what: &str, error: &io::Error) -> CompileError {
    CompileError::Child {
        message: format!("it {what}: {error}"),
    }
}
