//! `curt doctor`: the features of this processor, the kernel for each encoding, and measured limits of the machine.

use crate::answer::Answer;
use crate::exit::Failure;
use crate::table::Table;
use crate::text::grouped;
use curt::Isa;
use curt::kernels::{Kernels, LinearKernel};
use curt::measure::MachineLimits;
use curt::measure::machine::ReadLimit;
use serde::Serialize;
use std::collections::BTreeMap;
use std::time::Duration;

/// Options of `doctor`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:
  CURT_ISA=scalar curt doctor")]
pub(crate) struct DoctorArgs {}

/// The time for measuring each figure.
const TIME: Duration = Duration::from_millis(60);

pub(crate) fn run(_: &DoctorArgs) -> Result<Answer, Failure> {
    let isa = Isa::from_env()?;
    let limits = MachineLimits::measure(isa, TIME)?;
    let tiers: Vec<Kernels> = Isa::ALL.into_iter().filter_map(|isa| Kernels::of(isa).ok()).collect();
    let forced = std::env::var_os(curt::kernels::isa::VARIABLE).is_some();
    Ok(Answer::new(text(isa, forced, &tiers, &limits), &fields(isa, &tiers, &limits)))
}

/// The kernel for a kind of layer: the tier that it was written for, and its name.
type Written = (Isa, &'static str);

/// The kernel of each encoding on a tier. The last line is the direct convolution, if the tier has one.
fn served(kernels: &Kernels) -> [(&'static str, Option<Written>); 11] {
    let linear = |kernel: LinearKernel| Some((kernel.isa, kernel.name));
    [
        ("dense_f32", linear(kernels.dense_f32)),
        ("dense_f16", linear(kernels.dense_f16)),
        ("fixed_point", linear(kernels.fixed_point)),
        ("ternary", linear(kernels.ternary)),
        ("codebook, up to 16", linear(kernels.codebook)),
        ("codebook, 17 to 256", linear(kernels.large_codebook)),
        ("sparse, with slots", linear(kernels.slots)),
        ("sparse, lists only", linear(kernels.lists)),
        ("block_f32, 8 rows", linear(kernels.block8)),
        ("block_f32, 16 rows", linear(kernels.block16)),
        ("direct convolution", kernels.direct.map(|kernel| (kernel.isa, kernel.name))),
    ]
}

/// The features that kernels could use, and whether the processor has them.
#[cfg(target_arch = "x86_64")]
fn features() -> Vec<(&'static str, bool)> {
    macro_rules! features {
        ($($name:tt),*) => { vec![$(($name, std::is_x86_feature_detected!($name))),*] };
    }
    features!(
        "sse4.2",
        "avx",
        "f16c",
        "fma",
        "avx2",
        "avxvnni",
        "avx512f",
        "avx512bw",
        "avx512dq",
        "avx512vl",
        "avx512vbmi",
        "avx512vnni"
    )
}

#[cfg(not(target_arch = "x86_64"))]
fn features() -> Vec<(&'static str, bool)> {
    Vec::new()
}

fn text(isa: Isa, forced: bool, tiers: &[Kernels], limits: &MachineLimits) -> String {
    let of = |wanted: bool| {
        features().into_iter().filter(|&(_, has)| has == wanted).map(|(name, _)| name).collect::<Vec<_>>().join(" ")
    };
    let mut text = format!("processor  {}\n", std::env::consts::ARCH);
    if !features().is_empty() {
        text += &format!("  has      {}\n  lacks    {}\n", of(true), of(false));
    }
    let why = if forced { "forced by CURT_ISA" } else { "the best of this processor" };
    text += &format!("runs on    {}, {why}\n\n", isa.name());
    let mut headings = vec!["<encoding"];
    let names: Vec<String> = tiers.iter().map(|tier| format!("<{}", tier.isa.name())).collect();
    headings.extend(names.iter().map(String::as_str));
    let mut table = Table::new(&headings);
    for row in 0..served(&tiers[0]).len() {
        let cell = |tier: &Kernels| match served(tier)[row].1 {
            None => "none: im2col".to_owned(),
            Some((isa, name)) if isa == tier.isa => name.to_owned(),
            Some((isa, _)) => format!("that of {}", isa.name()),
        };
        table.row(std::iter::once(served(&tiers[0])[row].0.to_owned()).chain(tiers.iter().map(cell)));
    }
    text += &format!("{table}");
    if isa != Isa::Scalar {
        text += "small dense, fixed-point and codebook layers are expanded to f32 instead, and skip activations of zero\n";
    }
    text += &format!("\nmeasured: one thread, kernels of {}\n", limits.isa.name());
    let mut table = Table::new(&["<  bytes in", "size", "read"]);
    for read in &limits.reads {
        table.row([
            format!("  {}", read.memory),
            format!("{} KiB", grouped(read.bytes as u64 / 1024)),
            format!("{:.1} GB/s", read.gb_per_s),
        ]);
    }
    text + &format!("{table}  multiply-adds: {:.1} GFLOP/s ({})\n", limits.gflop_per_s, limits.multiplied_by)
}

/// The fields of `--json`.
#[derive(Serialize)]
struct Fields<'a> {
    processor: &'a str,
    features: BTreeMap<&'a str, bool>,
    isa: &'a str,
    tiers: Vec<TierFields<'a>>,
    limits: LimitFields<'a>,
}

#[derive(Serialize)]
struct TierFields<'a> {
    isa: &'a str,
    kernels: Vec<KernelFields<'a>>,
}

#[derive(Serialize)]
struct KernelFields<'a> {
    encoding: &'a str,
    kernel: &'a str,
    written_for: &'a str,
}

/// The measured limits, for `doctor` and `bench`.
#[derive(Serialize)]
pub(crate) struct LimitFields<'a> {
    isa: &'a str,
    reads: Vec<ReadFields<'a>>,
    gflop_per_s: f64,
    multiplied_by: &'a str,
}

#[derive(Serialize)]
struct ReadFields<'a> {
    memory: &'a str,
    bytes: usize,
    gb_per_s: f64,
}

fn fields<'a>(isa: Isa, tiers: &[Kernels], limits: &'a MachineLimits) -> Fields<'a> {
    let kernel = |(encoding, written): (&'static str, Option<Written>)| {
        let (isa, kernel) = written?;
        Some(KernelFields { encoding, kernel, written_for: isa.name() })
    };
    let tier = |kernels: &Kernels| TierFields {
        isa: kernels.isa.name(),
        kernels: served(kernels).into_iter().filter_map(kernel).collect(),
    };
    Fields {
        processor: std::env::consts::ARCH,
        features: features().into_iter().collect(),
        isa: isa.name(),
        tiers: tiers.iter().map(tier).collect(),
        limits: LimitFields::new(limits),
    }
}

impl<'a> LimitFields<'a> {
    pub(crate) fn new(limits: &'a MachineLimits) -> Self {
        let read = |read: &'a ReadLimit| ReadFields { memory: read.memory, bytes: read.bytes, gb_per_s: read.gb_per_s };
        Self {
            isa: limits.isa.name(),
            reads: limits.reads.iter().map(read).collect(),
            gflop_per_s: limits.gflop_per_s,
            multiplied_by: limits.multiplied_by,
        }
    }
}
