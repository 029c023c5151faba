//! Evidence: one document about a release, in the order in which a board reads. Frozen, it is kept by its digest, and
//! approvals are bound to that digest. Newer data does not void it; a promotion looks at the gates again.

mod build;
mod document;

use std::sync::Arc;

use signalbox_domain::events::PolicyVersion;
use signalbox_domain::{Digest, canonical};
use signalbox_ledger::{ArtifactError, ArtifactStore};

pub use document::{
    Evidence, MoneyEvidence, ParameterChange, Provenance, ServiceEvidence, StatisticsEvidence, WhatChanges,
};

use crate::control::{Applied, By, ControlError, ControlHandle};

/// The largest document.
const BYTES_MAX: u64 = 16 << 20;

/// Why there is no evidence.
#[derive(Debug, thiserror::Error)]
pub enum EvidenceError {
    /// The release, or the ledger.
    #[error(transparent)]
    Control(#[from] ControlError),
    /// Nothing was compared.
    #[error(
        "{version} has shown nothing in scope `{scope}` yet: evidence is frozen from its shadow on, once something was compared \
         with the present champion at the present prices"
    )]
    NothingShown {
        /// The scope.
        scope: String,
        /// The version.
        version: PolicyVersion,
    },
    /// The document has no form that a digest can be taken of.
    #[error("the evidence has no canonical form: {0}")]
    Form(String),
    /// It cannot be kept, or not be had again.
    #[error("the evidence cannot be kept or read")]
    Store(#[source] ArtifactError),
    /// What is kept under the digest is no evidence.
    #[error("{digest} is no evidence")]
    NotEvidence {
        /// The digest.
        digest: Digest,
    },
    /// The host is shutting down.
    #[error("the host is shutting down")]
    Stopped,
}

/// Makes and keeps evidence. Cheap to clone.
#[derive(Clone)]
pub struct EvidenceDesk {
    control: ControlHandle,
    store: Arc<ArtifactStore>,
}

/// A document with its digest.
#[derive(Clone, Debug)]
pub struct Frozen {
    /// The digest of its canonical JSON.
    pub digest: Digest,
    /// The document.
    pub evidence: Evidence,
    /// What the ledger did.
    pub applied: Applied,
}

impl EvidenceDesk {
    /// Evidence about releases of `control`, kept in `store`.
    pub fn new(control: ControlHandle, store: ArtifactStore) -> EvidenceDesk {
        EvidenceDesk {
            control,
            store: Arc::new(store),
        }
    }

    /// The evidence as it would be frozen now.
    ///
    /// # Errors
    /// [`EvidenceError::Control`] for an unknown release, [`EvidenceError::NothingShown`].
    pub fn now(&self, scope: &str, version: &PolicyVersion) -> Result<Evidence, EvidenceError> {
        let report = self.control.release(scope, version)?;
        let snapshot = self.control.snapshot();
        let nothing = || EvidenceError::NothingShown {
            scope: scope.to_owned(),
            version: version.clone(),
        };
        let trial = report
            .trial
            .as_ref()
            .filter(|trial| trial.all.pairs > 0)
            .ok_or_else(nothing)?;
        let state = snapshot.scope(scope).ok_or_else(nothing)?;
        let challenger = snapshot
            .release(scope, version)
            .and_then(|release| release.policy.as_ref());
        let champion = state.champion.as_ref();
        let parameters = build::parameters(champion, challenger)?;
        Ok(build::evidence(
            &report,
            trial,
            state,
            parameters,
            self.control.now(),
        ))
    }

    /// Freezes the evidence as it is now: keeps the document, then says in the ledger that approvals rest on it.
    ///
    /// # Errors
    /// As [`EvidenceDesk::now`], and that the document or the ledger cannot be written.
    pub async fn freeze(
        &self,
        scope: &str,
        version: &PolicyVersion,
        by: By,
    ) -> Result<Frozen, EvidenceError> {
        let evidence = self.now(scope, version)?;
        let text = text_of(&evidence)?;
        let store = Arc::clone(&self.store);
        let kept = tokio::task::spawn_blocking(move || store.put(text.as_bytes())).await;
        let digest = kept
            .map_err(|_| EvidenceError::Stopped)?
            .map_err(EvidenceError::Store)?;
        let applied = self.control.freeze_evidence(scope, version, digest, by).await?;
        Ok(Frozen {
            digest,
            evidence,
            applied,
        })
    }

    /// A document that was frozen, as it was.
    ///
    /// # Errors
    /// [`EvidenceError::Store`] when it is not there or damaged, [`EvidenceError::NotEvidence`].
    pub async fn get(&self, digest: Digest) -> Result<Evidence, EvidenceError> {
        let store = Arc::clone(&self.store);
        let bytes = tokio::task::spawn_blocking(move || store.get(&digest, BYTES_MAX)).await;
        let bytes = bytes
            .map_err(|_| EvidenceError::Stopped)?
            .map_err(EvidenceError::Store)?;
        serde_json::from_slice(&bytes).map_err(|_| EvidenceError::NotEvidence { digest })
    }
}

/// The canonical JSON that the digest is taken of.
fn text_of(evidence: &Evidence) -> Result<String, EvidenceError> {
    let form = |problem: &dyn std::fmt::Display| EvidenceError::Form(problem.to_string());
    let value = serde_json::to_value(evidence).map_err(|problem| form(&problem))?;
    canonical::to_string(&value).map_err(|problem| form(&problem))
}
