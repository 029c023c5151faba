//! Compiles and preinitialises policies in child processes, because nothing can stop a compiler from within and a hostile
//! component can keep it busy for minutes, take gigabytes or crash it.

mod budget;
mod child;
mod protocol;
mod spawn;
mod steps;

use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::Arc;

use tokio::sync::Semaphore;

pub use budget::Budget;
pub use child::{CHILD_MARK, compile_child_main, is_compile_child};
pub use protocol::Preinitialised;
pub(crate) use protocol::{Compiled, Job};
use protocol::{Refusal, Reply};

use crate::description::ParameterProblem;
use crate::failure::CallFailure;

/// How compile children are started, and what they may use.
#[derive(Clone, Debug)]
pub struct CompileConfig {
    /// The program: this same binary, unless a test says otherwise.
    pub program: PathBuf,
    /// Its arguments: the hidden subcommand that calls [`compile_child_main`].
    pub arguments: Vec<OsString>,
    /// Children at one time.
    pub at_once: usize,
    /// What each may use.
    pub budget: Budget,
}

/// A policy could not be compiled or does not take its parameters.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CompileError {
    /// The component took too long to compile.
    #[error(
        "compiling took more than {limit}: the component is too large or made to be slow; reduce it, or raise the host's compile limits"
    )]
    CompileTimeout {
        /// Which time, and how much.
        limit: String,
    },
    /// The component took too much memory to compile.
    #[error(
        "compiling took more than {limit_bytes} bytes of memory: the component is too large; reduce it, or raise the host's compile limits"
    )]
    CompileMemory {
        /// The most, in bytes.
        limit_bytes: u64,
    },
    /// The compiler crashed on it.
    #[error("the compiler crashed on this component ({how}): {output}")]
    Crashed {
        /// The signal or exit code.
        how: String,
        /// The last it said.
        output: String,
    },
    /// wasmtime does not take the component.
    #[error("the component cannot be run here: {message}")]
    Invalid {
        /// Why.
        message: String,
    },
    /// An export has another type than the contract says.
    #[error("{export} is not what the contract says: {message}; build it with the SDK of contract 1.0")]
    WrongType {
        /// The export.
        export: String,
        /// The difference.
        message: String,
    },
    /// `describe` failed.
    #[error("`describe` failed")]
    Describe(#[source] CallFailure),
    /// `configure` failed.
    #[error("`configure` failed on these parameters")]
    Configure(#[source] CallFailure),
    /// `configure` does not take the parameters.
    #[error("the plugin does not take these parameters: {}", problems(.0))]
    ConfigureProblems(Vec<ParameterProblem>),
    /// The child could not be started or talked to.
    #[error("the compile child cannot be used: {message}")]
    Child {
        /// What failed.
        message: String,
    },
}

fn problems(problems: &[ParameterProblem]) -> String {
    problems
        .iter()
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join("; ")
}

impl CompileError {
    fn refused(refusal: Refusal, budget: &Budget) -> CompileError {
        match refusal {
            Refusal::Invalid { message } => CompileError::Invalid { message },
            Refusal::WrongType { export, message } => CompileError::WrongType { export, message },
            Refusal::Describe(failure) => CompileError::Describe(failure),
            Refusal::Configure(failure) => CompileError::Configure(failure),
            Refusal::Problems(problems) => CompileError::ConfigureProblems(problems),
            Refusal::OutOfMemory => CompileError::CompileMemory {
                limit_bytes: budget.memory_bytes,
            },
        }
    }
}

/// Starts compile children, a bounded number at once.
pub(crate) struct Compiler {
    config: CompileConfig,
    places: Semaphore,
}

impl Compiler {
    pub(crate) fn new(config: CompileConfig) -> Compiler {
        let places = Semaphore::new(config.at_once.clamp(1, 64));
        Compiler { config, places }
    }

    pub(crate) fn budget(&self) -> Budget {
        self.config.budget
    }

    /// Does a job in a child and returns what it made, with the machine code. Waits for a place first; dropping the
    /// future ends the child.
    pub(crate) async fn compile(
        &self,
        job: &Job,
        component: &Arc<[u8]>,
    ) -> Result<(Compiled, Vec<u8>), CompileError> {
        let _place = self.places.acquire().await.map_err(|error| CompileError::Child {
            message: error.to_string(),
        })?;
        let (reply, code) = spawn::run(&self.config, job, component).await?;
        match reply {
            Reply::Compiled(compiled) => Ok((compiled, code)),
            Reply::Refused(refusal) => Err(CompileError::refused(refusal, &job.budget)),
        }
    }
}
