//! Where the activations of a convolution lie, and which positions share a vector.

use std::ops::Range;

/// The shape of a convolution.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConvShape {
    /// Channels, rows and columns of the input.
    pub input: [usize; 3],
    /// Output maps.
    pub maps: usize,
    /// Rows and columns of the output.
    pub positions: [usize; 2],
    /// Rows and columns of the window.
    pub kernel: [usize; 2],
    /// Distance of neighbouring windows, down and across.
    pub stride: [usize; 2],
    /// Rows of zeros above the input, columns of zeros before it.
    pub padding: [usize; 2],
    /// Distance of neighbouring elements of a window, down and across.
    pub dilation: [usize; 2],
    /// Channel groups: each output map reads the channels of one of them.
    pub groups: usize,
}

impl ConvShape {
    /// Columns of the weights: the elements of a window over the channels of a channel group.
    #[must_use]
    pub fn cols(&self) -> usize {
        self.group_channels() * self.kernel[0] * self.kernel[1]
    }

    pub(super) fn group_channels(&self) -> usize {
        self.input[0] / self.groups
    }
}

/// How the loops see the input. Each channel is cut into planes, one per phase of the stride, so that neighbouring positions are
/// neighbours in memory; padding is part of a plane.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Planes {
    /// Phases down and across: the stride.
    phases: [usize; 2],
    /// Rows of a plane.
    height: usize,
    /// Floats from one row to the next.
    pub(super) pitch: usize,
    /// Whether the input is copied; otherwise it lies so already.
    pub(super) copied: bool,
}

impl Planes {
    pub(super) fn new(shape: &ConvShape) -> Self {
        // The rows and columns that windows reach, padding included.
        let reach = |d: usize| match shape.positions[d] {
            0 => 0,
            positions => (positions - 1) * shape.stride[d] + (shape.kernel[d] - 1) * shape.dilation[d] + 1,
        };
        let copied = shape.stride != [1, 1] || shape.padding != [0, 0] || (0..2).any(|d| reach(d) > shape.input[d + 1]);
        if !copied {
            return Self { phases: [1, 1], height: shape.input[1], pitch: shape.input[2], copied };
        }
        let [height, pitch] = [0, 1].map(|d| reach(d).div_ceil(shape.stride[d]));
        Self { phases: shape.stride, height, pitch, copied }
    }

    /// Floats of all planes of a channel. A file may ask for strides whose product exceeds an address; it then saturates.
    fn channel_floats(&self) -> usize {
        self.phases[0].saturating_mul(self.phases[1]).saturating_mul(self.height.saturating_mul(self.pitch))
    }

    /// Floats of the planes of all channels, saturated.
    pub(super) fn floats(&self, shape: &ConvShape) -> usize {
        shape.input[0].saturating_mul(self.channel_floats())
    }

    /// Where element (`y`, `x`) of a padded channel lies.
    fn index(&self, channel: usize, y: usize, x: usize) -> usize {
        let [sy, sx] = self.phases;
        let plane = (y % sy) * sx + x % sx;
        channel * self.channel_floats() + (plane * self.height + y / sy) * self.pitch + x / sx
    }

    /// The offset of column `col` of the weights of `map` from the first element of a window.
    pub(super) fn offset(&self, shape: &ConvShape, map: usize, col: usize) -> usize {
        let [kernel_height, kernel_width] = shape.kernel;
        let (channel, element) = (col / (kernel_height * kernel_width), col % (kernel_height * kernel_width));
        let first = map / (shape.maps / shape.groups) * shape.group_channels();
        let (ky, kx) = (element / kernel_width, element % kernel_width);
        self.index(first + channel, ky * shape.dilation[0], kx * shape.dilation[1])
    }

