"""Chains, segments, scale and bias of a layer: arithmetic.md, sections 3 and 4."""

from .float32 import add, fma, mul
from .layout import CODEBOOK, FIXED_POINT, TERNARY


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


def _chain_values(layer, row):
    """What the chain multiplies by: the weights, or the integers of fixed_point; padded to whole units."""
    layout = layer.layout
    padding = layout.units * layout.unit - layer.cols
    if layer.encoding == FIXED_POINT:
        return [float(q) for q in layer.codes[row]] + [0.0] * padding
    return layer.weights[row] + [layer.levels[0] if layer.encoding == CODEBOOK else 0.0] * padding


def _scale(layer, row):
    """The factor of output `row` (arithmetic.md, section 4), or None."""
    factor = layer.factors[row] if layer.row_factors else None
    if layer.encoding != FIXED_POINT:
        return factor
    step = layer.levels[0]
    return step if factor is None else mul(step, factor)


class LinearMap:
    """Some rows of a layer, prepared to be applied to several columns of activations."""

    def __init__(self, layer, rows):
        layout = layer.layout
        self.bounds = [(first * layout.unit, last * layout.unit) for first, last in _segments(layout.units)]
        self.padding = [0.0] * (layout.units * layout.unit - layer.cols)
        self.chain = _chain_t if layer.encoding == TERNARY else _chain_f
        self.rows = [(_chain_values(layer, row), _scale(layer, row), layer.biases[row]) for row in rows]

    def __call__(self, x):
        x = x + self.padding
        parts = [x[first:last] for first, last in self.bounds]
        y = []
        for values, scale, bias in self.rows:
            c = [self.chain(values[first:last], part) for (first, last), part in zip(self.bounds, parts)]
            a = add(add(add(c[0], c[1]), c[2]), c[3])
            if scale is not None:
                a = mul(a, scale)
            y.append(add(a, bias))
        return y


def linear(node, x):
    return LinearMap(node.layer, range(node.layer.rows))(x)
