//! Recipes of `models/`: `models/recipes/*.toml` say how a model is trained and compressed (`docs/recipes.md`).

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use serde::Deserialize;

use super::record::Start;

/// One file of `models/recipes`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RecipeFile {
    pub network: String,
    /// The method in one word, as records have it.
    pub method: String,
    /// The method as people write it.
    pub label: String,
    /// One seed; with a `group`, a model for each seed.
    pub seeds: Vec<u64>,
    /// The common name of models that differ only in their seed.
    pub group: Option<String>,
    /// How the training images are changed at random, if they are.
    pub augmentation: Option<String>,
    /// The start network of training, if it is smaller than the network of the literature.
    pub start: Option<Start>,
    /// How many networks of other settings or seeds were measured on the test images before. A lower bound.
    #[serde(default)]
    pub test_looks: u32,
    /// The recipe whose training goes before.
    pub after: Option<String>,
    /// What a reader of the figures should know.
    pub note: String,
    /// The arguments of `trainer` for each training, in order. `{data}` is the folder of MNIST, `{run}` that of the run, `{before}` that of the
    /// run before it.
    pub train: Vec<String>,
    pub compress: CompressOptions,
}

/// Options of `curt compress`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CompressOptions {
    /// The method of the posterior file, if it differs from that of the recipe.
    pub method: Option<String>,
    /// For every file.
    #[serde(default)]
    pub all: String,
    /// For the quantized files: the fast and the maximum one.
    pub quantized: String,
    /// For the pruning file.
    pub pruning: String,
    /// For the maximum file; without them it is the fast file, packed.
    pub maximum: Option<String>,
}

/// How one model is made.
#[derive(Clone, Debug)]
pub struct ModelRecipe {
    /// The name of its record without the extension.
    pub stem: String,
    pub seed: u64,
    pub file: RecipeFile,
}

/// A training of a recipe.
#[derive(Clone, Debug)]
pub struct Stage {
    /// The folder of its run.
    pub run: String,
    /// The arguments of `trainer`, with placeholders.
    template: Vec<String>,
}

/// The values for the placeholders, which [`Stage::words`] fills in.
pub struct StagePlaces<'a> {
    pub data: &'a str,
    pub run: &'a str,
    pub before: &'a str,
}

impl Stage {
    pub fn words(&self, places: &StagePlaces) -> Vec<String> {
        let fill =
            |word: &String| word.replace("{data}", places.data).replace("{run}", places.run).replace("{before}", places.before);
        self.template.iter().map(fill).collect()
    }
}

/// The recipes of a folder, by the model that each makes.
#[derive(Debug)]
pub struct Recipes(BTreeMap<String, ModelRecipe>);

impl Recipes {
    /// Reads every `.toml` file of a folder.
    ///
    /// # Errors
    /// Names the file that is not a recipe.
    pub fn read(folder: &Path) -> Result<Self> {
        let mut recipes = BTreeMap::new();
        let entries = fs::read_dir(folder).with_context(|| format!("cannot list {}", folder.display()))?;
        for entry in entries {
            let path = entry?.path();
            if path.extension().is_none_or(|extension| extension != "toml") {
                continue;
            }
            let read = read_file(&path).with_context(|| format!("{} is not a recipe", path.display()))?;
            recipes.extend(read.into_iter().map(|recipe| (recipe.stem.clone(), recipe)));
        }
        Ok(Self(recipes))
    }

    pub fn stems(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// # Errors
    /// When there is no recipe of this name.
    pub fn get(&self, stem: &str) -> Result<&ModelRecipe> {
        self.0.get(stem).with_context(|| {
            format!("there is no recipe for '{stem}'; the models are {}", self.stems().collect::<Vec<_>>().join(", "))
        })
    }

    /// The trainings of a model in order, those of the recipe before it first.
    ///
    /// # Errors
    /// When a recipe names one before it that does not exist.
    pub fn stages(&self, recipe: &ModelRecipe) -> Result<Vec<Stage>> {
        let mut stages = match &recipe.file.after {
            Some(before) => self.stages(self.get(before)?)?,
            None => Vec::new(),
        };
        stages.extend(recipe.file.train.iter().enumerate().map(|(index, options)| {
            let mut template = split(options);
            template.extend(["--seed".to_owned(), recipe.seed.to_string()]);
            Stage { run: format!("{}-{}", recipe.stem, index + 1), template }
        }));
        Ok(stages)
    }
}

fn read_file(path: &Path) -> Result<Vec<ModelRecipe>> {
    let file: RecipeFile = toml::from_str(&fs::read_to_string(path)?)?;
    ensure!(!file.train.is_empty(), "it has no training");
    ensure!(file.seeds.len() == 1 || file.group.is_some(), "it has {} seeds, but no group", file.seeds.len());
    let name = path.file_stem().unwrap_or_default().to_string_lossy();
    let model = |&seed: &u64| {
        let stem = if file.group.is_some() { format!("{name}-{seed}") } else { name.clone().into_owned() };
        ModelRecipe { stem, seed, file: file.clone() }
    };
    Ok(file.seeds.iter().map(model).collect())
}

/// Splits options at spaces. No option has a space in it.
pub fn split(options: &str) -> Vec<String> {
    options.split_whitespace().map(str::to_owned).collect()
}
