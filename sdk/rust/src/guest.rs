//! The exported side of a plugin: what [`export!`](crate::routing::export) expands to.
//!
//! wit-bindgen generates the bindings here, once for all plugins, so that a plugin crate needs neither the WIT files nor
//! wit-bindgen itself.

#[cfg(target_arch = "wasm32")]
#[allow(
    unsafe_code,
    reason = "generated bindings call and are called over the canonical ABI"
)]
pub mod bindings;
#[cfg(target_arch = "wasm32")]
#[allow(
    unsafe_code,
    reason = "an allocator hands out raw memory; soundness is argued there"
)]
pub mod bump;

/// Exports a routing policy as a component. Nothing happens when the crate is built natively, as for its tests.
#[macro_export]
macro_rules! export_routing {
    ($policy:ty) => {
        $crate::export_run!(routing, $crate::routing::RunRouting<$policy>);
    };
}

/// Exports an allocation policy as a component. Nothing happens when the crate is built natively, as for its tests.
#[macro_export]
macro_rules! export_allocation {
    ($policy:ty) => {
        $crate::export_run!(allocation, $crate::allocation::RunAllocation<$policy>);
    };
}

/// Exports a returns policy as a component. Nothing happens when the crate is built natively, as for its tests.
#[macro_export]
macro_rules! export_returns {
    ($policy:ty) => {
        $crate::export_run!(returns, $crate::returns::RunReturns<$policy>);
    };
}

/// Exports a type that implements [`Run`](crate::policy::Run) itself, which only tests of hosts need: authors implement the
/// trait of their domain.
#[macro_export]
macro_rules! export_run {
    ($domain:ident, $run:ty) => {
        #[cfg(target_arch = "wasm32")]
        #[allow(unsafe_code, reason = "exported symbols; see signalbox_plugin::guest")]
        const _: () = {
            #[global_allocator]
            static ALLOCATOR: $crate::guest::bump::Bump = $crate::guest::bump::Bump::new();

            struct Exported;

            impl $crate::guest::bindings::Slot for Exported {
                type Policy = $run;
                fn policy() -> &'static ::std::sync::OnceLock<$run> {
                    static POLICY: ::std::sync::OnceLock<$run> = ::std::sync::OnceLock::new();
                    &POLICY
                }
            }

            $crate::guest::bindings::plugin::export_interface!(Exported with_types_in $crate::guest::bindings::plugin);
            $crate::guest::bindings::$domain::export_interface!(Exported with_types_in $crate::guest::bindings::$domain);
        };
    };
}
