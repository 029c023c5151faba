//! TOML files that people write, with errors that point at the place: file, line, column, field, what was expected, what
//! was found.

mod error;
mod spans;

use serde::de::DeserializeOwned;
use serde_json::Value;
use toml::de::{DeTable, DeValue};

pub use error::FileError;
use error::{Told, told};
use spans::Spans;

/// A TOML document that knows where its fields stand.
#[derive(Clone, Debug)]
pub struct TomlFile {
    file: String,
    text: String,
    spans: Spans,
    json: Value,
}

impl TomlFile {
    /// The largest file, in bytes.
    pub const MAX_BYTES: usize = 1 << 20;

    /// Reads TOML. `file` is the name that errors show.
    ///
    /// # Errors
    /// [`FileError`] when it is no TOML, larger than [`TomlFile::MAX_BYTES`], or has a number without a canonical form (a
    /// whole number beyond 2^53 - 1, an infinity, a NaN).
    pub fn parse(file: &str, text: &str) -> Result<TomlFile, Box<FileError>> {
        if text.len() > TomlFile::MAX_BYTES {
            let expected = format!("at most {} bytes", TomlFile::MAX_BYTES);
            return Err(FileError::of_whole(
                file,
                expected,
                format!("{} bytes", text.len()),
            ));
        }
        let table = DeTable::parse(text).map_err(|error| {
            let span = error.span();
            if error.message() == "duplicate key" {
                let key = span
                    .clone()
                    .and_then(|span| text.get(span))
                    .unwrap_or_default()
                    .to_owned();
                return FileError::at(
                    file,
                    text,
                    key,
                    span,
                    "each key once".to_owned(),
                    "it again".to_owned(),
                );
            }
            let Told { expected, found, .. } = told(error.message(), "valid TOML");
            FileError::at(file, text, String::new(), span, expected, found)
        })?;
        let mut document = TomlFile {
            file: file.to_owned(),
            text: text.to_owned(),
            spans: Spans::default(),
            json: Value::Null,
        };
        let whole = table.span();
        document.spans.note(String::new(), whole.clone(), whole);
        document.json = document.convert_table("", table.get_ref())?;
        Ok(document)
    }

    /// The name that errors show.
    pub fn file(&self) -> &str {
        &self.file
    }

    /// The document as JSON; dates are texts.
    pub fn json(&self) -> &Value {
        &self.json
    }

    /// The document as a value of type `T`.
    ///
    /// # Errors
    /// [`FileError`] at the field that does not fit.
    pub fn read<T: DeserializeOwned>(&self) -> Result<T, Box<FileError>> {
        serde_path_to_error::deserialize(self.json.clone()).map_err(|error| {
            let path = error.path().to_string();
            let path = if path == "." { String::new() } else { path };
            let told = told(&error.inner().to_string(), "a value that can be read");
            let field = match &told.field {
                // serde names a missing field in its message and the table in the path.
                Some(field) if !path.ends_with(field.as_str()) => join(&path, field),
                _ => path,
            };
            let mut problem = self.problem(&field, told.expected, told.found);
            problem.help = told.help;
            problem
        })
    }

    /// An error at the field, or at the nearest table around it that is in the file.
    pub fn problem(
        &self,
        field: &str,
        expected: impl Into<String>,
        found: impl Into<String>,
    ) -> Box<FileError> {
        let span = self.spans.nearest(field);
        FileError::at(
            &self.file,
            &self.text,
            field.to_owned(),
            span,
            expected.into(),
            found.into(),
        )
    }

    /// Whether the field is in the file.
    pub fn has(&self, field: &str) -> bool {
        self.spans.has(field)
    }

    fn convert_table(&mut self, path: &str, table: &DeTable<'_>) -> Result<Value, Box<FileError>> {
        let mut members = serde_json::Map::with_capacity(table.len());
        for (key, value) in table {
            let name = key.get_ref().to_string();
            let path = join(path, &name);
            self.spans.note(path.clone(), key.span(), value.span());
            members.insert(name, self.convert(&path, value.get_ref())?);
        }
        Ok(Value::Object(members))
    }

    fn convert(&mut self, path: &str, value: &DeValue<'_>) -> Result<Value, Box<FileError>> {
        let number = |parsed: Option<serde_json::Number>, text: &str| {
            let keeps = parsed
                .map(Value::Number)
                .filter(|number| crate::canonical::to_string(number).is_ok());
            let expected = "a finite number, whole ones up to 2^53 - 1";
            keeps.ok_or_else(|| self.problem(path, expected, text))
        };
        match value {
            DeValue::String(text) => Ok(Value::String(text.to_string())),
            DeValue::Boolean(flag) => Ok(Value::Bool(*flag)),
            DeValue::Datetime(instant) => Ok(Value::String(instant.to_string())),
            DeValue::Integer(whole) => {
                let parsed = i64::from_str_radix(whole.as_str(), whole.radix()).ok();
                number(parsed.map(serde_json::Number::from), whole.as_str())
            }
            DeValue::Float(float) => {
                let parsed = float.as_str().parse().ok().and_then(serde_json::Number::from_f64);
                number(parsed, float.as_str())
            }
            DeValue::Array(items) => {
                let mut converted = Vec::with_capacity(items.len());
                for (place, item) in items.iter().enumerate() {
                    let path = format!("{path}[{place}]");
                    self.spans.note(path.clone(), item.span(), item.span());
                    converted.push(self.convert(&path, item.get_ref())?);
                }
                Ok(Value::Array(converted))
            }
            DeValue::Table(table) => self.convert_table(path, table),
        }
    }
}

/// A field's path: the table's and the name, with a dot between.
fn join(table: &str, name: &str) -> String {
    if table.is_empty() {
        name.to_owned()
    } else {
        format!("{table}.{name}")
    }
}

/// Reads a semantic version, with an error that says what one looks like.
///
/// # Errors
/// The deserializer's, when it is none.
pub fn version<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<semver::Version, D::Error> {
    use serde::de::{Error, Unexpected};
    let text = <String as serde::Deserialize>::deserialize(deserializer)?;
    semver::Version::parse(&text)
        .map_err(|_| D::Error::invalid_value(Unexpected::Str(&text), &"a semantic version such as \"1.2.0\""))
}

/// [`version`] for a field that may be left out (with `#[serde(default)]`).
///
/// # Errors
/// The deserializer's, when it is none.
pub fn optional_version<'de, D: serde::Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<semver::Version>, D::Error> {
    version(deserializer).map(Some)
}
