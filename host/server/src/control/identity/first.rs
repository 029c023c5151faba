//! Who is there before anybody is: the first admin, and those of `serve --dev`.

use std::collections::BTreeSet;

use signalbox_domain::events::Event;
use signalbox_domain::identity::{Function, Grant, GrantedScopes, Principal, Role, TokenRecord};

use super::super::change::By;
use super::super::choice::World;
use super::super::plan::Plan;
use super::is_admin;

/// The name of the first admin.
pub(super) const ADMIN: &str = "admin";

/// What the names of `serve --dev` begin with.
const DEV: &str = "dev-";

/// A principal of one role everywhere; an approver speaks for every function.
pub(super) fn everywhere(name: String, role: Role) -> Principal {
    let functions = match role {
        Role::Approver => Function::ALL.into_iter().collect(),
        Role::Author | Role::Operator | Role::Auditor | Role::Service | Role::Admin => BTreeSet::new(),
    };
    Principal {
        name,
        grants: vec![Grant {
            role,
            functions,
            scopes: GrantedScopes::All,
        }],
    }
}

/// Whom `serve --dev` makes for a role.
pub(super) fn dev(role: Role) -> Principal {
    everywhere(format!("{DEV}{role}"), role)
}

/// Whether only `serve --dev` makes principals of this name.
pub(super) fn is_dev(name: &str) -> bool {
    let role = name.strip_prefix(DEV);
    role.is_some_and(|role| Role::ALL.iter().any(|known| known.as_str() == role))
}

/// Without an admin who has a valid token nobody can be let in: the host then makes one.
pub(super) fn ensure_admin(world: &World<'_>, token: &TokenRecord, always: bool, by: &By) -> Plan {
    let directory = &world.state.identity;
    if !always && directory.admins(world.now).next().is_some() {
        return Plan::NOTHING;
    }
    let mut events = Vec::new();
    if !directory.principals().get(ADMIN).is_some_and(is_admin) {
        events.push(Event::PrincipalPut {
            principal: everywhere(ADMIN.to_owned(), Role::Admin),
        });
    }
    events.push(Event::TokenCreated { token: token.clone() });
    let entries = events.into_iter().map(|event| by.entry(world.now, event));
    Plan::adding(entries.collect())
}

/// Tokens that lay about on a developer's screen must not open a host that others can reach.
pub(super) fn end_dev(world: &World<'_>, by: &By) -> Plan {
    let names = world
        .state
        .identity
        .principals()
        .keys()
        .filter(|name| is_dev(name));
    let removed = names.map(|name| by.entry(world.now, Event::PrincipalRemoved { name: name.clone() }));
    Plan {
        entries: removed.collect(),
        stop: true,
        ..Plan::NOTHING
    }
}
