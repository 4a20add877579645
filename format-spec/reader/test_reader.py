"""Tests of the reader and of the golden vectors: python3 test_reader.py"""

import functools
import json
import math
import pathlib
import re
import struct
import subprocess
import sys
import tempfile
import tracemalloc
import unittest

HERE = pathlib.Path(__file__).resolve().parent
VECTORS = HERE.parent / "vectors"
sys.path.insert(0, str(HERE))

import curt_reader  # noqa: E402
from curt_reader import KINDS, InputError, crc32c, parse, run, samples  # noqa: E402
from error_bound import NoBound, bounded_run  # noqa: E402
from test_arithmetic import Arithmetic, note  # noqa: E402, F401
from test_canonical import Canonical  # noqa: E402, F401
from test_packed import Packed, WrongPacked  # noqa: E402, F401
from wrong_arithmetic import ALLOWED  # noqa: E402
from wrong_readings import WRONG, ChangedReader  # noqa: E402

VALID = sorted((VECTORS / "valid").glob("*.curt"))
INVALID = sorted((VECTORS / "invalid").glob("*.curt"))
# The files on which wrong checks are tried: graphs with images, sparse and block layers.
TRIED = {"check": re.compile("conv|pool|affine|relu|clip|sigmoid|add|concat|reshape|graph|work|values|order|linear-of"),
         "pattern": re.compile("sparse|block|order")}


@functools.cache
def model_of(path):
    return parse(path.read_bytes())


def output_of(path, function=run, model=None):
    model = model or model_of(path)
    batch = samples(model, path.with_suffix(".input").read_bytes())
    return b"".join(struct.pack(f"<{len(y)}f", *y) for y in (function(model, x) for x in batch))


def stored_output(path):
    return path.with_suffix(".output").read_bytes()


def answer(data, reader=curt_reader):
    """ok, or the kind of the first violation. A wrong reader may also divide by zero."""
    try:
        reader.parse(data)
    except reader.FormatError as error:
        return error.kind
    except ZeroDivisionError:
        return "division by zero"
    return "ok"


def holds(model, op):
    """Whether a wrong reading of `op` may show in the outputs of the model."""
    return op is None or any(node.op == op or op == "sparse" and node.layer and node.layer.pattern for node in model.nodes)


class Valid(unittest.TestCase):
    def test_weights_and_outputs_are_the_stored(self):
        for path in VALID:
            with self.subTest(path.stem):
                model = parse(path.read_bytes())
                flat = [w for layer in model.layers for row in layer.weights for w in row]
                self.assertEqual(struct.pack(f"<{len(flat)}f", *flat), path.with_suffix(".weights").read_bytes())
                self.assertEqual(output_of(path), stored_output(path))
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


class WrongReadings(unittest.TestCase):
    """For every wrong reading of the text, some vector must give another output or another answer."""

    def shown_by_output(self, reader, op):
        for path in sorted(VALID, key=lambda path: path.stat().st_size):
            if holds(model_of(path), op):
                if output_of(path, reader.run) != stored_output(path):
                    return path.stem
        return None

    def shown_by_answer(self, reader, tried):
        for path in INVALID:
            if tried.search(path.stem) and answer(path.read_bytes(), reader) != path.stem.split("--")[0]:
                return path.stem
        for path in VALID:
            if tried.search(path.stem):
                data = path.read_bytes()
                if answer(data, reader) != "ok":
                    return path.stem
                model = reader.parse(data)
                if repr(model) != repr(model_of(path)) and output_of(path, model=model) != stored_output(path):
                    return path.stem
        return None

    def test_each_is_shown(self):
        for name, file, old, new, op in WRONG:
            with self.subTest(name), ChangedReader(file, old, new) as reader:
                shown = self.shown_by_answer(reader, TRIED[op]) if op in TRIED else self.shown_by_output(reader, op)
                self.assertIsNotNone(shown)
                note(f"{name}: {shown}")
        note(f"wrong readings: {len(WRONG)}")

    def test_zero_products_may_be_left_out(self):
        for name, file, old, new in ALLOWED:
            with self.subTest(name), ChangedReader(file, old, new) as reader:
                for path in VALID:
                    self.assertEqual(output_of(path, reader.run), stored_output(path), path.stem)


