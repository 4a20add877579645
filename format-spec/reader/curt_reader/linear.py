"""Chains, segments, scale and bias of a layer: arithmetic.md, sections 3 and 4."""

from .float32 import add, finite, fma, mul
from .layout import CODEBOOK, TERNARY


def _segments(units):
    """The four segments, as half-open ranges of elements."""
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


def _chain_s(entries, x):
    c = 0.0
    for column, w in entries:
        c = fma(w, x[column], c)
    return c


def _combine(c):
    return add(add(add(c[0], c[1]), c[2]), c[3])


class _Columns:
    """The sums of order classes F and T: every column takes part."""

    def __init__(self, layer, rows):
        layout = layer.layout
        self.bounds = [(first * layout.unit, last * layout.unit) for first, last in _segments(layout.units)]
        padding = layout.units * layout.unit - layer.cols
        self.padding = [0.0] * padding
        self.chain = _chain_t if layer.encoding == TERNARY else _chain_f
        code_0 = layer.levels[0] if layer.encoding == CODEBOOK else 0.0
        self.rows = [layer.multipliers(row) + [code_0] * padding for row in rows]

    def __call__(self, x):
        x = x + self.padding
        parts = [x[first:last] for first, last in self.bounds]
        for values in self.rows:
            c = [self.chain(values[first:last], part) for (first, last), part in zip(self.bounds, parts)]
            yield _combine(c)


class _Entries:
    """The sums of order class S: the entries of a row in ascending order of the column."""

    def __init__(self, layer, rows):
        self.rows = [sorted(entry for entry in sum(layer.tiles[row], []) + layer.lists[row] if entry[1]) for row in rows]

    def __call__(self, x):
        for entries in self.rows:
            yield _chain_s(entries, x)


def _scale(layer, row):
    """The factor of output `row` (arithmetic.md, section 4), or None."""
    factor = layer.factors[row] if layer.row_factors else None
    if layer.step is None:
        return factor
    return layer.step if factor is None else mul(layer.step, factor)


class LinearMap:
    """Some rows of a layer, prepared for several columns of activations."""

    def __init__(self, layer, rows):
        self.sums = (_Columns if layer.tiles is None else _Entries)(layer, rows)
        self.ends = [(_scale(layer, row), layer.biases[row]) for row in rows]

    def __call__(self, x):
        y = []
        for a, (scale, bias) in zip(self.sums(x), self.ends):
            if scale is not None:
                a = mul(a, scale)
            y.append(finite(add(a, bias)))
        return y


def linear(node, x):
    return LinearMap(node.layer, range(node.layer.rows))(x)
