//! Reasons for people: a plugin's sentence with the numbers and names of one decision.

use std::fmt::Write as _;

use signalbox_domain::Timestamp;
use signalbox_domain::money::Currency;

/// A sentence with places for a subject and two numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    parts: Vec<Part>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Text(String),
    Subject,
    Number(Which, Unit),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Which {
    A,
    B,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Unit {
    Plain,
    Money,
    Metres,
    BasisPoints,
    Time,
}

/// A template that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TemplateError {
    /// Too long.
    #[error("expected at most {TEMPLATE_CHARS_MAX} characters, found {0}")]
    TooLong(usize),
    /// A brace without its partner.
    #[error("expected a `}}` after each `{{`, found none after {0:?}")]
    Unclosed(String),
    /// A place that no template has.
    #[error(
        "expected {{subject}}, {{a}} or {{b}}, or a number with a unit such as {{a:money}}, {{a:m}}, {{a:bp}}, {{a:time}}; found {{{0}}}"
    )]
    UnknownPlace(String),
}

const TEMPLATE_CHARS_MAX: usize = 500;
/// The longest rendered reason, in characters.
const TEXT_CHARS_MAX: usize = 500;

/// What fills the places of a template.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Filling<'a> {
    pub(crate) subject: &'a str,
    pub(crate) a: i64,
    pub(crate) b: i64,
    pub(crate) currency: Currency,
}

impl Template {
    /// Reads a template.
    ///
    /// # Errors
    /// [`TemplateError`].
    pub fn parse(text: &str) -> Result<Template, TemplateError> {
        let length = text.chars().count();
        if length > TEMPLATE_CHARS_MAX {
            return Err(TemplateError::TooLong(length));
        }
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('{') {
            if !before.is_empty() {
                parts.push(Part::Text(before.to_owned()));
            }
            let (place, after) = after
                .split_once('}')
                .ok_or_else(|| TemplateError::Unclosed(after.chars().take(40).collect()))?;
            parts.push(Part::parse(place)?);
            rest = after;
        }
        if !rest.is_empty() {
            parts.push(Part::Text(rest.to_owned()));
        }
        Ok(Template { parts })
    }

    pub(crate) fn render(&self, filling: &Filling<'_>) -> String {
        let mut text = String::new();
        for part in &self.parts {
            match part {
                Part::Text(fixed) => text.push_str(fixed),
                Part::Subject => text.push_str(filling.subject),
                Part::Number(which, unit) => {
                    let number = match which {
                        Which::A => filling.a,
                        Which::B => filling.b,
                    };
                    unit.write(&mut text, number, filling.currency);
                }
            }
        }
        match text.char_indices().nth(TEXT_CHARS_MAX) {
            Some((cut, _)) => text.get(..cut).unwrap_or_default().to_owned(),
            None => text,
        }
    }
}

impl Part {
    fn parse(place: &str) -> Result<Part, TemplateError> {
        let unknown = || TemplateError::UnknownPlace(place.chars().take(40).collect());
        if place == "subject" {
            return Ok(Part::Subject);
        }
        let (name, unit) = place.split_once(':').unwrap_or((place, ""));
        let which = match name {
            "a" => Which::A,
            "b" => Which::B,
            _ => return Err(unknown()),
        };
        let unit = match unit {
            "" => Unit::Plain,
            "money" => Unit::Money,
            "m" => Unit::Metres,
            "bp" => Unit::BasisPoints,
            "time" => Unit::Time,
            _ => return Err(unknown()),
        };
        Ok(Part::Number(which, unit))
    }
}

