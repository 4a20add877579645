#!/usr/bin/env python3
"""Times LiteRT (f32, one thread) beside Curt on the same shrunk network: same weights, outputs compared first, rounds in turn.

    pip install ai-edge-litert flatbuffers numpy
    cargo build --release
    python3 benches/rivals/litert.py models/lenet-5-caffe-gnj.curt models/lenet-300-100-gnj.curt

LiteRT gets the network that `curt export --shape shrunk` writes, as a TFLite file built here. Its time is that of `invoke` from Python, with the
input already there as floats; Curt's is that of `curt bench`, from the bytes of the image on. Networks of linear, conv2d without padding, max_pool,
relu and flatten on 784 bytes are covered; another operator is refused by name.
"""

import argparse
import json
import pathlib
import statistics
import struct
import subprocess
import sys
import tempfile
import time

try:
    import flatbuffers
    import numpy as np
    from ai_edge_litert import schema_py_generated as tflite
    from ai_edge_litert.interpreter import Interpreter
except ImportError as error:
    sys.exit(f"{error}; pip install ai-edge-litert flatbuffers numpy")

ROOT = pathlib.Path(__file__).resolve().parents[2]
DIGITS = ROOT / "cli" / "data" / "digits-images-idx3-ubyte"
SAMPLES, CALLS, ROUNDS = 200, 400, 7
DTYPES = {"F32": np.float32}


def safetensors(path):
    """The tensors of a file, and its metadata."""
    data = path.read_bytes()
    (length,) = struct.unpack_from("<Q", data)
    header = json.loads(data[8:8 + length])
    metadata, body = header.pop("__metadata__"), data[8 + length:]
    read = lambda t: np.frombuffer(body[slice(*t["data_offsets"])], DTYPES[t["dtype"]]).reshape(t["shape"])
    return {name: read(tensor) for name, tensor in header.items()}, metadata


class Builder:
    """A TFLite file of one graph. Images are `[1, height, width, channels]`."""

    def __init__(self):
        self.model, self.graph, self.codes = tflite.ModelT(), tflite.SubGraphT(), {}
        self.model.version, self.model.operatorCodes, self.model.buffers = 3, [], [tflite.BufferT()]
        self.graph.tensors, self.graph.operators = [], []

    def tensor(self, shape, values=None):
        tensor = tflite.TensorT()
        tensor.shape, tensor.type, tensor.buffer = list(shape), tflite.TensorType.FLOAT32, 0
        if values is not None:
            buffer = tflite.BufferT()
            buffer.data = np.frombuffer(np.ascontiguousarray(values).tobytes(), np.uint8)
            self.model.buffers.append(buffer)
            tensor.buffer = len(self.model.buffers) - 1
            tensor.type = tflite.TensorType.INT32 if values.dtype == np.int32 else tflite.TensorType.FLOAT32
        self.graph.tensors.append(tensor)
        return len(self.graph.tensors) - 1

    def operator(self, name, inputs, shape, options=None, kind=None):
        code = getattr(tflite.BuiltinOperator, name)
        if code not in self.codes:
            entry = tflite.OperatorCodeT()
            entry.builtinCode = entry.deprecatedBuiltinCode = code
            entry.version = 1
            self.codes[code] = len(self.model.operatorCodes)
            self.model.operatorCodes.append(entry)
        operator, output = tflite.OperatorT(), self.tensor(shape)
        operator.opcodeIndex, operator.inputs, operator.outputs = self.codes[code], list(inputs), [output]
        if options is not None:
            operator.builtinOptions, operator.builtinOptionsType = options, getattr(tflite.BuiltinOptions, kind)
        self.graph.operators.append(operator)
        return output

    def bytes(self, first, last):
        self.graph.inputs, self.graph.outputs, self.model.subgraphs = [first], [last], [self.graph]
        builder = flatbuffers.Builder(1024)
        builder.Finish(self.model.Pack(builder), b"TFL3")
        return bytes(builder.Output())


def window(options, node):
    """Valid padding and the strides of a window."""
    if any(node.get("padding", [])) or node.get("groups", 1) != 1 or node.get("dilation", [1, 1]) != [1, 1]:
        sys.exit(f"{node['name']}: padding, groups and dilation are not covered")
    options.padding, (options.strideH, options.strideW) = tflite.Padding.VALID, node["stride"]
    return options


