"""Compares imported ONNX files with ONNX Runtime: a row of the table of docs/import.md for each file.

    python compare.py MODEL.onnx [--shape INPUT=1,3,32,32] [--output-value VALUE]

Needs: pip install onnx onnxruntime numpy, and the program `curt` on the PATH or in $CURT. Samples are normal numbers, or random bytes.
"""
import argparse
import json
import os
import subprocess
import tempfile
import numpy as np
import onnx
import onnxruntime

SAMPLES = 8


def curt(*args):
    ran = subprocess.run([os.environ.get("CURT", "curt"), *args, "--json"], capture_output=True, text=True)
    answer = json.loads(ran.stdout)
    return answer, answer.get("failure", {}).get("message")


def engine(path, value, shape):
    """What computes `value`, the input's name, and samples."""
    model = onnx.load(path)
    if value:
        del model.graph.output[:]
        model.graph.output.append(onnx.helper.make_tensor_value_info(value, onnx.TensorProto.FLOAT, None))
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    info = session.get_inputs()[0]
    dims = [int(d) for d in shape.split("=")[1].split(",")] if shape else [d if isinstance(d, int) else 1 for d in info.shape]
    random = np.random.default_rng(0)
    size = (SAMPLES, *dims[1:])
    x = random.integers(0, 256, size).astype("u1") if info.type == "tensor(uint8)" else random.normal(size=size).astype("f4")
    return session, info.name, x


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("model")
    parser.add_argument("--shape")
    parser.add_argument("--output-value")
    args = parser.parse_args()
    name, size = os.path.basename(args.model), os.path.getsize(args.model)
    extra = [a for option in ("shape", "output_value") if (v := getattr(args, option)) for a in ("--" + option.replace("_", "-"), v)]
    session, input_name, x = engine(args.model, args.output_value, args.shape)
    expected = np.concatenate([np.asarray(session.run(None, {input_name: s[None]})[0]).reshape(1, -1) for s in x])
    with tempfile.TemporaryDirectory() as folder:
        samples, out, outputs = (os.path.join(folder, n) for n in ("x.npy", "m.curt", "y.npy"))
        np.save(samples, x)
        _, failure = curt("compress", args.model, "-o", out, "--calibration", samples, "--encoding", "all=dense_f32", *extra)
        if failure:
            print(f"| `{name}` | no: {failure.removeprefix(args.model + ': ')} | | {size:,} | |")
            return
        # A file may have the channels last; the network has them first.
        for feed in (x, np.moveaxis(x, -1, 1)):
            np.save(samples, feed)
            _, failure = curt("run", out, samples, "--outputs", outputs)
            if not failure:
                break
        found = None if failure else np.load(outputs).reshape(expected.shape)
        difference = failure or f"{np.abs(found - expected).max():.1e} of {np.abs(expected).max():.3g}"
        print(f"| `{name}` | yes | {difference} | {size:,} | {os.path.getsize(out):,} |")


main()
