//! What was broken in an emergency, and what of it still has to be looked at.

use std::collections::BTreeMap;

use super::{ApprovalError, Register};
use crate::approvals::break_glass::{BreakGlass, Broken, Glass, GlassEnd, GlassError};
use crate::events::Entry;
use crate::time::Timestamp;

impl Register {
    /// The last break-glass of each scope.
    pub const fn glass(&self) -> &BTreeMap<String, Glass> {
        &self.glass
    }

    /// Every break-glass of `scope` that is over and that nobody has looked at yet, oldest first. Another break-glass hides
    /// none of them.
    pub fn to_review(&self, scope: &str) -> impl Iterator<Item = &Glass> {
        let earlier = self.unreviewed.get(scope).into_iter().flatten();
        let last = self.glass.get(scope);
        earlier.chain(last.filter(|glass| glass.review_due().is_some()))
    }

    /// The break-glass that decides in `scope` at `at`.
    pub fn broken(&self, scope: &str, at: Timestamp) -> Option<&Glass> {
        self.glass.get(scope).filter(|glass| glass.decides(at))
    }

    pub(crate) fn propose_glass(&mut self, what: &BreakGlass, entry: &Entry) -> Result<(), ApprovalError> {
        let proposed = Glass::propose(self.glass.get(&what.scope), what, entry).map_err(glass)?;
        let before = self.glass.insert(what.scope.clone(), proposed);
        if let Some(before) = before.filter(|glass| glass.review_due().is_some()) {
            self.unreviewed
                .entry(what.scope.clone())
                .or_default()
                .push(before);
        }
        Ok(())
    }

    pub(crate) fn break_glass(&mut self, broken: &Broken, entry: &Entry) -> Result<(), ApprovalError> {
        let next = self.known_glass(&broken.scope, &broken.glass_id)?;
        let next = next.confirm(broken, entry).map_err(glass)?;
        self.glass.insert(broken.scope.clone(), next);
        Ok(())
    }

    pub(crate) fn end_glass(
        &mut self,
        scope: &str,
        glass_id: &str,
        cause: GlassEnd,
        entry: &Entry,
    ) -> Result<(), ApprovalError> {
        let next = self.known_glass(scope, glass_id)?;
        let next = next.end(cause, entry).map_err(glass)?;
        self.glass.insert(scope.to_owned(), next);
        Ok(())
    }

    pub(crate) fn review_glass(
        &mut self,
        scope: &str,
        glass_id: &str,
        entry: &Entry,
    ) -> Result<(), ApprovalError> {
        let earlier = self.unreviewed.get_mut(scope);
        if let Some(earlier) = earlier
            && let Some(place) = earlier.iter().position(|known| known.what.glass_id == glass_id)
        {
            let known = earlier.get(place);
            known
                .map(|known| known.review(entry))
                .transpose()
                .map_err(glass)?;
            earlier.remove(place);
            return Ok(());
        }
        let next = self.known_glass(scope, glass_id)?;
        let next = next.review(entry).map_err(glass)?;
        self.glass.insert(scope.to_owned(), next);
        Ok(())
    }

    fn known_glass(&self, scope: &str, glass_id: &str) -> Result<&Glass, ApprovalError> {
        let known = self
            .glass
            .get(scope)
            .filter(|glass| glass.what.glass_id == glass_id);
        known.ok_or_else(|| {
            glass(GlassError::Unknown {
                scope: scope.to_owned(),
                glass_id: glass_id.to_owned(),
            })
        })
    }
}

fn glass(source: GlassError) -> ApprovalError {
    ApprovalError::Glass { source }
}
