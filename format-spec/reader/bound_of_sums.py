"""Bounds on the error of layers and means; see error_bound.py."""

import math

U, TINY = 2.0**-24, 2.0**-149
OVERFLOW = 1e37  # long sums near the largest f32 have no bound
LARGEST = 2.0**128 - 2.0**104


def gamma(n):
    return n * U / (1 - n * U)


class NoBound(Exception):
    """There is no bound, because a sum may overflow."""


def need_finite(size):
    if not size <= LARGEST:
        raise NoBound


def scaled(pair, scale, offset):
    """v * scale + offset."""
    v, e = pair
    product = v * scale
    size = (abs(v) + e) * abs(scale) + abs(offset)
    need_finite(size)
    return product + offset, e * abs(scale) + gamma(2) * size + 2 * TINY


def mean(x, n):
    """The sum of x, divided by n."""
    size = math.fsum(abs(v) + e for v, e in x)
    need_finite(size)
    inherited = math.fsum(e for _, e in x)
    return math.fsum(v for v, _ in x) / n, (inherited + gamma(len(x) + 2) * size) / n + 2 * TINY


def _dot(layer, row, values, terms):
    """The output of `row`, whose multipliers are `values`. Terms are (column, (value, bound))."""
    roundings = layer.cols + 12
    factor = layer.factors[row] if layer.row_factors else 1.0
    scale = factor * (layer.step or 1.0)
    size = math.fsum(abs(values[k]) * (abs(v) + e) for k, (v, e) in terms)
    if not max(size, size * scale) < OVERFLOW or scale > OVERFLOW:
        raise NoBound
    bias = layer.biases[row]
    exact = math.fsum(values[k] * v for k, (v, _) in terms) * scale + bias
    inherited = math.fsum(abs(values[k]) * e for k, (_, e) in terms) * scale
    tiny = (roundings * scale + size + 2) * TINY
    return exact, gamma(roundings) * (size * scale + abs(bias)) + inherited * (1 + U * roundings) + tiny


def linear(layer, x):
    return [_dot(layer, row, layer.multipliers(row), list(enumerate(x))) for row in range(layer.rows)]


def convolution(node, x):
    """Each output by its definition, as a sum over the columns that lie inside the map."""
    layer, (down, across) = node.layer, node.window
    channels, height, width = node.input_shapes[0]
    per_group = channels // node.groups
    y = []
    for row in range(layer.rows):
        values, first = layer.multipliers(row), row // (layer.rows // node.groups) * per_group
        for p in range(node.shape[1]):
            for q in range(node.shape[2]):
                terms = []
                for k in range(layer.cols):
                    channel, place = divmod(k, down.kernel * across.kernel)
                    ky, kx = divmod(place, across.kernel)
                    i = p * down.stride + ky * down.dilation - down.before
                    j = q * across.stride + kx * across.dilation - across.before
                    if 0 <= i < height and 0 <= j < width:
                        terms.append((k, x[((first + channel) * height + i) * width + j]))
                y.append(_dot(layer, row, values, terms))
    return y
