"""The shape rule and the work of each operator (SPEC 4.2 to 4.4)."""

import math

from . import limits
from .error import need
from .layout import BLOCK_F32, FLOATS, SPARSE
from .node import Affine

IMAGES = ("conv2d", "max_pool", "average_pool", "global_average_pool")
VECTORS = ("linear", "softmax")


def _windows(node, height, width, at):
    """h' and w'."""
    for axis, n, what in zip(node.window, (height, width), ("height", "width")):
        need(axis.fits(n), "shape", at, f"{node.op}: the window does not fit a {what} of {n}")
    return tuple(axis.count(n) for axis, n in zip(node.window, (height, width)))


def _held_against_columns(layer, at):
    """The bound of `residue` or `blocks`."""
    if layer.encoding in SPARSE:
        need(layer.pattern[1] <= layer.rows * layer.cols, "limit", at, f"residue of {layer.pattern[1]} entries")
    if layer.encoding == BLOCK_F32:
        need(layer.pattern[0] <= layer.layout.counts * layer.cols, "limit", at, f"{layer.pattern[0]} blocks")


def _layer_shape(node, shape, at):
    layer = node.layer
    if node.op == "linear":
        layer.cols = shape[0]
        return (layer.rows,)
    channels, height, width = shape
    divides = node.groups > 0 and channels % node.groups == 0 and layer.rows % node.groups == 0
    need(divides, "shape", at, f"{node.groups} groups of {channels} channels and {layer.rows} rows")
    layer.cols = channels // node.groups * node.window[0].kernel * node.window[1].kernel
    return (layer.rows, *_windows(node, height, width, at))


def _concat_shape(shapes, at):
    need(len({(len(shape), *shape[1:]) for shape in shapes}) == 1, "shape", at, "concat of shapes that do not fit")
    return (sum(shape[0] for shape in shapes), *shapes[0][1:])


def _output_shape(node, at):
    shape = node.input_shapes[0]
    if node.layer:
        return _layer_shape(node, shape, at)
    if node.window:
        return (shape[0], *_windows(node, *shape[1:], at))
    if node.op == "global_average_pool":
        return (shape[0], 1, 1)
    if node.op == "flatten":
        return (math.prod(shape),)
    if node.op == "concat":
        return _concat_shape(node.input_shapes, at)
    if node.op == "reshape":
        need(math.prod(node.dimensions) == math.prod(shape), "shape", at, f"reshape of {shape} to {node.dimensions}")
        return node.dimensions
    return shape


def set_shape(node, input_shapes, at):
    """Checks the shapes of the inputs, and sets the fields of the node that follow from them."""
    node.input_shapes, shape = input_shapes, input_shapes[0]
    if node.layer:
        floats = node.layer.encoding in FLOATS
        need(not (node.layer.row_factors and floats), "shape", at, "row factors with an encoding of floats")
    need(node.op not in IMAGES or len(shape) == 3, "shape", at, f"{node.op} of a vector")
    need(node.op not in VECTORS or len(shape) == 1, "shape", at, f"{node.op} of an image")
    need(node.op != "softmax" or shape[0] >= 1, "shape", at, "softmax of no elements")
    need(node.op != "add" or shape == input_shapes[1], "shape", at, f"add of {input_shapes}")
    node.shape = _output_shape(node, at)
    if node.layer:
        _held_against_columns(node.layer, at)
    need(math.prod(node.shape) <= limits.VALUE_ELEMENTS, "limit", at, "elements of one value")
    if node.op == "affine":
        node.affine = Affine(shape[0])


def work(node):
    """The work of a node (SPEC 4.3)."""
    if node.op == "global_average_pool":
        return math.prod(node.input_shapes[0])
    elements = math.prod(node.shape)
    if node.op == "conv2d":
        return max(node.layer.rows, node.groups) * math.prod(node.shape[1:]) * node.layer.cols
    if node.layer:
        return max(elements, 1) * node.layer.cols
    return elements * math.prod(axis.kernel for axis in node.window or ())
