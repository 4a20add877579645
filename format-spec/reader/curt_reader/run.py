"""Runs a model, bit for bit as arithmetic.md defines it."""

import math
import struct

from .float32 import add, finite, mul
from .linear import linear
from .pointwise import FUNCTIONS, affine, softmax
from .spatial import average_pool, conv2d, global_average_pool, max_pool

OPERATORS = {
    "linear": linear, "conv2d": conv2d, "max_pool": max_pool, "average_pool": average_pool,
    "global_average_pool": global_average_pool, "affine": affine,
}


class InputError(ValueError):
    """An input that does not fit the model."""


def samples(model, raw):
    """The samples in `raw`: little-endian elements, one sample after the other."""
    size = 1 if model.input.dtype == "u8" else 4
    count = model.input.elements
    if not raw or len(raw) % (size * count):
        raise InputError(f"{len(raw)} bytes are not a number of samples of {count} elements of {size} bytes")
    values = list(raw) if size == 1 else struct.unpack(f"<{len(raw) // 4}f", raw)
    return [values[i:i + count] for i in range(0, len(values), count)]


def _input(spec, sample):
    if len(sample) != spec.elements:
        raise InputError(f"{len(sample)} elements, not {spec.elements}")
    if not all(map(math.isfinite, sample)):
        raise InputError("an input is not finite")
    area = spec.elements // spec.channels
    kept = (i for i in range(spec.elements) if spec.mask is None or spec.mask[i])
    return [finite(add(mul(float(sample[i]), spec.scale[i // area]), spec.offset[i // area])) for i in kept]


def _output(node, inputs):
    """The output of `node` for these input values."""
    x = inputs[0]
    if node.op in FUNCTIONS:
        function = FUNCTIONS[node.op]
        return [function(value, *node.numbers) for value in x]
    if node.op in OPERATORS:
        return OPERATORS[node.op](node, x)
    if node.op == "softmax":
        return softmax(x)
    if node.op == "add":
        return [finite(add(a, b)) for a, b in zip(x, inputs[1])]
    if node.op == "concat":
        return [value for part in inputs for value in part]
    return x  # flatten, reshape


def run_values(model, sample):
    """Every value of the graph, value 0 first, as lists of f32."""
    values = [_input(model.input, sample)]
    for node in model.nodes:
        values.append(_output(node, [values[source] for source in node.inputs]))
    return values


def run(model, sample):
    """The output of one sample, a list of f32, all of them finite."""
    return run_values(model, sample)[-1]
