//! Several samples: one fma per element of a panel and sample, `c = fma(w, x, c)`, in ascending columns.
//!
//! A column is loaded once and multiplied by up to 8 activations, broadcast by the fma itself: 8 chains.
#![allow(unsafe_code)] // one call into a function of this tier

use super::Avx512;
use super::memory::{load, store};
use crate::kernels::panels::{Panels, Rows};
use std::arch::x86_64::{_mm512_fmadd_ps, _mm512_set1_ps, _mm512_setzero_ps};

impl Panels for Avx512 {
    const SAMPLES: usize = 8;

    fn multiply(self, panel: &[Rows<f32>], _: usize, xs: &[&[f32]], chains: &mut [Rows<f32>]) {
        // SAFETY: `self` proves the features.
        unsafe { multiply(panel, xs, chains) }
    }
}

/// Chooses the loop for the samples given.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi,avx512vnni")]
fn multiply(panel: &[Rows<f32>], xs: &[&[f32]], chains: &mut [Rows<f32>]) {
    match xs.len() {
        1 => block::<1>(panel, xs, chains),
        2 => block::<2>(panel, xs, chains),
        3 => block::<3>(panel, xs, chains),
        4 => block::<4>(panel, xs, chains),
        5 => block::<5>(panel, xs, chains),
        6 => block::<6>(panel, xs, chains),
        7 => block::<7>(panel, xs, chains),
        8 => block::<8>(panel, xs, chains),
        count => panic!("invariant: at most 8 samples, not {count}"),
    }
}

#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi,avx512vnni")]
fn block<const SAMPLES: usize>(panel: &[Rows<f32>], samples: &[&[f32]], chains: &mut [Rows<f32>]) {
    let len = panel.len();
    let mut xs: [&[f32]; SAMPLES] = [&[]; SAMPLES];
    let mut c = [_mm512_setzero_ps(); SAMPLES];
    for i in 0..SAMPLES {
        // Cut to one length that the compiler knows: no check is left in the loop.
        xs[i] = &samples[i][..len];
        c[i] = load(&chains[i]);
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
