//! Several samples: one fma per element of a panel and sample, `c = fma(w, x, c)`, in ascending columns.
//!
//! The two halves of a column are loaded once and multiplied by up to 6 broadcast activations: 12 chains, 2 + 1 + 12 registers. The upper half
//! is skipped when it holds padding rows only.
#![allow(unsafe_code)] // one call into a function of this tier

use super::Avx2;
use super::memory::{HALF, half, load, store};
use crate::kernels::panels::{Panels, Rows, Samples};
use std::arch::x86_64::{_mm256_fmadd_ps, _mm256_set1_ps, _mm256_setzero_ps};

impl Panels for Avx2 {
    const SAMPLES: usize = 6;

    fn multiply(self, panel: &[Rows<f32>], rows: usize, samples: Samples<'_>, chains: &mut [Rows<f32>]) {
        // SAFETY: `self` proves the features.
        unsafe { multiply(panel, rows, samples, chains) }
    }
}

/// Chooses the loop for the samples given, and for the halves that hold real rows.
#[target_feature(enable = "avx2,fma,f16c")]
fn multiply(panel: &[Rows<f32>], rows: usize, samples: Samples<'_>, chains: &mut [Rows<f32>]) {
    macro_rules! samples {
        ($($count:literal)*) => {
            match (chains.len(), rows > HALF) {
                $(($count, true) => block::<$count, 2>(panel, samples, chains),
                ($count, false) => block::<$count, 1>(panel, samples, chains),)*
                (count, _) => panic!("invariant: at most 6 samples, not {count}"),
            }
        };
    }
    samples!(1 2 3 4 5 6);
}

/// The first `HALVES` halves of the panel.
#[target_feature(enable = "avx2,fma,f16c")]
fn block<const SAMPLES: usize, const HALVES: usize>(panel: &[Rows<f32>], samples: Samples<'_>, chains: &mut [Rows<f32>]) {
    let xs: [&[f32]; SAMPLES] = samples.columns(panel.len());
    let mut c = [[_mm256_setzero_ps(); HALVES]; SAMPLES];
    for (c, chain) in c.iter_mut().zip(chains.iter()) {
        for (c, chain) in c.iter_mut().zip(chain.as_chunks().0) {
            *c = load(chain);
        }
    }
    for (k, column) in panel.iter().enumerate() {
        let mut weights = [_mm256_setzero_ps(); HALVES];
        for (h, w) in weights.iter_mut().enumerate() {
            *w = load(half(column, h));
        }
        for (c, x) in c.iter_mut().zip(xs) {
            let x = _mm256_set1_ps(x[k]);
            for (c, w) in c.iter_mut().zip(weights) {
                *c = _mm256_fmadd_ps(w, x, *c);
            }
        }
    }
    for (c, chain) in c.iter().zip(chains) {
        for (c, chain) in c.iter().zip(chain.as_chunks_mut().0) {
            store(chain, *c);
        }
    }
}
