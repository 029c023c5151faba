//! The rules: which events a command about approvals means, or why it is refused.

use std::collections::BTreeSet;

use signalbox_domain::approvals::{
    Approval, ApprovalGiven, Delegation, Dissented, Envelope, EvidenceFrozen, Malformed, NotGiven, Register,
    RegisteredKey, SignedBy, key_id, may_give,
};
use signalbox_domain::events::{Event, HOST_ACTOR};
use signalbox_domain::identity::{Denied, Permission, Principal};
use signalbox_domain::release::{Phase, Release};
use signalbox_domain::{Digest, Timestamp};
use signalbox_ledger::{PublicKey, statements};

use super::{ApprovalRefused, Asked, Command, OfRelease, glass};
use crate::control::change::By;
use crate::control::choice::World;
use crate::control::error::ControlError;
use crate::control::plan::Plan;
use crate::control::releases::unknown;

/// How far apart an approver's clock and the host's may be, in milliseconds.
const CLOCKS_APART_MS: u64 = 10 * 60_000;

/// The events that the command means.
///
/// # Errors
/// [`ControlError`]: why it is refused.
pub(in crate::control) fn plan(world: &World<'_>, asked: &Asked) -> Result<Plan, ControlError> {
    let by = &asked.by;
    match &asked.command {
        Command::Freeze { of, evidence } => freeze(world, of, *evidence, by),
        Command::Approve {
            of,
            approval,
            envelope,
            host_key,
        } => approve(world, of, approval, envelope, host_key.as_deref(), by),
        Command::Dissent { of, conditions } => dissent(world, of, conditions, by),
        Command::Withdraw { of } => withdraw(world, of, by),
        Command::Delegate(delegation) => delegate(world, delegation, by),
        Command::RevokeDelegation(delegation_id) => revoke_delegation(world, delegation_id, by),
        Command::RegisterKey {
            principal,
            public_key,
        } => register_key(world, principal, public_key, by),
        Command::RevokeKey(key_id) => revoke_key(world, *key_id, by),
        Command::ProposeGlass { scope, to, hours } => glass::propose(world, scope, to.as_ref(), *hours, by),
        Command::ConfirmGlass { scope, glass_id, .. } => glass::confirm(world, scope, glass_id, by),
        Command::EndGlass { scope } => glass::end(world, scope, by),
        Command::ReviewGlass { scope, glass_id } => glass::review(world, scope, glass_id.as_deref(), by),
    }
}

fn release<'a>(world: &World<'a>, of: &OfRelease) -> Result<&'a Release, ControlError> {
    world.scope(&of.scope)?;
    let release = world.state.release(&of.scope, &of.version);
    release.ok_or_else(|| unknown(&of.scope, &of.version))
}

fn freeze(world: &World<'_>, of: &OfRelease, evidence: Digest, by: &By) -> Result<Plan, ControlError> {
    let release = release(world, of)?;
    if release.phase().is_final() || matches!(release.phase(), Phase::Active { .. }) {
        return Err(refused(NotGiven::Over {
            scope: of.scope.clone(),
            version: of.version.clone(),
            phase: release.phase().word(),
        }));
    }
    let cost_book = world.cost_book(&of.scope);
    let frozen = world.state.approvals.given(&of.scope, &of.version).frozen;
    if frozen.is_some_and(|frozen| (frozen.evidence, frozen.cost_book) == (evidence, cost_book)) {
        return Ok(Plan::NOTHING);
    }
    let event = Event::EvidenceFrozen(EvidenceFrozen {
        scope: of.scope.clone(),
        version: of.version.clone(),
        evidence,
        cost_book,
    });
    Ok(Plan::adding(vec![by.entry(world.now, event)]))
}

fn approve(
    world: &World<'_>,
    of: &OfRelease,
    approval: &Approval,
    envelope: &Envelope,
    host_key: Option<&str>,
    by: &By,
) -> Result<Plan, ControlError> {
    let release = release(world, of)?;
    if approval.approver != by.actor {
        return Err(says("approver", format!("`{}`", by.actor), &approval.approver));
    }
    let register = &world.state.approvals;
    let mut events = Vec::new();
    match host_key {
        None => signed_by_approver(register, approval, envelope, world.now)?,
        Some(public_key) => events.extend(host_key_event(register, public_key)),
    }
    may_give(approval, release, register, &world.state.identity, world.now).map_err(refused)?;
    let cost_book = world.cost_book(&of.scope);
    if approval.bound.cost_book != cost_book {
        return Err(refused(NotGiven::CostBook {
            frozen: approval.bound.cost_book,
            now: cost_book,
        }));
    }
    let mut entries: Vec<_> = events
        .into_iter()
        .map(|event| By::host("the key with which the host signs approvals").entry(world.now, event))
        .collect();
    let given = Event::ApprovalGiven(ApprovalGiven {
        approval_id: approval.id(),
        approval: approval.clone(),
        envelope: envelope.clone(),
    });
    entries.push(by.entry(world.now, given));
    Ok(Plan::adding(entries))
}

