//! The exported side of a plugin: what [`export!`](crate::routing::export) expands to.
//!
//! The exports are written by hand against the canonical ABI of the component model instead of being generated: requests
//! are then read where the host put them, decisions are left where they were built, and there is no post-return function
//! to call, since the whole memory ends with the decision. Only the world's type is taken from the WIT files, encoded as
//! `wit-component` wants it in a custom section; a test keeps it equal to them. `wit-component` refuses a module whose
//! functions do not fit that type.

#[cfg(target_arch = "wasm32")]
#[allow(
    unsafe_code,
    reason = "the canonical ABI passes raw addresses; soundness is argued there"
)]
pub mod abi;
#[cfg(target_arch = "wasm32")]
#[allow(
    unsafe_code,
    reason = "an allocator hands out raw memory; soundness is argued there"
)]
pub mod bump;

/// The type of the world `routing-policy`.
pub const ROUTING_WORLD: &[u8] = include_bytes!("guest/routing-policy.world");
/// The type of the world `allocation-policy`.
pub const ALLOCATION_WORLD: &[u8] = include_bytes!("guest/allocation-policy.world");
/// The type of the world `returns-policy`.
pub const RETURNS_WORLD: &[u8] = include_bytes!("guest/returns-policy.world");

/// A world's type as an array, which is what a custom section has to be.
pub const fn section<const N: usize>(world: &[u8]) -> [u8; N] {
    match world.first_chunk() {
        Some(bytes) => *bytes,
        None => [0; N],
    }
}

/// Exports a routing policy as a component. Nothing happens when the crate is built natively, as for its tests.
#[macro_export]
macro_rules! export_routing {
    ($policy:ty) => {
        $crate::__export!(
            $crate::routing::RunRouting<$policy>,
            "signalbox:policy/routing@1.0.0#decide",
            "component-type:signalbox:routing-policy",
            $crate::guest::ROUTING_WORLD
        );
    };
}

/// Exports an allocation policy as a component. Nothing happens when the crate is built natively, as for its tests.
#[macro_export]
macro_rules! export_allocation {
    ($policy:ty) => {
        $crate::__export!(
            $crate::allocation::RunAllocation<$policy>,
            "signalbox:policy/allocation@1.0.0#decide",
            "component-type:signalbox:allocation-policy",
            $crate::guest::ALLOCATION_WORLD
        );
    };
}

/// Exports a returns policy as a component. Nothing happens when the crate is built natively, as for its tests.
#[macro_export]
macro_rules! export_returns {
    ($policy:ty) => {
        $crate::__export!(
            $crate::returns::RunReturns<$policy>,
            "signalbox:policy/returns@1.0.0#decide",
            "component-type:signalbox:returns-policy",
            $crate::guest::RETURNS_WORLD
        );
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __export {
    ($run:ty, $decide:literal, $section:literal, $world:expr) => {
        #[cfg(target_arch = "wasm32")]
        #[allow(unsafe_code, reason = "exported symbols; see signalbox_plugin::guest")]
        const _: () = {
            #[global_allocator]
            static ALLOCATOR: $crate::guest::bump::Bump = $crate::guest::bump::Bump::new();

            static POLICY: ::std::sync::OnceLock<$run> = ::std::sync::OnceLock::new();

            #[used]
            #[unsafe(link_section = $section)]
            static WORLD: [u8; $world.len()] = $crate::guest::section($world);

            #[unsafe(export_name = "cabi_realloc")]
            unsafe extern "C" fn cabi_realloc(
                old: *mut u8,
                old_len: usize,
                align: usize,
                len: usize,
            ) -> *mut u8 {
                unsafe { $crate::guest::abi::realloc(old, old_len, align, len) }
            }

            #[unsafe(export_name = "signalbox:policy/plugin@1.0.0#describe")]
            extern "C" fn describe() -> *const u8 {
                $crate::guest::abi::describe::<$run>()
            }

            #[unsafe(export_name = "signalbox:policy/plugin@1.0.0#configure")]
            unsafe extern "C" fn configure(parameters: *const u8, len: usize) -> *const u8 {
                unsafe { $crate::guest::abi::configure(&POLICY, parameters, len) }
            }

            #[unsafe(export_name = $decide)]
            unsafe extern "C" fn decide(
                now_ms: i64,
                seed: i64,
                deadline_ms: i32,
                currency: i32,
                observe: i32,
                narrow: *const u32,
                narrow_len: usize,
                wide: *const i64,
                wide_len: usize,
            ) -> *const u8 {
                let context = $crate::guest::abi::context(now_ms, seed, deadline_ms, currency, observe);
                unsafe { $crate::guest::abi::decide(&POLICY, &context, narrow, narrow_len, wide, wide_len) }
            }
        };
    };
}
