"""Arguments for the tables of single functions: fma, exp and tanh."""

import struct

from .numbers import Numbers, f32, from_bits


def fma_arguments(count=3000):
    """Triples a, b, c: any finite bits; c near a*b or half a unit of it; a*b just off half a unit of c; special values."""
    r, triples = Numbers("fma"), []
    special = [0.0, -0.0, 1.0, -1.0, 2.0**-149, -(2.0**-126), from_bits(0x7F7FFFFF), from_bits(0x7F800000),
               from_bits(0xFF800000), from_bits(0x7FC00000)]
    triples += [(a, b, c) for a in special for b in special[:9:2] for c in special]
    while len(triples) < count:
        a, b, c = r.float(-126, 127), r.float(-126, 127), r.float(-126, 127)
        case = r.below(4)
        if case == 1:
            a, b = r.float(-20, 20), r.float(-20, 20)
            c = f32(-a * b * 2.0 ** (0, 1, 24, 25, -24, -25)[r.below(6)])
        if case == 2:
            c = from_bits(0x3F800000 | r.below(2**23)) * (1 - 2 * r.below(2))
            a, b = 2.0**-24 * (1 + (r.below(9) - 4) * 2.0**-22), 1 + (r.below(9) - 4) * 2.0**-22
        if case == 3:
            a, b, c = r.float(-80, -60), r.float(-80, -60), r.subnormal()
        triples.append((a, b, c))
    return triples


def exp_arguments(count=3000):
    """Special values and both thresholds with their neighbours, then -104 to 90 and small arguments."""
    r = Numbers("exp")
    bits = [0, 1 << 31, 1, 0x80000001, 0x7F800000, 0xFF800000, 0x7FC00000, 0x3F800000, 0xBF800000]
    bits += [center + step for center in (0x42B17217, 0xC2AEAC4F) for step in range(-3, 4)]
    values = [from_bits(b) for b in bits]
    while len(values) < count:
        values.append(r.float(-30, 5) if r.below(3) == 0 else f32(-104 + 194 * r.below(2**24) / 2**24))
    return values


def tanh_arguments(count=3000):
    """Special values and the branch point with its neighbours, then -10 to 10, both sides of it, and small arguments."""
    r = Numbers("tanh")
    values = [from_bits(sign | b) for b in (0, 1, 0x800000, 0x7F7FFFFF, 0x7F800000, 0x7FC00000, 0x3F800000)
              for sign in (0, 1 << 31)]
    values += [from_bits(sign | center + step) for center in (0x3F200000, 0x41102CB4, 0x42317217) for step in range(-3, 4)
               for sign in (0, 1 << 31)]
    while len(values) < count:
        case, fraction = r.below(4), r.below(2**24) / 2**23 - 1
        values.append(r.float(-60, 5) if case == 0 else f32(fraction * (10, 0.7, 0.625)[case - 1]))
    return values


def pack(values):
    return struct.pack(f"<{len(values)}f", *values)
