"""Changes sparse and block files at random. From each file that the reader accepts, the writer must make the same bytes."""

import copy
import pathlib
import random
import sys
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "vectors")]

from curt_reader import FormatError, parse  # noqa: E402
from curt_reader.layout import BLOCK_F32, SPARSE_CODEBOOK, SPARSE_FIXED_POINT  # noqa: E402
from test_arithmetic import note  # noqa: E402
from writer.file import assemble, sections_of, write  # noqa: E402
from writer.network import Linear  # noqa: E402
from writer.valid import CASES  # noqa: E402


def codes_of(layer):
    """The codes as the writer takes them: floats, integers of fixed point, 0 to K of a codebook."""
    if layer.encoding == SPARSE_FIXED_POINT:
        return [[int(q) for q in layer.multipliers(row)] for row in range(layer.rows)]
    if layer.encoding == SPARSE_CODEBOOK:
        code = {0.0: 0} | {level: i for i, level in enumerate(layer.levels, 1)}
        return [[code[weight] for weight in row] for row in layer.weights]
    return layer.weights


def rewritten(net, model):
    """The file of `model`, made from its values; `net` is the network before the change."""
    layer, again = model.layers[0], copy.copy(net)
    units = 0 if layer.encoding == BLOCK_F32 else layer.pattern[0]
    again.nodes = [Linear(layer.rows, layer.cols, layer.encoding, layer.parameter, codes_of(layer), layer.levels,
                          layer.factors, layer.biases, units)]
    again.scale, again.offset = model.input.scale, model.input.offset
    return write(again)


def changed(rng, part):
    """`part` with one to three bytes changed."""
    part = bytearray(part)
    for _ in range(rng.randrange(1, 4) if part else 0):
        at = rng.randrange(len(part))
        part[at] = rng.choice((0, part[at] ^ 1 << rng.randrange(8), (part[at] + 1) % 256, rng.randrange(256)))
    return bytes(part)


class Canonical(unittest.TestCase):
    def test_accepted_changes_are_written_the_same(self):
        rng, accepted, refused = random.Random(5), 0, 0
        nets = [net for name, (net, _) in CASES.items()
                if name.startswith(("sparse_", "block_")) and net.linears[0].rows * net.linears[0].cols < 2000]
        for net in nets:
            for _ in range(24):
                ident = rng.choice((2, 3, 3, 3))
                data = assemble([(i, flags, changed(rng, part) if i == ident else part) for i, flags, part in sections_of(net)])
                try:
                    model = parse(data)
                except FormatError:
                    refused += 1
                    continue
                self.assertEqual(rewritten(net, model), data)
                accepted += 1
        self.assertGreater(min(accepted, refused), 300)
        note(f"canonical: {accepted} changed files accepted and written the same, {refused} refused")


if __name__ == "__main__":
    unittest.main()
