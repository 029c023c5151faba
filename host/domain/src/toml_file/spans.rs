//! Where fields stand in a file.

use std::collections::BTreeMap;
use std::ops::Range;

/// Byte ranges of keys and values by dotted path (`weights.lateness`, `rules[3].grade`).
#[derive(Clone, Debug, Default)]
pub(super) struct Spans {
    fields: BTreeMap<String, (Range<usize>, Range<usize>)>,
}

impl Spans {
    pub fn note(&mut self, path: String, key: Range<usize>, value: Range<usize>) {
        self.fields.insert(path, (key, value));
    }

    pub fn has(&self, path: &str) -> bool {
        self.fields.contains_key(path)
    }

    /// The value's range; for a path that is not there, the key's range of the nearest one around it. None when only the
    /// document is around it.
    pub fn nearest(&self, path: &str) -> Option<Range<usize>> {
        if let Some((_, value)) = self.fields.get(path).filter(|_| !path.is_empty()) {
            return Some(value.clone());
        }
        let mut rest = path;
        while let Some(cut) = rest.rfind(['.', '[']) {
            rest = rest.get(..cut)?;
            if let Some((key, _)) = self.fields.get(rest).filter(|_| !rest.is_empty()) {
                return Some(key.clone());
            }
        }
        None
    }
}
