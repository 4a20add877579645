//! Pictures of a model's content: input mask, kernels, weights and levels (`curt inspect --png`).
//!
//! Positive weights are red, negative ones blue, paler towards zero; zero is white. Pruned inputs are gray.

use crate::draw::canvas::{CHARACTER, Canvas, Colour, INK, WHITE, short, width_of};
use curt::encoding::Encoding;
use curt::graph::Op;
use curt::inspect::node_names;
use curt::measure::twins::{acting_weights, check_expandable};
use curt::model::Layer;
use curt::tensor::Mask;
use curt::{Model, Shape};

/// Smaller pictures are scaled up to about this many pixels on each side.
const WANTED: usize = 960;
/// The pixels on each side that no picture exceeds by much.
const MOST: usize = 4096;
/// The white margin around a picture, in pixels.
const MARGIN: usize = 8;
/// The colour of pruned inputs.
const GRAY: Colour = [222, 222, 222];
/// The colour between and around tiles.
const FRAME: Colour = [140, 140, 140];
/// The colour of an input that is read.
const KEPT: Colour = [33, 64, 110];
/// The colours from the most negative weight, through zero, to the most positive one (ColorBrewer's RdBu, reversed).
const DIVERGING: [Colour; 5] = [[5, 48, 97], [67, 147, 195], WHITE, [214, 96, 77], [103, 0, 31]];
/// The least strength of a nonzero weight's colour, from 0 to 1. Weaker colours would hide the pattern of nonzero weights.
const SMALLEST: f32 = 0.2;

/// A picture, its file name and its caption.
#[derive(Debug)]
pub(crate) struct Picture {
    pub(crate) file: String,
    pub(crate) shows: String,
    pub(crate) canvas: Canvas,
}

/// Every picture of a model.
///
/// # Errors
///
/// `limit` when a sparse layer is too large to be drawn.
pub(crate) fn all(model: &Model) -> curt::Result<Vec<Picture>> {
    check_expandable(model)?;
    let names = node_names(model);
    let mut pictures: Vec<Picture> = input_mask(model).into_iter().collect();
    for (i, layer) in model.layers().iter().enumerate() {
        let (rows, cols) = (layer.linear.rows, layer.cols);
        if rows == 0 || cols == 0 {
            continue;
        }
        let weights = acting_weights(model, i);
        let name = file_name(i + 1, &names[layer.node]);
        let picture =
            |what: &str, (canvas, shows): (Canvas, String)| Picture { file: format!("{name}-{what}.png"), shows, canvas };
        pictures.extend(kernels(model, layer, &weights).map(|drawn| picture("kernels", drawn)));
        pictures.extend(units(model, layer, &weights).map(|drawn| picture("units", drawn)));
        pictures.push(picture("weights", matrix(rows, cols, &weights)));
        pictures.extend(levels(model, i).map(|drawn| picture("levels", drawn)));
    }
    Ok(pictures)
}

/// The name of a layer as part of a file name. The name comes from an untrusted file, so other characters are replaced.
fn file_name(number: usize, name: &str) -> String {
    let allowed = |c: char| if c.is_ascii_alphanumeric() || "_-.".contains(c) { c } else { '_' };
    format!("{number}-{}", name.chars().take(64).map(allowed).collect::<String>())
}

/// The inputs that are read, plane by plane, at the original shape.
fn input_mask(model: &Model) -> Option<Picture> {
    let mask = model.tables().input_mask.as_ref()?;
    let shape = model.graph().input().shape;
    let (channels, height, width) = match shape {
        Shape::Image { channels, height, width } => (channels, height, width),
        Shape::Vector(n) => (1, n.div_ceil(64), n.min(64)),
    };
    let flags = mask.flags();
    let colour = |plane: usize, y: usize, x: usize| match flags.get((plane * height + y) * width + x) {
        Some(true) => KEPT,
        Some(false) => GRAY,
        None => WHITE,
    };
    let tiles = Tiles::square(channels, height, width, 1);
    let shown = tiles.shown_of("planes");
    let shows = format!("{} of {} inputs ({shape}) are read: dark{shown}", mask.kept(), mask.len());
    Some(Picture { file: "input-mask.png".to_owned(), shows, canvas: tiles.draw(colour) })
}

