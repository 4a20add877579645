"""The fields of each operator. Each is compared with its own range, in the order of the fields (SPEC 4.2)."""

import math
import struct

from . import limits
from .error import need
from .layout import (BLOCK_F32, CODEBOOK, FIXED_POINT, FLOATS, NAMES, SPARSE, SPARSE_CODEBOOK, SPARSE_FIXED_POINT,
                     TILE_COLUMNS, slots_of_unit)
from .node import Layer, Node
from .tables import check_float
from .window import Axis

PARAMETERS = {FIXED_POINT: (2, 8), CODEBOOK: (2, 256), SPARSE_FIXED_POINT: (2, 8), SPARSE_CODEBOOK: (1, 15)}


def choice(cursor, allowed, what):
    at, value = cursor.at, cursor.u32(what)
    need(value in allowed, "unknown_id", at, f"{what} {value}")
    return value


def bounded(cursor, low, high, what):
    at, value = cursor.at, cursor.u32(what)
    need(low <= value <= high, "limit", at, f"{what} {value}")
    return value


def dimensions(cursor):
    """`rank` and the dimensions."""
    rank = choice(cursor, (1, 3), "rank")
    shape = tuple(bounded(cursor, 1, limits.DIMENSION, "dimension") for _ in range(rank))
    need(math.prod(shape) <= limits.DIMENSION_PRODUCT, "limit", cursor.at, "product of the dimensions")
    return shape


def _number(cursor, what):
    at = cursor.at
    value, = struct.unpack("<f", cursor.take(4, what))
    check_float(value, at, what)
    return value


def _input(cursor, node):
    node.inputs.append(cursor.u32("input"))


def _parameter(cursor, encoding):
    at, value = cursor.at, cursor.u32("parameter")
    what = f"parameter {value} of {NAMES[encoding]}"
    if encoding in FLOATS:
        need(value in ((8, 16) if encoding == BLOCK_F32 else (0,)), "unknown_id", at, what)
        return value
    low, high = PARAMETERS.get(encoding, (0, 0))
    need(low <= value <= high, "codebook", at, what)
    return value


def _pattern(cursor, encoding, parameter):
    """units and residue, or blocks. The bounds of residue and blocks follow from the shapes, which are checked later."""
    if encoding in SPARSE:
        at, units = cursor.at, cursor.u32("units")
        slots = slots_of_unit(encoding, parameter)[1]
        need((units - 1) * slots < TILE_COLUMNS, "limit", at, f"{units} units of {slots} slots")
        return units, cursor.u32("residue")
    return (cursor.u32("blocks"),) if encoding == BLOCK_F32 else ()


def _linear(cursor, node):
    _input(cursor, node)
    rows = bounded(cursor, 0, limits.DIMENSION, "rows")
    encoding = choice(cursor, range(len(NAMES)), "encoding")
    parameter = _parameter(cursor, encoding)
    factors = bool(choice(cursor, (0, 1), "row_factors"))
    node.layer = Layer(rows, encoding, parameter, factors, _pattern(cursor, encoding, parameter))


def _window(cursor, node):
    names = ("kernel_h", "kernel_w", "stride_h", "stride_w", "top", "left", "bottom", "right")
    values = [bounded(cursor, 0, limits.DIMENSION, name) for name in names]
    node.window = Axis(*values[0::2]), Axis(*values[1::2])


def _conv2d(cursor, node):
    _linear(cursor, node)
    _window(cursor, node)
    for axis, what in zip(node.window, ("dilation_h", "dilation_w")):
        axis.dilation = bounded(cursor, 0, limits.DIMENSION, what)
    node.groups = bounded(cursor, 0, limits.DIMENSION, "groups")


def _max_pool(cursor, node):
    _input(cursor, node)
    _window(cursor, node)


def _average_pool(cursor, node):
    _max_pool(cursor, node)
    node.include_padding = bool(choice(cursor, (0, 1), "include_padding"))


def _leaky_relu(cursor, node):
    _input(cursor, node)
    node.numbers = (_number(cursor, "slope"),)


def _clip(cursor, node):
    _input(cursor, node)
    low = _number(cursor, "min")
    at, high = cursor.at, _number(cursor, "max")
    need(low <= high, "non_canonical", at, f"min {low} is greater than max {high}")
    node.numbers = low, high


def _hard_sigmoid(cursor, node):
    _input(cursor, node)
    node.numbers = _number(cursor, "alpha"), _number(cursor, "beta")


def _add(cursor, node):
    _input(cursor, node)
    _input(cursor, node)


def _concat(cursor, node):
    for _ in range(bounded(cursor, *limits.CONCAT_INPUTS, "count")):
        _input(cursor, node)


def _reshape(cursor, node):
    _input(cursor, node)
    node.dimensions = dimensions(cursor)


OPS = {
    1: ("linear", _linear), 2: ("relu", _input), 3: ("softmax", _input), 4: ("flatten", _input),
    5: ("conv2d", _conv2d), 6: ("max_pool", _max_pool), 7: ("average_pool", _average_pool),
    8: ("global_average_pool", _input), 9: ("affine", _input), 10: ("leaky_relu", _leaky_relu), 11: ("sigmoid", _input),
    12: ("tanh", _input), 13: ("clip", _clip), 14: ("hard_sigmoid", _hard_sigmoid), 15: ("hard_swish", _input),
    16: ("add", _add), 17: ("concat", _concat), 18: ("reshape", _reshape),
}


def read_fields(cursor):
    """`op` and its fields. Shapes are not known yet."""
    op, fields = OPS[choice(cursor, OPS, "op")]
    node = Node(op)
    fields(cursor, node)
    return node
