"""The places of a matrix's columns (packed.md, sections 8.1 and 10)."""

import itertools
import math

FOLLOWED = ("flatten", "affine", "relu", "leaky_relu", "sigmoid", "tanh", "clip", "hard_sigmoid", "hard_swish")
BEFORE = ((0, -1), (-1, 0), (-1, -1), (-1, 1))  # left, above, above left, above right
AROUND = BEFORE + ((0, 1), (1, 0), (1, 1), (1, -1))


class Columns:
    """`map_of[i]` is the map of column i. `before[i]` has the four columns before it, `count` for one that does not exist.
    `around[i]` has its neighbours. All three are None in a plain row."""

    def __init__(self, count, places=None):
        self.count, self.map_of, self.before, self.around = count, None, None, None
        if places is not None:
            at = {place: i for i, place in enumerate(places)}
            self.map_of = [c for c, _, _ in places]
            self.before = [tuple(at.get((c, y + dy, x + dx), count) for dy, dx in BEFORE) for c, y, x in places]
            self.around = [[at[place] for place in ((c, y + dy, x + dx) for dy, dx in AROUND) if place in at] for c, y, x in places]


def plain_row(count):
    return Columns(count)


def maps(shape, kept=None):
    """A column for each place of an image, or only for those that the mask `kept` keeps."""
    channels, height, width = shape
    count = math.prod(shape) if kept is None else sum(kept)
    if height * width <= 1:
        return plain_row(count)
    places = itertools.product(range(channels), range(height), range(width))
    return Columns(count, list(places if kept is None else itertools.compress(places, kept)))


def image_or_row(shape, kept=None):
    return maps(shape, kept) if len(shape) == 3 else plain_row(shape[0] if kept is None else sum(kept))


def columns_of_layer(spec, nodes, node):
    """The columns of a linear or conv2d node. `spec` is the input with its mask."""
    if node.op == "conv2d":
        return maps((node.input_shapes[0][0] // node.groups, *(axis.kernel for axis in node.window)))
    value = node.inputs[0]
    while value and nodes[value - 1].op in FOLLOWED:
        value = nodes[value - 1].inputs[0]
    if value:
        return image_or_row(nodes[value - 1].shape) if len(nodes[value - 1].shape) == 3 else plain_row(node.layer.cols)
    return image_or_row(spec.shape, spec.mask)
