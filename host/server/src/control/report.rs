//! What the log and the metrics say about governance events.

use signalbox_domain::events::{Entry, Event};
use signalbox_domain::release::Phase;

use crate::snapshot::Snapshot;
use crate::telemetry::{
    ReleaseMoved, ReleasesInPhase, SnapshotPublished, Telemetry, VersionAdmitted, VersionRejected,
};

/// One line for each entry, with what a person looks for in fields.
pub(super) fn entries(telemetry: &Telemetry, entries: &[Entry]) {
    for entry in entries {
        if let Event::ReleaseChanged(change) = &entry.event {
            telemetry.emit(&ReleaseMoved {
                scope: &change.scope,
                event: change.event.kind(),
            });
        }
        match &entry.event {
            Event::VersionAdmitted(admission) => telemetry.emit(&VersionAdmitted {
                policy: &admission.version.policy,
                version: &admission.version.version.to_string(),
                digest: &admission.digest.to_string(),
            }),
            Event::VersionRejected(rejection) => {
                let problem = rejection
                    .problems
                    .first()
                    .map(|problem| problem.at(&rejection.file));
                telemetry.emit(&VersionRejected {
                    file: &rejection.file,
                    kind: rejection.kind.as_str(),
                    problem: &problem.unwrap_or_default(),
                    problems: rejection.problems.len(),
                });
            }
            // Without the hash of its secret, which nobody needs who reads a log.
            Event::TokenCreated { token } => tracing::info!(
                kind = entry.event.kind(),
                actor = entry.actor,
                reason = entry.reason,
                token_id = token.token_id,
                principal = token.principal,
                expires_at = %token.expires_at,
                "governance event"
            ),
            Event::VersionWithdrawn { .. }
            | Event::PolicyChosen { .. }
            | Event::WentLive { .. }
            | Event::RolledBack { .. }
            | Event::BuiltinForced { .. }
            | Event::LeverPut { .. }
            | Event::LeverDeleted { .. }
            | Event::LedgerKeyChanged(_)
            | Event::ReleaseChanged(_)
            | Event::PrincipalPut { .. }
            | Event::PrincipalRemoved { .. }
            | Event::TokenRevoked { .. }
            | Event::AccessRefused(_)
            | Event::DecisionsErased { .. }
            | Event::DecisionsNotLogged { .. }
            | Event::BackupTaken { .. }
            | Event::EvidenceFrozen(_)
            | Event::ApprovalGiven(_)
            | Event::ApprovalWithdrawn { .. }
            | Event::Dissented(_)
            | Event::ApprovalDelegated { .. }
            | Event::DelegationRevoked { .. }
            | Event::ApproverKeyRegistered { .. }
            | Event::ApproverKeyRevoked { .. }
            | Event::ApprovalEscalated(_)
            | Event::BreakGlassProposed(_)
            | Event::GlassBroken(_)
            | Event::GlassEnded { .. }
            | Event::GlassReviewed { .. } => tracing::info!(
                kind = entry.event.kind(),
                actor = entry.actor,
                reason = entry.reason,
                event = ?entry.event,
                "governance event"
            ),
        }
    }
}

pub(super) fn published(telemetry: &Telemetry, snapshot: &Snapshot) {
    for scope in &snapshot.scopes {
        let scope = &*scope.scope.name;
        let here = snapshot
            .releases
            .iter()
            .filter(|state| state.release.scope() == scope);
        let words: Vec<&str> = here.map(|state| state.release.phase().word()).collect();
        for phase in Phase::WORDS {
            telemetry.emit(&ReleasesInPhase {
                scope,
                phase,
                count: words.iter().filter(|word| **word == phase).count(),
            });
        }
    }
    let live = snapshot.scopes.iter().filter(|scope| scope.champion.is_some());
    telemetry.emit(&SnapshotPublished {
        revision: snapshot.revision,
        live: live.count(),
        unrecorded: snapshot.unrecorded,
    });
}
