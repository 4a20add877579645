"""The packed profile: every packed golden file is the one of its mapped namesake, both ways, and every wrong one is refused with its kind."""

import pathlib
import sys
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE)]

from curt_reader import FormatError  # noqa: E402
from curt_reader.packed import pack, unpack  # noqa: E402
from test_arithmetic import note  # noqa: E402

VECTORS = HERE.parent / "vectors"


def mapped(path):
    return (VECTORS / "valid" / path.name).read_bytes()


class Packed(unittest.TestCase):
    def test_golden_files_unpack_to_their_namesakes_and_are_packed_again(self):
        paths = sorted((VECTORS / "packed").glob("*.curt"))
        for path in paths:
            with self.subTest(path.name):
                self.assertEqual(unpack(path.read_bytes()), mapped(path))
                self.assertEqual(pack(mapped(path)), path.read_bytes())
        self.assertGreaterEqual(len(paths), 20)
        note(f"{len(paths)} packed files read and written")

    def test_wrong_files_are_refused_with_the_kind_of_their_name(self):
        paths = sorted((VECTORS / "packed-invalid").glob("*.curt"))
        for path in paths:
            with self.subTest(path.name), self.assertRaises(FormatError) as refused:
                unpack(path.read_bytes())
            self.assertEqual(refused.exception.kind, path.name.split("--")[0], path.name)
        self.assertGreaterEqual(len(paths), 40)
        note(f"{len(paths)} wrong packed files refused")

    def test_sparse_and_block_layers_come_back(self):
        names = [path for path in sorted((VECTORS / "valid").glob("*.curt")) if path.name.startswith(("sparse", "block"))]
        chosen = [path for path in names if path.stat().st_size < 4096][::4]
        for path in chosen:
            with self.subTest(path.name):
                self.assertEqual(unpack(pack(path.read_bytes())), path.read_bytes())
        self.assertGreaterEqual(len(chosen), 8)
        note(f"{len(chosen)} sparse files packed and unpacked")


if __name__ == "__main__":
    unittest.main()
