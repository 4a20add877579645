//! Models and data for the tests, made from a fixed seed.

use curt::content::{Contents, LayerTables, Origin, OriginNode, OriginShape, Tables};
use curt::encoding::dense::encode_f32;
use curt::encoding::{Encoded, codebook, fixed_point, ternary};
use curt::format::write;
use curt::graph::{GraphBuilder, InputSpec, Linear, Node, Op};
use curt::tensor::Mask;
use curt::{Dtype, Limits, Shape};

/// Numbers of a fixed seed (xorshift).
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new() -> Self {
        Self(88_172_645_463_325_252)
    }

    pub(crate) fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % n as u64) as usize
    }
}

/// A network of 28x28 bytes, 784-60-30 cut down to 40-25-15, 10 outputs: ternary, codebook of 5, fixed point of 5 bits.
pub(crate) fn network(with_origin: bool) -> Vec<u8> {
    let mut random = Random::new();
    let masks = [(784, 40), (60, 25), (30, 15), (10, 10)].map(|(all, kept)| mask(all, kept, &mut random));
    let layers = layers(&masks, &mut random);
    let (height, width) = (28, 28);
    let shape = Shape::Image { channels: 1, height, width };
    let mut builder = GraphBuilder::new(InputSpec { dtype: Dtype::U8, shape, kept: Some(40) }, &Limits::DEFAULT).unwrap();
    let mut nodes = Vec::new();
    let mut push = |op: Op, name: String, shape: Option<OriginShape>| {
        builder.push(Node::new(op, nodes.len())).unwrap();
        nodes.push(OriginNode { name, shape });
    };
    for (i, layer) in layers.iter().enumerate() {
        let origin = OriginShape { rows: masks[i + 1].clone(), cols: masks[i].clone() };
        let linear = Linear::of(layer);
        push(Op::Linear(linear), format!("fc{}", i + 1), Some(origin));
        if i < 2 {
            push(Op::RELU, format!("relu{}", i + 1), None);
        }
    }
    let tables = Tables {
        input_scale: vec![1.0 / 255.0],
        input_offset: vec![0.0],
        input_mask: Some(masks[0].clone()),
        layers: layers.iter().map(|layer| tables(layer, &mut random)).collect(),
        affines: Vec::new(),
    };
    let origin = Origin { network: "a test".to_owned(), method: "gnj".to_owned(), nodes };
    write(&Contents { graph: builder.finish().unwrap(), tables, layers, origin: with_origin.then_some(origin) }).unwrap()
}

/// A network of dense floats without a bias, of rows and weights of each layer, on a vector.
pub(crate) fn dense(dtype: Dtype, inputs: usize, layers: &[(usize, &[f32])]) -> Vec<u8> {
    of_floats(InputSpec { dtype, shape: Shape::Vector(inputs), kept: None }, &[], layers)
}

/// The mean of an image of so many pixels: many values, and a single weight.
pub(crate) fn mean_of(pixels: usize) -> Vec<u8> {
    let spec = InputSpec { dtype: Dtype::F32, shape: Shape::Image { channels: 1, height: 1, width: pixels }, kept: None };
    of_floats(spec, &[Op::GlobalAveragePool, Op::Flatten], &[(1, &[1.0])])
}

/// Operators without fields, one after the other, then layers of dense floats without a bias.
fn of_floats(spec: InputSpec, first: &[Op], layers: &[(usize, &[f32])]) -> Vec<u8> {
    let mut builder = GraphBuilder::new(spec, &Limits::DEFAULT).unwrap();
    let encoded: Vec<Encoded> = layers.iter().map(|(rows, weights)| encode_f32(*rows, weights.len() / rows, weights)).collect();
    let ops = first.iter().copied().chain(encoded.iter().map(|layer| Op::Linear(Linear::of(layer))));
    for (i, op) in ops.enumerate() {
        builder.push(Node::new(op, i)).unwrap();
    }
    let tables = Tables {
        input_scale: vec![1.0],
        input_offset: vec![0.0],
        input_mask: None,
        layers: encoded.iter().map(|layer| LayerTables::of(layer, vec![0.0; layer.rows])).collect(),
        affines: Vec::new(),
    };
    write(&Contents { graph: builder.finish().unwrap(), tables, layers: encoded, origin: None }).unwrap()
}

/// A `.npy` file of version 1.0.
pub(crate) fn npy(descr: &str, fortran_order: bool, shape: &str, elements: &[u8]) -> Vec<u8> {
    let order = if fortran_order { "True" } else { "False" };
    let header = format!("{{'descr': '{descr}', 'fortran_order': {order}, 'shape': {shape}, }}\n");
    let len = u16::try_from(header.len()).unwrap().to_le_bytes();
    [b"\x93NUMPY\x01\x00", &len[..], header.as_bytes(), elements].concat()
}

fn mask(all: usize, kept: usize, random: &mut Random) -> Mask {
    let mut flags = vec![false; all];
    while flags.iter().filter(|&&flag| flag).count() < kept {
        flags[random.below(all)] = true;
    }
    Mask::new(flags)
}

fn layers(masks: &[Mask; 4], random: &mut Random) -> Vec<Encoded> {
    let shape = |i: usize| (masks[i + 1].kept(), masks[i].kept());
    let ((r0, c0), (r1, c1), (r2, c2)) = (shape(0), shape(1), shape(2));
    let signs: Vec<i8> = (0..r0 * c0).map(|_| random.below(3) as i8 - 1).collect();
    let indices: Vec<u8> = (0..r1 * c1).map(|_| random.below(5) as u8).collect();
    let integers: Vec<i8> = (0..r2 * c2).map(|_| random.below(31) as i8 - 15).collect();
    vec![
        ternary::encode(r0, c0, -0.5, 0.75, &signs),
        codebook::encode(r1, c1, &[-0.5, -0.25, 0.0, 0.3, 0.7], &indices),
        fixed_point::encode(r2, c2, 5, 0.02, &integers),
    ]
}

fn tables(layer: &Encoded, random: &mut Random) -> LayerTables {
    let bias = (0..layer.rows).map(|_| random.below(100) as f32 * 0.01 - 0.5).collect();
    LayerTables::of(layer, bias)
}

/// An IDX file of bytes.
pub(crate) fn idx(dims: &[u32], bytes: &[u8]) -> Vec<u8> {
    let mut file = vec![0, 0, 8, u8::try_from(dims.len()).unwrap()];
    file.extend(dims.iter().flat_map(|dim| dim.to_be_bytes()));
    file.extend(bytes);
    file
}

/// `count` random 28x28 images.
pub(crate) fn images(count: u32) -> Vec<u8> {
    let mut random = Random::new();
    let bytes: Vec<u8> = (0..count * 784).map(|_| random.below(256) as u8).collect();
    idx(&[count, 28, 28], &bytes)
}

/// `count` labels of 10 classes.
pub(crate) fn labels(count: u32) -> Vec<u8> {
    let labels: Vec<u8> = (0..count).map(|i| (i % 10) as u8).collect();
    idx(&[count], &labels)
}
