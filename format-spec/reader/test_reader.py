"""Tests of the reader and of the golden vectors: python3 test_reader.py"""

import json
import math
import pathlib
import random
import struct
import subprocess
import sys
import tempfile
import tracemalloc
import unittest
from fractions import Fraction

HERE = pathlib.Path(__file__).resolve().parent
VECTORS = HERE.parent / "vectors"
sys.path.insert(0, str(HERE))

from curt_reader import KINDS, FormatError, InputError, crc32c, float32, parse, run, samples  # noqa: E402
from error_bound import NoBound, bounded_run  # noqa: E402
from wrong_arithmetic import WRONG, changed_run  # noqa: E402

VALID = sorted((VECTORS / "valid").glob("*.curt"))
INVALID = sorted((VECTORS / "invalid").glob("*.curt"))
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


def output_of(path, function=run):
    model = parse(path.read_bytes())
    batch = samples(model, path.with_suffix(".input").read_bytes())
    return b"".join(struct.pack(f"<{len(y)}f", *y) for y in (function(model, x) for x in batch))


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
        for _ in range(12000):
            a, b = random_f32(rng), random_f32(rng)
            for name, (operation, exact) in operations.items():
                value = exact(Fraction(a), Fraction(b))
                if value:
                    self.assertEqual(bits_of(operation(a, b)), nearest(value), (name, a, b))
                    counts[name] = counts.get(name, 0) + 1
        note(f"operations: {counts}")

    def test_fma_against_fractions(self):
        rng, checked, subnormal, overflow, twice = random.Random(2), 0, 0, 0, 0
        for i in range(60000):
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


class Valid(unittest.TestCase):
    def test_weights_and_outputs_are_the_stored(self):
        for path in VALID:
            with self.subTest(path.stem):
                model = parse(path.read_bytes())
                flat = [w for layer in model.linears for row in layer.weights for w in row]
                self.assertEqual(struct.pack(f"<{len(flat)}f", *flat), path.with_suffix(".weights").read_bytes())
                self.assertEqual(output_of(path), path.with_suffix(".output").read_bytes())
        note(f"valid: {len(VALID)} files")

    def test_outputs_within_the_bound(self):
        outputs, unbounded, tight = 0, 0, 0.0
        for path in VALID:
            model = parse(path.read_bytes())
            for sample in samples(model, path.with_suffix(".input").read_bytes()):
                try:
                    bounds = bounded_run(model, sample)
                except NoBound:
                    self.assertTrue(path.stem.startswith("stress-"), path.stem)
                    unbounded += 1
                    continue
                for y, (exact, bound) in zip(run(model, sample), bounds, strict=True):
                    self.assertLessEqual(abs(y - exact), bound, path.stem)
                    outputs, tight = outputs + 1, max(tight, abs(y - exact) / bound if bound else 0)
        note(f"bounds: {outputs} outputs, greatest error / bound {tight:.2f}, {unbounded} samples may overflow")

    def test_outputs_depend_on_each_rounding_and_order(self):
        """Every wrong arithmetic must give another output for some vector."""
        for name, old, new in WRONG:
            run_wrong = changed_run(old, new)
            differ = [path.stem for path in VALID if output_of(path, run_wrong) != path.with_suffix(".output").read_bytes()]
            self.assertTrue(differ, name)
            note(f"{name}: {len(differ)} vectors differ")

    def test_input_that_does_not_fit_is_refused(self):
        model = parse((VECTORS / "valid" / "operator-softmax.curt").read_bytes())
        for raw in (b"", bytes(39), bytes(44)):
            self.assertRaises(InputError, samples, model, raw)
        for value in (math.nan, math.inf, -math.inf):
            self.assertRaises(InputError, run, model, [0.0] * 9 + [value])

    def test_vectors_are_what_the_generator_writes(self):
        result = subprocess.run([sys.executable, VECTORS / "generate.py", "--check"], capture_output=True, text=True)
        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)
        note(f"generator: {result.stdout.strip()}")


class Invalid(unittest.TestCase):
    def refused(self, data):
        try:
            parse(data)
        except FormatError as error:
            return error.kind
        return "ok"

    def test_kinds_are_those_of_the_file_names(self):
        kinds = set()
        for path in INVALID:
            with self.subTest(path.stem):
                kind = path.stem.split("--")[0]
                self.assertEqual(self.refused(path.read_bytes()), kind)
                kinds.add(kind)
        self.assertEqual(kinds, set(KINDS))
        note(f"invalid: {len(INVALID)} files, {len(kinds)} kinds")

    def test_no_file_makes_the_reader_allocate_much(self):
        tracemalloc.start()
        for path in INVALID:
            data = path.read_bytes()
            tracemalloc.reset_peak()
            before = tracemalloc.get_traced_memory()[0]
            self.refused(data)
            self.assertLess(tracemalloc.get_traced_memory()[1] - before, 2**21, path.stem)
        tracemalloc.stop()

    def test_every_truncation(self):
        count = 0
        for name in ("mlp-gather-origin", "section-unknown-several", "codebook-k5", "section-empty-weights-then-unknown"):
            data = (VECTORS / "valid" / f"{name}.curt").read_bytes()
            for length in range(len(data)):
                self.assertEqual(self.refused(data[:length]), "truncated" if length else "empty")
                count += 1
        note(f"truncations: {count}")

    def test_every_single_bit_flip(self):
        count = 0
        for name in ("section-origin", "input-u8-gather-33", "section-empty-weights-then-unknown"):
            data = (VECTORS / "valid" / f"{name}.curt").read_bytes()
            for bit in range(8 * len(data)):
                flipped = bytearray(data)
                flipped[bit // 8] ^= 1 << bit % 8
                self.assertNotEqual(self.refused(bytes(flipped)), "ok", (name, bit))
                count += 1
        note(f"bit flips: {count}")


class Commands(unittest.TestCase):
    def call(self, *args):
        command = [sys.executable, "-m", "curt_reader", *map(str, args)]
        return subprocess.run(command, cwd=HERE, capture_output=True, text=True)

    def test_commands(self):
        path = VECTORS / "valid" / "mlp-gather-origin.curt"
        self.assertIn("mlp, magnitude", self.call("info", path).stdout)
        layers = json.loads(self.call("weights", path).stdout)
        self.assertEqual([layer["encoding"] for layer in layers], ["ternary", "fixed_point", "codebook"])
        with tempfile.TemporaryDirectory() as folder:
            out = pathlib.Path(folder) / "out"
            self.call("run", path, "--input", path.with_suffix(".input"), "--output", out)
            self.assertEqual(out.read_bytes(), path.with_suffix(".output").read_bytes())
        bad = VECTORS / "invalid" / "version--1.curt"
        result = self.call("check", "--quiet", path, bad)
        self.assertEqual((result.returncode, result.stdout), (1, f"{path}: ok\n{bad}: version\n"))
        self.assertEqual(self.call("check", path).returncode, 0)
        self.assertEqual(self.call("info", bad).returncode, 1)
        self.assertIn("info", self.call("--help").stdout)


if __name__ == "__main__":
    unittest.main()
