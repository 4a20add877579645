//! Instruction sets and their names.

/// An instruction set that Curt has kernels for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Isa {
    /// Plain Rust: the reference.
    Scalar,
    /// x86-64 with AVX2, FMA and F16C.
    Avx2,
    /// x86-64 with AVX-512 F, BW, DQ, VL, VBMI and VNNI.
    Avx512,
}

/// The one environment variable that changes behaviour.
pub const VARIABLE: &str = "CURT_ISA";

impl Isa {
    /// Every instruction set, from the lowest tier.
    pub const ALL: [Isa; 3] = [Self::Scalar, Self::Avx2, Self::Avx512];

    /// The name, as `CURT_ISA` takes it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Scalar => "scalar",
            Self::Avx2 => "avx2",
            Self::Avx512 => "avx512",
        }
    }
}
