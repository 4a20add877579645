//! Windows of convolution and pooling (SPEC 4.4).

use crate::base::error::{Defect, Error, Result};

/// Where the windows of a convolution or of pooling lie; each pair is height, width.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// Elements of a window, at least 1.
    pub kernel: [usize; 2],
    /// From one window to the next, at least 1.
    pub stride: [usize; 2],
    /// Zeros before the first row and column.
    pub padding_before: [usize; 2],
    /// Zeros after the last row and column.
    pub padding_after: [usize; 2],
    /// From one element of a window to the next, at least 1.
    pub dilation: [usize; 2],
}

impl Window {
    /// A window without padding and dilation.
    #[must_use]
    pub const fn new(kernel: [usize; 2], stride: [usize; 2]) -> Self {
        Self { kernel, stride, padding_before: [0, 0], padding_after: [0, 0], dilation: [1, 1] }
    }

    /// Elements of a window.
    #[must_use]
    pub fn area(&self) -> usize {
        let [height, width] = self.kernel;
        height.saturating_mul(width)
    }

    /// Whether zeros surround the map.
    #[must_use]
    pub fn is_padded(&self) -> bool {
        self.padding_before != [0, 0] || self.padding_after != [0, 0]
    }

    /// The number of windows in a map `[height, width]`, along each dimension.
    ///
    /// # Errors
    /// `shape` when a field is 0, when padding is as large as the window's extent, or when no window fits.
    pub fn positions(&self, height: usize, width: usize) -> Result<(usize, usize)> {
        let [stride_h, stride_w] = self.stride;
        let [kernel_h, kernel_w] = self.kernel;
        let [dilation_h, dilation_w] = self.dilation;
        let ([top, left], [bottom, right]) = (self.padding_before, self.padding_after);
        let rows = along(height, kernel_h, stride_h, dilation_h, top, bottom)?;
        let cols = along(width, kernel_w, stride_w, dilation_w, left, right)?;
        Ok((rows, cols))
    }
}

fn along(len: usize, kernel: usize, stride: usize, dilation: usize, before: usize, after: usize) -> Result<usize> {
    let refuse = |message: String| Err(Error::new(Defect::Shape, message));
    if kernel == 0 || stride == 0 || dilation == 0 {
        return refuse(format!("kernel {kernel}, stride {stride} and dilation {dilation} are at least 1"));
    }
    let extent = kernel.saturating_sub(1).saturating_mul(dilation).saturating_add(1);
    if before >= extent || after >= extent {
        return refuse(format!("padding {before} and {after} is less than the window's extent {extent}"));
    }
    let padded = len.saturating_add(before).saturating_add(after);
    match padded.checked_sub(extent).and_then(|free| free.checked_div(stride)) {
        Some(steps) if len > 0 => Ok(steps.saturating_add(1)),
        _ => refuse(format!("no window of extent {extent} fits {len} elements with padding {before} and {after}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_count_the_windows_that_fit() {
        // Counted by placing windows one after the other.
        for len in 1..12usize {
            for kernel in 1..5usize {
                for (stride, dilation) in [(1, 1), (2, 1), (3, 2), (1, 3)] {
                    let extent = (kernel - 1) * dilation + 1;
                    for (before, after) in [(0, 0), (1, 0), (0, 2), (2, 2)] {
                        let fits = (0..).step_by(stride).take_while(|start| start + extent <= len + before + after).count();
                        let window = Window {
                            kernel: [kernel, 1],
                            stride: [stride, 1],
                            padding_before: [before, 0],
                            padding_after: [after, 0],
                            dilation: [dilation, 1],
                        };
                        match window.positions(len, 1) {
                            Ok((rows, 1)) => assert!(rows == fits && before < extent && after < extent),
                            Ok(other) => panic!("{other:?}"),
                            Err(_) => assert!(fits == 0 || before >= extent || after >= extent),
                        }
                    }
                }
            }
        }
        assert!(Window::new([0, 1], [1, 1]).positions(4, 4).is_err());
        assert!(Window::new([2, 2], [0, 1]).positions(4, 4).is_err());
    }
}
