//! Who may do what: principals, their roles and the tokens that they show. Nothing here makes a secret or knows the time.

mod role;

pub use role::{Function, Role};
