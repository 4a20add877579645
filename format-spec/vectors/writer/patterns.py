"""Sparse and block layers: fields of the pattern, counts and arrays (encodings/sparse.md, encodings/block.md)."""

import struct

from .arrays import element_number

SPARSE_F32, SPARSE_FIXED, SPARSE_CODEBOOK, BLOCK = range(5, 9)


def code_bits(encoding, parameter):
    """Bits of a code: `parameter` of fixed point; the least b with 2^b - 1 codes enough of a codebook."""
    return parameter if encoding == SPARSE_FIXED else min(b for b in range(1, 5) if 2**b - 1 >= parameter)


def slots_per_unit(encoding, parameter):
    return 1 if encoding == SPARSE_F32 else 32 // (5 + code_bits(encoding, parameter))


def split(layer):
    """({(row, tile): slots}, [residue of each row]); a slot and an entry are (column, code)."""
    room = layer.units * slots_per_unit(layer.encoding, layer.parameter)
    slots, residue = {}, []
    for row, codes in enumerate(layer.codes):
        rest = []
        for column, code in enumerate(codes):
            if code:
                held = slots.setdefault((row, column // 32), [])
                (held if len(held) < room else rest).append((column, code))
        residue.append(rest)
    return slots, residue


def blocks_of(layer):
    """[(column, values) of each block] of each group."""
    groups = []
    for top in range(0, layer.rows, layer.parameter):
        rows = layer.codes[top:top + layer.parameter]
        rows += [[0.0] * layer.cols] * (layer.parameter - len(rows))
        columns = zip(*rows)
        groups.append([(column, values) for column, values in enumerate(columns) if any(values)])
    return groups


def counts_of(layer):
    return [len(entries) for entries in (blocks_of(layer) if layer.encoding == BLOCK else split(layer)[1])]


def pattern_fields(layer):
    """[(label, value)] after row_factors."""
    if layer.encoding < SPARSE_F32:
        return []
    total = sum(counts_of(layer))
    return [("blocks", total)] if layer.encoding == BLOCK else [("units", layer.units), ("residue", total)]


def counts_bytes(layer):
    if layer.encoding < SPARSE_F32:
        return b""
    counts = counts_of(layer)
    if layer.cols > 65535:
        return struct.pack(f"<{len(counts)}I", *counts)
    return struct.pack(f"<{len(counts)}H", *counts) + bytes(2 * (len(counts) % 2))


def _columns(layer, lists):
    return b"".join(struct.pack("<I" if layer.cols > 65536 else "<H", column) for part in lists for column, _ in part)


def _tiled(layer):
    """(values or words, places) of all slots in the order of the file."""
    per_unit, tiles = slots_per_unit(layer.encoding, layer.parameter), -(-layer.cols // 32)
    total = 16 * -(-layer.rows // 16) * tiles * layer.units
    values, places = [0] * total, bytearray(total)
    for (row, tile), held in split(layer)[0].items():
        for number, (column, code) in enumerate(held):
            at = element_number(layer.rows, tiles * layer.units, row, tile * layer.units + number // per_unit)
            if layer.encoding == SPARSE_F32:
                values[at], places[at] = code, column % 32
            else:
                bits = code_bits(layer.encoding, layer.parameter)
                values[at] |= (column % 32 | code % 2**bits << 5) << (5 + bits) * (number % per_unit)
    return struct.pack(f"<{total}{'f' if layer.encoding == SPARSE_F32 else 'I'}", *values), bytes(places)


def parts_of(layer):
    """[(label, bytes)] of the array."""
    if layer.encoding == BLOCK:
        groups = blocks_of(layer)
        values = [value for group in groups for _, block in group for value in block]
        return [("values", struct.pack(f"<{len(values)}f", *values)), ("columns", _columns(layer, groups))]
    units, places = _tiled(layer)
    residue = split(layer)[1]
    codes = [code for entries in residue for _, code in entries]
    if layer.encoding == SPARSE_F32:
        return [("units", units), ("values", struct.pack(f"<{len(codes)}f", *codes)), ("columns", _columns(layer, residue)),
                ("places", places)]
    return [("units", units), ("columns", _columns(layer, residue)), ("codes", bytes(code % 256 for code in codes))]
