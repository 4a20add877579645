//! Three ways of retraining after pruning, compared: the record, and the figures for the table and the plot.

use crate::exit::Failure;
use crate::json_file;
use crate::statistics::median;
use crate::table::Table;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

/// The number of training images that the trainer keeps apart.
const VALIDATION_IMAGES: u64 = 5000;
const SEEDS: [u64; 3] = [1, 2, 3];

/// A way of retraining between rounds of magnitude pruning; the value of `trainer prune --retrain`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Way {
    FineTune,
    RewindWeights,
    RewindRate,
}

impl Way {
    pub(crate) const ALL: [Self; 3] = [Self::FineTune, Self::RewindWeights, Self::RewindRate];

    /// The name in headings.
    pub(crate) fn title(self) -> &'static str {
        match self {
            Self::FineTune => "fine-tuning",
            Self::RewindWeights => "weight rewinding",
            Self::RewindRate => "rate rewinding",
        }
    }
}

/// The name on the trainer's command line.
impl fmt::Display for Way {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.serialize(f)
    }
}

/// All runs, and how they were trained.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Record {
    pub(crate) command: String,
    pub(crate) date: String,
    pub(crate) seconds: u64,
    /// Weights before pruning.
    pub(crate) weights: u64,
    pub(crate) validation_images: u64,
    pub(crate) runs: Vec<Run>,
}

/// The end of each round of a run; round 0 is the dense network.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Run {
    way: Way,
    seed: u64,
    /// Weights that are not zero.
    kept: Vec<u64>,
    /// Validation error.
    error_percent: Vec<f64>,
}

/// A line of a training log.
#[derive(Debug, Deserialize)]
struct Epoch {
    round: f64,
    nonzero: f64,
    cross_entropy: f64,
    validation_error: f64,
    validation_loss: f64,
    seconds: f64,
}

/// A round over all seeds: the median share of weights kept, in percent, and the validation errors.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Round {
    pub(crate) kept_percent: f64,
    pub(crate) least: f64,
    pub(crate) median: f64,
    pub(crate) greatest: f64,
}

impl Record {
    /// Reads the logs of finished runs in a folder. Errors name the file.
    pub(crate) fn of_logs(runs: &Path, command: &str, date: String) -> Result<Self, Failure> {
        let mut record = Self {
            command: command.to_owned(),
            date,
            seconds: 0,
            weights: 0,
            validation_images: VALIDATION_IMAGES,
            runs: Vec::new(),
        };
        let mut seconds = 0.0;
        for seed in SEEDS {
            let mut dense: Option<Vec<(f64, f64)>> = None;
            for way in Way::ALL {
                let path = runs.join(format!("rewinding-{way}-{seed}")).join("log.jsonl");
                let log: Vec<Epoch> = json_file::read_lines(&path)?;
                let before: Vec<(f64, f64)> = log
                    .iter()
                    .filter(|epoch| epoch.round == 0.0)
                    .map(|epoch| (epoch.cross_entropy, epoch.validation_loss))
                    .collect();
                if *dense.get_or_insert_with(|| before.clone()) != before {
                    return Err(json_file::refuse(&path, "the dense training differs from that of the other ways; train anew"));
                }
                seconds += log.iter().map(|epoch| epoch.seconds).sum::<f64>();
                record.runs.push(Run::of_log(way, seed, &log));
            }
        }
        record.seconds = seconds.round() as u64;
        record.weights = record.runs.iter().flat_map(|run| &run.kept).copied().max().unwrap_or_default();
        record.check().map_err(|message| json_file::refuse(runs, message))?;
        Ok(record)
    }

    /// Reads a record. Errors name the file.
    pub(crate) fn open(path: &Path) -> Result<Self, Failure> {
        let record: Self = json_file::read(path)?;
        record.check().map_err(|message| json_file::refuse(path, message))?;
        Ok(record)
    }

    fn check(&self) -> Result<(), &'static str> {
        let rounds = self.runs.first().map_or(0, |run| run.kept.len());
        let whole = |run: &Run| run.kept.len() == rounds && run.error_percent.len() == rounds;
        match Way::ALL.into_iter().all(|way| self.runs_of(way).next().is_some()) && rounds > 0 && self.runs.iter().all(whole) {
            true => Ok(()),
            false => Err("runs of every way with equally many rounds are needed"),
        }
    }

    fn runs_of(&self, way: Way) -> impl Iterator<Item = &Run> {
        self.runs.iter().filter(move |run| run.way == way)
    }

    /// Seeds of each way.
    pub(crate) fn seeds(&self) -> usize {
        self.runs_of(Way::FineTune).count()
    }

    /// The rounds of a way, over its seeds.
    pub(crate) fn rounds(&self, way: Way) -> Vec<Round> {
        let rounds = self.runs.first().map_or(0, |run| run.kept.len());
        let round = |i: usize| {
            let errors = || self.runs_of(way).map(|run| run.error_percent[i]);
            let kept = median(self.runs_of(way).map(|run| run.kept[i] as f64))?;
            Some(Round {
                kept_percent: 100.0 * kept / self.weights as f64,
                least: errors().fold(f64::INFINITY, f64::min),
                median: median(errors())?,
                greatest: errors().fold(0.0, f64::max),
            })
        };
        (0..rounds).filter_map(round).collect()
    }

    /// Weights kept and errors of each round.
    pub(crate) fn table(&self) -> Table {
        let headings: Vec<String> = Way::ALL.map(|way| format!("<{}", way.title())).into();
        let headings: Vec<&str> = std::iter::once("weights kept").chain(headings.iter().map(String::as_str)).collect();
        let mut table = Table::new(&headings);
        let ways = Way::ALL.map(|way| self.rounds(way));
        for i in 0..ways[0].len() {
            let rounds = ways.each_ref().map(|rounds| rounds[i]);
            let error = |round: Round| format!("{:.2} % ({:.2} to {:.2})", round.median, round.least, round.greatest);
            table.row(std::iter::once(kept_range(&rounds)).chain(rounds.map(error)));
        }
        table
    }
}

/// The share of weights kept, or its range over the ways.
fn kept_range(rounds: &[Round]) -> String {
    let mut shares: Vec<String> = rounds.iter().map(|round| format!("{:.2}", round.kept_percent)).collect();
    shares.sort_unstable_by(|a, b| a.len().cmp(&b.len()).then(a.cmp(b)));
    shares.dedup();
    match shares.as_slice() {
        [share] => format!("{share} %"),
        [least, .., most] => format!("{least} to {most} %"),
        [] => String::new(),
    }
}

impl Run {
    /// The last epoch of each round.
    fn of_log(way: Way, seed: u64, log: &[Epoch]) -> Self {
        let ends: BTreeMap<u64, &Epoch> = log.iter().map(|epoch| (epoch.round as u64, epoch)).collect();
        let hundredths = |percent: f64| (100.0 * percent).round() / 100.0;
        Self {
            way,
            seed,
            kept: ends.values().map(|epoch| epoch.nonzero as u64).collect(),
            error_percent: ends.values().map(|epoch| hundredths(100.0 * epoch.validation_error)).collect(),
        }
    }
}