impl Unit {
    fn write(self, text: &mut String, number: i64, currency: Currency) {
        // Writing to a String does not fail.
        let _written = match self {
            Unit::Plain => write!(text, "{number}"),
            Unit::Money => {
                fixed_point(text, number, minor_digits(currency));
                write!(text, " {currency}")
            }
            Unit::Metres if number.unsigned_abs() < 1_000 => write!(text, "{number} m"),
            Unit::Metres => {
                // Rounded to 100 m: a person does not read more.
                fixed_point(text, number.saturating_add(50 * number.signum()) / 100, 1);
                write!(text, " km")
            }
            Unit::BasisPoints => {
                fixed_point(text, number, 2);
                write!(text, " %")
            }
            Unit::Time => write!(text, "{}", Timestamp(number)),
        };
    }
}

/// A number of `10^-digits`.
fn fixed_point(text: &mut String, number: i64, digits: u32) {
    let magnitude = number.unsigned_abs();
    let unit = 10_u64.saturating_pow(digits);
    let sign = if number < 0 { "-" } else { "" };
    let _written = match digits {
        0 => write!(text, "{sign}{magnitude}"),
        _ => write!(
            text,
            "{sign}{}.{:0width$}",
            magnitude / unit,
            magnitude % unit,
            width = digits as usize
        ),
    };
}

/// Digits after the point: ISO 4217 table A.1, the currencies in use whose minor unit is not a hundredth.
fn minor_digits(currency: Currency) -> u32 {
    match currency.as_str() {
        "BIF" | "CLP" | "DJF" | "GNF" | "ISK" | "JPY" | "KMF" | "KRW" | "PYG" | "RWF" | "UGX" | "UYI"
        | "VND" | "VUV" | "XAF" | "XOF" | "XPF" => 0,
        "BHD" | "IQD" | "JOD" | "KWD" | "LYD" | "OMR" | "TND" => 3,
        _ => 2,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn render(template: &str, a: i64, b: i64, currency: &str) -> String {
        let currency = Currency::new(currency).unwrap();
        Template::parse(template).unwrap().render(&Filling {
            subject: "DC-1",
            a,
            b,
            currency,
        })
    }

    #[test]
    fn places_are_filled_with_units() {
        assert_eq!(render("{subject}: {a} of {b}", 3, -4, "EUR"), "DC-1: 3 of -4");
        assert_eq!(
            render("{a:money}, {b:money}", 1_234, -5, "EUR"),
            "12.34 EUR, -0.05 EUR"
        );
        assert_eq!(render("{a:money}", 1_234, 0, "JPY"), "1234 JPY");
        assert_eq!(render("{a:money}", 1_234, 0, "KWD"), "1.234 KWD");
        assert_eq!(render("{a:m}, {b:m}", 999, 12_345, "EUR"), "999 m, 12.3 km");
        assert_eq!(render("{a:bp}", 9_550, 0, "EUR"), "95.50 %");
        assert_eq!(render("{a:time}", 0, 0, "EUR"), "1970-01-01T00:00:00.000Z");
        assert_eq!(
            render("{a:money}{b:m}", i64::MIN, i64::MIN, "EUR"),
            "-92233720368547758.08 EUR-9223372036854775.8 km"
        );
    }

    #[test]
    fn an_unknown_place_is_named_with_those_there_are() {
        let message = Template::parse("x {c}").unwrap_err().to_string();
        assert!(
            message.contains("{a:money}") && message.ends_with("found {c}"),
            "{message}"
        );
        assert!(matches!(
            Template::parse("{a:parsec}"),
            Err(TemplateError::UnknownPlace(_))
        ));
        assert!(matches!(Template::parse("{a"), Err(TemplateError::Unclosed(_))));
        assert_eq!(
            Template::parse(&"x".repeat(501)),
            Err(TemplateError::TooLong(501))
        );
    }

    #[test]
    fn a_rendered_reason_is_bounded() {
        let long = "y".repeat(TEXT_CHARS_MAX * 2);
        let currency = Currency::new("EUR").unwrap();
        let text = Template::parse("{subject}").unwrap().render(&Filling {
            subject: &long,
            a: 0,
            b: 0,
            currency,
        });
        assert_eq!(text.len(), TEXT_CHARS_MAX);
    }
}
