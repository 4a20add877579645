"""The tables section: input scale and offset, input mask, levels, factors, biases (SPEC section 5, steps 9 and 10)."""

import math
import struct

from .cursor import Cursor, check_mask
from .error import need
from .layout import CODEBOOK, FIXED_POINT, TERNARY, level_count


def mask_words(bits):
    return -(-bits // 32)


def tables_bytes(spec, linears):
    """The length that the graph demands."""
    words = 2 * spec.channels + (0 if spec.kept is None else mask_words(spec.elements))
    for linear in linears:
        words += level_count(linear.encoding, linear.parameter) + (1 + linear.row_factors) * linear.rows
    return 4 * words


def check_float(value, offset, what):
    need(math.isfinite(value), "non_finite", offset, what)
    need(value != 0 or math.copysign(1, value) > 0, "non_canonical", offset, f"{what}: negative zero")


def _floats(cursor, count, what, allowed=lambda value: True):
    at = cursor.at
    values = struct.unpack(f"<{count}f", cursor.take(4 * count, what))
    for index, value in enumerate(values):
        check_float(value, at + 4 * index, what)
        need(allowed(value), "non_canonical", at + 4 * index, f"{what}: {value}")
    return list(values)


def _levels(cursor, linear):
    at, encoding = cursor.at, linear.encoding
    levels = _floats(cursor, level_count(encoding, linear.parameter), "level")
    if encoding == FIXED_POINT:
        need(levels[0] > 0, "codebook", at, "the step is not greater than zero")
    if encoding == TERNARY:
        need(levels[0] <= 0 <= levels[1], "codebook", at, "a level of the wrong sign")
    if encoding == CODEBOOK:
        ascending = all(a < b for a, b in zip(levels, levels[1:]))
        need(ascending, "codebook", at, "levels are not strictly ascending")
    return levels


def read_tables(data, section, spec, linears):
    """Step 10; fills `spec` and each of `linears`."""
    cursor = Cursor(data, section.offset, section.length)
    spec.scale = _floats(cursor, spec.channels, "input scale", lambda value: value != 0)
    spec.offset = _floats(cursor, spec.channels, "input offset")
    if spec.kept is not None:
        at = cursor.at
        words = cursor.words(mask_words(spec.elements), "input mask")
        spec.mask = check_mask(words, spec.elements, spec.kept, at, "input mask")
    for linear in linears:
        linear.levels = _levels(cursor, linear)
        if linear.row_factors:
            linear.factors = _floats(cursor, linear.rows, "row factor", lambda value: value > 0)
        linear.biases = _floats(cursor, linear.rows, "bias")
