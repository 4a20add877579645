//! Posterior files, changed with knowledge of their structure: refused with the kind `posterior`, or compressed into a file that loads.

use arbitrary::{Arbitrary, Unstructured};
use curt::compress::{CompressOptions, Validation, compress};
use curt::encoding::Encoding;
use curt::posterior::Posterior;
use curt::{Defect, Dtype, ErrorKind, Input, Limits, Model};
use curt_dev::posterior::{PosteriorFile, corners, maps};
use serde_json::json;
use std::sync::OnceLock;

#[derive(Arbitrary, Debug)]
struct Program {
    template: u8,
    /// Of the network's description.
    description: Vec<Edit>,
    /// Of the header that holds it and the tensors' places.
    header: Vec<Edit>,
    /// Bits of floats.
    floats: Vec<(u16, u32)>,
    cut: Option<u16>,
}

/// Places are taken modulo what there is.
#[derive(Arbitrary, Debug)]
enum Edit {
    /// A number, a name or a word becomes another one.
    Token { at: u16, with: u8 },
    /// Bytes are taken out.
    Remove { at: u16, len: u8 },
    /// Bytes are put in.
    Insert { at: u16, bytes: [u8; 3] },
    /// A range is repeated, such as a node.
    Repeat { at: u16, len: u8 },
}

const TOKENS: [&str; 42] = [
    "0",
    "-1",
    "-0.0",
    "1e999",
    "1e39",
    "1e-320",
    "0.5",
    "16777217",
    "4294967296",
    "18446744073709551615",
    "1e20",
    "2",
    "null",
    "true",
    "[]",
    "[8]",
    "[3,8]",
    "{}",
    "\"\"",
    "\"input\"",
    "\"fc1\"",
    "\"fc2\"",
    "\"relu1\"",
    "\"linear\"",
    "\"relu\"",
    "\"softmax\"",
    "\"flatten\"",
    "\"f32\"",
    "\"u8\"",
    "\"plain\"",
    "\"\\u202e\"",
    "[[[[[[[[]]]]]]]]",
    "[2,2]",
    "[1,1]",
    "[0,3]",
    "[16777216,1]",
    "[2,3,4]",
    "\"conv2d\"",
    "\"max_pool\"",
    "\"add\"",
    "\"concat\"",
    "\"reshape\"",
];

/// Any bytes: as they are, and as the changes that they spell.
pub fn posterior(data: &[u8]) {
    check(data, true);
    // Compressing takes a hundred times as long as reading: one file in four goes through it.
    let compressed = data.last().is_some_and(|byte| byte % 4 == 0);
    if let Ok(program) = Program::arbitrary_take_rest(Unstructured::new(data)) {
        check(&apply(&program), compressed);
    }
}

/// The file that a program makes of a golden one.
fn apply(program: &Program) -> Vec<u8> {
    static TEMPLATES: OnceLock<[PosteriorFile; 11]> = OnceLock::new();
    let templates = TEMPLATES.get_or_init(|| {
        [
            corners::gnj(),
            corners::plain(),
            maps::gnj(),
            maps::branches(1),
            corners::ghs(),
            maps::ghs(),
            corners::gaussian("sparse_vd"),
            corners::gaussian("graves"),
            corners::vnq(),
            corners::shared(),
            corners::rate(),
        ]
    });
    let mut file = templates[usize::from(program.template) % templates.len()].clone();
    for &(at, bits) in program.floats.iter().take(16) {
        let tensors = file.tensors.len();
        let bytes = &mut file.tensors[usize::from(at) % tensors].bytes;
        let words = bytes.len() / 4;
        bytes[usize::from(at) / tensors % words * 4..][..4].copy_from_slice(&bits.to_le_bytes());
    }
    let description = edit(file.description.to_string().into_bytes(), &program.description);
    let bytes = file.with_metadata(json!({ "curt": String::from_utf8_lossy(&description) }));
    let len = u64::from_le_bytes(bytes[..8].try_into().expect("8 bytes")) as usize;
    let header = edit(bytes[8..8 + len].to_vec(), &program.header);
    let mut out = (header.len() as u64).to_le_bytes().to_vec();
    out.extend(header);
    out.extend(&bytes[8 + len..]);
    if let Some(cut) = program.cut {
        out.truncate(usize::from(cut));
    }
    out
}

