"""The graph section: input specification, nodes and bounds (SPEC section 4, step 8)."""

import math
from dataclasses import dataclass, field

from . import limits
from .cursor import Cursor
from .error import FormatError, need
from .fields import bounded, choice, dimensions, read_fields
from .shapes import set_shape, work

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


def _input(cursor):
    dtype = DTYPES[choice(cursor, (0, 1), "dtype")]
    shape = dimensions(cursor)
    kept = None
    if choice(cursor, (0, 1), "gather"):
        at, kept = cursor.at, cursor.u32("kept")
        need(kept <= math.prod(shape), "mask", at, f"{kept} kept of {math.prod(shape)} inputs")
    return Input(dtype, shape, kept)


class _Sums:
    """The sums of SPEC 4.3 for the nodes so far."""

    def __init__(self, elements):
        self.elements, self.weights, self.work = elements, 0, 0

    def take(self, node, at):
        weights = node.layer.layout.padded_weights if node.layer else 0
        self.elements += math.prod(node.shape) + (node.layer.cols if node.op == "conv2d" else 0)
        self.weights += weights
        self.work += work(node)
        need(self.elements <= limits.VALUE_ELEMENTS, "limit", at, "elements of all values")
        need(weights <= limits.LAYER_WEIGHTS, "limit", at, "weights of one layer")
        need(self.weights <= limits.MODEL_WEIGHTS, "limit", at, "weights of the model")
        need(self.work <= limits.WORK, "limit", at, "work of one inference")


def read_graph(data, section):
    """Step 8. Returns (Input, [Node])."""
    cursor = Cursor(data, section.offset, section.length)
    count = bounded(cursor, *limits.NODES, "node count")
    spec, nodes = _input(cursor), []
    shapes, used = [spec.value_shape], set()
    sums = _Sums(math.prod(shapes[0]))
    for number in range(1, count + 1):
        at = cursor.at
        node = read_fields(cursor)
        for source in node.inputs:
            need(source < number, "graph", at, f"node {number} reads value {source}")
        set_shape(node, [shapes[source] for source in node.inputs], at)
        sums.take(node, at)
        nodes.append(node)
        shapes.append(node.shape)
        used.update(node.inputs)
    cursor.finish()
    need(math.prod(shapes[-1]) > 0, "shape", cursor.at, "the output has no elements")
    for value in range(count):
        if value not in used:
            raise FormatError("graph", section.offset, f"nothing uses value {value}")
    return spec, nodes
