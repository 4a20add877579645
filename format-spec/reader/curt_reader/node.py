"""The nodes of a graph, as they are held after reading."""

from dataclasses import dataclass, field

from .layout import layout_of
from .window import Axis


@dataclass
class Layer:
    """The weights of a linear or conv2d node; `cols` is known when the input's shape is."""
    rows: int
    encoding: int
    parameter: int
    row_factors: bool
    cols: int = 0
    levels: list = field(default_factory=list)
    factors: list | None = None
    biases: list = field(default_factory=list)
    codes: list | None = None  # per row; dense has none
    weights: list = field(default_factory=list)  # per row, f32; without row factors

    @property
    def layout(self):
        return layout_of(self.encoding, self.parameter, self.rows, self.cols)


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
