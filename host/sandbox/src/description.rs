//! What a plugin says of itself, checked.

use std::collections::HashMap;

use semver::Version;
use serde::{Deserialize, Serialize};
use signalbox_contract::word;
use signalbox_domain::{Domain, Word};

use crate::reasons::Template;

/// Something is wrong with the parameters, as the plugin sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{}{message}", if path.is_empty() { String::new() } else { format!("{path}: ") })]
pub struct ParameterProblem {
    /// Where: a dotted path such as `weights.lateness` or `rules[3].grade`; empty for the whole.
    pub path: String,
    /// What was expected and what was found.
    pub message: String,
}

/// What `describe` returned.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct RawDescription {
    pub(crate) name: String,
    pub(crate) version: String,
    pub(crate) domain: String,
    pub(crate) summary: String,
    pub(crate) parameter_schema: String,
    pub(crate) reason_codes: Vec<RawReasonCode>,
    pub(crate) words: Vec<String>,
    pub(crate) attribute_keys: Vec<String>,
}

/// A reason code as `describe` returned it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct RawReasonCode {
    pub(crate) code: String,
    pub(crate) template: String,
}

/// What a plugin is.
#[derive(Clone, Debug)]
pub struct Description {
    /// Its name in kebab case; with the version it names the plugin.
    pub name: String,
    /// Its version.
    pub version: Version,
    /// The domain that it decides for.
    pub domain: Domain,
    /// One sentence for a person who has to choose.
    pub summary: String,
    /// JSON Schema (2020-12) of its parameters.
    pub parameter_schema: serde_json::Value,
    /// Every code that its reasons may use.
    pub reason_codes: Vec<ReasonCode>,
    /// Every other word that its decisions may use.
    pub words: Vec<Word>,
    /// The attribute keys that it reads; it sees no others.
    pub attribute_keys: Vec<Word>,
}

/// A code that reasons may use.
#[derive(Clone, Debug)]
pub struct ReasonCode {
    /// The code.
    pub code: Word,
    /// Its sentence.
    pub template: Template,
}

/// A plugin describes itself in a way that the contract does not allow.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`describe` returned {field}: {problem}")]
pub struct BadDescription {
    /// The field, with its place in the list.
    pub field: String,
    /// What was expected and what was found.
    pub problem: String,
}

const NAME_CHARS_MAX: usize = 64;
const SUMMARY_CHARS_MAX: usize = 500;
const SCHEMA_BYTES_MAX: usize = 256 << 10;
const REASON_CODES_MAX: usize = 500;
const WORDS_MAX: usize = 2_000;
const ATTRIBUTE_KEYS_MAX: usize = 200;

fn bad(field: impl Into<String>, problem: impl Into<String>) -> BadDescription {
    BadDescription {
        field: field.into(),
        problem: problem.into(),
    }
}

impl Description {
    /// Checks what a plugin of `domain` returned.
    ///
    /// # Errors
    /// [`BadDescription`] with the first thing that is wrong.
    pub(crate) fn check(raw: RawDescription, domain: Domain) -> Result<Description, BadDescription> {
        if !is_kebab(&raw.name) {
            return Err(bad(
                "name",
                format!(
                    "expected kebab case of at most {NAME_CHARS_MAX} characters, found {}",
                    shown(&raw.name)
                ),
            ));
        }
        let version = Version::parse(&raw.version).map_err(|error| {
            bad(
                "version",
                format!(
                    "expected a semantic version, found {}: {error}",
                    shown(&raw.version)
                ),
            )
        })?;
        if raw.domain != domain.as_str() {
            return Err(bad(
                "domain",
                format!(
                    "expected `{domain}`, which it exports, found {}",
                    shown(&raw.domain)
                ),
            ));
        }
        if raw.summary.chars().count() > SUMMARY_CHARS_MAX {
            return Err(bad(
                "summary",
                format!("expected at most {SUMMARY_CHARS_MAX} characters"),
            ));
        }
        let described = Description {
            name: raw.name,
            version,
            domain,
            summary: raw.summary,
            parameter_schema: schema(&raw.parameter_schema)?,
            reason_codes: reason_codes(raw.reason_codes)?,
            words: words("words", raw.words, WORDS_MAX)?,
            attribute_keys: words("attribute-keys", raw.attribute_keys, ATTRIBUTE_KEYS_MAX)?,
        };
        described.check_numbers()?;
        Ok(described)
    }

    /// Words cross the boundary as 32-bit numbers; two that share one could not be told apart.
    fn check_numbers(&self) -> Result<(), BadDescription> {
        let mut seen: HashMap<u32, &Word> = HashMap::new();
        let codes = self.reason_codes.iter().map(|reason| &reason.code);
        for text in codes.chain(&self.words).chain(&self.attribute_keys) {
            if let Some(other) = seen.insert(word(text).0, text).filter(|other| *other != text) {
                return Err(bad(
                    "words",
                    format!("`{other}` and `{text}` have the same number: rename one"),
                ));
            }
        }
        Ok(())
    }
}

