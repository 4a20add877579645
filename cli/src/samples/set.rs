//! Samples of one shape, from files of any type.

use super::{npy, picture, refuse};
use curt::array::{Array, Elements, idx, shown};
use curt::bytes::Storage;
use curt::graph::InputSpec;
use curt::import::Imported;
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
                // One sample without a dimension that counts it.
                let samples = if is_in_order(&array.dims, input.shape) { Self::one(array) } else { Self::of(array)? };
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
            (_, Shape::Vector(elements)) if self.count.checked_mul(self.len()) == Some(elements) => {
                "; the first dimension counts samples: for one sample save numpy.reshape(a, (1, -1))"
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

    /// The samples in the order of the network that `imported` is; they are given in that of its file.
    pub(crate) fn reordered(self, imported: &Imported) -> Result<Self> {
        if self.dims != imported.file_shape() {
            let message = format!("the file reads {}, the samples are {}", shown(imported.file_shape()), self.shape());
            return Err(refuse(&message));
        }
        let elements = match &self.elements {
            Elements::U8(bytes) => Elements::U8(imported.reorder(bytes)?),
            Elements::F32(floats) => Elements::F32(imported.reorder(floats)?),
        };
        Ok(Self { dims: imported.network.input().shape.dims(), elements, ..self })
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

/// Whether a sample of these dimensions fits `shape`. Dimensions of 1 are ignored, and a flattened sample fits. A vector has
/// no order of its own, so that anything with as many elements is one.
fn fits(dims: &[usize], shape: Shape) -> bool {
    is_in_order(dims, shape) || (matches!(shape, Shape::Vector(_)) && size(dims) == Some(shape.elements()))
}

/// Whether a whole array is one sample of `shape`: its own dimensions, or flattened. The first of several dimensions of a vector counts
/// samples: 2 x 2 numbers are two samples of 2, not one of 4.
fn is_in_order(dims: &[usize], shape: Shape) -> bool {
    let long = |dims: &[usize]| dims.iter().copied().filter(|&dim| dim != 1).collect::<Vec<_>>();
    let is_flat = long(dims) == long(&[shape.elements()]);
    size(dims) == Some(shape.elements()) && (long(dims) == long(&shape.dims()) || is_flat)
}

fn size(dims: &[usize]) -> Option<usize> {
    dims.iter().try_fold(1usize, |n, &dim| n.checked_mul(dim))
}

/// The array in the bytes of a file.
fn array(file: &[u8]) -> Result<Array> {
    check_magic(file)?;
    if npy::is_one(file) { npy::parse(file) } else { idx::parse(file) }
}

/// Refuses a file that starts neither as `.npy` nor as IDX does.
pub(super) fn check_magic(file: &[u8]) -> Result<()> {
    let wrong = |message: &str| Err(Error::at(Defect::Magic, 0, message));
    match file {
        [] => Err(Error::new(Defect::Empty, "the file is empty")),
        [0x1F, 0x8B, ..] => wrong("the file is compressed with gzip; decompress it first (gzip -dk FILE)"),
        [b'P', b'K', 3 | 5, ..] => wrong("a zip file; save one array with numpy.save instead of numpy.savez"),
        [0xFF, 0xD8, 0xFF, ..] => wrong("a JPEG picture, which has lost what a PNG keeps; PNG, .npy and IDX are read"),
        [0, 0, ..] => Ok(()),
        _ if npy::is_one(file) => Ok(()),
        _ => wrong("not a PNG, .npy or IDX file: its first bytes are those of none"),
    }
}

/// Reads a file; errors name it.
pub(super) fn in_file<T>(path: &Path, read: impl FnOnce(&[u8]) -> Result<T>) -> Result<T> {
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
