//! The weights of a convolution as taps: what a window's activations are multiplied by, and where they lie.

use super::geometry::{ConvShape, Planes};
use crate::base::error::Result;
use crate::base::memory::{MemoryBudget, bytes_of};
use crate::encoding::Weights;
use crate::kernels::products::for_each;
use crate::kernels::segments::SEGMENTS;

/// The weights of `M` maps for one activation, and its offset from the first element of the window.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::kernels) struct Tap<const M: usize> {
    pub(super) weights: [f32; M],
    pub(super) offset: u32,
}

/// The chains of `M` maps.
pub(in crate::kernels) type Chains<'a, const M: usize> = [&'a [Tap<M>]; SEGMENTS];

/// What messages call the memory of this page.
const TAPS: &str = "the taps of a convolution";

/// Maps that share the loads of their activations.
pub(super) const MANY: usize = 4;

/// Maps that are computed together.
#[derive(Clone, Copy, Debug)]
pub(super) enum Group {
    /// One map, whose taps are those of its own weights.
    One {
        /// The map.
        map: usize,
        /// Its number in the taps of single maps.
        index: usize,
    },
    /// [`MANY`] maps, whose taps are those of all of them.
    Many {
        /// The first map.
        map: usize,
        /// Their number in the taps of [`MANY`] maps.
        index: usize,
    },
}

/// The taps of every map, chain after chain.
#[derive(Clone, Debug)]
pub(in crate::kernels) struct Taps {
    ones: Lists<1>,
    many: Lists<MANY>,
    /// In the order of computation.
    pub(super) groups: Vec<Group>,
    /// Whether taps come in threes: the fields of order class T, filled up with weights of zero.
    pub(super) threes: bool,
}

/// Chains of several groups of `M` maps.
#[derive(Clone, Debug)]
struct Lists<const M: usize> {
    taps: Vec<Tap<M>>,
    /// Where each chain ends, [`SEGMENTS`] for each group.
    ends: Vec<u32>,
}

/// A weight that is not zero: its column, and its tap.
type Entry = (usize, Tap<1>);
/// The chains of one map.
type MapChains = [Vec<Entry>; SEGMENTS];

impl Taps {
    pub(super) fn new(weights: &Weights<'_>, shape: &ConvShape, planes: &Planes, memory: &mut MemoryBudget) -> Result<Self> {
        let threes = matches!(weights, Weights::Ternary(_));
        let mut this = Self { ones: Lists::empty(), many: Lists::empty(), groups: Vec::new(), threes };
        let mut maps: [MapChains; MANY] = Default::default();
        memory.reserve(&mut this.groups, shape.maps, TAPS)?;
        for first in (0..shape.maps).step_by(MANY) {
            let count = MANY.min(shape.maps - first);
            for (i, chains) in maps[..count].iter_mut().enumerate() {
                read(weights, shape, planes, first + i, chains, memory)?;
            }
            // Maps of one channel group read the same activations.
            let per_group = shape.maps / shape.groups;
            let alike = first / per_group == (first + count - 1) / per_group;
            this.push(first, &maps[..count], alike, memory)?;
        }
        maps.into_iter().flatten().for_each(|chain| memory.release(bytes_of::<Entry>(chain.capacity())));
        Ok(this)
    }

    /// Pushes some maps: together if they are [`MANY`], read `alike` activations, and share most of their taps.
    fn push(&mut self, map: usize, maps: &[MapChains], alike: bool, memory: &mut MemoryBudget) -> Result<()> {
        if let Some(four) = <&[MapChains; MANY]>::try_from(maps).ok().filter(|_| alike) {
            let start = self.many.taps.len();
            self.many.push_group(four.each_ref(), self.threes, memory)?;
            let own: usize = maps.iter().flatten().map(Vec::len).sum();
            if Self::share(self.many.taps.len() - start, own) {
                self.groups.push(Group::Many { map, index: self.many.groups() - 1 });
                return Ok(());
            }
            self.many.pop(start);
        }
        for (i, chains) in maps.iter().enumerate() {
            self.ones.push_group([chains], self.threes, memory)?;
            self.groups.push(Group::One { map: map + i, index: self.ones.groups() - 1 });
        }
        Ok(())
    }

    /// Whether [`MANY`] maps are worth computing together, with `taps` common taps, or one by one, with `own` taps in all. In thousandths of
    /// a cycle for each vector of positions, measured on Zen 3: alone, a map has a load at any offset for each product; together, the sums of short
    /// chains do not stay in registers.
    fn share(taps: usize, own: usize) -> bool {
        MANY * (550 * taps + 13_000) <= 870 * own + MANY * 4_000
    }

