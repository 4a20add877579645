//! Networks of one linear layer with random weights from a fixed seed: a kernel at any shape, without a file.

use super::twins::MAX_WEIGHTS;
use crate::base::checked::to_u64;
use crate::base::error::{Error, ErrorKind, Result};
use crate::base::limits::Limits;
use crate::content::{Contents, LayerTables, Tables};
use crate::encoding::{Encoded, Encoding, encode_weights};
use crate::format::write;
use crate::graph::{GraphBuilder, InputSpec, Linear, Node, Op};
use crate::model::Model;
use crate::tensor::{Dtype, Shape};
use std::fmt;
use std::str::FromStr;

/// The kinds of layers: the encoding, and the percentage of columns that are zero in each unit of rows.
pub(super) const KINDS: [(&str, Encoding, u32); 12] = [
    ("dense", Encoding::DenseF32, 0),
    ("ternary", Encoding::Ternary, 33),
    ("codebook16", Encoding::Codebook { levels: 16 }, 0),
    ("codebook32", Encoding::Codebook { levels: 32 }, 0),
    ("codebook256", Encoding::Codebook { levels: 256 }, 0),
    ("fixed4", Encoding::FixedPoint { bits: 4 }, 0),
    ("sparse50", Encoding::SparseF32, 50),
    ("sparse80", Encoding::SparseF32, 80),
    ("sparse90", Encoding::SparseF32, 90),
    ("sparse95", Encoding::SparseF32, 95),
    ("sparse98", Encoding::SparseF32, 98),
    ("block16x1-90", Encoding::BlockF32 { height: 16 }, 90),
];

/// A kind of layer at a shape, such as `ternary:1024x1024`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SyntheticLayer {
    kind: usize,
    rows: usize,
    cols: usize,
}

impl FromStr for SyntheticLayer {
    type Err = Error;

    /// # Errors
    /// `input`; the message lists the kinds. `limit` for a layer of too many weights.
    fn from_str(text: &str) -> Result<Self> {
        let parts = text.split_once(':').and_then(|(kind, shape)| Some((kind, shape.split_once('x')?)));
        let parsed = parts.and_then(|(kind, (rows, cols))| {
            let kind = KINDS.iter().position(|(name, ..)| *name == kind)?;
            let number = |text: &str| text.parse().ok().filter(|&n: &usize| n > 0);
            Some(Self { kind, rows: number(rows)?, cols: number(cols)? })
        });
        let layer = parsed.ok_or_else(|| {
            let kinds = KINDS.map(|(name, ..)| name).join(", ");
            Error::new(ErrorKind::Input, format!("{text:?} is no layer, expected KIND:ROWSxCOLS, where KIND is one of {kinds}"))
        })?;
        match to_u64(layer.rows).saturating_mul(to_u64(layer.cols)) {
            ..=MAX_WEIGHTS => Ok(layer),
            weights => {
                Err(Error::new(ErrorKind::Limit, format!("{text:?} has {weights} weights, at most {MAX_WEIGHTS} are made")))
            }
        }
    }
}

impl fmt::Display for SyntheticLayer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}x{}", self.kind(), self.rows, self.cols)
    }
}

impl SyntheticLayer {
    /// A layer of a kind of [`KINDS`].
    pub(super) fn new(kind: &str, rows: usize, cols: usize) -> Self {
        let kind = KINDS.iter().position(|(name, ..)| *name == kind).expect("invariant: the name is one of the table");
        Self { kind, rows, cols }
    }

