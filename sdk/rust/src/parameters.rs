//! Parameters: from JSON to a typed value, and their schema.

use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde::de::DeserializeOwned;

use crate::errors::Problems;

/// Reads parameters from a JSON object; the path of a problem names the field.
///
/// # Errors
/// What the type refuses: an unknown field (when it says `deny_unknown_fields`), a missing one, a wrong type.
pub fn parse<T: DeserializeOwned>(json: &str) -> Result<T, Problems> {
    let mut reader = serde_json::Deserializer::from_str(json);
    let value = serde_path_to_error::deserialize(&mut reader).map_err(|problem| {
        let path = problem.path().to_string();
        let path = if path == "." { String::new() } else { path };
        Problems::one(path, without_position(&problem.into_inner()))
    })?;
    reader
        .end()
        .map_err(|problem| Problems::one("", without_position(&problem)))?;
    Ok(value)
}

/// serde_json ends its message with a place in the JSON text, which the author, who wrote TOML, never saw.
fn without_position(problem: &serde_json::Error) -> String {
    let message = problem.to_string();
    match message.rfind(" at line ") {
        Some(end) if problem.line() > 0 => message.get(..end).unwrap_or(&message).to_owned(),
        _ => message,
    }
}

/// The JSON Schema (2020-12) of a parameter type. Field documentation becomes descriptions.
pub fn schema<T: JsonSchema>() -> String {
    SchemaSettings::draft2020_12()
        .into_generator()
        .into_root_schema_for::<T>()
        .as_value()
        .to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;

    #[derive(Debug, Deserialize, JsonSchema)]
    #[serde(deny_unknown_fields, default)]
    struct Parameters {
        /// Weight of a late day.
        lateness: u32,
        rules: Vec<Rule>,
    }

    impl Default for Parameters {
        fn default() -> Self {
            Parameters {
                lateness: 7,
                rules: Vec::new(),
            }
        }
    }

    #[derive(Debug, Deserialize, JsonSchema)]
    #[serde(deny_unknown_fields)]
    struct Rule {
        #[allow(dead_code, reason = "only its refusal matters")]
        grade: String,
    }

    fn problem(json: &str) -> (String, String) {
        let problems = parse::<Parameters>(json).unwrap_err();
        let first = problems.as_slice()[0].clone();
        (first.path, first.message)
    }

    #[test]
    fn an_empty_object_gives_the_defaults() {
        assert_eq!(parse::<Parameters>("{}").unwrap().lateness, 7);
    }

    #[test]
    fn a_wrong_type_names_its_field_and_no_position() {
        let (path, message) = problem(r#"{"rules":[{"grade":"A"},{"grade":5}]}"#);
        assert_eq!(path, "rules[1].grade");
        assert_eq!(message, "invalid type: integer `5`, expected a string");
    }

    #[test]
    fn an_unknown_field_is_refused_with_the_valid_ones() {
        let (path, message) = problem(r#"{"latness":5}"#);
        assert_eq!(path, "latness");
        assert_eq!(message, "unknown field `latness`, expected `lateness` or `rules`");
    }

    #[test]
    fn text_after_the_object_is_refused() {
        assert_eq!(problem("{} x").1, "trailing characters");
    }

    #[test]
    fn the_schema_has_descriptions_defaults_and_refuses_other_fields() {
        let schema: serde_json::Value = serde_json::from_str(&schema::<Parameters>()).unwrap();
        assert_eq!(
            schema["properties"]["lateness"]["description"],
            "Weight of a late day."
        );
        assert_eq!(schema["properties"]["lateness"]["minimum"], 0);
        assert_eq!(schema["additionalProperties"], false);
    }
}
