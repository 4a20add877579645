//! Tests that compare the pictures of small models with colours and counts computed by hand.

use super::*;
use curt::content::{Contents, LayerTables, Tables};
use curt::encoding::{Encoded, codebook, ternary};
use curt::format::write;
use curt::graph::{Conv2d, GraphBuilder, InputSpec, Linear, Node, Window};
use curt::{Dtype, Limits};

const DARK_RED: Colour = [103, 0, 31];
const DARK_BLUE: Colour = [5, 48, 97];
/// The colour of half the greatest weight. Its strength is 0.2 + 0.8 / 2 = 0.6: a fifth of the way from the middle red to the dark red.
const HALF_RED: Colour = [192, 77, 68];

fn model(input: InputSpec, mask: Option<Mask>, ops: Vec<Op>, layers: Vec<Encoded>) -> Model {
    let mut builder = GraphBuilder::new(input, &Limits::DEFAULT).unwrap();
    for (i, op) in ops.into_iter().enumerate() {
        builder.push(Node::new(op, i)).unwrap();
    }
    let channels = input.shape.channels();
    let tables = Tables {
        input_scale: vec![1.0; channels],
        input_offset: vec![0.0; channels],
        input_mask: mask,
        layers: layers.iter().map(|layer| LayerTables::of(layer, vec![0.0; layer.rows])).collect(),
        affines: Vec::new(),
    };
    let contents = Contents { graph: builder.finish().unwrap(), tables, layers, origin: None };
    Model::from_bytes(&write(&contents).unwrap(), &Limits::DEFAULT).unwrap()
}

fn linear(layer: &Encoded) -> Op {
    Op::Linear(Linear::of(layer))
}

fn picture(pictures: &[Picture], file: &str) -> usize {
    pictures.iter().position(|picture| picture.file == file).unwrap_or_else(|| panic!("{file} is drawn"))
}

/// The colours of a picture's cells of 20 pixels. The third pixel of each cell lies past the margin and the frame.
fn cells(canvas: &Canvas, rows: usize, columns: usize, (top, left): (usize, usize)) -> Vec<Vec<Colour>> {
    let at = |y: usize, x: usize| canvas.pixel(MARGIN + 2 + left + 20 * x + 2, MARGIN + 2 + top + 20 * y + 2);
    (0..rows).map(|y| (0..columns).map(|x| at(y, x)).collect()).collect()
}

#[test]
fn a_layer_that_reads_an_image_shows_its_mask_its_units_and_its_weights() {
    let shape = Shape::Image { channels: 1, height: 2, width: 3 };
    let mask = Mask::new(vec![true, false, true, false, true, false]);
    let layer = codebook::encode(2, 3, &[-1.0, 0.0, 0.5, 1.0], &[0, 1, 2, 3, 3, 1]);
    let input = InputSpec { dtype: Dtype::U8, shape, kept: Some(3) };
    let pictures = all(&model(input, Some(mask), vec![linear(&layer)], vec![layer])).unwrap();
    let files: Vec<&str> = pictures.iter().map(|picture| picture.file.as_str()).collect();
    assert_eq!(files, ["input-mask.png", "1-linear1-units.png", "1-linear1-weights.png", "1-linear1-levels.png"]);

    let mask = &pictures[0].canvas;
    assert_eq!(cells(mask, 2, 3, (0, 0)), [[KEPT, GRAY, KEPT], [GRAY, KEPT, GRAY]]);
    assert_eq!((mask.width(), mask.height()), (3 * 20 + 4 + 16, 2 * 20 + 4 + 16));
    assert!(pictures[0].shows.starts_with("3 of 6 inputs"), "{}", pictures[0].shows);

    // Two units of 2 x 3 stand side by side: sqrt(2 * 2 / 3) is 1.2, which makes two columns.
    let units = &pictures[1].canvas;
    assert_eq!(cells(units, 2, 3, (0, 0)), [[DARK_BLUE, GRAY, WHITE], [GRAY, HALF_RED, GRAY]]);
    assert_eq!(cells(units, 2, 3, (0, 3 * 20 + 2)), [[DARK_RED, GRAY, DARK_RED], [GRAY, WHITE, GRAY]]);
    assert_eq!(units.pixel(MARGIN, MARGIN), FRAME);

    let weights = &pictures[2].canvas;
    assert_eq!(cells(weights, 2, 3, (0, 0)), [[DARK_BLUE, WHITE, HALF_RED], [DARK_RED, DARK_RED, WHITE]]);
    assert!(pictures[2].shows.contains("4 are not zero"), "{}", pictures[2].shows);
}

