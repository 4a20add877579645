//! The table of results: records of training, published figures, what is measured of the files, and how all of it is shown.

mod fields;
mod json;
mod machine;
mod measure;
mod page;
mod plot;
mod published;
mod record;

pub(crate) use json::json;
pub(crate) use machine::Machine;
pub(crate) use measure::{TestSet, row};
pub(crate) use page::{markdown, text};
pub(crate) use plot::svg;
pub(crate) use record::open_all;

use crate::exit::Failure;
use published::Published;
use record::Record;
use std::path::Path;

/// The three files of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Column {
    /// Weights kept as 32-bit floats, mapped.
    Pruning,
    /// Quantized, mapped.
    Fast,
    /// Entropy-coded.
    Maximum,
}

pub(crate) const COLUMNS: [Column; 3] = [Column::Pruning, Column::Fast, Column::Maximum];
/// The first of these that a row has is its main file.
const MAIN_FIRST: [Column; 3] = [Column::Fast, Column::Maximum, Column::Pruning];

impl Column {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Pruning => "pruning",
            Self::Fast => "fast",
            Self::Maximum => "maximum",
        }
    }

    /// What stands between a record's name and `.curt` in the name of the file.
    fn infix(self) -> &'static str {
        match self {
            Self::Pruning => ".pruning",
            Self::Fast => "",
            Self::Maximum => ".packed",
        }
    }
}

/// A network before compression.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Original {
    pub(crate) weights: u64,
    /// Weights and biases.
    pub(crate) parameters: u64,
}

impl Original {
    /// 4 bytes for each weight and bias.
    pub(crate) fn bytes(self) -> u64 {
        4 * self.parameters
    }
}

/// The networks that the literature compares: name, title, original, and what else of the trainer counts as it.
const KNOWN: [(&str, &str, Original, &[&str]); 2] = [
    ("lenet-300-100", "LeNet-300-100", Original { weights: 266_200, parameters: 266_610 }, &[]),
    ("lenet-5-caffe", "LeNet-5-Caffe", Original { weights: 430_500, parameters: 431_080 }, &["lenet-5-relu"]),
];

/// The name under which a network is listed.
fn listed_as(network: &str) -> &str {
    KNOWN.iter().find(|(_, _, _, others)| others.contains(&network)).map_or(network, |(name, ..)| name)
}

fn title(network: &str) -> &str {
    KNOWN.iter().find(|(name, ..)| *name == network).map_or(network, |(_, title, ..)| title)
}

fn known_original(network: &str) -> Option<Original> {
    KNOWN.iter().find(|(name, ..)| *name == network).map(|(_, _, original, _)| *original)
}

/// A file as it was measured.
#[derive(Debug)]
pub(crate) struct Measured {
    pub(crate) bytes: u64,
    pub(crate) error_percent: f64,
    /// Of one image.
    pub(crate) ns: f64,
}

/// Dense networks that took turns with the files: nanoseconds of one image.
#[derive(Debug)]
pub(crate) struct Dense {
    /// At the shape that is kept.
    pub(crate) shrunk_ns: f64,
    /// At the original shape, where a file says what it was.
    pub(crate) original_ns: Option<f64>,
}

/// A record with what was measured of its files.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) record: Record,
    /// The name under which its network is listed.
    pub(crate) network: String,
    pub(crate) original: Option<Original>,
    /// Weights that are used, and the architecture of what is used.
    pub(crate) kept: Option<(u64, String)>,
    /// Bits per weight used, and the encoding, of each layer of the fast file.
    pub(crate) layers: Option<Vec<(Option<f64>, String)>>,
    /// By column.
    pub(crate) files: [Option<Measured>; 3],
    /// The dense twins of the main file.
    pub(crate) dense: Option<Dense>,
}

impl Row {
    pub(crate) fn kept_percent(&self) -> Option<f64> {
        Some(100.0 * self.kept.as_ref()?.0 as f64 / self.original?.weights as f64)
    }

    pub(crate) fn file(&self, column: Column) -> Option<&Measured> {
        self.files[column as usize].as_ref()
    }

