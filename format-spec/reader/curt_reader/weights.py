"""The weights section: checks and decoding of each encoding (SPEC section 6, `encodings/`, steps 9 and 11)."""

import struct

from .block import read_block
from .container import align64
from .error import need
from .float32 import mul
from .layout import BLOCK_F32, CODEBOOK, FIXED_POINT, SPARSE, TERNARY
from .sparse import read_sparse
from .tables import check_float


def array_offsets(layers):
    """([offset of each array in the section], length of the section)."""
    offsets, end = [], 0
    for layer in layers:
        start = align64(end) if layer.layout.bytes else end
        offsets.append(start)
        end = start + layer.layout.bytes
    return offsets, end


def _dense(layer, data, at):
    elements = data[at:at + layer.layout.bytes]
    size = layer.layout.element_bytes
    rows = [[0.0] * layer.cols for _ in range(layer.rows)]
    bits = struct.unpack(f"<{len(elements) // size}{'I' if size == 4 else 'H'}", elements)
    values = struct.unpack(f"<{len(elements) // size}{'f' if size == 4 else 'e'}", elements)
    for index, (row, col) in enumerate(layer.layout.storage_order()):
        here = at + size * index
        need(row < layer.rows or bits[index] == 0, "padding", here, "an element of a padding row")
        check_float(values[index], here, f"weight of row {row}, column {col}")
        if row < layer.rows:
            rows[row][col] = values[index]
    layer.decoded = rows


def _fixed_point_field(layer, code, padding, at):
    need(not (padding and code), "padding", at, "a padding column")
    half = 1 << (layer.parameter - 1)
    need(code != half, "code", at, f"the field {-half} is not used")
    return (code - 2 * half if code > half else code,)


def _codebook_field(layer, code, padding, at):
    need(not (padding and code), "padding", at, "a padding column")
    need(code < layer.parameter, "code", at, f"index {code} of {layer.parameter} levels")
    return (code,)


def _ternary_field(_layer, code, padding, at):
    need(code < 27, "code", at, f"ternary field {code}")
    digits = (code % 3, code // 3 % 3, code // 9)
    need(not any(digits[3 - padding:]), "padding", at, "a padding column")
    return digits


_FIELD = {FIXED_POINT: _fixed_point_field, TERNARY: _ternary_field, CODEBOOK: _codebook_field}


def _packed(layer, data, at):
    layout, read_field = layer.layout, _FIELD[layer.encoding]
    codes = [[0] * (layout.units * layout.unit) for _ in range(layer.rows)]
    words = struct.unpack_from(f"<{layout.elements}I", data, at)
    for index, (row, unit) in enumerate(layout.storage_order()):
        word, here = words[index], at + 4 * index
        if row >= layer.rows:
            need(word == 0, "padding", here, "a word of a padding row")
            continue
        for number in range(layout.fields):
            code = word >> number * layout.bits & (1 << layout.bits) - 1
            col = unit * layout.unit + number * layout.columns
            padding = min(max(col + layout.columns - layer.cols, 0), layout.columns)
            codes[row][col:col + layout.columns] = read_field(layer, code, padding, here)
        need(word >> layout.fields * layout.bits == 0, "padding", here, "bits above the last field")
    layer.codes = [row[:layer.cols] for row in codes]
    _decode(layer, at)


def _decode(layer, at):
    """Checks that the codes use every level and no other, and sets the weights."""
    used = set().union(*layer.codes)
    if layer.encoding == CODEBOOK:
        need(len(used) == layer.parameter, "non_canonical", at, "a level that no weight uses")
        value = layer.levels
    elif layer.encoding == TERNARY:
        value = (0.0, layer.levels[1], layer.levels[0])
        for digit in (1, 2):
            need((digit in used) == (value[digit] != 0), "non_canonical", at, f"digit {digit} and its level")
    else:
        value = {q: mul(float(q), layer.levels[0]) for q in used}
    layer.decoded = [[value[code] for code in row] for row in layer.codes]


_READ = dict.fromkeys(_FIELD, _packed) | dict.fromkeys(SPARSE, read_sparse) | {BLOCK_F32: read_block}


def read_weights(data, section, layers):
    """Step 11. Fills each of `layers`."""
    end = section.offset
    for layer, offset in zip(layers, array_offsets(layers)[0]):
        start = section.offset + offset
        need(not any(data[end:start]), "padding", end, "bytes before an array are not zero")
        end = start + layer.layout.bytes
        decode = _READ.get(layer.encoding, _dense)
        decode(layer, data, start)
