//! Whether somebody may agree: what the host asks before it records an approval, and what anybody can ask of the ledger
//! afterwards.

use std::collections::BTreeSet;

use super::approval::{Approval, Malformed};
use super::bound::{Bound, BoundTo};
use super::delegation::Delegated;
use super::register::{Given, Register, Standing};
use super::same_person;
use crate::digest::Digest;
use crate::events::PolicyVersion;
use crate::identity::{Denied, Directory, Function, Permission};
use crate::release::{Phase, Release, ReleaseId};
use crate::time::Timestamp;

/// Why an approval is not accepted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotGiven {
    /// No evidence is frozen.
    #[error(
        "no evidence of {version} is frozen in scope `{scope}`, so there is nothing to agree to; freeze it first with \
         `signalbox release evidence {version} --scope {scope} --freeze`"
    )]
    NoEvidence {
        /// The scope.
        scope: String,
        /// The version.
        version: PolicyVersion,
    },
    /// The release has arrived or ended.
    #[error("the release of {version} in scope `{scope}` is {phase}: there is nothing left to agree to")]
    Over {
        /// The scope.
        scope: String,
        /// The version.
        version: PolicyVersion,
        /// Where it is.
        phase: &'static str,
    },
    /// It is bound to something else.
    #[error(
        "the approval is bound to the {what} {found}, this release has {expected}; look at it again with `signalbox release \
         show`"
    )]
    Bound {
        /// To what.
        what: BoundTo,
        /// What the release has.
        expected: Digest,
        /// What the approval says.
        found: Digest,
    },
    /// It is about another release.
    #[error("the approval is about release {found}, this is {expected}")]
    OtherRelease {
        /// This one.
        expected: ReleaseId,
        /// The one that it names.
        found: ReleaseId,
    },
    /// The cost book changed since the evidence was frozen.
    #[error(
        "the scope's cost book is {now} now, the evidence was frozen with {frozen}: its money is not that of today; freeze the \
         evidence again"
    )]
    CostBook {
        /// The one of the evidence.
        frozen: Digest,
        /// The one of now.
        now: Digest,
    },
    /// They may not.
    #[error("an approval takes somebody who may give it")]
    Denied {
        /// Why.
        source: Denied,
    },
    /// The delegation cannot be used for this.
    #[error("the delegation {delegation_id} {why}")]
    Delegation {
        /// Which one.
        delegation_id: String,
        /// What is wrong.
        why: String,
    },
    /// They agreed already.
    #[error(
        "{approver} agreed already ({approval_id}); nobody counts twice, and `signalbox release withdraw-approval` takes an \
         approval back"
    )]
    Already {
        /// Who.
        approver: String,
        /// By which approval.
        approval_id: String,
    },
    /// Somebody else spoke with the same voice.
    #[error("{other} agreed already ({approval_id}) {how}: one voice does not count twice")]
    OneVoice {
        /// Who did.
        other: String,
        /// By which approval.
        approval_id: String,
        /// By right of what.
        how: String,
    },
    /// A field out of bounds.
    #[error("`{}`: expected {}, found {}", .0.field, .0.expected, .0.found)]
    Malformed(Malformed),
    /// So many were given that another is refused.
    #[error("{limit} approvals of this release were given, which is the limit; release a new version")]
    TooMany {
        /// The limit.
        limit: usize,
    },
}

/// Whether `approval` may be given at `at`. Its signature is for whoever can check one.
///
/// # Errors
/// [`NotGiven`], which says what was expected.
pub fn may_give(
    approval: &Approval,
    release: &Release,
    register: &Register,
    directory: &Directory,
    at: Timestamp,
) -> Result<(), NotGiven> {
    let given = register.given(release.scope(), release.version());
    about_release(approval, release, &given)?;
    approval.check().map_err(NotGiven::Malformed)?;
    if at >= approval.expires_at {
        return Err(NotGiven::Malformed(Malformed {
            field: "expires_at",
            expected: format!("an instant after {at}"),
            found: approval.expires_at.to_string(),
        }));
    }
    match &approval.delegation_id {
        None => own(approval, release, directory)?,
        Some(id) => {
            let delegated = register.delegations().get(id);
            let delegated = delegated.ok_or_else(|| unusable(id, "is not known"))?;
            lent(approval, release, delegated, directory, at)?;
        }
    }
    once(approval, &given, register, at)
}

fn about_release(approval: &Approval, release: &Release, given: &Given) -> Result<(), NotGiven> {
    let (scope, version) = (release.scope(), release.version());
    if release.phase().is_final() || matches!(release.phase(), Phase::Active { .. }) {
        return Err(NotGiven::Over {
            scope: scope.to_owned(),
            version: version.clone(),
            phase: release.phase().word(),
        });
    }
    let about_this = approval.scope == scope && approval.version == *version;
    if !about_this || approval.release_id != *release.id() {
        return Err(NotGiven::OtherRelease {
            expected: release.id().clone(),
            found: approval.release_id.clone(),
        });
    }
    let Some(frozen) = &given.frozen else {
        return Err(NotGiven::NoEvidence {
            scope: scope.to_owned(),
            version: version.clone(),
        });
    };
    let expected = Bound {
        version: release.digest(),
        plan: release.plan_digest(),
        cost_book: frozen.cost_book,
        evidence: frozen.evidence,
    };
    if let Some(difference) = approval.bound.difference(&expected) {
        return Err(NotGiven::Bound {
            what: difference.what,
            expected: difference.expected,
            found: difference.found,
        });
    }
    if given.approvals.len() >= Given::MAX {
        return Err(NotGiven::TooMany { limit: Given::MAX });
    }
    Ok(())
}

