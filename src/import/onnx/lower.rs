//! Goes through the nodes of a file once, and builds the network.

use super::at::{At, Lower, Value};
use super::external::ExternalData;
use super::input::{self, Input};
use super::message::Model;
use super::options::OnnxOptions;
use super::tensor::Budget;
use super::{constant, op};
use crate::base::error::Result;
use crate::import::draft::Draft;
use crate::import::error::{damaged, unsupported};
use crate::import::view::View;
use std::collections::{HashMap, HashSet};
use std::path::Path;
use std::rc::Rc;

/// The oldest operators that are read: before, broadcasting was said by attributes.
const OLDEST: i64 = 7;

/// Builds the network: the draft, and how the file sees its input and its output.
///
/// # Errors
/// Those of an import.
pub(super) fn lower<'a>(model: &'a Model<'a>, folder: Option<&'a Path>, options: &OnnxOptions) -> Result<(Draft, View, View)> {
    if model.opset < OLDEST {
        let message = format!("the file uses operators of version {}, those from {OLDEST} on are read", model.opset);
        return Err(unsupported(format!("{message}; onnx.version_converter.convert_version(model, 13) raises it")));
    }
    let Input { name, dtype, shape, view, batch } = input::find(model, options)?;
    let output = output_name(model, options)?;
    let mut lower = Lower {
        draft: Draft::new(shape, dtype),
        opset: model.opset,
        batch,
        budget: Budget::new(),
        values: HashMap::from([(name, Value::Data(view.clone()))]),
        initializers: model.initializers.iter().map(|tensor| (tensor.name, tensor)).collect(),
        external: ExternalData::new(folder),
    };
    if lower.initializers.len() != model.initializers.len() {
        return Err(damaged("two constants have one name"));
    }
    let needed = needed(model, output);
    for node in model.nodes.iter().filter(|node| node.outputs.iter().any(|name| needed.contains(name))) {
        let mut at = At { lower: &mut lower, node };
        run(&mut at).map_err(|error| error.context(format_args!("node {:?} ({})", at.name(), node.op)))?;
    }
    let Some(Value::Data(result)) = lower.values.get(output).cloned() else {
        return Err(damaged(format!("the output {output:?} does not depend on the input")));
    };
    if result.is_padded() {
        return Err(unsupported(format!("the output {output:?} is a padded value")));
    }
    Ok((lower.draft, view, result))
}

/// The value that is to be the output.
fn output_name<'a>(model: &'a Model<'a>, options: &OnnxOptions) -> Result<&'a str> {
    let made = || model.nodes.iter().flat_map(|node| &node.outputs).copied();
    match (&options.output, model.outputs.as_slice()) {
        (Some(asked), _) => made().find(|name| name == asked).ok_or_else(|| {
            unsupported(format!("no node makes the value {asked:?}; the file's outputs are {}", model.outputs.join(", ")))
        }),
        (None, [output]) => Ok(output),
        (None, outputs) => {
            let message =
                format!("the file has {} outputs ({}); choose one with --output-value", outputs.len(), outputs.join(", "));
            Err(unsupported(message))
        }
    }
}

/// The values that `output` needs.
fn needed<'a>(model: &'a Model<'a>, output: &'a str) -> HashSet<&'a str> {
    let mut needed = HashSet::from([output]);
    for node in model.nodes.iter().rev() {
        if node.outputs.iter().any(|name| needed.contains(name)) {
            needed.extend(node.inputs.iter().copied().filter(|name| !name.is_empty()));
        }
    }
    needed
}

fn run(at: &mut At<'_, '_>) -> Result<()> {
    if let Some(value) = constant::fold(at)? {
        return at.make(Value::Constant(Rc::new(value)));
    }
    let view = op::lower(at)?;
    at.make(Value::Data(view))
}
