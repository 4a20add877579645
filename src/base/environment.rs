//! The floating-point modes of the thread while the library computes.
//!
//! A host may round in another direction, flush subnormal numbers to zero or trap on exceptions: `-ffast-math` does so at the start of a
//! program, audio and graphics libraries do on their threads. `format-spec/arithmetic.md` defines results under the modes that IEEE 754
//! starts with. [`Environment::set`] sets these modes, and the caller's come back when its value ends.
#![allow(unsafe_code)] // the instructions that read and write the control register

use std::marker::PhantomData;

/// The modes of the specification, until it is dropped: to nearest, ties to even; subnormals kept; no traps.
///
/// Reading the modes takes a few nanoseconds. They are written only where the caller's differ.
#[must_use = "the modes end with the value"]
pub struct Environment {
    before: Option<control::Word>,
    /// The modes belong to a thread, so the value stays on it.
    thread: PhantomData<*const ()>,
}

impl Environment {
    /// Sets the modes.
    #[inline]
    pub fn set() -> Self {
        let found = control::read();
        let before = (!control::is_default(found)).then_some(found);
        if before.is_some() {
            control::write(control::DEFAULT);
        }
        Self { before, thread: PhantomData }
    }
}

impl Drop for Environment {
    #[inline]
    fn drop(&mut self) {
        if let Some(before) = self.before {
            control::write(before);
        }
    }
}

/// MXCSR, which rules SSE, AVX and AVX-512.
#[cfg(any(target_arch = "x86_64", all(target_arch = "x86", target_feature = "sse")))]
mod control {
    use std::arch::asm;

    pub(super) type Word = u32;
    /// All exceptions masked, everything else off: the value after a reset.
    pub(super) const DEFAULT: Word = 0x1F80;
    /// The flags of exceptions that have occurred, which are no modes.
    const FLAGS: Word = 0x3F;

    pub(super) fn is_default(word: Word) -> bool {
        word & !FLAGS == DEFAULT
    }

    #[inline]
    pub(super) fn read() -> Word {
        let mut word: Word = 0;
        // SAFETY: stores four bytes into the local variable, and changes nothing else.
        unsafe { asm!("stmxcsr [{}]", in(reg) &raw mut word, options(nostack, preserves_flags)) };
        word
    }

    #[inline]
    pub(super) fn write(word: Word) {
        // SAFETY: loads four bytes of the local variable. They are the default, or what `read` found on this thread: reserved bits are zero.
        // The compiler moves no access to memory across, hence no computation on what memory holds.
        unsafe { asm!("ldmxcsr [{}]", in(reg) &raw const word, options(nostack, preserves_flags)) };
    }
}

/// FPCR.
#[cfg(target_arch = "aarch64")]
mod control {
    use std::arch::asm;

    pub(super) type Word = u64;
    /// To nearest, subnormals kept, no traps, NaN as IEEE 754 has them.
    pub(super) const DEFAULT: Word = 0;

    pub(super) fn is_default(word: Word) -> bool {
        word == DEFAULT
    }

    #[inline]
    pub(super) fn read() -> Word {
        let word: Word;
        // SAFETY: reads a control register of this thread, and changes nothing.
        unsafe { asm!("mrs {}, fpcr", out(reg) word, options(nostack, preserves_flags)) };
        word
    }

    #[inline]
    pub(super) fn write(word: Word) {
        // SAFETY: zero, or what `read` found on this thread. The compiler moves no access to memory across.
        unsafe { asm!("msr fpcr, {}", in(reg) word, options(nostack, preserves_flags)) };
    }
}

/// Processors whose modes are not known here: the caller's stay.
#[cfg(not(any(target_arch = "x86_64", all(target_arch = "x86", target_feature = "sse"), target_arch = "aarch64")))]
mod control {
    pub(super) type Word = ();
    pub(super) const DEFAULT: Word = ();

    pub(super) fn is_default((): Word) -> bool {
        true
    }

    pub(super) fn read() -> Word {}

    pub(super) fn write((): Word) {}
}
