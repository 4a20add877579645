//! The commands of a recipe, as its record states them and as they are run.

use super::recipe::{ModelRecipe, Recipes, StagePlaces, split};
use anyhow::Result;

/// A file of a model: the columns of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Column {
    /// Pruned, its weights 32-bit floats.
    Pruning,
    /// Quantized and mapped.
    Fast,
    /// Quantized and packed.
    Maximum,
}

impl Column {
    /// The name of the model's file.
    pub fn file_name(self, stem: &str) -> String {
        match self {
            Self::Pruning => format!("{stem}.pruning.curt"),
            Self::Fast => format!("{stem}.curt"),
            Self::Maximum => format!("{stem}.packed.curt"),
        }
    }
}

/// What `curt compress` reads and writes.
pub struct CompressPlaces<'a> {
    pub posterior: &'a str,
    pub data: &'a str,
    pub output: &'a str,
}

/// The arguments of `curt` that compress a posterior into the file of a column.
pub fn compress(recipe: &ModelRecipe, column: Column, places: &CompressPlaces) -> Vec<String> {
    let options = &recipe.file.compress;
    let method = options.method.as_ref().unwrap_or(&recipe.file.method);
    let mut words: Vec<String> =
        ["compress", places.posterior, "-o", places.output, "--method", method].map(str::to_owned).to_vec();
    words.extend(split(&options.all));
    match column {
        Column::Pruning => words.extend(split(&options.pruning)),
        Column::Fast => words.extend(split(&options.quantized)),
        Column::Maximum => {
            words.extend(split(&options.quantized));
            words.extend(split(options.maximum.as_deref().unwrap_or_default()));
        }
    }
    words.push("--validation".to_owned());
    words.extend(["images-idx3", "labels-idx1"].map(|file| format!("{}/train-{file}-ubyte", places.data)));
    words
}

/// The arguments of `curt` that pack a file.
pub fn pack(source: &str, output: &str) -> Vec<String> {
    ["pack", "--strip", source, "-o", output].map(str::to_owned).to_vec()
}

/// The commands of a recipe as its record states them: trainings run in `trainer/`, the others in the root of the project.
pub struct Commands {
    /// One for each training.
    pub train: Vec<String>,
    pub pruning: String,
    pub fast: String,
    /// One, or two when the file is compressed before it is packed.
    pub maximum: Vec<String>,
}

impl Commands {
    /// # Errors
    /// When a recipe names one before it that does not exist.
    pub fn of(recipes: &Recipes, recipe: &ModelRecipe) -> Result<Self> {
        let stages = recipes.stages(recipe)?;
        let (mut train, mut before) = (Vec::new(), String::new());
        for stage in &stages {
            let run = format!("runs/{}", stage.run);
            let places = StagePlaces { data: "../data/mnist", run: &run, before: &before };
            train.push(shown("trainer", &stage.words(&places)));
            before = run;
        }
        let posterior = format!("trainer/{before}/posterior.safetensors");
        let compress = |column, output: &str| {
            let places = CompressPlaces { posterior: &posterior, data: "data/mnist", output };
            shown("curt", &compress(recipe, column, &places))
        };
        let place = |column: Column| format!("models/{}", column.file_name(&recipe.stem));
        let mapped = format!("{}.mapped.curt", recipe.stem);
        let (fast, packed) = (place(Column::Fast), place(Column::Maximum));
        let maximum = match recipe.file.compress.maximum {
            Some(_) => vec![compress(Column::Maximum, &mapped), shown("curt", &pack(&mapped, &packed))],
            None => vec![shown("curt", &pack(&fast, &packed))],
        };
        Ok(Self {
            train,
            pruning: compress(Column::Pruning, &place(Column::Pruning)),
            fast: compress(Column::Fast, &fast),
            maximum,
        })
    }

    /// All of them in order, with comments that name the folder to run them in.
    pub fn lines(&self) -> Vec<&str> {
        let mut lines = vec!["# in trainer/"];
        lines.extend(self.train.iter().map(String::as_str));
        lines.extend(["# in the root of the project", &self.pruning, &self.fast]);
        lines.extend(self.maximum.iter().map(String::as_str));
        lines
    }
}

/// A command, quoted for a shell.
pub fn shown(program: &str, words: &[String]) -> String {
    let plain = |word: &str| word.chars().all(|c| c.is_ascii_alphanumeric() || "_@%+=:,./-".contains(c)) && !word.is_empty();
    let quoted = |word: &str| if plain(word) { word.to_owned() } else { format!("'{}'", word.replace('\'', "'\"'\"'")) };
    let all = std::iter::once(program).chain(words.iter().map(String::as_str));
    all.map(quoted).collect::<Vec<_>>().join(" ")
}