def build(tensors, description):
    """The network as a TFLite file. ReLU goes into the layer before it, as LiteRT's converter has it, also past max pooling."""
    builder, nodes = Builder(), description["nodes"]
    shape = description["input"]["shape"]
    image = (shape[1], shape[2], shape[0]) if len(shape) == 3 else None
    first = value = builder.tensor([1, *(image or shape)])
    flat = None  # the image that was flattened: its columns change their order
    for i, node in enumerate(nodes):
        op, after = node["op"], [n["op"] for n in nodes[i + 1:i + 3]]
        relu = int(after[:1] == ["relu"] or op == "conv2d" and after == ["max_pool", "relu"])
        if op in ("linear", "conv2d"):
            weight, bias = (tensors[f"{node['name']}.{part}"].astype(np.float32) for part in ("weight", "bias"))
        if op == "conv2d":
            options = window(tflite.Conv2DOptionsT(), node)
            options.dilationHFactor = options.dilationWFactor = 1
            options.fusedActivationFunction = relu
            image = [(n - k) // s + 1 for n, k, s in zip(image, node["kernel"], node["stride"])] + [weight.shape[0]]
            weight = weight.transpose(0, 2, 3, 1)
            inputs = [value, builder.tensor(weight.shape, weight), builder.tensor(bias.shape, bias)]
            value = builder.operator("CONV_2D", inputs, [1, *image], options, "Conv2DOptions")
        elif op == "max_pool":
            options = window(tflite.Pool2DOptionsT(), node)
            options.filterHeight, options.filterWidth = node["kernel"]
            image = [(n - k) // s + 1 for n, k, s in zip(image, node["kernel"], node["stride"])] + [image[2]]
            value = builder.operator("MAX_POOL_2D", [value], [1, *image], options, "Pool2DOptions")
        elif op == "flatten" and image:
            flat, size = image, int(np.prod(image))
            options = tflite.ReshapeOptionsT()
            options.newShape = [1, size]
            inputs = [value, builder.tensor([2], np.array([1, size], np.int32))]
            value = builder.operator("RESHAPE", inputs, [1, size], options, "ReshapeOptions")
        elif op == "linear":
            if flat:
                height, width, channels = flat
                weight = weight.reshape(-1, channels, height, width).transpose(0, 2, 3, 1).reshape(weight.shape)
                flat = None
            options = tflite.FullyConnectedOptionsT()
            options.fusedActivationFunction = relu
            inputs = [value, builder.tensor(weight.shape, weight), builder.tensor(bias.shape, bias)]
            value = builder.operator("FULLY_CONNECTED", inputs, [1, len(bias)], options, "FullyConnectedOptions")
        elif op not in ("relu", "flatten"):
            sys.exit(f"{node['name']}: {op} is not covered")
    return builder.bytes(first, value)


def curt(program, *args):
    """What a command of the program prints."""
    try:
        return subprocess.run([program, *map(str, args)], check=True, capture_output=True, text=True).stdout
    except OSError as error:
        sys.exit(f"{program}: {error.strerror}; build it first: cargo build --release")
    except subprocess.CalledProcessError as error:
        sys.exit(error.stderr.strip())


def measure(program, model, folder):
    exported, outputs = folder / "shrunk.safetensors", folder / "outputs.npy"
    curt(program, "run", model, "--images", DIGITS, "--outputs", outputs)  # refuses a model that does not read 784 bytes
    curt(program, "export", model, "--shape", "shrunk", "-o", exported)
    tensors, metadata = safetensors(exported)
    description = json.loads(metadata["curt"])
    images = np.frombuffer(DIGITS.read_bytes()[16:], np.uint8).reshape(-1, 784)[:SAMPLES]
    x = images.astype(np.float32) * np.float32(description["input"]["scale"][0]) + np.float32(description["input"]["offset"][0])
    if "kept_inputs" in metadata:
        x = x[:, json.loads(metadata["kept_inputs"])]
    interpreter = Interpreter(model_content=build(tensors, description), num_threads=1)
    interpreter.allocate_tensors()
    into, out = interpreter.get_input_details()[0], interpreter.get_output_details()[0]["index"]
    x = x.reshape(len(x), *into["shape"])

    def call(sample):
        interpreter.set_tensor(into["index"], sample)
        start = time.perf_counter_ns()
        interpreter.invoke()
        return time.perf_counter_ns() - start

    expected = np.load(outputs)[:SAMPLES]
    found = np.array([(call(sample), interpreter.get_tensor(out)[0].copy())[1] for sample in x])
    worst = float(np.abs(found - expected).max() / np.abs(expected).max())
    if worst > 1e-4:
        sys.exit(f"{model}: the outputs differ by {worst:.1e} of the greatest: this is another network")
    rounds = []
    for _ in range(ROUNDS):
        theirs = statistics.median(call(x[i % len(x)]) for i in range(CALLS))
        ours = json.loads(curt(program, "bench", model, "--seconds", 0.2, "--json"))["total"]["ns"]
        rounds.append((ours, theirs))
    return worst, rounds


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="+", type=pathlib.Path)
    parser.add_argument("--curt", default=ROOT / "target" / "release" / "curt", help="the program [default: target/release/curt]")
    args = parser.parse_args()
    print(f"{'model':36} {'Curt us':>9} {'LiteRT us':>10} {'LiteRT / Curt, median of rounds (all)':>40}  largest difference")
    for model in args.models:
        with tempfile.TemporaryDirectory() as folder:
            worst, rounds = measure(args.curt, model, pathlib.Path(folder))
        ours, theirs = (statistics.median(values) / 1e3 for values in zip(*rounds))
        ratios = sorted(theirs / ours for ours, theirs in rounds)
        spread = f"{statistics.median(ratios):.2f} ({ratios[0]:.2f}-{ratios[-1]:.2f})"
        print(f"{model.stem:36} {ours:9.2f} {theirs:10.2f} {spread:>40}  {worst:.1e}")


if __name__ == "__main__":
    main()
