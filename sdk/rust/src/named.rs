//! A word together with its text.

use signalbox_contract::Word;

/// A word of an open vocabulary with its text. Decisions carry the [`Word`], `describe` the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Named {
    text: &'static str,
    word: Word,
}

impl Named {
    /// The word of a text.
    pub const fn new(text: &'static str) -> Named {
        Named {
            text,
            word: Word::of(text),
        }
    }

    /// The text.
    pub const fn text(&self) -> &'static str {
        self.text
    }

    /// The word.
    pub const fn word(&self) -> Word {
        self.word
    }
}

impl From<Named> for Word {
    fn from(named: Named) -> Word {
        named.word
    }
}

impl PartialEq<Word> for Named {
    fn eq(&self, other: &Word) -> bool {
        self.word == *other
    }
}

impl PartialEq<Named> for Word {
    fn eq(&self, other: &Named) -> bool {
        *self == other.word
    }
}
