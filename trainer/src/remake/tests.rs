use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use clap::Parser;
use serde_json::Value;

use super::*;
use crate::cli::Cli;
use recipe::StagePlaces;

fn models() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../models")
}

fn recipes() -> Recipes {
    Recipes::read(&models().join("recipes")).unwrap()
}

/// The records of the project, by name.
fn records() -> Vec<(String, PathBuf)> {
    let paths = fs::read_dir(models()).unwrap().map(|entry| entry.unwrap().path());
    let records = paths.filter(|path| path.extension().is_some_and(|extension| extension == "json"));
    let named = records.map(|path| (path.file_stem().unwrap().to_str().unwrap().to_owned(), path));
    named.filter(|(name, _)| name != "published").collect()
}

#[test]
fn every_record_has_a_recipe_and_every_recipe_a_record() {
    let named: BTreeSet<String> = records().into_iter().map(|(name, _)| name).collect();
    let made: BTreeSet<String> = recipes().stems().map(str::to_owned).collect();
    assert_eq!(named, made);
    assert!(made.len() >= 31);
}

#[test]
fn a_recipe_runs_the_commands_of_its_record() {
    let recipes = recipes();
    for (name, path) in records() {
        let record = ModelRecord::read(&path).unwrap();
        let recipe = recipes.get(&name).unwrap();
        let commands = Commands::of(&recipes, recipe).unwrap();
        // Trained before it had a recipe: in another folder, with the seed that is the default.
        if name != "lenet-300-100-gnj" {
            assert_eq!(record.posterior.command, commands.train.join(" && "), "{name}");
            assert_eq!(record.files.pruning.command, commands.pruning, "{name}");
            assert_eq!(record.files.fast.command, commands.fast, "{name}");
            assert_eq!(record.files.maximum.command, commands.maximum.join(" && "), "{name}");
        }
        let remade = super::record(recipe, record.files.clone(), record.posterior.clone());
        let stored: Value = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
        assert_eq!(serde_json::to_value(&remade).unwrap(), stored, "{name}");
        assert!(remade.text().unwrap().starts_with("{\n \"network\": "), "{name}");
    }
}

#[test]
fn the_trainer_understands_every_training() {
    let recipes = recipes();
    for stem in recipes.stems() {
        for stage in recipes.stages(recipes.get(stem).unwrap()).unwrap() {
            let words = stage.words(&StagePlaces { data: "data", run: "run", before: "before" });
            let parsed = Cli::try_parse_from(std::iter::once("trainer".to_owned()).chain(words.clone()));
            assert!(parsed.is_ok(), "{stem}: {words:?}");
        }
    }
}

#[test]
fn the_commands_of_a_recipe_are_all_shown_in_order() {
    let recipes = recipes();
    let commands = Commands::of(&recipes, recipes.get("lenet-300-100-vnq").unwrap()).unwrap();
    let lines = commands.lines();
    let [trained, made] = ["# in trainer/", "# in the root of the project"];
    let begins = [
        trained,
        "trainer sparse-vd",
        "trainer vnq",
        made,
        "curt compress",
        "curt compress",
        "curt compress",
        "curt pack --strip",
    ];
    assert_eq!(lines.len(), begins.len());
    assert!(lines.iter().zip(begins).all(|(line, begin)| line.starts_with(begin)), "{lines:#?}");
    assert!(lines[1].contains("--out runs/lenet-300-100-sparse-vd-1"));
    assert!(lines[2].contains("--start runs/lenet-300-100-sparse-vd-1/posterior.safetensors"));
}

#[test]
fn an_unknown_model_is_refused_with_the_known_ones() {
    let message = recipes().get("lenet-7").unwrap_err().to_string();
    assert!(message.contains("no recipe for 'lenet-7'") && message.contains("lenet-300-100-gnj"), "{message}");
}

#[test]
fn words_with_spaces_are_quoted() {
    let words = ["a b", "--shed=-2.8,3", "it's"].map(str::to_owned);
    assert_eq!(shown("curt", &words), r#"curt 'a b' --shed=-2.8,3 'it'"'"'s'"#);
}
