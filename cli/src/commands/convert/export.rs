//! `curt export`: the weights as dense safetensors, in the layout of a plain network (`docs/posteriors.md`).

use crate::answer::Answer;
use crate::exit::Failure;
use crate::limits;
use crate::output::Output;
use crate::text::grouped;
use clap::ValueEnum;
use curt::Model;
use curt::content::Origin;
use curt::graph::{Activation, Node, Op, Pool, PoolKind, Reshape, Window};
use curt::inspect::node_names;
use curt::measure::twins;
use curt::tensor::Dtype as InputDtype;
use safetensors::tensor::{Dtype, TensorView};
use serde::Serialize;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::path::PathBuf;

/// Options of `export`.
#[derive(Debug, clap::Args)]
#[command(after_help = "The file is a plain network of docs/posteriors.md, which `curt compress` reads.

Examples:
  curt export model.curt -o dense.safetensors
  curt export model.curt -o small.safetensors --shape shrunk")]
pub(crate) struct ExportArgs {
    /// The model
    pub(crate) model: PathBuf,
    /// The safetensors file to write
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: PathBuf,
    /// The shape of the weights [default: original if the file holds it, otherwise shrunk]
    #[arg(long, value_enum)]
    pub(crate) shape: Option<ExportShape>,
}

/// The shape of exported weights.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ExportShape {
    /// Pruned inputs and outputs are zeros
    Original,
    /// Only kept inputs and outputs
    Shrunk,
}

pub(crate) fn run(options: &ExportArgs) -> Result<Answer, Failure> {
    let model = limits::open(&options.model)?;
    let output = Output::open("--output", &options.output, &[&options.model])?;
    let (shape, dense) = dense(&model, options.shape)?;
    if dense.graph().input().value_shape().elements() == 0 {
        return Err(Failure::input("no input is left, and a plain network cannot say so; export it with --shape original"));
    }
    let file = safetensors(&dense)?;
    output.save(&file)?;
    let name = if shape == ExportShape::Original { "original" } else { "shrunk" };
    let text = format!("{}: {} bytes at the {name} shape\n", options.output.display(), grouped(file.len() as u64));
    Ok(Answer::new(text, &Fields { output: options.output.display().to_string(), shape: name, bytes: file.len() }))
}

/// The network as dense floats at the wanted shape.
fn dense(model: &Model, wanted: Option<ExportShape>) -> Result<(ExportShape, Model), Failure> {
    if wanted == Some(ExportShape::Shrunk) {
        return Ok((ExportShape::Shrunk, twins::shrunk(model)?));
    }
    if let Some(original) = twins::original(model)? {
        return Ok((ExportShape::Original, original));
    }
    match (model.origin(), wanted) {
        // Where nothing was pruned both shapes are one.
        (Some(origin), _) if is_whole(origin) => Ok((ExportShape::Original, twins::shrunk(model)?)),
        (_, None) => Ok((ExportShape::Shrunk, twins::shrunk(model)?)),
        (Some(_), _) => Err(Failure::input(
            "the file does not hold what an affine node did to pruned channels of the original network; export it with --shape shrunk",
        )),
        (None, _) => Err(Failure::input("the file does not say what the original network was; export it with --shape shrunk")),
    }
}

/// Whether no input and no output of any layer was pruned.
fn is_whole(origin: &Origin) -> bool {
    let shapes = origin.nodes.iter().filter_map(|node| node.shape.as_ref());
    shapes.flat_map(|shape| [&shape.rows, &shape.cols]).all(|mask| mask.kept() == mask.len())
}

/// The fields of `--json`.
#[derive(Serialize)]
struct Fields<'a> {
    output: String,
    shape: &'a str,
    bytes: usize,
}

