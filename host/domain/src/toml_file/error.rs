//! An error in a file, for the person who wrote it.

use std::fmt;
use std::ops::Range;

/// Something that is wrong at one place of a TOML file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{file}:{line}:{column}: {}expected {expected}, found {found}", field_prefix(.field))]
pub struct FileError {
    /// The file, as its reader named it.
    pub file: String,
    /// The line, from 1.
    pub line: u32,
    /// The column in characters, from 1.
    pub column: u32,
    /// The field, as a dotted path; empty for the whole file.
    pub field: String,
    /// What was expected.
    pub expected: String,
    /// What was found.
    pub found: String,
    /// What to do, where that can be said.
    pub help: Option<String>,
    /// The line's text, cut at 200 characters.
    pub source_line: String,
    /// How many characters are wrong, from `column` on; at least 1.
    pub width: u32,
}

fn field_prefix(field: &str) -> String {
    if field.is_empty() {
        String::new()
    } else {
        format!("{field}: ")
    }
}

impl FileError {
    /// Characters of a line that are shown.
    const SHOWN: usize = 200;

    /// An error that concerns the whole file.
    pub fn of_whole(file: &str, expected: impl Into<String>, found: impl Into<String>) -> Box<FileError> {
        FileError::at(file, "", String::new(), None, expected.into(), found.into())
    }

    pub(super) fn at(
        file: &str,
        text: &str,
        field: String,
        span: Option<Range<usize>>,
        expected: String,
        found: String,
    ) -> Box<FileError> {
        let span = span.unwrap_or(0..0);
        let before = text.get(..span.start).unwrap_or_default();
        let line_start = before.rfind('\n').map_or(0, |newline| newline.saturating_add(1));
        let source_line = text
            .get(line_start..)
            .unwrap_or_default()
            .lines()
            .next()
            .unwrap_or_default();
        let column = before.get(line_start..).unwrap_or_default().chars().count();
        // A range over several lines is marked on its first one only.
        let marked = text
            .get(span)
            .unwrap_or_default()
            .lines()
            .next()
            .unwrap_or_default()
            .chars()
            .count();
        Box::new(FileError {
            file: file.to_owned(),
            line: number(before.matches('\n').count().saturating_add(1)),
            column: number(column.saturating_add(1)),
            field,
            expected,
            found,
            help: None,
            source_line: source_line.chars().take(FileError::SHOWN).collect(),
            width: number(marked.max(1)),
        })
    }

    /// The same with what to do.
    pub fn with_help(mut self: Box<Self>, help: impl Into<String>) -> Box<FileError> {
        self.help = Some(help.into());
        self
    }

    /// Shows the error with the line and a caret under the place:
    ///
    /// ```text
    /// error: limits.fuel: expected a whole number from 100000 to 100000000000, found text "lots"
    ///   --> policies/a.toml:12:8
    ///    |
    /// 12 | fuel = "lots"
    ///    |        ^^^^^^
    ///    = help: ...
    /// ```
    pub fn with_caret(&self) -> WithCaret<'_> {
        WithCaret(self)
    }
}

fn number(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

/// Shows a [`FileError`] with its line and a caret.
pub struct WithCaret<'e>(&'e FileError);

impl fmt::Display for WithCaret<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let FileError {
            file,
            line,
            column,
            field,
            expected,
            found,
            help,
            source_line,
            width,
        } = self.0;
        let number = line.to_string();
        let gutter = " ".repeat(number.len());
        // Tabs stay tabs, so that the caret stands under the place whatever their width.
        let indent: String = source_line
            .chars()
            .take(column.saturating_sub(1) as usize)
            .map(|character| if character == '\t' { '\t' } else { ' ' })
            .collect();
        let shown = source_line
            .chars()
            .count()
            .saturating_sub(indent.chars().count())
            .max(1);
        let carets = "^".repeat((*width as usize).min(shown));
        writeln!(
            f,
            "error: {}expected {expected}, found {found}",
            field_prefix(field)
        )?;
        writeln!(f, "{gutter}--> {file}:{line}:{column}")?;
        writeln!(f, "{gutter} |")?;
        writeln!(f, "{number} | {source_line}")?;
        write!(f, "{gutter} | {indent}{carets}")?;
        match help {
            Some(help) => write!(f, "\n{gutter} = help: {help}"),
            None => Ok(()),
        }
    }
}

/// A message of serde or of the TOML reader, taken apart.
pub(super) struct Told {
    pub expected: String,
    pub found: String,
    /// The field that the message names beside the path: a missing or unknown one.
    pub field: Option<String>,
    pub help: Option<String>,
}

