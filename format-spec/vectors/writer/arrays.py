"""Weight arrays: the elements of rows x cols codes in the order of SPEC section 6."""

import struct

F32, F16, FIXED, TERNARY, CODEBOOK = range(5)


def element_number(rows, units, row, unit):
    """SPEC section 6.1, as it is written there."""
    vectors = -(-rows // 16)
    tile = row // 64
    n = min(4, vectors - 4 * tile)
    v = row % 64 // 16
    return 64 * tile * units + (unit * n + v) * 16 + row % 16


def field_bits(encoding, parameter):
    if encoding == TERNARY:
        return 5
    return parameter if encoding == FIXED else max(b for b in range(1, 9) if 2 ** (b - 1) < parameter)


def word_columns(encoding, parameter):
    if encoding in (F32, F16):
        return 1
    return 32 // field_bits(encoding, parameter) * (3 if encoding == TERNARY else 1)


def _word(encoding, parameter, codes):
    """One word of up to word_columns codes (digit, q or index), the first column lowest."""
    bits, word = field_bits(encoding, parameter), 0
    if encoding == TERNARY:
        for k, digit in enumerate(codes):
            word += digit * 3 ** (k % 3) << bits * (k // 3)
        return word
    for k, code in enumerate(codes):
        word |= code % 2**bits << bits * k
    return word


def pack(encoding, parameter, rows, cols, codes):
    """The array's bytes; codes[row][col] is a float for dense encodings."""
    width = word_columns(encoding, parameter)
    units = -(-cols // width)
    elements = [0] * (16 * -(-rows // 16) * units)
    for row in range(rows):
        for unit in range(units):
            part = codes[row][unit * width:(unit + 1) * width]
            value = part[0] if encoding in (F32, F16) else _word(encoding, parameter, part)
            elements[element_number(rows, units, row, unit)] = value
    return struct.pack(f"<{len(elements)}{'fe'[encoding] if encoding in (F32, F16) else 'I'}", *elements)
