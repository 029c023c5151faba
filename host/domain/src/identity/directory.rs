//! Everybody whom the host knows, as the ledger's events left it.

use std::collections::BTreeMap;

use super::{AccessCause, BearerToken, Permission, Principal, PrincipalProblem, Refusals, TokenRecord};
use crate::time::Timestamp;

/// An identity event that contradicts those before it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IdentityError {
    /// A principal that cannot be.
    #[error("principal {name:?} cannot be put")]
    Principal {
        /// The name.
        name: String,
        /// What is wrong with it.
        source: PrincipalProblem,
    },
    /// A principal that is not known.
    #[error("principal `{0}` is not known")]
    UnknownPrincipal(String),
    /// A token that is not known.
    #[error("token `{0}` is not known")]
    UnknownToken(String),
    /// A second token of one id.
    #[error("token `{0}` exists already")]
    TokenExists(String),
    /// A token whose id could not be shown as a part of it.
    #[error("token id {0:?} is none")]
    TokenId(String),
    /// A token that is revoked, or over, before it begins.
    #[error("token `{0}` could never be used")]
    UselessToken(String),
}

/// Everybody whom the host knows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Directory {
    principals: BTreeMap<String, Principal>,
    tokens: BTreeMap<String, TokenRecord>,
    refused: BTreeMap<AccessCause, u64>,
}

impl Directory {
    /// Every principal by name.
    pub const fn principals(&self) -> &BTreeMap<String, Principal> {
        &self.principals
    }

    /// Every token by id; those that expired are dropped when the next one is made.
    pub const fn tokens(&self) -> &BTreeMap<String, TokenRecord> {
        &self.tokens
    }

    /// How many attempts were refused by cause, ever.
    pub const fn refused(&self) -> &BTreeMap<AccessCause, u64> {
        &self.refused
    }

    /// The token and whom it stands for.
    pub fn holder(&self, token_id: &str) -> Option<(&TokenRecord, &Principal)> {
        let token = self.tokens.get(token_id)?;
        Some((token, self.principals.get(&token.principal)?))
    }

    /// Those who can manage identities and have a token that is valid at `now`: when the last one goes, nobody can be let
    /// in any more.
    pub fn admins(&self, now: Timestamp) -> impl Iterator<Item = &Principal> {
        self.principals.values().filter(move |principal| {
            principal.may(Permission::ManageIdentity, None).is_ok()
                && self
                    .tokens
                    .values()
                    .any(|token| token.principal == principal.name && token.is_valid(now))
        })
    }

    /// The first instant at which no token of anybody who can manage identities is valid any more, as things stand at `now`;
    /// none when there is none now.
    pub fn admins_end(&self, now: Timestamp) -> Option<Timestamp> {
        let admins: Vec<&str> = self.admins(now).map(|admin| admin.name.as_str()).collect();
        let theirs = self.tokens.values().filter(|token| token.is_valid(now));
        let theirs = theirs.filter(|token| admins.contains(&token.principal.as_str()));
        theirs.map(|token| token.expires_at).max()
    }

    pub(crate) fn put(&mut self, principal: &Principal) -> Result<(), IdentityError> {
        principal.check().map_err(|source| IdentityError::Principal {
            name: principal.name.clone(),
            source,
        })?;
        self.principals.insert(principal.name.clone(), principal.clone());
        Ok(())
    }

    pub(crate) fn remove(&mut self, name: &str) -> Result<(), IdentityError> {
        self.principals
            .remove(name)
            .ok_or_else(|| IdentityError::UnknownPrincipal(name.to_owned()))?;
        // Whoever gets the same name later must not be let in by these.
        let theirs = self.tokens.values_mut().filter(|token| token.principal == name);
        theirs.for_each(|token| token.revoked = true);
        Ok(())
    }

    pub(crate) fn create(&mut self, token: &TokenRecord, at: Timestamp) -> Result<(), IdentityError> {
        if !BearerToken::is_id(&token.token_id) {
            return Err(IdentityError::TokenId(token.token_id.chars().take(80).collect()));
        }
        if !self.principals.contains_key(&token.principal) {
            return Err(IdentityError::UnknownPrincipal(token.principal.clone()));
        }
        if self.tokens.contains_key(&token.token_id) {
            return Err(IdentityError::TokenExists(token.token_id.clone()));
        }
        if !token.is_valid(at) {
            return Err(IdentityError::UselessToken(token.token_id.clone()));
        }
        // By the entry's own time, not a clock's, so that every fold drops the same.
        self.tokens.retain(|_, known| known.expires_at > at);
        self.tokens.insert(token.token_id.clone(), token.clone());
        Ok(())
    }

    pub(crate) fn revoke(&mut self, token_id: &str) -> Result<(), IdentityError> {
        let token = self
            .tokens
            .get_mut(token_id)
            .ok_or_else(|| IdentityError::UnknownToken(token_id.to_owned()))?;
        token.revoked = true;
        Ok(())
    }

    pub(crate) fn count(&mut self, refusals: &Refusals) {
        let count = self.refused.entry(refusals.cause).or_default();
        *count = count.saturating_add(refusals.count);
    }
}

#[cfg(test)]
mod tests;