/// The kernels of a convolution: a row of tiles for each output, a column for each input channel that it reads.
fn kernels(model: &Model, layer: &Layer, weights: &[f32]) -> Option<(Canvas, String)> {
    let Op::Conv2d(conv) = &model.graph().nodes()[layer.node].op else { return None };
    let [height, width] = conv.window.kernel;
    let (area, rows) = (conv.window.area(), layer.linear.rows);
    let channels = layer.cols / area;
    let tiles =
        if channels == 1 { Tiles::square(rows, height, width, 0) } else { Tiles::new((rows, channels), height, width, 0) };
    let scale = greatest(weights);
    // Tiles are numbered by output, then by channel, however they are laid out.
    let canvas = tiles.draw(|tile, y, x| diverging(weights[tile * area + y * width + x], scale));
    let shown = tiles.shown_of("kernels");
    let layout = if channels == 1 { String::new() } else { ", outputs down, input channels across".to_owned() };
    Some((with_legend(canvas, scale), format!("{rows} x {channels} kernels of {height} x {width}{layout}{shown}")))
}

/// The weights of each unit of a layer that reads the input image. Each weight is drawn where its input lies in the image.
fn units(model: &Model, layer: &Layer, weights: &[f32]) -> Option<(Canvas, String)> {
    let (graph, input) = (model.graph(), model.graph().input());
    let Shape::Image { channels, height, width } = input.shape else { return None };
    let mut read = graph.nodes()[layer.node].input();
    while let Some(node) = read.checked_sub(1).map(|node| &graph.nodes()[node]) {
        if node.op != Op::Flatten {
            return None;
        }
        read = node.input();
    }
    if !matches!(graph.nodes()[layer.node].op, Op::Linear(_)) {
        return None;
    }
    let full = Mask::full(input.shape.elements());
    let mask = model.tables().input_mask.as_ref().unwrap_or(&full);
    let mut column = vec![None; mask.len()]; // for each input
    mask.indices().enumerate().for_each(|(i, at)| column[at] = Some(i));
    let (rows, scale) = (layer.linear.rows, greatest(weights));
    let tiles =
        if channels == 1 { Tiles::square(rows, height, width, 0) } else { Tiles::new((rows, channels), height, width, 0) };
    let canvas = tiles.draw(|tile, y, x| {
        let (unit, plane) = (tile / channels, tile % channels);
        column[(plane * height + y) * width + x].map_or(GRAY, |col| diverging(weights[unit * layer.cols + col], scale))
    });
    let shown = tiles.shown_of("tiles");
    let shows = format!("{rows} units, their weights where the inputs of {} lie{shown}", input.shape);
    Some((with_legend(canvas, scale), shows))
}

/// The weight matrix: outputs down, inputs across.
fn matrix(rows: usize, cols: usize, weights: &[f32]) -> (Canvas, String) {
    let block = rows.max(cols).div_ceil(MOST);
    let (height, width) = (rows.div_ceil(block), cols.div_ceil(block));
    let scale = greatest(weights);
    let strongest = |y: usize, x: usize| {
        let columns = x * block..cols.min((x + 1) * block);
        let rows = (y * block..rows.min((y + 1) * block)).map(|row| &weights[row * cols..][columns.clone()]);
        rows.flatten().copied().fold(0.0f32, |best, weight| if weight.abs() > best.abs() { weight } else { best })
    };
    let canvas = Tiles::new((1, 1), height, width, 0).draw(|_, y, x| diverging(strongest(y, x), scale));
    let nonzeros = weights.iter().filter(|&&weight| weight != 0.0).count();
    let reduced = if block > 1 { format!("; a pixel is the strongest of {block} x {block}") } else { String::new() };
    let shows = format!("{rows} x {cols} weights, outputs down, inputs across; {nonzeros} are not zero{reduced}");
    (with_legend(canvas, scale), shows)
}

