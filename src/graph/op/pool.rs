//! `max_pool` and `average_pool`: the maximum, or the mean, of every window of a map.

use super::fields::{Fields, HasFields, WindowFields};
use super::operator::{Dependence, Operator, image, refuse, single_image};
use super::window::Window;
use crate::base::checked::{mul, to_u64};
use crate::base::error::Result;
use crate::tensor::Shape;

const WINDOW: Window = Window::new([1, 1], [1, 1]);
pub(super) const KINDS: &[Pool] = &[
    Pool { kind: PoolKind::Max, window: WINDOW },
    Pool { kind: PoolKind::Average, window: WINDOW },
];

/// What pooling takes of a window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PoolKind {
    /// The greatest element.
    Max,
    /// The sum over the number of elements inside the map.
    Average,
    /// The sum over the number of elements of the window, padding included.
    AverageIncludingPadding,
}

/// Pooling of every map of an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pool {
    /// What is taken of a window.
    pub kind: PoolKind,
    /// The windows.
    pub window: Window,
}

impl Operator for Pool {
    fn name(&self) -> &'static str {
        if self.kind == PoolKind::Max { "max_pool" } else { "average_pool" }
    }

    fn id(&self) -> u32 {
        if self.kind == PoolKind::Max { 6 } else { 7 }
    }

    fn output_shape(&self, inputs: &[Shape]) -> Result<Shape> {
        let [channels, height, width] = single_image(self, inputs)?;
        if self.window.dilation != [1, 1] {
            return refuse("pooling has no dilation".to_owned());
        }
        let (height, width) = self.window.positions(height, width)?;
        image(channels, height, width)
    }

    fn work(&self, _: &[Shape], output: Shape) -> Result<u64> {
        mul(to_u64(output.elements()), to_u64(self.window.area()), "a pool's work")
    }

    fn dependence(&self) -> Dependence {
        Dependence::Same
    }

    fn constant(&self, inputs: &[f64]) -> Option<f64> {
        let input = *inputs.first()?;
        // Zeros of the padding change the mean at the edges.
        let changes = self.kind == PoolKind::AverageIncludingPadding && self.window.is_padded() && input != 0.0;
        (!changes).then_some(input)
    }
}

impl HasFields for Pool {
    fn fields(&mut self, fields: &mut dyn Fields) -> Result<()> {
        fields.window(&mut self.window, WindowFields::Pooling)?;
        if self.kind != PoolKind::Max {
            let mut padded = self.kind == PoolKind::AverageIncludingPadding;
            fields.flag("include_padding", &mut padded)?;
            self.kind = if padded { PoolKind::AverageIncludingPadding } else { PoolKind::Average };
        }
        Ok(())
    }
}
