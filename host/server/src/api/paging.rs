//! Pages of what is listed newest first.

use super::problem::{FieldError, Problem, ProblemKind};

/// Entries of a page when none are asked for.
const PAGE: usize = 100;
/// Entries of a page at most.
const PAGE_MAX: usize = 1_000;
/// The largest number that an entry can have: that of the store.
const BEFORE_MAX: u64 = i64::MAX.unsigned_abs();

/// How many entries the page has.
///
/// # Errors
/// `invalid-request` when there cannot be such a page.
pub fn page(limit: Option<usize>, before: Option<u64>) -> Result<usize, Problem> {
    let limit = limit.unwrap_or(PAGE);
    if !(1..=PAGE_MAX).contains(&limit) {
        return Err(wrong("limit", format!("expected 1 to {PAGE_MAX}, found {limit}")));
    }
    match before {
        Some(before) if before > BEFORE_MAX => Err(wrong(
            "before",
            format!("expected the `next` of the page before, found {before}"),
        )),
        _ => Ok(limit),
    }
}

/// A field of the query that cannot be used.
pub fn wrong(field: &str, message: String) -> Problem {
    let error = FieldError {
        path: field.to_owned(),
        message: message.clone(),
    };
    Problem::new(ProblemKind::InvalidRequest, format!("`{field}`: {message}")).with_errors(vec![error], 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_has_one_to_a_thousand_entries() {
        assert_eq!(page(None, None).unwrap(), 100);
        assert_eq!(page(Some(1_000), Some(BEFORE_MAX)).unwrap(), 1_000);
        for (limit, before) in [(0, 1), (1_001, 1), (1, BEFORE_MAX + 1)] {
            let refused = page(Some(limit), Some(before)).unwrap_err();
            assert_eq!(refused.kind(), ProblemKind::InvalidRequest);
        }
    }
}
