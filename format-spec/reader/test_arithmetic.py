"""Tests of the emulated binary32 operations, exp, tanh and CRC-32C."""

import math
import pathlib
import random
import struct
import sys
import unittest
from fractions import Fraction

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

from curt_reader import crc32c, float32  # noqa: E402

MAX = Fraction(2) ** 128 - Fraction(2) ** 104


def note(text):
    print(f"  {text}", file=sys.stderr)


def nearest(value):
    """The f32 nearest to a Fraction that is not zero, ties to even, as bits."""
    sign, value = (1 << 31, -value) if value < 0 else (0, value)
    if value >= MAX + Fraction(2) ** 103:
        return sign | 0x7F800000
    exponent = max(value.numerator.bit_length() - value.denominator.bit_length() - 1, -126)
    if value >= Fraction(2) ** (exponent + 1):
        exponent += 1
    significand = round(value / Fraction(2) ** (exponent - 23))  # ties to even
    return sign | (significand if exponent == -126 else (exponent + 126 << 23) + significand)


def bits_of(value):
    return struct.unpack("<I", struct.pack("<f", value))[0]


def random_f32(rng):
    """A finite f32: any bits, few significant bits, subnormal, or near 1."""
    choice = rng.randrange(5)
    if choice == 0:
        bits = rng.getrandbits(32)
    elif choice == 1:
        bits = rng.getrandbits(1) << 31 | rng.getrandbits(23)
    elif choice == 2:
        bits = rng.getrandbits(1) << 31 | rng.randrange(100, 154) << 23 | rng.getrandbits(3) << rng.randrange(21)
    elif choice == 3:
        bits = rng.getrandbits(1) << 31 | rng.choice((1, 2, 63, 64, 127, 128, 190, 191, 253, 254)) << 23
        bits |= rng.choice((0, 1, 0x400000, 0x7FFFFF))
    else:
        bits = rng.getrandbits(1) << 31 | rng.randrange(125, 130) << 23 | rng.getrandbits(23)
    value = float32.from_bits(bits)
    return value if math.isfinite(value) else 1.0