/// The levels of a layer's weights and the count of each; `None` for floats.
fn level_counts(model: &Model, index: usize) -> Option<Vec<(f32, usize)>> {
    let (layer, stored) = (&model.layers()[index], &model.tables().layers[index].levels);
    let values: Vec<f32> = match layer.linear.encoding {
        Encoding::Codebook { .. } => stored.clone(),
        Encoding::Ternary => vec![stored[0], 0.0, stored[1]],
        Encoding::SparseCodebook { .. } => {
            let mut levels = stored.clone();
            levels.insert(levels.partition_point(|&level| level < 0.0), 0.0);
            levels
        }
        Encoding::FixedPoint { bits } | Encoding::SparseFixedPoint { bits } => {
            let most = (1i16 << (bits - 1)) - 1;
            (-most..=most).map(|integer| f32::from(integer) * stored[0]).collect()
        }
        Encoding::DenseF32 | Encoding::DenseF16 | Encoding::SparseF32 | Encoding::BlockF32 { .. } => return None,
    };
    let mut levels: Vec<(f32, usize)> = values.into_iter().map(|value| (value, 0)).collect();
    levels.dedup_by(|a, b| a.0 == b.0); // a ternary level without weights is zero, too
    for weight in model.weights(index).decode() {
        let at = levels.partition_point(|level| level.0 < weight);
        levels[at].1 += 1;
    }
    Some(levels)
}

/// A histogram of the levels above a strip of their colours.
fn levels(model: &Model, index: usize) -> Option<(Canvas, String)> {
    const BARS: usize = 200;
    const STRIP: usize = 24;
    let levels = level_counts(model, index)?;
    let (n, scale) = (levels.len(), greatest_of(levels.iter().map(|level| level.0)));
    let most = levels.iter().map(|level| level.1).max().unwrap_or(0).max(1);
    let numbered = n <= 20;
    let pitch = if numbered { 60 } else { (1040 / n).max(4) };
    let (top, left) = (MARGIN + CHARACTER.1 + 4, MARGIN + if numbered { 0 } else { 40 });
    let bottom = top + BARS;
    let mut canvas = Canvas::new(2 * left + n * pitch, bottom + STRIP + CHARACTER.1 + 6 + MARGIN);
    for (i, &(value, count)) in levels.iter().enumerate() {
        let (x, height) = (left + i * pitch, (count * BARS).div_ceil(most));
        let bar = pitch - (pitch / 8).max(1);
        canvas.fill((x, bottom - height), (bar, height), INK);
        canvas.fill((x, bottom + 4), (bar, STRIP), FRAME);
        canvas.fill((x + 1, bottom + 5), (bar - 2, STRIP - 2), diverging(value, scale));
        if numbered || count == most {
            canvas.print_centred((x + bar / 2, bottom - height - CHARACTER.1 - 4), &count.to_string());
        }
        if numbered || i == 0 || i + 1 == n || value == 0.0 {
            canvas.print_centred((x + bar / 2, bottom + STRIP + 8), &short(value));
        }
    }
    let used = levels.iter().filter(|level| level.1 > 0).count();
    Some((canvas, format!("{n} levels, {used} of them used: how many weights have each")))
}

/// The greatest magnitude.
fn greatest(weights: &[f32]) -> f32 {
    greatest_of(weights.iter().copied())
}

fn greatest_of(weights: impl Iterator<Item = f32>) -> f32 {
    weights.map(f32::abs).filter(|weight| weight.is_finite()).fold(0.0, f32::max)
}

/// The colour of a weight, if the greatest magnitude is `scale`.
fn diverging(weight: f32, scale: f32) -> Colour {
    if weight == 0.0 || scale == 0.0 {
        return WHITE;
    }
    let strength = SMALLEST + (1.0 - SMALLEST) * (weight.abs() / scale).min(1.0);
    let at = 2.0 + 2.0 * strength.copysign(weight);
    let below = (at.floor() as usize).min(DIVERGING.len() - 2);
    let part = at - below as f32;
    std::array::from_fn(|i| {
        let (a, b) = (f32::from(DIVERGING[below][i]), f32::from(DIVERGING[below + 1][i]));
        (a + (b - a) * part).round() as u8
    })
}

