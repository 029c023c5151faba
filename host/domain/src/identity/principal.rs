//! Principals and what they are granted.

use std::collections::BTreeSet;
use std::fmt;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Function, Permission, Role};
use crate::events::HOST_ACTOR;
use crate::names::is_kebab_name;

/// The scopes that a grant is for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum GrantedScopes {
    /// Every scope, and the host as a whole.
    All,
    /// These scopes.
    Only(BTreeSet<String>),
}

impl GrantedScopes {
    /// Whether the grant is for this scope; for the host as a whole when it is `None`.
    pub fn cover(&self, scope: Option<&str>) -> bool {
        match self {
            GrantedScopes::All => true,
            GrantedScopes::Only(scopes) => scope.is_some_and(|scope| scopes.contains(scope)),
        }
    }
}

impl fmt::Display for GrantedScopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            GrantedScopes::All => f.write_str("every scope"),
            GrantedScopes::Only(scopes) => {
                let names: Vec<String> = scopes.iter().map(|name| format!("`{name}`")).collect();
                f.write_str(&names.join(", "))
            }
        }
    }
}

/// One role of a principal, and where.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Grant {
    /// The role.
    pub role: Role,
    /// What an approver speaks for; empty for every other role.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub functions: BTreeSet<Function>,
    /// Where.
    pub scopes: GrantedScopes,
}

/// A person or a system that the host knows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Principal {
    /// The name: 1 to 100 letters, digits and `. _ - @`.
    pub name: String,
    /// What they may do.
    pub grants: Vec<Grant>,
}

/// A principal that cannot be put.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{field}: expected {expected}, found {found}")]
pub struct PrincipalProblem {
    /// The field.
    pub field: String,
    /// What was expected.
    pub expected: String,
    /// What was found.
    pub found: String,
}

/// Somebody may not do something.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{principal} may not {permission}{}: {why}", where_(.scope))]
pub struct Denied {
    /// Who.
    pub principal: String,
    /// What.
    pub permission: Permission,
    /// Where; absent for the host as a whole.
    pub scope: Option<String>,
    /// Which role it would take, or what else stands in the way.
    pub why: String,
}

fn where_(scope: &Option<String>) -> String {
    scope
        .as_ref()
        .map_or_else(String::new, |scope| format!(" in scope `{scope}`"))
}

impl Principal {
    /// The longest name.
    pub const MAX_NAME: usize = 100;
    /// The most grants.
    pub const MAX_GRANTS: usize = 50;
    /// The most scopes that one grant names.
    pub const MAX_SCOPES: usize = 200;

    /// Checks what somebody wrote. Whether the scopes exist is for whoever knows them.
    ///
    /// # Errors
    /// [`PrincipalProblem`] for the first field that cannot be.
    pub fn check(&self) -> Result<(), PrincipalProblem> {
        let problem = |field: String, expected: &str, found: String| {
            Err(PrincipalProblem {
                field,
                expected: expected.to_owned(),
                found,
            })
        };
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-' | b'@');
        let shown = || format!("{:?}", self.name.chars().take(120).collect::<String>());
        if !(1..=Principal::MAX_NAME).contains(&self.name.len()) || !self.name.bytes().all(plain) {
            let expected = "1 to 100 characters of A-Z a-z 0-9 . _ - @";
            return problem("name".to_owned(), expected, shown());
        }
        if self.name.eq_ignore_ascii_case(HOST_ACTOR) {
            let expected = "another name: this one stands for what the host does by itself";
            return problem("name".to_owned(), expected, shown());
        }
        if self.grants.len() > Principal::MAX_GRANTS {
            return problem("grants".to_owned(), "at most 50", self.grants.len().to_string());
        }
        for (place, grant) in self.grants.iter().enumerate() {
            match (grant.role, grant.functions.is_empty()) {
                (Role::Approver, true) => {
                    let expected =
                        "what the approver speaks for: operations, finance, compliance or security";
                    return problem(
                        format!("grants[{place}].functions"),
                        expected,
                        "nothing".to_owned(),
                    );
                }
                (Role::Approver, false) | (_, true) => {}
                (role, false) => {
                    let expected = "functions with the role approver only";
                    return problem(
                        format!("grants[{place}].functions"),
                        expected,
                        format!("some with {role}"),
                    );
                }
            }
            let GrantedScopes::Only(scopes) = &grant.scopes else {
                continue;
            };
            let field = format!("grants[{place}].scopes");
            if !(1..=Principal::MAX_SCOPES).contains(&scopes.len()) {
                return problem(
                    field,
                    "`all`, or 1 to 200 names of scopes",
                    scopes.len().to_string(),
                );
            }
            if let Some(scope) = scopes.iter().find(|scope| !is_kebab_name(scope)) {
                let found = format!("{:?}", scope.chars().take(80).collect::<String>());
                return problem(field, "names of scopes", found);
            }
        }
        Ok(())
    }

