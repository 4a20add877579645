//! The posterior file: every array at the original shape, the graph as metadata
//! (`docs/posteriors.md`).

use std::path::Path;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use crate::data::Scaling;
use crate::files::{self, Array, Arrays};
use crate::methods::Method;
use crate::network::{LayerShape, Network};
use crate::parameter::Parameter;
use crate::shed::Units;

const KEY: &str = "curt";
const VERSION: u64 = 1;

/// Writes what a method learnt.
pub fn write(path: &Path, method: &dyn Method, scaling: Scaling, training: Value) -> Result<()> {
    files::write_arrays(path, &method.arrays(), KEY, metadata(method.network(), method.name(), scaling, training))
}

fn metadata(network: &Network, method: &str, scaling: Scaling, training: Value) -> String {
    json!({
        "posterior": VERSION,
        "name": network.name,
        "method": method,
        "input": {
            "shape": network.input,
            "dtype": "u8",
            "scale": [scaling.scale],
            "offset": [scaling.offset],
        },
        "nodes": network.nodes_json(),
        "training": training,
    })
    .to_string()
}

/// Which units of a layer an array runs over.
#[derive(Clone, Copy)]
pub enum Side {
    Inputs,
    Outputs,
    Both,
    Neither,
}

/// The array of a name, with the values of kept units where they stood in the original layer and zeros elsewhere.
pub fn array(name: String, values: &[f32], shape: LayerShape, units: &Units, side: Side) -> Array {
    let (shape, values) = widen(values, shape, units, side);
    Array { name, shape, values }
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

/// A posterior file: what it says, and its arrays.
pub struct Stored {
    pub method: String,
    pub network: Network,
    pub scaling: Scaling,
    arrays: Arrays,
}

impl Stored {
    /// Reads the file of one of the known networks.
    pub fn open(path: &Path) -> Result<Self> {
        let arrays = Arrays::read(path, KEY)?;
        Self::new(arrays).with_context(|| format!("{} is not usable", path.display()))
    }

    fn new(arrays: Arrays) -> Result<Self> {
        let metadata: Value = serde_json::from_str(arrays.metadata())?;
        ensure!(metadata["posterior"] == VERSION, "layout version {} instead of {VERSION}", metadata["posterior"]);
        let name = metadata["name"].as_str().context("it has no name")?;
        let number = |key: &str| {
            let value = metadata["input"][key][0].as_f64();
            value.with_context(|| format!("input.{key} is not a list of numbers"))
        };
        let scaling = Scaling { scale: number("scale")? as f32, offset: number("offset")? as f32 };
        let method = metadata["method"].as_str().context("it has no method")?.to_owned();
        Ok(Self { method, network: Network::by_name(name)?, scaling, arrays })
    }

    /// The value of an array of one.
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
            let found = parameter.value.iter().find(|value| !value.is_finite());
            ensure!(found.is_none(), "the array '{name}' has the value {}", found.copied().unwrap_or_default());
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::PathBuf;

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
            let training = Training { groups: gnj.clone(), recipe: short(1) };
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
    fn an_array_that_holds_no_numbers_is_named() {
        let network = Network::lenet_300_100();
        let mut plain = Plain::initialise(&network, &mut Noise::for_initialisation(3));
        plain.layers[1].bias.value[4] = f32::NAN;
        let path = file("nan");
        write(&path, &plain, Scaling::UNIT, Value::Null).unwrap();
        let Err(error) = read(&path) else { panic!("it was read") };
        assert!(format!("{error:#}").contains("'fc2.bias' has the value NaN"), "{error:#}");
        fs::remove_file(path).unwrap();
    }
}
