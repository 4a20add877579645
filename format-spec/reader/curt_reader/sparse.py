"""Checks and decoding of the sparse encodings (encodings/sparse.md)."""

import struct

from .error import need
from .layout import SPARSE_CODEBOOK, SPARSE_F32, SPARSE_FIXED_POINT, TILE_COLUMNS, column_bytes
from .tables import check_float


def read_columns(data, at, counts, cols):
    """A list of columns for each of `counts`. A column past `cols`, or one that does not ascend, is `mask`."""
    size, lists = column_bytes(cols), []
    for count in counts:
        columns, last = [], -1
        for _ in range(count):
            column = int.from_bytes(data[at:at + size], "little")
            need(column < cols, "mask", at, f"column {column} of {cols}")
            need(column > last, "mask", at, f"column {column} after {last}")
            columns.append(column)
            last, at = column, at + size
        lists.append(columns)
    return lists


class _Slots:
    """The slots of each row and column tile read so far: [(column, code or value)], None for a free slot."""

    def __init__(self, layer):
        self.layer = layer
        tiles = layer.layout.tiles if layer.layout.units else 0  # the array bounds how many: without slots nothing does
        self.tiles = [[[] for _ in range(tiles)] for _ in range(layer.rows)]

    def put(self, row, tile, place, code, at):
        slots = self.tiles[row][tile]
        if not code:
            need(place == 0, "padding", at, f"a free slot of place {place}")
            slots.append(None)
            return
        need(not slots or slots[-1], "non_canonical", at, "a slot after a free one")
        need(self.layer.encoding == SPARSE_F32 or is_code(self.layer, code), "code", at, f"code {code}")
        column = TILE_COLUMNS * tile + place
        need(place < TILE_COLUMNS and column < self.layer.cols, "mask", at, f"place {place} of tile {tile}")
        need(not slots or slots[-1][0] < column, "mask", at, f"column {column} is not greater than the one before")
        slots.append((column, code))


def is_code(layer, code):
    """Whether an integer that is not zero is a code of the layer."""
    if layer.encoding == SPARSE_FIXED_POINT:
        return abs(code) < 1 << layer.parameter - 1
    return code <= layer.parameter


def _signed(code, bits):
    return code - (1 << bits) if code >> bits - 1 else code


def _float_units(layer, data, at):
    """Part 1 of sparse_f32: the values, in storage order."""
    layout = layer.layout
    bits = struct.unpack_from(f"<{layout.elements}I", data, at)
    values = struct.unpack_from(f"<{layout.elements}f", data, at)
    for index, (row, _) in enumerate(layout.storage_order()):
        need(row < layer.rows or bits[index] == 0, "padding", at + 4 * index, "an element of a padding row")
        check_float(values[index], at + 4 * index, f"a weight of row {row}")
    return values


def _float_places(layer, values, data, at):
    """Part 4 of sparse_f32."""
    slots = _Slots(layer)
    for index, (row, unit) in enumerate(layer.layout.storage_order()):
        place = data[at + index]
        if row < layer.rows:
            slots.put(row, unit // layer.layout.units, place, values[index], at + index)
        else:
            need(place == 0, "padding", at + index, "a place of a padding row")
    return slots.tiles


def _words(layer, data, at):
    """Part 1 of the other encodings."""
    layout, slots = layer.layout, _Slots(layer)
    width = 5 + layout.bits
    for index, (row, unit) in enumerate(layout.storage_order()):
        here = at + 4 * index
        word = int.from_bytes(data[here:here + 4], "little")
        if row >= layer.rows:
            need(word == 0, "padding", here, "a word of a padding row")
            continue
        for number in range(layout.slots):
            field = word >> number * width & (1 << width) - 1
            code = field >> 5
            if layer.encoding == SPARSE_FIXED_POINT:
                code = _signed(code, layout.bits)
            slots.put(row, unit // layout.units, field & 31, code, here)
        need(word >> layout.slots * width == 0, "padding", here, "bits above the last field")
    return slots.tiles


def _residue_values(layer, data, at):
    values = struct.unpack_from(f"<{layer.layout.residue}f", data, at)
    for index, value in enumerate(values):
        check_float(value, at + 4 * index, "a value of the residue")
        need(value != 0, "non_canonical", at + 4 * index, "a value of the residue is zero")
    return values


def _residue_codes(layer, data, at):
    codes = data[at:at + layer.layout.residue]
    if layer.encoding == SPARSE_FIXED_POINT:
        codes = [_signed(code, 8) for code in codes]
    for index, code in enumerate(codes):
        need(code and is_code(layer, code), "code", at + index, f"code {code} of the residue")
    return codes


def _relations(layer, tiles, lists, at):
    """Rules 5 and 6: no entry of the residue belongs in a slot, and every level is used."""
    for row, (slots, entries) in enumerate(zip(tiles, lists)):
        for column, _ in entries if layer.layout.units else ():
            last = slots[column // TILE_COLUMNS][-1]
            need(last and column > last[0], "non_canonical", at, f"row {row}: column {column} belongs in a slot")
    if layer.encoding == SPARSE_CODEBOOK:
        used = {code for row in tiles for slots in row for slot in slots if slot for code in slot[1:]}
        used.update(code for entries in lists for _, code in entries)
        need(len(used) == layer.parameter, "non_canonical", at, "a level that no entry uses")


def read_sparse(layer, data, at):
    """Fills the tiles and the lists of `layer` from its array at `at`."""
    parts = layer.layout.parts
    starts = [at + sum(parts[:i]) for i in range(4)]
    if layer.encoding == SPARSE_F32:
        values = _float_units(layer, data, starts[0])
        residue = _residue_values(layer, data, starts[1])
    else:
        tiles = _words(layer, data, starts[0])
    columns = read_columns(data, starts[2], layer.counts, layer.cols)
    if layer.encoding == SPARSE_F32:
        tiles = _float_places(layer, values, data, starts[3])
    else:
        residue = _residue_codes(layer, data, starts[3])
    residue = iter(residue)
    lists = [[(column, next(residue)) for column in row] for row in columns]
    _relations(layer, tiles, lists, at)
    multiplier = layer.levels.__getitem__ if layer.encoding == SPARSE_CODEBOOK else float
    first = 1 if layer.encoding == SPARSE_CODEBOOK else 0
    layer.tiles = [[[(TILE_COLUMNS * tile, 0.0) if slot is None else (slot[0], multiplier(slot[1] - first)) for slot in slots]
                    for tile, slots in enumerate(row)] for row in tiles]
    layer.lists = [[(column, multiplier(code - first)) for column, code in row] for row in lists]
