//! Convolution: directly where the tier has a kernel and it pays, otherwise by im2col.
//!
//! For im2col, the patches under a run of windows are gathered, and the kernel of a linear layer maps them as a batch. The columns of a patch are (channel, row, column), so every encoding and instruction set serves
//! convolutions as it serves linear layers: the same bits, from weights in their stored layout.

use super::call::{Action, Call, LayerWork};
use super::linear::LayerStep;
use super::pooling::PoolStep;
use super::slot::Slot;
use crate::base::checked::to_u64;
use crate::graph::op::Conv2d;
use crate::kernels::direct::{ConvCall, ConvShape, DirectConv};
use crate::kernels::{LinearCall, run_rows};
use crate::model::Model;

/// Patches that are mapped together at most; a patch of many columns lowers it, so that they stay in the first-level cache.
const MAX_PATCHES: usize = 64;
/// Floats that the patches of one call should not exceed.
const PATCH_FLOATS: usize = 16 << 10;

/// A convolution of images of one size.
#[derive(Debug)]
pub struct ConvStep {
    /// The map of a patch.
    pub layer: LayerStep,
    /// The operator.
    pub conv: Conv2d,
    /// Channels, rows and columns of the input.
    pub input: [usize; 3],
    /// Windows along each dimension.
    pub positions: [usize; 2],
    /// The same without im2col, where it pays.
    pub direct: Option<DirectConv>,
    /// What pools each map right away; with a direct convolution of whole maps only.
    pub pool: Option<PoolStep>,
}

impl Action for ConvStep {
    fn run(&self, call: &mut Call<'_>) {
        let model = call.model;
        call.each_sample(|input, output, patches, scratch| match &self.direct {
            Some(direct) => self.directly(direct, model, input, output, patches),
            None => self.im2col(model, input, output, patches, scratch),
        });
    }

    /// Floats of the patches of one call and of their outputs.
    fn patches_len(&self) -> usize {
        let im2col = || self.patches() * (self.patch_stride() + self.conv.linear.rows.next_multiple_of(16));
        self.direct.as_ref().map_or_else(im2col, DirectConv::scratch_len)
    }

    fn scratch_len(&self) -> usize {
        self.layer.scratch_len()
    }

    fn layer_work(&self, model: &Model, _: usize) -> Option<LayerWork> {
        // A call of the linear kernel maps several patches.
        let im2col = self.layer.layer_work(model, MAX_PATCHES)?;
        let Some(direct) = &self.direct else {
            let kernel = if self.conv.groups == 1 { &im2col.kernel } else { "one by one" };
            return Some(LayerWork { kernel: format!("im2col, {kernel}"), ..im2col });
        };
        let pooled = match &self.pool {
            None => "",
            Some(_) if self.pools_in_registers(direct) => "; pooled in registers",
            Some(_) => "; then pooling",
        };
        let kernel = format!("direct, {}{pooled}", direct.kernel().name);
        let (isa, read_bytes) = (direct.kernel().isa, to_u64(direct.bytes()));
        Some(LayerWork { kernel, isa, read_bytes, skips_zeros: false, ..im2col })
    }

    fn prepared_bytes(&self) -> usize {
        self.layer.prepared_bytes() + self.direct.as_ref().map_or(0, DirectConv::bytes)
    }
}

impl ConvStep {
    /// The shape of a convolution, as kernels take it.
    #[must_use]
    pub fn shape(conv: &Conv2d, input: [usize; 3], positions: [usize; 2]) -> ConvShape {
        let window = &conv.window;
        ConvShape {
            input,
            maps: conv.linear.rows,
            positions,
            kernel: window.kernel,
            stride: window.stride,
            padding: window.padding_before,
            dilation: window.dilation,
            groups: conv.groups,
        }
    }

    /// Convolves one sample directly.
    fn directly(&self, direct: &DirectConv, model: &Model, input: &[f32], output: &mut [f32], scratch: &mut [f32]) {
        let layer = &model.layers()[self.layer.layer];
        let (scale, relu) = (layer.scale.as_deref(), self.layer.relu);
        let in_registers = self.pools_in_registers(direct);
        let pitch = direct.row_floats(in_registers);
        let [rows, cols] = self.pool.as_ref().filter(|_| in_registers).map_or(self.positions, |pool| pool.positions);
        let call = &mut ConvCall { input, scale, bias: &layer.bias, relu, pool: in_registers, scratch };
        direct.run(call, |map, band, values| {
            if let Some(pool) = self.pool.as_ref().filter(|_| !in_registers) {
                let area = pool.positions[0] * pool.positions[1];
                return pool.map(values, pitch, &mut output[map * area..][..area]);
            }
            let out = &mut output[(map * rows + band.start) * cols..][..band.len() * cols];
            if pitch == cols {
                return out.copy_from_slice(&values[..out.len()]);
            }
            out.chunks_exact_mut(cols).zip(values.chunks(pitch)).for_each(|(out, values)| out.copy_from_slice(&values[..cols]));
        });
    }

