//! `curt inspect`: the content of a file.

use crate::answer::Answer;
use crate::draw::pictures;
use crate::draw::terminal::{self, Style};
use crate::exit::Failure;
use crate::limits;
use crate::table::Table;
use crate::text::{encoding_text, grouped, headline};
use curt::inspect::packed::PackedPart;
use curt::inspect::{LayerReport, PackedReport, Report};
use curt::{Error, Model};
use serde::Serialize;
use std::fmt::Write;
use std::path::{Path, PathBuf};

/// Options of `inspect`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  curt inspect model.curt --json
  curt inspect model.curt --png pictures

--png draws the input mask at its original shape, the kernels of convolutions, the units of a layer that reads an image, every weight
matrix and, for layers of few levels, how many weights have each. Positive is red, negative blue, zero white, pruned gray.

Keys of --json: network, file_bytes, profile, kept_architecture, packed (bytes, parts (layer, name, bits)), layers (name, op, original_shape, kept_shape, nonzeros, encoding,
bits_per_kept_weight, stored_bytes, order0_entropy_bits). Shapes are [outputs, inputs]. stored_bytes counts the weight array, its levels and
its row factors, not the biases. order0_entropy_bits is -sum p log2 p over the symbols of the kept weights: the bits per kept weight of an
ideal code that knows their frequencies and nothing else. packed lists the parts of the packed file, or of the one that `curt pack` would write;
their bits add up to its bytes. With --png also pictures (file, shows).")]
pub(crate) struct InspectArgs {
    /// The model
    pub(crate) model: PathBuf,
    /// Draw the content of the file into PNG files in this folder, which is created if missing
    #[arg(long, value_name = "FOLDER")]
    pub(crate) png: Option<PathBuf>,
}

pub(crate) fn run(options: &InspectArgs) -> Result<Answer, Failure> {
    let model = limits::open(&options.model)?;
    let (report, packed) = (Report::new(&model), PackedReport::new(&model)?);
    let mut text = text(&report, packed.as_ref());
    let pictures = options.png.as_deref().map(|folder| draw_into(folder, &model)).transpose()?;
    if let Some(pictures) = &pictures {
        let mut table = Table::new(&["<picture", "<shows"]);
        pictures.iter().for_each(|picture| table.row([picture.file.clone(), picture.shows.clone()]));
        let _ = write!(text, "\n{table}"); // a String takes everything
    }
    Ok(Answer::new(text, &fields(&report, packed.as_ref(), pictures.as_deref())))
}

/// Writes the pictures into a folder. Returns what was written.
fn draw_into(folder: &Path, model: &Model) -> Result<Vec<PictureFields>, Failure> {
    if folder.extension().is_some_and(|extension| extension == "png") && !folder.is_dir() {
        return Err(Failure::usage(format!("--png takes a folder for several pictures, not a file: {}", folder.display())));
    }
    std::fs::create_dir_all(folder).map_err(|error| Error::io(format!("cannot make the folder {}", folder.display()), error))?;
    let mut files = Vec::new();
    for picture in pictures::all(model)? {
        let path = folder.join(&picture.file);
        picture.canvas.save(&path)?;
        files.push(PictureFields { file: path.display().to_string(), shows: picture.shows });
    }
    Ok(files)
}

/// The fields of `--json`.
#[derive(Serialize)]
struct Fields<'a> {
    network: Option<&'a str>,
    file_bytes: u64,
    profile: &'a str,
    kept_architecture: String,
    packed: Option<PackedFields<'a>>,
    layers: Vec<LayerFields<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pictures: Option<&'a [PictureFields]>,
}

#[derive(Serialize)]
struct PackedFields<'a> {
    bytes: u64,
    parts: Vec<PartFields<'a>>,
}

#[derive(Serialize)]
struct PartFields<'a> {
    layer: Option<&'a str>,
    name: &'a str,
    bits: f64,
}

#[derive(Serialize)]
struct LayerFields<'a> {
    name: &'a str,
    op: &'a str,
    original_shape: Option<(usize, usize)>,
    kept_shape: (usize, usize),
    nonzeros: u64,
    encoding: &'a str,
    bits_per_kept_weight: Option<f64>,
    bits_per_nonzero: Option<f64>,
    stored_bytes: u64,
    order0_entropy_bits: f64,
}

#[derive(Serialize)]
struct PictureFields {
    file: String,
    shows: String,
}

fn fields<'a>(report: &'a Report, packed: Option<&'a PackedReport>, pictures: Option<&'a [PictureFields]>) -> Fields<'a> {
    let part = |part: &'a PackedPart| PartFields { layer: part.layer.as_deref(), name: part.name, bits: part.bits };
    Fields {
        network: report.network.as_deref(),
        file_bytes: report.file_bytes,
        profile: report.profile,
        kept_architecture: report.kept_architecture(),
        packed: packed.map(|packed| PackedFields { bytes: packed.bytes, parts: packed.parts.iter().map(part).collect() }),
        layers: report.layers.iter().map(layer_fields).collect(),
        pictures,
    }
}

