//! The state of a run between two epochs: parameters, moments, units, step count. It needs no generator state, because each epoch has its
//! own stream.

use std::path::Path;

use anyhow::{Context, Result, ensure};
use curt::posterior::NamedTensor;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::files::{self, Arrays};
use crate::methods::Method;
use crate::shed::Units;

const KEY: &str = "curt-checkpoint";

/// The progress of a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    /// The number of finished epochs.
    pub epoch: usize,
    /// The number of finished optimiser steps.
    pub step: u64,
}

#[derive(Serialize, Deserialize)]
struct Header {
    recipe: Value,
    progress: Progress,
    /// Kept inputs and outputs of every layer.
    units: Vec<(Vec<usize>, Vec<usize>)>,
}

/// Writes the state of a run. `options` is stored too, and compared when the run resumes.
pub fn write(path: &Path, method: &mut dyn Method, options: &Value, progress: Progress) -> Result<()> {
    let units = method.units().into_iter();
    let header = Header { recipe: options.clone(), progress, units: units.map(|units| (units.inputs, units.outputs)).collect() };
    let mut arrays = Vec::new();
    for named in method.parameters() {
        let parameter = named.parameter;
        for (suffix, values) in
            [("", &parameter.value), (".first_moment", &parameter.first_moment), (".second_moment", &parameter.second_moment)]
        {
            arrays.push(NamedTensor {
                name: format!("{}{suffix}", named.name),
                shape: parameter.shape.clone(),
                values: values.clone(),
            });
        }
    }
    files::write_arrays(path, &arrays, KEY, serde_json::to_string(&header)?)
}

/// Restores the state of a run into a freshly initialised method.
///
/// # Errors
/// When the file is not a checkpoint, or belongs to a run with other options.
pub fn read(path: &Path, method: &mut dyn Method, options: &Value) -> Result<Progress> {
    let arrays = Arrays::read(path, KEY)?;
    let header: Header =
        serde_json::from_str(arrays.metadata()).with_context(|| format!("{} has a damaged header", path.display()))?;
    if let Some(difference) = first_difference(&header.recipe, options) {
        anyhow::bail!("{} is of a run with other options: {difference}; resume with the options it began with", path.display());
    }
    let units: Vec<Units> = header.units.into_iter().map(|(inputs, outputs)| Units { inputs, outputs }).collect();
    let begun_with = method.units();
    let fits = |(units, all): (&Units, &Units)| units.is_part_of(all);
    ensure!(
        units.len() == begun_with.len() && units.iter().zip(&begun_with).all(fits),
        "{} is of another network",
        path.display()
    );
    method.restrict(&units);
    for named in method.parameters() {
        let parameter = named.parameter;
        let shape = parameter.shape.clone();
        let get = |suffix: &str| arrays.get(&format!("{}{suffix}", named.name), &shape);
        parameter.value = get("")?;
        parameter.first_moment = get(".first_moment")?;
        parameter.second_moment = get(".second_moment")?;
    }
    Ok(header.progress)
}

/// The first option in which two runs differ. An option that only one of them has counts as null in the other.
fn first_difference(stored: &Value, given: &Value) -> Option<String> {
    let names = given.as_object()?.keys().chain(stored.as_object().into_iter().flat_map(|stored| stored.keys()));
    let mut differences = names.filter(|&option| stored[option] != given[option]);
    differences.next().map(|option| format!("{option} was {}, now {}", stored[option], given[option]))
}
