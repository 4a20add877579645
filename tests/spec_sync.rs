//! The specification's text and the library say the same: kinds, encodings, limits, constants, and the tables of fma and exp.

use curt::base::fma::{Emulated, Fma, fma};
use curt::base::limits::{MAX_DIMENSION, MAX_ELEMENTS, MAX_LAYER_WEIGHTS, MAX_NAME_BYTES};
use curt::base::math::{exp, tanh};
use curt::encoding::Encoding;
use curt::format::mapped::{BYTE_ORDER, HEADER_BYTES, MAGIC, VERSION};
use curt::graph::Op;
use curt::{ErrorKind, Limits};
use curt_dev::golden::{floats, root};
use std::collections::BTreeSet;

fn page(name: &str) -> String {
    let path = root().join("format-spec").join(name);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The lines of a page from the heading that starts with `heading` to the next heading of any level.
fn section<'a>(page: &'a str, heading: &str) -> Vec<&'a str> {
    let mut lines = page.lines().skip_while(|line| !line.starts_with(heading));
    assert!(lines.next().is_some(), "no heading {heading:?}");
    lines.take_while(|line| !line.starts_with('#')).collect()
}

/// The cells of the tables in `lines`, without headings.
fn rows(lines: &[&str]) -> Vec<Vec<String>> {
    let cells = |line: &str| line.trim_matches('|').split('|').map(|cell| cell.trim().to_owned()).collect::<Vec<_>>();
    let all: Vec<_> = lines.iter().filter(|line| line.starts_with('|')).map(|line| cells(line)).collect();
    let is_rule = |row: &Vec<String>| row.iter().all(|cell| cell.starts_with("---"));
    let headings: Vec<usize> = (0..all.len()).filter(|&i| all.get(i + 1).is_some_and(is_rule)).collect();
    all.iter().enumerate().filter(|(i, row)| !headings.contains(i) && !is_rule(row)).map(|(_, row)| row.clone()).collect()
}

/// What stands in backquotes.
fn quoted(cell: &str) -> Vec<&str> {
    cell.split('`').skip(1).step_by(2).collect()
}

/// Kinds that no file's content causes: they are not in the specification.
const NOT_OF_THE_FORMAT: [&str; 9] =
    ["io", "not_a_file", "no_memory", "input", "posterior", "isa", "internal", "import", "unsupported"];

#[test]
fn the_kinds_of_section_8_are_the_kinds_of_the_library() {
    let spec = page("SPEC.md");
    let rows = rows(&section(&spec, "## 8."));
    let named: BTreeSet<&str> = rows.iter().flat_map(|row| quoted(row.last().expect("a cell"))).collect();
    let all: BTreeSet<&str> = ErrorKind::all().map(|kind| kind.name()).collect();
    let unknown: Vec<_> = named.difference(&all).collect();
    assert!(unknown.is_empty(), "SPEC.md section 8 names {unknown:?}, ErrorKind does not");
    let own: BTreeSet<&str> = NOT_OF_THE_FORMAT.into();
    assert!(own.is_subset(&all), "the library no longer has {:?}", own.difference(&all));
    let missing: Vec<_> = all.difference(&named).filter(|name| !own.contains(*name)).collect();
    assert!(missing.is_empty(), "ErrorKind has {missing:?}, SPEC.md section 8 does not name them");
    assert_eq!(named.intersection(&own).count(), 0);
    println!("{} kinds in {} checks agree", named.len(), rows.len());
}

#[test]
fn the_operators_of_section_4_2_are_those_of_the_library() {
    let spec = page("SPEC.md");
    let named: BTreeSet<_> = rows(&section(&spec, "### 4.2")).into_iter().map(|row| (row[0].clone(), row[1].clone())).collect();
    let known: BTreeSet<_> = Op::kinds().map(|op| (op.id().to_string(), op.name().to_owned())).collect();
    assert_eq!(named, known);
    println!("{} operators agree", known.len());
}

