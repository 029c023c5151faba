//! What the reference returns policies share: which of the offered options a unit may take, what an option brings,
//! and when a person has to look.
//!
//! The rules are those of the host's invariants, taken strictly where an invariant leaves room, so that a decision that
//! keeps them is never refused.

mod constraint;
mod forbidden;
pub mod referral;
#[cfg(feature = "testing")]
pub mod testing;

pub use constraint::{FORBIDDEN, WORDS, ruled_out};
pub use forbidden::{Forbidden, ForbiddenRule, WORD_EXPECTED, is_word, words};
pub use referral::{Desks, Referral, decide_referral};

use signalbox_plugin::returns::{DispositionClass, DispositionOption};

/// What an option brings on expectation: proceeds less handling and transport, in minor units. Saturates.
pub fn expected_recovery(option: &DispositionOption<'_>) -> i64 {
    let costs = i128::from(option.handling()) + i128::from(option.transport());
    to_money(i128::from(option.proceeds()) - costs)
}

/// The nearest amount of money to an exact figure.
pub fn to_money(exact: i128) -> i64 {
    i64::try_from(exact).unwrap_or(if exact < 0 { i64::MIN } else { i64::MAX })
}

/// The row with the highest `value`, the first of them on a tie.
pub fn best_by<T: Copy>(rows: impl Iterator<Item = T>, value: impl Fn(T) -> i64) -> Option<T> {
    rows.fold(None, |best: Option<T>, row| match best {
        Some(held) if value(held) >= value(row) => Some(held),
        _ => Some(row),
    })
}

/// The option that sets a unit aside until a person has looked: of class HELD, possible, and with the best expected
/// recovery.
pub fn holding<'a>(
    options: impl Iterator<Item = DispositionOption<'a>>,
    possible: impl Fn(&DispositionOption<'a>) -> bool,
) -> Option<DispositionOption<'a>> {
    let held = options.filter(|option| option.class() == DispositionClass::Held && possible(option));
    best_by(held, |option| expected_recovery(&option))
}
