//! The tables of a returns request and of a returns decision.
//!
//! Units as in [`crate::routing`].

use crate::cells::Word;

codes! {
    /// How far the return has come.
    Stage {
        PreReceipt = 0 /** Not yet there. */,
        Store = 1 /** At a store's counter. */,
        Dock = 2 /** At the dock, unopened. */,
        Inspected = 3 /** Inspected. */,
    }
}

codes! {
    /// How it comes back.
    ReturnMethod {
        Store = 0 /** To a store. */,
        Mail = 1 /** By post. */,
        Locker = 2 /** Through a locker. */,
        Pickup = 3 /** Collected from the customer. */,
    }
}

codes! {
    /// On which ground it comes back.
    LegalBasis {
        Withdrawal = 0 /** The customer's right to withdraw. */,
        NonConformity = 1 /** Not what was sold. */,
        Warranty = 2 /** Under warranty. */,
        Goodwill = 3 /** By the retailer's choice. */,
    }
}

codes! {
    /// State of the packaging.
    Packaging {
        Sealed = 0 /** Unopened. */,
        Opened = 1 /** Opened. */,
        Damaged = 2 /** Damaged. */,
        Missing = 3 /** Not there. */,
    }
}

codes! {
    /// Result of the functional test.
    FunctionalTest {
        NotTested = 0 /** No test. */,
        Pass = 1 /** Works. */,
        Fail = 2 /** Does not work. */,
    }
}

codes! {
    /// Whether the serial number is the one that was sold.
    SerialMatch {
        NotApplicable = 0 /** No serial number. */,
        Yes = 1 /** It is. */,
        No = 2 /** It is not. */,
    }
}

codes! {
    /// What a disposition means to the host, whatever it is called.
    DispositionClass {
        Held = 0 /** Waits: quarantine. */,
        Sellable = 1 /** Sold again as it is. */,
        Recoverable = 2 /** Sold again after work. */,
        Leaves = 3 /** Leaves the retailer: vendor, liquidation, donation. */,
        Destroyed = 4 /** Recycled or destroyed. */,
        Customer = 5 /** Stays with or goes back to the customer. */,
    }
}

table! {
    /// The returned unit; exactly one row.
    "return" = 0: ReturnRow, Return, ReturnColumns {
        narrow {
            /// SKU number within the request.
            sku: u32,
            /// Category.
            category: Word,
            /// How far it has come.
            stage: Stage,
            /// How it comes back.
            method: ReturnMethod,
            /// Jurisdiction (ISO 3166).
            jurisdiction: Word,
            /// Legal ground.
            legal_basis: LegalBasis,
            /// The customer's reason.
            return_reason: Word,
            /// Grade A to E; none is ungraded.
            grade: Word,
            /// State of the packaging.
            packaging: Packaging,
            /// Result of the functional test.
            functional_test: FunctionalTest,
            /// Parts are missing.
            missing_parts: bool,
            /// Serial number as sold.
            serial_match: SerialMatch,
            /// Never arrived.
            not_received: bool,
            /// Under recall.
            recall: bool,
            /// Must not be sold again once opened.
            hygiene_restricted: bool,
            /// Hazardous.
            hazmat: bool,
            /// Bears personal data.
            data_bearing: bool,
            /// That data was wiped.
            data_wiped: bool,
            /// Weeks of supply on hand, in thousandths.
            weeks_of_supply_milli: u32,
            /// Fraud score; none is not scored.
            fraud_score_bp: Option<u32>,
            /// A person must look at it for fraud.
            fraud_review: bool,
        }
        wide {
            /// When it was sold.
            sold_at: Option<i64>,
            /// When it came back.
            received_at: Option<i64>,
            /// End of the return window.
            window_ends_at: Option<i64>,
            /// Expires then.
            expires_at: Option<i64>,
            /// Book value.
            carrying_value: i64,
            /// Price today.
            current_price: i64,
        }
    }
}

table! {
    /// A disposition that is possible.
    "options" = 1: OptionRow, DispositionOption, OptionColumns {
        narrow {
            /// The disposition.
            disposition: Word,
            /// Its class.
            class: DispositionClass,
            /// Destination, as a number within the request.
            destination_node: Option<u32>,
            /// Units the destination can still take; none is unlimited.
            capacity_left: Option<u32>,
            /// Days until the proceeds.
            days: u32,
            /// Units of the quota left; none is no quota.
            quota_left: Option<u32>,
        }
        wide {
            /// Cost of handling.
            handling: i64,
            /// Cost of transport.
            transport: i64,
            /// Expected proceeds.
            proceeds: i64,
            /// Proceeds in the worst tenth of cases; none is as expected.
            proceeds_p10: Option<i64>,
            /// The option ends then.
            window_ends_at: Option<i64>,
        }
    }
}

table! {
    /// Decision: what becomes of the unit; exactly one row.
    "disposition" = 0: DispositionRow, Disposition, DispositionColumns {
        narrow {
            /// The chosen option, by row; none only when the unit is referred to a person.
            option: Option<u32>,
            /// Person or team it is referred to.
            refer_to: Word,
            /// Why it is referred.
            refer_reason: Word,
        }
        wide {
            /// Expected proceeds less all reverse costs.
            expected_recovery: i64,
        }
    }
}

table! {
    /// Decision: an option that was considered.
    "alternatives" = 1: AlternativeRow, Alternative, AlternativeColumns {
        narrow {
            /// The option, by row.
            option: u32,
            /// What ruled it out; none is nothing.
            failed_constraint: Word,
        }
        wide {
            /// Expected proceeds less all reverse costs.
            expected_recovery: i64,
        }
    }
}
