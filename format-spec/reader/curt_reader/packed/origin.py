"""The origin section, optional features and unknown sections (packed.md, section 11)."""

from collections import defaultdict
from dataclasses import dataclass, field

from .. import limits
from ..error import FormatError
from ..origin import Origin, Original
from .columns import plain_row
from .matrix import code_mask
from .number import Number, Symbol
from .probability import LearningBit, add, share

START = 256  # before the first byte of a text
MOST_SECTIONS, MOST_SECTION_BYTES = 16, 2**40


class Texts:
    def __init__(self):
        self.length, self.counts = Number(), defaultdict(lambda: [0, 0])

    def code(self, coder, wanted=""):
        given = wanted.encode()
        length = self.length.code(coder, limits.NAME_BYTES[1], len(given))
        text, before = bytearray(), (START, START)
        for i in range(length):
            byte = self._byte(coder, before, given[i] if given else 0)
            text.append(byte)
            before = before[1], byte
        try:
            return text.decode("utf-8")
        except UnicodeDecodeError:
            raise FormatError("utf8", 0, "a text is not UTF-8") from None

    def _byte(self, coder, before, wanted):
        node = 1
        for i in range(7, -1, -1):
            p, counts = 32768, [self.counts[node], self.counts[node, before[1]], self.counts[node, before]]
            for count in counts:
                p = share(count, p, 1)
            bit = coder.bit(p, wanted >> i & 1)
            for count in counts:
                add(count, bit)
            node = 2 * node + bit
        return node - 256


class Masks:
    def __init__(self, input_mask):
        self.expected, self.same, self.full, self.length = input_mask, LearningBit(), LearningBit(), Number()

    def _mask(self, coder, kept, expected, wanted):
        if expected is not None and sum(expected) == kept and self.same.code(coder, wanted == expected):
            return expected
        length = len(wanted) if wanted is not None else 0
        if self.full.code(coder, length == kept):
            return [True] * kept
        length = self.length.code(coder, limits.DIMENSION, length)
        return code_mask(coder, plain_row(length), wanted)

    def code(self, coder, node, wanted):
        """The row mask and the column mask of a layer."""
        rows = self._mask(coder, node.layer.rows, None, wanted.row_mask)
        columns = self._mask(coder, node.input_shapes[0][0], self.expected, wanted.column_mask)
        self.expected = rows
        return rows, columns


def code_origin(coder, nodes, input_mask, wanted=None):
    """The origin, or None."""
    if not coder.plain(1, wanted is not None):
        return None
    texts, masks = Texts(), Masks(input_mask)
    given = wanted or Origin("", "", [Original("")] * len(nodes))
    origin = Origin(texts.code(coder, given.network), texts.code(coder, given.method), [])
    for node, original in zip(nodes, given.nodes):
        name = texts.code(coder, original.name)
        origin.nodes.append(Original(name, *(masks.code(coder, node, original) if node.layer else ())))
    return origin


@dataclass
class Rest:
    """Optional features, and (id, bytes) of the sections that are not known."""
    features: int = 0
    sections: list = field(default_factory=list)


def code_rest(coder, wanted=None):
    given = wanted or Rest()
    rest = Rest()
    if LearningBit(63488).code(coder, not (given.features or given.sections)):
        return rest
    rest.features = coder.plain(32, given.features)
    number, symbol = Number(), Symbol(8)
    count = number.code(coder, MOST_SECTIONS, len(given.sections))
    for ident, data in given.sections or [(0, b"")] * count:
        ident = coder.plain(32, ident)
        length = number.code(coder, MOST_SECTION_BYTES, len(data))
        rest.sections.append((ident, bytes(symbol.code(coder, data[i] if data else 0) for i in range(length))))
    return rest
