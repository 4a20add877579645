//! Labelled images: the IDX files of MNIST, the validation split, batches.

use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use clap::Args;
use curt::array::{Elements, idx};
use serde::{Deserialize, Serialize};

use crate::noise::Noise;

/// How a pixel byte becomes a number: `x * scale + offset`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Scaling {
    pub scale: f32,
    pub offset: f32,
}

impl Scaling {
    /// Pixels in [0, 1].
    pub const UNIT: Self = Self { scale: 1.0 / 255.0, offset: 0.0 };
    /// Pixels in [-1, 1].
    pub const SIGNED: Self = Self { scale: 1.0 / 127.5, offset: -1.0 };
}

/// Which training images are held out for validation.
#[derive(Clone, Debug, PartialEq, Eq, Args, Serialize, Deserialize)]
pub struct HeldOut {
    /// Last training images held out for validation; 0 holds out none
    #[arg(long, default_value_t = 5000)]
    validation: usize,
    /// Training images drawn at random and held out for validation, instead of the last ones
    #[arg(long = "held-out", value_name = "N", conflicts_with = "validation")]
    #[serde(rename = "held_out", default, skip_serializing_if = "Option::is_none")]
    drawn: Option<usize>,
    /// Seed of the draw of --held-out, whatever the seed of the run [default: 1]
    #[arg(id = "held_out_seed", long = "held-out-seed", value_name = "S", requires = "drawn")]
    #[serde(rename = "held_out_seed", default, skip_serializing_if = "Option::is_none")]
    seed: Option<u64>,
}

impl HeldOut {
    /// The last `count` images.
    #[cfg(test)]
    pub fn last(count: usize) -> Self {
        Self { validation: count, drawn: None, seed: None }
    }

    /// Divides images into training images and held-out images. The same count and seed hold out the same images.
    ///
    /// # Errors
    /// When no image is left to train on.
    pub fn split(&self, images: Images) -> Result<(Images, Images)> {
        match self.drawn {
            Some(count) => images.split_drawn(count, self.seed.unwrap_or(1)),
            None => images.split_last(self.validation),
        }
    }
}

/// Images of one size with their labels, and the scaling of their pixels.
#[derive(Clone, Debug)]
pub struct Images {
    /// `[height, width]`
    pub size: [usize; 2],
    pub scaling: Scaling,
    /// `count * height * width` bytes.
    pixels: Vec<u8>,
    labels: Vec<u8>,
}

/// Scaled pixels of some images, image after image, with their labels.
pub struct Batch {
    pub pixels: Vec<f32>,
    pub labels: Vec<u8>,
}

impl Images {
    /// # Errors
    /// When the number of pixels does not fit the number of labels.
    pub fn new(size: [usize; 2], pixels: Vec<u8>, labels: Vec<u8>, scaling: Scaling) -> Result<Self> {
        ensure!(
            Some(pixels.len()) == labels.len().checked_mul(size[0] * size[1]),
            "{} labels of {}x{} images do not fit {} pixels",
            labels.len(),
            size[0],
            size[1],
            pixels.len()
        );
        Ok(Self { size, scaling, pixels, labels })
    }

    /// Reads `<stem>-images-idx3-ubyte` and `<stem>-labels-idx1-ubyte` of a folder; the stem of
    /// MNIST is `train` or `t10k`.
    pub fn read(folder: &Path, stem: &str, scaling: Scaling) -> Result<Self> {
        let (sizes, pixels) = read_idx(&folder.join(format!("{stem}-images-idx3-ubyte")))?;
        let (_, labels) = read_idx(&folder.join(format!("{stem}-labels-idx1-ubyte")))?;
        ensure!(sizes.len() == 3, "{stem} images have {} dimensions instead of 3", sizes.len());
        ensure!(labels.iter().all(|&label| label < 10), "{stem} labels hold a class above 9");
        Self::new([sizes[1], sizes[2]], pixels, labels, scaling)
    }

    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// Splits off the last `count` images. Returns (the others, the last).
    pub fn split_last(mut self, count: usize) -> Result<(Self, Self)> {
        ensure!(count < self.len(), "cannot take {count} validation images out of {}", self.len());
        let first = self.len() - count;
        let last = Self {
            labels: self.labels.split_off(first),
            pixels: self.pixels.split_off(first * self.size[0] * self.size[1]),
            ..self
        };
        Ok((self, last))
    }

    /// Splits off `count` images drawn at random. Returns (the others, the drawn), both in the order of the file.
    fn split_drawn(self, count: usize, seed: u64) -> Result<(Self, Self)> {
        ensure!(count < self.len(), "cannot take {count} validation images out of {}", self.len());
        let mut order = Noise::for_held_out(seed).order(self.len());
        let (drawn, others) = order.split_at_mut(count);
        drawn.sort_unstable();
        others.sort_unstable();
        Ok((self.select(others), self.select(drawn)))
    }

    /// The images with these indices.
    fn select(&self, indices: &[usize]) -> Self {
        let length = self.size[0] * self.size[1];
        let pixels = indices.iter().flat_map(|&index| &self.pixels[index * length..(index + 1) * length]);
        let labels = indices.iter().map(|&index| self.labels[index]);
        Self { pixels: pixels.copied().collect(), labels: labels.collect(), size: self.size, scaling: self.scaling }
    }

    /// A scaled copy of these images.
    pub fn batch(&self, indices: impl IntoIterator<Item = usize>) -> Batch {
        let length = self.size[0] * self.size[1];
        let mut batch = Batch { pixels: Vec::new(), labels: Vec::new() };
        for index in indices {
            let image = &self.pixels[index * length..(index + 1) * length];
            let Scaling { scale, offset } = self.scaling;
            let scaled = image.iter().map(|&byte| f32::from(byte) * scale + offset);
            batch.pixels.extend(scaled);
            batch.labels.push(self.labels[index]);
        }
        batch
    }
}