/// The host's key is registered with the first approval that it signs.
fn host_key_event(register: &Register, public_key: &str) -> Option<Event> {
    let known = key_id(public_key).is_some_and(|id| register.keys().contains_key(&id));
    (!known).then(|| Event::ApproverKeyRegistered {
        principal: HOST_ACTOR.to_owned(),
        public_key: public_key.to_owned(),
    })
}

fn signed_by_approver(
    register: &Register,
    approval: &Approval,
    envelope: &Envelope,
    now: Timestamp,
) -> Result<(), ControlError> {
    if approval.signed_by != SignedBy::ApproverKey {
        return Err(says("signed_by", "`approver_key`".to_owned(), "host"));
    }
    let (_, key_id) = statements::read(envelope).map_err(ApprovalRefused::Statement)?;
    let key = register.key_of(&approval.approver, key_id);
    let key = key.and_then(|key| PublicKey::parse(&key.public_key));
    let key = key.ok_or_else(|| ApprovalRefused::Key {
        key_id,
        principal: approval.approver.clone(),
    })?;
    statements::verify(envelope, &key).map_err(ApprovalRefused::Statement)?;
    if now.millis_since(approval.given_at).unsigned_abs() > CLOCKS_APART_MS {
        return Err(ApprovalRefused::Moment {
            given_at: approval.given_at,
            now,
        }
        .into());
    }
    Ok(())
}

fn dissent(world: &World<'_>, of: &OfRelease, conditions: &[String], by: &By) -> Result<Plan, ControlError> {
    let release = release(world, of)?;
    let principal = approver(world, &by.actor, &of.scope)?;
    check_conditions(conditions)?;
    if release.phase().is_final() {
        return Err(refused(NotGiven::Over {
            scope: of.scope.clone(),
            version: of.version.clone(),
            phase: release.phase().word(),
        }));
    }
    let given = world.state.approvals.given(&of.scope, &of.version);
    let limit = signalbox_domain::approvals::Given::MAX;
    if given.dissents.len() >= limit {
        return Err(refused(NotGiven::TooMany { limit }));
    }
    let event = Event::Dissented(Dissented {
        scope: of.scope.clone(),
        version: of.version.clone(),
        evidence: given.frozen.map(|frozen| frozen.evidence),
        functions: principal.functions_in(&of.scope),
        conditions: conditions.to_vec(),
    });
    Ok(Plan::adding(vec![by.entry(world.now, event)]))
}

fn check_conditions(conditions: &[String]) -> Result<(), ControlError> {
    let fits = |text: &String| !text.trim().is_empty() && text.chars().count() <= Approval::MAX_TEXT;
    if conditions.len() <= Approval::MAX_CONDITIONS && conditions.iter().all(fits) {
        return Ok(());
    }
    Err(ApprovalRefused::Malformed(Malformed {
        field: "conditions",
        expected: format!(
            "at most {} of 1 to {} characters",
            Approval::MAX_CONDITIONS,
            Approval::MAX_TEXT
        ),
        found: format!("{}", conditions.len()),
    })
    .into())
}

fn withdraw(world: &World<'_>, of: &OfRelease, by: &By) -> Result<Plan, ControlError> {
    release(world, of)?;
    let given = world.state.approvals.given(&of.scope, &of.version);
    let mut theirs = given
        .approvals
        .iter()
        .filter(|standing| standing.ended.is_none() && standing.approval.approver == by.actor)
        .peekable();
    if theirs.peek().is_none() {
        return Err(ApprovalRefused::NothingStands {
            principal: by.actor.clone(),
            scope: of.scope.clone(),
            version: of.version.clone(),
        }
        .into());
    }
    let entries = theirs.map(|standing| {
        let event = Event::ApprovalWithdrawn {
            scope: of.scope.clone(),
            version: of.version.clone(),
            approval_id: standing.approval_id.clone(),
        };
        by.entry(world.now, event)
    });
    Ok(Plan {
        entries: entries.collect(),
        stop: true,
        ..Plan::NOTHING
    })
}

