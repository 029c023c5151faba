//! The rules for principals and tokens: who may be put and removed, and that somebody can always be let in.

mod expiry;
mod first;
mod hand_out;

use signalbox_domain::events::{Entry, Event, HOST_ACTOR};
use signalbox_domain::identity::{Directory, GrantedScopes, Permission, Principal, TokenRecord};

use super::change::By;
use super::choice::World;
use super::error::ControlError;
use super::plan::Plan;

pub(in crate::control) use expiry::AdminExpiry;
pub use hand_out::{HandedOut, Lifetime};

/// The most principals.
const PRINCIPALS_MAX: usize = 1_000;
/// The most tokens, of all principals together.
const TOKENS_MAX: usize = 10_000;

/// A change of who may do what, as the writer receives it.
#[derive(Clone, Debug)]
pub(super) enum IdentityChange {
    Put(Principal),
    Remove(String),
    Create(TokenRecord),
    Revoke(String),
    /// Makes sure that an admin has a valid token: the one that is brought, if there is none or if it is `always` wanted.
    EnsureAdmin {
        token: TokenRecord,
        always: bool,
    },
    /// Removes everybody whom `serve --dev` made.
    EndDev,
}

/// The events that `change` means.
///
/// # Errors
/// [`ControlError`]: why it is refused.
pub(super) fn plan(world: &World<'_>, change: &IdentityChange, by: &By) -> Result<Plan, ControlError> {
    match change {
        IdentityChange::Put(principal) => put(world, principal, by),
        IdentityChange::Remove(name) => {
            known(world, name)?;
            let event = Event::PrincipalRemoved { name: name.clone() };
            stopping(world, by.entry(world.now, event), name)
        }
        IdentityChange::Create(token) => {
            known(world, &token.principal)?;
            let tokens = world.state.identity.tokens().values();
            // Those that expired are dropped with the next one.
            let kept = tokens.filter(|token| token.expires_at > world.now).count();
            bounded("tokens", kept, TOKENS_MAX)?;
            let token = token.clone();
            Ok(Plan::adding(vec![
                by.entry(world.now, Event::TokenCreated { token }),
            ]))
        }
        IdentityChange::Revoke(token_id) => {
            let token = world.state.identity.tokens().get(token_id);
            let token = token.ok_or_else(|| ControlError::UnknownToken(shown(token_id)))?;
            if token.revoked {
                return Ok(Plan::NOTHING);
            }
            let token_id = token_id.clone();
            let entry = by.entry(world.now, Event::TokenRevoked { token_id });
            stopping(world, entry, &token.principal)
        }
        IdentityChange::EnsureAdmin { token, always } => Ok(first::ensure_admin(world, token, *always, by)),
        IdentityChange::EndDev => Ok(first::end_dev(world, by)),
    }
}

fn put(world: &World<'_>, principal: &Principal, by: &By) -> Result<Plan, ControlError> {
    principal.check().map_err(|problem| ControlError::BadPrincipal {
        field: problem.field,
        message: format!("expected {}, found {}", problem.expected, problem.found),
    })?;
    if first::is_dev(&principal.name) && by.actor != HOST_ACTOR {
        return Err(ControlError::BadPrincipal {
            field: "name".to_owned(),
            message: format!(
                "expected another name: `{}` is for `signalbox serve --dev`",
                principal.name
            ),
        });
    }
    for grant in &principal.grants {
        if let GrantedScopes::Only(scopes) = &grant.scopes {
            scopes.iter().try_for_each(|scope| world.scope(scope).map(drop))?;
        }
    }
    let directory = &world.state.identity;
    match directory.principals().get(&principal.name) {
        Some(same) if same == principal => return Ok(Plan::NOTHING),
        Some(_) => {}
        None => bounded("principals", directory.principals().len(), PRINCIPALS_MAX)?,
    }
    let event = Event::PrincipalPut {
        principal: principal.clone(),
    };
    let entry = by.entry(world.now, event);
    somebody_is_left(world, &entry, &principal.name)?;
    Ok(Plan::adding(vec![entry]))
}

/// What takes a right away does not wait for the ledger.
fn stopping(world: &World<'_>, entry: Entry, principal: &str) -> Result<Plan, ControlError> {
    somebody_is_left(world, &entry, principal)?;
    Ok(Plan::stopping(entry))
}

/// # Errors
/// [`ControlError::LastAdmin`] when nobody could be let in any more after `entry`.
fn somebody_is_left(world: &World<'_>, entry: &Entry, principal: &str) -> Result<(), ControlError> {
    let is_open = |directory: &Directory| directory.admins(world.now).next().is_some();
    // Before there is an admin nobody can be locked out.
    if !is_open(&world.state.identity) {
        return Ok(());
    }
    let mut after = world.state.clone();
    let applied = after.apply(entry);
    applied.map_err(|source| ControlError::Contradiction { source })?;
    if is_open(&after.identity) {
        return Ok(());
    }
    Err(ControlError::LastAdmin(principal.to_owned()))
}

fn known<'a>(world: &World<'a>, name: &str) -> Result<&'a Principal, ControlError> {
    let found = world.state.identity.principals().get(name);
    found.ok_or_else(|| ControlError::UnknownPrincipal(shown(name)))
}

fn bounded(what: &'static str, found: usize, limit: usize) -> Result<(), ControlError> {
    if found >= limit {
        return Err(ControlError::TooManyIdentities { what, limit });
    }
    Ok(())
}

/// So much of a text as an error repeats.
fn shown(text: &str) -> String {
    text.chars().take(Principal::MAX_NAME).collect()
}

/// Whether the principal is an admin of the whole host.
fn is_admin(principal: &Principal) -> bool {
    principal.may(Permission::ManageIdentity, None).is_ok()
}

#[cfg(test)]
mod tests;
