"""The nodes of a graph after reading."""

from dataclasses import dataclass, field

from .float32 import mul
from .layout import FIXED_POINT, SPARSE_FIXED_POINT, layout_of
from .window import Axis


@dataclass
class Layer:
    """The weights of a linear or conv2d node. `cols` is known once the input's shape is."""
    rows: int
    encoding: int
    parameter: int
    row_factors: bool
    pattern: tuple = ()  # units and residue, or blocks
    cols: int = 0
    levels: list = field(default_factory=list)
    counts: list | None = None  # of the residue per row, of the blocks per strip
    factors: list | None = None
    biases: list = field(default_factory=list)
    codes: list | None = None  # per row, of the encodings of words
    decoded: list | None = None  # per row, f32, without row factors; None with a pattern
    tiles: list | None = None  # with a pattern, per row and column tile: the slots as (column, multiplier)
    lists: list | None = None  # with a pattern, per row: (column, multiplier)

    @property
    def layout(self):
        return layout_of(self.encoding, self.parameter, self.rows, self.cols, self.pattern)

    @property
    def step(self):
        """The step of fixed point, which multiplies the sum; None for other encodings."""
        return self.levels[0] if self.encoding in (FIXED_POINT, SPARSE_FIXED_POINT) else None

    def multipliers(self, row):
        """The multipliers of the activations in `row`, one per column: the weights, or the integers of fixed point."""
        if self.tiles is None:
            return [float(q) for q in self.codes[row]] if self.step else self.decoded[row]
        values = [0.0] * self.cols
        for column, value in sum(self.tiles[row], []) + self.lists[row]:
            values[column] = value or values[column]  # a free slot has the first column of its tile
        return values

    @property
    def weights(self):
        """The dense f32 weights of each row, without row factors. A small file may hold very many: only this makes them."""
        if self.tiles is None:
            return self.decoded
        step = self.step
        return [[mul(w, step) if step and w else w for w in self.multipliers(row)] for row in range(self.rows)]


@dataclass
class Affine:
    """Pairs of an affine node: `count` channels, or elements of a vector."""
    count: int
    scale: list = field(default_factory=list)
    offset: list = field(default_factory=list)


@dataclass
class Node:
    op: str
    inputs: list = field(default_factory=list)
    input_shapes: list = field(default_factory=list)
    shape: tuple = ()  # of the output
    layer: Layer | None = None
    affine: Affine | None = None
    window: tuple[Axis, Axis] | None = None  # height, width
    groups: int = 1
    include_padding: bool = False
    numbers: tuple = ()  # slope; min, max; alpha, beta
    dimensions: tuple = ()  # of reshape
