"""The weights section: checks and decoding of each encoding (SPEC section 6, `encodings/`, steps 9 and 11)."""

import struct

from .container import align64
from .error import need
from .float32 import mul
from .layout import CODEBOOK, FIXED_POINT, TERNARY
from .tables import check_float


def array_offsets(linears):
    """([offset in the section of each array], length of the section)."""
    offsets, end = [], 0
    for linear in linears:
        start = align64(end) if linear.layout.bytes else end
        offsets.append(start)
        end = start + linear.layout.bytes
    return offsets, end


def _dense(linear, elements, at):
    size = linear.layout.element_bytes
    rows = [[0.0] * linear.cols for _ in range(linear.rows)]
    bits = struct.unpack(f"<{len(elements) // size}{'I' if size == 4 else 'H'}", elements)
    values = struct.unpack(f"<{len(elements) // size}{'f' if size == 4 else 'e'}", elements)
    for index, (row, col) in enumerate(linear.layout.storage_order()):
        here = at + size * index
        need(row < linear.rows or bits[index] == 0, "padding", here, "an element of a padding row")
        check_float(values[index], here, f"weight of row {row}, column {col}")
        if row < linear.rows:
            rows[row][col] = values[index]
    linear.weights = rows


def _fixed_point_field(linear, code, padding, at):
    need(not (padding and code), "padding", at, "a padding column")
    half = 1 << (linear.parameter - 1)
    need(code != half, "code", at, f"the field {-half} is not used")
    return (code - 2 * half if code > half else code,)


def _codebook_field(linear, code, padding, at):
    need(not (padding and code), "padding", at, "a padding column")
    need(code < linear.parameter, "code", at, f"index {code} of {linear.parameter} levels")
    return (code,)


def _ternary_field(_linear, code, padding, at):
    need(code < 27, "code", at, f"ternary field {code}")
    digits = (code % 3, code // 3 % 3, code // 9)
    need(not any(digits[3 - padding:]), "padding", at, "a padding column")
    return digits


_FIELD = {FIXED_POINT: _fixed_point_field, TERNARY: _ternary_field, CODEBOOK: _codebook_field}


def _packed(linear, elements, at):
    layout, read_field = linear.layout, _FIELD[linear.encoding]
    codes = [[0] * (layout.units * layout.unit) for _ in range(linear.rows)]
    words = struct.unpack(f"<{layout.elements}I", elements)
    for index, (row, unit) in enumerate(layout.storage_order()):
        word, here = words[index], at + 4 * index
        if row >= linear.rows:
            need(word == 0, "padding", here, "a word of a padding row")
            continue
        for number in range(layout.fields):
            code = word >> number * layout.bits & (1 << layout.bits) - 1
            col = unit * layout.unit + number * layout.columns
            padding = min(max(col + layout.columns - linear.cols, 0), layout.columns)
            codes[row][col:col + layout.columns] = read_field(linear, code, padding, here)
        need(word >> layout.fields * layout.bits == 0, "padding", here, "bits above the last field")
    linear.codes = [row[:linear.cols] for row in codes]
    _decode(linear, at)


def _decode(linear, at):
    """Checks that levels and codes use each other, and sets the weights."""
    used = set().union(*linear.codes)
    if linear.encoding == CODEBOOK:
        need(len(used) == linear.parameter, "non_canonical", at, "a level that no weight uses")
        value = linear.levels
    elif linear.encoding == TERNARY:
        value = (0.0, linear.levels[1], linear.levels[0])
        for digit in (1, 2):
            need((digit in used) == (value[digit] != 0), "non_canonical", at, f"digit {digit} and its level")
    else:
        value = {q: mul(float(q), linear.levels[0]) for q in used}
    linear.weights = [[value[code] for code in row] for row in linear.codes]


def read_weights(data, section, linears):
    """Step 11; fills each of `linears`."""
    end = section.offset
    for linear, offset in zip(linears, array_offsets(linears)[0]):
        start = section.offset + offset
        need(not any(data[end:start]), "padding", end, "bytes before an array are not zero")
        end = start + linear.layout.bytes
        decode = _packed if linear.encoding in _FIELD else _dense
        decode(linear, data[start:end], start)
