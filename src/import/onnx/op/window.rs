//! Windows of convolutions and pooling: kernel, stride, dilation, and the ways to say padding.

use crate::base::error::Result;
use crate::graph::Window;
use crate::import::error::{damaged, unsupported};
use crate::import::onnx::at::At;

impl At<'_, '_> {
    /// The window over a map of `[height, width]`, and whether rounding up has added rows or columns after the padding. `spatial` is the
    /// number of dimensions that the attributes have: 1 stands for the width alone.
    ///
    /// # Errors
    /// `import` when the attributes do not fit; `unsupported` for negative padding.
    pub(super) fn window(&self, kernel: [usize; 2], map: [usize; 2], spatial: usize) -> Result<(Window, bool)> {
        let stride = self.pair("strides", spatial, 1)?;
        let mut window = Window { dilation: self.pair("dilations", spatial, 1)?, ..Window::new(kernel, stride) };
        let upper = match self.node.text("auto_pad")?.unwrap_or("NOTSET") {
            "NOTSET" => None,
            "VALID" => return Ok((window, false)),
            "SAME_UPPER" => Some(true),
            "SAME_LOWER" => Some(false),
            other => return Err(damaged(format!("its auto_pad is {other:?}"))),
        };
        let pads = self.node.integers("pads")?.unwrap_or_else(|| vec![0; spatial.saturating_mul(2)]);
        if pads.len() != spatial.saturating_mul(2) {
            return Err(damaged(format!("{} pads for {spatial} dimensions", pads.len())));
        }
        let ceil = self.node.flag("ceil_mode", false)?;
        let mut rounded = false;
        for i in 0..2usize {
            let at = |list: &[i64], from: usize| {
                i.checked_sub(2usize.saturating_sub(spatial)).and_then(|i| list.get(i.saturating_add(from)).copied()).unwrap_or(0)
            };
            let (before, after) = match upper {
                Some(upper) => same(&window, map, i, upper),
                None => (non_negative(at(&pads, 0))?, non_negative(at(&pads, spatial))?),
            };
            let extra = if ceil { rounding(&window, map, i, before, after) } else { 0 };
            rounded |= extra > 0;
            set(&mut window.padding_before, i, before);
            set(&mut window.padding_after, i, after.saturating_add(extra));
        }
        Ok((window, rounded))
    }

    /// An attribute of one number for each spatial dimension, from 1 up.
    pub(super) fn pair(&self, name: &str, spatial: usize, usual: usize) -> Result<[usize; 2]> {
        let Some(list) = self.node.integers(name)? else { return Ok([usual; 2]) };
        let numbers: Option<Vec<usize>> = list.iter().map(|&n| usize::try_from(n).ok().filter(|&n| n > 0)).collect();
        match (spatial, numbers.as_deref()) {
            (1, Some(&[width])) => Ok([1, width]),
            (2, Some(&[height, width])) => Ok([height, width]),
            _ => Err(damaged(format!("its {name} are {list:?} for {spatial} dimensions"))),
        }
    }
}

fn set(pair: &mut [usize; 2], i: usize, value: usize) {
    if let Some(own) = pair.get_mut(i) {
        *own = value;
    }
}

fn non_negative(pad: i64) -> Result<usize> {
    usize::try_from(pad).map_err(|_| unsupported("its padding is negative: it cuts its input"))
}

/// What a window is along dimension `i`: elements of the map, extent, stride.
fn along(window: &Window, map: [usize; 2], i: usize) -> (usize, usize, usize) {
    let of = |pair: [usize; 2]| pair.get(i).copied().unwrap_or(1);
    let extent = of(window.kernel).saturating_sub(1).saturating_mul(of(window.dilation)).saturating_add(1);
    (of(map), extent, of(window.stride).max(1))
}

/// The padding with which there are `len / stride` windows, rounded up; the odd zero is after the map if `upper`.
fn same(window: &Window, map: [usize; 2], i: usize, upper: bool) -> (usize, usize) {
    let (len, extent, stride) = along(window, map, i);
    let last = len.div_ceil(stride).saturating_sub(1).saturating_mul(stride);
    let total = last.saturating_add(extent).saturating_sub(len);
    let less = total.div_euclid(2);
    let more = total.saturating_sub(less);
    if upper { (less, more) } else { (more, less) }
}

/// Zeros after the map that let one more window begin, if it begins before the padding ends.
fn rounding(window: &Window, map: [usize; 2], i: usize, before: usize, after: usize) -> usize {
    let (len, extent, stride) = along(window, map, i);
    let padded = len.saturating_add(before).saturating_add(after);
    let start = padded.saturating_sub(extent).div_ceil(stride).saturating_mul(stride);
    if start >= len.saturating_add(before) { 0 } else { start.saturating_add(extent).saturating_sub(padded) }
}

/// Adds zeros around the map.
pub(super) fn pad(window: &mut Window, padding: [[usize; 2]; 2]) {
    let [before, after] = padding;
    let add =
        |own: &mut [usize; 2], more: [usize; 2]| own.iter_mut().zip(more).for_each(|(own, more)| *own = own.saturating_add(more));
    add(&mut window.padding_before, before);
    add(&mut window.padding_after, after);
}
