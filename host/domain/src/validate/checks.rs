//! The small checks that all requests are made of.

use std::fmt;

use crate::money::{MAX_INTEGER, Minor};
use crate::validate::bounds::Bounds;
use crate::validate::problems::Problems;
use crate::word::Word;

/// Collects problems against bounds. Paths are `format_args!`, so that a field in order costs no text.
pub(crate) struct Checks<'b> {
    pub bounds: &'b Bounds,
    pub problems: Problems,
}

impl<'b> Checks<'b> {
    pub fn new(bounds: &'b Bounds) -> Self {
        Checks {
            bounds,
            problems: Problems::default(),
        }
    }

    pub fn refuse(
        &mut self,
        path: fmt::Arguments<'_>,
        expected: fmt::Arguments<'_>,
        found: fmt::Arguments<'_>,
    ) {
        self.problems.push(path, expected, found);
    }

    /// An id: 1 to `id_chars` characters, none of them a control character.
    pub fn id(&mut self, path: fmt::Arguments<'_>, id: &str) {
        // Nearly every id is short ASCII, for which bytes are characters.
        let short = !id.is_empty() && id.len() <= self.bounds.id_chars;
        if short && id.bytes().all(|byte| (0x20..0x7f).contains(&byte)) {
            return;
        }
        let chars = id.chars().take(self.bounds.id_chars.saturating_add(1)).count();
        if chars == 0 || chars > self.bounds.id_chars || id.chars().any(char::is_control) {
            let max = self.bounds.id_chars;
            self.refuse(
                path,
                format_args!("an id of 1 to {max} printable characters"),
                format_args!("{}", quoted(id)),
            );
        }
    }

    pub fn optional_id(&mut self, path: fmt::Arguments<'_>, id: Option<&String>) {
        if let Some(id) = id {
            self.id(path, id);
        }
    }

    /// A text for people: at most `max` characters.
    pub fn text(&mut self, path: fmt::Arguments<'_>, text: &str, max: usize) {
        if text.len() > max && text.chars().count() > max {
            self.refuse(
                path,
                format_args!("at most {max} characters"),
                format_args!("{}", text.chars().count()),
            );
        }
    }

    /// A table: at most `max` rows.
    pub fn rows(&mut self, path: fmt::Arguments<'_>, rows: usize, max: usize) {
        if rows > max {
            self.refuse(path, format_args!("at most {max} rows"), format_args!("{rows}"));
        }
    }

    /// A number within `min..=max`.
    pub fn within(&mut self, path: fmt::Arguments<'_>, value: u32, min: u32, max: u32) {
        if !(min..=max).contains(&value) {
            self.refuse(
                path,
                format_args!("a whole number from {min} to {max}"),
                format_args!("{value}"),
            );
        }
    }

    /// A share in basis points, 0 to 10,000.
    pub fn share_bp(&mut self, path: fmt::Arguments<'_>, value: u32) {
        self.within(path, value, 0, 10_000);
    }

    /// An amount from 0 to 2^53 - 1.
    pub fn amount(&mut self, path: fmt::Arguments<'_>, value: Minor) {
        if !(0..=MAX_INTEGER).contains(&value) {
            self.refuse(
                path,
                format_args!("an amount from 0 to {MAX_INTEGER}"),
                format_args!("{value}"),
            );
        }
    }

    /// An amount within 2^53 - 1 on either side.
    pub fn signed_amount(&mut self, path: fmt::Arguments<'_>, value: Minor) {
        if !(-MAX_INTEGER..=MAX_INTEGER).contains(&value) {
            self.refuse(
                path,
                format_args!("an amount from -{MAX_INTEGER} to {MAX_INTEGER}"),
                format_args!("{value}"),
            );
        }
    }

    /// An ISO 3166-1 alpha-2 code.
    pub fn country(&mut self, path: fmt::Arguments<'_>, country: &Word) {
        if country.len() != 2 || !country.bytes().all(|byte| byte.is_ascii_uppercase()) {
            self.refuse(
                path,
                format_args!("an ISO 3166-1 alpha-2 code such as \"BR\""),
                format_args!("{country:?}"),
            );
        }
    }

    /// Latitude and longitude, both or neither.
    pub fn coordinates(&mut self, path: fmt::Arguments<'_>, lat: Option<f64>, lon: Option<f64>) {
        let good = match (lat, lon) {
            (None, None) => true,
            (Some(lat), Some(lon)) => (-90.0..=90.0).contains(&lat) && (-180.0..=180.0).contains(&lon),
            _ => false,
        };
        if !good {
            let shown =
                |value: Option<f64>| value.map_or_else(|| "none".to_owned(), |value| value.to_string());
            self.refuse(
                path,
                format_args!("lat from -90 to 90 with lon from -180 to 180, or neither"),
                format_args!("lat {} and lon {}", shown(lat), shown(lon)),
            );
        }
    }
}

/// A text as it is shown in a problem: quoted and cut.
pub(crate) fn quoted(text: &str) -> String {
    const SHOWN: usize = 60;
    if text.chars().count() > SHOWN {
        format!("{:?} and more", text.chars().take(SHOWN).collect::<String>())
    } else {
        format!("{text:?}")
    }
}
