//! `curt bench --check-plan`: how far the form of a layer that the plan picks is from the fastest.

use crate::answer::Answer;
use crate::exit::Failure;
use crate::progress;
use crate::statistics::median;
use crate::table::Table;
use crate::text::nanoseconds;
use curt::Isa;
use curt::measure::{Budget, PlanCase, PlanCheck};
use serde::Serialize;
use std::time::Duration;

/// The loss that a pick should stay within, in percent.
const AIM: f64 = 10.0;

#[derive(Serialize)]
struct Fields {
    isa: &'static str,
    cases: Vec<CaseFields>,
    worst_loss_percent: f64,
    median_loss_percent: f64,
    within_10_percent: usize,
}

#[derive(Serialize)]
struct CaseFields {
    layer: String,
    batch: usize,
    pick: String,
    pick_ns: f64,
    best: String,
    best_ns: f64,
    loss_percent: f64,
    candidates: Vec<CandidateFields>,
}

#[derive(Serialize)]
struct CandidateFields {
    kernel: String,
    ns: f64,
}

/// Checks the cases whose names contain `text`, each for about `time`.
pub(super) fn check(text: &str, time: Duration) -> Result<Answer, Failure> {
    let isa = Isa::from_env()?;
    let cases: Vec<PlanCase> = PlanCase::all().into_iter().filter(|case| case.to_string().contains(text)).collect();
    if cases.is_empty() {
        return Err(Failure::usage(format!("--check-plan: no layer has {text:?} in its name, such as sparse80:87x233")));
    }
    let bar = progress::bar(cases.len() as u64, "timing");
    let checked = bar.wrap_iter(cases.iter()).map(|case| Ok(fields(case, &case.check(isa, &Budget::of(time))?)));
    let checked = checked.collect::<Result<Vec<_>, Failure>>();
    bar.finish_and_clear();
    let cases = checked?;
    let losses = || cases.iter().map(|case| case.loss_percent);
    let fields = Fields {
        isa: isa.name(),
        worst_loss_percent: losses().fold(0.0, f64::max),
        median_loss_percent: median(losses()).unwrap_or(0.0),
        within_10_percent: losses().filter(|&loss| loss <= AIM).count(),
        cases,
    };
    Ok(Answer::new(page(&fields), &fields))
}

fn fields(case: &PlanCase, check: &PlanCheck) -> CaseFields {
    let (pick, best) = (check.pick(), check.best());
    let candidates = check.candidates().iter();
    CaseFields {
        layer: case.to_string(),
        batch: case.batch,
        pick: pick.kernel.clone(),
        pick_ns: pick.ns,
        best: best.kernel.clone(),
        best_ns: best.ns,
        loss_percent: check.loss_percent(),
        candidates: candidates.map(|form| CandidateFields { kernel: form.kernel.clone(), ns: form.ns }).collect(),
    }
}

fn page(fields: &Fields) -> String {
    let mut table = Table::new(&["<layer", "batch", "<the plan's pick", "time", "<the fastest", "time", "loss"]);
    for case in &fields.cases {
        let is_best = case.pick == case.best;
        let best = if is_best { "the same".to_owned() } else { case.best.clone() };
        table.row([
            case.layer.clone(),
            case.batch.to_string(),
            case.pick.clone(),
            nanoseconds(case.pick_ns),
            best,
            nanoseconds(case.best_ns),
            format!("{:.0} %", case.loss_percent),
        ]);
    }
    format!(
        "{}; times are medians for one sample with half of the activations zero\n\n{table}\n\
         {} of {} picks are within {AIM} % of the fastest form; the median loss is {:.1} %, the worst {:.0} %\n",
        fields.isa,
        fields.within_10_percent,
        fields.cases.len(),
        fields.median_loss_percent,
        fields.worst_loss_percent
    )
}
