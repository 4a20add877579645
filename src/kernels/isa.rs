//! Instruction sets: their names, their detection, and the tokens that prove it.

use crate::base::error::{Error, ErrorKind, Result};

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
    /// AArch64. No kernels of its own yet: it inherits the scalar ones.
    Neon,
}

/// The one environment variable that changes behaviour.
pub const VARIABLE: &str = "CURT_ISA";

impl Isa {
    /// Every instruction set, from the lowest tier.
    pub const ALL: [Isa; 4] = [Self::Scalar, Self::Avx2, Self::Avx512, Self::Neon];

    /// The name, as `CURT_ISA` takes it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Scalar => "scalar",
            Self::Avx2 => "avx2",
            Self::Avx512 => "avx512",
            Self::Neon => "neon",
        }
    }

    /// Whether this processor has it and this build has kernels for it.
    #[must_use]
    pub fn is_available(self) -> bool {
        match self {
            Self::Scalar => true,
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => Avx2::detect().is_some(),
            #[cfg(target_arch = "x86_64")]
            Self::Avx512 => Avx512::detect().is_some(),
            _ => false,
        }
    }

    /// The highest tier of this processor.
    #[must_use]
    pub fn best() -> Self {
        Self::ALL.into_iter().rev().find(|isa| isa.is_available()).unwrap_or(Self::Scalar)
    }

    /// The tier that `CURT_ISA` names, otherwise [`Isa::best`]. Error: `isa`, for an unknown name or a tier that the processor lacks.
    pub fn from_env() -> Result<Self> {
        let Some(name) = std::env::var_os(VARIABLE) else { return Ok(Self::best()) };
        let found = Self::ALL.into_iter().find(|isa| name.to_str() == Some(isa.name()));
        let isa = found.ok_or_else(|| {
            let names: Vec<_> = Self::ALL.iter().map(|isa| isa.name()).collect();
            Error::new(ErrorKind::Isa, format!("{VARIABLE} is {name:?}; it takes one of {}", names.join(", ")))
        })?;
        if isa.is_available() { Ok(isa) } else { Err(isa.missing()) }
    }

    pub(super) fn missing(self) -> Error {
        let message = format!("this processor or build lacks {}; the best it offers is {}", self.name(), Self::best().name());
        Error::new(ErrorKind::Isa, message)
    }
}

/// Proof that the processor has AVX2, FMA and F16C: made by detection only.
#[cfg(target_arch = "x86_64")]
#[derive(Clone, Copy, Debug)]
pub struct Avx2(());

#[cfg(target_arch = "x86_64")]
impl Avx2 {
    /// The proof, where it is true.
    #[must_use]
    pub fn detect() -> Option<Self> {
        let has = is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") && is_x86_feature_detected!("f16c");
        has.then_some(Self(()))
    }
}

/// Proof that the processor has AVX-512 F, BW, DQ, VL, VBMI and VNNI (and AVX2, FMA and F16C): made by detection only.
#[cfg(target_arch = "x86_64")]
#[derive(Clone, Copy, Debug)]
pub struct Avx512(());

#[cfg(target_arch = "x86_64")]
impl Avx512 {
    /// The proof, where it is true.
    #[must_use]
    pub fn detect() -> Option<Self> {
        let has = is_x86_feature_detected!("avx512f")
            && is_x86_feature_detected!("avx512bw")
            && is_x86_feature_detected!("avx512dq")
            && is_x86_feature_detected!("avx512vl")
            && is_x86_feature_detected!("avx512vbmi")
            && is_x86_feature_detected!("avx512vnni");
        (has && Avx2::detect().is_some()).then_some(Self(()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_tier_is_available_and_scalar_always_is() {
        assert!(Isa::best().is_available());
        assert!(Isa::Scalar.is_available());
        assert_eq!(Isa::Neon.missing().kind(), ErrorKind::Isa);
    }
}
