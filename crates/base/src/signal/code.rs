/// Makes an enum of the kernel's codes for a kind of fault, which keeps those that are not known.
macro_rules! codes {
    (
        $(#[$attribute:meta])*
        $name:ident {
            $($alias:literal $variant:ident = $code:literal: $description:literal, $doc:literal;)*
        }
    ) => {
        $(#[$attribute])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[cfg_attr(feature = "serde", derive(serde::Serialize), serde(rename_all = "kebab-case"))]
        #[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
        #[non_exhaustive]
        pub enum $name {
            $(
                #[doc = $doc]
                #[doc(alias = $alias)]
                $variant,
            )*
            /// A code that this library does not know.
            Unknown(i32),
        }

        impl $name {
            /// By the kernel's code, `si_code`.
            #[must_use]
            pub const fn from_code(code: i32) -> Self {
                match code {
                    $($code => Self::$variant,)*
                    code => Self::Unknown(code),
                }
            }

            /// In a few words.
            #[must_use]
            pub const fn description(self) -> &'static str {
                match self {
                    $(Self::$variant => $description,)*
                    Self::Unknown(_) => "of a code that is not known",
                }
            }
        }
    };
}

pub(crate) use codes;