#[test]
fn levels_are_counted_and_drawn_as_bars() {
    let layer = codebook::encode(2, 3, &[-1.0, 0.0, 0.5, 1.0], &[0, 1, 2, 3, 3, 1]);
    let sparse = ternary::encode(3, 2, 0.0, 0.75, &[1, 0, 0, 0, 1, 1]);
    let input = InputSpec { dtype: Dtype::F32, shape: Shape::Vector(3), kept: None };
    let model = model(input, None, vec![linear(&layer), linear(&sparse)], vec![layer, sparse]);
    assert_eq!(level_counts(&model, 0).unwrap(), [(-1.0, 1), (0.0, 2), (0.5, 1), (1.0, 2)]);
    assert_eq!(level_counts(&model, 1).unwrap(), [(0.0, 3), (0.75, 3)]);
    let pictures = all(&model).unwrap();
    assert!(!pictures.iter().any(|picture| picture.file == "input-mask.png" || picture.file.ends_with("units.png")));
    let levels = &pictures[picture(&pictures, "1-linear1-levels.png")].canvas;
    // The bar of the greatest count has 200 pixels. Bars stand on row 8 + 10 + 4 + 200, 60 pixels apart.
    let height = |bar: usize| (0..222).filter(|&y| levels.pixel(8 + 60 * bar + 2, y) == INK).count();
    assert_eq!([height(0), height(1), height(2), height(3)], [100, 200, 100, 200]);
    let strip = |bar: usize| levels.pixel(8 + 60 * bar + 10, 222 + 4 + 10);
    assert_eq!([strip(0), strip(1), strip(2), strip(3)], [DARK_BLUE, WHITE, HALF_RED, DARK_RED]);
}

#[test]
fn kernels_stand_in_rows_of_outputs_and_columns_of_channels() {
    let layer = codebook::encode(2, 8, &[-1.0, 0.0, 1.0], &[2, 1, 1, 1, 0, 0, 0, 0, 1, 1, 1, 2, 0, 1, 1, 2]);
    let conv = Conv2d { linear: Linear::of(&layer), window: Window::new([2, 2], [1, 1]), groups: 1 };
    let input = InputSpec { dtype: Dtype::F32, shape: Shape::Image { channels: 2, height: 4, width: 4 }, kept: None };
    let pictures = all(&model(input, None, vec![Op::Conv2d(conv)], vec![layer])).unwrap();
    let kernels = &pictures[picture(&pictures, "1-conv2d1-kernels.png")];
    assert!(kernels.shows.starts_with("2 x 2 kernels of 2 x 2"), "{}", kernels.shows);
    let tile = |row: usize, column: usize| cells(&kernels.canvas, 2, 2, (row * 42, column * 42));
    assert_eq!(tile(0, 0), [[DARK_RED, WHITE], [WHITE, WHITE]]);
    assert_eq!(tile(0, 1), [[DARK_BLUE, DARK_BLUE], [DARK_BLUE, DARK_BLUE]]);
    assert_eq!(tile(1, 0), [[WHITE, WHITE], [WHITE, DARK_RED]]);
    assert_eq!(tile(1, 1), [[DARK_BLUE, WHITE], [WHITE, DARK_RED]]);
}

#[test]
fn what_is_too_large_is_drawn_in_part_and_said() {
    let tiles = Tiles::new((2000, 3), 3, 3, 0);
    assert_eq!((tiles.cell, tiles.drawn), (1, (819, 3)));
    assert_eq!(tiles.shown_of("kernels"), "; the first 819 x 3 of 2000 x 3 kernels");
    let (canvas, shows) = matrix(2, 10_000, &[&[0.0; 9_999][..], &[-2.0], &[1.0; 10_000]].concat());
    assert!(shows.contains("10001 are not zero") && shows.contains("the strongest of 3 x 3"), "{shows}");
    assert_eq!(canvas.width(), 10_000usize.div_ceil(3) + 4 + 16);
    assert_eq!(canvas.pixel(MARGIN + 2 + 3333, MARGIN + 2), DARK_BLUE, "the last block holds the only -2");
    assert_eq!(canvas.pixel(MARGIN + 2, MARGIN + 2), HALF_RED);
    assert_eq!((diverging(f32::NAN, 1.0), diverging(1.0, 0.0)), (diverging(1.0, 1.0), WHITE));
}

#[test]
fn names_of_strangers_stay_within_the_folder() {
    assert_eq!(file_name(3, "fc1"), "3-fc1");
    assert_eq!(file_name(1, "../../etc/passwd"), "1-.._.._etc_passwd");
    assert_eq!(file_name(2, &"é".repeat(100)), format!("2-{}", "_".repeat(64)));
}
