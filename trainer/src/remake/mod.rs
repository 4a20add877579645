//! `trainer remake`: trains, compresses and packs a model of `models/` by its recipe, and writes its record.

mod commands;
mod make;
mod recipe;
mod record;
#[cfg(test)]
mod tests;
mod training;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs, io};

use anyhow::{Context, Result, ensure};
use sha2::{Digest, Sha256};

use commands::{Commands, shown};
use recipe::{ModelRecipe, Recipes};
use record::{FileRecords, ModelRecord, TrainingRecord};

/// What `trainer remake --help` ends with.
pub const EXAMPLES: &str = "\
Examples:
  trainer remake --list
  trainer remake lenet-300-100-gnj --dry-run
  trainer remake lenet-300-100-gnj
  trainer remake lenet-300-100-gnj --models runs/models

Run it inside the project. Finished runs in trainer/runs are used again, unfinished ones resume.";

/// Options of `trainer remake`.
#[derive(clap::Args)]
pub struct RemakeOptions {
    /// The model: a record of models/ without .json
    #[arg(required_unless_present = "list")]
    name: Option<String>,
    /// Print the names of all models, and end
    #[arg(long)]
    list: bool,
    /// Print the commands, and run none of them
    #[arg(long)]
    dry_run: bool,
    /// Folder of MNIST [default: data/mnist of the project]
    #[arg(long)]
    data: Option<PathBuf>,
    /// Folder that the files and the record are written to [default: models of the project]
    #[arg(long)]
    models: Option<PathBuf>,
    /// Do not train: use this posterior, whose digest the record holds
    #[arg(long)]
    posterior: Option<PathBuf>,
    /// An optimized `curt`, instead of building it
    #[arg(long)]
    curt: Option<PathBuf>,
}

/// Where a model is remade.
struct Workshop {
    /// The root of the project.
    root: PathBuf,
    /// The folder of MNIST.
    data: PathBuf,
    /// Where files and records go.
    models: PathBuf,
}

/// Runs `trainer remake`.
pub fn run(options: &RemakeOptions) -> Result<()> {
    let root = project()?;
    let recipes = Recipes::read(&root.join("models/recipes"))?;
    let Some(name) = options.name.as_ref().filter(|_| !options.list) else {
        recipes.stems().for_each(|stem| println!("{stem}"));
        return Ok(());
    };
    let recipe = recipes.get(name)?;
    let commands = Commands::of(&recipes, recipe)?;
    if options.dry_run {
        commands.lines().iter().for_each(|line| println!("{line}"));
        return Ok(());
    }
    remake(options, root, &recipes, recipe, &commands)
}

fn remake(options: &RemakeOptions, root: PathBuf, recipes: &Recipes, recipe: &ModelRecipe, commands: &Commands) -> Result<()> {
    let place = |given: &Option<PathBuf>, usual: &str| {
        let path = given.clone().unwrap_or_else(|| root.join(usual));
        path.canonicalize().with_context(|| format!("there is no folder {}", path.display()))
    };
    let workshop =
        Workshop { data: place(&options.data, "data/mnist")?, models: place(&options.models, "models")?, root: root.clone() };
    ensure!(
        workshop.data.join("train-images-idx3-ubyte").exists(),
        "{} has no train-images-idx3-ubyte; scripts/fetch-mnist provides it",
        workshop.data.display()
    );
    let curt = match &options.curt {
        Some(program) => program.canonicalize().with_context(|| format!("there is no program {}", program.display()))?,
        None => build_curt(&workshop.root)?,
    };
    let path = workshop.models.join(format!("{}.json", recipe.stem));
    let (posterior, training) = match &options.posterior {
        Some(posterior) => (posterior.clone(), known_training(posterior, &path)?),
        None => training::train(&workshop, recipes, recipe, commands)?,
    };
    let files = make::Maker { workshop: &workshop, curt: &curt, recipe, posterior: &posterior, commands }.files()?;
    record(recipe, files, training).write(&path)?;
    say(&format!("wrote {}", path.display()));
    Ok(())
}

fn record(recipe: &ModelRecipe, files: FileRecords, posterior: TrainingRecord) -> ModelRecord {
    let file = &recipe.file;
    ModelRecord {
        network: file.network.clone(),
        method: file.method.clone(),
        label: file.label.clone(),
        seed: recipe.seed,
        group: file.group.clone(),
        augmentation: file.augmentation.clone(),
        start: file.start.clone(),
        test_looks: file.test_looks,
        command: format!("scripts/remake-model {}", recipe.stem),
        note: file.note.clone(),
        files,
        posterior,
    }
}

/// The training of a posterior, from the record that holds its digest.
fn known_training(posterior: &Path, record: &Path) -> Result<TrainingRecord> {
    let known = ModelRecord::read(record)?.posterior;
    ensure!(
        known.sha256 == sha256(posterior)?,
        "{} is not the posterior of {}; leave --posterior out to train it",
        posterior.display(),
        record.display()
    );
    Ok(known)
}

/// The folder above the current one, or the current one, that has `models/recipes`.
fn project() -> Result<PathBuf> {
    let here = env::current_dir().context("cannot tell the current folder")?;
    let found = here.ancestors().find(|folder| folder.join("models/recipes").is_dir());
    found.map(Path::to_owned).with_context(|| format!("{} does not lie in the project: it has no models/recipes", here.display()))
}

fn build_curt(root: &Path) -> Result<PathBuf> {
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    execute(Command::new(cargo).args(["build", "--release", "--bin", "curt"]).current_dir(root))?;
    Ok(root.join("target/release/curt"))
}

/// Runs a command with the stdout and stderr of this program.
fn execute(command: &mut Command) -> Result<()> {
    let line = announce(command);
    let status = command.status().with_context(|| format!("cannot run {line}"))?;
    ensure!(status.success(), "{line} failed: {status}");
    Ok(())
}

/// Runs a command; returns what it printed.
fn output_of(command: &mut Command) -> Result<Vec<u8>> {
    let line = announce(command);
    let output = command.stderr(std::process::Stdio::inherit()).output().with_context(|| format!("cannot run {line}"))?;
    ensure!(output.status.success(), "{line} failed: {}", output.status);
    Ok(output.stdout)
}

fn announce(command: &Command) -> String {
    let words: Vec<String> = command.get_args().map(|word| word.to_string_lossy().into_owned()).collect();
    let line = shown(&command.get_program().to_string_lossy(), &words);
    say(&line);
    line
}

fn say(text: &str) {
    eprintln!("remake: {text}");
}

fn sha256(path: &Path) -> Result<String> {
    let mut digest = Sha256::new();
    let copied = fs::File::open(path).and_then(|mut file| io::copy(&mut file, &mut digest));
    copied.with_context(|| format!("cannot read {}", path.display()))?;
    Ok(digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
}
