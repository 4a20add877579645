//! Where the columns of a matrix lie beside each other (`format-spec/packed.md`, section 8.1).
#![allow(clippy::indexing_slicing)] // by numbers of neighbours, 0 to 7
#![allow(clippy::arithmetic_side_effects)] // positions are below a shape's elements, which are limited to 2^31

use crate::base::checked::from_u32;
use crate::base::error::{Error, ErrorKind, Result};
use crate::graph::{Graph, Op};
use crate::tensor::{Mask, Shape};

/// Neighbours of a place in a map.
pub(super) const AROUND: usize = 8;
/// Those that come before it: left, above, above left, above right.
pub(super) const BEFORE: usize = 4;

/// A column's place.
#[derive(Clone, Copy, Debug)]
pub(super) struct Column {
    /// The columns around it, those that come before it first; the number of columns where there is none.
    pub(super) around: [u32; AROUND],
    /// How many of all there are.
    pub(super) neighbours: u32,
    /// How many there are of those before.
    pub(super) neighbours_before: u32,
    /// The map (channel) that it belongs to.
    pub(super) map: u32,
}

/// The columns of a matrix: places in maps, or a plain row.
#[derive(Clone, Debug)]
pub(super) struct Columns {
    pub(super) len: usize,
    /// One for each column, or none when they have no neighbours.
    pub(super) places: Vec<Column>,
    pub(super) maps: usize,
}

impl Columns {
    /// Columns without neighbours.
    pub(super) fn row(len: usize) -> Self {
        Self { len, places: Vec::new(), maps: 0 }
    }

    /// Every place of `maps` maps of `height` x `width`; single places have no neighbours.
    pub(super) fn image(maps: usize, height: usize, width: usize) -> Result<Self> {
        let len = maps.saturating_mul(height).saturating_mul(width);
        Self::places(len, maps, height, width, |i| i, Some)
    }

    /// The places that `mask` keeps of the maps of `shape`.
    pub(super) fn kept(mask: &Mask, maps: usize, height: usize, width: usize) -> Result<Self> {
        let kept: Vec<usize> = mask.indices().collect();
        let place = |i: usize| kept.get(i).copied().expect("invariant: one for each column");
        Self::places(kept.len(), maps, height, width, place, |place| kept.binary_search(&place).ok())
    }

    fn places(
        len: usize,
        maps: usize,
        height: usize,
        width: usize,
        place: impl Fn(usize) -> usize,
        column: impl Fn(usize) -> Option<usize>,
    ) -> Result<Self> {
        if height.saturating_mul(width) <= 1 {
            return Ok(Self::row(len));
        }
        let index = |i: usize| u32::try_from(i).expect("invariant: columns are limited to 2^31");
        let at = |i: usize| {
            let place = place(i);
            let (map, y, x) = (place / (height * width), place / width % height, place % width);
            let (up, down, left, right) = (y > 0, y + 1 < height, x > 0, x + 1 < width);
            // Left, above, above left, above right, and what mirrors them.
            let inside = [left, up, up && left, up && right, right, down, down && right, down && left];
            let away = [1, width, width + 1, width - 1, 1, width, width + 1, width - 1];
            let mut around = [index(len); AROUND];
            for (k, slot) in around.iter_mut().enumerate() {
                let neighbour = if k < BEFORE { place.wrapping_sub(away[k]) } else { place + away[k] };
                if let Some(column) = inside[k].then(|| column(neighbour)).flatten() {
                    *slot = index(column);
                }
            }
            let exist = |slots: &[u32]| index(slots.iter().filter(|&&slot| from_u32(slot) < len).count());
            let (neighbours, neighbours_before) = (exist(&around), exist(around.get(..BEFORE).unwrap_or_default()));
            Column { around, neighbours, neighbours_before, map: index(map) }
        };
        let mut places = with_capacity(len)?;
        places.extend((0..len).map(at));
        Ok(Self { len, places, maps })
    }
}

/// The columns of the weights of `node` (counted from 0), a layer with `cols` of them.
///
/// A convolution's are the places of its window. A linear layer's are those of the image that was flattened for it, if one was: the input's
/// own, or the one that the last operator which is not a flatten or a function of each element made.
pub(super) fn of_layer(graph: &Graph, node: usize, cols: usize, mask: Option<&Mask>) -> Result<Columns> {
    let Some(layer) = graph.nodes().get(node) else { return Ok(Columns::row(cols)) };
    if let Op::Conv2d(conv) = layer.op {
        let [height, width] = conv.window.kernel;
        let area = height.saturating_mul(width);
        return Columns::image(cols.checked_div(area).unwrap_or(0), height, width);
    }
    let mut value = layer.input();
    while let Some(before) = value.checked_sub(1).and_then(|i| graph.nodes().get(i)) {
        match before.op {
            Op::Flatten | Op::Affine | Op::Activation(_) => value = before.input(),
            _ => break,
        }
    }
    let input = graph.input();
    match (graph.shape(value), input.shape, mask) {
        (Shape::Image { channels, height, width }, _, _) => Columns::image(channels, height, width),
        (_, Shape::Image { channels, height, width }, Some(mask)) if value == 0 => Columns::kept(mask, channels, height, width),
        _ => Ok(Columns::row(cols)),
    }
}

/// An empty list with room for `len`. Error: `no_memory`.
pub(super) fn with_capacity<T>(len: usize) -> Result<Vec<T>> {
    let mut list = Vec::new();
    let no_memory = |_| Error::new(ErrorKind::NoMemory, format!("a matrix of {len} columns or elements does not fit in memory"));
    list.try_reserve_exact(len).map_err(no_memory)?;
    Ok(list)
}

/// A list of `len` times `value`. Error: `no_memory`.
pub(super) fn filled<T: Clone>(value: T, len: usize) -> Result<Vec<T>> {
    let mut list = with_capacity(len)?;
    list.resize(len, value);
    Ok(list)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbours_are_those_of_the_map_that_are_kept() {
        let all = Columns::image(2, 3, 3).unwrap();
        let middle = all.places[4];
        assert_eq!(middle.around, [3, 1, 0, 2, 5, 7, 8, 6]);
        assert_eq!((middle.neighbours, middle.neighbours_before, middle.map), (8, 4, 0));
        let corner = all.places[9];
        assert_eq!(corner.around, [18, 18, 18, 18, 10, 12, 13, 18], "the second map has neighbours of its own");
        assert_eq!((corner.neighbours, corner.neighbours_before, corner.map), (3, 0, 1));
        let mut flags = vec![false; 9];
        (flags[1], flags[4], flags[8]) = (true, true, true);
        let kept = Columns::kept(&Mask::new(flags), 1, 3, 3).unwrap();
        assert_eq!(kept.places[1].around, [3, 0, 3, 3, 3, 3, 2, 3]);
        assert!(Columns::image(5, 1, 1).unwrap().places.is_empty());
    }
}
