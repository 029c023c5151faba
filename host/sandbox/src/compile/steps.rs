//! What a compile child does: describe, configure, snapshot, compile.

use std::panic::{AssertUnwindSafe, catch_unwind};

use tokio::runtime::Runtime;
use wasmtime::component::{Component, Instance, Linker};
use wasmtime::{Engine, Store};
use wasmtime_wizer::{ComponentContext, WasmtimeWizerComponent, Wizer};

use super::protocol::{Compiled, Job, Preinitialised, Refusal, Reply};
use crate::bindings::v1_0::{Exports, WrongType};
use crate::description::{ParameterProblem, RawDescription};
use crate::engine::{self, Effort, Shape};
use crate::failure::{Allowed, CallFailure, chain};
use crate::limits::{Limits, MEMORY_BYTES_MAX};
use crate::store::{self, Guest, Patience};

/// What the host copies out of `describe` and `configure`, in bytes.
const TALK_BYTES_MAX: usize = 1 << 20;
/// Problems of `configure` that are passed on.
const PROBLEMS_MAX: usize = 100;

/// Does a job; the second part is the machine code.
pub(super) fn run(job: &Job, component: &[u8]) -> (Reply, Vec<u8>) {
    match attempt(job, component) {
        Ok((compiled, code)) => (Reply::Compiled(compiled), code),
        Err(refusal) => (Reply::Refused(refusal), Vec::new()),
    }
}

fn attempt(job: &Job, component: &[u8]) -> Result<(Compiled, Vec<u8>), Refusal> {
    let child = Child::new(job)?;
    let (description, preinitialised, ready) = match child.snapshot(component)? {
        Snapshot::Taken {
            description,
            component,
        } => (description, Preinitialised::Yes, component),
        Snapshot::Resisted { reason } => {
            let description = child.rehearse(component)?;
            (description, Preinitialised::No { reason }, component.to_vec())
        }
    };
    let compiled = child.compile(&child.strict, &ready)?;
    // The code that decides says the same of itself as the code that was configured, and has the contract's types.
    let again = child.describe(&child.strict, &compiled)?;
    if again != description {
        return Err(Refusal::Invalid {
            message: "`describe` returns another description when it is asked again".to_owned(),
        });
    }
    let code = compiled.serialize().map_err(invalid)?;
    Ok((
        Compiled {
            description,
            preinitialised,
        },
        code,
    ))
}

enum Snapshot {
    Taken {
        description: RawDescription,
        component: Vec<u8>,
    },
    Resisted {
        reason: String,
    },
}

struct Child<'a> {
    job: &'a Job,
    runtime: Runtime,
    /// Slots as the host has them: what does not fit there is refused here.
    strict: Engine,
    /// Slots with room for what instrumenting adds.
    roomy: Engine,
}

