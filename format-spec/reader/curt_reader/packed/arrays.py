"""The array of a layer in a mapped file (SPEC 6, `encodings/`) from its elements, and back."""

import struct

from ..layout import (BLOCK_F32, CODEBOOK, DENSE_F16, FIXED_POINT, SPARSE, SPARSE_CODEBOOK, SPARSE_F32, SPARSE_FIXED_POINT, TERNARY,
                      TILE_COLUMNS, column_bytes)
from .array import bits_of
from .weights import FLOATS, below_zero, nearest_to_zero


def _packed(form, values):
    return struct.pack(f"<{len(values)}{form}", *values)


def _columns(layer, columns):
    return _packed("I" if column_bytes(layer.cols) == 4 else "H", columns)


def _dense(layer, elements):
    values = [elements[row][col] if row < layer.rows else 0 for row, col in layer.layout.storage_order()]
    return _packed("H" if layer.encoding == DENSE_F16 else "I", values)


def _words(layer, elements, levels):
    """Words of `fields` fields. A field holds one code, or three digits of base 3."""
    layout = layer.layout
    if layer.encoding == CODEBOOK:
        first = nearest_to_zero(levels)
        codes = [[first + element for element in row] for row in elements]
    else:
        base = 3 if layer.encoding == TERNARY else 1 << layout.bits
        codes = [[element % base for element in row] for row in elements]
    words = []
    for row, unit in layout.storage_order():
        here = codes[row][unit * layout.unit:(unit + 1) * layout.unit] if row < layer.rows else []
        here += [0] * (layout.unit - len(here))
        fields = [sum(digit * 3**i for i, digit in enumerate(here[at:at + layout.columns]))
                  for at in range(0, layout.unit, layout.columns)]
        words.append(sum(code << number * layout.bits for number, code in enumerate(fields)))
    return _packed("I", words)


def _entry_codes(layer, elements, levels):
    """The entries of each row as (column, code). A code is the bits of a float, an integer, or 1 to K."""
    below = below_zero(levels) if layer.encoding == SPARSE_CODEBOOK else 0
    shift = (below + 1, below) if layer.encoding == SPARSE_CODEBOOK else (0, 0)
    return [[(col, q + shift[q > 0]) for col, q in enumerate(row) if q] for row in elements]


def _split(layer, entries):
    """(the entries in slots of each row and column tile, the residue of each row)."""
    layout, slots, lists = layer.layout, [], []
    for row in entries:
        tiles, rest = [[] for _ in range(layout.tiles)], []
        for entry in row:
            tile = tiles[entry[0] // TILE_COLUMNS]
            (tile if len(tile) < layout.units * layout.slots else rest).append(entry)
        slots.append(tiles)
        lists.append(rest)
    return slots, lists


def _unit(layer, slots, row, unit):
    """The entries of an element."""
    layout = layer.layout
    if row >= layer.rows:
        return []
    tile, number = divmod(unit, layout.units)
    return slots[row][tile][number * layout.slots:(number + 1) * layout.slots]


def _sparse(layer, elements, levels):
    layout = layer.layout
    slots, lists = _split(layer, _entry_codes(layer, elements, levels))
    residue = [entry for row in lists for entry in row]
    columns = _columns(layer, [col for col, _ in residue])
    units = [_unit(layer, slots, row, unit) for row, unit in layout.storage_order()]
    if layer.encoding == SPARSE_F32:
        values = _packed("I", [unit[0][1] if unit else 0 for unit in units])
        places = bytes(unit[0][0] % TILE_COLUMNS if unit else 0 for unit in units)
        parts = values, _packed("I", [bits for _, bits in residue]), columns, places
    else:
        mask = (1 << layout.bits) - 1
        words = [sum((col % TILE_COLUMNS | (code & mask) << 5) << i * (5 + layout.bits) for i, (col, code) in enumerate(unit))
                 for unit in units]
        parts = _packed("I", words), columns, bytes(code & 255 for _, code in residue)
    return b"".join(parts), [len(row) for row in lists]


def _block(layer, elements):
    height, values, columns, counts = layer.layout.height, [], [], []
    for strip in range(layer.layout.counts):
        rows = elements[strip * height:(strip + 1) * height]
        kept = [col for col in range(layer.cols) if any(row[col] for row in rows)]
        for col in kept:
            values += [row[col] for row in rows] + [0] * (height - len(rows))
        columns += kept
        counts.append(len(kept))
    return _packed("I", values) + _columns(layer, columns), counts


def write_array(layer, elements, levels):
    """(bytes of the array, counts); `levels` are bits."""
    if layer.encoding in SPARSE:
        return _sparse(layer, elements, levels)
    if layer.encoding == BLOCK_F32:
        return _block(layer, elements)
    if layer.encoding in FLOATS:
        return _dense(layer, elements), []
    return _words(layer, elements, levels), []


def elements_of(layer):
    """The elements of a layer that was read from a mapped file."""
    if layer.encoding in (SPARSE_FIXED_POINT, FIXED_POINT):
        return [list(map(int, layer.multipliers(row))) for row in range(layer.rows)]
    if layer.encoding == TERNARY:
        return [[(0, 1, -1)[digit] for digit in row] for row in layer.codes]
    levels = bits_of(layer.levels)
    if layer.encoding == CODEBOOK:
        first = nearest_to_zero(levels)
        return [[index - first for index in row] for row in layer.codes]
    rows = [layer.multipliers(row) for row in range(layer.rows)]
    if layer.encoding == SPARSE_CODEBOOK:
        below = below_zero(levels)
        element = {0.0: 0} | {level: i - below + (i >= below) for i, level in enumerate(layer.levels)}
        return [[element[value] for value in row] for row in rows]
    if layer.encoding == DENSE_F16:
        return [list(struct.unpack(f"<{len(row)}H", struct.pack(f"<{len(row)}e", *row))) for row in rows]
    return [bits_of(row) for row in rows]
