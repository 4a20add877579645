//! Writes posterior files: the description as JSON text, the tensors in a safetensors container.

use super::description::{Description, InputDescription, VERSION};
use super::error::fail;
use super::file::KEY;
use super::network::Posterior;
use super::nodes::{self, NamedNode};
use crate::base::checked::to_u64;
use crate::base::error::{ErrorKind, Result};
use crate::graph::op::{Expected, Fields, WindowFields};
use crate::graph::{Linear, Window};
use crate::tensor::Shape;
use safetensors::View;
use safetensors::tensor::Dtype;
use serde_json::{Map, Value, json};
use std::borrow::Cow;
use std::collections::HashMap;
use std::ops::RangeInclusive;

/// A named tensor of 32-bit floats.
#[derive(Clone, Debug, PartialEq)]
pub struct NamedTensor {
    /// The name of the node, a dot, and the name of the tensor: `fc1.weight`.
    pub name: String,
    /// The dimensions.
    pub shape: Vec<usize>,
    /// The elements in row-major order, as many as the product of `shape`.
    pub values: Vec<f32>,
}

impl View for &NamedTensor {
    fn dtype(&self) -> Dtype {
        Dtype::F32
    }

    fn shape(&self) -> &[usize] {
        &self.shape
    }

    fn data(&self) -> Cow<'_, [u8]> {
        Cow::Owned(self.values.iter().flat_map(|value| value.to_le_bytes()).collect())
    }

    fn data_len(&self) -> usize {
        self.values.len().saturating_mul(size_of::<f32>())
    }
}

/// The bytes of a posterior file.
///
/// The bytes are read back first, so no file is written that [`Posterior::from_bytes`] refuses.
///
/// # Errors
/// `posterior` when a tensor is missing, not expected, of another shape, or not finite, or when the description is not that of a network.
pub fn write(description: &Description, tensors: &[NamedTensor]) -> Result<Vec<u8>> {
    let bytes = serialize(description, tensors)?;
    Posterior::from_bytes(&bytes)?;
    Ok(bytes)
}

impl Posterior {
    /// The network of a description and its tensors. It passes the checks of a file.
    ///
    /// # Errors
    /// As [`write()`].
    pub fn new(description: &Description, tensors: &[NamedTensor]) -> Result<Self> {
        Self::from_bytes(&serialize(description, tensors)?)
    }
}

fn serialize(description: &Description, tensors: &[NamedTensor]) -> Result<Vec<u8>> {
    let metadata = HashMap::from([(KEY.to_owned(), text(description)?)]);
    let named = tensors.iter().map(|tensor| (tensor.name.as_str(), tensor));
    safetensors::serialize(named, Some(metadata)).map_err(|error| fail(format!("cannot write the tensors: {error}")))
}

/// The JSON text under the metadata key.
fn text(description: &Description) -> Result<String> {
    let InputDescription { shape, dtype, scale, offset } = &description.input;
    let nodes: Result<Vec<Value>> = description.nodes.iter().map(|node| node_json(node, &description.nodes)).collect();
    let value = json!({
        "posterior": VERSION,
        "name": description.name,
        "method": description.method.name(),
        "input": { "shape": shape.dims(), "dtype": dtype.name(), "scale": scale, "offset": offset },
        "nodes": nodes?,
        "training": description.training,
    });
    Ok(value.to_string())
}

fn node_json(node: &NamedNode, nodes: &[NamedNode]) -> Result<Value> {
    let input = |&value: &usize| match value.checked_sub(1) {
        None => Ok(nodes::INPUT),
        Some(made_by) => {
            let node_of = nodes.get(made_by).map(|node| node.name.as_str());
            node_of.ok_or_else(|| fail(format!("node {:?} reads value {value}, which no node makes", node.name)))
        }
    };
    let inputs: Result<Vec<&str>> = node.inputs.iter().map(input).collect();
    let mut fields = WrittenFields(Map::new());
    let mut op = node.op;
    op.fields(&mut fields)?;
    let WrittenFields(mut keys) = fields;
    keys.insert("name".to_owned(), json!(node.name));
    keys.insert("op".to_owned(), json!(node.op.name()));
    keys.insert("inputs".to_owned(), json!(inputs?));
    Ok(Value::Object(keys))
}

