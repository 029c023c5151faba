//! Figures of gates in words.

/// Minor units in whole ones: every currency that the contract knows is shown with two decimals here.
pub(super) fn money(minor: f64) -> String {
    format!("{:.2}", minor / 100.0)
}

/// An amount that is more or less than another.
pub(super) fn signed_money(minor: f64) -> String {
    let word = if minor > 0.0 { "more" } else { "less" };
    format!("{} {word}", money(minor.abs()))
}

/// An amount of a year, in whole money.
pub(super) fn money_a_year(minor: f64) -> String {
    let word = if minor > 0.0 { "more" } else { "less" };
    format!("{:.0} {word}", minor.abs() / 100.0)
}

/// `20` of an error rate of 5 %.
pub(super) fn one_in(alpha: f64) -> String {
    format!("{:.0}", 1.0 / alpha)
}