    /// The taps of a single map.
    pub(super) fn one(&self, index: usize) -> Chains<'_, 1> {
        self.ones.of(index)
    }

    /// The taps of [`MANY`] maps.
    pub(super) fn many(&self, index: usize) -> Chains<'_, MANY> {
        self.many.of(index)
    }

    /// Bytes of the taps.
    pub(super) fn bytes(&self) -> usize {
        self.ones.bytes() + self.many.bytes() + size_of_val(&self.groups[..])
    }

    /// How many products a position takes.
    pub(super) fn products(&self) -> usize {
        self.ones.taps.len() + MANY * self.many.taps.len()
    }
}

/// The products of a map, by chain.
fn read(
    weights: &Weights<'_>,
    shape: &ConvShape,
    planes: &Planes,
    map: usize,
    chains: &mut MapChains,
    memory: &mut MemoryBudget,
) -> Result<()> {
    chains.iter_mut().for_each(Vec::clear);
    let mut reserved = Ok(());
    for_each(weights, map, |product| {
        let chain = &mut chains[product.chain];
        if reserved.is_ok() {
            reserved = memory.reserve(chain, 1, TAPS);
        }
        // A column past the last is one of a mapped file that has changed.
        if product.col < shape.cols() && reserved.is_ok() {
            let offset = u32::try_from(planes.offset(shape, map, product.col));
            let offset = offset.expect("invariant: planes are below 2^32 floats");
            chain.push((product.col, Tap { weights: [product.weight], offset }));
        }
    });
    reserved
}

impl<const M: usize> Lists<M> {
    const fn empty() -> Self {
        Self { taps: Vec::new(), ends: Vec::new() }
    }

    /// Pushes the chains of `maps`.
    fn push_group(&mut self, maps: [&MapChains; M], threes: bool, memory: &mut MemoryBudget) -> Result<()> {
        for chain in 0..SEGMENTS {
            self.push(maps.map(|chains| &chains[chain][..]), threes, memory)?;
        }
        Ok(())
    }

    /// Pushes a chain: the taps of all `maps`, in ascending columns. A map without a weight for a column has zero.
    fn push(&mut self, mut maps: [&[Entry]; M], threes: bool, memory: &mut MemoryBudget) -> Result<()> {
        let entries: usize = maps.iter().map(|chain| chain.len()).sum();
        memory.reserve(&mut self.taps, entries * if threes { 3 } else { 1 }, TAPS)?;
        memory.reserve(&mut self.ends, 1, TAPS)?;
        // The columns of a tap, or of a field of three.
        let width = if threes { 3 } else { 1 };
        while let Some(first) = maps.iter().filter_map(|chain| chain.first()).min_by_key(|entry| entry.0) {
            let (unit, any) = (first.0 / width, Tap { weights: [0.0; M], offset: first.1.offset });
            let mut taps = [any; 3];
            for (m, chain) in maps.iter_mut().enumerate() {
                while let Some((col, tap)) = chain.first().filter(|entry| entry.0 / width == unit) {
                    let place = &mut taps[col % width];
                    (place.weights[m], place.offset) = (tap.weights[0], tap.offset);
                    *chain = &chain[1..];
                }
            }
            self.taps.extend_from_slice(&taps[..width]);
        }
        self.ends.push(u32::try_from(self.taps.len()).expect("invariant: a layer has at most 2^31 weights"));
        Ok(())
    }

    /// Removes the last group, whose taps begin at `start`.
    fn pop(&mut self, start: usize) {
        self.taps.truncate(start);
        self.ends.truncate(self.ends.len() - SEGMENTS);
    }

    fn groups(&self) -> usize {
        self.ends.len() / SEGMENTS
    }

    fn of(&self, index: usize) -> Chains<'_, M> {
        let ends: &[u32; SEGMENTS] = self.ends.as_chunks().0.get(index).expect("invariant: a group has its chains");
        let mut start = (SEGMENTS * index).checked_sub(1).map_or(0, |before| self.ends[before]);
        let mut chains: Chains<'_, M> = [&[]; SEGMENTS];
        for (chain, &end) in chains.iter_mut().zip(ends) {
            *chain = &self.taps[start as usize..end as usize];
            start = end;
        }
        chains
    }

    fn bytes(&self) -> usize {
        size_of_val(&self.taps[..]) + size_of_val(&self.ends[..])
    }
}
