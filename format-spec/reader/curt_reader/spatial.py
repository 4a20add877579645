"""Operators with a window or a map: arithmetic.md, section 5. An image is a flat list in the order channel, row, column."""

from .float32 import add, div, finite, round32
from .linear import LinearMap


def _places(axis, n):
    """For each window, the input elements under it; None for an element in the padding."""
    for p in range(axis.count(n)):
        at = (p * axis.stride + j * axis.dilation - axis.before for j in range(axis.kernel))
        yield [i if 0 <= i < n else None for i in at]


def _windows(node):
    """(rows, columns) of each window of one channel."""
    _, height, width = node.input_shapes[0]
    columns = list(_places(node.window[1], width))
    return [(rows, place) for rows in _places(node.window[0], height) for place in columns]


def _patch(x, channels, node, rows, columns):
    """The activations under one window: channel, then kernel row, then kernel column."""
    _, height, width = node.input_shapes[0]
    return [0.0 if i is None or j is None else x[(channel * height + i) * width + j]
            for channel in channels for i in rows for j in columns]


def conv2d(node, x):
    layer, groups = node.layer, node.groups
    size, per_group = layer.rows // groups, node.input_shapes[0][0] // groups
    y, windows = [], _windows(node)
    for group in range(groups):
        channels = range(group * per_group, (group + 1) * per_group)
        mapped = LinearMap(layer, range(group * size, (group + 1) * size))
        outputs = [mapped(_patch(x, channels, node, rows, columns)) for rows, columns in windows]
        for row in range(size):
            y += [output[row] for output in outputs]
    return y


def _inside(node, x):
    """For each window, in the order of the output, the rows of those elements under it that lie inside the map."""
    channels, height, width = node.input_shapes[0]
    windows = [([i for i in rows if i is not None], [j for j in columns if j is not None])
               for rows, columns in _windows(node)]
    for channel in range(channels):
        for rows, columns in windows:
            yield [[x[(channel * height + i) * width + j] for j in columns] for i in rows]


def _greatest(elements):
    m = elements[0]
    for value in elements[1:]:
        if value > m:
            m = value
    return m


def max_pool(node, x):
    return [_greatest(sum(rows, [])) for rows in _inside(node, x)]


def _sum(values):
    s = 0.0
    for value in values:
        s = add(s, value)
    return s


def _mean(rows, n):
    return finite(div(_sum([_sum(row) for row in rows]), round32(n)))


def average_pool(node, x):
    area = node.window[0].kernel * node.window[1].kernel
    return [_mean(rows, area if node.include_padding else sum(map(len, rows))) for rows in _inside(node, x)]


def global_average_pool(node, x):
    channels, height, width = node.input_shapes[0]
    rows = [x[first:first + width] for first in range(0, len(x), width)]
    return [_mean(rows[channel * height:(channel + 1) * height], height * width) for channel in range(channels)]