/// The fields of an operator, as the description spells them. A field with its usual value is left out if the reader allows it.
struct WrittenFields(Map<String, Value>);

impl WrittenFields {
    fn insert(&mut self, name: &str, value: Value) {
        self.0.insert(name.to_owned(), value);
    }
}

impl Fields for WrittenFields {
    fn number(&mut self, name: &'static str, expected: Expected, _: RangeInclusive<u64>, value: &mut usize) -> Result<()> {
        let usual = match expected {
            Expected::Word(word) | Expected::Again(word) => Some(u64::from(word)),
            Expected::Free | Expected::UpTo(_) => None,
        };
        if usual != Some(to_u64(*value)) {
            self.insert(name, json!(*value));
        }
        Ok(())
    }

    fn flag(&mut self, name: &'static str, value: &mut bool) -> Result<()> {
        if *value {
            self.insert(name, json!(true));
        }
        Ok(())
    }

    fn float(&mut self, name: &'static str, _: f32, value: &mut f32) -> Result<()> {
        self.insert(name, json!(*value));
        Ok(())
    }

    fn check(&mut self, _: bool, _: ErrorKind, _: &dyn Fn() -> String) -> Result<()> {
        Ok(()) // reading the file again checks it
    }

    fn linear(&mut self, _: &mut Linear) -> Result<()> {
        Ok(()) // the tensors say it
    }

    fn window(&mut self, window: &mut Window, which: WindowFields) -> Result<()> {
        self.insert("kernel", json!(window.kernel));
        self.insert("stride", json!(window.stride));
        let ([top, left], [bottom, right]) = (window.padding_before, window.padding_after);
        if [top, left] != [bottom, right] {
            self.insert("padding", json!([top, left, bottom, right]));
        } else if which == WindowFields::Convolution || [top, left] != [0, 0] {
            self.insert("padding", json!([top, left]));
        }
        if window.dilation != [1, 1] {
            self.insert("dilation", json!(window.dilation));
        }
        Ok(())
    }

