//! The table for people: on a terminal, and as a page of Markdown.

use super::column::Column;
use super::network::{Original, title};
use super::published::Published;
use super::rows::{Group, Results, Row};
use crate::evidence::bits_text;
use crate::statistics::interval_percent;
use crate::table::Table;
use crate::text::{grouped, ratio};
use std::fmt::Write;

/// The text above everything on the page.
const HEAD: &str = "# Results

`curt table --data data/mnist --write docs/results.md` writes this page; edits by hand are lost. The published figures come from `models/published.json`, and the account of how a
network was trained from its record `models/NAME.json`. The command measures everything else. Every line of a table is of one file.

- **Pruning** (`NAME.pruning.curt`): kept weights as 32-bit floats, stored whole, sparse or in blocks, whichever is smallest. **Fast** (`NAME.curt`): quantized, mapped and run in place.
  **Maximum** (`NAME.packed.curt`): entropy-coded, without names and masks, unpacked at load. All three run as they are. Bytes are those of the whole file.
- **Ratio**: 4 bytes for each weight and bias of the original network, over the bytes of the file. Where training began from a smaller network than the one in the heading, a second ratio is
  against that smaller network.
- **95 % interval**: the Wilson score interval of the test error, for a binomial count over the test images. Differences within it are noise of the test set.
- **Blind**: \"yes\" if no other network of this row is known to have been measured on the test images before its settings and seed were chosen. \"no (N)\": at least N were, so the error may
  flatter. The notes below the tables and [training-log.md](training-log.md#what-is-not-blind) name them.
- **Weights kept**: weights on a path of nonzero weights from an input to an output, over the weights of the original network. **Kept architecture**: the inputs of each linear layer and the
  maps of each convolution with such weights.
- **Bits per layer**: 8 times the bytes of a layer's array, levels and factors in the fast file, over its kept weights.
- **Time**: one image, batch 1, one thread. The files of a row take turns with each other and with their network as dense 32-bit floats, at its kept shape and at its shape before pruning;
  each time is a median. A maximum file is unpacked once, at load. Other programs on the machine slow all times, so compare times within a row.
- **Published figures** are of three kinds. *Accounting*: counted from weights and bits; there is no file, and its ratio is of weights alone. *Reported stream*: the length of a stream
  or file as its authors report it. *File*: a public file whose error was measured again. Bytes in parentheses follow from the ratio.
- **Seeds**: the command beside a row remakes it from its seed. Of three seeds or more the table shows every file, and marks the row of median error.
- **Augmented**: networks whose training images were changed at random stand in tables of their own. No published network here was trained so.
";

/// The line of the column that is there only with a training set.
const TRAINING_BITS: &str =
    "- **Training labels**: bits of the labels of the training images, `-log2 p` of each from the outputs of the file.\n";

/// The part of the page about one network.
struct Section {
    network: String,
    title: String,
    intro: String,
    tables: Vec<(&'static str, Table)>,
    notes: Vec<String>,
}

/// The page of Markdown; `plot` is the name of the picture of a network.
pub(crate) fn markdown(results: &Results, plot: impl Fn(&str) -> String) -> String {
    let training_bits = if results.training_images.is_some() { TRAINING_BITS } else { "" };
    let mut page = format!("{HEAD}{training_bits}\nMeasured on {}; {}.\n", results.machine.line(), images(results));
    for section in sections(results) {
        let picture = format!("![Bytes against test error of {}]({})", section.title, plot(&section.network));
        let _ = write!(page, "\n## {}\n\n{}\n\n{picture}\n", section.title, section.intro); // a String takes everything
        for (caption, table) in &section.tables {
            let _ = write!(page, "\n### {caption}\n\n{}", table.markdown());
        }
        if !section.notes.is_empty() {
            let _ = write!(page, "\n{}\n", section.notes.iter().map(|note| format!("- {note}")).collect::<Vec<_>>().join("\n"));
        }
    }
    page
}

/// The same for a terminal.
pub(crate) fn text(results: &Results) -> String {
    let mut text = format!("{}; {}\n", results.machine.line(), images(results));
    for section in sections(results) {
        let _ = write!(text, "\n{}\n{}\n", section.title, section.intro); // a String takes everything
        for (caption, table) in &section.tables {
            let _ = write!(text, "\n{caption}\n\n{table}");
        }
        if !section.notes.is_empty() {
            let _ = write!(text, "\n{}\n", section.notes.join("\n"));
        }
    }
    text
}

fn images(results: &Results) -> String {
    format!("{} test images", grouped(results.images as u64))
}

fn sections(results: &Results) -> Vec<Section> {
    results.networks().into_iter().map(|network| section(results, network)).collect()
}

fn section(results: &Results, network: &str) -> Section {
    let original = results.original(network);
    let intro = match original {
        Some(original) => format!(
            "{} weights and {} biases: {} bytes as 32-bit floats.",
            grouped(original.weights),
            grouped(original.parameters.saturating_sub(original.weights)),
            grouped(original.bytes())
        ),
        None => "No file holds the size of the original network.".to_owned(),
    };
    let mut tables = Vec::new();
    let groups = results.groups(network);
    let (augmented, plain) = results.rows_of(network).partition::<Vec<_>, _>(|row| row.record.augmentation.is_some());
    let captions = [("Networks", "Files"), ("Networks, training images augmented", "Files, training images augmented")];
    for (rows, (of_networks, of_files)) in [plain, augmented].into_iter().zip(captions) {
        if !rows.is_empty() {
            tables.push((of_networks, networks(&rows)));
            tables.push((of_files, files(results, &rows, &groups)));
        }
    }
    let published = results.published(network, None);
    if !published.is_empty() {
        tables.push(("Published figures", published_table(&published, original)));
    }
    let notes = results.rows_of(network).filter_map(|row| Some(format!("{}: {}", row.record.stem, row.note()?)));
    Section { network: network.to_owned(), title: title(network).to_owned(), intro, tables, notes: notes.collect() }
}

impl Row {
    /// Remarks on the figures.
    pub(crate) fn note(&self) -> Option<String> {
        let counted = (self.record.network != self.network)
            .then(|| format!("{} is listed with {}.", self.record.network, title(&self.network)));
        let augmented = self.record.augmentation.as_ref().map(|augmentation| format!("Augmented: {augmentation}."));
        let parts: Vec<String> = [counted, augmented, self.record.note.clone()].into_iter().flatten().collect();
        (!parts.is_empty()).then(|| parts.join(" "))
    }
}

fn dash() -> String {
    "-".to_owned()
}

fn percent(percent: Option<f64>, digits: usize) -> String {
    percent.map_or_else(dash, |percent| format!("{percent:.digits$} %"))
}

/// The name of a row, with a mark if its error is the median of its group.
fn name(row: &Row, groups: &[Group<'_>]) -> String {
    let stem = &row.record.stem;
    match groups.iter().find(|group| group.median_row().record.stem == *stem) {
        Some(group) => format!("{stem} (median of {})", group.rows.len()),
        None => stem.clone(),
    }
}

/// Kept weights, bits per layer and commands of the rows.
fn networks(rows: &[&Row]) -> Table {
    let mut table =
        Table::new(&["<record", "<method", "seed", "weights kept", "<kept architecture", "<bits per layer", "<remade by"]);
    for row in rows {
        let bits = row.layers.as_ref().map_or_else(dash, |layers| {
            let layer = |(bits, encoding): &(Option<f64>, String)| match bits {
                Some(bits) => format!("{bits:.2} ({encoding})"),
                None => dash(),
            };
            layers.iter().map(layer).collect::<Vec<_>>().join("; ")
        });
        table.row([
            row.record.stem.clone(),
            row.record.label.clone(),
            row.record.seed.to_string(),
            percent(row.kept_percent(), 2),
            row.kept.as_ref().map_or_else(dash, |(_, architecture)| architecture.clone()),
            bits,
            row.record.command.clone(),
        ]);
    }
    table
}

/// The files of the rows beside the published figures of their methods.
fn files(results: &Results, rows: &[&Row], groups: &[Group<'_>]) -> Table {
    let mut headings = vec!["<record", "<file", "bytes", "ratio", "test error", "95 % interval", "<blind", "time", "<published"];
    if results.training_images.is_some() {
        headings.push("training labels");
    }
    let mut table = Table::new(&headings);
    for row in rows {
        for column in Column::ALL {
            let published = results.published(&row.network, Some(&row.record.method));
            let published = published.into_iter().filter(|published| published.column.is_none_or(|its| its == column));
            // A published figure without a column is shown once, beside the maximum file.
            let published = published.filter(|published| published.column.is_some() || column == Column::Maximum);
            let published: Vec<String> = published.map(published_text).collect();
            let mut cells = vec![if column == Column::Pruning { name(row, groups) } else { String::new() }, column.to_string()];
            cells.extend(measured(row, column, results.images));
            cells.push(if published.is_empty() { dash() } else { published.join("; ") });
            if results.training_images.is_some() {
                let bits = row.files.get(column).and_then(|file| file.training_label_bits);
                cells.push(bits.map_or_else(dash, |bits| format!("{} bits", bits_text(bits))));
            }
            table.row(cells);
        }
        if let Some(dense) = &row.dense {
            let cells = |name: &str, ns: f64| ["", name, "", "", "", "", "", &microseconds(ns)].map(str::to_owned);
            table.row(cells("dense, kept shape", dense.shrunk_ns));
            dense.original_ns.into_iter().for_each(|ns| table.row(cells("dense, original shape", ns)));
        }
    }
    table
}

/// The figures of a file.
fn measured(row: &Row, column: Column, images: usize) -> [String; 6] {
    let Some(file) = row.files.get(column) else { return std::array::from_fn(|_| dash()) };
    let [least, most] = interval_percent(file.misclassified, images);
    let blind = match row.record.test_looks {
        0 => "yes".to_owned(),
        looks => format!("no ({looks})"),
    };
    [
        grouped(file.bytes),
        ratios(row, file.bytes),
        percent(Some(file.error_percent), 2),
        format!("{least:.2} to {most:.2} %"),
        blind,
        microseconds(file.ns),
    ]
}

/// The ratio to the network of the heading, and to the smaller network that training began from, if there is one.
fn ratios(row: &Row, bytes: u64) -> String {
    let compared = row.original.map_or_else(dash, |original| ratio(original.ratio(bytes), 1.0));
    match &row.record.start {
        Some(start) => format!("{compared}; {} of {}", ratio(start.size.ratio(bytes), 1.0), start.description),
        None => compared,
    }
}

fn microseconds(ns: f64) -> String {
    format!("{:.2} us", ns / 1e3)
}

/// A published figure in a few words.
fn published_text(published: &Published) -> String {
    let size = match (published.ratio, published.bytes) {
        (Some(r), _) => ratio_text(r),
        (None, Some(bytes)) => format!("{} bytes", grouped(bytes.round() as u64)),
        (None, None) => format!("{} of the weights", percent(published.kept_percent, 1)),
    };
    let error = published.error_percent.map(|error| format!(" at {error} %")).unwrap_or_default();
    format!("{size}{error} ({})", published.kind)
}

/// A ratio with the digits that were published.
fn ratio_text(ratio: f64) -> String {
    format!("{ratio}x")
}

fn published_table(published: &[&Published], original: Option<Original>) -> Table {
    let headings = [
        "<method",
        "<file",
        "<kind",
        "ratio",
        "bytes",
        "error",
        "weights kept",
        "<kept architecture",
        "<bits per layer",
        "<source",
    ];
    let mut table = Table::new(&headings);
    for published in published {
        let text = |text: &Option<String>| text.clone().unwrap_or_else(dash);
        let computed = || {
            let bytes = published.bytes_of(original?)?;
            Some(format!("({})", grouped(bytes.round() as u64)))
        };
        table.row([
            published.label.clone(),
            published.column.map_or_else(dash, |column| column.to_string()),
            published.kind.to_string(),
            published.ratio.map_or_else(dash, ratio_text),
            published.bytes.map(|bytes| grouped(bytes.round() as u64)).or_else(computed).unwrap_or_else(dash),
            published.error_percent.map_or_else(dash, |error| format!("{error} %")),
            published.kept_percent.map_or_else(dash, |kept| format!("{kept} %")),
            text(&published.kept_architecture),
            text(&published.bits_per_layer),
            published.source.clone(),
        ]);
    }
    table
}
