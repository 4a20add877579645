"""Checks and decoding of `block_f32` (encodings/block.md)."""

import struct

from .error import need
from .sparse import read_columns
from .tables import check_float


def read_block(layer, data, at):
    """Fills the lists of `layer` from its array at `at`: the blocks of a strip are the list of each of its rows."""
    layout = layer.layout
    height = layout.height
    strips = [strip for strip, count in enumerate(layer.counts) for _ in range(count)]
    blocks = []
    for block, strip in enumerate(strips):
        here = at + 4 * height * block
        raw, values = data[here:here + 4 * height], struct.unpack_from(f"<{height}f", data, here)
        for i, value in enumerate(values):
            padding = strip * height + i >= layer.rows
            need(not padding or not any(raw[4 * i:4 * i + 4]), "padding", here + 4 * i, "a value of a padding row")
            check_float(value, here + 4 * i, f"a weight of row {strip * height + i}")
        need(any(values), "non_canonical", here, "a block of zeros")
        blocks.append(values)
    columns = read_columns(data, at + layout.parts[0], layer.counts, layer.cols)
    blocks, lists = iter(blocks), []
    for strip in columns:
        made = [(column, next(blocks)) for column in strip]
        lists += [[(column, values[i]) for column, values in made] for i in range(height)]
    layer.tiles, layer.lists = [[] for _ in range(layer.rows)], lists[:layer.rows]
