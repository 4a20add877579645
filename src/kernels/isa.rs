//! Instruction sets: their names, and which of them this processor has.

#[cfg(target_arch = "x86_64")]
use super::{avx2::Avx2, avx512::Avx512};
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

    /// Whether this processor has it and this build has kernels for it.
    #[must_use]
    pub fn is_available(self) -> bool {
        match self {
            Self::Scalar => true,
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => Avx2::detect().is_some(),
            #[cfg(target_arch = "x86_64")]
            Self::Avx512 => Avx512::detect().is_some(),
            #[cfg(not(target_arch = "x86_64"))]
            Self::Avx2 | Self::Avx512 => false,
        }
    }

    /// The highest tier of this processor.
    #[must_use]
    pub fn best() -> Self {
        Self::ALL.into_iter().rev().find(|isa| isa.is_available()).unwrap_or(Self::Scalar)
    }

    /// The tier that `CURT_ISA` names; without the variable, [`Isa::best`].
    ///
    /// # Errors
    /// `isa` when the name is unknown or the processor lacks the tier.
    pub fn from_env() -> Result<Self> {
        let Some(name) = std::env::var_os(VARIABLE) else { return Ok(Self::best()) };
        let found = Self::ALL.into_iter().find(|isa| name.to_str() == Some(isa.name()));
        let isa = found.ok_or_else(|| {
            let names = Self::ALL.map(Self::name).join(", ");
            Error::new(ErrorKind::Isa, format!("{VARIABLE} is {name:?}; it takes one of {names}"))
        })?;
        if isa.is_available() { Ok(isa) } else { Err(isa.missing()) }
    }

    pub(super) fn missing(self) -> Error {
        let message = format!("this processor or build lacks {}; the best it offers is {}", self.name(), Self::best().name());
        Error::new(ErrorKind::Isa, message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_tier_is_available_and_scalar_always_is() {
        assert!(Isa::best().is_available());
        assert!(Isa::Scalar.is_available());
        assert_eq!(Isa::Avx512.missing().kind(), ErrorKind::Isa);
    }
}
