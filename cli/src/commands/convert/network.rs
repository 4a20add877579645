//! The network that `compress` starts from: a posterior file, or an ONNX file.

use crate::exit::{Failure, warn};
use crate::samples::SampleSet;
use curt::import::Imported;
use curt::import::onnx::{self, OnnxOptions};
use curt::posterior::Posterior;
use std::path::Path;

/// Options for ONNX files.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "ONNX files (docs/import.md)")]
pub(crate) struct OnnxArgs {
    /// The shape of an input, the batch included, where the file leaves dimensions free
    #[arg(long, value_name = "INPUT=DIM,DIM,...")]
    shape: Vec<String>,
    /// The value that is the network's output [default: the file's only output]
    #[arg(long, value_name = "VALUE")]
    output_value: Option<String>,
    /// Read constants from other files of the model's folder
    #[arg(long)]
    external_data: bool,
}

/// A network before compression.
pub(crate) enum Network {
    Posterior(Posterior),
    Onnx(Imported),
}

impl Network {
    /// Reads the file: ONNX if its name ends in `.onnx`.
    pub(crate) fn open(path: &Path, options: &OnnxArgs) -> Result<Self, Failure> {
        if path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("onnx")) {
            let imported = onnx::open(path, &options.parse()?)?;
            imported.notes.iter().for_each(warn);
            return Ok(Self::Onnx(imported));
        }
        if !options.shape.is_empty() || options.output_value.is_some() || options.external_data {
            return Err(Failure::usage(format!(
                "--shape, --output-value and --external-data are for ONNX files; {} does not end in .onnx",
                path.display()
            )));
        }
        Ok(Self::Posterior(Posterior::open(path)?))
    }

    pub(crate) fn posterior(&self) -> &Posterior {
        match self {
            Self::Posterior(posterior) => posterior,
            Self::Onnx(imported) => &imported.network,
        }
    }

    /// Samples in the order that the network reads. An ONNX file may have the channels last.
    pub(crate) fn in_order(&self, samples: SampleSet) -> Result<SampleSet, Failure> {
        match self {
            Self::Onnx(imported) if imported.is_reordered() => Ok(samples.reordered(imported)?),
            _ => Ok(samples),
        }
    }
}

impl OnnxArgs {
    fn parse(&self) -> Result<OnnxOptions, Failure> {
        let mut options = OnnxOptions::new().external_data(self.external_data);
        if let Some(value) = &self.output_value {
            options = options.output(value);
        }
        for choice in &self.shape {
            let wrong = || Failure::usage(format!("--shape takes INPUT=DIM,DIM,..., such as input=1,3,32,32, not {choice:?}"));
            let (input, dims) = choice.split_once('=').ok_or_else(wrong)?;
            let dims: Result<Vec<usize>, _> = dims.split(',').map(str::parse).collect();
            options = options.shape(input, dims.map_err(|_| wrong())?);
        }
        Ok(options)
    }
}
