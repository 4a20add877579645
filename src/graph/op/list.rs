//! The macro that declares the closed list of operators.

/// Declares the modules and, from them, the list: the enum, the operator behind each arm, one operator of each id.
macro_rules! operators {
    (
        with fields { $($(#[$field_doc:meta])* $field_module:ident: $with:ident,)* }
        without fields { $($(#[$doc:meta])* $module:ident: $without:ident,)* }
    ) => {
        $(mod $field_module;)*
        $(mod $module;)*

        /// An operator. It dereferences to what the operator says of itself, [`Operator`].
        #[derive(Clone, Copy, Debug, PartialEq)]
        pub enum Op {
            $($(#[$field_doc])* $with($with),)*
            $($(#[$doc])* $without,)*
        }

        impl Op {
            /// One operator of each id. A field has the value that it has where a description leaves it out.
            pub fn kinds() -> impl Iterator<Item = Self> {
                let kinds = std::iter::empty()$(.chain($field_module::KINDS.iter().map(|&kind| Self::$with(kind))))*;
                kinds.chain([$(Self::$without),*])
            }

            /// Goes through the fields in the order of the file (SPEC 4.2).
            ///
            /// # Errors
            /// Those of `fields`.
            pub fn fields(&mut self, fields: &mut dyn Fields) -> Result<()> {
                match self {
                    $(Self::$with(operator) => operator.fields(fields),)*
                    $(Self::$without)|* => Ok(()),
                }
            }
        }

        impl Deref for Op {
            type Target = dyn Operator;

            fn deref(&self) -> &Self::Target {
                match self {
                    $(Self::$with(operator) => operator,)*
                    $(Self::$without => &$module::$without,)*
                }
            }
        }
    };
}
