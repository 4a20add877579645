//! Records with the measurements of their files, and published figures beside them.

use super::column::{Column, Columns};
use super::machine::Machine;
use super::network::{self, Original};
use super::published::{self, Published};
use super::record::{self, Record};
use crate::exit::Failure;
use crate::statistics;
use std::path::Path;

/// The measurements of a file.
#[derive(Debug)]
pub(crate) struct Measured {
    pub(crate) bytes: u64,
    /// The number of test images that are classified wrongly.
    pub(crate) misclassified: usize,
    /// The same in percent.
    pub(crate) error_percent: f64,
    /// Bits of the training labels given the outputs, if they were asked for and are finite.
    pub(crate) training_label_bits: Option<f64>,
    /// The time of one image in nanoseconds.
    pub(crate) ns: f64,
}

/// The times of the dense twins, which took turns with the files: nanoseconds for one image.
#[derive(Debug)]
pub(crate) struct Dense {
    /// At the kept shape.
    pub(crate) shrunk_ns: f64,
    /// At the shape before pruning, if a file holds it.
    pub(crate) original_ns: Option<f64>,
}

/// A record with the measurements of its files.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) record: Record,
    /// The name under which its network is listed.
    pub(crate) network: String,
    /// The network that the literature compares, otherwise the size before pruning that a file holds.
    pub(crate) original: Option<Original>,
    /// The number of used weights, and the used architecture.
    pub(crate) kept: Option<(u64, String)>,
    /// Bits per used weight, and the encoding, of each layer of the fast file.
    pub(crate) layers: Option<Vec<(Option<f64>, String)>>,
    pub(crate) files: Columns<Measured>,
    /// The dense twins of the main file.
    pub(crate) dense: Option<Dense>,
}

impl Row {
    pub(crate) fn kept_percent(&self) -> Option<f64> {
        Some(100.0 * self.kept.as_ref()?.0 as f64 / self.original?.weights as f64)
    }

    /// The file that represents the row if only one can be shown.
    pub(crate) fn main_file(&self) -> Option<&Measured> {
        Column::MAIN_FIRST.into_iter().find_map(|column| self.files.get(column))
    }

    /// The error and the bytes of the main file, for sorting.
    fn rank(&self) -> (f64, u64) {
        self.main_file().map_or((f64::INFINITY, u64::MAX), |file| (file.error_percent, file.bytes))
    }
}

/// At least three rows that differ only in their seed.
#[derive(Debug)]
pub(crate) struct Group<'a> {
    pub(crate) name: &'a str,
    pub(crate) rows: Vec<&'a Row>,
}

impl Group<'_> {
    /// The median of a figure over the rows that have it.
    pub(crate) fn median(&self, figure: impl Fn(&Row) -> Option<f64>) -> Option<f64> {
        statistics::median(self.rows.iter().filter_map(|row| figure(row)))
    }

    /// The row of least error; of equals, the smaller file, then the first. This is a choice on the test images.
    pub(crate) fn best(&self) -> &Row {
        self.by_error()[0]
    }

    /// The row of median error, in the same order. For an even number of rows it is the better one of the two in the middle.
    pub(crate) fn median_row(&self) -> &Row {
        let rows = self.by_error();
        rows[(rows.len() - 1) / 2]
    }

    fn by_error(&self) -> Vec<&Row> {
        let mut rows = self.rows.clone();
        rows.sort_by(|a, b| a.rank().0.total_cmp(&b.rank().0).then(a.rank().1.cmp(&b.rank().1)));
        rows
    }
}

/// The content of the table.
#[derive(Debug)]
pub(crate) struct Results {
    pub(crate) machine: Machine,
    /// Test images.
    pub(crate) images: usize,
    /// Training images, if the bits of their labels were asked for.
    pub(crate) training_images: Option<usize>,
    pub(crate) rows: Vec<Row>,
    published: Vec<Published>,
}

impl Results {
    /// Joins measured rows with the published figures of the folder of models.
    pub(crate) fn new(
        machine: Machine,
        images: usize,
        training_images: Option<usize>,
        rows: Vec<Row>,
        models: &Path,
    ) -> Result<Self, Failure> {
        Ok(Self { machine, images, training_images, rows, published: published::open(&models.join(record::PUBLISHED))? })
    }

    /// All networks in the order of the page.
    pub(crate) fn networks(&self) -> Vec<&str> {
        let of_rows = self.rows.iter().map(|row| row.network.as_str());
        network::in_order(of_rows.chain(self.published.iter().map(|published| published.network.as_str())).collect())
    }

    pub(crate) fn rows_of(&self, network: &str) -> impl Iterator<Item = &Row> {
        self.rows.iter().filter(move |row| row.network == network)
    }

    pub(crate) fn original(&self, network: &str) -> Option<Original> {
        network::known_size(network).or_else(|| self.rows_of(network).find_map(|row| row.original))
    }

    /// The published figures of a network, or of one method for it.
    pub(crate) fn published(&self, network: &str, method: Option<&str>) -> Vec<&Published> {
        let is_of =
            |published: &&Published| published.network == network && method.is_none_or(|method| published.method == method);
        self.published.iter().filter(is_of).collect()
    }

    /// The groups of a network with at least three rows, in the order of their rows.
    pub(crate) fn groups(&self, network: &str) -> Vec<Group<'_>> {
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
