//! The canonical ABI of the contract's three functions, by hand.
//!
//! Sound because the host calls one function at a time on one thread, hands over lists that it wrote into memory which it
//! asked for by `cabi_realloc`, and copies a result before it does anything else with the instance. What is handed out is
//! leaked on purpose: the memory ends with the decision.

use std::alloc::{Layout, alloc, realloc as grow};
use std::mem::ManuallyDrop;
use std::sync::OnceLock;

use crate::context::{Context, Currency};
use crate::errors::{PolicyError, Problems};
use crate::named::Named;
use crate::policy::{Answer, Run};

/// A list or a string in memory: address and length.
#[repr(C)]
struct List {
    address: *const u8,
    len: usize,
}

impl List {
    fn of_static(text: &'static str) -> List {
        List {
            address: text.as_ptr(),
            len: text.len(),
        }
    }

    fn leak<T>(elements: Vec<T>) -> List {
        let elements = ManuallyDrop::new(elements);
        List {
            address: elements.as_ptr().cast(),
            len: elements.len(),
        }
    }

    fn leak_text(text: String) -> List {
        List::leak(text.into_bytes())
    }
}

fn leak<T>(value: T) -> *const u8 {
    let address: *const T = Box::leak(Box::new(value));
    address.cast()
}

/// Memory that the host asks for, to pass a list.
///
/// # Safety
/// As [`std::alloc::GlobalAlloc::realloc`]: a non-empty `old` came from here with `old_len` and `align`.
pub unsafe fn realloc(old: *mut u8, old_len: usize, align: usize, len: usize) -> *mut u8 {
    if len == 0 {
        return std::ptr::without_provenance_mut(align);
    }
    // SAFETY: the canonical ABI passes a power of two as alignment and lengths of memory that it will write.
    let address = unsafe {
        if old_len == 0 {
            alloc(Layout::from_size_align_unchecked(len, align))
        } else {
            grow(old, Layout::from_size_align_unchecked(old_len, align), len)
        }
    };
    if address.is_null() {
        core::arch::wasm32::unreachable();
    }
    address
}

#[repr(C)]
struct Description {
    name: List,
    version: List,
    domain: List,
    summary: List,
    parameter_schema: List,
    reason_codes: List,
    words: List,
    attribute_keys: List,
}

/// The function `describe`.
pub fn describe<R: Run>() -> *const u8 {
    let about = R::ABOUT;
    let texts = |words: &[Named]| List::leak(words.iter().map(|word| List::of_static(word.text())).collect());
    let reason_codes = about.reasons.iter();
    leak(Description {
        name: List::of_static(about.name),
        version: List::of_static(about.version),
        domain: List::of_static(R::DOMAIN),
        summary: List::of_static(about.summary),
        parameter_schema: List::leak_text(R::parameter_schema()),
        reason_codes: List::leak(
            reason_codes
                .map(|reason| [List::of_static(reason.code), List::of_static(reason.template)])
                .collect(),
        ),
        words: texts(about.words),
        attribute_keys: texts(about.attribute_keys),
    })
}

/// `result<_, list<parameter-problem>>`.
#[repr(C)]
struct Configured {
    is_error: u8,
    problems: List,
}

/// The function `configure`.
///
/// # Safety
/// The host wrote `len` bytes of UTF-8 at `parameters`.
pub unsafe fn configure<R: Run>(policy: &OnceLock<R>, parameters: *const u8, len: usize) -> *const u8 {
    // SAFETY: as this function asks; the canonical ABI checks UTF-8.
    let json = unsafe { std::str::from_utf8_unchecked(std::slice::from_raw_parts(parameters, len)) };
    let configured = R::configure(json).and_then(|built| {
        policy
            .set(built)
            .map_err(|_| Problems::one("", "expected one call of configure, found a second"))
    });
    let problems = match configured {
        Ok(()) => Vec::new(),
        Err(problems) => problems.into_vec(),
    };
    let is_error = u8::from(!problems.is_empty());
    let lists = problems
        .into_iter()
        .map(|problem| [List::leak_text(problem.path), List::leak_text(problem.message)])
        .collect();
    leak(Configured {
        is_error,
        problems: List::leak::<[List; 2]>(lists),
    })
}

/// The arguments that make the context.
pub fn context(now_ms: i64, seed: i64, deadline_ms: i32, currency: i32, observe: i32) -> Context {
    Context {
        now_ms,
        seed: seed.cast_unsigned(),
        deadline_ms: deadline_ms.cast_unsigned(),
        currency: Currency(currency.cast_unsigned()),
        observe: observe != 0,
    }
}

/// `result<decision, policy-error>`: the error takes the first two lists.
#[repr(C)]
struct Decided {
    is_error: u8,
    lists: [List; 3],
}

const EMPTY: List = List {
    address: std::ptr::without_provenance(8),
    len: 0,
};

/// The function `decide`.
///
/// # Safety
/// The host wrote `narrow_len` and `wide_len` cells at `narrow` and `wide`.
pub unsafe fn decide<R: Run>(
    policy: &OnceLock<R>,
    context: &Context,
    narrow: *const u32,
    narrow_len: usize,
    wide: *const i64,
    wide_len: usize,
) -> *const u8 {
    // SAFETY: as this function asks.
    let (narrow, wide) = unsafe {
        (
            std::slice::from_raw_parts(narrow, narrow_len),
            std::slice::from_raw_parts(wide, wide_len),
        )
    };
    let decided = match policy.get() {
        Some(policy) => policy.decide(context, narrow, wide),
        None => Err(PolicyError::new(
            "NOT_CONFIGURED",
            "expected a call of configure before decide",
        )),
    };
    leak(match decided {
        Ok(Answer { tables, log }) => Decided {
            is_error: 0,
            lists: [
                List::leak(tables.narrow),
                List::leak(tables.wide),
                List::leak(log.into_iter().map(List::leak_text).collect()),
            ],
        },
        Err(PolicyError { code, message }) => Decided {
            is_error: 1,
            lists: [List::leak_text(code), List::leak_text(message), EMPTY],
        },
    })
}