impl<'a> Child<'a> {
    fn new(job: &'a Job) -> Result<Child<'a>, Refusal> {
        let shape = Shape::of(job.code.kind);
        let build = |shape: Shape, effort| {
            engine::build(job.code, effort, shape.pool(2, 0, 2)).map_err(|error| Refusal::Invalid {
                message: error.to_string(),
            })
        };
        Ok(Child {
            job,
            runtime: tokio::runtime::Builder::new_current_thread()
                .build()
                .map_err(|error| Refusal::Invalid {
                    message: error.to_string(),
                })?,
            strict: build(shape, Effort::Full)?,
            roomy: build(shape.instrumented(), Effort::Least)?,
        })
    }

    /// Configures an instrumented copy of the component and makes a component that starts from the memory it left.
    fn snapshot(&self, component: &[u8]) -> Result<Snapshot, Refusal> {
        let mut wizer = Wizer::new();
        // With `false` it removes a function by a name that a component does not have.
        wizer.keep_init_func(true);
        let resisted = |reason: String| Ok(Snapshot::Resisted { reason });
        let (context, instrumented) = match quietly(|| wizer.instrument_component(component)) {
            Ok(instrumented) => instrumented,
            Err(reason) => return resisted(reason),
        };
        let instrumented = match Component::new(&self.roomy, &instrumented) {
            Ok(instrumented) => instrumented,
            Err(error) if is_out_of_memory(&error) => return Err(Refusal::OutOfMemory),
            Err(error) => return resisted(chain(&error)),
        };
        let description = self.describe(&self.roomy, &instrumented)?;
        let (mut store, instance) = self.configure(&self.roomy, &instrumented)?;
        match quietly(|| {
            self.runtime
                .block_on(take(&wizer, &context, &mut store, instance))
        }) {
            Ok(component) => Ok(Snapshot::Taken {
                description,
                component,
            }),
            Err(reason) => resisted(reason),
        }
    }

    /// Describes and configures the component as it is: for one that cannot be snapshotted.
    fn rehearse(&self, component: &[u8]) -> Result<RawDescription, Refusal> {
        let component = self.compile(&self.strict, component)?;
        let description = self.describe(&self.strict, &component)?;
        self.configure(&self.strict, &component)?;
        Ok(description)
    }

    fn compile(&self, engine: &Engine, component: &[u8]) -> Result<Component, Refusal> {
        Component::new(engine, component).map_err(invalid)
    }

    /// Checks the types of an instance's exports and asks it what it is.
    fn describe(&self, engine: &Engine, component: &Component) -> Result<RawDescription, Refusal> {
        let exports = Exports::find(component, &self.job.exports).map_err(wrong_type)?;
        let (mut store, instance) = self.instance(engine, component).map_err(Refusal::Describe)?;
        exports
            .check(&mut store, &instance, &self.job.exports)
            .map_err(wrong_type)?;
        self.runtime
            .block_on(exports.describe(&mut store, &instance))
            .map_err(|error| Refusal::Describe(self.failure(&error)))
    }

    /// A fresh instance that took the parameters.
    fn configure(&self, engine: &Engine, component: &Component) -> Result<(Store<Guest>, Instance), Refusal> {
        let exports = Exports::find(component, &self.job.exports).map_err(wrong_type)?;
        let (mut store, instance) = self.instance(engine, component).map_err(Refusal::Configure)?;
        let configured = self
            .runtime
            .block_on(exports.configure(&mut store, &instance, &self.job.parameters))
            .map_err(|error| Refusal::Configure(self.failure(&error)))?;
        match configured {
            Ok(()) => Ok((store, instance)),
            Err(problems) => Err(Refusal::Problems(bounded(problems))),
        }
    }

    fn instance(
        &self,
        engine: &Engine,
        component: &Component,
    ) -> Result<(Store<Guest>, Instance), CallFailure> {
        let limits = self.limits(engine);
        let mut store = store::open(engine, &limits, TALK_BYTES_MAX, Patience::Fuel);
        let linker = Linker::new(engine);
        store
            .set_fuel(limits.configure_fuel)
            .and_then(|()| {
                self.runtime
                    .block_on(linker.instantiate_async(&mut store, component))
            })
            .map(|instance| (store, instance))
            .map_err(|error| self.failure(&error))
    }

    /// The policy's own limits; an instrumented one also has the memory of the part that was added.
    fn limits(&self, engine: &Engine) -> Limits {
        let limits = self.job.limits;
        if Engine::same(engine, &self.roomy) {
            Limits {
                memory_bytes: limits.memory_bytes.saturating_add(1 << 20),
                ..limits
            }
        } else {
            limits
        }
    }

    fn failure(&self, error: &wasmtime::Error) -> CallFailure {
        CallFailure::of(
            error,
            Allowed {
                fuel: self.job.limits.configure_fuel,
                output_bytes: TALK_BYTES_MAX as u64,
            },
        )
    }
}

/// Reads the whole state of a configured instance; bounded by its memory, so the fuel left over is no measure.
async fn take(
    wizer: &Wizer,
    context: &ComponentContext<'_>,
    store: &mut Store<Guest>,
    instance: Instance,
) -> wasmtime::Result<Vec<u8>> {
    store.set_fuel(u64::MAX)?;
    store.set_hostcall_fuel((MEMORY_BYTES_MAX as usize).saturating_mul(2));
    wizer
        .snapshot_component(context, &mut WasmtimeWizerComponent { store, instance })
        .await
}

/// Runs a step of preinitialisation, which panics on some components. A panic is one more way to resist.
fn quietly<T>(step: impl FnOnce() -> wasmtime::Result<T>) -> Result<T, String> {
    match catch_unwind(AssertUnwindSafe(step)) {
        Ok(Ok(done)) => Ok(done),
        Ok(Err(error)) => Err(chain(&error)),
        Err(panic) => {
            let text = panic
                .downcast_ref::<String>()
                .map(String::as_str)
                .or(panic.downcast_ref::<&str>().copied());
            Err(text
                .unwrap_or("preinitialisation panicked")
                .chars()
                .take(300)
                .collect())
        }
    }
}

fn bounded(mut problems: Vec<ParameterProblem>) -> Vec<ParameterProblem> {
    problems.truncate(PROBLEMS_MAX);
    for problem in &mut problems {
        problem.path = problem.path.chars().take(200).collect();
        problem.message = problem.message.chars().take(500).collect();
    }
    problems
}

fn wrong_type(wrong: WrongType) -> Refusal {
    Refusal::WrongType {
        export: wrong.export,
        message: wrong.message,
    }
}

fn invalid(error: wasmtime::Error) -> Refusal {
    if is_out_of_memory(&error) {
        Refusal::OutOfMemory
    } else {
        Refusal::Invalid {
            message: chain(&error),
        }
    }
}

/// The memory limit shows as a failed `mmap` where it does not end the process.
fn is_out_of_memory(error: &wasmtime::Error) -> bool {
    error.chain().any(|cause| {
        cause
            .downcast_ref::<std::io::Error>()
            .is_some_and(|io| io.kind() == std::io::ErrorKind::OutOfMemory)
            || cause.to_string().contains("Cannot allocate memory")
    })
}
