//! Errors as text for logs and for people.

use std::error::Error;

/// The error with everything that caused it, outermost first.
pub fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("cannot open the door")]
    struct Outer(#[source] Inner);

    #[derive(Debug, thiserror::Error)]
    #[error("the key is missing")]
    struct Inner;

    #[test]
    fn every_cause_is_told_once() {
        assert_eq!(chain(&Outer(Inner)), "cannot open the door: the key is missing");
    }
}
