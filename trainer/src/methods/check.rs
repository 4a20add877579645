//! Helpers for the tests of the methods: values in f64, and gradients against finite differences.

use burn::tensor::{DType, Device, Tensor, TensorData};

use crate::forward::Precision;

/// Checks the error relative to the expected value, or to 1e-3 if that is larger.
pub fn close(actual: f64, expected: f64, tolerance: f64) {
    let error = (actual - expected).abs() / expected.abs().max(1e-3);
    assert!(error < tolerance, "{actual} instead of {expected}");
}

/// f64 with gradients.
pub fn double() -> Precision {
    Precision { device: Device::flex().autodiff(), dtype: DType::F64 }
}

pub fn tensor<const D: usize>(values: &[f64], shape: [usize; D]) -> Tensor<D> {
    let data = TensorData::new(values.to_vec(), shape);
    Tensor::from_data(data, (&double().device, DType::F64))
}

pub fn tensor_values<const D: usize>(tensor: Tensor<D>) -> Vec<f64> {
    tensor.into_data().try_into_vec().unwrap()
}

/// Parameters in f64 in the order of `Method::parameters`, or their gradients.
pub type Values = Vec<Vec<f64>>;

/// Differentiates the loss with respect to every parameter, by central differences of step 1e-5 in f64 with fixed noise. The tolerance is 1e-6
/// for the f64 gradient and 1e-3 for the f32 gradient of training, relative to the larger of the slope and 0.01. Returns the number of parameters.
pub fn check_gradient(mut values: Values, loss: impl Fn(&Values) -> f64, double: &Values, single: &[Vec<f32>]) -> usize {
    const STEP: f64 = 1e-5;
    let mut checked = 0;
    for array in 0..values.len() {
        for index in 0..values[array].len() {
            let value = values[array][index];
            let mut at = |value: f64| {
                values[array][index] = value;
                loss(&values)
            };
            let difference = (at(value + STEP) - at(value - STEP)) / (2.0 * STEP);
            at(value);
            let scale = difference.abs().max(0.01);
            for (slope, tolerance) in [(double[array][index], 1e-6), (f64::from(single[array][index]), 1e-3)] {
                assert!(
                    (slope - difference).abs() < tolerance * scale,
                    "array {array}, value {index}: slope {slope}, difference {difference}, tolerance {tolerance}"
                );
            }
            checked += 1;
        }
    }
    checked
}