fn own(approval: &Approval, release: &Release, directory: &Directory) -> Result<(), NotGiven> {
    let principal = directory.principals().get(&approval.approver);
    let principal = principal.ok_or_else(|| denied(approval, "the host does not know them"))?;
    approval.functions.iter().try_for_each(|function| {
        principal
            .may_approve(release.scope(), release.author(), *function)
            .map_err(|source| NotGiven::Denied { source })
    })
}

fn lent(
    approval: &Approval,
    release: &Release,
    delegated: &Delegated,
    directory: &Directory,
    at: Timestamp,
) -> Result<(), NotGiven> {
    let Delegated {
        delegation_id,
        delegation,
        ..
    } = delegated;
    let principal = directory.principals().get(&approval.approver);
    let principal = principal.ok_or_else(|| denied(approval, "the host does not know them"))?;
    principal
        .may(Permission::Approve, Some(release.scope()))
        .map_err(|source| NotGiven::Denied { source })?;
    for name in [&approval.approver, &delegation.from] {
        if same_person(name, release.author()) {
            return Err(denied(
                approval,
                "an author never approves, nor does anybody for them",
            ));
        }
    }
    if delegation.to != approval.approver {
        return Err(unusable(delegation_id, &format!("is for {}", delegation.to)));
    }
    if !delegation.covers(release.scope(), release.version()) {
        return Err(unusable(delegation_id, "is for another release"));
    }
    if !delegated.in_force(at) || !delegated.in_force(approval.given_at) {
        let why = format!(
            "is in force from {} to {} unless it was taken back, and is not now",
            delegation.begins_at, delegation.ends_at
        );
        return Err(unusable(delegation_id, &why));
    }
    let lender = directory.principals().get(&delegation.from);
    let held = lender.map_or_else(BTreeSet::new, |lender| lender.functions_in(release.scope()));
    let usable: BTreeSet<Function> = delegation.functions.intersection(&held).copied().collect();
    match approval
        .functions
        .iter()
        .find(|function| !usable.contains(*function))
    {
        None => Ok(()),
        Some(function) => {
            let why = format!("does not lend {function}, or {} has it no more", delegation.from);
            Err(unusable(delegation_id, &why))
        }
    }
}

/// Nobody twice, and no voice by two people.
fn once(approval: &Approval, given: &Given, register: &Register, at: Timestamp) -> Result<(), NotGiven> {
    let id = approval.id();
    let evidence = approval.bound.evidence;
    let stands = |known: &Standing| {
        known.ended.is_none() && known.approval.bound.evidence == evidence && known.approval.expires_at > at
    };
    let is_again = |known: &&Standing| {
        known.approval_id == id
            || (stands(known) && same_person(&known.approval.approver, &approval.approver))
    };
    if let Some(known) = given.approvals.iter().find(is_again) {
        return Err(NotGiven::Already {
            approver: approval.approver.clone(),
            approval_id: known.approval_id.clone(),
        });
    }
    let delegation_of = |id: &str| register.delegations().get(id);
    let lender = approval.delegation_id.as_deref().and_then(delegation_of);
    let voice = lender.map_or(approval.approver.as_str(), |lender| &lender.delegation.from);
    let in_use = |known: &&Standing| {
        let lender = known.approval.delegation_id.as_deref().and_then(delegation_of);
        let is_same = match lender {
            Some(lender) => lender.revoked_at.is_none() && same_person(&lender.delegation.from, voice),
            None => same_person(&known.approval.approver, voice),
        };
        stands(known) && is_same
    };
    match given.approvals.iter().find(in_use) {
        None => Ok(()),
        Some(known) => Err(NotGiven::OneVoice {
            other: known.approval.approver.clone(),
            approval_id: known.approval_id.clone(),
            how: known.approval.delegation_id.as_ref().map_or_else(
                || "and is who lent the voice".to_owned(),
                |id| format!("by the delegation {id}"),
            ),
        }),
    }
}

fn denied(approval: &Approval, why: &str) -> NotGiven {
    NotGiven::Denied {
        source: Denied {
            principal: approval.approver.clone(),
            permission: Permission::Approve,
            scope: Some(approval.scope.clone()),
            why: why.to_owned(),
        },
    }
}

fn unusable(delegation_id: &str, why: &str) -> NotGiven {
    NotGiven::Delegation {
        delegation_id: delegation_id.to_owned(),
        why: why.to_owned(),
    }
}
