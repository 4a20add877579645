//! Which instruction sets this processor has, and the table of each.

use super::isa::{Isa, VARIABLE};
use super::scalar;
use super::table::Kernels;
#[cfg(target_arch = "x86_64")]
use super::{
    avx2::{self, Avx2},
    avx512::{self, Avx512},
};
use crate::base::error::{Error, ErrorKind, Result};

impl Isa {
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

    fn missing(self) -> Error {
        let message = format!("this processor or build lacks {}; the best it offers is {}", self.name(), Self::best().name());
        Error::new(ErrorKind::Isa, message)
    }
}

impl Kernels {
    /// The kernels of `isa`.
    ///
    /// # Errors
    /// `isa` when this processor lacks it.
    pub fn of(isa: Isa) -> Result<Self> {
        let scalar = scalar::kernels();
        match isa {
            Isa::Scalar => Ok(scalar),
            #[cfg(target_arch = "x86_64")]
            Isa::Avx2 => Avx2::detect().map(|avx2| avx2::kernels(avx2, scalar)).ok_or_else(|| isa.missing()),
            #[cfg(target_arch = "x86_64")]
            Isa::Avx512 => {
                let kernels = |avx512: Avx512| avx512::kernels(avx512, avx2::kernels(avx512.avx2(), scalar));
                Avx512::detect().map(kernels).ok_or_else(|| isa.missing())
            }
            #[cfg(not(target_arch = "x86_64"))]
            Isa::Avx2 | Isa::Avx512 => Err(isa.missing()),
        }
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
