//! Sparse, all three encodings: eight rows in the lanes, the next entry of each at a time.
//!
//! The stored slots have 16 rows in the lanes and need one permute of 32 activations per slot. In this tier that is four `vpermps` and
//! three blends for 8 rows, which costs more than 8 loads of activations. Octets need the 8 loads too, but they leave the free slots out. Two
//! loads start per cycle, so an octet takes at least 4 to 5 cycles, about the fma's 4: two groups at a time hide its latency.

use super::Avx2;
use super::memory::Activations;
use super::octets::{self, BLOCK, Column, Group, OCTET, Octets, is_wide, prepare};
use crate::base::align::AlignedVec;
use crate::base::error::Result;
use crate::base::memory::MemoryBudget;
use crate::encoding::sparse::Sparse;
use crate::kernels::LinearCall;
use crate::kernels::class_s::{self, Transpose};
use crate::kernels::kernel::{Cycles, Kernel, Preference};
use std::arch::x86_64::__m256;
use std::ops::Range;

/// Fewer samples are computed one by one.
const WORTHWHILE: usize = 2;

#[derive(Clone, Copy, Debug)]
pub(in crate::kernels) struct ListKernel(pub(in crate::kernels) Avx2);

impl Kernel for ListKernel {
    type View<'a> = Sparse<'a>;

    fn prepare(self, w: &Sparse<'_>, _: Preference, memory: &mut MemoryBudget) -> Result<AlignedVec<u32>> {
        prepare(*w, memory)
    }

    fn scratch_len(self, cols: usize, batch: usize) -> usize {
        class_s::scratch_len::<OCTET>(cols, batch)
    }

    fn cycles(self, w: &Sparse<'_>, prepared: &[u32]) -> Cycles {
        octets::cycles(prepared, w.rows())
    }

    fn run(self, w: &Sparse<'_>, prepared: &[u32], call: &mut LinearCall<'_>) {
        if is_wide(w.cols()) {
            linear(self.0, *w, Octets::<u32>::new(prepared, w.rows()), call);
        } else {
            linear(self.0, *w, Octets::<u16>::new(prepared, w.rows()), call);
        }
    }
}

fn linear<C: Column>(avx2: Avx2, w: Sparse<'_>, octets: Octets<'_, C>, call: &mut LinearCall<'_>) {
    let (rows, cols) = (w.rows(), w.cols());
    let one = |sample: usize, call: &mut LinearCall<'_>| {
        let x = Activations::new(&call.input[sample * call.input_stride..], cols);
        for row in (0..rows).step_by(BLOCK) {
            let block = row..(row + BLOCK).min(rows);
            let (groups, mut sums) = (octets.groups(&block), [0.0; BLOCK]);
            avx2.with_features(
                &mut sums,
                #[inline(always)]
                |sums| one_sample(avx2, octets, groups, x, sums),
            );
            call.finish(avx2, sample, row, &sums[..block.len()]);
        }
    };
    let many = |rows: Range<usize>, x: &[[f32; 8]], sums: &mut [[f32; 8]]| {
        avx2.with_features(
            sums,
            #[inline(always)]
            |sums| {
                for group in octets.groups(&rows) {
                    many_samples(avx2, octets, group, x, sums);
                }
            },
        );
    };
    class_s::linear(avx2, [rows, cols], WORTHWHILE, call, one, many);
}