/// The file of a dense model.
fn safetensors(model: &Model) -> Result<Vec<u8>, Failure> {
    let names = node_names(model);
    let le_bytes = |values: &[f32]| values.iter().flat_map(|value| value.to_le_bytes()).collect::<Vec<u8>>();
    let mut tensors = Vec::new();
    for (i, layer) in model.layers().iter().enumerate() {
        let name = &names[layer.node];
        let shape = match model.graph().nodes()[layer.node].op {
            Op::Conv2d(conv) => {
                let [height, width] = conv.window.kernel;
                vec![layer.linear.rows, layer.cols / conv.window.area(), height, width]
            }
            _ => vec![layer.linear.rows, layer.cols],
        };
        tensors.push((format!("{name}.weight"), shape, le_bytes(&model.weights(i).decode())));
        tensors.push((format!("{name}.bias"), vec![layer.linear.rows], le_bytes(&layer.bias)));
    }
    let affine_nodes = model.graph().nodes().iter().zip(&names).filter(|(node, _)| node.op == Op::Affine);
    for ((_, name), affine) in affine_nodes.zip(&model.tables().affines) {
        tensors.push((format!("{name}.scale"), vec![affine.scale.len()], le_bytes(&affine.scale)));
        tensors.push((format!("{name}.offset"), vec![affine.offset.len()], le_bytes(&affine.offset)));
    }
    let views = tensors.iter().map(|(name, shape, bytes)| {
        let view =
            TensorView::new(Dtype::F32, shape.clone(), bytes).expect("invariant: as many numbers as the shape has elements");
        (name.clone(), view)
    });
    let mut metadata = HashMap::from([("curt".to_owned(), description(model, &names)?.to_string())]);
    if let Some(mask) = &model.tables().input_mask {
        let kept: Vec<usize> = mask.indices().collect();
        metadata.insert("kept_inputs".to_owned(), json!(kept).to_string());
    }
    safetensors::serialize(views, Some(metadata))
        .map_err(|error| Failure::input(format!("the tensors cannot be written: {error}")))
}

/// The metadata of the file: graph and input. A network that gathers its inputs is described as one that reads only the gathered inputs.
fn description(model: &Model, names: &[String]) -> Result<Value, Failure> {
    let (graph, tables) = (model.graph(), model.tables());
    let input = graph.input();
    let (mut scale, mut offset) = (tables.input_scale.clone(), tables.input_offset.clone());
    if input.kept.is_some() {
        let equal = |values: &[f32]| values.iter().all(|value| *value == values[0]);
        if !equal(&scale) || !equal(&offset) {
            return Err(Failure::input(
                "the gathered inputs have scales of several channels, which the shrunk layout cannot say; use --shape original",
            ));
        }
        scale.truncate(1);
        offset.truncate(1);
    }
    let value_name = |value: usize| if value == 0 { "input" } else { names[value - 1].as_str() };
    let node = |(i, node): (usize, &Node)| {
        let mut entry = json!({ "name": names[i], "op": node.op.name() });
        entry["inputs"] = node.inputs.iter().map(|&input| value_name(input)).collect();
        for (key, value) in parameters(&node.op) {
            entry[key] = value;
        }
        entry
    };
    Ok(json!({
        "posterior": 1,
        "name": model.origin().map_or("network", |origin| origin.network.as_str()),
        "method": "plain",
        "input": {
            "shape": input.value_shape().dims(),
            "dtype": if input.dtype == InputDtype::U8 { "u8" } else { "f32" },
            "scale": scale,
            "offset": offset,
        },
        "nodes": graph.nodes().iter().enumerate().map(node).collect::<Vec<_>>(),
    }))
}

/// The parameters in the description of a node.
fn parameters(op: &Op) -> Vec<(&'static str, Value)> {
    match op {
        Op::Conv2d(conv) => {
            let mut all = window(&conv.window);
            all.extend([("dilation", json!(conv.window.dilation)), ("groups", json!(conv.groups))]);
            all
        }
        Op::Pool(Pool { kind: PoolKind::Max, window: pool }) => window(pool),
        Op::Pool(Pool { kind, window: pool }) => {
            let mut all = window(pool);
            all.push(("include_padding", json!(*kind == PoolKind::AverageIncludingPadding)));
            all
        }
        Op::Activation(Activation::LeakyRelu { slope }) => vec![("slope", json!(slope))],
        Op::Activation(Activation::Clip { min, max }) => vec![("min", json!(min)), ("max", json!(max))],
        Op::Activation(Activation::HardSigmoid { alpha, beta }) => vec![("alpha", json!(alpha)), ("beta", json!(beta))],
        Op::Reshape(Reshape(shape)) => vec![("shape", json!(shape.dims()))],
        _ => Vec::new(),
    }
}

fn window(window: &Window) -> Vec<(&'static str, Value)> {
    let ([top, left], [bottom, right]) = (window.padding_before, window.padding_after);
    vec![("kernel", json!(window.kernel)), ("stride", json!(window.stride)), ("padding", json!([top, left, bottom, right]))]
}
