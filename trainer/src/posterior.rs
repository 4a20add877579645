//! Posterior files: every array at the original shape, and the graph as metadata
//! (`docs/posteriors.md`).

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use curt::posterior::{Description, InputDescription, Method as FileMethod, NamedTensor, Posterior};
use curt::tensor::{Dtype, Shape};
use serde_json::Value;

use crate::data::Scaling;
use crate::files::{self, Arrays};
use crate::methods::Method;
use crate::network::{LayerShape, Network};
use crate::parameter::Parameter;
use crate::shed::Units;

/// The key of the metadata in a posterior file.
const KEY: &str = "curt";

/// Writes the posterior that a method has learnt.
///
/// # Errors
/// When the file cannot be written, or when the reader would refuse it because a number is not finite.
pub fn write(path: &Path, method: &dyn Method, scaling: Scaling, training: Value) -> Result<()> {
    let bytes = curt::posterior::write(&description(method, scaling, training), &method.arrays())
        .with_context(|| format!("the posterior for {} is not usable", path.display()))?;
    files::write_atomically(path, &bytes)
}

fn description(method: &dyn Method, scaling: Scaling, training: Value) -> Description {
    let network = method.network();
    let [channels, height, width] = network.input;
    Description {
        name: network.name.clone(),
        method: method.file_method(),
        input: InputDescription {
            shape: Shape::Image { channels, height, width },
            dtype: Dtype::U8,
            scale: vec![scaling.scale; channels],
            offset: vec![scaling.offset; channels],
        },
        nodes: network.described(),
        training,
    }
}

/// The units of a layer over which an array runs.
#[derive(Clone, Copy)]
pub enum Side {
    Inputs,
    Outputs,
    Both,
    Neither,
}

/// An array at the original shape. The values of kept units lie at their original positions; the others are zero.
pub fn array(name: String, values: &[f32], shape: LayerShape, units: &Units, side: Side) -> NamedTensor {
    let (shape, values) = widen(values, shape, units, side);
    NamedTensor { name, shape, values }
}

fn widen(values: &[f32], shape: LayerShape, units: &Units, side: Side) -> (Vec<usize>, Vec<f32>) {
    let (count, kept) = match side {
        Side::Neither => return (vec![values.len()], values.to_vec()),
        Side::Inputs => (shape.inputs(), &units.inputs),
        Side::Outputs => (shape.outputs(), &units.outputs),
        Side::Both => {
            let length = shape.weights_per_pair();
            let wide_shape = shape.weight_shape(shape.outputs(), shape.inputs());
            let mut wide = vec![0.0; wide_shape.iter().product()];
            let mut pairs = values.chunks_exact(length);
            for &output in &units.outputs {
                for &input in &units.inputs {
                    let start = (output * shape.inputs() + input) * length;
                    let pair = pairs.next().expect("invariant: one kernel per pair of units");
                    wide[start..start + length].copy_from_slice(pair);
                }
            }
            return (wide_shape, wide);
        }
    };
    let mut wide = vec![0.0; count];
    for (&unit, &value) in kept.iter().zip(values) {
        wide[unit] = value;
    }
    (vec![count], wide)
}

/// A posterior file: its description and its arrays.
pub struct Stored {
    pub method: FileMethod,
    pub network: Network,
    pub scaling: Scaling,
    arrays: Arrays,
}

impl Stored {
    /// Reads the file of one of the known networks.
    pub fn open(path: &Path) -> Result<Self> {
        let bytes = fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
        Self::parse(bytes).with_context(|| format!("{} is not usable", path.display()))
    }

    fn parse(bytes: Vec<u8>) -> Result<Self> {
        let posterior = Posterior::from_bytes(&bytes)?;
        let [scale, offset] = [&posterior.input().scale, &posterior.input().offset].map(|values| values[0]);
        Ok(Self {
            method: posterior.method(),
            network: Network::by_name(posterior.name())?,
            scaling: Scaling { scale, offset },
            arrays: Arrays::parse(bytes, KEY)?,
        })
    }

    /// The value of an array with one element.
    pub fn scalar(&self, name: &str) -> Result<f32> {
        Ok(self.arrays.get(name, &[1])?[0])
    }

    /// Whether there is an array of this name.
    pub fn contains(&self, name: &str) -> bool {
        self.arrays.contains(name)
    }

