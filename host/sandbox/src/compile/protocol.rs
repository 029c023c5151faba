//! What host and compile child say to each other: frames of a length and that many bytes, over one socket.
//!
//! Host to child: the [`Job`] as JSON, the component. Child to host: the [`Reply`] as JSON, the machine code (empty unless
//! the reply is [`Reply::Compiled`]).

use std::io::{self, Read, Write};

use serde::{Deserialize, Serialize};

use super::budget::Budget;
use crate::bindings::ExportNames;
use crate::description::{ParameterProblem, RawDescription};
use crate::engine::CodeSettings;
use crate::failure::CallFailure;
use crate::limits::Limits;

/// Longest [`Job`] or [`Reply`], in bytes.
pub(super) const HEADER_BYTES_MAX: u64 = 8 << 20;
/// Longest component that a child reads, in bytes; the inspection's bound is lower.
pub(super) const COMPONENT_BYTES_MAX: u64 = 256 << 20;
/// Most machine code that a host takes back, in bytes.
pub(super) const CODE_BYTES_MAX: u64 = 512 << 20;

/// What a child is to do.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Job {
    /// What the child may use.
    pub(crate) budget: Budget,
    /// What the machine code is made for.
    pub(crate) code: CodeSettings,
    /// What the policy may use.
    pub(crate) limits: Limits,
    /// Where its functions are.
    pub(crate) exports: ExportNames,
    /// What `configure` is called with: one JSON object.
    pub(crate) parameters: String,
}

/// What came of it.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Reply {
    /// The policy is ready; its machine code follows.
    Compiled(Compiled),
    /// It is not.
    Refused(Refusal),
}

/// What is known of a compiled policy, beside its code.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Compiled {
    /// What it says of itself. Not yet checked.
    pub(crate) description: RawDescription,
    /// Whether it starts configured.
    pub(crate) preinitialised: Preinitialised,
}

/// Whether a policy starts configured.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Preinitialised {
    /// Yes: `configure` ran once, and every decision starts from the memory it left.
    Yes,
    /// No: `configure` runs before each decision, which costs time and works all the same.
    No {
        /// What the component has that a snapshot cannot keep.
        reason: String,
    },
}

/// Why there is no machine code.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) enum Refusal {
    /// wasmtime does not take the component, or it is larger than a slot of the pool.
    Invalid { message: String },
    /// An export has another type than the contract says.
    WrongType { export: String, message: String },
    /// `describe` failed.
    Describe(CallFailure),
    /// `configure` failed.
    Configure(CallFailure),
    /// `configure` does not take the parameters.
    Problems(Vec<ParameterProblem>),
    /// The child's memory limit was hit in a way that it could still tell.
    OutOfMemory,
}

pub(super) fn write_frame(to: &mut impl Write, bytes: &[u8]) -> io::Result<()> {
    to.write_all(&(bytes.len() as u64).to_le_bytes())?;
    to.write_all(bytes)
}

pub(super) fn read_frame(from: &mut impl Read, bytes_max: u64) -> io::Result<Vec<u8>> {
    let mut length = [0; 8];
    from.read_exact(&mut length)?;
    let length = checked_length(length, bytes_max)?;
    let mut bytes = Vec::new();
    from.take(length).read_to_end(&mut bytes)?;
    if (bytes.len() as u64) < length {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(bytes)
}

/// The length that a frame states, within its bound.
pub(super) fn checked_length(stated: [u8; 8], bytes_max: u64) -> io::Result<u64> {
    let length = u64::from_le_bytes(stated);
    if length > bytes_max {
        return Err(io::Error::new(
            io::ErrorKind::InvalidData,
            format!("expected a frame of at most {bytes_max} bytes, found {length}"),
        ));
    }
    Ok(length)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_that_claims_too_much_or_ends_early_is_refused() {
        let mut frame = Vec::new();
        write_frame(&mut frame, b"hello").unwrap();
        assert_eq!(read_frame(&mut frame.as_slice(), 5).unwrap(), b"hello");
        assert_eq!(
            read_frame(&mut frame.as_slice(), 4).unwrap_err().kind(),
            io::ErrorKind::InvalidData
        );
        let cut = frame.get(..10).unwrap();
        assert_eq!(
            read_frame(&mut &*cut, 5).unwrap_err().kind(),
            io::ErrorKind::UnexpectedEof
        );
    }
}
