//! Samples of one shape, from files of any type.

use super::{npy, picture, refuse};
use curt::array::{Array, Elements, idx, shown};
use curt::bytes::Storage;
use curt::graph::InputSpec;
use curt::{Defect, Dtype, Error, Input, Result, Shape};
use std::path::{Path, PathBuf};

/// Bytes of the largest file that is read.
const MAX_BYTES: u64 = 1 << 32;

/// Samples of one shape.
#[derive(Debug)]
pub(crate) struct SampleSet {
    /// The number of samples.
    pub(crate) count: usize,
    /// The dimensions of one sample.
    pub(crate) dims: Vec<usize>,
    elements: Elements,
    /// Whether each sample came from a PNG of its own.
    pub(crate) pictures: bool,
}

impl SampleSet {
    /// The samples of an array whose first dimension is their number.
    fn of(array: Array) -> Result<Self> {
        let [count, dims @ ..] = array.dims.as_slice() else { return Err(refuse("it has no dimensions")) };
        if dims.contains(&0) {
            return Err(refuse("its samples have no elements"));
        }
        Ok(Self { count: *count, dims: dims.to_vec(), elements: array.elements, pictures: false })
    }

    /// The whole array as one sample.
    fn one(array: Array) -> Self {
        Self { count: 1, dims: array.dims, elements: array.elements, pictures: false }
    }

    /// Reads an array whose first dimension is the number of samples.
    pub(crate) fn open(path: &Path) -> Result<Self> {
        in_file(path, |file| match picture::is_one(file) {
            true => Err(refuse("one picture; many samples are needed, as an IDX or .npy array")),
            false => Self::of(array(file)?),
        })
    }

    /// Reads the bytes of an IDX file.
    pub(crate) fn parse_idx(file: &[u8]) -> Result<Self> {
        Self::of(idx::parse(file)?)
    }

    /// Reads files one after the other into one batch for a model that reads `input`.
    pub(crate) fn open_for(paths: &[PathBuf], input: InputSpec) -> Result<Self> {
        let elements = if input.dtype == Dtype::U8 { Elements::U8(Vec::new()) } else { Elements::F32(Vec::new()) };
        let mut all = Self { count: 0, dims: input.shape.dims(), elements, pictures: true };
        for path in paths {
            let samples = in_file(path, |file| {
                if picture::is_one(file) {
                    let elements = Elements::U8(picture::read(file, input)?);
                    return Ok(Self { count: 1, dims: picture::dims(file, input)?, elements, pictures: true });
                }
                let array = array(file)?;
                // A single sample may lack the dimension for the number of samples.
                let samples = if fits(&array.dims, input.shape) { Self::one(array) } else { Self::of(array)? };
                samples.check(input).map(|()| samples)
            })?;
            all.append(samples);
        }
        Ok(all)
    }

    /// Checks that the samples fit the model's input.
    pub(crate) fn check(&self, input: InputSpec) -> Result<()> {
        if fits(&self.dims, input.shape) && self.dtype() == input.dtype {
            return Ok(());
        }
        let hint = match (self.dims.as_slice(), input.shape) {
            (&[h, w, c], Shape::Image { channels, height, width }) if (c, h, w) == (channels, height, width) => {
                "; the model takes the channels first: numpy.moveaxis(a, -1, 1)"
            }
            _ if self.len() == input.shape.elements() && self.dtype() != input.dtype => {
                "; convert them as the training did: nothing is scaled or rounded here"
            }
            _ => "",
        };
        let (shape, elements, dtype) = (input.shape, input.shape.elements(), input.dtype.name());
        let found = self.dtype().name();
        let message = format!(
            "the model reads {shape} ({elements} of {dtype} a sample), the samples are {} of {found}{hint}",
            self.shape()
        );
        Err(refuse(&message))
    }

    /// Adds samples of the same type.
    fn append(&mut self, other: Self) {
        match (&mut self.elements, other.elements) {
            (Elements::U8(all), Elements::U8(more)) => join(all, more),
            (Elements::F32(all), Elements::F32(more)) => join(all, more),
            _ => unreachable!("invariant: both were checked against one model"),
        }
        if self.count == 0 {
            self.dims = other.dims;
        }
        self.count += other.count;
        self.pictures &= other.pictures;
    }

