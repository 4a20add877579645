//! Networks with branches and images through `export` and the compressor.

use super::{Folder, curt, golden};
use curt::compress::{CompressOptions, Validation, compress};
use curt::encoding::Encoding;
use curt::posterior::Posterior;
use curt::{Dtype, Input, Limits, Model, Session};
use std::collections::BTreeSet;

/// Golden files whose graphs have layers, and every operator among them.
const GRAPHS: [&str; 22] = [
    "graph-dense-block",
    "graph-gate-added",
    "graph-inception",
    "graph-mobile",
    "graph-residual-chain",
    "graph-residual-projection",
    "graph-residual",
    "lenet-28x28",
    "lenet-small",
    "operator-add-image",
    "operator-add-no-elements",
    "operator-concat-no-channels",
    "operator-concat-two-images",
    "operator-concat-vectors",
    "operator-flatten-image",
    "operator-reshape-to-vector",
    "conv-depthwise",
    "conv-dilation-2",
    "conv-f32-2x3-asymmetric",
    "conv-groups-3-factors",
    "conv-padding-above-and-left",
    "conv-windows-wholly-in-padding",
];

/// Graphs of the golden files, exported, read as a plain network, compressed as 32-bit floats, and run.
#[test]
fn exported_graphs_compress_to_what_they_were() {
    let folder = Folder::new("graphs");
    let dense = folder.path("dense.safetensors");
    let mut ops = BTreeSet::new();
    let options = CompressOptions::new().encodings([Encoding::DenseF32]);
    for name in GRAPHS {
        let path = golden(&format!("valid/{name}.curt"));
        let model = Model::open(&path).unwrap();
        curt(&["export", &path, "-o", &dense, "--shape", "shrunk"]).ok();
        let posterior = Posterior::open(&dense).unwrap();
        let bytes = std::fs::read(golden(&format!("valid/{name}.input"))).unwrap();
        let floats: Vec<f32> = bytes.as_chunks::<4>().0.iter().map(|b| f32::from_le_bytes(*b)).collect();
        let is_bytes = model.graph().input().dtype == Dtype::U8;
        let samples = if is_bytes { Input::U8(&bytes) } else { Input::F32(&floats) };
        let outputs = model.graph().output_shape().elements();
        let expected = std::fs::read(golden(&format!("valid/{name}.output"))).unwrap();
        let expected: Vec<f32> = expected.as_chunks::<4>().0.iter().map(|b| f32::from_le_bytes(*b)).collect();
        let labels = vec![0; expected.len() / outputs];
        let compressed = compress(&posterior, &Validation { samples, labels: &labels }, &options, &mut |_, _, _| {});
        let compressed = compressed.unwrap_or_else(|error| panic!("{name}: {error}"));
        let written = Model::from_bytes(&compressed.bytes, &Limits::DEFAULT).unwrap();
        let mut found = vec![0.0; expected.len()];
        let mut session = Session::new(&written).unwrap();
        session.run(samples, &mut found).unwrap();
        let greatest = expected.iter().fold(1.0f32, |m, x| m.max(x.abs()));
        for (found, expected) in found.iter().zip(&expected) {
            assert!((found - expected).abs() <= 1e-4 * greatest, "{name}: {found}, expected {expected}");
        }
        ops.extend(written.graph().nodes().iter().map(|node| node.op.name()));
    }
    assert!(ops.len() >= 15, "{ops:?}");
}
