//! Runs policies as sandboxed WebAssembly components: the only user of wasmtime.
//!
//! A component is **inspected** before anything of it is compiled, **compiled and configured** in a limited child process,
//! kept in an authenticated **cache**, and then **decides**: for every request a fresh instance under limits on work, time,
//! memory and output, in a few microseconds. What a policy gets is the request's tables and nothing else; what it
//! returns is checked cell by cell. Whether the decision is a lawful one is for the domain to say.
//!
//! ```text
//! Sandbox::prepare -> inspect -> cache | compile child -> Policy::decide -> Decided
//! ```
#![deny(missing_docs)]

mod bindings;
pub mod cache;
pub mod compile;
pub mod description;
pub mod engine;
pub mod failure;
mod input;
pub mod inspect;
mod invoke;
pub mod limits;
mod numbers;
mod policy;
pub mod reasons;
mod sandbox;
mod store;
mod trusted;

pub use bindings::v1_0::{BadOutput, GuestCase};
pub use compile::{Preinitialised, compile_child_main, is_compile_child};
pub use description::Description;
pub use failure::CallFailure;
pub use input::{AllocationInput, Input, ReturnsInput, RoutingInput};
pub use inspect::{InspectError, Inspection};
pub use invoke::{CallContext, Decided, InvokeError, Priority};
pub use limits::Limits;
pub use numbers::WordCollision;
pub use policy::Policy;
pub use sandbox::{
    LoadWhen, PARAMETERS_BYTES_MAX, PrepareError, PrepareRequest, Prepared, Sandbox, SandboxConfig,
    SandboxError,
};