    /// Elements of one sample.
    pub(crate) fn len(&self) -> usize {
        self.dims.iter().product()
    }

    /// The type of an element.
    pub(crate) fn dtype(&self) -> Dtype {
        match self.elements {
            Elements::U8(_) => Dtype::U8,
            Elements::F32(_) => Dtype::F32,
        }
    }

    /// The shape of one sample, such as 28x28.
    fn shape(&self) -> String {
        shown(&self.dims)
    }

    /// `count` samples from sample `first`.
    pub(crate) fn input(&self, first: usize, count: usize) -> Input<'_> {
        let range = first * self.len()..(first + count) * self.len();
        match &self.elements {
            Elements::U8(bytes) => Input::U8(&bytes[range]),
            Elements::F32(floats) => Input::F32(&floats[range]),
        }
    }

    /// Height, width and pixels of sample `index`, when it is a gray image of bytes.
    pub(crate) fn picture(&self, index: usize) -> Option<(usize, usize, &[u8])> {
        match (&self.elements, self.dims.as_slice()) {
            (Elements::U8(bytes), &[height, width] | &[1, height, width]) => {
                let len = height * width;
                Some((height, width, &bytes[index * len..][..len]))
            }
            _ => None,
        }
    }
}

/// Reads a file of labels: one byte for each sample.
pub(crate) fn open_labels(path: &Path) -> Result<Vec<u8>> {
    in_file(path, |file| labels(array(file)?))
}

/// Reads the bytes of an IDX file of labels.
pub(crate) fn parse_idx_labels(file: &[u8]) -> Result<Vec<u8>> {
    labels(idx::parse(file)?)
}

fn labels(array: Array) -> Result<Vec<u8>> {
    match (array.dims.as_slice(), array.elements) {
        ([_], Elements::U8(labels)) => Ok(labels),
        (dims, elements) => {
            let dtype = if matches!(elements, Elements::U8(_)) { "u8" } else { "f32" };
            let found = shown(dims);
            Err(refuse(&format!(
                "labels are single bytes in one dimension, this is {found} of {dtype}; is it the file of the images?"
            )))
        }
    }
}

/// Whether a sample of these dimensions fits `shape`. Dimensions of 1 are ignored, and a flattened sample fits. Any sample with the right
/// number of elements fits a vector.
fn fits(dims: &[usize], shape: Shape) -> bool {
    let long = |dims: &[usize]| dims.iter().copied().filter(|&dim| dim != 1).collect::<Vec<_>>();
    let elements = shape.elements();
    let size = dims.iter().try_fold(1usize, |n, &dim| n.checked_mul(dim));
    size == Some(elements) && (long(dims) == long(&shape.dims()) || long(dims) == [elements] || matches!(shape, Shape::Vector(_)))
}

/// The array in the bytes of a file.
fn array(file: &[u8]) -> Result<Array> {
    let wrong = |message: &str| Err(Error::at(Defect::Magic, 0, message));
    match file {
        [] => Err(Error::new(Defect::Empty, "the file is empty")),
        [0x1F, 0x8B, ..] => wrong("the file is compressed with gzip; decompress it first (gzip -dk FILE)"),
        [b'P', b'K', 3 | 5, ..] => wrong("a zip file; save one array with numpy.save instead of numpy.savez"),
        [0xFF, 0xD8, 0xFF, ..] => wrong("a JPEG picture, which has lost what a PNG keeps; PNG, .npy and IDX are read"),
        [0x93, b'N', b'U', b'M', b'P', b'Y', ..] => npy::parse(file),
        [0, 0, ..] => idx::parse(file),
        _ => wrong("not a PNG, .npy or IDX file: its first bytes are those of none"),
    }
}

/// Reads a file; errors name it.
fn in_file<T>(path: &Path, read: impl FnOnce(&[u8]) -> Result<T>) -> Result<T> {
    read(Storage::read(path, MAX_BYTES)?.bytes()).map_err(|error| error.context(path.display()))
}

/// Adds `more` to `all`. If `all` is empty, `more` is moved instead of copied.
fn join<T>(all: &mut Vec<T>, mut more: Vec<T>) {
    if all.is_empty() {
        *all = more;
    } else {
        all.append(&mut more);
    }
}

#[cfg(test)]
mod tests;
