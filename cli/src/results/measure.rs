//! What is measured of the files of a record: bytes, kept weights, error on the test set, time.

use super::record::Record;
use super::{COLUMNS, Column, Measured, Original, Row, known_original, listed_as};
use crate::commands::inspect::encoding_text;
use crate::evaluate;
use crate::exit::Failure;
use crate::samples::{self, Samples};
use curt::base::error::Result;
use curt::inspect::{Report, used};
use curt::measure::{Budget, Comparison};
use curt::model::Model;
use curt::session::SessionOptions;
use std::path::Path;
use std::time::Duration;

const IMAGES: &str = "t10k-images-idx3-ubyte";
const LABELS: &str = "t10k-labels-idx1-ubyte";
/// Images that are timed.
const TIMED: usize = 500;

/// The test images and their labels.
pub(crate) struct TestSet {
    images: Samples,
    labels: Vec<u8>,
}

impl TestSet {
    /// Reads the test set in a folder. Errors name the file.
    pub(crate) fn open(folder: &Path) -> Result<Self> {
        let hint = |error: curt::base::error::Error| error.context("the test set, which `scripts/fetch-mnist` gets");
        let images = Samples::open(&folder.join(IMAGES)).map_err(hint)?;
        Ok(Self { images, labels: samples::open_labels(&folder.join(LABELS)).map_err(hint)? })
    }

    /// Images.
    pub(crate) fn len(&self) -> usize {
        self.images.count
    }

    fn measure(&self, model: &Model, bytes: u64, time: Duration) -> Result<Measured, Failure> {
        self.images.check(model.graph().input())?;
        evaluate::check_labels(&self.labels, self.images.count, model.graph().output_shape().elements())?;
        if self.images.count == 0 {
            return Err(Failure::input(format!("{IMAGES} holds no images")));
        }
        let mut comparison = Comparison::new(model, &SessionOptions { batch: 1, isa: None })?;
        let (outputs, width) = evaluate::outputs(comparison.session(), &self.images)?;
        let wrong = evaluate::misclassified(&evaluate::classes(&outputs, width), &self.labels);
        let times = comparison.time(self.images.input(0, self.images.count.min(TIMED)), 1, &Budget::of(time))?;
        Ok(Measured {
            bytes,
            error_percent: 100.0 * wrong as f64 / self.images.count as f64,
            ns: times.compressed.median_ns,
            shrunk_dense_ns: times.shrunk.median_ns,
            original_dense_ns: times.original.map(|timing| timing.median_ns),
        })
    }
}

/// Measures the files of a record, each for `time`.
pub(crate) fn row(record: Record, test: &TestSet, time: Duration) -> Result<Row, Failure> {
    let mut models = [None, None, None];
    for (model, column) in models.iter_mut().zip(COLUMNS) {
        *model = record.open_model(column)?;
    }
    let model = |column: Column| models[column as usize].as_ref().map(|(model, _)| model);
    record.check_packed(model(Column::Fast), model(Column::Maximum))?;
    let network = listed_as(&record.network).to_owned();
    let of_file = || [Column::Pruning, Column::Fast].into_iter().filter_map(model).find_map(original);
    let original = known_original(&network).or_else(of_file);
    let kept = [Column::Pruning, Column::Fast, Column::Maximum].into_iter().find_map(model).map(kept).transpose()?;
    let layers = model(Column::Fast).map(layers).transpose()?;
    let mut files = [None, None, None];
    for ((file, column), model) in files.iter_mut().zip(COLUMNS).zip(&models) {
        let Some((model, bytes)) = model else { continue };
        let name = record.file_name(column);
        *file = Some(test.measure(model, *bytes, time).map_err(|failure| failure.context(&name))?);
    }
    Ok(Row { record, network, original, kept, layers, files })
}

/// Weights that are used, and the architecture of what is used.
fn kept(model: &Model) -> Result<(u64, String)> {
    let layers = used(model)?;
    Ok((layers.iter().map(|layer| layer.weights).sum(), curt::inspect::used::architecture(&layers)))
}

/// Bits per weight used, and the encoding, of each layer.
fn layers(model: &Model) -> Result<Vec<(Option<f64>, String)>> {
    let bits = |stored: u64, weights: u64| (weights > 0).then(|| 8.0 * stored as f64 / weights as f64);
    let report = Report::new(model);
    let layers = report.layers.iter().zip(used(model)?);
    Ok(layers.map(|(layer, used)| (bits(layer.stored_bytes, used.weights), encoding_text(layer.encoding))).collect())
}

/// What the file says that the network was.
fn original(model: &Model) -> Option<Original> {
    let report = Report::new(model);
    let weights: Option<u64> =
        report.layers.iter().map(|layer| layer.original_shape.map(|(rows, cols)| rows as u64 * cols as u64)).sum();
    Some(Original { weights: weights?, parameters: report.original_bytes? / 4 })
}
