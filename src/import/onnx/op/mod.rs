//! The operators that become nodes of the network, and those that only change how a value is seen.

mod affine;
mod conv;
mod join;
mod linear;
mod pointwise;
mod pool;
mod reorder;
mod value;
mod window;

use super::at::At;
use crate::base::error::{Error, Result};
use crate::import::error::unsupported;
use crate::import::view::View;

/// The value of a node that reads computed values.
///
/// # Errors
/// `unsupported`, `import`, `shape`, `limit`.
pub(super) fn lower(at: &mut At<'_, '_>) -> Result<View> {
    match (at.is_standard(), at.node.op) {
        (true, "Conv") => conv::conv(at),
        (true, "Gemm") => linear::gemm(at),
        (true, "MatMul") => linear::mat_mul(at),
        (true, "MaxPool" | "AveragePool") => pool::windows(at),
        (true, "GlobalAveragePool" | "GlobalMaxPool" | "ReduceMean" | "ReduceMax") => pool::reduce(at),
        (true, "Identity" | "Dropout") => at.padded_data(0),
        (true, "Cast") => reorder::cast(at),
        (true, "Reshape" | "Flatten" | "Squeeze" | "Unsqueeze" | "Expand") => reorder::dims(at),
        (true, "Transpose") => reorder::transpose(at),
        (true, "Pad") => reorder::pad(at),
        (true, "Add" | "Sub" | "Mul" | "Div" | "Sum") => join::arithmetic(at),
        (true, "Concat") => join::concat(at),
        (true, "Max" | "Min") => pointwise::bound(at),
        (true, "BatchNormalization") => affine::batch_norm(at),
        (true, "Neg") => {
            let view = at.data(0)?;
            affine::uniform(at, &view, -1.0, 0.0)
        }
        (true, "PRelu") => pointwise::prelu(at),
        (true, "Softmax") => pointwise::softmax(at),
        (true, _) => pointwise::activation(at)?.ok_or_else(|| missing(at.node.op)),
        (false, "Scaler") => affine::scaler(at),
        (false, op) => Err(missing(op)),
    }
}

/// The error of an operator that the network cannot have, with the nearest way out.
fn missing(op: &str) -> Error {
    let way = match op {
        "ArgMax" | "ArgMin" | "TopK" | "LogSoftmax" | "ZipMap" | "NonMaxSuppression" => {
            "leave it to the program that runs the network: --output-value names the value before it"
        }
        "LSTM" | "GRU" | "RNN" | "If" | "Loop" | "Scan" => {
            "recurrence and control flow are not run; --output-value imports what comes before"
        }
        "QuantizeLinear"
        | "DynamicQuantizeLinear"
        | "QLinearConv"
        | "QLinearMatMul"
        | "ConvInteger"
        | "MatMulInteger"
        | "Quant"
        | "BipolarQuant"
        | "Trunc" => "import the network before its activations were quantized",
        "Sigmoid" | "Elu" | "Selu" | "Gelu" | "Softplus" | "Mish" | "Swish" | "Erf" | "Softsign" => {
            "train with relu, leaky_relu, hard_swish, sigmoid or tanh in its place"
        }
        "Gather" | "Slice" | "Split" | "Shape" | "Where" => "with fixed shapes onnxsim removes it, if it serves shapes only",
        _ => "--output-value imports the network up to a value before it",
    };
    unsupported(format!("the operator is not imported; {way}"))
}
