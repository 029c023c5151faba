//! The canonical form of JSON (RFC 8785, JSON Canonicalization Scheme): one text for one value, so that a digest over it
//! means something.
//!
//! Whole numbers are bounded by 2^53 - 1, as everywhere in the API; RFC 8785 would round larger ones silently.

use std::fmt::Write as _;

use serde_json::{Number, Value};

use crate::money::MAX_INTEGER;

/// A value that has no canonical form.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected a number that canonical JSON can keep (whole numbers up to 2^53 - 1), found {0}")]
pub struct NotCanonical(pub String);

/// The canonical text of a value.
///
/// # Errors
/// [`NotCanonical`] for a whole number beyond 2^53 - 1.
pub fn to_string(value: &Value) -> Result<String, NotCanonical> {
    let mut text = String::new();
    write_value(&mut text, value)?;
    Ok(text)
}

fn write_value(text: &mut String, value: &Value) -> Result<(), NotCanonical> {
    match value {
        Value::Null => text.push_str("null"),
        Value::Bool(flag) => text.push_str(if *flag { "true" } else { "false" }),
        Value::Number(number) => write_number(text, number)?,
        Value::String(string) => write_string(text, string),
        Value::Array(items) => {
            text.push('[');
            for (place, item) in items.iter().enumerate() {
                if place > 0 {
                    text.push(',');
                }
                write_value(text, item)?;
            }
            text.push(']');
        }
        Value::Object(members) => {
            // RFC 8785 section 3.2.3: by UTF-16 code units, which differs from UTF-8 order beyond the BMP.
            let mut members: Vec<(&String, &Value)> = members.iter().collect();
            members.sort_by(|(left, _), (right, _)| left.encode_utf16().cmp(right.encode_utf16()));
            text.push('{');
            for (place, (name, member)) in members.into_iter().enumerate() {
                if place > 0 {
                    text.push(',');
                }
                write_string(text, name);
                text.push(':');
                write_value(text, member)?;
            }
            text.push('}');
        }
    }
    Ok(())
}

fn write_number(text: &mut String, number: &Number) -> Result<(), NotCanonical> {
    if let Some(whole) = number
        .as_i64()
        .filter(|whole| (-MAX_INTEGER..=MAX_INTEGER).contains(whole))
    {
        text.push_str(&whole.to_string());
        return Ok(());
    }
    match number.as_f64() {
        Some(float) if number.is_f64() => {
            text.push_str(&ecmascript_number(float));
            Ok(())
        }
        _ => Err(NotCanonical(number.to_string())),
    }
}

/// A finite number as ECMAScript prints it (ECMA-262, Number::toString, which RFC 8785 refers to).
fn ecmascript_number(float: f64) -> String {
    if float == 0.0 {
        return "0".to_owned();
    }
    // Rust's `{:e}` gives the shortest digits that read back as the same number, as ECMAScript does.
    let scientific = format!("{:e}", float.abs());
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let digits: String = mantissa.chars().filter(char::is_ascii_digit).collect();
    let exponent: i32 = exponent.parse().unwrap_or_default();
    let count = i32::try_from(digits.len()).unwrap_or(i32::MAX);
    // `point` digits stand before the decimal point.
    let point = exponent.saturating_add(1);
    let sign = if float < 0.0 { "-" } else { "" };
    let zeros = |zeros: i32| "0".repeat(usize::try_from(zeros).unwrap_or_default());
    let split = |at: i32| digits.split_at(usize::try_from(at).unwrap_or_default().min(digits.len()));
    if (1..=21).contains(&point) {
        if count <= point {
            return format!("{sign}{digits}{}", zeros(point.saturating_sub(count)));
        }
        let (whole, fraction) = split(point);
        return format!("{sign}{whole}.{fraction}");
    }
    if (-5..=0).contains(&point) {
        return format!("{sign}0.{}{digits}", zeros(point.saturating_neg()));
    }
    let exponent_sign = if exponent < 0 { '-' } else { '+' };
    let exponent = exponent.unsigned_abs();
    match split(1) {
        (first, "") => format!("{sign}{first}e{exponent_sign}{exponent}"),
        (first, rest) => format!("{sign}{first}.{rest}e{exponent_sign}{exponent}"),
    }
}

