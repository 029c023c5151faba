//! One macro for tables, one for closed code lists: position and names are written once, here, for host and guest.

/// Declares a closed code list kept in a narrow column. Code 0 is the first variant and the absent value. A number that
/// is not listed reads as `Unrecognised`, so a newer writer never breaks an older reader.
macro_rules! codes {
    ($(#[$doc:meta])* $name:ident {
        $first:ident = $first_code:literal #[doc = $first_doc:literal],
        $($variant:ident = $code:literal #[doc = $variant_doc:literal],)*
    }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
        #[repr(u32)]
        pub enum $name {
            #[default]
            #[doc = $first_doc]
            $first = $first_code,
            $(#[doc = $variant_doc] $variant = $code,)*
            /// A code that this version of the contract does not list.
            Unrecognised = u32::MAX,
        }

        impl $name {
            /// The code list: number, name, meaning.
            pub const CODES: &'static [(u32, &'static str, &'static str)] = &[
                ($first_code, stringify!($first), $first_doc),
                $(($code, stringify!($variant), $variant_doc),)*
            ];
        }

        impl $crate::cells::NarrowCell for $name {
            const ABSENT: u32 = $first_code;
            #[inline]
            fn from_narrow(cell: u32) -> Self {
                match cell {
                    $first_code => $name::$first,
                    $($code => $name::$variant,)*
                    _ => $name::Unrecognised,
                }
            }
            #[inline]
            fn to_narrow(self) -> u32 {
                self as u32
            }
        }
    };
}

/// Declares one table: an owned row type to write, a view type to read, and a columns type to read many rows. Columns are numbered by their order; append
/// only, once the contract is released.
macro_rules! table {
    (
        $(#[doc = $doc:literal])+
        $name:literal = $index:literal: $row:ident, $view:ident, $columns:ident {
            narrow { $($(#[doc = $narrow_doc:literal])+ $narrow:ident: $narrow_type:ty,)* }
            wide { $($(#[doc = $wide_doc:literal])+ $wide:ident: $wide_type:ty,)* }
        }
    ) => {
        $(#[doc = $doc])+
        #[derive(Clone, Debug, PartialEq)]
        pub struct $row {
            $($(#[doc = $narrow_doc])+ pub $narrow: $narrow_type,)*
            $($(#[doc = $wide_doc])+ pub $wide: $wide_type,)*
        }

        impl Default for $row {
            fn default() -> Self {
                $row {
                    $($narrow: <$narrow_type as $crate::cells::NarrowCell>::from_narrow(
                        <$narrow_type as $crate::cells::NarrowCell>::ABSENT,
                    ),)*
                    $($wide: <$wide_type as $crate::cells::WideCell>::from_wide(
                        <$wide_type as $crate::cells::WideCell>::ABSENT,
                    ),)*
                }
            }
        }

        $(#[doc = $doc])+
        ///
        /// A view: every method reads one cell in place.
        #[derive(Clone, Copy, Debug)]
        pub struct $view<'a> {
            table: $crate::codec::TableRef<'a>,
            row: usize,
        }

        $(#[doc = $doc])+
        ///
        /// The columns, found once: for loops over many rows. `columns.field.at(row)` reads one cell.
        #[derive(Clone, Copy, Debug)]
        pub struct $columns<'a> {
            $($(#[doc = $narrow_doc])+ pub $narrow: $crate::codec::NarrowColumn<'a, $narrow_type>,)*
            $($(#[doc = $wide_doc])+ pub $wide: $crate::codec::WideColumn<'a, $wide_type>,)*
            rows: u32,
        }

        impl $columns<'_> {
            /// Number of rows.
            #[inline]
            pub fn rows(&self) -> u32 {
                self.rows
            }
        }

        const _: () = {
            #[allow(non_camel_case_types, clippy::enum_variant_names, dead_code, reason = "column numbers, named as the columns")]
            #[repr(u32)]
            enum N { $($narrow,)* __End }
            #[allow(non_camel_case_types, clippy::enum_variant_names, dead_code, reason = "column numbers, named as the columns")]
            #[repr(u32)]
            enum W { $($wide,)* __End }

            const _: () = assert!(N::__End as u32 <= 32 && W::__End as u32 <= 32, "a mask has 32 bits");
            const _: () = assert!($index < $crate::codec::TABLES_MAX, "a message has TABLES_MAX tables");

            impl<'a> $view<'a> {
                /// Position of the row in its table.
                #[inline]
                pub fn index(&self) -> u32 {
                    self.row as u32
                }
                /// The row as an owned value.
                pub fn to_row(&self) -> $row {
                    $row { $($narrow: self.$narrow(),)* $($wide: self.$wide(),)* }
                }
                $($(#[doc = $narrow_doc])+
                #[inline]
                pub fn $narrow(&self) -> $narrow_type {
                    self.table.narrow(N::$narrow as u32, self.row)
                })*
                $($(#[doc = $wide_doc])+
                #[inline]
                pub fn $wide(&self) -> $wide_type {
                    self.table.wide(W::$wide as u32, self.row)
                })*
            }

            #[allow(unused_variables, unused_mut, reason = "a table may have columns of one width only")]
            impl $crate::codec::Row for $row {
                const TABLE: usize = $index;
                const NAME: &'static str = $name;
                const DOC: &'static str = concat!($($doc),+);
                const NARROW: &'static [$crate::codec::ColumnSpec] = &[
                    $($crate::codec::ColumnSpec {
                        name: stringify!($narrow), cell: stringify!($narrow_type), doc: concat!($($narrow_doc),+),
                    },)*
                ];
                const WIDE: &'static [$crate::codec::ColumnSpec] = &[
                    $($crate::codec::ColumnSpec {
                        name: stringify!($wide), cell: stringify!($wide_type), doc: concat!($($wide_doc),+),
                    },)*
                ];
                const NARROW_ABSENT: &'static [u32] = &[$(<$narrow_type as $crate::cells::NarrowCell>::ABSENT,)*];
                const WIDE_ABSENT: &'static [i64] = &[$(<$wide_type as $crate::cells::WideCell>::ABSENT,)*];
                type View<'a> = $view<'a>;
                fn write_narrow(rows: &[Self], cells: &mut alloc::vec::Vec<u32>) -> u32 {
                    let mut mask = 0;
                    $(if $crate::codec::write_column(
                        rows, cells, <$narrow_type as $crate::cells::NarrowCell>::ABSENT,
                        |row| $crate::cells::NarrowCell::to_narrow(row.$narrow),
                    ) { mask |= 1 << N::$narrow as u32; })*
                    mask
                }
                fn write_wide(rows: &[Self], cells: &mut alloc::vec::Vec<i64>) -> u32 {
                    let mut mask = 0;
                    $(if $crate::codec::write_column(
                        rows, cells, <$wide_type as $crate::cells::WideCell>::ABSENT,
                        |row| $crate::cells::WideCell::to_wide(row.$wide),
                    ) { mask |= 1 << W::$wide as u32; })*
                    mask
                }
                type Columns<'a> = $columns<'a>;
                #[inline]
                fn columns(table: $crate::codec::TableRef<'_>) -> $columns<'_> {
                    $columns {
                        $($narrow: $crate::codec::NarrowColumn::of(table, N::$narrow as u32),)*
                        $($wide: $crate::codec::WideColumn::of(table, W::$wide as u32),)*
                        rows: table.rows() as u32,
                    }
                }
                #[inline]
                fn view(table: $crate::codec::TableRef<'_>, row: usize) -> $view<'_> {
                    $view { table, row }
                }
            }
        };
    };
}