/// The canvas with a bar of the colours below it, from the most negative to the most positive.
fn with_legend(canvas: Canvas, scale: f32) -> Canvas {
    const BAR: (usize, usize) = (180, 14);
    let (label, top) = (short(scale), canvas.height() + 4);
    let side = width_of(&format!("-{label}")) + 6;
    let left = MARGIN + side;
    let mut canvas = canvas.extend(left + BAR.0 + side + MARGIN, top + BAR.1 + 4 + CHARACTER.1 + MARGIN);
    for x in 0..=BAR.0 {
        let weight = scale * (2.0 * x as f32 / BAR.0 as f32 - 1.0);
        canvas.fill((left + x, top), (1, BAR.1), diverging(weight, scale));
    }
    let text_y = top + (BAR.1 - CHARACTER.1) / 2;
    canvas.print((MARGIN, text_y), &format!("-{label}"));
    canvas.print((left + BAR.0 + 6, text_y), &label);
    canvas.print_centred((left + BAR.0 / 2, top + BAR.1 + 4), "0");
    canvas
}

/// Tiles of `height` x `width` cells, laid out in rows; the cells are scaled up.
#[derive(Debug)]
struct Tiles {
    count: usize,
    /// The rows and columns of tiles.
    grid: (usize, usize),
    /// The rows and columns of tiles that are drawn.
    drawn: (usize, usize),
    height: usize,
    width: usize,
    /// Pixels of a cell.
    cell: usize,
    /// Those of these pixels that separate cells.
    lines: usize,
}

impl Tiles {
    /// Pixels between tiles.
    const GAP: usize = 2;

    /// Tiles in `grid` rows and columns. Large cells are separated by `lines` pixels.
    fn new(grid: (usize, usize), height: usize, width: usize, lines: usize) -> Self {
        let cells = |tiles: usize, side: usize| tiles * side;
        let gaps = |tiles: usize| (tiles + 1) * Self::GAP;
        let fit = |tiles: usize, side: usize| WANTED.saturating_sub(gaps(tiles)) / cells(tiles, side).max(1);
        let cell = fit(grid.0, height).min(fit(grid.1, width)).clamp(1, 20);
        let most = |tiles: usize, side: usize| tiles.min((MOST / (side * cell + Self::GAP)).max(1));
        let drawn = (most(grid.0, height), most(grid.1, width));
        Self { count: grid.0 * grid.1, grid, drawn, height, width, cell, lines: if cell >= 6 { lines } else { 0 } }
    }

    /// `count` tiles, arranged in about a square.
    fn square(count: usize, height: usize, width: usize, lines: usize) -> Self {
        let side = ((count * height) as f64 / width as f64).sqrt().ceil().max(1.0) as usize;
        let columns = side.min(count).max(1);
        Self { count, ..Self::new((count.div_ceil(columns), columns), height, width, lines) }
    }

    /// A text that says how many tiles are drawn; empty if all are.
    fn shown_of(&self, what: &str) -> String {
        if self.drawn == self.grid {
            return String::new();
        }
        format!("; the first {} x {} of {} x {} {what}", self.drawn.0, self.drawn.1, self.grid.0, self.grid.1)
    }

    /// Draws every cell in the colour for (tile, row, column).
    fn draw(&self, colour: impl Fn(usize, usize, usize) -> Colour) -> Canvas {
        let pitch = (self.height * self.cell + Self::GAP, self.width * self.cell + Self::GAP);
        let size = (self.drawn.0 * pitch.0 + Self::GAP, self.drawn.1 * pitch.1 + Self::GAP);
        let mut canvas = Canvas::new(size.1 + 2 * MARGIN, size.0 + 2 * MARGIN);
        canvas.fill((MARGIN, MARGIN), (size.1, size.0), FRAME);
        for (row, column) in (0..self.drawn.0).flat_map(|row| (0..self.drawn.1).map(move |column| (row, column))) {
            let tile = row * self.grid.1 + column;
            let (top, left) = (MARGIN + Self::GAP + row * pitch.0, MARGIN + Self::GAP + column * pitch.1);
            if tile >= self.count {
                canvas.fill((left, top), (pitch.1, pitch.0), WHITE);
                continue;
            }
            for (y, x) in (0..self.height).flat_map(|y| (0..self.width).map(move |x| (y, x))) {
                let at = (left + x * self.cell, top + y * self.cell);
                canvas.fill(at, (self.cell, self.cell), WHITE);
                let side = self.cell - self.lines;
                canvas.fill(at, (side, side), colour(tile, y, x));
            }
        }
        canvas
    }
}

#[cfg(test)]
mod tests;
