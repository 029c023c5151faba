//! Finding the rows that belong to a number: the lanes of a node, the stock of a SKU.

/// Row numbers grouped by a key that is itself a row or SKU number. Two flat lists, built in two passes over the keys.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Index {
    /// Where the rows of each key start in `rows`; one more entry than keys.
    starts: Vec<u32>,
    rows: Vec<u32>,
}

impl Index {
    /// Groups the rows `0..` by the key of each. Rows whose key is not below `keys` are left out. The rows of a key stay
    /// in rising order.
    pub fn build(keys: u32, key_of_row: impl Iterator<Item = u32> + Clone) -> Index {
        let mut starts = vec![0u32; keys as usize + 2];
        let mut kept = 0usize;
        for key in key_of_row.clone() {
            if key < keys
                && let Some(count) = starts.get_mut(key as usize + 2)
            {
                *count += 1;
                kept += 1;
            }
        }
        let mut sum = 0;
        for start in &mut starts {
            sum += *start;
            *start = sum;
        }
        // Entry `key + 1` is where the next row of `key` goes; once all are placed, it is where `key` ends.
        let mut rows = vec![0u32; kept];
        for (row, key) in key_of_row.enumerate() {
            if key < keys
                && let Some(next) = starts.get_mut(key as usize + 1)
            {
                if let Some(place) = rows.get_mut(*next as usize) {
                    *place = row as u32;
                }
                *next += 1;
            }
        }
        starts.pop();
        Index { starts, rows }
    }

    /// The rows of `key`, in rising order; none for an unknown key.
    #[inline]
    pub fn rows(&self, key: u32) -> &[u32] {
        let at = key as usize;
        match (self.starts.get(at), self.starts.get(at + 1)) {
            (Some(&start), Some(&end)) => self.rows.get(start as usize..end as usize).unwrap_or_default(),
            _ => &[],
        }
    }

    /// Number of keys.
    pub fn keys(&self) -> u32 {
        self.starts.len().saturating_sub(1) as u32
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn an_index_holds_each_row_under_its_key_in_order(
            keys in 0u32..8,
            of_rows in proptest::collection::vec(0u32..10, 0..40),
        ) {
            let index = Index::build(keys, of_rows.iter().copied());
            prop_assert_eq!(index.keys(), keys);
            for key in 0..12 {
                let expected: Vec<u32> = (0..of_rows.len() as u32)
                    .filter(|row| key < keys && of_rows[*row as usize] == key)
                    .collect();
                prop_assert_eq!(index.rows(key), expected);
            }
        }
    }
}
