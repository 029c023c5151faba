//! Amounts as people read them.

use signalbox_domain::money::Currency;

/// Above this many minor units an amount is told without its decimals.
const WHOLE_FROM: f64 = 10_000_000.0;

/// How amounts are written.
#[derive(Clone, Copy, Debug, Default)]
pub struct Money {
    /// The currency, where it is known; amounts are then in its minor units.
    pub currency: Option<Currency>,
}

impl Money {
    /// An amount without its sign, such as `1,234.56 BRL`.
    pub fn amount(&self, minor: f64) -> String {
        let number = self.with_digits(minor.abs(), if minor.abs() < 1.0 && minor != 0.0 { 2 } else { 0 });
        match self.currency {
            Some(currency) => format!("{number} {currency}"),
            None => number,
        }
    }

    /// An amount with its sign, for columns of differences.
    pub fn signed(&self, minor: f64) -> String {
        let number = self.number(minor.abs());
        let is_zero = number.chars().all(|digit| matches!(digit, '0' | '.' | ','));
        match (is_zero, minor < 0.0) {
            (true, _) => number,
            (_, true) => format!("\u{2212}{number}"),
            (_, false) => format!("+{number}"),
        }
    }

    /// A number without its currency, for columns whose heading names it.
    pub fn number(&self, minor: f64) -> String {
        self.with_digits(minor, 0)
    }

    /// With so many digits more than the currency has: an amount by itself below one minor unit would read as nothing.
    fn with_digits(&self, minor: f64, more: usize) -> String {
        let digits = self.currency.map_or(2, digits);
        let major = minor / 10f64.powi(i32::try_from(digits).unwrap_or_default());
        let digits = match minor.abs() >= WHOLE_FROM {
            true => 0,
            false => digits.saturating_add(more),
        };
        grouped(&format!("{major:.digits$}"))
    }

    /// A difference in words: `1.20 BRL less`.
    pub fn difference(&self, minor: f64) -> String {
        match minor {
            0.0 => "the same".to_owned(),
            less if less < 0.0 => format!("{} less", self.amount(less)),
            more => format!("{} more", self.amount(more)),
        }
    }

    /// Where a difference lies, in words.
    pub fn range(&self, [low, high]: [f64; 2]) -> String {
        if high <= 0.0 {
            return format!("between {} and {} less", self.number(-high), self.amount(low));
        }
        if low >= 0.0 {
            return format!("between {} and {} more", self.number(low), self.amount(high));
        }
        format!("between {} less and {} more", self.amount(low), self.amount(high))
    }

    /// What amounts in a column are in.
    pub fn unit(&self) -> String {
        self.currency
            .map_or_else(|| "amount".to_owned(), |currency| currency.to_string())
    }
}

/// Digits after the point, by ISO 4217.
fn digits(currency: Currency) -> usize {
    match currency.as_str() {
        "BIF" | "CLP" | "DJF" | "GNF" | "ISK" | "JPY" | "KMF" | "KRW" | "PYG" | "RWF" | "UGX" | "VND"
        | "VUV" | "XAF" | "XOF" | "XPF" => 0,
        "BHD" | "IQD" | "JOD" | "KWD" | "LYD" | "OMR" | "TND" => 3,
        _ => 2,
    }
}

/// A whole number with its thousands apart.
pub(super) fn count(number: u64) -> String {
    grouped(&number.to_string())
}

fn grouped(number: &str) -> String {
    let (sign, number) = match number.strip_prefix('-') {
        Some(rest) => ("\u{2212}", rest),
        None => ("", number),
    };
    let (whole, rest) = number
        .split_once('.')
        .map_or((number, None), |(whole, rest)| (whole, Some(rest)));
    let mut text = sign.to_owned();
    for (place, digit) in whole.chars().enumerate() {
        if place > 0 && whole.len().saturating_sub(place) % 3 == 0 {
            text.push(',');
        }
        text.push(digit);
    }
    if let Some(rest) = rest {
        text.push('.');
        text.push_str(rest);
    }
    text
}

/// A share in percent.
pub(super) fn percent(share: f64) -> String {
    format!("{:.2} %", share * 100.0)
}

/// A difference of shares in percentage points.
pub(super) fn points(difference: f64) -> String {
    let text = format!("{:.2}", (difference * 100.0).abs());
    match (text == "0.00", difference < 0.0) {
        (true, _) => text,
        (_, true) => format!("\u{2212}{text}"),
        (_, false) => format!("+{text}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_read_as_people_write_them() {
        let reais = Money {
            currency: Currency::new("BRL"),
        };
        let yen = Money {
            currency: Currency::new("JPY"),
        };
        assert_eq!(reais.amount(-123_456.0), "1,234.56 BRL");
        assert_eq!(reais.amount(0.25), "0.0025 BRL");
        assert_eq!(reais.amount(1_234_567_890.0), "12,345,679 BRL");
        assert_eq!(yen.amount(1_234.0), "1,234 JPY");
        assert_eq!(Money::default().signed(-5.0), "\u{2212}0.05");
        assert_eq!(count(1_000), "1,000");
    }

    #[test]
    fn a_range_says_which_way_it_goes() {
        let reais = Money {
            currency: Currency::new("BRL"),
        };
        assert_eq!(reais.range([-50.0, -20.0]), "between 0.20 and 0.50 BRL less");
        assert_eq!(reais.range([20.0, 50.0]), "between 0.20 and 0.50 BRL more");
        assert_eq!(
            reais.range([-20.0, 50.0]),
            "between 0.20 BRL less and 0.50 BRL more"
        );
    }
}