fn write_string(text: &mut String, string: &str) {
    text.push('"');
    for character in string.chars() {
        match character {
            '"' => text.push_str("\\\""),
            '\\' => text.push_str("\\\\"),
            '\u{8}' => text.push_str("\\b"),
            '\u{9}' => text.push_str("\\t"),
            '\u{a}' => text.push_str("\\n"),
            '\u{c}' => text.push_str("\\f"),
            '\u{d}' => text.push_str("\\r"),
            control if control < ' ' => {
                // Writing to a string cannot fail.
                let _ = write!(text, "\\u{:04x}", u32::from(control));
            }
            other => text.push(other),
        }
    }
    text.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_of_rfc_8785_comes_out_as_printed_there() {
        // Built, not read: serde_json reads floats fast and not always to the last bit.
        let value = serde_json::json!({
            "numbers": [333_333_333.333_333_3_f64, 1E30, 4.50, 2e-3, 0.000_000_000_000_000_000_000_000_001],
            "string": "\u{20ac}$\u{f}\u{a}A'\u{42}\u{22}\u{5c}\\\"/",
            "literals": [null, true, false],
        });
        let expected = r#"{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"string":"€$\u000f\nA'B\"\\\\\"/"}"#;
        assert_eq!(to_string(&value).unwrap(), expected);
    }

    #[test]
    fn members_are_sorted_by_utf_16_code_units() {
        // RFC 8785 section 3.2.3: the emoji (a surrogate pair) comes before U+FB33.
        let value = serde_json::json!({
            "\u{20ac}": "euro", "\r": "return", "\u{fb33}": "dalet", "1": "one", "\u{1f600}": "smile",
            "\u{80}": "control", "\u{f6}": "o",
        });
        let text = to_string(&value).unwrap();
        let places =
            ["return", "one", "control", "\"o\"", "euro", "smile", "dalet"].map(|name| text.find(name));
        assert!(places.is_sorted() && places[0].is_some(), "{text}");
    }

    #[test]
    fn numbers_are_printed_as_ecmascript_does() {
        // RFC 8785 appendix B.
        for (bits, text) in [
            (0x0000_0000_0000_0000, "0"),
            (0x8000_0000_0000_0000, "0"),
            (0x0000_0000_0000_0001, "5e-324"),
            (0x7fef_ffff_ffff_ffff, "1.7976931348623157e+308"),
            (0x4340_0000_0000_0000, "9007199254740992"),
            (0x4430_0000_0000_0000, "295147905179352830000"),
            (0x44b5_2d02_c7e1_4af5, "9.999999999999997e+22"),
            (0x44b5_2d02_c7e1_4af6, "1e+23"),
            (0x444b_1ae4_d6e2_ef4e, "999999999999999700000"),
            (0x444b_1ae4_d6e2_ef50, "1e+21"),
            (0x3eb0_c6f7_a0b5_ed8c, "9.999999999999997e-7"),
            (0x3eb0_c6f7_a0b5_ed8d, "0.000001"),
            (0x41b3_de43_5555_5553, "333333333.3333332"),
            (0xbecb_f647_612f_3696, "-0.0000033333333333333333"),
        ] {
            assert_eq!(ecmascript_number(f64::from_bits(bits)), text);
        }
    }

    #[test]
    fn a_whole_number_that_would_be_rounded_is_refused() {
        assert!(to_string(&serde_json::json!(MAX_INTEGER)).is_ok());
        assert!(to_string(&serde_json::json!(MAX_INTEGER + 1)).is_err());
        assert!(to_string(&serde_json::json!(u64::MAX)).is_err());
    }
}
