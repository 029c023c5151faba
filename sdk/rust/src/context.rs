//! The circumstances of a decision.

use std::fmt;

/// The circumstances of one decision: with the request, all that a policy can know.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Context {
    /// The moment of the decision, epoch milliseconds UTC.
    pub now_ms: i64,
    /// For policies that need chance.
    pub seed: u64,
    /// Time left for the answer, in milliseconds, as the caller stated it.
    pub deadline_ms: u32,
    /// Currency of all money.
    pub currency: Currency,
    /// The decision is only observed: nothing will be shipped because of it.
    pub observe: bool,
}

/// An ISO 4217 code as it crosses the boundary: three ASCII letters, most significant first, zero in front.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Currency(pub u32);

impl Currency {
    /// The code of three letters, such as `*b"EUR"`.
    pub const fn of(letters: [u8; 3]) -> Currency {
        let [a, b, c] = letters;
        Currency(u32::from_be_bytes([0, a, b, c]))
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [_, letters @ ..] = self.0.to_be_bytes();
        letters
            .iter()
            .try_for_each(|letter| write!(f, "{}", char::from(*letter)))
    }
}
