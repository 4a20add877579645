"""Operators on single elements, and softmax: arithmetic.md, section 5."""

from .float32 import add, div, exp, finite, mul, sub, tanh


def _clip(x, low, high):
    return low if x < low else high if x > high else x


def _sigmoid(x):
    if x >= 0:
        return div(1.0, add(1.0, exp(-x)))
    e = exp(x)
    return div(e, add(1.0, e))


def _hard_swish(x):
    c = _clip(add(x, 3.0), 0.0, 6.0)
    return finite(div(mul(x, c), 6.0))


FUNCTIONS = {
    "relu": lambda x: x if x > 0 else 0.0,
    "leaky_relu": lambda x, slope: x if x > 0 else finite(mul(slope, x)),
    "clip": _clip,
    "sigmoid": _sigmoid,
    "tanh": tanh,
    "hard_sigmoid": lambda x, alpha, beta: _clip(add(mul(alpha, x), beta), 0.0, 1.0),
    "hard_swish": _hard_swish,
}


def affine(node, x):
    area = len(x) // node.affine.count if x else 1
    scale, offset = node.affine.scale, node.affine.offset
    return [finite(add(mul(value, scale[i // area]), offset[i // area])) for i, value in enumerate(x)]


def softmax(x):
    greatest = x[0]
    for value in x:
        if value > greatest:
            greatest = value
    e = [exp(sub(value, greatest)) for value in x]
    total = 0.0
    for value in e:
        total = add(total, value)
    return [div(value, total) for value in e]
