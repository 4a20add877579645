//! Measurements of the files of a record: bytes, kept weights, error on the test set, time.

use super::column::{Column, Columns};
use super::network::{self, Original};
use super::record::Record;
use super::rows::{Dense, Measured, Row};
use crate::evaluate;
use crate::evidence::{Code, Data, Truth};
use crate::exit::Failure;
use crate::samples::{self, SampleSet};
use crate::text::encoding_text;
use curt::inspect::{Report, used};
use curt::measure::{Budget, Comparison};
use curt::{Error, ErrorKind, Input, Model, Result, Session, SessionOptions};
use std::path::Path;
use std::time::Duration;

const IMAGES: &str = "t10k-images-idx3-ubyte";
const LABELS: &str = "t10k-labels-idx1-ubyte";
const TRAINING_IMAGES: &str = "train-images-idx3-ubyte";
const TRAINING_LABELS: &str = "train-labels-idx1-ubyte";
/// Images that are timed.
const TIMED: usize = 500;
const OPTIONS: SessionOptions = SessionOptions::new().batch(1);

/// The test images and their labels.
pub(crate) struct TestSet {
    images: SampleSet,
    labels: Vec<u32>,
}

impl TestSet {
    /// Reads the test set in a folder. Errors name the file.
    pub(crate) fn open(folder: &Path) -> Result<Self> {
        let hint = |error: Error| error.context("the test set, which `scripts/fetch-mnist` gets");
        let images = SampleSet::open(&folder.join(IMAGES)).map_err(hint)?;
        if images.count == 0 {
            return Err(Error::new(ErrorKind::Input, format!("{}: it holds no images", folder.join(IMAGES).display())));
        }
        Ok(Self { images, labels: samples::open_labels(&folder.join(LABELS)).map_err(hint)? })
    }

    /// The number of images.
    pub(crate) fn len(&self) -> usize {
        self.images.count
    }

    /// The images that are timed.
    fn timed(&self) -> Input<'_> {
        self.images.input(0, self.images.count.min(TIMED))
    }

    /// The number of images that a model classifies wrongly.
    fn misclassified(&self, model: &Model) -> Result<usize, Failure> {
        self.images.check(model.graph().input())?;
        evaluate::check_labels(&self.labels, self.images.count, model.graph().output_shape().elements())?;
        let (outputs, width) = evaluate::outputs(&mut Session::with_options(model, &OPTIONS)?, &self.images)?;
        let classes = evaluate::classes(&outputs, width);
        evaluate::without_class(&classes);
        Ok(evaluate::misclassified(&classes, &self.labels))
    }

    /// Times models in turn, with the dense twins of the first. Returns nanoseconds for one image.
    fn times(&self, models: &[&Model], time: Duration) -> Result<Option<(Vec<f64>, Dense)>, Failure> {
        let Some((first, others)) = models.split_first() else { return Ok(None) };
        let others: Result<Vec<Session>> = others.iter().map(|model| Session::with_options(model, &OPTIONS)).collect();
        let mut comparison = Comparison::new(first, &OPTIONS)?;
        let (times, beside) = comparison.time_beside(&mut others?, self.timed(), 1, &Budget::of(time))?;
        let all = std::iter::once(times.compressed).chain(beside).map(|timing| timing.median_ns).collect();
        Ok(Some((all, Dense { shrunk_ns: times.shrunk.median_ns, original_ns: times.original.map(|timing| timing.median_ns) })))
    }
}

/// Reads the training set in a folder. Errors name the file.
pub(crate) fn open_training(folder: &Path) -> Result<Data, Failure> {
    let labels = Truth::Labels(samples::open_labels(&folder.join(TRAINING_LABELS))?);
    Data::new(SampleSet::open(&folder.join(TRAINING_IMAGES))?, labels)
}

/// Evaluates the files of a record, on the training set too if there is one, and times them for `time` each.
pub(crate) fn row(record: Record, test: &TestSet, training: Option<&Data>, time: Duration) -> Result<Row, Failure> {
    let mut files = Vec::new();
    for column in Column::MAIN_FIRST {
        files.extend(record.open_model(column)?.map(|(model, bytes)| (column, model, bytes)));
    }
    let model = |wanted: Column| files.iter().find(|(column, ..)| *column == wanted).map(|(_, model, _)| model);
    record.check_packed(model(Column::Fast), model(Column::Maximum))?;
    let network = network::listed_as(&record.network).to_owned();
    // A maximum file does not hold the size before pruning, so it is not asked.
    let of_file = || [Column::Pruning, Column::Fast].into_iter().filter_map(model).find_map(size_before);
    let original = network::known_size(&network).or_else(of_file);
    let kept = Column::ALL.into_iter().find_map(model).map(kept).transpose()?;
    let layers = model(Column::Fast).map(layers).transpose()?;
    let (measured, dense) = measure(&record, &files, test, training, time)?;
    Ok(Row { record, network, original, kept, layers, files: measured, dense })
}

/// Errors and times of the files, and the times of the dense twins of the first.
fn measure(
    record: &Record,
    files: &[(Column, Model, u64)],
    test: &TestSet,
    training: Option<&Data>,
    time: Duration,
) -> Result<(Columns<Measured>, Option<Dense>), Failure> {
    let models: Vec<&Model> = files.iter().map(|(_, model, _)| model).collect();
    let total = time * u32::try_from(models.len()).unwrap_or(1);
    let times = test.times(&models, total).map_err(|failure| failure.context(&record.stem))?;
    let (times, dense) = times.map_or((Vec::new(), None), |(times, dense)| (times, Some(dense)));
    let mut measured = Columns::default();
    for ((column, model, bytes), ns) in files.iter().zip(times) {
        let in_file = |failure: Failure| failure.context(&record.file_name(*column));
        let misclassified = test.misclassified(model).map_err(in_file)?;
        let code = training.map(|training| Code::of(model, training)).transpose().map_err(in_file)?;
        let training_label_bits = code.and_then(|code| Some(code.label_bits()?.0));
        let error_percent = 100.0 * misclassified as f64 / test.len() as f64;
        measured.set(*column, Measured { bytes: *bytes, misclassified, error_percent, training_label_bits, ns });
    }
    Ok((measured, dense))
}

/// The number of used weights, and the used architecture.
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

/// The network before pruning, if the file holds its shape.
fn size_before(model: &Model) -> Option<Original> {
    let report = Report::new(model);
    let weights: Option<u64> =
        report.layers.iter().map(|layer| layer.original_shape.map(|(rows, cols)| rows as u64 * cols as u64)).sum();
    Some(Original { weights: weights?, parameters: report.original_bytes? / 4 })
}
