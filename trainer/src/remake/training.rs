//! Trains a model: the runs that are not trained yet, each in a process of its own.

use std::path::PathBuf;
use std::process::Command;
use std::{env, fs};

use anyhow::{Context, Result};
use time::OffsetDateTime;

use super::commands::Commands;
use super::recipe::{ModelRecipe, Recipes, StagePlaces};
use super::record::TrainingRecord;
use super::{Workshop, execute, say, sha256};
use crate::log::EpochRecord;

/// Runs the trainings that are not done yet. Returns the posterior of the last run, and the record of all runs.
pub fn train(
    workshop: &Workshop,
    recipes: &Recipes,
    recipe: &ModelRecipe,
    commands: &Commands,
) -> Result<(PathBuf, TrainingRecord)> {
    let here = workshop.root.join("trainer");
    let data = workshop.data.display().to_string();
    let (mut epochs, mut before) = (Vec::new(), String::new());
    for stage in recipes.stages(recipe)? {
        // The path is relative to trainer/, because the path of --start becomes part of the posterior.
        let run = format!("runs/{}", stage.run);
        let folder = here.join(&run);
        if folder.join("posterior.safetensors").exists() {
            say(&format!("trainer/{run} is trained already"));
        } else {
            let mut words = stage.words(&StagePlaces { data: &data, run: &run, before: &before });
            if folder.join("checkpoint.safetensors").exists() {
                words.push("--resume".to_owned());
            }
            // One thread for each run: more threads gain nothing on layers this small.
            let program = env::current_exe().context("cannot tell the path of this program")?;
            execute(Command::new(program).args(words).current_dir(&here).env("RAYON_NUM_THREADS", "1"))?;
        }
        epochs.extend(log(&folder.join("log.jsonl"))?);
        before = run;
    }
    let posterior = here.join(before).join("posterior.safetensors");
    let seconds: f64 = epochs.iter().map(|epoch| epoch.seconds).sum();
    let record = TrainingRecord {
        command: commands.train.join(" && "),
        seed: recipe.seed,
        epochs: epochs.len(),
        seconds: (seconds * 10.0).round() / 10.0,
        date: OffsetDateTime::now_utc().date().to_string(),
        last_epoch: epochs.pop(),
        sha256: sha256(&posterior)?,
    };
    Ok((posterior, record))
}

/// The lines of a run's log.
fn log(path: &PathBuf) -> Result<Vec<EpochRecord>> {
    let text = fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    let lines = text.lines().map(serde_json::from_str);
    lines.collect::<Result<_, _>>().with_context(|| format!("{} is not a log", path.display()))
}
