#![no_main]
#![cfg(fuzzing)]
libfuzzer_sys::fuzz_target!(|data: &[u8]| curt_fuzz::onnx(data));