/// Takes a message apart. serde's wording is stable; of what is not recognised, the whole message is what
/// was found, and `fallback` what was expected.
pub(super) fn told(message: &str, fallback: &str) -> Told {
    let message = message.trim();
    if let Some(name) = between_backticks(message, "missing field ") {
        return Told {
            expected: format!("the field `{name}`"),
            found: "nothing".to_owned(),
            help: Some(format!("add `{name}`")),
            field: Some(name),
        };
    }
    if let Some(name) = between_backticks(message, "duplicate field ") {
        return Told {
            expected: "one value".to_owned(),
            found: "a second one".to_owned(),
            field: Some(name),
            help: None,
        };
    }
    for what in ["unknown field ", "unknown variant "] {
        if let Some(name) = between_backticks(message, what) {
            let known = message
                .split_once(", ")
                .map(|(_, known)| known)
                .unwrap_or_default();
            let known = known.trim_start_matches("expected ");
            let expected = if known.is_empty() {
                "no field here".to_owned()
            } else {
                known.to_owned()
            };
            let help = nearest(&name, known).map(|near| format!("did you mean `{near}`?"));
            let unknown_field = what == "unknown field ";
            return Told {
                expected,
                found: format!("`{name}`"),
                field: unknown_field.then_some(name),
                help,
            };
        }
    }
    for what in ["invalid type: ", "invalid value: ", "invalid length "] {
        if let Some((found, expected)) = message
            .strip_prefix(what)
            .and_then(|rest| rest.split_once(", expected "))
        {
            let found = if what == "invalid length " {
                format!("length {found}")
            } else {
                plain_found(found)
            };
            return Told {
                expected: plain(expected),
                found,
                field: None,
                help: None,
            };
        }
    }
    match message
        .split_once(", expected ")
        .or_else(|| message.split_once("; expected "))
    {
        Some((found, expected)) => Told {
            expected: expected.to_owned(),
            found: found.to_owned(),
            field: None,
            help: None,
        },
        None => Told {
            expected: fallback.to_owned(),
            found: message.to_owned(),
            field: None,
            help: None,
        },
    }
}

/// A Rust type in words.
fn plain(expected: &str) -> String {
    match expected {
        "u8" | "u16" | "u32" | "u64" | "usize" => "a whole number, 0 or more".to_owned(),
        "i8" | "i16" | "i32" | "i64" => "a whole number".to_owned(),
        "f32" | "f64" => "a number".to_owned(),
        "a boolean" => "true or false".to_owned(),
        "a sequence" => "a list".to_owned(),
        "a map" => "a table".to_owned(),
        "a string" => "a text".to_owned(),
        structure if structure.starts_with("struct ") => "a table".to_owned(),
        other => other.to_owned(),
    }
}

/// What serde calls a value, in words.
fn plain_found(found: &str) -> String {
    let value = ["integer ", "floating point ", "boolean "]
        .into_iter()
        .find_map(|kind| found.strip_prefix(kind));
    match (value, found) {
        (Some(value), _) => value.trim_matches('`').to_owned(),
        (None, "sequence") => "a list".to_owned(),
        (None, "map") => "a table".to_owned(),
        (None, "null" | "unit value") => "nothing".to_owned(),
        (None, other) => other.strip_prefix("string ").unwrap_or(other).to_owned(),
    }
}

fn between_backticks(message: &str, before: &str) -> Option<String> {
    let (name, _) = message.strip_prefix(before)?.strip_prefix('`')?.split_once('`')?;
    Some(name.to_owned())
}

/// The known name that is at most two letters away.
fn nearest(name: &str, known: &str) -> Option<String> {
    let names = known.split('`').skip(1).step_by(2);
    names
        .map(|known| (distance(name, known), known))
        .filter(|(distance, known)| *distance <= 2 && *distance < known.chars().count())
        .min()
        .map(|(_, known)| known.to_owned())
}

/// Levenshtein's edit distance.
fn distance(left: &str, right: &str) -> usize {
    let right: Vec<char> = right.chars().collect();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (line, left) in left.chars().enumerate() {
        let mut above_left = line;
        let mut beside = line.saturating_add(1);
        if let Some(first) = row.first_mut() {
            *first = beside;
        }
        for (cell, right) in row.iter_mut().skip(1).zip(&right) {
            let changed = above_left.saturating_add(usize::from(left != *right));
            above_left = *cell;
            beside = changed.min(beside.saturating_add(1)).min(cell.saturating_add(1));
            *cell = beside;
        }
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_edit_distance_counts_letters() {
        for (left, right, letters) in [
            ("fuel", "fuel", 0),
            ("ful", "fuel", 1),
            ("", "abc", 3),
            ("kitten", "sitting", 3),
            ("abc", "", 3),
        ] {
            assert_eq!(distance(left, right), letters, "{left} {right}");
        }
    }

    #[test]
    fn a_message_that_nobody_foresaw_is_kept_whole() {
        let told = told("the moon is full", "valid TOML");
        assert_eq!(
            (told.expected.as_str(), told.found.as_str()),
            ("valid TOML", "the moon is full")
        );
    }

    #[test]
    fn the_caret_stands_under_the_place_also_after_tabs_and_wide_letters() {
        let text = "a = 1\n\tñame = 7\n";
        let error = FileError::at(
            "f.toml",
            text,
            "ñame".to_owned(),
            Some(15..16),
            "a text".to_owned(),
            "7".to_owned(),
        );
        let shown = error.with_caret().to_string();
        let lines: Vec<&str> = shown.lines().collect();
        assert_eq!(lines[1], " --> f.toml:2:9");
        assert_eq!(lines[3], "2 | \tñame = 7");
        assert_eq!(lines[4], "  | \t       ^");
    }
}
