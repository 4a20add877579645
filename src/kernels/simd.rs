//! The vectors of a tier, as generic loops use them, and the token that proves that the processor has them.

use crate::encoding::tiles::LANES as ROWS;

/// One stored vector: the elements of 16 rows.
pub(super) type Rows<T> = [T; ROWS];

/// The vectors of a tier. Its token implements this: whoever holds one may compute.
///
/// A loop is a generic `#[inline(always)]` function; [`Simd::vectorize`] is where it becomes code of the tier. Outside of it every
/// operation would be a call.
pub(super) trait Simd: Copy + std::fmt::Debug + Send + Sync + 'static {
    /// Lanes of a vector: 16, or 8, which is half of a stored vector.
    const LANES: usize;
    /// Vectors that make a stored one.
    const PARTS: usize = ROWS / Self::LANES;
    /// A vector of floats.
    type Floats: Copy;
    /// A vector of 32-bit words.
    type Words: Copy;

    /// Calls `f(out)` in a function that is compiled for the tier. `f` must be `#[inline(always)]`.
    ///
    /// `out` is what `f` writes. As an argument of its own it is known to overlap nothing that `f` reads, which captured it would not be.
    fn vectorize<T: ?Sized>(self, out: &mut T, f: impl FnOnce(&mut T));

    /// Zeros.
    fn zero(self) -> Self::Floats;
    /// Words of zeros.
    fn zero_words(self) -> Self::Words;
    /// `x` in every lane.
    fn splat(self, x: f32) -> Self::Floats;
    /// `a * b + c`, rounded once.
    fn fma(self, a: Self::Floats, b: Self::Floats, c: Self::Floats) -> Self::Floats;
    /// `a - b`.
    fn minus(self, a: Self::Floats, b: Self::Floats) -> Self::Floats;
    /// `a + b`.
    fn plus(self, a: Self::Floats, b: Self::Floats) -> Self::Floats;
    /// `a * b`.
    fn times(self, a: Self::Floats, b: Self::Floats) -> Self::Floats;
    /// `a`; infinities saturate, NaN becomes +0.
    fn finite(self, a: Self::Floats) -> Self::Floats;
    /// `finite(a)` where it is above 0, otherwise +0.
    fn finite_relu(self, a: Self::Floats) -> Self::Floats;
    /// The lanes that are not zero, the lowest bit being the first lane.
    fn not_zero(self, a: Self::Floats) -> u32;
    /// Writes `first` plus each of the places.
    fn store_columns(self, to: &mut [u32; 8], places: &[u8; 8], first: u32);
    /// The first [`Simd::LANES`] floats.
    fn load_lanes(self, from: &[f32]) -> Self::Floats;
    /// Writes the first [`Simd::LANES`] floats.
    fn store_lanes(self, to: &mut [f32], value: Self::Floats);
    /// `(a & b) ^ c`.
    fn and_xor(self, a: Self::Words, b: u32, c: u32) -> Self::Words;
    /// Words shifted right by `bits`, a constant where this is inlined.
    fn shift(self, a: Self::Words, bits: u32) -> Self::Words;
    /// The floats whose bits the words are.
    fn float_bits(self, a: Self::Words) -> Self::Floats;
    /// Part `part` of a stored vector.
    fn load(self, from: &Rows<f32>, part: usize) -> Self::Floats;
    /// Part `part` of a stored vector of 16-bit floats, widened.
    fn load_f16(self, from: &Rows<u16>, part: usize) -> Self::Floats;
    /// Part `part` of a stored vector of words.
    fn load_words(self, from: &Rows<u32>, part: usize) -> Self::Words;
    /// Writes part `part` of 16 rows.
    fn store(self, to: &mut Rows<f32>, part: usize, value: Self::Floats);
}

/// Part `index` of some stored vectors: the vector that it belongs to, and its number there.
#[inline(always)]
pub(super) fn part_of<S: Simd, T>(vectors: &[Rows<T>], index: usize) -> (&Rows<T>, usize) {
    (&vectors[index / S::PARTS], index % S::PARTS)
}

/// Defines the token of a tier, which holds the proof of the tier below. Its list of features stands here and nowhere else: `detect` tests
/// them, `with_features` enables them.
macro_rules! token {
    ($(#[$doc:meta])* $token:ident($below:ty) = $proof:expr, $($feature:tt)+) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug)]
        pub(in crate::kernels) struct $token($below);

        impl $token {
            /// The proof, where it is true: there is no other way to a token.
            #[must_use]
            pub(in crate::kernels) fn detect() -> Option<Self> {
                let below: Option<$below> = $proof;
                below.filter(|_| $(is_x86_feature_detected!($feature))&&+).map(Self)
            }

            /// Calls `f(out)` in a function that has the features: see `Simd::vectorize`.
            #[inline(always)]
            pub(super) fn with_features<T: ?Sized>(self, out: &mut T, f: impl FnOnce(&mut T)) {
                #[target_feature($(enable = $feature),+)]
                fn enabled<T: ?Sized>(out: &mut T, f: impl FnOnce(&mut T)) {
                    f(out);
                }
                // SAFETY: `self` proves that the processor has the features: `detect` found each of them.
                #[allow(unsafe_code)]
                unsafe {
                    enabled(out, f);
                }
            }
        }
    };
}

/// Operations of a tier on values: `name = intrinsic(argument: type) -> type;`
macro_rules! operations {
    ($token:ident: $($(#[$doc:meta])* $name:ident = $intrinsic:ident$(::<$shift:ident: $number:ty>)?($($arg:ident: $type:ty),*) -> $out:ty;)*) => {
        impl $token {
            $($(#[$doc])*
            #[inline(always)]
            #[allow(clippy::too_many_arguments)] // one per lane, of a vector of single floats
            pub(super) fn $name$(<const $shift: $number>)?(self, $($arg: $type),*) -> $out {
                // SAFETY: `self` proves the features, all that an intrinsic on values asks for.
                #[allow(unsafe_code)]
                unsafe {
                    $intrinsic$(::<$shift>)?($($arg),*)
                }
            })*
        }
    };
}

pub(super) use {operations, token};
