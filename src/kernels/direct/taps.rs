//! The weights of a convolution as taps: a weight, and the offset of its activation.

use super::geometry::{ConvShape, Planes, no_memory};
use super::products::{CHAINS, for_each};
use crate::base::error::Result;
use crate::encoding::Weights;
use crate::kernels::segments::SEGMENTS;
use std::ops::Range;

/// A weight, and the offset of its activation from the first element of the window.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Tap {
    pub(super) weight: f32,
    pub(super) offset: u32,
}

/// The taps of every map, chain after chain.
#[derive(Clone, Debug)]
pub(in crate::kernels) struct Taps {
    taps: Vec<Tap>,
    /// Where each chain of each map ends.
    ends: Vec<u32>,
    /// Whether taps come in threes: the fields of order class T, filled up with weights of zero.
    pub(super) threes: bool,
}

impl Taps {
    pub(super) fn new(weights: &Weights<'_>, shape: &ConvShape, planes: &Planes) -> Result<Self> {
        let threes = matches!(weights, Weights::Ternary(_));
        let mut this = Self { taps: Vec::new(), ends: Vec::new(), threes };
        let failed = |_| no_memory("the taps of a convolution");
        let mut chains: [Vec<(usize, Tap)>; CHAINS] = Default::default();
        this.ends.try_reserve_exact(CHAINS * shape.maps).map_err(failed)?;
        for map in 0..shape.maps {
            chains.iter_mut().for_each(Vec::clear);
            let mut reserved = Ok(());
            for_each(weights, map, |product| {
                let chain = &mut chains[product.chain];
                if reserved.is_ok() {
                    reserved = chain.try_reserve(1);
                }
                // A column past the last is one of a mapped file that has changed.
                if product.col < shape.cols() && reserved.is_ok() {
                    let offset = planes.offset(shape, map, product.col);
                    let offset = u32::try_from(offset).expect("invariant: planes are below 2^32 floats");
                    chain.push((product.field, Tap { weight: product.weight, offset }));
                }
            });
            reserved.map_err(failed)?;
            for chain in &chains {
                let most = if threes { 3 * chain.len() } else { chain.len() };
                this.taps.try_reserve(most).map_err(failed)?;
                if threes {
                    this.push_fields(chain);
                } else {
                    this.taps.extend(chain.iter().map(|(_, tap)| tap));
                }
                this.ends.push(u32::try_from(this.taps.len()).expect("invariant: a layer has at most 2^31 weights"));
            }
        }
        Ok(this)
    }

    /// Pushes the fields of a chain, each as three taps in ascending columns.
    fn push_fields(&mut self, chain: &[(usize, Tap)]) {
        for field in chain.chunk_by(|a, b| a.0 == b.0) {
            // The place of a digit that is zero does not matter: +0 is added first, between or last.
            let any = Tap { weight: 0.0, offset: field[0].1.offset };
            self.taps.extend((0..3).map(|i| field.get(i).map_or(any, |&(_, tap)| tap)));
        }
    }

    /// The taps of four chains of a map: those of the segments, or those of the list.
    pub(super) fn of(&self, map: usize, list: bool) -> [&[Tap]; SEGMENTS] {
        let first = CHAINS * map + if list { SEGMENTS } else { 0 };
        std::array::from_fn(|s| &self.taps[self.range(first + s)])
    }

    fn range(&self, chain: usize) -> Range<usize> {
        let start = chain.checked_sub(1).map_or(0, |before| self.ends[before]);
        start as usize..self.ends[chain] as usize
    }

    /// Bytes of the taps.
    pub(super) fn bytes(&self) -> usize {
        size_of_val(&self.taps[..]) + size_of_val(&self.ends[..])
    }

    /// How many taps there are.
    pub(super) fn len(&self) -> usize {
        self.taps.len()
    }
}