    /// The name of its kind.
    pub(super) fn kind(self) -> &'static str {
        KINDS[self.kind].0
    }

    /// The network: a vector of floats, and the layer.
    ///
    /// # Errors
    /// `limit`, `no_memory`.
    pub fn model(self) -> Result<Model> {
        self.within(Shape::Vector(self.cols), Op::Linear)
    }

    /// The network of an operator with these weights, which reads floats of shape `input`.
    pub(super) fn within(self, input: Shape, op: impl FnOnce(Linear) -> Op) -> Result<Model> {
        let layer = self.weights();
        let mut builder = GraphBuilder::new(InputSpec { dtype: Dtype::F32, shape: input, kept: None }, &Limits::FORMAT)?;
        builder.push(Node::new(op(Linear::of(&layer)), 0))?;
        let tables = Tables {
            input_scale: vec![1.0; input.channels()],
            input_offset: vec![0.0; input.channels()],
            input_mask: None,
            layers: vec![LayerTables::of(&layer, vec![0.25; self.rows])],
            affines: Vec::new(),
        };
        let contents = Contents { graph: builder.finish()?, tables, layers: vec![layer], origin: None };
        Model::from_bytes(&write(&contents)?, &Limits::FORMAT)
    }

    fn weights(self) -> Encoded {
        let (_, encoding, zeros) = KINDS[self.kind];
        let levels: Vec<f32> = match encoding.level_count() {
            1 => vec![1.0 / 64.0],
            2 => vec![-0.0625, 0.0625],
            count => (0..count).map(|i| (i as f32 - 7.5) / 128.0).collect(),
        };
        // Rows of a block are zero together.
        let height = if let Encoding::BlockF32 { height } = encoding { height } else { 1 };
        let mut random = Random(1);
        // Every level is used: the first weights are the levels in turn.
        let mut next = 0..levels.len();
        let mut is_zero = vec![false; self.cols];
        let mut weights = Vec::with_capacity(self.rows * self.cols);
        for row in 0..self.rows {
            if row % height == 0 {
                is_zero.fill_with(|| random.below(100) < zeros);
            }
            let weight = |&is_zero: &bool| match encoding {
                _ if is_zero => 0.0,
                Encoding::FixedPoint { .. } => (random.below(15) as f32 - 7.0) * levels[0],
                _ if !levels.is_empty() => levels[next.next().unwrap_or_else(|| random.below(levels.len() as u32) as usize)],
                _ => (random.below(1 << 20) as f32 + 0.5) / (1 << 22) as f32 - 0.125,
            };
            weights.extend(is_zero.iter().map(weight));
        }
        encode_weights(encoding, &levels, [self.rows, self.cols], &weights)
    }
}

/// Knuth's linear congruential generator (MMIX); the upper bits are used.
pub(super) struct Random(pub(super) u64);

impl Random {
    pub(super) fn below(&mut self, n: u32) -> u32 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (((self.0 >> 32) * u64::from(n)) >> 32) as u32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_its_encoding_and_its_zeros() {
        for (name, encoding, zeros) in KINDS {
            let layer: SyntheticLayer = format!("{name}:96x50").parse().unwrap();
            assert_eq!(layer.to_string(), format!("{name}:96x50"));
            let model = layer.model().unwrap();
            assert_eq!((model.layers()[0].linear.encoding, model.layers()[0].cols), (encoding, 50));
            let weights = model.weights(0).decode();
            let found = 100 * weights.iter().filter(|&&weight| weight == 0.0).count() / weights.len();
            // One of the 15 integers is zero.
            let expected = if name == "fixed4" { 7 } else { zeros as usize };
            assert!(found.abs_diff(expected) <= 5, "{name}: {found} % are zero");
            assert_eq!(model.file(), layer.model().unwrap().file(), "the seed is fixed");
        }
    }

    #[test]
    fn what_is_no_layer_is_refused() {
        for wrong in ["", "dense", "dense:4", "dense:4x", "dense:0x4", "sparse81:4x4", "dense:4x4x4", "dense:-1x4"] {
            assert!(wrong.parse::<SyntheticLayer>().unwrap_err().to_string().contains("block16x1-90"), "{wrong}");
        }
        assert_eq!("dense:100000x100000".parse::<SyntheticLayer>().unwrap_err().kind(), ErrorKind::Limit);
    }
}
