"""Seeded numbers: splitmix64, and families of f32 that stress rounding."""

import struct

_MASK = 2**64 - 1


def from_bits(bits):
    return struct.unpack("<f", struct.pack("<I", bits))[0]


def f32(value):
    return struct.unpack("<f", struct.pack("<f", value))[0]


class Numbers:
    """splitmix64 (Steele, Lea, Flood 2014), seeded by a name (FNV-1a, 64 bits)."""

    def __init__(self, name):
        self.state = 0xCBF29CE484222325
        for byte in name.encode():
            self.state = (self.state ^ byte) * 0x100000001B3 & _MASK

    def next(self):
        self.state = (self.state + 0x9E3779B97F4A7C15) & _MASK
        z = self.state
        z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9 & _MASK
        z = (z ^ z >> 27) * 0x94D049BB133111EB & _MASK
        return z ^ z >> 31

    def below(self, n):
        return self.next() % n

    def float(self, low, high, negative=True):
        """An f32 of a uniform exponent, 2^low <= |x| < 2^(high + 1), random fraction and sign; low >= -126."""
        exponent = 127 + low + self.below(high - low + 1)
        sign = self.below(2) << 31 if negative else 0
        return from_bits(sign | exponent << 23 | self.next() >> 41)

    def subnormal(self):
        return from_bits(self.below(2) << 31 | 1 + self.below(0x7FFFFF))

    def half(self, low=-14, high=3):
        """A finite f16, as f32; one in eight is subnormal."""
        sign, fraction = self.below(2) << 15, self.next() >> 54
        exponent = 15 + low + self.below(high - low + 1)
        if self.below(8) == 0:
            exponent, fraction = 0, fraction | 1
        return struct.unpack("<e", struct.pack("<H", sign | exponent << 10 | fraction))[0]

    def shuffled(self, items):
        items = list(items)
        for i in range(len(items) - 1, 0, -1):
            j = self.below(i + 1)
            items[i], items[j] = items[j], items[i]
        return items
