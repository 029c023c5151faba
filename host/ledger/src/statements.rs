//! Signing what approvers say, and checking it: DSSE envelopes (Dead Simple Signing Envelope 1.0,
//! <https://github.com/secure-systems-lab/dsse>) around in-toto statements, with Ed25519 keys.

mod check;
mod dsse;
mod own_key;
mod sealed_file;

pub use check::{BadApproval, Checked, Found, check_export, check_journal};
pub use dsse::{StatementError, pre_authentication_encoding, read, sign, verify};
pub use own_key::{new_key, read_key};
pub use sealed_file::{SealError, check_seal, seal, sealed_by};
