"""The graph section: input specification, nodes, shapes and bounds (SPEC section 4, step 8)."""

import math
from dataclasses import dataclass, field

from . import limits
from .cursor import Cursor
from .error import FormatError, need
from .layout import CODEBOOK, DENSE_F16, DENSE_F32, FIXED_POINT, NAMES, layout_of

OPS = {1: "linear", 2: "relu", 3: "softmax", 4: "flatten"}
DTYPES = ("u8", "f32")


@dataclass
class Input:
    dtype: str
    shape: tuple
    kept: int | None  # None: no gather
    scale: list = field(default_factory=list)
    offset: list = field(default_factory=list)
    mask: list | None = None

    @property
    def elements(self):
        return math.prod(self.shape)

    @property
    def channels(self):
        return self.shape[0] if len(self.shape) == 3 else 1

    @property
    def value_shape(self):
        return self.shape if self.kept is None else (self.kept,)


@dataclass
class Node:
    op: str
    input: int
    shape: tuple  # of the output
    linear: "Linear | None" = None


@dataclass
class Linear:
    rows: int
    cols: int
    encoding: int
    parameter: int
    row_factors: bool
    levels: list = field(default_factory=list)
    factors: list | None = None
    biases: list = field(default_factory=list)
    codes: list | None = None  # per row; dense has none
    weights: list = field(default_factory=list)  # per row, f32; without row factors

    @property
    def layout(self):
        return layout_of(self.encoding, self.parameter, self.rows, self.cols)


def _choice(cursor, allowed, what):
    at, value = cursor.at, cursor.u32(what)
    need(value in allowed, "unknown_id", at, f"{what} {value}")
    return value


def _bounded(cursor, low, high, what):
    at, value = cursor.at, cursor.u32(what)
    need(low <= value <= high, "limit", at, f"{what} {value}")
    return value


def _input(cursor):
    dtype = DTYPES[_choice(cursor, (0, 1), "dtype")]
    rank = _choice(cursor, (1, 3), "rank")
    shape = tuple(_bounded(cursor, 1, limits.DIMENSION, "dimension") for _ in range(rank))
    need(math.prod(shape) <= limits.DIMENSION_PRODUCT, "limit", cursor.at, "product of the input's dimensions")
    kept = None
    if _choice(cursor, (0, 1), "gather"):
        at, kept = cursor.at, cursor.u32("kept")
        need(kept <= math.prod(shape), "mask", at, f"{kept} kept of {math.prod(shape)} inputs")
    return Input(dtype, shape, kept)


def _parameter(cursor, encoding):
    at, value = cursor.at, cursor.u32("parameter")
    if encoding in (DENSE_F32, DENSE_F16):
        need(value == 0, "unknown_id", at, f"{NAMES[encoding]} has no parameter {value}")
        return value
    low, high = {FIXED_POINT: (2, 8), CODEBOOK: (2, 256)}.get(encoding, (0, 0))
    need(low <= value <= high, "codebook", at, f"parameter {value} of {NAMES[encoding]}")
    return value


def _linear(cursor, cols):
    rows = _bounded(cursor, 0, limits.DIMENSION, "rows")
    encoding = _choice(cursor, range(len(NAMES)), "encoding")
    parameter = _parameter(cursor, encoding)
    at, row_factors = cursor.at, _choice(cursor, (0, 1), "row_factors")
    dense = encoding in (DENSE_F32, DENSE_F16)
    need(not (row_factors and dense), "shape", at, "row factors with a dense encoding")
    linear = Linear(rows, cols, encoding, parameter, bool(row_factors))
    need(linear.layout.padded_weights <= limits.LAYER_WEIGHTS, "limit", at, "weights of one layer")
    return linear


def _node(cursor, number, shapes):
    op = OPS[_choice(cursor, OPS, "op")]
    at, source = cursor.at, cursor.u32("input")
    need(source < number, "graph", at, f"node {number} reads value {source}")
    shape = shapes[source]
    if op in ("linear", "softmax"):
        need(len(shape) == 1, "shape", at, f"{op} of a value of rank {len(shape)}")
    if op == "softmax":
        need(shape[0] >= 1, "shape", at, "softmax of no elements")
    if op == "linear":
        linear = _linear(cursor, shape[0])
        return Node(op, source, (linear.rows,), linear)
    return Node(op, source, (math.prod(shape),) if op == "flatten" else shape)


def read_graph(data, section):
    """Step 8: (Input, [Node])."""
    cursor = Cursor(data, section.offset, section.length)
    count = _bounded(cursor, *limits.NODES, "node count")
    spec, nodes = _input(cursor), []
    shapes, used = [spec.value_shape], set()
    elements, weights, multiply_adds = math.prod(shapes[0]), 0, 0
    for number in range(1, count + 1):
        at = cursor.at
        node = _node(cursor, number, shapes)
        nodes.append(node)
        shapes.append(node.shape)
        used.add(node.input)
        elements += math.prod(node.shape)
        if node.linear:
            weights += node.linear.layout.padded_weights
            multiply_adds += node.linear.rows * node.linear.cols
        need(elements <= limits.VALUE_ELEMENTS, "limit", at, "elements of all values")
        need(weights <= limits.MODEL_WEIGHTS, "limit", at, "weights of the model")
        need(multiply_adds <= limits.MULTIPLY_ADDS, "limit", at, "multiply-adds of one inference")
    need(math.prod(shapes[-1]) > 0, "shape", cursor.at, "the output has no elements")
    cursor.finish()
    for value in range(count):
        if value not in used:
            raise FormatError("graph", section.offset, f"nothing uses value {value}")
    return spec, nodes
