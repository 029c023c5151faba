//! Who may do what: principals, their roles and the tokens that they show. Nothing here makes a secret or knows the time.

mod directory;
mod permission;
mod principal;
mod refusals;
mod role;
mod token;

pub use directory::{Directory, IdentityError};
pub use permission::Permission;
pub use principal::{Denied, Grant, GrantedScopes, Principal, PrincipalProblem};
pub use refusals::{AccessCause, Refusals};
pub use role::{Function, Role};
pub use token::{BearerToken, NotAToken, TokenRecord, TokenRefusal};
