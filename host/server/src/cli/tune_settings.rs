//! Settings of a policy: what varies, the grid that it makes, and each of them as a policy file.

use std::str::FromStr;

use semver::Version;
use toml_edit::{DocumentMut, Item, Table, Value};

/// Settings of one grid.
pub(super) const SETTINGS_MAX: usize = 64;

/// A parameter and its values.
#[derive(Clone, Debug)]
pub(super) struct Vary {
    /// Its path below `[parameters]`.
    pub path: Vec<String>,
    /// Its values.
    pub values: Vec<Value>,
}

impl Vary {
    pub(super) fn name(&self) -> String {
        self.path.join(".")
    }
}

impl FromStr for Vary {
    type Err = String;

    fn from_str(text: &str) -> Result<Vary, String> {
        let wrong = || {
            format!(
                "expected a parameter with values, such as weights.lateness=200..800:4 or weights.split=50,100, with 1 to \
                 {SETTINGS_MAX} values, found `{text}`"
            )
        };
        let (path, values) = text.split_once('=').ok_or_else(wrong)?;
        let path: Vec<String> = path.trim().split('.').map(str::to_owned).collect();
        let values = match range(values) {
            Some(values) => values,
            None => values
                .split(',')
                .map(|value| value.trim().parse::<Value>().ok())
                .collect::<Option<Vec<Value>>>()
                .ok_or_else(wrong)?,
        };
        let fits = (1..=SETTINGS_MAX).contains(&values.len()) && path.iter().all(|part| !part.is_empty());
        fits.then_some(Vary { path, values }).ok_or_else(wrong)
    }
}

/// `200..800:4`: so many values, evenly spaced with both ends; whole numbers stay whole, rounded.
fn range(text: &str) -> Option<Vec<Value>> {
    let (from, rest) = text.split_once("..")?;
    let (to, count) = rest.split_once(':')?;
    let count: u32 = count
        .trim()
        .parse()
        .ok()
        .filter(|count| (2..=SETTINGS_MAX as u32).contains(count))?;
    let whole = |text: &str| text.trim().parse::<i64>().ok();
    let (low, high): (f64, f64) = (from.trim().parse().ok()?, to.trim().parse().ok()?);
    if !low.is_finite() || !high.is_finite() || low >= high {
        return None;
    }
    let are_whole = whole(from).is_some() && whole(to).is_some();
    let value = |step: u32| {
        let value = low + (high - low) * f64::from(step) / f64::from(count.saturating_sub(1).max(1));
        match are_whole {
            true => Value::from(value.round() as i64),
            false => Value::from(value),
        }
    };
    Some((0..count).map(value).collect())
}

/// Every combination of values, the last parameter changing fastest.
///
/// # Errors
/// When there are too many, in words.
pub(super) fn grid(vary: &[Vary]) -> Result<Vec<Vec<Value>>, String> {
    let count = vary
        .iter()
        .fold(1usize, |count, vary| count.saturating_mul(vary.values.len()));
    if count > SETTINGS_MAX {
        return Err(format!(
            "expected at most {SETTINGS_MAX} settings, found {count}: try fewer values at a time"
        ));
    }
    let mut settings = vec![Vec::new()];
    for vary in vary {
        settings = settings
            .iter()
            .flat_map(|before| {
                vary.values.iter().map(move |value| {
                    let mut setting = before.clone();
                    setting.push(value.clone());
                    setting
                })
            })
            .collect();
    }
    Ok(settings)
}

/// The policy file with these values and this version; comments and order stay.
///
/// # Errors
/// When a parameter's place is taken by something else, in words.
pub(super) fn written(
    text: &str,
    vary: &[Vary],
    setting: &[Value],
    version: &Version,
) -> Result<String, String> {
    let mut document: DocumentMut = text
        .parse()
        .map_err(|problem| format!("it is no TOML: {problem}"))?;
    set(
        &mut document,
        &["policy", "version"],
        Value::from(version.to_string()),
    )?;
    for (vary, value) in vary.iter().zip(setting) {
        let path: Vec<&str> = std::iter::once("parameters")
            .chain(vary.path.iter().map(String::as_str))
            .collect();
        set(&mut document, &path, value.clone())?;
    }
    Ok(document.to_string())
}

