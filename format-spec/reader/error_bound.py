"""Evaluates a model in binary64, with a bound on the error that binary32 arithmetic may make in every value.

u = 2^-24 is the unit roundoff and gamma(n) = n u / (1 - n u) bounds n roundings in a row (Higham, Accuracy and
Stability of Numerical Algorithms, section 3.1). A rounding to a subnormal adds at most TINY = 2^-149.
The evaluation uses no segments, no fma, no order of additions and no polynomials. A value is a pair (exact, bound).
"""

import math

from bound_of_functions import FUNCTIONS
from bound_of_sums import NoBound, convolution, linear, mean, scaled

__all__ = ["NoBound", "bounded_run"]


def _input(spec, sample):
    area = spec.elements // spec.channels
    kept = [i for i in range(spec.elements) if spec.mask is None or spec.mask[i]]
    return [scaled((sample[i], 0.0), spec.scale[i // area], spec.offset[i // area]) for i in kept]


def _softmax(x):
    greatest, error = max(v for v, _ in x), max(e for _, e in x)
    exponentials = [math.exp(v - greatest) for v, _ in x]
    total = math.fsum(exponentials)
    relative = math.expm1(min(2 * error + (110 + len(x) + 10) * 2.0**-24, 1.0))
    return [(e / total, e / total * relative + (len(x) + 2) * 2.0**-125) for e in exponentials]


def _affine(node, x):
    area = max(len(x) // node.affine.count, 1) if x else 1
    return [scaled(pair, node.affine.scale[i // area], node.affine.offset[i // area]) for i, pair in enumerate(x)]


def _pool(node, x):
    """Each output by its definition, from all elements of the map."""
    channels, height, width = node.input_shapes[0]
    down, across = node.window
    y = []
    for channel in range(channels):
        for p in range(node.shape[1]):
            for q in range(node.shape[2]):
                top, left = p * down.stride - down.before, q * across.stride - across.before
                inside = [x[(channel * height + i) * width + j] for i in range(height) for j in range(width)
                          if top <= i < top + down.kernel and left <= j < left + across.kernel]
                if node.op == "max_pool":
                    y.append((max(v for v, _ in inside), max(e for _, e in inside)))
                else:
                    y.append(mean(inside, down.kernel * across.kernel if node.include_padding else len(inside)))
    return y


def _global(node, x):
    area = math.prod(node.input_shapes[0][1:])
    return [mean(x[i:i + area], area) for i in range(0, len(x), area)]


def _output(node, inputs):
    x = inputs[0]
    if node.op in FUNCTIONS:
        return [FUNCTIONS[node.op](v, e, *node.numbers) for v, e in x]
    if node.op == "softmax":
        return _softmax(x)
    if node.op == "add":
        return [mean([a, b], 1) for a, b in zip(x, inputs[1], strict=True)]
    if node.op == "concat":
        return sum(inputs, [])
    operators = {"linear": lambda node, x: linear(node.layer, x), "conv2d": convolution, "affine": _affine,
                 "max_pool": _pool, "average_pool": _pool, "global_average_pool": _global}
    return operators[node.op](node, x) if node.op in operators else x


def bounded_run(model, sample):
    """[(value, bound)] of the output; NoBound if a sum may overflow."""
    values = [_input(model.input, sample)]
    for node in model.nodes:
        values.append(_output(node, [values[i] for i in node.inputs]))
    return values[-1]