fn delegate(world: &World<'_>, delegation: &Delegation, by: &By) -> Result<Plan, ControlError> {
    world.scope(&delegation.scope)?;
    delegation.check().map_err(ApprovalRefused::Malformed)?;
    let malformed = |field, expected: String, found: String| {
        ControlError::from(ApprovalRefused::Malformed(Malformed {
            field,
            expected,
            found,
        }))
    };
    if delegation.ends_at <= world.now {
        return Err(malformed(
            "ends_at",
            format!("an instant after {}", world.now),
            delegation.ends_at.to_string(),
        ));
    }
    let from = approver(world, &by.actor, &delegation.scope)?;
    // Only what is their own by role: what was lent to them cannot be lent on.
    let own = from.functions_in(&delegation.scope);
    if let Some(function) = delegation.functions.difference(&own).next() {
        let own: BTreeSet<&str> = own.iter().map(|own| own.as_str()).collect();
        let expected =
            format!("functions of your own there ({own:?}): what was lent to you cannot be lent on");
        return Err(malformed("functions", expected, function.to_string()));
    }
    approver(world, &delegation.to, &delegation.scope)?;
    if let Some(only) = &delegation.only {
        let of = OfRelease {
            scope: delegation.scope.clone(),
            version: only.clone(),
        };
        let release = release(world, &of)?;
        if release.author().eq_ignore_ascii_case(&delegation.to) {
            let expected = "somebody else than the author of that release".to_owned();
            return Err(malformed("to", expected, format!("`{}`", delegation.to)));
        }
    }
    let kept = world.state.approvals.delegations();
    let colliding = kept
        .values()
        .find(|known| known.revoked_at.is_none() && known.delegation.collides(delegation));
    if let Some(known) = colliding {
        return Err(ApprovalRefused::LentAlready {
            delegation_id: known.delegation_id.clone(),
        }
        .into());
    }
    let in_force = kept.values().filter(|known| known.delegation.ends_at > world.now);
    if in_force.count() >= Register::MAX_DELEGATIONS {
        return Err(ApprovalRefused::TooManyDelegations {
            limit: Register::MAX_DELEGATIONS,
        }
        .into());
    }
    let event = Event::ApprovalDelegated {
        delegation_id: delegation.id(world.now),
        delegation: delegation.clone(),
    };
    Ok(Plan::adding(vec![by.entry(world.now, event)]))
}

fn revoke_delegation(world: &World<'_>, delegation_id: &str, by: &By) -> Result<Plan, ControlError> {
    let known = world.state.approvals.delegations().get(delegation_id);
    let known = known.filter(|known| known.revoked_at.is_none() && known.delegation.from == by.actor);
    let known = known.ok_or_else(|| {
        ApprovalRefused::UnknownDelegation(delegation_id.chars().take(80).collect::<String>())
    })?;
    let event = Event::DelegationRevoked {
        scope: known.delegation.scope.clone(),
        delegation_id: delegation_id.to_owned(),
    };
    Ok(Plan::stopping(by.entry(world.now, event)))
}

fn register_key(world: &World<'_>, principal: &str, public_key: &str, by: &By) -> Result<Plan, ControlError> {
    if !world.state.identity.principals().contains_key(principal) {
        let shown = principal.chars().take(Principal::MAX_NAME).collect();
        return Err(ControlError::UnknownPrincipal(shown));
    }
    let key = PublicKey::parse(public_key).ok_or(ApprovalRefused::NotAKey)?;
    let keys = world.state.approvals.keys();
    if let Some(known) = keys.get(&key.id()) {
        return Err(ApprovalRefused::KeyTaken {
            key_id: key.id(),
            principal: known.principal.clone(),
        }
        .into());
    }
    let theirs = keys
        .values()
        .filter(|key| key.principal == principal && key.revoked_at.is_none());
    if theirs.count() >= RegisteredKey::MAX_PER_PRINCIPAL {
        return Err(ApprovalRefused::TooManyKeys {
            principal: principal.to_owned(),
            limit: RegisteredKey::MAX_PER_PRINCIPAL,
        }
        .into());
    }
    let event = Event::ApproverKeyRegistered {
        principal: principal.to_owned(),
        public_key: public_key.to_owned(),
    };
    Ok(Plan::adding(vec![by.entry(world.now, event)]))
}

fn revoke_key(world: &World<'_>, key_id: Digest, by: &By) -> Result<Plan, ControlError> {
    let known = world.state.approvals.keys().get(&key_id);
    // The host's own key is replaced by putting another file in its place.
    let known = known.filter(|key| key.revoked_at.is_none() && key.principal != HOST_ACTOR);
    let known = known.ok_or(ApprovalRefused::UnknownKey(key_id))?;
    let event = Event::ApproverKeyRevoked {
        principal: known.principal.clone(),
        key_id,
    };
    Ok(Plan::stopping(by.entry(world.now, event)))
}

/// The principal of that name, if they are an approver in `scope`.
fn approver<'a>(world: &World<'a>, name: &str, scope: &str) -> Result<&'a Principal, ControlError> {
    let Some(principal) = world.state.identity.principals().get(name) else {
        let denied = Denied {
            principal: name.chars().take(Principal::MAX_NAME).collect(),
            permission: Permission::Approve,
            scope: Some(scope.to_owned()),
            why: "the host knows nobody of this name".to_owned(),
        };
        return Err(ApprovalRefused::Denied(denied).into());
    };
    let may = principal.may(Permission::Approve, Some(scope));
    may.map_err(ApprovalRefused::Denied)?;
    Ok(principal)
}

fn refused(refused: NotGiven) -> ControlError {
    ApprovalRefused::from(refused).into()
}

fn says(field: &'static str, expected: String, found: &str) -> ControlError {
    ApprovalRefused::Says {
        field,
        expected,
        found: format!("`{}`", found.chars().take(120).collect::<String>()),
    }
    .into()
}
