"""An evaluation of a model in binary64, with a bound on the error of every value that binary32 arithmetic may make.

u = 2^-24 is the unit roundoff and gamma(n) = n u / (1 - n u) bounds n roundings in a row (Higham, Accuracy and
Stability of Numerical Algorithms, section 3.1). A rounding to a subnormal adds at most TINY = 2^-149.
It knows nothing of segments, fma or the order of additions.
"""

import math

from curt_reader.layout import FIXED_POINT

U, TINY = 2.0**-24, 2.0**-149
OVERFLOW = 1e37  # sums near the largest f32 have no bound


def gamma(n):
    return n * U / (1 - n * U)


class NoBound(Exception):
    """A sum may overflow."""


def _input(spec, sample):
    area = spec.elements // spec.channels
    pairs = []
    for i, v in enumerate(sample):
        if spec.mask is None or spec.mask[i]:
            product, offset = v * spec.scale[i // area], spec.offset[i // area]
            pairs.append((product + offset, gamma(2) * (abs(product) + abs(offset)) + 2 * TINY))
    return pairs


def _linear(layer, x):
    roundings = layer.layout.units * layer.layout.unit + 12
    pairs = []
    for row in range(layer.rows):
        factor = layer.factors[row] if layer.row_factors else 1.0
        scale = factor * (layer.levels[0] if layer.encoding == FIXED_POINT else 1.0)
        values = layer.codes[row] if layer.encoding == FIXED_POINT else layer.weights[row]
        size = math.fsum(abs(w) * (abs(v) + e) for w, (v, e) in zip(values, x))
        if not max(size, size * scale) < OVERFLOW or scale > OVERFLOW:
            raise NoBound
        bias = layer.biases[row]
        exact = math.fsum(w * v for w, (v, _) in zip(values, x)) * scale + bias
        inherited = math.fsum(abs(w) * e for w, (_, e) in zip(values, x)) * scale
        tiny = (roundings * scale + size + 2) * TINY
        pairs.append((exact, gamma(roundings) * (size * scale + abs(bias)) + inherited * (1 + U * roundings) + tiny))
    return pairs


def _softmax(x):
    greatest, error = max(v for v, _ in x), max(e for _, e in x)
    exponentials = [math.exp(v - greatest) for v, _ in x]
    total = math.fsum(exponentials)
    relative = math.expm1(min(2 * error + (110 + len(x) + 10) * U, 1.0))
    return [(e / total, e / total * relative + (len(x) + 2) * 2.0**-125) for e in exponentials]


def bounded_run(model, sample):
    """[(value, bound)] of the output; NoBound if a sum may overflow."""
    values = [_input(model.input, sample)]
    for node in model.nodes:
        x = values[node.input]
        if node.op == "linear":
            values.append(_linear(node.linear, x))
        elif node.op == "relu":
            values.append([(max(v, 0.0), e) for v, e in x])
        else:
            values.append(_softmax(x) if node.op == "softmax" else x)
    return values[-1]
