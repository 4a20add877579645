"""binary32 arithmetic (arithmetic.md) on Python floats that hold binary32 values.

A Python float is binary64. A product is exact in binary64, so it is rounded once. For sums and quotients rounding twice equals
rounding once, because 53 >= 2 * 24 + 2 bits. For fma, the exact product plus the addend is rounded to odd, then to binary32.
"""

import math
import struct

_F32, _U32, _F64, _U64 = (struct.Struct(c) for c in ("<f", "<I", "<d", "<Q"))


def round32(x):
    """`x` (binary64), rounded to binary32, ties to even."""
    try:
        return _F32.unpack(_F32.pack(x))[0]
    except OverflowError:
        return math.copysign(math.inf, x)


def from_bits(bits):
    return _F32.unpack(_U32.pack(bits))[0]


_MAX = from_bits(0x7F7FFFFF)


def finite(x):
    """The finite value that stands for `x`: infinities saturate, a NaN becomes +0 (arithmetic.md, section 1)."""
    if x != x:
        return 0.0
    return _MAX if x > _MAX else -_MAX if x < -_MAX else x


def mul(a, b):
    return round32(a * b)


def add(a, b):
    return round32(a + b)


def sub(a, b):
    return round32(a - b)


def div(a, b):
    if b != 0:
        return round32(a / b)
    if a == 0 or a != a:
        return math.nan
    return math.copysign(math.inf, a) * math.copysign(1, b)


def fma(a, b, c):
    product = a * b
    total = product + c
    if not math.isfinite(total):
        return total
    part = total - product
    error = (product - (total - part)) + (c - part)
    if error and not _U64.unpack(_F64.pack(total))[0] & 1:
        total = math.nextafter(total, math.copysign(math.inf, error))
    return round32(total)


_LOG2_E = from_bits(0x3FB8AA3B)
_OVERFLOW, _UNDERFLOW = from_bits(0x42B17217), from_bits(0xC2AEAC4F)
_LN2_HIGH, _LN2_LOW = from_bits(0x3F318000), from_bits(0xB95E8083)
_POLYNOMIAL = tuple(map(from_bits, (0x394F860E, 0x3AB6C609, 0x3C088937, 0x3D2AAA48, 0x3E2AAAAA, 0x3F000000)))


def exp(x):
    """arithmetic.md, section 6."""
    if x != x:
        return x
    if x > _OVERFLOW:
        return math.inf
    if x < _UNDERFLOW:
        return 0.0
    n = round(mul(x, _LOG2_E))
    r = fma(float(n), -_LN2_LOW, fma(float(n), -_LN2_HIGH, x))
    p = _POLYNOMIAL[0]
    for coefficient in _POLYNOMIAL[1:]:
        p = fma(p, r, coefficient)
    y = add(fma(p, mul(r, r), r), 1.0)
    return mul(mul(y, 2.0 ** (n // 2)), 2.0 ** (n - n // 2))


_TANH_SPLIT = 0.625
_TANH = tuple(map(from_bits, (0xBBBACCD1, 0x3CA90BB2, 0xBD5C1D18, 0x3E08838C, 0xBEAAAA99)))


def tanh(x):
    """arithmetic.md, section 6."""
    a = abs(x)
    if a < _TANH_SPLIT:
        t = mul(x, x)
        p = _TANH[0]
        for coefficient in _TANH[1:]:
            p = fma(p, t, coefficient)
        return fma(p, mul(t, x), x)
    y = sub(1.0, div(2.0, add(exp(mul(2.0, a)), 1.0)))
    return -y if x < 0 else y
