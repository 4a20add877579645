"""The tables section: input scale, offset and mask, levels, factors, biases, affine pairs (SPEC 5, steps 9 and 10)."""

import math
import struct

from .cursor import Cursor, check_mask
from .error import need
from .layout import CODEBOOK, FIXED_POINT, SPARSE_CODEBOOK, SPARSE_FIXED_POINT, TERNARY, level_count


def mask_words(bits):
    return -(-bits // 32)


def count_words(layer):
    counts = layer.layout.counts
    return counts if layer.cols > 65535 else -(-counts // 2)


def tables_bytes(spec, nodes):
    """The length of the section that the graph needs."""
    words = 2 * spec.channels + (0 if spec.kept is None else mask_words(spec.elements))
    for node in nodes:
        if node.layer:
            layer = node.layer
            words += level_count(layer.encoding, layer.parameter) + count_words(layer) + (1 + layer.row_factors) * layer.rows
        if node.affine:
            words += 2 * node.affine.count
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


def _levels(cursor, layer):
    at, encoding = cursor.at, layer.encoding
    levels = _floats(cursor, level_count(encoding, layer.parameter), "level")
    if encoding in (FIXED_POINT, SPARSE_FIXED_POINT):
        need(levels[0] > 0, "codebook", at, "the step is not greater than zero")
    if encoding == TERNARY:
        need(levels[0] <= 0 <= levels[1], "codebook", at, "a level of the wrong sign")
    if encoding in (CODEBOOK, SPARSE_CODEBOOK):
        ascending = all(a < b for a, b in zip(levels, levels[1:]))
        need(ascending, "codebook", at, "levels are not strictly ascending")
    if encoding == SPARSE_CODEBOOK:
        need(all(levels), "codebook", at, "a level is zero")
    return levels


def _counts(cursor, layer):
    """The counts of a layer with a pattern (SPEC 5)."""
    at, words, count = cursor.at, count_words(layer), layer.layout.counts
    raw, size = cursor.take(4 * words, "counts"), 4 if layer.cols > 65535 else 2
    counts = struct.unpack(f"<{len(raw) // size}{'I' if size == 4 else 'H'}", raw)
    for index, value in enumerate(counts):
        here = at + size * index
        need(index < count or value == 0, "mask", here, "the unused half of the last word of counts")
        need(value <= layer.cols, "mask", here, f"a count of {value} in {layer.cols} columns")
    need(sum(counts) == layer.pattern[-1], "mask", at, f"counts of {sum(counts)}, not {layer.pattern[-1]}")
    return list(counts[:count])


def _layer(cursor, layer):
    layer.levels = _levels(cursor, layer)
    if layer.pattern:
        layer.counts = _counts(cursor, layer)
    if layer.row_factors:
        layer.factors = _floats(cursor, layer.rows, "row factor", lambda value: value > 0)
    layer.biases = _floats(cursor, layer.rows, "bias")


def read_tables(data, section, spec, nodes):
    """Step 10. Fills `spec`, and the layers and affine pairs of `nodes`."""
    cursor = Cursor(data, section.offset, section.length)
    spec.scale = _floats(cursor, spec.channels, "input scale", lambda value: value != 0)
    spec.offset = _floats(cursor, spec.channels, "input offset")
    if spec.kept is not None:
        at = cursor.at
        words = cursor.words(mask_words(spec.elements), "input mask")
        spec.mask = check_mask(words, spec.elements, spec.kept, at, "input mask")
    for node in nodes:
        if node.layer:
            _layer(cursor, node.layer)
        if node.affine:
            node.affine.scale = _floats(cursor, node.affine.count, "affine scale")
            node.affine.offset = _floats(cursor, node.affine.count, "affine offset")
