//! Every operator that is imported, against ONNX Runtime.

use crate::files::{cases, read, run};
use curt::import::onnx::{self, OnnxOptions};

/// The largest difference relative to the greatest output.
const TOLERANCE: f32 = 1e-5;

#[test]
fn every_file_computes_what_onnx_runtime_computes() {
    let (mut worst, mut failed, mut count) = (0f32, Vec::new(), 0);
    for (name, expected) in cases() {
        let imported = match onnx::from_bytes(&read(&format!("{name}.onnx")), &name, &OnnxOptions::new()) {
            Ok(imported) => imported,
            Err(error) => {
                failed.push(format!("{name}: {error:?}"));
                continue;
            }
        };
        let outputs = run(&imported, &expected.inputs);
        assert_eq!(outputs.len(), expected.outputs.len(), "{name}");
        let greatest = expected.outputs.iter().fold(1f32, |greatest, value| greatest.max(value.abs()));
        let difference = outputs.iter().zip(&expected.outputs).fold(0f32, |worst, (a, b)| worst.max((a - b).abs())) / greatest;
        if difference.is_nan() || difference > TOLERANCE {
            failed.push(format!("{name}: differs by {difference:e}: {outputs:?}, expected {:?}", expected.outputs));
        }
        worst = worst.max(difference);
        count += 1;
    }
    println!("{count} files, largest difference {worst:e}");
    assert!(failed.is_empty(), "\n{}", failed.join("\n"));
    assert!(count >= 44);
}
