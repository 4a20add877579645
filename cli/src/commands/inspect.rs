//! `curt inspect`: what a file holds.

use crate::answer::{Answer, grouped};
use crate::args::Inspect;
use crate::draw::{self, Style};
use crate::exit::Failure;
use crate::pictures;
use crate::table::Table;
use curt::base::error::Error;
use curt::encoding::Encoding;
use curt::inspect::packed::PackedPart;
use curt::inspect::{LayerReport, PackedReport, Report};
use curt::model::Model;
use serde_json::{Value, json};
use std::fmt::Write;
use std::path::Path;

pub(crate) fn run(options: &Inspect) -> Result<Answer, Failure> {
    let model = Model::open(&options.model)?;
    let (report, packed) = (Report::new(&model), PackedReport::new(&model)?);
    let mut answer = Answer { text: text(&report, packed.as_ref()), json: json(&report, packed.as_ref()) };
    if let Some(folder) = &options.png {
        draw_into(folder, &model, &mut answer)?;
    }
    Ok(answer)
}

/// Writes the pictures into a folder, and says which.
fn draw_into(folder: &Path, model: &Model, answer: &mut Answer) -> Result<(), Failure> {
    if folder.extension().is_some_and(|extension| extension == "png") && !folder.is_dir() {
        return Err(Failure::usage(format!("--png takes a folder for several pictures, not a file: {}", folder.display())));
    }
    std::fs::create_dir_all(folder).map_err(|error| Error::io(format!("cannot make the folder {}", folder.display()), error))?;
    let mut table = Table::new(&["<picture", "<shows"]);
    let mut files = Vec::new();
    for picture in pictures::all(model)? {
        let path = folder.join(&picture.file);
        picture.canvas.save(&path)?;
        files.push(json!({ "file": path.display().to_string(), "shows": &picture.shows }));
        table.row([path.display().to_string(), picture.shows]);
    }
    answer.json["pictures"] = files.into();
    let _ = write!(answer.text, "\n{table}"); // a String takes everything
    Ok(())
}

fn json(report: &Report, packed: Option<&PackedReport>) -> Value {
    let part = |part: &PackedPart| json!({ "layer": part.layer, "name": part.name, "bits": part.bits });
    json!({
        "network": report.network,
        "file_bytes": report.file_bytes,
        "profile": report.profile,
        "kept_architecture": report.kept_architecture(),
        "packed": packed.map(|packed| json!({ "bytes": packed.bytes, "parts": packed.parts.iter().map(part).collect::<Vec<_>>() })),
        "layers": report.layers.iter().map(layer_json).collect::<Vec<_>>(),
    })
}

fn layer_json(layer: &LayerReport) -> Value {
    json!({
        "name": layer.name,
        "op": layer.op,
        "original_shape": layer.original_shape.map(|(rows, cols)| [rows, cols]),
        "kept_shape": [layer.kept_shape.0, layer.kept_shape.1],
        "nonzeros": layer.nonzeros,
        "encoding": layer.encoding.name(),
        "bits_per_kept_weight": layer.bits_per_kept_weight(),
        "bits_per_nonzero": layer.bits_per_nonzero(),
        "stored_bytes": layer.stored_bytes,
        "order0_entropy_bits": layer.order0_entropy_bits,
    })
}

/// An encoding with its parameter.
pub(crate) fn encoding_text(encoding: Encoding) -> String {
    match encoding {
        Encoding::FixedPoint { bits } => format!("fixed_point, {bits} bits"),
        Encoding::Codebook { levels } => format!("codebook of {levels}"),
        Encoding::SparseFixedPoint { bits } => format!("sparse_fixed_point, {bits} bits"),
        Encoding::SparseCodebook { levels } => format!("sparse_codebook of {levels}"),
        Encoding::BlockF32 { height } => format!("block_f32, {height} rows"),
        other => other.name().to_owned(),
    }
}

/// The first line about a network: its name, its method, its sizes.
pub(crate) fn headline(report: &Report) -> String {
    let name = report.network.as_deref().unwrap_or("a network without a name");
    let method = report.method.as_ref().map(|method| format!(" ({method})")).unwrap_or_default();
    let kept = report.kept_architecture();
    let sizes = match report.original_architecture() {
        Some(original) if original != kept => format!("{original} cut down to {kept}"),
        _ => kept,
    };
    format!("{name}{method}: {sizes}, {} outputs", report.outputs)
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

/// Where the bytes of the packed file go: the parts that no layer has, then a line for each layer.
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
    match draw::input_mask(mask, report.input_shape, 4, Style::of_stdout()) {
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
