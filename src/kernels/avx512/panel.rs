//! Several samples: one fma per element of a panel and sample, `c = fma(w, x, c)`, in ascending columns.
//!
//! A column is loaded once and multiplied by up to 8 activations, broadcast by the fma itself: 8 chains.
#![allow(unsafe_code)] // one call into a function of this tier

use super::Avx512;
use super::memory::{load, store};
use crate::kernels::panels::{Panels, Rows, Samples};
use std::arch::x86_64::{_mm512_fmadd_ps, _mm512_set1_ps, _mm512_setzero_ps};

impl Panels for Avx512 {
    const SAMPLES: usize = 8;

    fn multiply(self, panel: &[Rows<f32>], _: usize, samples: Samples<'_>, chains: &mut [Rows<f32>]) {
        // SAFETY: `self` proves the features.
        unsafe { multiply(panel, samples, chains) }
    }
}

/// Chooses the loop for the samples given.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi,avx512vnni")]
fn multiply(panel: &[Rows<f32>], samples: Samples<'_>, chains: &mut [Rows<f32>]) {
    match chains.len() {
        1 => block::<1>(panel, samples, chains),
        2 => block::<2>(panel, samples, chains),
        3 => block::<3>(panel, samples, chains),
        4 => block::<4>(panel, samples, chains),
        5 => block::<5>(panel, samples, chains),
        6 => block::<6>(panel, samples, chains),
        7 => block::<7>(panel, samples, chains),
        8 => block::<8>(panel, samples, chains),
        count => panic!("invariant: at most 8 samples, not {count}"),
    }
}

#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi,avx512vnni")]
fn block<const SAMPLES: usize>(panel: &[Rows<f32>], samples: Samples<'_>, chains: &mut [Rows<f32>]) {
    let xs: [&[f32]; SAMPLES] = samples.columns(panel.len());
    let mut c = [_mm512_setzero_ps(); SAMPLES];
    for (c, chain) in c.iter_mut().zip(chains.iter()) {
        *c = load(chain);
    }
    for (k, column) in panel.iter().enumerate() {
        let w = load(column);
        for (c, x) in c.iter_mut().zip(xs) {
            *c = _mm512_fmadd_ps(w, _mm512_set1_ps(x[k]), *c);
        }
    }
    for (c, chain) in c.iter().zip(chains) {
        store(chain, *c);
    }
}
