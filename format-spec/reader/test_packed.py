"""Tests of the packed profile: python3 test_packed.py"""

import pathlib
import random
import re
import struct
import sys
import unittest

HERE = pathlib.Path(__file__).resolve().parent
VECTORS = HERE.parent / "vectors"
sys.path.insert(0, str(HERE))

import curt_reader  # noqa: E402
from curt_reader import FormatError, crc32c, pack, unpack  # noqa: E402
from curt_reader.packed.coder import Encoder  # noqa: E402
from curt_reader.packed.graph import Graph, code_graph  # noqa: E402
from test_arithmetic import note  # noqa: E402
from wrong_packed import PACKED  # noqa: E402
from wrong_readings import ChangedReader  # noqa: E402


def weights_bytes(path):
    """The number of bytes of a golden file's decoded weights. A small file may hold many weights."""
    return (VECTORS / "valid" / f"{path.stem}.weights").stat().st_size


def quickest_first(folder):
    return sorted((VECTORS / folder).glob("*.curt"), key=lambda path: (path.stat().st_size + weights_bytes(path), path.name))


GOLDEN = quickest_first("packed")
INVALID = sorted((VECTORS / "packed-invalid").glob("*.curt"), key=lambda path: (path.stat().st_size, path.name))
CHECKS = ("packed.coder", "packed.file")  # a wrong reading of them shows in the invalid files first


def mapped(path):
    """The mapped file of a packed golden one."""
    return (VECTORS / "valid" / path.name).read_bytes()


def answer(data, reader=curt_reader):
    """ok, or the kind of the first violation."""
    try:
        reader.unpack(data)
    except reader.FormatError as error:
        return error.kind
    return "ok"


def with_checksum(data):
    return data + struct.pack("<I", crc32c(data))


def file_of(words):
    """A packed file of a graph section and nothing after it."""
    coder = Encoder()
    if len(words) == 1:
        Graph(coder, words).free("node_count")
    else:
        code_graph(coder, words)
    return with_checksum(b"\x89CP\0" + coder.finish())


class Packed(unittest.TestCase):
    def test_golden_files_unpack_and_pack(self):
        for path in GOLDEN:
            with self.subTest(path.stem):
                self.assertEqual(unpack(path.read_bytes()), mapped(path))
                self.assertEqual(pack(mapped(path)), path.read_bytes())
        note(f"packed: {len(GOLDEN)} files")

    def test_invalid_files_are_refused_with_their_kind(self):
        kinds = set()
        for path in INVALID:
            with self.subTest(path.stem):
                kind = path.stem.split("--")[0]
                self.assertEqual(answer(path.read_bytes()), kind)
                kinds.add(kind)
        note(f"packed-invalid: {len(INVALID)} files, {len(kinds)} kinds")

    def test_mapped_files_come_back(self):
        """Files of all encodings and operators, whether they have a packed golden file or not."""
        chosen = [path for path in quickest_first("valid") if weights_bytes(path) < 8000][::4]
        self.assertTrue({"sparse", "block", "conv", "operator", "graph"} <= {re.split("[-_]", path.stem)[0] for path in chosen})
        for path in chosen:
            self.assertEqual(unpack(pack(path.read_bytes())), path.read_bytes(), path.stem)
        note(f"packed and unpacked: {len(chosen)} files")

    def test_changed_streams_are_refused_or_other_files(self):
        """One bit is flipped or the end is cut off, and the checksum is right. (The result may be the stream of another file.)"""
        rng, answers = random.Random(6), {}
        for path in GOLDEN[:8]:
            data = path.read_bytes()[:-4]
            changed = [bytearray(data) for _ in range(30)] + [data[:length] for length in range(4, len(data), 2)]
            for stream in changed[:30]:
                bit = rng.randrange(32, 8 * len(data))
                stream[bit // 8] ^= 128 >> bit % 8
            for stream in changed:
                kind = answer(with_checksum(bytes(stream)))
                answers[kind] = answers.get(kind, 0) + 1
                if kind == "ok":
                    self.assertNotEqual(unpack(with_checksum(bytes(stream))), mapped(path), path.stem)
        self.assertLessEqual({"limit", "shape", "trailing", "truncated", "unknown_id"}, answers.keys())
        note(f"changed streams: {dict(sorted(answers.items()))}")

    def test_a_small_file_cannot_ask_for_much(self):
        """Files with a graph only. What the graph requires is refused before it sizes anything."""
        for inputs, encoding, kind in ((2**13, 5, "truncated"), (2**13 + 1, 5, "limit"), (2**13 + 1, 0, "truncated")):
            pattern = [0, 0] if encoding == 5 else []
            words = [1, 1, 1, inputs, 0, 1, 0, 2**13, encoding, 0, 0, *pattern]
            self.assertEqual(answer(file_of(words)), kind)
        self.assertEqual(answer(file_of([4097])), "limit")

    def test_either_profile_is_read(self):
        for path in GOLDEN[:4]:
            self.assertEqual(repr(curt_reader.read(path.read_bytes())), repr(curt_reader.read(mapped(path))))
        self.assertRaises(FormatError, curt_reader.read, b"\x89CP")


class WrongPacked(unittest.TestCase):
    """Every wrong reading of packed.md packs some golden file to other bytes, or answers an invalid file otherwise."""

    def differs(self, reader, path):
        if path in INVALID:
            return answer(path.read_bytes(), reader) != path.stem.split("--")[0]
        return reader.pack(mapped(path)) != path.read_bytes()

    def shown(self, reader, paths):
        for path in paths:
            try:
                if self.differs(reader, path):
                    return path.stem
            except (reader.FormatError, ArithmeticError, LookupError, TypeError, ValueError) as error:
                return f"{path.stem} ({type(error).__name__})"
        return None

    def test_each_is_shown(self):
        count = 0
        for file, entries in PACKED.items():
            paths = INVALID + GOLDEN if file in CHECKS else GOLDEN + INVALID
            for name, old, new in entries:
                with self.subTest(name), ChangedReader(file, old, new) as reader:
                    shown = self.shown(reader, paths)
                    self.assertIsNotNone(shown)
                    note(f"{name}: {shown}")
                count += 1
        note(f"wrong readings of packed.md: {count}")


if __name__ == "__main__":
    unittest.main()
