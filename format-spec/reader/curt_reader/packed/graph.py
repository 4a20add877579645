"""The words of the graph section (packed.md, section 7)."""

import math

from .. import limits
from ..error import need
from ..fields import OPS
from ..layout import BLOCK_F32, SPARSE
from .number import Number
from .probability import LearningBit

WORD = 2**32 - 1
PARAMETERS = {2: 4, 4: 16, 6: 4, 7: 15, 8: 16}  # expected at first with an encoding, otherwise 0
NUMBERS = {"leaky_relu": (("slope", 0x3C23D70A),), "clip": (("min", 0), ("max", 0x40C00000)),
           "hard_sigmoid": (("alpha", 0x3E2AAAAB), ("beta", 0x3F000000))}
NAMES = {number: name for number, (name, _) in OPS.items()}
NUMBER_OF = {name: number for number, name in NAMES.items()}
FOLLOWS = dict.fromkeys(("linear", "conv2d", "add", "affine"), "relu") | dict.fromkeys(("max_pool", "average_pool"), "conv2d")
FOLLOWS["global_average_pool"] = "flatten"


class Field:
    def __init__(self):
        self.number, self.expected, self.last = Number(), LearningBit(61440, 2), None


class Graph:
    """Codes the words one after the other. `wanted` has the words to write; it is None when they are read."""

    def __init__(self, coder, wanted=None):
        self.coder, self.wanted, self.words = coder, wanted, []
        self.fields, self.usual = {}, LearningBit(49152, 1)
        self.followed, self.before = {}, (None, None)  # operator after two others; the two before
        self.parameters, self.image = dict(PARAMETERS), False

    def _next(self):
        return self.wanted[len(self.words)] if self.wanted is not None else 0

    def _field(self, name):
        return self.fields.setdefault(name, Field())

    def _took(self, field, word):
        field.last = word
        self.words.append(word)
        return word

    def free(self, name, most=WORD):
        field = self._field(name)
        return self._took(field, field.number.code(self.coder, most, self._next()))

    def expected(self, name, word, plain=False):
        field, wanted = self._field(name), self._next()
        if not field.expected.code(self.coder, wanted == word):
            word = self.coder.plain(32, wanted) if plain else field.number.code(self.coder, WORD, wanted)
        return self._took(field, word)

    def again(self, name, first, plain=False):
        last = self._field(name).last
        return self.expected(name, first if last is None else last, plain)

    def source(self, name, node):
        """An input of node `node`."""
        field = self._field(name)
        distance = field.number.code(self.coder, node - 1, node - 1 - self._next())
        self._took(field, node - 1 - distance)

    def dimensions(self, of):
        """`rank` and dimensions of the input, or of a reshape."""
        rank = self.expected(f"{of} rank", 3)
        shape = [self.free(f"{of} channels")]
        if rank == 3:
            shape.append(self.free(f"{of} height"))
            shape.append(self.expected(f"{of} width", shape[1]))
        return shape

    def input(self):
        self.expected("dtype", 0)
        shape = self.dimensions("input")
        gather = self.expected("gather", 0)
        if gather == 1:
            self.free("kept", min(math.prod(shape), WORD))
        self.image = len(shape) == 3 and gather != 1

    def _expected_op(self):
        if self.before in self.followed:
            return self.followed[self.before]
        two_before, before = self.before
        if before is None:
            return NUMBER_OF["conv2d" if self.image else "linear"]
        if (two_before, before) == ("conv2d", "relu"):
            return NUMBER_OF["max_pool"]
        return NUMBER_OF[FOLLOWS.get(before, "linear")]

    def operator(self):
        expected = self._expected_op()
        op = expected if self.usual.code(self.coder, self._next() == expected) else self.coder.plain(5, self._next())
        need(op in OPS, "unknown_id", 4 * len(self.words), f"op {op}")
        self.words.append(op)
        self.followed[self.before] = op
        self.before = self.before[1], NAMES[op]
        return NAMES[op]

    def layer(self):
        self.free("rows")
        encoding = self.again("encoding", 2)
        parameter = self.expected("parameter", self.parameters.get(encoding, 0))
        self.parameters[encoding] = parameter
        self.again("row_factors", 0)
        if encoding in SPARSE:
            self.again("units", 0)
        if encoding in SPARSE or encoding == BLOCK_F32:
            self.free("residue")

    def window(self, op):
        conv2d = op == "conv2d"
        height = self.again(f"{op} kernel_h", 5 if conv2d else 2)
        self.expected(f"{op} kernel_w", height)
        stride = self.again(f"{op} stride_h", 1) if conv2d else self.expected(f"{op} stride_h", height)
        self.expected(f"{op} stride_w", stride)
        top = self.again(f"{op} top", 0)
        left = self.expected(f"{op} left", top)
        self.expected(f"{op} bottom", top)
        self.expected(f"{op} right", left)

    def sources(self, op, node):
        if op == "concat":
            count = self.free("count")
            need(count <= limits.CONCAT_INPUTS[1], "limit", 4 * len(self.words), f"concat of {count}")
        else:
            self.source("first", node)
            count = op == "add"
        for _ in range(count):
            self.source("other", node)

    def node(self, number):
        op = self.operator()
        self.sources(op, number)
        if op in ("linear", "conv2d"):
            self.layer()
        if op in ("conv2d", "max_pool", "average_pool"):
            self.window(op)
        if op == "conv2d":
            self.expected("dilation_w", self.again("dilation_h", 1))
            self.again("groups", 1)
        if op == "average_pool":
            self.again("include_padding", 0)
        for name, first in NUMBERS.get(op, ()):
            self.again(name, first, plain=True)
        if op == "reshape":
            self.dimensions(op)


def code_graph(coder, wanted=None):
    """The words of the graph section."""
    graph = Graph(coder, wanted)
    count = graph.free("node_count")
    need(count <= limits.NODES[1], "limit", 0, f"{count} nodes")
    graph.input()
    for number in range(1, count + 1):
        graph.node(number)
    return graph.words
