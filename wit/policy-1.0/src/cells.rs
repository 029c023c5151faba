//! The types a cell can have, and how each is kept in a `u32` or an `i64`.

/// A type kept in a narrow (`u32`) column.
pub trait NarrowCell: Copy {
    /// What a cell of a left-out column reads as.
    const ABSENT: u32;
    /// Reads a stored cell. Total: every bit pattern has a meaning.
    fn from_narrow(cell: u32) -> Self;
    /// The stored form.
    fn to_narrow(self) -> u32;
}

/// A type kept in a wide (`i64`) column.
pub trait WideCell: Copy {
    /// What a cell of a left-out column reads as.
    const ABSENT: i64;
    /// Reads a stored cell. Total: every bit pattern has a meaning.
    fn from_wide(cell: i64) -> Self;
    /// The stored form.
    fn to_wide(self) -> i64;
}

/// The narrow cell that stands for "none" in an optional column.
pub const NONE_NARROW: u32 = u32::MAX;
/// The wide cell that stands for "none" in an optional column.
pub const NONE_WIDE: i64 = i64::MIN;

/// A string of an open vocabulary (a service, a node type, a reason …) as its 32-bit FNV-1a hash; `Word(0)` is "none".
///
/// Host and guest compute the same number from the same text, so no list of strings crosses the boundary and no
/// registry of numbers exists. The host refuses a request in which two different words share a number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Word(pub u32);

impl Word {
    /// No word.
    pub const NONE: Word = Word(0);

    /// The word of a text; the same as [`word`].
    pub const fn of(text: &str) -> Word {
        word(text)
    }

    /// Whether there is a word at all.
    pub const fn is_some(self) -> bool {
        self.0 != 0
    }
}

/// The word of a text: FNV-1a with 32 bits over its UTF-8 bytes (offset basis 2166136261, prime 16777619), with 0
/// replaced by 1; the empty text is [`Word::NONE`].
///
/// Source: RFC 9923, "The FNV Non-Cryptographic Hash Algorithm".
pub const fn word(text: &str) -> Word {
    let bytes = text.as_bytes();
    if bytes.is_empty() {
        return Word::NONE;
    }
    let mut hash: u32 = 2_166_136_261;
    let mut rest: &[u8] = bytes;
    while let Some((first, tail)) = rest.split_first() {
        hash = (hash ^ *first as u32).wrapping_mul(16_777_619);
        rest = tail;
    }
    Word(if hash == 0 { 1 } else { hash })
}

/// A coordinate in micro-degrees (WGS84).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Micro(pub i32);

/// A set of up to 63 capability words. Which word a bit stands for is in the `capabilities` table of the request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Bits(pub u64);

impl Bits {
    /// Whether every member of `self` is also in `other`.
    pub const fn is_within(self, other: Bits) -> bool {
        self.0 & !other.0 == 0
    }

    /// Members of either set.
    pub const fn union(self, other: Bits) -> Bits {
        Bits(self.0 | other.0)
    }
}

impl NarrowCell for u32 {
    const ABSENT: u32 = 0;
    fn from_narrow(cell: u32) -> Self {
        cell
    }
    fn to_narrow(self) -> u32 {
        self
    }
}

impl NarrowCell for Option<u32> {
    const ABSENT: u32 = NONE_NARROW;
    fn from_narrow(cell: u32) -> Self {
        (cell != NONE_NARROW).then_some(cell)
    }
    fn to_narrow(self) -> u32 {
        self.unwrap_or(NONE_NARROW)
    }
}

impl NarrowCell for bool {
    const ABSENT: u32 = 0;
    fn from_narrow(cell: u32) -> Self {
        cell != 0
    }
    fn to_narrow(self) -> u32 {
        u32::from(self)
    }
}

impl NarrowCell for Word {
    const ABSENT: u32 = 0;
    fn from_narrow(cell: u32) -> Self {
        Word(cell)
    }
    fn to_narrow(self) -> u32 {
        self.0
    }
}

impl NarrowCell for Option<Micro> {
    const ABSENT: u32 = i32::MIN.cast_unsigned();
    fn from_narrow(cell: u32) -> Self {
        (cell != Self::ABSENT).then_some(Micro(cell.cast_signed()))
    }
    fn to_narrow(self) -> u32 {
        self.map_or(Self::ABSENT, |micro| micro.0.cast_unsigned())
    }
}

impl WideCell for i64 {
    const ABSENT: i64 = 0;
    fn from_wide(cell: i64) -> Self {
        cell
    }
    fn to_wide(self) -> i64 {
        self
    }
}

impl WideCell for Option<i64> {
    const ABSENT: i64 = NONE_WIDE;
    fn from_wide(cell: i64) -> Self {
        (cell != NONE_WIDE).then_some(cell)
    }
    fn to_wide(self) -> i64 {
        self.unwrap_or(NONE_WIDE)
    }
}

impl WideCell for Bits {
    const ABSENT: i64 = 0;
    fn from_wide(cell: i64) -> Self {
        Bits(cell.cast_unsigned())
    }
    fn to_wide(self) -> i64 {
        self.0.cast_signed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_match_the_published_vectors_of_fnv_1a() {
        // RFC 9923 appendix: FNV-1a 32 of "a" and "foobar".
        assert_eq!(word("a").0, 0xe40c_292c);
        assert_eq!(word("foobar").0, 0xbf9c_f968);
        assert_eq!(word(""), Word::NONE);
    }

    #[test]
    fn minus_one_micro_degree_is_a_coordinate_and_not_none() {
        let cell = Some(Micro(-1)).to_narrow();
        assert_eq!(Option::<Micro>::from_narrow(cell), Some(Micro(-1)));
    }
}