    fn shape(&mut self, shape: &mut Shape) -> Result<()> {
        self.insert("shape", json!(shape.dims()));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::{Activation, Conv2d, Op, Pool, PoolKind, Reshape};
    use crate::posterior::Method;
    use crate::tensor::Dtype as InputDtype;

    fn node(name: &str, op: Op, inputs: &[usize]) -> NamedNode {
        NamedNode { name: name.to_owned(), op, inputs: inputs.to_vec() }
    }

    fn tensor(name: &str, shape: &[usize]) -> NamedTensor {
        let count = shape.iter().product::<usize>();
        NamedTensor { name: name.to_owned(), shape: shape.to_vec(), values: (0u8..).take(count).map(f32::from).collect() }
    }

    fn describe(nodes: Vec<NamedNode>) -> Description {
        Description {
            name: "small".to_owned(),
            method: Method::Plain,
            input: InputDescription {
                shape: Shape::Image { channels: 2, height: 8, width: 8 },
                dtype: InputDtype::U8,
                scale: vec![1.0 / 255.0, 0.5],
                offset: vec![0.0, -1.0],
            },
            nodes,
            training: json!({ "seed": 3 }),
        }
    }

    /// Every operator that a description may have.
    #[allow(clippy::arithmetic_side_effects)] // small indices
    fn everything() -> Description {
        let conv = |groups, window| Op::Conv2d(Conv2d { linear: Linear::dense(0), window, groups });
        let padded = Window { padding_before: [1, 0], padding_after: [2, 1], ..Window::new([3, 2], [1, 1]) };
        let dilated = Window { dilation: [2, 1], padding_before: [1, 1], padding_after: [1, 1], ..Window::new([2, 3], [1, 1]) };
        let pool = |kind| {
            Op::Pool(Pool {
                kind,
                window: Window { padding_before: [1, 1], padding_after: [1, 1], ..Window::new([2, 2], [2, 2]) },
            })
        };
        let mut ops = vec![conv(1, padded), Op::Affine, conv(2, dilated)];
        ops.extend([pool(PoolKind::Max), pool(PoolKind::Average), pool(PoolKind::AverageIncludingPadding)]);
        ops.extend([
            Op::RELU,
            Op::Activation(Activation::LeakyRelu { slope: 0.1 }),
            Op::Activation(Activation::Sigmoid),
            Op::Activation(Activation::Tanh),
            Op::Activation(Activation::Clip { min: 0.0, max: 6.0 }),
            Op::Activation(Activation::HardSigmoid { alpha: 0.2, beta: 0.5 }),
            Op::Activation(Activation::HardSwish),
            Op::GlobalAveragePool,
            Op::Flatten,
        ]);
        let mut nodes: Vec<NamedNode> = ops.iter().enumerate().map(|(i, &op)| node(&format!("n{i}"), op, &[i])).collect();
        let last = nodes.len();
        nodes.push(node("sum", Op::Add, &[last, last]));
        nodes.push(node("both", Op::Concat, &[last, last + 1]));
        nodes.push(node("shaped", Op::Reshape(Reshape(Shape::Vector(8))), &[last + 2]));
        nodes.push(node("fc", Op::Linear(Linear::dense(0)), &[last + 3]));
        nodes.push(node("out", Op::Softmax, &[last + 4]));
        describe(nodes)
    }

    fn tensors() -> Vec<NamedTensor> {
        [
            ("n0.weight", &[4, 2, 3, 2][..]),
            ("n0.bias", &[4]),
            ("n1.scale", &[4]),
            ("n1.offset", &[4]),
            ("n2.weight", &[4, 2, 2, 3]),
            ("fc.weight", &[3, 8]),
        ]
        .map(|(name, shape)| tensor(name, shape))
        .to_vec()
    }

    #[test]
    fn what_is_written_is_read_again() {
        let (description, tensors) = (everything(), tensors());
        let bytes = write(&description, &tensors).unwrap();
        let posterior = Posterior::from_bytes(&bytes).unwrap();
        assert_eq!((posterior.name(), posterior.method()), ("small", Method::Plain));
        assert_eq!(posterior.input(), &description.input);
        assert_eq!(posterior.training(), &description.training);
        let names: Vec<&str> = description.nodes.iter().map(|node| node.name.as_str()).collect();
        assert_eq!(posterior.node_names(), names);
        for (read, written) in posterior.graph().nodes().iter().zip(&description.nodes) {
            let linear = written.op.linear().map(|_| *read.op.linear().unwrap());
            let op = linear.map_or(written.op, |linear| written.op.with_linear(linear));
            assert_eq!((&read.op, &read.inputs), (&op, &written.inputs), "{}", written.name);
        }
        let crate::posterior::LayerTensors::Plain(layers) = posterior.layers() else { panic!("a plain network") };
        assert_eq!(layers[0].weight, tensors[0].values);
        assert_eq!(layers[0].bias, tensors[1].values);
        assert_eq!(posterior.affines()[0].scale, tensors[2].values);
        assert_eq!(layers[2].weight, tensors[5].values);
        assert_eq!(write(&description, &tensors).unwrap(), bytes, "the same bytes each time");
    }

    #[test]
    fn a_file_that_could_not_be_read_is_not_written() {
        let refused = |description: &Description, tensors: &[NamedTensor]| write(description, tensors).unwrap_err().to_string();
        let mut nan = tensors();
        nan[0].values[5] = f32::NAN;
        assert!(refused(&everything(), &nan).contains("\"n0.weight\": element 5 is NaN"));
        let mut surplus = tensors();
        surplus.push(tensor("n9.weight", &[1]));
        assert!(refused(&everything(), &surplus).contains("\"n9.weight\" is not expected"));
        assert!(refused(&everything(), &tensors()[1..]).contains("\"n0.weight\" is missing"));
        let reads_nothing = describe(vec![node("fc", Op::Flatten, &[7])]);
        assert!(refused(&reads_nothing, &[]).contains("reads value 7, which no node makes"));
        let mut short = tensors();
        short[0].values.pop();
        assert!(refused(&everything(), &short).contains("cannot write the tensors"));
    }
}
