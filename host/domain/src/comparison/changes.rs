//! Collects changes up to a bound.

use super::Change;

/// How many changes of one comparison are kept.
pub const MAX_CHANGES: usize = 100;

/// The changes of one comparison: the first [`MAX_CHANGES`], and how many more there were.
#[derive(Clone, Debug, Default)]
pub struct Changes {
    list: Vec<Change>,
    more: u32,
}

impl Changes {
    /// Adds a change, or counts it when there are enough.
    pub fn add(&mut self, change: Change) {
        if self.list.len() < MAX_CHANGES {
            self.list.push(change);
        } else {
            self.more = self.more.saturating_add(1);
        }
    }

    /// Whether nothing changed.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// Those kept, and how many more there were.
    pub fn into_parts(self) -> (Vec<Change>, u32) {
        (self.list, self.more)
    }
}