    /// Copies a sample into `planes`; the elements of the padding are zero.
    pub(super) fn fill(&self, shape: &ConvShape, input: &[f32], planes: &mut [f32]) {
        let [channels, height, width] = shape.input;
        let [sy, sx] = self.phases;
        planes.fill(0.0);
        for (channel, map) in input.chunks_exact((height * width).max(1)).take(channels).enumerate() {
            for (y, row) in map.chunks_exact(width).enumerate() {
                let y = y + shape.padding[0];
                for phase in 0..sx {
                    // The first column of the row in this phase.
                    let first = (phase + sx - shape.padding[1] % sx) % sx;
                    let x = first + shape.padding[1];
                    if y / sy >= self.height || x / sx >= self.pitch || first >= width {
                        continue;
                    }
                    let at = self.index(channel, y, x);
                    let out = &mut planes[at..at + (self.pitch - x / sx)];
                    if sx == 1 {
                        let len = out.len().min(width);
                        out[..len].copy_from_slice(&row[..len]);
                    } else {
                        out.iter_mut().zip(row[first..].iter().step_by(sx)).for_each(|(out, &x)| *out = x);
                    }
                }
            }
        }
    }
}

/// The vectors of the positions of a map.
#[derive(Clone, Copy, Debug)]
pub(super) struct Vectors {
    /// Rows of a band, at most: what its windows read stays in the first-level cache.
    pub(super) band_rows: usize,
    /// Vectors of a row.
    pub(super) across: usize,
    /// Floats of input from one row of vectors to the next.
    pub(super) pitch: usize,
    /// Floats of output from one row of positions to the next.
    pub(super) out_pitch: usize,
    /// Whether vectors run on over the ends of rows, as one column of vectors.
    running: bool,
    lanes: usize,
}

/// Floats of input that a band should read at most: three quarters of a first-level cache of 32 KiB.
const BAND_FLOATS: usize = 6 << 10;

impl Vectors {
    pub(super) fn new(shape: &ConvShape, planes: &Planes, lanes: usize) -> Self {
        let [rows, cols] = shape.positions;
        let row_floats = (planes.floats(shape) / planes.height.max(1)).max(1);
        let band_rows = (BAND_FLOATS / row_floats).max(2).min(rows.max(1));
        // Vectors that run on over the ends of rows compute what lies between them too.
        let across = cols.div_ceil(lanes);
        let count = (rows.saturating_sub(1) * planes.pitch + cols).div_ceil(lanes);
        if rows * across <= count {
            Self { band_rows, across, pitch: planes.pitch, out_pitch: across * lanes, running: false, lanes }
        } else {
            Self { band_rows, across: 1, pitch: lanes, out_pitch: planes.pitch, running: true, lanes }
        }
    }

    /// Rows of vectors of a band of `rows` rows of `cols` positions.
    pub(super) fn rows(&self, rows: usize, cols: usize) -> usize {
        if self.running { (rows.saturating_sub(1) * self.out_pitch + cols).div_ceil(self.lanes) } else { rows }
    }

    /// Floats of output of a band of `rows` rows of `cols` positions.
    pub(super) fn floats(&self, rows: usize, cols: usize) -> usize {
        self.rows(rows, cols) * self.across * self.lanes
    }

    /// Whether two rows of vectors can be pooled to one.
    pub(super) fn can_pool(&self) -> bool {
        !self.running
    }

    /// The bands of a map of `rows` rows; for pooling of pairs of rows.
    pub(super) fn bands(&self, rows: usize, pairs: bool) -> impl Iterator<Item = Range<usize>> {
        let (band, rows) = if pairs { (self.band_rows & !1, rows & !1) } else { (self.band_rows, rows) };
        (0..rows).step_by(band.max(1)).map(move |first| first..(first + band).min(rows))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strides_beyond_every_address_saturate() {
        let far = 1 << 24;
        let shape = ConvShape {
            input: [far, 1, 1],
            maps: 1,
            positions: [2, 2],
            kernel: [far, far],
            stride: [far, far],
            padding: [far - 1, far - 1],
            dilation: [1, 1],
            groups: 1,
        };
        assert_eq!(Planes::new(&shape).floats(&shape), usize::MAX);
    }
}
