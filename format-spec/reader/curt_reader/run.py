"""Running a model, bit for bit as arithmetic.md defines it."""

import math
import struct

from .float32 import add, div, exp, fma, from_bits, mul, sub
from .layout import CODEBOOK, FIXED_POINT, TERNARY


class InputError(ValueError):
    """An input that does not fit the model."""


def samples(model, raw):
    """The samples in `raw`, little-endian elements of one sample after the other."""
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
    return [add(mul(float(sample[i]), spec.scale[i // area]), spec.offset[i // area]) for i in kept]


def _segments(units):
    """The four half-open ranges of units."""
    length = -(-units // 4)
    return [(min(s * length, units), min((s + 1) * length, units)) for s in range(4)]


def _chain_f(weights, x):
    c = 0.0
    for w, value in zip(weights, x):
        c = fma(w, value, c)
    return c


def _chain_t(weights, x):
    c = 0.0
    for k in range(0, len(x), 3):
        p = [mul(weights[i], x[i]) if weights[i] else 0.0 for i in range(k, k + 3)]
        c = add(c, add(add(p[0], p[1]), p[2]))
    return c


def _chain_values(linear, row):
    """What the chain multiplies by: the weights, or the integers of fixed_point; padded to whole units."""
    layout = linear.layout
    padding = layout.units * layout.unit - linear.cols
    if linear.encoding == FIXED_POINT:
        return [float(q) for q in linear.codes[row]] + [0.0] * padding
    return linear.weights[row] + [linear.levels[0] if linear.encoding == CODEBOOK else 0.0] * padding


def _scale(linear, row):
    """The factor of output `row` (arithmetic.md, section 4), or None."""
    factor = linear.factors[row] if linear.row_factors else None
    if linear.encoding != FIXED_POINT:
        return factor
    step = linear.levels[0]
    return step if factor is None else mul(step, factor)


def _linear(linear, x):
    layout = linear.layout
    x = x + [0.0] * (layout.units * layout.unit - linear.cols)
    chain = _chain_t if linear.encoding == TERNARY else _chain_f
    y = []
    for row in range(linear.rows):
        values = _chain_values(linear, row)
        bounds = [(first * layout.unit, last * layout.unit) for first, last in _segments(layout.units)]
        c = [chain(values[first:last], x[first:last]) for first, last in bounds]
        a = add(add(add(c[0], c[1]), c[2]), c[3])
        scale = _scale(linear, row)
        if scale is not None:
            a = mul(a, scale)
        y.append(add(a, linear.biases[row]))
    return y


def _softmax(x):
    greatest = x[0]
    for value in x:
        if value > greatest:
            greatest = value
    e = [exp(sub(value, greatest)) for value in x]
    total = 0.0
    for value in e:
        total = add(total, value)
    return [div(value, total) for value in e]


def run_values(model, sample):
    """Every value of the graph, value 0 first, as lists of f32."""
    values = [_input(model.input, sample)]
    for node in model.nodes:
        x = values[node.input]
        if node.op == "linear":
            values.append(_linear(node.linear, x))
        elif node.op == "relu":
            values.append([value if value > 0 else 0.0 for value in x])
        elif node.op == "softmax":
            values.append(_softmax(x))
        else:
            values.append(x)
    return values


def run(model, sample):
    """The output of one sample, a list of f32; a NaN is the quiet NaN 0x7FC00000."""
    return [from_bits(0x7FC00000) if value != value else value for value in run_values(model, sample)[-1]]
