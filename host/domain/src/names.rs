//! Names that people give to policies, plugins and scopes.

/// Characters of a name.
pub const MAX_NAME: usize = 64;

/// Whether a text is a name: lower-case letters, digits and hyphens, neither first nor last a hyphen, at most
/// [`MAX_NAME`].
pub fn is_kebab_name(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    (1..=MAX_NAME).contains(&text.len())
        && text.bytes().all(|byte| plain(byte) || byte == b'-')
        && text.bytes().next().is_some_and(plain)
        && text.bytes().last().is_some_and(plain)
}

/// What a name has to be, for errors.
pub const EXPECTED_NAME: &str = "a name of lower-case letters, digits and hyphens, at most 64";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_can_stand_in_a_url_and_a_file_name() {
        for name in ["a", "routing-balanced", "v2", "3pl"] {
            assert!(is_kebab_name(name), "{name}");
        }
        for name in ["", "-a", "a-", "A", "a_b", "a.b", "../a", "é", &"a".repeat(65)] {
            assert!(!is_kebab_name(name), "{name}");
        }
    }
}
