"""Nodes as tuples of fields, for graphs that no Network can hold."""

import struct

WINDOW = ("kernel_h", "kernel_w", "stride_h", "stride_w", "top", "left", "bottom", "right")
LINEAR = ("op", "input", "rows", "encoding", "parameter", "row_factors")
CONV = LINEAR + WINDOW + ("dilation_h", "dilation_w", "groups")
IMAGE = (2, 6, 5)
RELU = (2, 0)


def _node(names, defaults, changes):
    fields = dict(zip(names, defaults, strict=True))
    assert changes.keys() <= fields.keys(), changes
    return tuple((fields | changes).values())


def conv(**changes):
    """A 3x3 convolution of 4 rows with padding 1, which fits IMAGE."""
    return _node(CONV, (5, 0, 4, 0, 0, 0, 3, 3, 1, 1, 1, 1, 1, 1, 1, 1, 1), changes)


def max_pool(**changes):
    return _node(("op", "input") + WINDOW, (6, 0, 3, 3, 1, 1, 1, 1, 1, 1), changes)


def average_pool(**changes):
    return _node(("op", "input") + WINDOW + ("include_padding",), (7, 0, 3, 3, 1, 1, 1, 1, 1, 1, 0), changes)


def square(kernel, padding=0, stride=1):
    """The changes for a square window."""
    return dict(zip(WINDOW, (kernel, kernel, stride, stride, padding, padding, padding, padding)))


def bits(value):
    """An f32 as u32; an int as it is."""
    return value if isinstance(value, int) else struct.unpack("<I", struct.pack("<f", value))[0]


def numbers(op, *values, source=0):
    return (op, source, *map(bits, values))
