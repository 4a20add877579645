"""Arrays of f32 (packed.md, section 6). A value is the 32 bits of the float."""

import math
import struct

from ..error import need
from .number import FloatMagnitude, SignedNumber
from .probability import LearningBit

MOST_INTEGER, MOST_CHANGE = 65535, 511


def float_of(bits):
    return struct.unpack("<f", struct.pack("<I", bits))[0]


def bits_of(values):
    return list(struct.unpack(f"<{len(values)}I", struct.pack(f"<{len(values)}f", *values)))


def _on_grid(integer, exponent):
    """The bits of `integer * 2^exponent`."""
    low = integer & -integer
    exact = integer == 0 or exponent + low.bit_length() - 1 >= -149 and exponent + integer.bit_length() <= 128
    need(exact, "non_canonical", 0, f"{integer} * 2^{exponent} is no f32")
    return bits_of([math.ldexp(integer, exponent) if integer else 0.0])[0]


def _grid(values, before):
    """(e, integers) of the values, or None when they do not lie on a grid."""
    pairs = [math.frexp(value) for value in map(float_of, values)]
    integers = [(int(m * 2**24), e - 24) for m, e in pairs if m]
    exponent = min((e + (q & -q).bit_length() - 1 for q, e in integers), default=before)
    grid = [int(math.ldexp(float_of(bits), -exponent)) for bits in values]
    return (exponent, grid) if all(abs(q) <= MOST_INTEGER for q in grid) else None


class ArrayModel:
    def __init__(self):
        self.usual, self.grid, self.sign = LearningBit(), LearningBit(49152, 1), LearningBit()
        self.change, self.integer = SignedNumber(), SignedNumber()
        self.magnitude, self.exponent = FloatMagnitude(8, 23), -8

    def code(self, coder, usual, count, wanted=None):
        """Codes `count` values. `usual` is the usual value."""
        if count == 0:
            return []
        if self.usual.code(coder, wanted is not None and all(value == usual for value in wanted)):
            return [usual] * count
        grid = wanted and _grid(wanted, self.exponent)
        if self.grid.code(coder, bool(grid)):
            exponent, integers = grid or (self.exponent, [0] * count)
            self.exponent += self.change.code(coder, MOST_CHANGE, exponent - self.exponent)
            return [_on_grid(self.integer.code(coder, MOST_INTEGER, q), self.exponent) for q in integers]
        return [self._float(coder, value) for value in wanted or [0] * count]

    def _float(self, coder, wanted):
        sign = self.sign.code(coder, wanted >> 31)
        return sign << 31 | self.magnitude.code(coder, wanted & 0x7FFFFFFF)
