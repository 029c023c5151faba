//! The closed lists that conditions may name, in the spelling of the JSON API.

use schemars::JsonSchema;
use serde::Deserialize;
use signalbox_plugin::contract::Word;
use signalbox_plugin::returns;
use signalbox_plugin::words::grade;

macro_rules! values {
    ($($(#[$doc:meta])* $name:ident { $($(#[$value_doc:meta])* $variant:ident = $text:literal,)+ })+) => {
        $($(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
        pub enum $name {
            $($(#[$value_doc])* #[serde(rename = $text)] $variant,)+
        }

        impl $name {
            /// The spellings, in the order of the values.
            pub const TEXTS: &'static [&'static str] = &[$($text,)+];
        })+
    };
}

values! {
    /// Condition of the unit.
    Grade {
        /// As new.
        A = "A",
        /// Light traces of use.
        B = "B",
        /// Clear traces of use.
        C = "C",
        /// Damaged, repairable.
        D = "D",
        /// Beyond repair.
        E = "E",
        /// Nobody has graded it, or by another scale.
        Ungraded = "UNGRADED",
    }
    /// State of the packaging.
    Packaging {
        /// Unopened.
        Sealed = "SEALED",
        /// Opened.
        Opened = "OPENED",
        /// Damaged.
        Damaged = "DAMAGED",
        /// Not there.
        Missing = "MISSING",
    }
    /// Result of the functional test.
    FunctionalTest {
        /// It works.
        Pass = "PASS",
        /// It does not.
        Fail = "FAIL",
        /// Nobody has tried.
        NotTested = "NOT_TESTED",
    }
    /// How far the return has come.
    Stage {
        /// The customer still has it.
        PreReceipt = "PRE_RECEIPT",
        /// At a store's counter.
        Store = "STORE",
        /// At the dock, unopened.
        Dock = "DOCK",
        /// Inspected.
        Inspected = "INSPECTED",
    }
    /// How it comes back.
    Method {
        /// Over the counter.
        Store = "STORE",
        /// By mail.
        Mail = "MAIL",
        /// From a locker.
        Locker = "LOCKER",
        /// Collected from the customer.
        Pickup = "PICKUP",
    }
    /// On which ground it comes back.
    LegalBasis {
        /// The customer's right to withdraw.
        Withdrawal = "WITHDRAWAL",
        /// Not what was sold.
        NonConformity = "NON_CONFORMITY",
        /// Under warranty.
        Warranty = "WARRANTY",
        /// By the retailer's choice.
        Goodwill = "GOODWILL",
    }
}

impl Grade {
    /// The grade of a unit. A word that is no grade counts as ungraded.
    pub fn of(word: Word) -> Grade {
        let letters = [Grade::A, Grade::B, Grade::C, Grade::D, Grade::E];
        let known = grade::ALL.iter().zip(letters).find(|(named, _)| **named == word);
        known.map_or(Grade::Ungraded, |(_, grade)| grade)
    }
}

/// Translates a code of the contract; a code that this version of the contract does not list has no value, and meets no
/// condition on it.
macro_rules! translations {
    ($($name:ident of $code:ty { $($variant:ident,)+ })+) => {
        $(impl $name {
            /// The value of a code of the contract.
            pub fn of(code: $code) -> Option<$name> {
                match code {
                    $(<$code>::$variant => Some($name::$variant),)+
                    <$code>::Unrecognised => None,
                }
            }
        })+
    };
}

translations! {
    Packaging of returns::Packaging { Sealed, Opened, Damaged, Missing, }
    FunctionalTest of returns::FunctionalTest { Pass, Fail, NotTested, }
    Stage of returns::Stage { PreReceipt, Store, Dock, Inspected, }
    Method of returns::ReturnMethod { Store, Mail, Locker, Pickup, }
    LegalBasis of returns::LegalBasis { Withdrawal, NonConformity, Warranty, Goodwill, }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_letter_is_its_grade_and_any_other_word_is_ungraded() {
        for (at, text) in Grade::TEXTS.iter().enumerate().take(5) {
            assert_eq!(Grade::of(Word::of(text)) as usize, at);
        }
        assert_eq!(Grade::of(Word::NONE), Grade::Ungraded);
        assert_eq!(Grade::of(Word::of("Z")), Grade::Ungraded);
    }
}
