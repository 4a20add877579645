//! The safetensors container: a header of bounded size, and tensors that are taken out one by one.

use super::error::fail;
use super::unique::UniqueKeys;
use crate::base::checked::{to_u64, to_usize};
use crate::base::error::Result;
use crate::base::limits::{MAX_DIMENSION, MAX_ELEMENTS};
use safetensors::tensor::{Dtype, Metadata, TensorInfo};
use std::collections::BTreeSet;

/// The key of the file's metadata.
pub(super) const KEY: &str = "curt";
/// Bytes of the largest posterior file that is read.
pub const MAX_FILE_BYTES: u64 = 1 << 30;
/// Bytes of the largest safetensors header that is parsed.
pub const MAX_HEADER_BYTES: u64 = 1 << 22;

/// A safetensors file, and the names of the tensors taken so far.
pub(super) struct TensorFile<'a> {
    header: Metadata,
    data: &'a [u8],
    taken: BTreeSet<String>,
}

impl<'a> TensorFile<'a> {
    pub(super) fn parse(bytes: &'a [u8]) -> Result<Self> {
        let total = to_u64(bytes.len());
        if total > MAX_FILE_BYTES {
            return Err(fail(format!("the file has {total} bytes, the limit is {MAX_FILE_BYTES}")));
        }
        let not = |why: String| fail(format!("not a safetensors file: {why}"));
        let Some((length, rest)) = bytes.split_first_chunk::<8>() else {
            return Err(not(format!("it has {total} bytes, the length of the header alone takes 8")));
        };
        let length = u64::from_le_bytes(*length);
        if length > MAX_HEADER_BYTES || length > to_u64(rest.len()) {
            return Err(not(format!("a header of {length} bytes, at most {MAX_HEADER_BYTES} fit and {} follow", rest.len())));
        }
        let (header, data) = rest.split_at(to_usize(length, "the header")?);
        let wrong = |error| not(format!("its header: {error}"));
        serde_json::from_slice::<UniqueKeys>(header).map_err(wrong)?;
        let header: Metadata = serde_json::from_slice(header).map_err(wrong)?;
        if header.data_len() != data.len() {
            return Err(not(format!("its header describes {} bytes of data, {} follow it", header.data_len(), data.len())));
        }
        Ok(Self { header, data, taken: BTreeSet::new() })
    }

    /// The text under `key` of the file's metadata.
    pub(super) fn text(&self, key: &str) -> Result<&str> {
        let text = self.header.metadata().as_ref().and_then(|entries| entries.get(key));
        text.map(String::as_str).ok_or_else(|| {
            fail(format!("the metadata has no key {key:?}: this is a safetensors file, but no posterior (docs/posteriors.md)"))
        })
    }

    /// Whether there is a tensor `name`.
    pub(super) fn has(&self, name: &str) -> bool {
        self.header.info(name).is_some()
    }

    /// The rows and columns of the weights `name` of shape `[rows, per_output...]`. The columns are the product of `per_output`.
    pub(super) fn rows(&self, name: &str, per_output: &[usize]) -> Result<(usize, usize)> {
        let cols = per_output.iter().fold(1usize, |product, &dim| product.saturating_mul(dim));
        match self.info(name)?.shape.as_slice() {
            [rows, rest @ ..] if rest == per_output => {
                let (rows_64, cols_64) = (to_u64(*rows), to_u64(cols));
                if rows_64 > MAX_DIMENSION || rows_64.saturating_mul(cols_64) > MAX_ELEMENTS {
                    return Err(fail(format!("tensor {name:?} is {rows} x {cols}, above the format's limits")));
                }
                Ok((*rows, cols))
            }
            shape => {
                let rest: Vec<String> = per_output.iter().map(usize::to_string).collect();
                Err(fail(format!("tensor {name:?} has the shape {shape:?}, expected [outputs, {}]", rest.join(", "))))
            }
        }
    }

    /// The finite numbers of an `F32` tensor.
    pub(super) fn floats(&mut self, name: &str, shape: &[usize]) -> Result<Vec<f32>> {
        let (_, bytes) = self.take(name, shape, &[Dtype::F32])?;
        let values: Vec<f32> = bytes.as_chunks::<4>().0.iter().map(|chunk| f32::from_le_bytes(*chunk)).collect();
        match values.iter().enumerate().find(|(_, value)| !value.is_finite()) {
            Some((i, value)) => Err(fail(format!("tensor {name:?}: element {i} is {value}, expected finite numbers"))),
            None => Ok(values),
        }
    }

    /// Log variances. A variance must not exceed the range of f32, but may round to zero.
    pub(super) fn log_variances(&mut self, name: &str, shape: &[usize]) -> Result<Vec<f32>> {
        let values = self.floats(name, shape)?;
        match values.iter().enumerate().find(|(_, value)| !value.exp().is_finite()) {
            Some((i, value)) => Err(fail(format!(
                "tensor {name:?}: element {i} is {value:?}, a log variance whose variance exceeds the range of f32"
            ))),
            None => Ok(values),
        }
    }

    /// The finite number of an `F32` tensor of the shape `[1]`.
    pub(super) fn number(&mut self, name: &str) -> Result<f32> {
        let values = self.floats(name, &[1])?;
        values.first().copied().ok_or_else(|| fail(format!("tensor {name:?} is empty")))
    }

    /// The flags of an `F32`, `U8` or `BOOL` tensor of zeros and ones.
    pub(super) fn flags(&mut self, name: &str, shape: &[usize]) -> Result<Vec<bool>> {
        let (dtype, bytes) = self.take(name, shape, &[Dtype::F32, Dtype::U8, Dtype::BOOL])?;
        let flag = |i: usize, value: f32| match value {
            0.0 => Ok(false),
            1.0 => Ok(true),
            _ => Err(fail(format!("tensor {name:?}: element {i} is {value}, expected 0 or 1"))),
        };
        if dtype == Dtype::F32 {
            let chunks = bytes.as_chunks::<4>().0.iter().enumerate();
            return chunks.map(|(i, chunk)| flag(i, f32::from_le_bytes(*chunk))).collect();
        }
        bytes.iter().enumerate().map(|(i, &byte)| flag(i, f32::from(byte))).collect()
    }

    /// The name of a tensor that was not taken, if there is one.
    pub(super) fn left_over(&self) -> Option<String> {
        let mut names = self.header.offset_keys();
        names.retain(|name| !self.taken.contains(name));
        names.into_iter().next()
    }

    fn info(&self, name: &str) -> Result<&TensorInfo> {
        self.header.info(name).ok_or_else(|| fail(format!("tensor {name:?} is missing")))
    }

    fn take(&mut self, name: &str, shape: &[usize], dtypes: &[Dtype]) -> Result<(Dtype, &'a [u8])> {
        let info = self.info(name)?;
        if !dtypes.contains(&info.dtype) {
            return Err(fail(format!("tensor {name:?} is of type {:?}, expected {dtypes:?}", info.dtype)));
        }
        if info.shape != shape {
            return Err(fail(format!("tensor {name:?} has the shape {:?}, expected {shape:?}", info.shape)));
        }
        let (from, to) = info.data_offsets;
        let bytes = self.data.get(from..to).ok_or_else(|| fail(format!("tensor {name:?} lies outside the file")))?;
        let dtype = info.dtype;
        self.taken.insert(name.to_owned());
        Ok((dtype, bytes))
    }
}