#[test]
fn the_encodings_of_section_6_are_those_of_the_library() {
    let spec = page("SPEC.md");
    let rows = rows(&section(&spec, "## 6."));
    assert_eq!(rows.len(), Encoding::ALL.len());
    for (row, encoding) in rows.iter().zip(Encoding::ALL) {
        let (id, _) = encoding.to_fields();
        assert_eq!((row[0].as_str(), quoted(&row[1])), (id.to_string().as_str(), vec![encoding.name()]));
        assert!(page(&row[4]).contains(encoding.name()), "{} does not name {}", row[4], encoding.name());
        // "bits, 2 to 8": every parameter of the range is taken and no other; of "8 or 16" those two. A single number is the only one.
        let numbers: Vec<u32> = row[2].split(|c: char| !c.is_ascii_digit()).filter_map(|word| word.parse().ok()).collect();
        let (least, most) = (numbers[0], numbers[numbers.len() - 1]);
        for parameter in 0..300 {
            let taken = Encoding::from_fields(id, parameter, 0);
            let named = if row[2].contains(" or ") { numbers.contains(&parameter) } else { (least..=most).contains(&parameter) };
            assert_eq!(taken.is_ok(), named, "{} with parameter {parameter}", encoding.name());
            if let Ok(encoding) = taken {
                assert_eq!(encoding.to_fields(), (id, parameter));
                let levels = match row[3].as_str() {
                    "none" => 0,
                    text if text.starts_with('K') => encoding.level_count(),
                    text => text.split(':').next().and_then(|n| n.parse().ok()).expect("a number of levels"),
                };
                assert_eq!(encoding.level_count(), levels, "{}", encoding.name());
            }
        }
    }
    println!("{} encodings agree", rows.len());
}

/// `2^40 bytes`, `1 to 4096`, `1 to 255 bytes`: the greatest numbers, in order.
fn greatest(cell: &str) -> Vec<u64> {
    let number = |text: &str| match text.split_once('^') {
        Some((base, power)) => Some(base.parse::<u64>().ok()?.pow(power.parse().ok()?)),
        None => text.parse().ok(),
    };
    cell.split(';').filter_map(|part| part.split_whitespace().filter_map(number).next_back()).collect()
}

#[test]
fn the_limits_of_section_3_are_those_of_the_library() {
    let spec = page("SPEC.md");
    let rows = rows(&section(&spec, "## 3."));
    let of = |what: &str| {
        let row = rows.iter().find(|row| row[0].starts_with(what)).unwrap_or_else(|| panic!("no limit of {what:?}"));
        greatest(&row[1])
    };
    let format = Limits::FORMAT;
    let pairs = [
        ("file", vec![format.file_bytes]),
        ("nodes", vec![format.nodes]),
        ("one stored dimension", vec![MAX_DIMENSION, MAX_ELEMENTS]),
        ("weights of one layer", vec![MAX_LAYER_WEIGHTS]),
        ("weights of the model", vec![format.weights]),
        ("elements of all values", vec![format.activations]),
        ("work of one inference", vec![format.multiply_adds]),
        ("a name", vec![MAX_NAME_BYTES]),
    ];
    assert_eq!(rows.len(), pairs.len(), "a limit without a constant, or the reverse");
    for (what, constants) in &pairs {
        assert_eq!(&of(what), constants, "{what}");
    }
    println!("{} limits agree", pairs.len());
}

#[test]
fn the_header_of_section_2_is_that_of_the_library() {
    let spec = page("SPEC.md");
    let rows = rows(&section(&spec, "### 2.1"));
    let value = |field: &str| &rows.iter().find(|row| row[2] == field).unwrap_or_else(|| panic!("no field {field:?}"))[3];
    let magic: Vec<u8> = quoted(value("magic"))[0].split(' ').map(|byte| u8::from_str_radix(byte, 16).unwrap()).collect();
    assert_eq!(magic, MAGIC);
    assert_eq!(*value("byte order"), format!("`u32` {BYTE_ORDER:#010x}"));
    assert_eq!(*value("version"), format!("`u16` {VERSION}"));
    let end: usize = rows.iter().map(|row| row[1].parse::<usize>().unwrap()).sum();
    assert_eq!(end, HEADER_BYTES, "the fields fill the header");
    let crc = spec.split("(`\"123456789\"` gives 0x").nth(1).expect("the check value").split(')').next().unwrap_or_default();
    assert_eq!(crc32c::crc32c(b"123456789"), u32::from_str_radix(crc, 16).unwrap());
}

/// Computes exp from the constants of the text, by its recipe.
struct Recipe {
    highest: u32,
    lowest: u32,
    log2_e: u32,
    ln2: [u32; 2],
    polynomial: Vec<u32>,
    tanh: Vec<u32>,
}

impl Recipe {
    fn read() -> Self {
        let text = page("arithmetic.md");
        let lines = section(&text, "## 6.");
        // A constant is 0x and eight digits.
        let constants = |line: &str| -> Vec<u32> {
            let digits = |part: &str| u32::from_str_radix(part.get(..8)?, 16).ok();
            line.split("0x").skip(1).filter_map(digits).collect()
        };
        let all: Vec<u32> = lines.iter().flat_map(|line| constants(line)).collect();
        let [highest, lowest, log2_e, high, low, polynomial @ ..] = all.as_slice() else { panic!("constants {all:x?}") };
        assert_eq!(polynomial.len(), 6 + 5, "{polynomial:x?}");
        let (polynomial, tanh) = polynomial.split_at(6);
        Self {
            highest: *highest,
            lowest: *lowest,
            log2_e: *log2_e,
            ln2: [*high, *low],
            polynomial: polynomial.to_vec(),
            tanh: tanh.to_vec(),
        }
    }

