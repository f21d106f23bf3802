/// What a set has that the kernel keeps as 64 bits and shows as 16 hexadecimal digits, beyond what its members ask for:
/// the type is a tuple of a `u64` with `EMPTY`, `with` and `iter`.
///
/// Of use within the family of linux-support.
#[macro_export]
#[doc(hidden)]
macro_rules! bit_set {
    ($set:ident of $member:ident, $bits:literal) => {
        impl $set {
            #[doc = $bits]
            #[must_use]
            pub const fn from_bits(bits: u64) -> Self {
                Self(bits)
            }

            /// The bits: see [`from_bits`](Self::from_bits).
            #[must_use]
            pub const fn bits(self) -> u64 {
                self.0
            }

            /// Reads hexadecimal digits, as in `/proc/PID/status`.
            ///
            /// # Errors
            /// Anything else, and more than 64 bits.
            pub fn parse(text: &[u8]) -> Result<Self, $crate::ParseError> {
                $crate::text::hexadecimal(text).map(Self)
            }

            /// Whether there is none.
            #[must_use]
            pub const fn is_empty(self) -> bool {
                self.0 == 0
            }

            /// Their names.
            pub fn names(self) -> impl Iterator<Item = String> {
                self.iter().map(|member| member.to_string())
            }
        }

        $crate::bit_set! { @algebra $set:
            BitOr::bitor, BitOrAssign::bitor_assign: |a, b| a | b;
            BitAnd::bitand, BitAndAssign::bitand_assign: |a, b| a & b;
            Sub::sub, SubAssign::sub_assign: |a, b| a & !b;
        }

        impl FromIterator<$member> for $set {
            fn from_iter<I: IntoIterator<Item = $member>>(members: I) -> Self {
                members.into_iter().fold(Self::EMPTY, Self::with)
            }
        }

        impl core::fmt::Display for $set {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                write!(f, "{:016x}", self.0)
            }
        }

        impl core::fmt::Debug for $set {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                f.debug_set().entries(self.iter()).finish()
            }
        }
    };
    (@algebra $set:ident: $($trait:ident::$method:ident, $assign:ident::$assign_method:ident: |$a:ident, $b:ident| $bits:expr;)*) => {$(
        impl core::ops::$trait for $set {
            type Output = Self;
            fn $method(self, other: Self) -> Self {
                let ($a, $b) = (self.0, other.0);
                Self($bits)
            }
        }
        impl core::ops::$assign for $set {
            fn $assign_method(&mut self, other: Self) {
                *self = core::ops::$trait::$method(*self, other);
            }
        }
    )*};
}