    /// The file that stands for the row where one must.
    pub(crate) fn main_file(&self) -> Option<&Measured> {
        MAIN_FIRST.into_iter().find_map(|column| self.file(column))
    }

    pub(crate) fn ratio(&self, file: &Measured) -> Option<f64> {
        Some(self.original?.bytes() as f64 / file.bytes as f64)
    }
}

/// Rows that differ in their seed alone; three at least.
#[derive(Debug)]
pub(crate) struct Group<'a> {
    pub(crate) name: &'a str,
    pub(crate) rows: Vec<&'a Row>,
}

impl Group<'_> {
    /// The median of a figure over the rows that have it; of an even number the mean of the two in the middle.
    pub(crate) fn median(&self, figure: impl Fn(&Row) -> Option<f64>) -> Option<f64> {
        let mut figures: Vec<f64> = self.rows.iter().filter_map(|row| figure(row)).collect();
        figures.sort_unstable_by(f64::total_cmp);
        let middle = figures.get(figures.len() / 2)?;
        Some(if figures.len().is_multiple_of(2) { (figures[figures.len() / 2 - 1] + middle) / 2.0 } else { *middle })
    }

    /// The row of least error, of equal ones that of the smallest file. It was chosen on the test images.
    pub(crate) fn best(&self) -> &Row {
        let key = |row: &Row| row.main_file().map_or((f64::INFINITY, u64::MAX), |file| (file.error_percent, file.bytes));
        let better = |a: &&&Row, b: &&&Row| key(a).0.total_cmp(&key(b).0).then(key(a).1.cmp(&key(b).1));
        self.rows.iter().min_by(better).expect("invariant: a group has rows")
    }
}

/// All that the table shows.
#[derive(Debug)]
pub(crate) struct Results {
    pub(crate) machine: Machine,
    pub(crate) images: usize,
    pub(crate) rows: Vec<Row>,
    published: Vec<Published>,
}

impl Results {
    /// Joins measured rows with the published figures of `published.json` in the folder of the models.
    pub(crate) fn new(machine: Machine, images: usize, rows: Vec<Row>, models: &Path) -> Result<Self, Failure> {
        Ok(Self { machine, images, rows, published: published::open(&models.join(record::PUBLISHED))? })
    }

    /// The networks: those that the literature compares, then the others by name.
    pub(crate) fn networks(&self) -> Vec<&str> {
        let mut others: Vec<&str> = self.rows.iter().map(|row| row.network.as_str()).collect();
        others.extend(self.published.iter().map(|published| published.network.as_str()));
        others.sort_unstable();
        others.dedup();
        let known: Vec<&str> = KNOWN.iter().map(|(name, ..)| *name).filter(|name| others.contains(name)).collect();
        others.retain(|name| !known.contains(name));
        known.into_iter().chain(others).collect()
    }

    fn rows_of(&self, network: &str) -> impl Iterator<Item = &Row> {
        self.rows.iter().filter(move |row| row.network == network)
    }

    fn original(&self, network: &str) -> Option<Original> {
        known_original(network).or_else(|| self.rows_of(network).find_map(|row| row.original))
    }

    /// The published figures of a network, of one method where one is named.
    fn published(&self, network: &str, method: Option<&str>) -> Vec<&Published> {
        let is_of =
            |published: &&Published| published.network == network && method.is_none_or(|method| published.method == method);
        self.published.iter().filter(is_of).collect()
    }

    /// Groups of three rows and more of a network, in the order of their rows.
    fn groups(&self, network: &str) -> Vec<Group<'_>> {
        let mut groups: Vec<Group<'_>> = Vec::new();
        for row in self.rows.iter().filter(|row| row.network == network) {
            let Some(name) = row.record.group.as_deref() else { continue };
            match groups.iter_mut().find(|group| group.name == name) {
                Some(group) => group.rows.push(row),
                None => groups.push(Group { name, rows: vec![row] }),
            }
        }
        groups.retain(|group| group.rows.len() >= 3);
        groups
    }
}