class Invalid(unittest.TestCase):
    def test_kinds_are_those_of_the_file_names(self):
        kinds = set()
        for path in INVALID:
            with self.subTest(path.stem):
                kind = path.stem.split("--")[0]
                self.assertEqual(answer(path.read_bytes()), kind)
                kinds.add(kind)
        self.assertEqual(kinds, set(KINDS))
        note(f"invalid: {len(INVALID)} files, {len(kinds)} kinds")

    def test_no_file_makes_the_reader_allocate_much(self):
        tracemalloc.start()
        for path in INVALID:
            data = path.read_bytes()
            tracemalloc.reset_peak()
            before = tracemalloc.get_traced_memory()[0]
            answer(data)
            self.assertLess(tracemalloc.get_traced_memory()[1] - before, 2**21, path.stem)
        tracemalloc.stop()

    def test_every_truncation(self):
        count = 0
        for name in ("mlp-gather-origin", "section-unknown-several", "codebook-k5", "section-empty-weights-then-unknown",
                     "section-origin-conv", "empty-sparse-arrays-between"):
            data = (VECTORS / "valid" / f"{name}.curt").read_bytes()
            for length in range(len(data)):
                self.assertEqual(answer(data[:length]), "truncated" if length else "empty")
                count += 1
        note(f"truncations: {count}")

    def test_every_single_bit_flip(self):
        count = 0
        for name in ("section-origin", "input-u8-gather-33", "section-empty-weights-then-unknown", "conv-dilation-2-by-1",
                     "sparse_codebook-k1-1x32-units-7-full"):
            data = (VECTORS / "valid" / f"{name}.curt").read_bytes()
            for bit in range(8 * len(data)):
                flipped = bytearray(data)
                flipped[bit // 8] ^= 1 << bit % 8
                self.assertNotEqual(answer(bytes(flipped)), "ok", (name, bit))
                count += 1
        note(f"bit flips: {count}")


    def test_every_word_of_a_graph(self):
        """Changes values in a graph, with right checksums. The file must be accepted, or refused with a kind."""
        answers = {}
        for name in ("graph-inception", "graph-mobile", "graph-gathered-image", "operator-reshape-image", "mlp-sparse-gather"):
            data = (VECTORS / "valid" / f"{name}.curt").read_bytes()
            offset, length = struct.unpack_from("<QQ", data, 64 + 8)
            for at in range(offset, offset + length, 4):
                old, = struct.unpack_from("<I", data, at)
                for new in {0, 1, 2, old + 1, max(old - 1, 0), 2**24, 2**31, 2**32 - 1} - {old}:
                    changed = bytearray(data)
                    struct.pack_into("<I", changed, at, new)
                    struct.pack_into("<I", changed, 64 + 24, crc32c(changed[offset:offset + length]))
                    head = changed[:60] + changed[64:64 + 32 * changed[32]]
                    struct.pack_into("<I", changed, 60, crc32c(head))
                    kind = answer(bytes(changed))
                    answers[kind] = answers.get(kind, 0) + 1
        self.assertLessEqual({"bounds", "graph", "limit", "shape", "size", "trailing", "unknown_id"}, answers.keys())
        note(f"words of graphs: {answers}")


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
            self.assertEqual(out.read_bytes(), stored_output(path))
        bad = VECTORS / "invalid" / "version--1.curt"
        result = self.call("check", "--quiet", path, bad)
        self.assertEqual((result.returncode, result.stdout), (1, f"{path}: ok\n{bad}: version\n"))
        self.assertEqual(self.call("check", path).returncode, 0)
        self.assertEqual(self.call("info", bad).returncode, 1)
        self.assertIn("info", self.call("--help").stdout)


if __name__ == "__main__":
    unittest.main()