fn edit(mut text: Vec<u8>, edits: &[Edit]) -> Vec<u8> {
    for edit in edits.iter().take(8) {
        let place = |at: u16| usize::from(at) % (text.len() + 1);
        match *edit {
            Edit::Token { at, with } => {
                let tokens = tokens(&text);
                if let Some(range) = tokens.get(usize::from(at) % tokens.len().max(1)) {
                    text.splice(range.clone(), TOKENS[usize::from(with) % TOKENS.len()].bytes());
                }
            }
            Edit::Remove { at, len } => {
                let from = place(at);
                text.drain(from..(from + usize::from(len)).min(text.len()));
            }
            Edit::Insert { at, bytes } => {
                let at = place(at);
                text.splice(at..at, bytes);
            }
            Edit::Repeat { at, len } => {
                let from = place(at);
                let to = (from + usize::from(len)).min(text.len());
                let copy = text[from..to].to_vec();
                text.splice(to..to, copy);
            }
        }
    }
    text
}

/// The numbers, strings and words of a JSON text.
fn tokens(text: &[u8]) -> Vec<std::ops::Range<usize>> {
    let mut found = Vec::new();
    let mut i = 0;
    while i < text.len() {
        let is_word = |byte: &u8| byte.is_ascii_alphanumeric() || b"+-._".contains(byte);
        let len = match text[i] {
            b'"' => text[i + 1..].iter().position(|&byte| byte == b'"').map_or(1, |end| end + 2),
            byte if is_word(&byte) => text[i..].iter().take_while(|byte| is_word(byte)).count(),
            _ => {
                i += 1;
                continue;
            }
        };
        found.push(i..i + len);
        i += len;
    }
    found
}

/// A posterior file is refused as one, or read and, when that is asked for, compressed; what comes out loads.
fn check(file: &[u8], compressed: bool) {
    let posterior = match Posterior::from_bytes(file) {
        Ok(posterior) => posterior,
        Err(error) => {
            assert_eq!(error.kind(), ErrorKind::Posterior, "{error}");
            return;
        }
    };
    let (input, classes) = (posterior.input(), posterior.graph().output_shape().elements());
    if !compressed || input.shape.elements() > 256 || classes > 200 || work(&posterior) > 1 << 18 {
        return;
    }
    const SAMPLES: usize = 12;
    let bytes: Vec<u8> = (0..SAMPLES * input.shape.elements()).map(|i| (i * 37 % 256) as u8).collect();
    let floats: Vec<f32> = bytes.iter().map(|&byte| f32::from(byte) - 100.0).collect();
    let samples = match input.dtype {
        Dtype::U8 => Input::U8(&bytes),
        Dtype::F32 => Input::F32(&floats),
    };
    let labels: Vec<u32> = (0..SAMPLES).map(|i| (i % classes) as u32).collect();
    let encodings = [Encoding::DenseF32, Encoding::FixedPoint { bits: 4 }, Encoding::Codebook { levels: 4 }, Encoding::Ternary];
    let options = CompressOptions::new().max_error_increase(100.0).max_loss_increase(1e9).encodings(encodings);
    match compress(&posterior, &Validation { samples, labels: &labels }, &options, &mut |_, _, _| ()) {
        Ok(compressed) => {
            Model::from_bytes(&compressed.bytes, &Limits::DEFAULT).expect("what the compressor writes loads");
            crate::load(&compressed.bytes);
        }
        Err(error) => {
            use ErrorKind::{Format, Input, Limit, NoMemory, Posterior};
            let expected = [Input, Limit, NoMemory, Format(Defect::NonFinite), Posterior];
            assert!(expected.contains(&error.kind()), "{}: {error}", error.kind());
        }
    }
}

/// Elementary steps of one sample: padding and large windows make much of little.
fn work(posterior: &Posterior) -> u64 {
    let graph = posterior.graph();
    let nodes = graph.nodes().iter().zip(graph.shapes().iter().skip(1));
    let work = nodes.map(|(node, &output)| {
        let inputs: Vec<_> = node.inputs.iter().map(|&input| graph.shape(input)).collect();
        node.op.work(&inputs, output).expect("it was summed when the graph was built")
    });
    work.sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use curt_dev::Random;

    #[test]
    fn posterior_survives_changed_files() {
        let mut random = Random(3);
        let (mut refused, mut read) = (0, 0);
        for _ in 0..4_000 {
            let data: Vec<u8> = (0..1 + random.below(60)).map(|_| random.byte()).collect();
            posterior(&data);
            if let Ok(program) = Program::arbitrary_take_rest(Unstructured::new(&data)) {
                match Posterior::from_bytes(&apply(&program)) {
                    Ok(_) => read += 1,
                    Err(_) => refused += 1,
                }
            }
        }
        println!("posterior: {refused} files refused, {read} read");
        assert!(refused > 100 && read > 100);
    }
}