    /// Whether the convolution itself pools, before it writes.
    fn pools_in_registers(&self, direct: &DirectConv) -> bool {
        direct.can_pool() && self.pool.as_ref().is_some_and(PoolStep::is_pairs)
    }

    /// Channels that an output reads.
    fn group_channels(&self) -> usize {
        self.input[0] / self.conv.groups
    }

    /// Floats of a patch, zeros after it included.
    fn patch_stride(&self) -> usize {
        Slot::stride_of(self.group_channels() * self.conv.window.area())
    }

    fn patches(&self) -> usize {
        let most = MAX_PATCHES.min(self.positions[0].saturating_mul(self.positions[1])).max(1);
        (PATCH_FLOATS / self.patch_stride()).clamp(1, most)
    }

    /// Convolves one sample by im2col. `input` and `output` are `[channels, height, width]`.
    fn im2col(&self, model: &Model, input: &[f32], output: &mut [f32], patches: &mut [f32], scratch: &mut [f32]) {
        let layer = &model.layers()[self.layer.layer];
        let weights = model.weights(self.layer.layer);
        let all = self.positions[0] * self.positions[1];
        let rows = self.conv.linear.rows / self.conv.groups;
        let (stride, output_stride) = (self.patch_stride(), rows.next_multiple_of(16));
        let (patches, mapped) = patches.split_at_mut(self.patches() * stride);
        for group in 0..self.conv.groups {
            let channels = &input[group * self.group_channels() * self.input[1] * self.input[2]..];
            for first in (0..all).step_by(self.patches()) {
                let count = self.patches().min(all - first);
                for (position, patch) in (first..first + count).zip(patches.chunks_exact_mut(stride)) {
                    self.gather(channels, position, patch);
                }
                let mut call = LinearCall {
                    input: &patches[..count * stride],
                    input_stride: stride,
                    batch: count,
                    scale: layer.scale.as_deref(),
                    bias: &layer.bias,
                    relu: self.layer.relu,
                    output: &mut mapped[..count * output_stride],
                    output_stride,
                    scratch,
                };
                if self.conv.groups == 1 {
                    self.layer.kernel.run(|| weights, &self.layer.prepared, &mut call);
                } else {
                    run_rows(&weights, group * rows..(group + 1) * rows, &mut call);
                }
                for row in 0..rows {
                    let out = &mut output[(group * rows + row) * all + first..][..count];
                    out.iter_mut().zip(mapped[row..].iter().step_by(output_stride)).for_each(|(out, y)| *out = *y);
                }
            }
        }
    }

    /// Copies the patch under window `position`; elements in the padding are zero, and zeros follow the patch.
    fn gather(&self, channels: &[f32], position: usize, patch: &mut [f32]) {
        let window = &self.conv.window;
        let [_, height, width] = self.input;
        let [kernel_height, kernel_width] = window.kernel;
        let (row, col) = (position / self.positions[1], position % self.positions[1]);
        let mut at = 0;
        for map in channels.chunks_exact((height * width).max(1)).take(self.group_channels()) {
            for ky in 0..kernel_height {
                let out = &mut patch[at..at + kernel_width];
                at += kernel_width;
                let y = (row * window.stride[0] + ky * window.dilation[0]).wrapping_sub(window.padding_before[0]);
                if y >= height {
                    out.fill(0.0);
                    continue;
                }
                let line = &map[y * width..][..width];
                let start = (col * window.stride[1]).wrapping_sub(window.padding_before[1]);
                if window.dilation[1] == 1 && start < width && start + kernel_width <= width {
                    copy(out, &line[start..start + kernel_width]);
                } else {
                    for (kx, out) in out.iter_mut().enumerate() {
                        let x = start.wrapping_add(kx * window.dilation[1]);
                        *out = line.get(x).copied().unwrap_or(0.0);
                    }
                }
            }
        }
        patch[at..].fill(0.0);
    }
}

/// Copies a line of a patch. The lengths of most kernels are constants here: a call of memcpy for 12 or 20 bytes costs several times the copy.
#[inline(always)]
fn copy(out: &mut [f32], line: &[f32]) {
    match out.len() {
        3 => out[..3].copy_from_slice(&line[..3]),
        5 => out[..5].copy_from_slice(&line[..5]),
        7 => out[..7].copy_from_slice(&line[..7]),
        _ => out.copy_from_slice(line),
    }
}