fn layer_fields(layer: &LayerReport) -> LayerFields<'_> {
    LayerFields {
        name: &layer.name,
        op: layer.op,
        original_shape: layer.original_shape,
        kept_shape: layer.kept_shape,
        nonzeros: layer.nonzeros,
        encoding: layer.encoding.name(),
        bits_per_kept_weight: layer.bits_per_kept_weight(),
        bits_per_nonzero: layer.bits_per_nonzero(),
        stored_bytes: layer.stored_bytes,
        order0_entropy_bits: layer.order0_entropy_bits,
    }
}

fn text(report: &Report, packed: Option<&PackedReport>) -> String {
    let mut text = headline(report) + "\n";
    let _ = write!(text, "{} bytes, {} profile", grouped(report.file_bytes), report.profile); // a String takes everything
    if let Some(bytes) = report.original_bytes {
        let _ = write!(text, "; the original network has {} bytes", grouped(bytes));
    }
    let _ = writeln!(text, "\n\n{}", layers(report));
    let _ = writeln!(text, "{}", sections(report));
    if let Some(packed) = packed {
        let is_packed = if report.profile == "packed" { "the file is" } else { "`curt pack` would make it" };
        let _ = writeln!(text, "packed, {is_packed} {} bytes, which hold\n\n{}", grouped(packed.bytes), parts(packed));
    }
    text + &masks(report)
}

fn layers(report: &Report) -> Table {
    let mut table = Table::new(&[
        "<layer",
        "<op",
        "original",
        "kept",
        "nonzero",
        "<encoding",
        "bytes",
        "bits/weight",
        "bits/nonzero",
        "entropy",
    ]);
    let shape = |(rows, cols): (usize, usize)| format!("{rows}x{cols}");
    let mut weighted = report.layers.iter().peekable();
    for node in &report.nodes {
        let Some(layer) = weighted.next_if(|layer| layer.name == node.name) else {
            table.row([node.name.clone(), node.op.to_owned(), String::new(), node.output_shape.to_string()]);
            continue;
        };
        table.row([
            layer.name.clone(),
            layer.op.to_owned(),
            layer.original_shape.map(shape).unwrap_or_default(),
            shape(layer.kept_shape),
            grouped(layer.nonzeros),
            encoding_text(layer.encoding),
            grouped(layer.stored_bytes),
            layer.bits_per_kept_weight().map(|bits| format!("{bits:.2}")).unwrap_or_default(),
            layer.bits_per_nonzero().map(|bits| format!("{bits:.2}")).unwrap_or_default(),
            format!("{:.2}", layer.order0_entropy_bits),
        ]);
    }
    table
}

fn sections(report: &Report) -> Table {
    let mut table = Table::new(&["<section", "offset", "bytes"]);
    for section in &report.sections {
        let name = section.name.map_or_else(|| format!("section {}, not known", section.id), str::to_owned);
        table.row([name, section.offset.to_string(), grouped(section.bytes)]);
    }
    table
}

/// The cost of each part of the packed file: first the parts that belong to no layer, then a line for each layer.
fn parts(packed: &PackedReport) -> Table {
    const OF_A_LAYER: [&str; 5] = ["levels and factors", "biases", "zeros", "signs", "magnitudes"];
    let bytes = |bits: f64| format!("{:.1}", bits / 8.0);
    let sum = |layer: &Option<String>, name: Option<&str>| {
        let its = packed.parts.iter().filter(|part| part.layer == *layer && name.is_none_or(|name| part.name == name));
        its.map(|part| part.bits).sum::<f64>()
    };
    let mut table = Table::new(&["<part", "levels", "biases", "zeros", "signs", "magnitudes", "bytes"]);
    let mut layers: Vec<&Option<String>> = Vec::new();
    for part in &packed.parts {
        if part.layer.is_none() {
            let none = || String::new();
            table.row([part.name.to_owned(), none(), none(), none(), none(), none(), bytes(part.bits)]);
        } else if !layers.contains(&&part.layer) {
            layers.push(&part.layer);
        }
    }
    for layer in layers {
        let [levels, biases, zeros, signs, magnitudes] = OF_A_LAYER.map(|name| bytes(sum(layer, Some(name))));
        table.row([layer.clone().unwrap_or_default(), levels, biases, zeros, signs, magnitudes, bytes(sum(layer, None))]);
    }
    table
}

fn masks(report: &Report) -> String {
    let inputs = report.input_shape.elements();
    let Some(mask) = &report.input_mask else { return format!("all {inputs} inputs are read\n") };
    let mut text = format!("{} of {inputs} inputs ({}) are read", mask.kept(), report.input_shape);
    match terminal::input_mask(mask, report.input_shape, 4, Style::of_stdout()) {
        Some(planes) => {
            text.push_str(":\n");
            for plane in planes {
                text.push('\n');
                plane.iter().for_each(|line| text.extend(["  ", line.trim_end(), "\n"]));
            }
        }
        None => text.push_str("; too many to draw\n"),
    }
    text
}
