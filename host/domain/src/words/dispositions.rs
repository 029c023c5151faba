//! What may become of a returned item.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::word::Word;

/// What a disposition means to the host, whatever it is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum DispositionClass {
    /// Sold again as it is.
    Sellable,
    /// Sold again after work.
    Recoverable,
    /// Leaves the retailer.
    Leaves,
    /// Recycled or destroyed.
    Destroyed,
    /// Waits.
    Held,
    /// Goes back to the customer or stays there.
    Customer,
}

/// A disposition of GS1 Core Business Vocabulary 2.0, as EPCIS events name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CbvDisposition {
    /// `sellable_accessible`.
    SellableAccessible,
    /// `sellable_not_accessible`.
    SellableNotAccessible,
    /// `non_sellable_other`.
    NonSellableOther,
    /// `recalled`.
    Recalled,
    /// `expired`.
    Expired,
    /// `damaged`.
    Damaged,
    /// `disposed`.
    Disposed,
    /// `destroyed`.
    Destroyed,
}

impl CbvDisposition {
    /// The name in the vocabulary; its URI is `https://ref.gs1.org/cbv/Disp-` and this.
    pub const fn as_str(self) -> &'static str {
        match self {
            CbvDisposition::SellableAccessible => "sellable_accessible",
            CbvDisposition::SellableNotAccessible => "sellable_not_accessible",
            CbvDisposition::NonSellableOther => "non_sellable_other",
            CbvDisposition::Recalled => "recalled",
            CbvDisposition::Expired => "expired",
            CbvDisposition::Damaged => "damaged",
            CbvDisposition::Disposed => "disposed",
            CbvDisposition::Destroyed => "destroyed",
        }
    }
}

/// A registered disposition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Disposition {
    /// The word.
    pub word: &'static str,
    /// What it means to the host.
    pub class: DispositionClass,
    /// Its name in GS1 CBV 2.0; where there are several, the one without further knowledge. None when the item is not the
    /// retailer's.
    pub cbv: Option<CbvDisposition>,
}

/// Every registered disposition.
pub const DISPOSITIONS: &[Disposition] = &[
    entry(
        "RESTOCK",
        DispositionClass::Sellable,
        Some(CbvDisposition::SellableAccessible),
    ),
    entry(
        "RESELL_OPEN_BOX",
        DispositionClass::Sellable,
        Some(CbvDisposition::SellableNotAccessible),
    ),
    entry(
        "REPACK",
        DispositionClass::Recoverable,
        Some(CbvDisposition::NonSellableOther),
    ),
    entry(
        "REFURBISH",
        DispositionClass::Recoverable,
        Some(CbvDisposition::NonSellableOther),
    ),
    entry(
        "RETURN_TO_VENDOR",
        DispositionClass::Leaves,
        Some(CbvDisposition::NonSellableOther),
    ),
    entry(
        "LIQUIDATE",
        DispositionClass::Leaves,
        Some(CbvDisposition::NonSellableOther),
    ),
    entry(
        "DONATE",
        DispositionClass::Leaves,
        Some(CbvDisposition::NonSellableOther),
    ),
    entry(
        "RECYCLE",
        DispositionClass::Destroyed,
        Some(CbvDisposition::Disposed),
    ),
    entry(
        "DESTROY",
        DispositionClass::Destroyed,
        Some(CbvDisposition::Destroyed),
    ),
    entry(
        "QUARANTINE",
        DispositionClass::Held,
        Some(CbvDisposition::NonSellableOther),
    ),
    entry("RETURN_TO_CUSTOMER", DispositionClass::Customer, None),
    entry("KEEP_WITH_CUSTOMER", DispositionClass::Customer, None),
];

const fn entry(word: &'static str, class: DispositionClass, cbv: Option<CbvDisposition>) -> Disposition {
    Disposition { word, class, cbv }
}

/// The registered disposition of a word.
pub fn disposition(word: &Word) -> Option<&'static Disposition> {
    DISPOSITIONS.iter().find(|known| word == known.word)
}

impl Disposition {
    /// Its name in GS1 CBV 2.0 for an item in the given state: what is held is told apart by why.
    pub fn cbv_for(&self, recalled: bool, expired: bool, damaged: bool) -> Option<CbvDisposition> {
        match self.class {
            DispositionClass::Held if recalled => Some(CbvDisposition::Recalled),
            DispositionClass::Held if expired => Some(CbvDisposition::Expired),
            DispositionClass::Held if damaged => Some(CbvDisposition::Damaged),
            _ => self.cbv,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quarantined_item_is_told_apart_by_why() {
        let held = disposition(&Word::from_static("QUARANTINE")).unwrap();
        let names = [
            (true, true, true),
            (false, true, true),
            (false, false, true),
            (false, false, false),
        ]
        .map(|(recalled, expired, damaged)| held.cbv_for(recalled, expired, damaged).unwrap().as_str());
        assert_eq!(names, ["recalled", "expired", "damaged", "non_sellable_other"]);
    }

    #[test]
    fn what_stays_with_the_customer_has_no_disposition_of_the_retailer() {
        assert_eq!(
            disposition(&Word::from_static("KEEP_WITH_CUSTOMER")).unwrap().cbv,
            None
        );
        assert_eq!(disposition(&Word::from_static("EAT")), None);
    }
}