class Arithmetic(unittest.TestCase):
    def test_crc32c_check_value(self):
        self.assertEqual(crc32c(b"123456789"), 0xE3069283)
        self.assertEqual(crc32c(bytes(32)), 0x8A9136AA)  # RFC 3720, B.4
        self.assertEqual(crc32c(b"\xff" * 32), 0x62A8AB43)

    def test_operations_against_fractions(self):
        rng, counts = random.Random(1), {}
        operations = {
            "add": (float32.add, lambda a, b: a + b), "sub": (float32.sub, lambda a, b: a - b),
            "mul": (float32.mul, lambda a, b: a * b), "div": (float32.div, lambda a, b: a / b if b else Fraction(0)),
        }
        for _ in range(8000):
            a, b = random_f32(rng), random_f32(rng)
            for name, (operation, exact) in operations.items():
                value = exact(Fraction(a), Fraction(b))
                if value:
                    self.assertEqual(bits_of(operation(a, b)), nearest(value), (name, a, b))
                    counts[name] = counts.get(name, 0) + 1
        note(f"operations: {counts}")

    def test_fma_against_fractions(self):
        rng, checked, subnormal, overflow, twice = random.Random(2), 0, 0, 0, 0
        for i in range(30000):
            a, b, c = random_f32(rng), random_f32(rng), random_f32(rng)
            if i % 3 == 0:  # an addend near the product, or near half a unit of it
                scale = rng.choice((1.0, 2.0**24, 2.0**25, 2.0**-24, 2.0**-25)) * rng.choice((1, -1))
                near = float32.round32(a * b * scale)
                c = near if math.isfinite(near) else c
            if i % 3 == 1:  # a product just off half a unit of c
                c = float32.from_bits(0x3F800000 | rng.getrandbits(23))
                a = 2.0**-24 * (1 + rng.randrange(-4, 5) * 2.0**-23)
                b = 1 + rng.randrange(-4, 5) * 2.0**-23
                a, b = float32.round32(a), float32.round32(b)
            exact = Fraction(a) * Fraction(b) + Fraction(c)
            if exact:
                result = bits_of(float32.fma(a, b, c))
                self.assertEqual(result, nearest(exact), (a, b, c))
                checked += 1
                subnormal += result & 0x7F800000 == 0
                overflow += result & 0x7F800000 == 0x7F800000
                twice += bits_of(float32.round32(a * b + c)) != result
        self.assertGreater(twice, 100)
        note(f"fma: {checked} checked, {subnormal} subnormal, {overflow} infinite, {twice} that rounding twice gets wrong")

    def test_fma_special_values(self):
        inf, fma = math.inf, float32.fma
        self.assertEqual(bits_of(fma(1.0, -1.0, 1.0)), 0)
        self.assertEqual(bits_of(fma(-1.0, 0.0, 0.0)), 0)
        self.assertEqual(bits_of(fma(-1.0, 0.0, -0.0)), 0x80000000)
        self.assertEqual(bits_of(fma(-(2.0**-100), 2.0**-100, 0.0)), 0x80000000)
        self.assertEqual((fma(inf, 1.0, 1.0), fma(1.0, 1.0, -inf), fma(2.0**127, 2.0, 1.0)), (inf, -inf, inf))
        self.assertTrue(math.isnan(fma(inf, 0.0, 1.0)) and math.isnan(fma(inf, 1.0, -inf)))

    def test_exp_against_math(self):
        rng, worst = random.Random(3), 0.0
        low, high = float32.from_bits(0xC2AEAC4F), float32.from_bits(0x42B17217)
        points = [low, high, 0.0, -0.0, 1.0, -1.0, 2.0**-149, -(2.0**-30)]
        points += [float32.round32(rng.uniform(low, high)) for _ in range(20000)]
        points += [float32.round32(rng.uniform(-1, 1)) for _ in range(10000)]
        for x in points:
            y, exact = float32.exp(x), math.exp(x)
            self.assertGreaterEqual(y, 2.0**-126)
            worst = max(worst, abs(y - exact) / 2.0 ** (math.frexp(exact)[1] - 24))
        self.assertLess(worst, 2.0)
        self.assertEqual([float32.exp(x) for x in (0.0, -0.0, math.inf, -math.inf)], [1.0, 1.0, math.inf, 0.0])
        self.assertEqual(float32.exp(math.nextafter(low, -math.inf)), 0.0)
        note(f"exp: {len(points)} points, worst {worst:.3f} units in the last place")

    def test_tanh_against_math(self):
        rng, worst = random.Random(4), 0.0
        points = [0.625, 2.0**-149, 2.0**-126, 2.0**-12, 9.0, 44.0, 45.0, 3e38]
        points += [float32.round32(rng.uniform(0, 10)) for _ in range(5000)]
        points += [float32.round32(rng.uniform(0, 0.7)) for _ in range(10000)]
        points += [float32.round32(2.0 ** rng.uniform(-126, 0)) for _ in range(2000)]
        for x in points:
            y, exact = float32.tanh(x), math.tanh(x)
            self.assertEqual(float32.tanh(-x), -y)
            worst = max(worst, abs(y - exact) / 2.0 ** max(math.frexp(exact)[1] - 24, -149))
        self.assertLess(worst, 3.0)
        self.assertEqual([bits_of(float32.tanh(x)) for x in (0.0, -0.0, math.inf, -math.inf)], [0, 0, 0x3F800000, 0xBF800000])
        self.assertTrue(math.isnan(float32.tanh(math.nan)))
        note(f"tanh: {len(points)} points, worst {worst:.3f} units in the last place")


if __name__ == "__main__":
    unittest.main()
