//! One macro that declares the request of a domain: which tables it has, and how they are read and written.

/// Declares a request type that reads tables in place, and for tests one that owns its rows and encodes them.
macro_rules! request {
    (
        $(#[$doc:meta])* $request:ident, $owned:ident, $tables:path {
            one { $($(#[$one_doc:meta])* $one:ident: $one_row:ident,)* }
            many { $($(#[$many_doc:meta])* $many:ident / $(#[$single_doc:meta])* $single:ident: $many_row:ident,)* }
        }
    ) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug)]
        pub struct $request<'a> {
            tables: signalbox_contract::TablesRef<'a>,
        }

        impl<'a> $request<'a> {
            /// Reads the two integer lists that cross the boundary. Copies nothing.
            ///
            /// # Errors
            /// When the lists are no message.
            pub fn parse(narrow: &'a [u32], wide: &'a [i64]) -> Result<Self, signalbox_contract::CodecError> {
                signalbox_contract::TablesRef::parse(narrow, wide).map(|tables| $request { tables })
            }

            /// The rows of any table, by row type.
            #[inline]
            pub fn rows<R: signalbox_contract::codec::Row>(&self) -> $crate::Rows<'a, R> {
                $crate::Rows::new(self.tables.table::<R>())
            }

            $($(#[$one_doc])*
            #[inline]
            pub fn $one(&self) -> <$one_row as signalbox_contract::codec::Row>::View<'a> {
                self.rows::<$one_row>().at(0)
            })*

            $($(#[$many_doc])*
            #[inline]
            pub fn $many(&self) -> $crate::Rows<'a, $many_row> {
                self.rows()
            }

            $(#[$single_doc])*
            #[inline]
            pub fn $single(&self, row: u32) -> <$many_row as signalbox_contract::codec::Row>::View<'a> {
                self.rows::<$many_row>().at(row)
            })*

            /// A retailer's own fields.
            #[inline]
            pub fn attributes(&self) -> $crate::Attributes<'a> {
                $crate::Attributes::new(self.rows())
            }

            /// Which word each capability bit stands for.
            #[inline]
            pub fn capabilities(&self) -> $crate::Rows<'a, signalbox_contract::common::CapabilityRow> {
                self.rows()
            }

            /// The state that the request was cut from.
            #[inline]
            pub fn snapshot(&self) -> signalbox_contract::common::Snapshot<'a> {
                self.rows::<signalbox_contract::common::SnapshotRow>().at(0)
            }
        }

        /// A request made of rows, for tests: what the host would encode.
        #[derive(Clone, Debug, Default, PartialEq)]
        pub struct $owned {
            $($(#[$one_doc])* pub $one: $one_row,)*
            $($(#[$many_doc])* pub $many: Vec<$many_row>,)*
            /// A retailer's own fields.
            pub attributes: Vec<signalbox_contract::common::AttributeRow>,
            /// Which word each capability bit stands for.
            pub capabilities: Vec<signalbox_contract::common::CapabilityRow>,
            /// The state that the request was cut from.
            pub snapshot: signalbox_contract::common::SnapshotRow,
        }

        impl $owned {
            /// The two integer lists that cross the boundary.
            pub fn encode(&self) -> signalbox_contract::Tables {
                let mut tables = signalbox_contract::Tables::with_tables(signalbox_contract::codec::TABLES_MAX);
                $(tables.push(std::slice::from_ref(&self.$one));)*
                $(tables.push(&self.$many);)*
                tables.push(&self.attributes);
                tables.push(&self.capabilities);
                tables.push(std::slice::from_ref(&self.snapshot));
                tables
            }
        }
    };
}
pub(crate) use request;