    /// Whether this principal may do that in `scope`; for the host as a whole when it is `None`, which takes a grant for
    /// every scope.
    ///
    /// # Errors
    /// [`Denied`], whose sentence says which role it takes.
    pub fn may(&self, permission: Permission, scope: Option<&str>) -> Result<(), Denied> {
        let roles = permission.roles();
        let fits = |grant: &Grant| roles.contains(&grant.role) && grant.scopes.cover(scope);
        if self.grants.iter().any(fits) {
            return Ok(());
        }
        let place = match scope {
            Some(_) => "there",
            None => "in every scope",
        };
        Err(self.lacking(permission, scope, place))
    }

    /// Whether this principal may do that in at least one scope: enough to be let to where the scope is not known yet, or
    /// where only what may be seen is shown.
    ///
    /// # Errors
    /// [`Denied`], whose sentence says which role it takes.
    pub fn may_somewhere(&self, permission: Permission) -> Result<(), Denied> {
        if self
            .grants
            .iter()
            .any(|grant| permission.roles().contains(&grant.role))
        {
            return Ok(());
        }
        Err(self.lacking(permission, None, "in some scope"))
    }

    fn lacking(&self, permission: Permission, scope: Option<&str>, place: &str) -> Denied {
        let roles: Vec<&str> = permission.roles().iter().map(|role| role.as_str()).collect();
        let has: Vec<String> = self
            .grants
            .iter()
            .map(|grant| format!("{} in {}", grant.role, grant.scopes))
            .collect();
        let has = if has.is_empty() {
            "no role".to_owned()
        } else {
            has.join("; ")
        };
        let needed = match roles.as_slice() {
            [only] => format!("the role {only}"),
            several => format!("one of the roles {}", several.join(", ")),
        };
        self.denied(
            permission,
            scope,
            format!("that takes {needed} {place}, {} has {has}", self.name),
        )
    }

    /// The functions that this principal speaks for in `scope`.
    pub fn functions_in(&self, scope: &str) -> BTreeSet<Function> {
        let there = |grant: &&Grant| grant.role == Role::Approver && grant.scopes.cover(Some(scope));
        let grants = self.grants.iter().filter(there);
        grants.flat_map(|grant| grant.functions.iter().copied()).collect()
    }

    /// Whether this principal may approve, for `function`, a release in `scope` that `author` wrote: nobody approves
    /// their own, whatever their roles are.
    ///
    /// # Errors
    /// [`Denied`].
    pub fn may_approve(&self, scope: &str, author: &str, function: Function) -> Result<(), Denied> {
        let denied = |why| self.denied(Permission::Approve, Some(scope), why);
        self.may(Permission::Approve, Some(scope))?;
        // Names that differ in case only are one person's, as in most directories.
        if self.name.eq_ignore_ascii_case(author) {
            return Err(denied(
                "an author never approves; that takes somebody else".to_owned(),
            ));
        }
        let functions = self.functions_in(scope);
        if functions.contains(&function) {
            return Ok(());
        }
        let names: Vec<&str> = functions.iter().map(|function| function.as_str()).collect();
        Err(denied(format!(
            "that takes an approver for {function}, {} speaks for {} there",
            self.name,
            names.join(", ")
        )))
    }

    fn denied(&self, permission: Permission, scope: Option<&str>, why: String) -> Denied {
        Denied {
            principal: self.name.clone(),
            permission,
            scope: scope.map(str::to_owned),
            why,
        }
    }
}

#[cfg(test)]
mod tests;