impl Batch {
    /// Moves each `[height, width]` image by its own `[rows down, columns right]`, in pixels. `background` fills the free pixels.
    pub fn shift(&mut self, [height, width]: [usize; 2], moves: &[[isize; 2]], background: f32) {
        assert_eq!(moves.len(), self.labels.len(), "invariant: one move per image");
        for (image, &[down, right]) in self.pixels.chunks_exact_mut(height * width).zip(moves) {
            let still = image.to_vec();
            for (y, row) in image.chunks_exact_mut(width).enumerate() {
                for (x, pixel) in row.iter_mut().enumerate() {
                    let from = y.checked_add_signed(-down).zip(x.checked_add_signed(-right));
                    let from = from.filter(|&(y, x)| y < height && x < width);
                    *pixel = from.map_or(background, |(y, x)| still[y * width + x]);
                }
            }
        }
    }
}

/// The dimensions and the elements of an IDX file whose elements are bytes.
fn read_idx(path: &Path) -> Result<(Vec<usize>, Vec<u8>)> {
    let array = idx::read(path).context("scripts/fetch-mnist provides the images of MNIST")?;
    match array.elements {
        Elements::U8(bytes) => Ok((array.dims, bytes)),
        Elements::F32(_) => bail!("{} holds floats, expected bytes", path.display()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn four_images() -> Images {
        Images::new([1, 2], (0..8).collect(), vec![0, 1, 2, 3], Scaling::UNIT).unwrap()
    }

    #[test]
    fn images_are_read_with_their_labels() {
        let folder = std::env::temp_dir().join(format!("curt-idx-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let read = |images: &[u8], labels: &[u8]| {
            std::fs::write(folder.join("train-images-idx3-ubyte"), images).unwrap();
            std::fs::write(folder.join("train-labels-idx1-ubyte"), labels).unwrap();
            Images::read(&folder, "train", Scaling::UNIT)
        };
        let pixels = [0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 2, 5, 6, 7, 8];
        let images = read(&pixels, &[0, 0, 8, 1, 0, 0, 0, 2, 3, 4]).unwrap();
        assert_eq!((images.size, &images.pixels[..], &images.labels[..]), ([1, 2], &[5, 6, 7, 8][..], &[3, 4][..]));
        assert!(read(&pixels, &[0, 0, 8, 1, 0, 0, 0, 1, 3]).is_err(), "a label is missing");
        assert!(read(&pixels, &[0, 0, 8, 1, 0, 0, 0, 2, 3, 10]).is_err(), "a class above 9");
        assert!(read(&pixels[..19], &[0, 0, 8, 1, 0, 0, 0, 2, 3, 4]).is_err(), "a pixel is missing");
        std::fs::remove_dir_all(folder).unwrap();
        assert!(format!("{:#}", Images::read(Path::new("nowhere"), "train", Scaling::UNIT).unwrap_err()).contains("fetch-mnist"));
    }

    #[test]
    fn each_image_moves_by_its_own_pixels() {
        let digits =
            Images::new([2, 3], vec![1, 2, 3, 4, 5, 6, 1, 2, 3, 4, 5, 6, 1, 2, 3, 4, 5, 6], vec![0; 3], Scaling::UNIT).unwrap();
        let mut batch = digits.batch(0..3);
        batch.shift([2, 3], &[[1, 0], [0, -1], [-1, 1]], 0.5);
        let bytes: Vec<f32> =
            batch.pixels.iter().map(|pixel| if *pixel == 0.5 { -1.0 } else { (pixel * 255.0).round() }).collect();
        assert_eq!(bytes[..6], [-1.0, -1.0, -1.0, 1.0, 2.0, 3.0]);
        assert_eq!(bytes[6..12], [2.0, 3.0, -1.0, 5.0, 6.0, -1.0]);
        assert_eq!(bytes[12..], [-1.0, 4.0, 5.0, -1.0, -1.0, -1.0]);
    }

    #[test]
    fn the_last_images_are_split_off() {
        let (train, validation) = four_images().split_last(1).unwrap();
        assert_eq!((train.len(), validation.len()), (3, 1));
        assert_eq!(validation.batch([0]).labels, [3]);
        let unit = Scaling::UNIT.scale;
        assert_eq!(validation.batch([0]).pixels, [6.0 * unit, 7.0 * unit]);
        assert!(four_images().split_last(4).is_err());
    }

    #[test]
    fn drawn_images_are_kept_apart_the_same_way_for_a_seed() {
        let images = || Images::new([1, 1], (0..200).collect(), (0..200).collect(), Scaling::UNIT).unwrap();
        let split = |seed| HeldOut { validation: 5000, drawn: Some(50), seed }.split(images()).unwrap();
        let (training, held_out) = split(Some(1));
        assert_eq!((training.len(), held_out.len()), (150, 50));
        let mut all = [training.labels.clone(), held_out.labels.clone()].concat();
        all.sort_unstable();
        assert_eq!(all, images().labels, "each image is in one part");
        assert_eq!(held_out.pixels, held_out.labels, "labels go with their images");
        assert_eq!(split(None).1.labels, held_out.labels, "the default seed is 1");
        assert_ne!(split(Some(2)).1.labels, held_out.labels);
        assert!(HeldOut { validation: 0, drawn: Some(200), seed: None }.split(images()).is_err());
    }

    #[test]
    fn signed_scaling_spans_minus_one_to_one() {
        let images = Images::new([1, 2], vec![0, 255], vec![0], Scaling::SIGNED).unwrap();
        assert_eq!(images.batch([0]).pixels, [-1.0, 1.0]);
    }
}
