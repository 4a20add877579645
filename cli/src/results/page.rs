//! The table for people: on a terminal, and as a page of Markdown.

use super::published::Published;
use super::{COLUMNS, Column, Group, Measured, Original, Results, Row, title};
use crate::answer::{grouped, ratio};
use crate::table::Table;
use std::fmt::Write;

/// What stands above everything on the page.
const HEAD: &str = "# Results

Written by `curt table --data data/mnist --write docs/results.md`; changes by hand are lost. Only the published figures (`models/published.json`) and what
says how a network was trained (`models/NAME.json`) are read from files; every other figure was measured by that command.

- **Pruning** (`NAME.pruning.curt`): the weights kept as 32-bit floats, whole, sparse or in blocks, whichever is smaller. **Fast** (`NAME.curt`): quantized, mapped and run where it lies.
  **Maximum** (`NAME.packed.curt`): entropy-coded, without names and masks, unpacked at load. All three are files that run, their bytes are the whole file's.
- **Ratio**: 4 bytes for each weight and bias of the original network over the bytes of the whole file.
- **Weights kept**: those on a path of weights that are not zero from an input to an output, over the weights of the original network. **Kept architecture**: the inputs of each linear
  layer and the maps of each convolution that have such weights.
- **Bits per layer**: 8 times the bytes of a layer's array, levels and factors in the fast file, over its weights kept.
- **Time**: one image, batch 1, one thread; the median of runs of a row's files that take turns with each other and with the same network as dense 32-bit floats, at the kept and at the
  original shape. A maximum file is unpacked once, when it is opened.
- **Published figures** are of three kinds. *Accounting*: counted from weights and bits, there is no file; its ratio is of weights alone. *Reported stream*: the
  authors' length of a stream or file. *File*: one that anybody can get, its error measured anew. Bytes in parentheses are computed from the ratio.
- One command remakes a row, from a seed: it stands beside the row. Where three seeds or more were trained, a line has their medians and names the best: the one of least test error, which is a
  choice made on the test images.
- **Augmented**: networks whose training images were changed at random, which those of the published figures were not, have tables of their own and open marks in the plots.
";

/// A heading with a paragraph and tables that have a line above them.
struct Section {
    network: String,
    title: String,
    intro: String,
    tables: Vec<(&'static str, Table)>,
    notes: Vec<String>,
}

/// The page of Markdown; `plot` is the name of the picture of a network.
pub(crate) fn markdown(results: &Results, plot: impl Fn(&str) -> String) -> String {
    let mut page = format!("{HEAD}\nMeasured on {}; {}.\n", results.machine.line(), images(results));
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
        None => "No file says what the original network was.".to_owned(),
    };
    let mut tables = Vec::new();
    let groups = results.groups(network);
    let (augmented, plain) = results.rows_of(network).partition::<Vec<_>, _>(|row| row.record.augmentation.is_some());
    let captions = [("Networks", "Files"), ("Networks, training images augmented", "Files, training images augmented")];
    for (rows, (of_networks, of_files)) in [plain, augmented].into_iter().zip(captions) {
        if !rows.is_empty() {
            tables.push((of_networks, networks(&rows, &groups)));
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
    /// What a reader of the figures should know.
    pub(super) fn note(&self) -> Option<String> {
        let counted = (self.record.network != self.network)
            .then(|| format!("{} is counted as {}.", self.record.network, title(&self.network)));
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

/// What the rows are: kept weights, bits, and how to remake them.
fn networks(rows: &[&Row], groups: &[Group<'_>]) -> Table {
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
        if let Some(group) = ends(groups, row) {
            table.row([summary(group), row.record.label.clone(), dash(), percent(group.median(Row::kept_percent), 2)]);
        }
    }
    table
}

/// The group whose last row this is.
fn ends<'a>(groups: &'a [Group<'_>], row: &Row) -> Option<&'a Group<'a>> {
    groups.iter().find(|group| group.rows.last().is_some_and(|last| last.record.stem == row.record.stem))
}

fn summary(group: &Group<'_>) -> String {
    format!("median of {}, best is seed {}", group.rows.len(), group.best().record.seed)
}

/// The files of the rows beside what was published of their methods.
fn files(results: &Results, rows: &[&Row], groups: &[Group<'_>]) -> Table {
    let headings = ["<record", "<file", "bytes", "ratio", "test error", "time", "<published"];
    let mut table = Table::new(&headings);
    for row in rows {
        for column in COLUMNS {
            let published = results.published(&row.network, Some(&row.record.method));
            let published = published.into_iter().filter(|published| published.column.is_none_or(|its| its == column));
            // What names no file of ours is shown once.
            let published = published.filter(|published| published.column.is_some() || column == Column::Maximum);
            let published: Vec<String> = published.map(published_text).collect();
            let name = if column == Column::Pruning { row.record.stem.clone() } else { String::new() };
            let mut cells = vec![name, column.name().to_owned()];
            cells.extend(measured(row, row.file(column)));
            cells.push(if published.is_empty() { dash() } else { published.join("; ") });
            table.row(cells);
        }
        if let Some(dense) = &row.dense {
            let cells = |name: &str, ns: f64| ["", name, "", "", "", &microseconds(ns)].map(str::to_owned);
            table.row(cells("dense, kept shape", dense.shrunk_ns));
            dense.original_ns.into_iter().for_each(|ns| table.row(cells("dense, original shape", ns)));
        }
        if let Some(group) = ends(groups, row) {
            COLUMNS.into_iter().for_each(|column| table.row(medians(group, column)));
        }
    }
    table
}

fn measured(row: &Row, file: Option<&Measured>) -> Vec<String> {
    let Some(file) = file else { return vec![dash(); 4] };
    vec![
        grouped(file.bytes),
        row.ratio(file).map_or_else(dash, |r| ratio(r, 1.0)),
        percent(Some(file.error_percent), 2),
        microseconds(file.ns),
    ]
}

fn medians(group: &Group<'_>, column: Column) -> Vec<String> {
    let of = |figure: &dyn Fn(&Measured) -> f64| group.median(|row| row.file(column).map(figure));
    let ratios = group.median(|row| row.ratio(row.file(column)?));
    vec![
        if column == Column::Pruning { summary(group) } else { String::new() },
        column.name().to_owned(),
        of(&|file| file.bytes as f64).map_or_else(dash, |bytes| grouped(bytes.round() as u64)),
        ratios.map_or_else(dash, |r| ratio(r, 1.0)),
        percent(of(&|file| file.error_percent), 2),
        of(&|file| file.ns).map_or_else(dash, microseconds),
        dash(),
    ]
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
    format!("{size}{error} ({})", published.kind.name())
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
            published.column.map_or_else(dash, |column| column.name().to_owned()),
            published.kind.name().to_owned(),
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