/// The sums of the rows of some groups of a block, for one sample. Two groups advance together as long as both last: each hides the
/// latency of the other.
#[inline(always)]
fn one_sample<C: Column>(avx2: Avx2, octets: Octets<'_, C>, groups: Range<usize>, x: Activations<'_>, sums: &mut [f32; BLOCK]) {
    let last = groups.end;
    for group in groups.step_by(2) {
        let next = (group + 1 < last).then_some(group + 1);
        let (first, second) = (octets.group(group), next.map_or((&[][..], &[][..]), |group| octets.group(group)));
        let (mut a, mut b) = (avx2.zeros(), avx2.zeros());
        let common = first.0.len().min(second.0.len());
        for i in 0..common {
            a = avx2.multiply_add(avx2.load8(&first.0[i]), x.at(avx2, C::load(avx2, &first.1[i])), a);
            b = avx2.multiply_add(avx2.load8(&second.0[i]), x.at(avx2, C::load(avx2, &second.1[i])), b);
        }
        a = chain(avx2, (&first.0[common..], &first.1[common..]), x, a);
        b = chain(avx2, (&second.0[common..], &second.1[common..]), x, b);
        put(avx2, octets, Some(group), a, sums);
        put(avx2, octets, next, b, sums);
    }
}

/// Puts the sums of a group where its rows are.
#[inline(always)]
fn put<C: Column>(avx2: Avx2, octets: Octets<'_, C>, group: Option<usize>, totals: __m256, sums: &mut [f32; BLOCK]) {
    if let Some(group) = group {
        let mut own = [0.0; OCTET];
        avx2.store8(&mut own, totals);
        for (place, own) in octets.places(group).into_iter().zip(own) {
            sums[place] = own;
        }
    }
}

/// Continues the chains of a group for one sample.
#[inline(always)]
fn chain<C: Column>(avx2: Avx2, (factors, columns): Group<'_, C>, x: Activations<'_>, mut c: __m256) -> __m256 {
    for (factors, columns) in factors.iter().zip(columns) {
        c = avx2.multiply_add(avx2.load8(factors), x.at(avx2, C::load(avx2, columns)), c);
    }
    c
}

/// The sums of the rows of a group, for 8 samples.
#[inline(always)]
fn many_samples<C: Column>(avx2: Avx2, octets: Octets<'_, C>, group: usize, x: &[[f32; 8]], sums: &mut [[f32; 8]]) {
    let mut c = [avx2.zeros(); OCTET];
    let (factors, columns) = octets.group(group);
    for (factors, columns) in factors.iter().zip(columns) {
        for ((c, &factor), &column) in c.iter_mut().zip(factors).zip(columns) {
            *c = avx2.multiply_add(avx2.splat_f32(factor), avx2.load8(&x[column.into() as usize]), *c);
        }
    }
    for (place, c) in octets.places(group).into_iter().zip(c) {
        // Lanes after the last row have no sum.
        if let Some(sum) = sums.get_mut(place) {
            avx2.store8(sum, c);
        }
    }
}

impl Transpose<8> for Avx2 {
    /// Pairs of lanes, then of pairs, then of halves.
    #[inline(always)]
    fn transpose(self, samples: [&[f32; 8]; 8], columns: &mut [[f32; 8]; 8]) {
        let [a, b, c, d, e, f, g, h] = samples.map(
            #[inline(always)]
            |sample| self.load8(sample),
        );
        let (lower, upper) = columns.split_at_mut(4);
        let quarters = self.quarters([a, b, c, d]).into_iter().zip(self.quarters([e, f, g, h]));
        for ((low, high), (first, second)) in lower.iter_mut().zip(upper).zip(quarters) {
            self.store8(low, self.pick_halves::<0x20>(first, second));
            self.store8(high, self.pick_halves::<0x31>(first, second));
        }
    }
}

impl Avx2 {
    /// Transposes 4 x 4 floats in each half of the vectors.
    #[inline(always)]
    fn quarters(self, [a, b, c, d]: [__m256; 4]) -> [__m256; 4] {
        let (low0, high0) = (self.interleave_low(a, b), self.interleave_high(a, b));
        let (low1, high1) = (self.interleave_low(c, d), self.interleave_high(c, d));
        [
            self.pick::<0x44>(low0, low1),
            self.pick::<0xEE>(low0, low1),
            self.pick::<0x44>(high0, high1),
            self.pick::<0xEE>(high0, high1),
        ]
    }
}