fn is_kebab(name: &str) -> bool {
    name.len() <= NAME_CHARS_MAX
        && name.starts_with(|first: char| first.is_ascii_lowercase())
        && name.split('-').all(|part| {
            !part.is_empty()
                && part
                    .bytes()
                    .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
        })
}

fn schema(text: &str) -> Result<serde_json::Value, BadDescription> {
    if text.len() > SCHEMA_BYTES_MAX {
        return Err(bad(
            "parameter-schema",
            format!("expected at most {SCHEMA_BYTES_MAX} bytes, found {}", text.len()),
        ));
    }
    match serde_json::from_str(text) {
        Ok(value @ serde_json::Value::Object(_)) => Ok(value),
        Ok(_) => Err(bad(
            "parameter-schema",
            "expected a JSON object, found another value",
        )),
        Err(error) => Err(bad(
            "parameter-schema",
            format!("expected a JSON object: {error}"),
        )),
    }
}

fn reason_codes(raw: Vec<RawReasonCode>) -> Result<Vec<ReasonCode>, BadDescription> {
    if raw.len() > REASON_CODES_MAX {
        return Err(bad(
            "reason-codes",
            format!("expected at most {REASON_CODES_MAX}, found {}", raw.len()),
        ));
    }
    raw.into_iter()
        .enumerate()
        .map(|(place, reason)| {
            let code = Word::new(&reason.code)
                .map_err(|error| bad(format!("reason-codes[{place}].code"), error.to_string()))?;
            let template = Template::parse(&reason.template)
                .map_err(|error| bad(format!("reason-codes[{place}].template"), error.to_string()))?;
            Ok(ReasonCode { code, template })
        })
        .collect()
}

fn words(field: &str, raw: Vec<String>, max: usize) -> Result<Vec<Word>, BadDescription> {
    if raw.len() > max {
        return Err(bad(field, format!("expected at most {max}, found {}", raw.len())));
    }
    raw.into_iter()
        .enumerate()
        .map(|(place, text)| {
            Word::try_from(text).map_err(|error| bad(format!("{field}[{place}]"), error.to_string()))
        })
        .collect()
}

/// A text from a guest, safe and short enough for a message.
pub(crate) fn shown(text: &str) -> String {
    let cut: String = text.chars().take(80).collect();
    format!("{cut:?}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn raw() -> RawDescription {
        RawDescription {
            name: "routing-nearest".into(),
            version: "1.2.3".into(),
            domain: "routing".into(),
            summary: "The nearest node ships.".into(),
            parameter_schema: "{}".into(),
            reason_codes: vec![RawReasonCode {
                code: "NEAREST".into(),
                template: "{subject} is {a:m} away".into(),
            }],
            words: vec!["BACKORDER".into()],
            attribute_keys: vec![],
        }
    }

    fn refused(change: impl FnOnce(&mut RawDescription)) -> String {
        let mut changed = raw();
        change(&mut changed);
        Description::check(changed, Domain::Routing)
            .unwrap_err()
            .to_string()
    }

    #[test]
    fn a_sound_description_is_taken() {
        let described = Description::check(raw(), Domain::Routing).unwrap();
        assert_eq!(described.name, "routing-nearest");
    }

    #[test]
    fn each_field_is_checked_and_named() {
        assert!(refused(|raw| raw.name = "Routing Nearest".into()).contains("returned name"));
        assert!(refused(|raw| raw.name = "a--b".into()).contains("returned name"));
        assert!(refused(|raw| raw.version = "1".into()).contains("returned version"));
        assert!(refused(|raw| raw.domain = "returns".into()).contains("returned domain"));
        assert!(refused(|raw| raw.parameter_schema = "[]".into()).contains("returned parameter-schema"));
        assert!(refused(|raw| raw.words = vec!["ok".into(), "not a word".into()]).contains("words[1]"));
        assert!(refused(|raw| raw.attribute_keys = vec!["k".into(); 201]).contains("at most 200, found 201"));
        assert!(
            refused(|raw| raw.reason_codes[0].template = "{colour}".into())
                .contains("reason-codes[0].template")
        );
    }

    #[test]
    fn two_words_with_one_number_are_refused() {
        // A known collision of 32-bit FNV-1a.
        assert_eq!(word("costarring"), word("liquid"));
        let message = refused(|raw| raw.words = vec!["costarring".into(), "liquid".into()]);
        assert!(message.contains("have the same number"), "{message}");
    }
}
