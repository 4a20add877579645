//! Which columns of a matrix are neighbours (`format-spec/packed.md`, section 8.1).
#![allow(clippy::indexing_slicing)] // by numbers of neighbours, 0 to 7
#![allow(clippy::arithmetic_side_effects)] // positions are below a shape's elements, which are limited to 2^31

use crate::base::checked::from_u32;
use crate::base::error::Result;
use crate::base::memory::MemoryBudget;
use crate::graph::{Graph, Op};
use crate::tensor::{Mask, Shape};

/// The number of neighbours of a place in a feature map.
pub(crate) const AROUND: usize = 8;
/// The number of neighbours that come before a place: left, above, above left, above right.
pub(crate) const BEFORE: usize = 4;

/// What messages call the memory of this page.
const PLACES: &str = "the places of the columns of a packed matrix";

/// The place of a column in its feature map.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Column {
    /// The neighbouring columns, those before the place first. A neighbour that does not exist has the number of columns as its index.
    pub(crate) around: [u32; AROUND],
    /// The number of neighbours that exist.
    pub(crate) neighbours: u32,
    /// The number of neighbours before the place that exist.
    pub(crate) neighbours_before: u32,
    /// Its feature map (channel).
    pub(crate) map: u32,
}

/// The columns of a matrix: places in feature maps, or a plain row without neighbours.
#[derive(Clone, Debug)]
pub(crate) struct Columns {
    pub(crate) len: usize,
    /// The place of each column; empty when the columns have no neighbours.
    pub(crate) places: Vec<Column>,
    pub(crate) maps: usize,
}

impl Columns {
    /// Columns without neighbours.
    pub(crate) fn row(len: usize) -> Self {
        Self { len, places: Vec::new(), maps: 0 }
    }

    /// All places of `maps` maps of shape `[height, width]`. A map with a single place has no neighbours.
    pub(crate) fn image(maps: usize, height: usize, width: usize, memory: &mut MemoryBudget) -> Result<Self> {
        let len = maps.saturating_mul(height).saturating_mul(width);
        Self::places(len, [maps, height, width], memory, |i| i, Some)
    }

    /// The places of `maps` maps of shape `[height, width]` that `mask` keeps.
    pub(crate) fn kept(mask: &Mask, [maps, height, width]: [usize; 3], memory: &mut MemoryBudget) -> Result<Self> {
        let kept = memory.collect(mask.kept(), mask.indices(), PLACES)?;
        let place = |i: usize| kept.get(i).copied().expect("invariant: one for each column");
        Self::places(kept.len(), [maps, height, width], memory, place, |place| kept.binary_search(&place).ok())
    }

    fn places(
        len: usize,
        [maps, height, width]: [usize; 3],
        memory: &mut MemoryBudget,
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
            // Left, above, above left, above right, then their mirror images.
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
        Ok(Self { len, places: memory.collect(len, (0..len).map(at), PLACES)?, maps })
    }
}

/// The `cols` columns of the weights of `node` (counted from 0).
///
/// The columns of a convolution are the places of its window. The columns of a linear layer are the places of the image that was flattened
/// for it, if there is one. To find that image, flatten, affine and activation nodes are followed back to the value that they start from.
pub(crate) fn of_layer(
    graph: &Graph,
    node: usize,
    cols: usize,
    mask: Option<&Mask>,
    memory: &mut MemoryBudget,
) -> Result<Columns> {
    let Some(layer) = graph.nodes().get(node) else { return Ok(Columns::row(cols)) };
    if let Op::Conv2d(conv) = layer.op {
        let [height, width] = conv.window.kernel;
        let area = height.saturating_mul(width);
        return Columns::image(cols.checked_div(area).unwrap_or(0), height, width, memory);
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
        (Shape::Image { channels, height, width }, _, _) => Columns::image(channels, height, width, memory),
        (_, Shape::Image { channels, height, width }, Some(mask)) if value == 0 => {
            Columns::kept(mask, [channels, height, width], memory)
        }
        _ => Ok(Columns::row(cols)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbours_are_those_of_the_map_that_are_kept() {
        let memory = &mut MemoryBudget::unlimited();
        let all = Columns::image(2, 3, 3, memory).unwrap();
        let middle = all.places[4];
        assert_eq!(middle.around, [3, 1, 0, 2, 5, 7, 8, 6]);
        assert_eq!((middle.neighbours, middle.neighbours_before, middle.map), (8, 4, 0));
        let corner = all.places[9];
        assert_eq!(corner.around, [18, 18, 18, 18, 10, 12, 13, 18], "the second map has neighbours of its own");
        assert_eq!((corner.neighbours, corner.neighbours_before, corner.map), (3, 0, 1));
        let mut flags = vec![false; 9];
        (flags[1], flags[4], flags[8]) = (true, true, true);
        let kept = Columns::kept(&Mask::new(flags), [1, 3, 3], memory).unwrap();
        assert_eq!(kept.places[1].around, [3, 0, 3, 3, 3, 3, 2, 3]);
        assert!(Columns::image(5, 1, 1, memory).unwrap().places.is_empty());
    }
}
