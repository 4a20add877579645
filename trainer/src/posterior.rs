//! The posterior file: every array at the original shape, the graph as metadata
//! (`docs/posteriors.md`).

use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};

use crate::data::Scaling;
use crate::files::{self, Array, Arrays};
use crate::methods::Method;
use crate::methods::gnj::Gnj;
use crate::methods::plain::Plain;
use crate::methods::rate::Rate;
use crate::network::Network;
use crate::noise::Noise;
use crate::parameter::Parameter;
use crate::shed::Units;

const KEY: &str = "curt";
const VERSION: u64 = 1;

/// What a posterior file holds.
pub enum Posterior {
    Gnj(Gnj),
    Plain(Plain),
}

/// Writes a posterior. Units that training removed come back as zeros: a zero scale mean with a
/// zero log variance has log alpha 18.4, above any threshold.
pub fn write_gnj(path: &Path, posterior: &Gnj, scaling: Scaling, training: Value) -> Result<()> {
    let mut arrays = Vec::new();
    for ((name, _), layer) in posterior.network.layers.iter().zip(&posterior.layers) {
        let mut layer = layer.clone();
        let (shape, units) = (layer.shape, layer.units.clone());
        for (tensor, parameter) in layer.parameters() {
            let side = match tensor {
                _ if parameter.shape.len() > 1 => Side::Both,
                "scale_mean" | "scale_log_variance" if shape.is_linear() => Side::Inputs,
                _ => Side::Outputs,
            };
            let (shape, values) = widen(&parameter.value, shape, &units, side);
            arrays.push(Array { name: format!("{name}.{tensor}"), shape, values });
        }
    }
    let metadata = metadata(&posterior.network, "gnj", scaling, training);
    files::write_arrays(path, &arrays, KEY, metadata)
}

/// Writes a plain network.
pub fn write_plain(path: &Path, plain: &Plain, scaling: Scaling, training: Value) -> Result<()> {
    let metadata = metadata(&plain.network, "plain", scaling, training);
    files::write_arrays(path, &plain_arrays(plain), KEY, metadata)
}

/// Writes a network of integers: its weights, and the step of each layer.
pub fn write_rate(path: &Path, rate: &Rate, scaling: Scaling, training: Value) -> Result<()> {
    let mut arrays = plain_arrays(&rate.prediction());
    for ((name, _), layer) in rate.network.layers.iter().zip(&rate.layers) {
        arrays.push(Array { name: format!("{name}.step"), shape: vec![1], values: vec![layer.step()] });
    }
    files::write_arrays(path, &arrays, KEY, metadata(&rate.network, "rate", scaling, training))
}

fn plain_arrays(plain: &Plain) -> Vec<Array> {
    let mut arrays = Vec::new();
    for ((name, shape), layer) in plain.network.layers.iter().zip(&plain.layers) {
        for (tensor, parameter, side) in [("weight", &layer.weight, Side::Both), ("bias", &layer.bias, Side::Outputs)] {
            let (shape, values) = widen(&parameter.value, *shape, &layer.units, side);
            arrays.push(Array { name: format!("{name}.{tensor}"), shape, values });
        }
    }
    arrays
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
enum Side {
    Inputs,
    Outputs,
    Both,
}

/// Puts the values of kept units where they stood in the original layer, zeros elsewhere.
fn widen(values: &[f32], shape: crate::network::LayerShape, units: &Units, side: Side) -> (Vec<usize>, Vec<f32>) {
    let (count, kept) = match side {
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

/// Reads a posterior file of one of the known networks, with its pixel scaling.
pub fn read(path: &Path) -> Result<(Posterior, Scaling)> {
    let arrays = Arrays::read(path, KEY)?;
    read_arrays(&arrays).with_context(|| format!("{} is not usable", path.display()))
}

fn read_arrays(arrays: &Arrays) -> Result<(Posterior, Scaling)> {
    let metadata: Value = serde_json::from_str(arrays.metadata())?;
    ensure!(metadata["posterior"] == VERSION, "layout version {} instead of {VERSION}", metadata["posterior"]);
    let name = metadata["name"].as_str().context("it has no name")?;
    let network = Network::by_name(name)?;
    let number = |key: &str| {
        let value = metadata["input"][key][0].as_f64();
        value.with_context(|| format!("input.{key} is not a list of numbers"))
    };
    let scaling = Scaling { scale: number("scale")? as f32, offset: number("offset")? as f32 };
    let mut start = Noise::for_initialisation(0);
    let posterior = match metadata["method"].as_str() {
        Some("gnj") => {
            let mut gnj = Gnj::initialise(&network, None, &mut start);
            fill(arrays, gnj.named())?;
            Posterior::Gnj(gnj)
        }
        Some("plain" | "rate") => {
            let mut plain = Plain::initialise(&network, &mut start);
            fill(arrays, plain.named())?;
            Posterior::Plain(plain)
        }
        other => bail!("unknown method {other:?}"),
    };
    Ok((posterior, scaling))
}

fn fill(arrays: &Arrays, parameters: Vec<(String, &mut Parameter)>) -> Result<()> {
    for (name, parameter) in parameters {
        parameter.value = arrays.get(&name, &parameter.shape)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::PathBuf;

    use super::*;

    fn file(name: &str) -> PathBuf {
        std::env::temp_dir().join(format!("curt-{name}-{}.safetensors", std::process::id()))
    }

    #[test]
    fn a_shed_posterior_comes_back_at_full_shape_with_the_same_mean() {
        for network in [Network::lenet_300_100(), Network::lenet_5_caffe()] {
            let mut gnj = Gnj::initialise(&network, None, &mut Noise::for_initialisation(3));
            for (index, layer) in gnj.layers.iter_mut().enumerate() {
                layer.scale_log_variance.value[index + 2] = 9.0;
            }
            gnj.shed(&[3.0; 4]);
            let path = file(&network.name);
            write_gnj(&path, &gnj, Scaling::SIGNED, json!({ "seed": 3 })).unwrap();
            let (read, scaling) = read(&path).unwrap();
            let Posterior::Gnj(read) = read else { panic!("not a posterior") };
            assert_eq!(scaling, Scaling::SIGNED);
            assert_eq!(read.layers[0].weight_mean.value.len(), network.layers[0].1.fan_in() * network.layers[0].1.outputs());
            assert!((read.layers[0].log_alpha()[2] - 18.42).abs() < 0.01);
            let units = read.survivors(&[3.0; 4]);
            assert_eq!(units, gnj.units());
            let pairs = read.masked_mean(&units).layers.into_iter().zip(gnj.masked_mean(&gnj.units()).layers);
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
        write_plain(&path, &plain, Scaling::UNIT, Value::Null).unwrap();
        let Posterior::Plain(read) = read(&path).unwrap().0 else { panic!("not a plain network") };
        assert_eq!(read.layers[1].weight.value, plain.layers[1].weight.value);
        fs::remove_file(path).unwrap();
    }
}