    /// Fills parameters of the original shape.
    pub fn fill(&self, parameters: Vec<(String, &mut Parameter)>) -> Result<()> {
        for (name, parameter) in parameters {
            parameter.value = self.arrays.get(&name, &parameter.shape)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use serde_json::json;

    use super::*;
    use crate::methods::gnj::Gnj;
    use crate::methods::groups::{Training, short};
    use crate::methods::plain::Plain;
    use crate::methods::read;
    use crate::noise::Noise;

    fn file(name: &str) -> PathBuf {
        std::env::temp_dir().join(format!("curt-{name}-{}.safetensors", std::process::id()))
    }

    #[test]
    fn a_shed_posterior_comes_back_at_full_shape_with_the_same_mean() {
        for network in [Network::lenet_300_100(), Network::lenet_5_caffe()] {
            let mut gnj = Gnj::initialise(&network, None, (), &mut Noise::for_initialisation(3));
            for (index, layer) in gnj.layers.iter_mut().enumerate() {
                layer.scale_log_variance.value[index + 2] = 9.0;
            }
            gnj.shed(&[3.0; 4]);
            let path = file(&network.name);
            let training = Training { groups: gnj.clone(), options: short(1) };
            write(&path, &training, Scaling::SIGNED, json!({ "seed": 3 })).unwrap();
            let stored = Stored::open(&path).unwrap();
            let read = Gnj::read(&stored).unwrap();
            assert_eq!(stored.scaling, Scaling::SIGNED);
            assert_eq!(read.layers[0].weight_mean.value.len(), network.layers[0].1.fan_in() * network.layers[0].1.outputs());
            assert!((read.layers[0].log_alpha()[2] - 18.42).abs() < 0.01);
            let units = read.survivors(&[3.0; 4]);
            assert_eq!(units, gnj.units());
            let pairs = read.mean_over(&units).layers.into_iter().zip(gnj.mean_over(&gnj.units()).layers);
            for (read, written) in pairs {
                assert_eq!(read.weight.value, written.weight.value);
                assert_eq!(read.bias.value, written.bias.value);
            }
            fs::remove_file(path).unwrap();
        }
    }

    /// Records hold digests of posterior files, so equal training must give equal bytes.
    #[test]
    fn the_description_keeps_its_text() {
        let network = Network::lenet_5_caffe();
        let plain = Plain::initialise(&network, &mut Noise::for_initialisation(3));
        let path = file("text");
        write(&path, &plain, Scaling::UNIT, json!({ "images": 5 })).unwrap();
        let expected = concat!(
            r#"{"input":{"dtype":"u8","offset":[0.0],"scale":[0.003921568859368563],"shape":[1,28,28]},"method":"plain","#,
            r#""name":"lenet-5-caffe","nodes":["#,
            r#"{"inputs":["input"],"kernel":[5,5],"name":"conv1","op":"conv2d","padding":[0,0],"stride":[1,1]},"#,
            r#"{"inputs":["conv1"],"kernel":[2,2],"name":"pool1","op":"max_pool","stride":[2,2]},"#,
            r#"{"inputs":["pool1"],"kernel":[5,5],"name":"conv2","op":"conv2d","padding":[0,0],"stride":[1,1]},"#,
            r#"{"inputs":["conv2"],"kernel":[2,2],"name":"pool2","op":"max_pool","stride":[2,2]},"#,
            r#"{"inputs":["pool2"],"name":"flatten","op":"flatten"},{"inputs":["flatten"],"name":"fc1","op":"linear"},"#,
            r#"{"inputs":["fc1"],"name":"relu1","op":"relu"},{"inputs":["relu1"],"name":"fc2","op":"linear"}],"#,
            r#""posterior":1,"training":{"images":5}}"#,
        );
        assert_eq!(Arrays::read(&path, KEY).unwrap().metadata(), expected);
        fs::remove_file(path).unwrap();
    }

    #[test]
    fn a_plain_network_comes_back() {
        let network = Network::lenet_300_100();
        let plain = Plain::initialise(&network, &mut Noise::for_initialisation(3));
        let path = file("plain");
        write(&path, &plain, Scaling::UNIT, Value::Null).unwrap();
        let read = read(&path).unwrap().0.masked_mean(&[]);
        assert_eq!(read.layers[1].weight.value, plain.layers[1].weight.value);
        fs::remove_file(path).unwrap();
    }

    #[test]
    fn an_array_that_holds_no_numbers_is_named_and_not_written() {
        let network = Network::lenet_300_100();
        let mut plain = Plain::initialise(&network, &mut Noise::for_initialisation(3));
        plain.layers[1].bias.value[4] = f32::NAN;
        let path = file("nan");
        let error = write(&path, &plain, Scaling::UNIT, Value::Null).unwrap_err();
        assert!(format!("{error:#}").contains("\"fc2.bias\": element 4 is NaN"), "{error:#}");
        assert!(!path.exists());
    }
}