    fn exp(&self, x: f32) -> f32 {
        let [highest, lowest, log2_e] = [self.highest, self.lowest, self.log2_e].map(f32::from_bits);
        if x > highest {
            return f32::INFINITY;
        }
        if x < lowest {
            return 0.0;
        }
        let n = (x * log2_e).round_ties_even();
        let r = self.ln2.iter().fold(x, |r, &part| fma(n, -f32::from_bits(part), r));
        let p = self.polynomial[1..].iter().fold(f32::from_bits(self.polynomial[0]), |p, &c| fma(p, r, f32::from_bits(c)));
        let y = fma(p, r * r, r) + 1.0;
        let half = (n / 2.0).floor();
        y * 2f32.powi(half as i32) * 2f32.powi((n - half) as i32)
    }
}

#[test]
fn exp_has_the_constants_of_arithmetic_section_6() {
    let recipe = Recipe::read();
    let mut random = curt_dev::Random(6);
    let mut arguments: Vec<f32> = [recipe.highest, recipe.lowest].into_iter().map(f32::from_bits).collect();
    arguments.extend(arguments.clone().iter().flat_map(|x| [x.next_up(), x.next_down()]));
    arguments.extend((0..200_000).map(|_| (random.signed() * 90.0) as f32));
    arguments.extend((0..200_000).map(|_| f32::from_bits(random.bits() as u32)).filter(|x| !x.is_nan()));
    for &x in &arguments {
        assert_eq!(exp(x).to_bits(), recipe.exp(x).to_bits(), "exp({x:e})");
    }
    println!("exp agrees with the text on {} arguments", arguments.len());
    // A constant that is wrong is noticed, unless by the low bits of a small term: those show in the source alone.
    for wrong in 0..recipe.polynomial.len() {
        let mut recipe = Recipe::read();
        recipe.polynomial[wrong] ^= 1 << 22;
        let differs = |x: &f32| exp(*x).to_bits() != recipe.exp(*x).to_bits();
        assert!(arguments.iter().any(differs), "coefficient {wrong} has no influence");
    }
    let source = std::fs::read_to_string(root().join("src/base/math.rs")).unwrap();
    let constants = |name: &str| -> Vec<u32> {
        let line = source.lines().find(|line| line.starts_with(&format!("const {name}:"))).unwrap_or_else(|| panic!("no {name}"));
        let value = |part: &str| u32::from_str_radix(&part.get(..9)?.replace('_', ""), 16).ok();
        line.split("0x").skip(1).filter_map(value).collect()
    };
    let pairs = [("HIGHEST", recipe.highest), ("LOWEST", recipe.lowest), ("LOG2_E", recipe.log2_e)];
    let parts = [("LN2_HIGH", recipe.ln2[0]), ("LN2_LOW", recipe.ln2[1])];
    pairs.into_iter().chain(parts).for_each(|(name, bits)| assert_eq!(constants(name), [bits], "{name}"));
    assert_eq!(constants("POLYNOMIAL"), recipe.polynomial);
    assert_eq!(constants("TANH_POLYNOMIAL"), recipe.tanh);
}

fn same(a: f32, b: f32) -> bool {
    a.to_bits() == b.to_bits() || a.is_nan() && b.is_nan()
}

#[test]
fn fma_exp_and_tanh_are_those_of_the_tables() {
    let table = |name: &str| floats(&root().join("format-spec/vectors/functions").join(name));
    let (triples, expected) = (table("fma.input"), table("fma.output"));
    assert!(expected.len() >= 1000 && triples.len() == 3 * expected.len());
    for (triple, expected) in triples.chunks_exact(3).zip(&expected) {
        let [a, b, c] = [triple[0], triple[1], triple[2]];
        for (name, found) in [("fma", fma(a, b, c)), ("the emulated fma", Emulated::fma(a, b, c)), ("mul_add", a.mul_add(b, c))] {
            assert!(same(found, *expected), "{name}({a:e}, {b:e}, {c:e}) = {found:e}, not {expected:e}");
        }
    }
    println!("{} values of fma agree with the table", expected.len());
    for (name, function) in [("exp", exp as fn(f32) -> f32), ("tanh", tanh)] {
        let (points, results) = (table(&format!("{name}.input")), table(&format!("{name}.output")));
        assert!(points.len() >= 1000 && points.len() == results.len());
        for (x, expected) in points.iter().zip(&results) {
            assert!(same(function(*x), *expected), "{name}({x:e}) = {:e}, not {expected:e}", function(*x));
        }
        println!("{} values of {name} agree with the table", points.len());
    }
}