fn set(document: &mut DocumentMut, path: &[&str], mut value: Value) -> Result<(), String> {
    let Some((last, tables)) = path.split_last() else {
        return Ok(());
    };
    let mut at: &mut dyn toml_edit::TableLike = document.as_table_mut();
    for (depth, part) in tables.iter().enumerate() {
        let next = at.entry(part).or_insert_with(|| {
            let mut table = Table::new();
            table.set_implicit(true);
            Item::Table(table)
        });
        at = next.as_table_like_mut().ok_or_else(|| {
            let place = path.get(..=depth).unwrap_or_default().join(".");
            format!("{}: expected a table at {place}, found a value", path.join("."))
        })?;
    }
    if let Some(before) = at.get(last).and_then(Item::as_value) {
        *value.decor_mut() = before.decor().clone();
    }
    if at.get(last).is_some_and(|item| item.as_value().is_none()) {
        return Err(format!(
            "{}: expected a single value, found a table",
            path.join(".")
        ));
    }
    at.insert(last, Item::Value(value));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> Vec<String> {
        let vary: Vary = text.parse().unwrap();
        vary.values
            .iter()
            .map(|value| value.to_string().trim().to_owned())
            .collect()
    }

    #[test]
    fn values_are_a_range_or_a_list() {
        assert_eq!(shown("weights.lateness=200..800:4"), ["200", "400", "600", "800"]);
        assert_eq!(shown("a=0..10:4"), ["0", "3", "7", "10"]);
        assert_eq!(shown("a=0.5..1.0:2"), ["0.5", "1.0"]);
        assert_eq!(shown("a=200, 400"), ["200", "400"]);
        assert_eq!(shown("a=true,\"x\""), ["true", "\"x\""]);
        for text in [
            "a",
            "a=",
            "=1",
            "a.=1",
            "a=5..1:3",
            "a=1..5:1",
            "a=1..5:65",
            "a=1..inf:3",
        ] {
            assert!(text.parse::<Vary>().is_err(), "{text}");
        }
    }

    #[test]
    fn several_parameters_make_a_grid_that_is_bounded() {
        let vary: Vec<Vary> = ["a=1,2", "b=1..3:3"]
            .iter()
            .map(|text| text.parse().unwrap())
            .collect();
        let grid = super::grid(&vary).unwrap();
        let shown: Vec<String> = grid
            .iter()
            .map(|setting| setting.iter().map(|value| value.to_string()).collect::<String>())
            .collect();
        assert_eq!(shown, ["11", "12", "13", "21", "22", "23"]);
        let vary: Vec<Vary> = ["a=1..9:9", "b=1..8:8"]
            .iter()
            .map(|text| text.parse().unwrap())
            .collect();
        assert!(super::grid(&vary).unwrap_err().contains("found 72"));
    }

    #[test]
    fn a_setting_is_written_into_the_file_and_the_rest_stays() {
        let text = "[policy]\nname = \"p\"\nversion = \"1.0.0\" # the first\n\n[parameters.weights]\nlate = 1   # days\n";
        let vary: Vec<Vary> = ["weights.late=7", "limits.steps=3"]
            .iter()
            .map(|text| text.parse().unwrap())
            .collect();
        let setting: Vec<Value> = vec![Value::from(7), Value::from(3)];
        let written = super::written(text, &vary, &setting, &Version::new(1, 1, 0)).unwrap();
        assert!(written.contains("version = \"1.1.0\" # the first"), "{written}");
        assert!(written.contains("late = 7   # days"), "{written}");
        assert!(written.contains("[parameters.limits]\nsteps = 3"), "{written}");
        let taken: Vary = "weights=1".parse().unwrap();
        assert!(super::written(text, &[taken], &[Value::from(1)], &Version::new(1, 1, 0)).is_err());
    }
}
