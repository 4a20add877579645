"""Defects of the arrays of sparse and block layers; see sparse_net and block_net in bases.py for where entries stand."""

from .arrays import element_number
from .bases import block_net, one, sparse_net, wide_net
from .invalid_tables import SPECIAL
from .layers import sparse
from .mutate import bad, edited, with_section
from .network import weights_words
from .numbers import Numbers
from .patterns import SPARSE_CODEBOOK, SPARSE_FIXED, code_bits, slots_per_unit

NAN, INF, MINUS_ZERO, ONE = SPECIAL["nan"], SPECIAL["inf"], 0x80000000, 0x3F800000


class Array:
    """The weights section of a network of one layer, to be changed."""

    def __init__(self, net):
        self.net, self.layer, self.words = net, net.linears[0], weights_words(net)
        layer = self.layer
        self.tiles = -(-layer.cols // 32)
        if layer.encoding in (SPARSE_FIXED, SPARSE_CODEBOOK):
            self.bits = 5 + code_bits(layer.encoding, layer.parameter)

    def put(self, part, index, value, size=4):
        """Element `index` of a part of elements of `size` bytes."""
        at = self.words.labels[f"1.{part}"] + size * index
        self.words.data[at:at + size] = (value % 256**size).to_bytes(size, "little")
        return self

    def get(self, part, index, size=4):
        at = self.words.labels[f"1.{part}"] + size * index
        return int.from_bytes(self.words.data[at:at + size], "little")

    def element(self, row, tile, unit=0):
        return element_number(self.layer.rows, self.tiles * self.layer.units, row, tile * self.layer.units + unit)

    def slot(self, row, tile, unit, value=None, place=None):
        """A slot of sparse_f32; `value` as u32."""
        at = self.element(row, tile, unit)
        if value is not None:
            self.put("units", at, value)
        return self if place is None else self.put("places", at, place, 1)

    def word(self, row, tile, change, unit=0):
        at = self.element(row, tile, unit)
        return self.put("units", at, change(self.get("units", at)))

    def field(self, row, tile, number, code, place, unit=0):
        """A field of a word: `code` and `place`, each None to leave it."""
        def change(word):
            shift = self.bits * number
            old = word >> shift & (1 << self.bits) - 1
            new = (old & 31 if place is None else place) | (old >> 5 if code is None else code % (1 << self.bits - 5)) << 5
            return word ^ (old ^ new) << shift
        return self.word(row, tile, change, unit)

    def residue(self, row, number, column):
        """The column of entry `number` of the residue of `row`."""
        return self.put("columns", self.entry(row, number), column, 4 if self.layer.cols > 65536 else 2)

    def entry(self, row, number):
        """Which entry of the residue; sparse_net has 3 in an even row, 2 in an odd one."""
        return 3 * row - row // 2 + number

    def bad(self, kind, what):
        bad(kind, what, with_section(self.net, 3, lambda _: bytes(self.words.data)))


def f32():
    """Slots of tile 0: places row % 3 and 3 + row % 3; tile 1: row % 31; tile 2 of even rows: 0 and 1. Residue: 20, 31, 69."""
    return Array(sparse_net("f32"))


def _floats():
    f32().slot(0, 0, 0, NAN).bad("non_finite", "sparse_f32-unit-nan-first")
    f32().slot(15, 0, 1, INF).bad("non_finite", "sparse_f32-unit-inf-last-lane")
    f32().slot(16, 2, 1, SPECIAL["minus-inf"]).bad("non_finite", "sparse_f32-unit-minus-inf-second-vector")
    f32().slot(17, 1, 1, MINUS_ZERO).bad("non_canonical", "sparse_f32-free-slot-minus-zero")
    f32().slot(8, 1, 0, MINUS_ZERO).bad("non_canonical", "sparse_f32-unit-minus-zero")
    for what, row, value in (("first", 18, ONE), ("last", 31, 1), ("minus-zero", 24, MINUS_ZERO), ("nan", 25, NAN)):
        f32().slot(row, 2, 1, value).bad("padding", f"sparse_f32-row-{what}")
    f32().put("values", 0, NAN).bad("non_finite", "sparse_f32-residue-nan-first")
    f32().put("values", 44, INF).bad("non_finite", "sparse_f32-residue-inf-last")
    f32().put("values", 22, 0).bad("non_canonical", "sparse_f32-residue-zero")
    f32().put("values", 44, MINUS_ZERO).bad("non_canonical", "sparse_f32-residue-minus-zero-last")
    for what, row in (("first", 18), ("last", 31)):
        f32().slot(row, 0, 0, place=1).bad("padding", f"sparse_f32-place-of-row-{what}")
    f32().slot(0, 1, 1, place=31).bad("padding", "sparse_f32-free-slot-with-a-place")
    f32().slot(17, 2, 0, place=1).bad("padding", "sparse_f32-free-tile-with-a-place")
    f32().slot(17, 2, 1, ONE, 3).bad("non_canonical", "sparse_f32-value-after-a-free-slot")
    f32().slot(8, 0, 0, 0, 0).bad("non_canonical", "sparse_f32-first-slot-free")
    f32().slot(15, 1, 0, place=32).bad("mask", "sparse_f32-place-32-inside-the-columns")
    f32().slot(3, 0, 1, place=255).bad("mask", "sparse_f32-place-255")
    f32().slot(16, 2, 1, place=6).bad("mask", "sparse_f32-place-of-column-70")
    f32().slot(15, 0, 1, place=0).bad("mask", "sparse_f32-places-equal")
    f32().slot(0, 0, 0, place=7).bad("mask", "sparse_f32-places-descending")


def _residue_columns():
    for kind in ("f32", "b4"):
        name = {"f32": "sparse_f32", "b4": "sparse_fixed_point"}[kind]
        def array(k=kind):
            return Array(sparse_net(k))
        array().residue(16, 2, 70).bad("mask", f"{name}-residue-column-70")
        array().residue(17, 1, 20).bad("mask", f"{name}-residue-columns-equal-last-row")
        array().residue(0, 0, 69).bad("mask", f"{name}-residue-columns-descending-first-row")
    f32().residue(8, 1, 65535).bad("mask", "sparse_f32-residue-column-65535")
    for cols, column in ((65535, 65535), (65537, 65537), (65537, 2**32 - 1)):
        array = Array(wide_net("f32", cols)).put("columns", 2, column, 2 if cols == 65535 else 4)
        array.bad("mask", f"sparse-{cols}-column-{column}")
    Array(wide_net("b4", 65536)).put("columns", 1, 65535, 2).bad("mask", "sparse-65536-columns-equal")
    Array(sparse_net("csr")).put("columns", 1, 3, 2).bad("mask", "sparse-csr-columns-equal")
    large = one(sparse(Numbers("large"), "f32", 1, 2**18, 0, 0), 2**18)
    large.linears[0].codes[0][2**18 - 1] = 1.0
    Array(large).put("columns", 0, 2**18).bad("mask", "sparse-2pow18-columns-column-past")


def _words():
    rows, tiles = (0, 8, 15, 17, 3, 16, 7), (0, 2, 0, 0, 1, 2, 1)
    for bits, row, tile in zip(range(2, 9), rows, tiles):
        array, name = Array(sparse_net(f"b{bits}")), f"sparse_fixed_point-b{bits}"
        last = slots_per_unit(6, bits) - 1 if tile != 1 else 0
        array.field(row, tile, last, 1 << bits - 1, None).bad("code", f"{name}-row-{row}-tile-{tile}-slot-{last}")
        top = (5 + bits) * (32 // (5 + bits))
        if top < 32:
            array = Array(sparse_net(f"b{bits}")).word(17 - row, 0, lambda word, b=top: word | 1 << b)
            array.bad("padding", f"{name}-bit-{top}")
    Array(sparse_net("b7")).word(17, 2, lambda word: word | 1 << 31).bad("padding", "sparse_fixed_point-b7-free-word-bit-31")
    Array(sparse_net("k1")).word(16, 1, lambda word: word | 1 << 30).bad("padding", "sparse_codebook-k1-bit-30")
    for size, row, tile, code in ((2, 0, 0, 3), (4, 17, 1, 5), (6, 16, 2, 7), (8, 15, 0, 9), (14, 8, 0, 15)):
        Array(sparse_net(f"k{size}")).field(row, tile, 0, code, None).bad("code", f"sparse_codebook-k{size}-code-{code}")


def _places():
    """b4 has 3 slots: tile 0 places 0, 3, 6 plus row % 3; tile 1 one entry; tile 2 of even rows 0, 1, 2."""
    def b4(units=1):
        net = sparse_net("b4")
        net.linears[0].units = units
        return Array(net)
    b4().field(0, 1, 1, 0, 1).bad("padding", "sparse-word-free-slot-with-a-place")
    b4().field(17, 2, 2, 0, 31).bad("padding", "sparse-word-last-slot-free-with-a-place")
    b4().field(8, 1, 2, 1, 31).bad("non_canonical", "sparse-word-code-after-a-free-slot")
    b4().field(15, 0, 0, 0, 0).bad("non_canonical", "sparse-word-first-slot-free")
    b4(2).field(3, 1, 0, 1, 30, 1).bad("non_canonical", "sparse-word-code-after-a-free-slot-of-the-unit-before")
    b4().field(16, 2, 2, None, 6).bad("mask", "sparse-word-column-70")
    b4().field(0, 2, 2, None, 31).bad("mask", "sparse-word-column-95")
    b4().field(15, 0, 1, None, 0).bad("mask", "sparse-word-places-equal")
    b4().field(17, 0, 2, None, 1).bad("mask", "sparse-word-places-descending")
    b4(2).field(8, 0, 0, None, 8, 1).bad("mask", "sparse-word-places-equal-across-units")
    for what, row, word in (("first", 18, 1 << 5), ("last", 31, 1), ("bit-31", 20, 1 << 31)):
        b4().word(row, 1, lambda _, w=word: w).bad("padding", f"sparse-word-row-{what}")


def _codes():
    for kind, entry, code in (("b4", 0, 0), ("b4", 44, -8), ("b4", 20, 8), ("b4", 21, 127), ("b2", 3, -2), ("b8", 44, -128),
                              ("k3", 0, 0), ("k3", 44, 4), ("k15", 22, 16), ("k15", 23, 255)):
        name = "sparse_codebook-k" if kind[0] == "k" else "sparse_fixed_point-b"
        Array(sparse_net(kind)).put("codes", entry, code, 1).bad("code", f"{name}{kind[1:]}-residue-{code}")


def _relations():
    for kind, what in (("f32", "sparse_f32"), ("b4", "sparse-word"), ("k1", "sparse_codebook")):
        array, last = Array(sparse_net(kind)), {"f32": 3, "b4": 6, "k1": 12}[kind]
        array.residue(0, 0, last).bad("non_canonical", f"{what}-residue-in-the-column-of-a-slot")
        Array(sparse_net(kind)).residue(8, 0, 1).bad("non_canonical", f"{what}-residue-before-the-last-slot")
        Array(sparse_net(kind)).residue(17, 1, 63).bad("non_canonical", f"{what}-residue-while-a-slot-is-free")
    f32().residue(15, 1, 64).bad("non_canonical", "sparse_f32-residue-in-a-tile-without-entries")
    for size, level in ((1, 1), (3, 2), (15, 15)):
        net = sparse_net(f"k{size}")
        layer = net.linears[0]
        layer.codes = [[1 + level % size if code == level else code for code in row] for row in layer.codes]
        if size == 1:
            layer.codes = [[0] * 70 for _ in range(18)]
        bad("non_canonical", f"sparse_codebook-k{size}-level-{level}-unused", edited(net, 2, "1.levels", layer.levels[0]))


def _blocks():
    """7 blocks of 8 values."""
    def array(height=8):
        return Array(block_net(height))
    array().put("values", 0, NAN).bad("non_finite", "block_f32-nan-first")
    array().put("values", 31, INF).bad("non_finite", "block_f32-inf-middle")
    array().put("values", 49, MINUS_ZERO).bad("non_canonical", "block_f32-minus-zero-last-row")
    for what, index, value in (("first", 34, ONE), ("last", 55, 1), ("minus-zero", 42, MINUS_ZERO), ("nan", 50, NAN)):
        array().put("values", index, value).bad("padding", f"block_f32-row-{what}")
    array(16).put("values", 50, ONE).bad("padding", "block_f32-h16-row")
    for what, block in (("first", 0), ("last", 6)):
        made = array()
        for row in range(8):
            made.put("values", 8 * block + row, 0)
        made.bad("non_canonical", f"block_f32-zeros-{what}")
    array().put("columns", 6, 40, 2).bad("mask", "block_f32-column-40")
    array().put("columns", 1, 0, 2).bad("mask", "block_f32-columns-equal")
    array().put("columns", 4, 39, 2).bad("mask", "block_f32-columns-descending")
    for cols in (65536, 65537):
        wide = Array(wide_net("h8", cols)).put("columns", 1, 0, 2 if cols == 65536 else 4)
        wide.bad("mask", f"block_f32-{cols}-columns-equal")


def _order():
    """Two defects; the one that is met first is answered."""
    f32().slot(0, 0, 0, place=40).put("values", 44, 0).bad("non_canonical", "order-sparse-values-before-places")
    f32().put("columns", 0, 70, 2).slot(0, 1, 1, place=1).bad("mask", "order-sparse-columns-before-places")
    f32().slot(17, 2, 1, ONE, 3).residue(0, 0, 70).bad("mask", "order-sparse-free-slots-after-columns")
    f32().slot(17, 1, 1, NAN).put("values", 0, 0).bad("non_finite", "order-sparse-units-before-values")
    f32().slot(17, 0, 0, place=32).residue(0, 0, 1).bad("mask", "order-sparse-places-before-relations")
    b4 = Array(sparse_net("b4"))
    b4.field(8, 1, 2, -8, 31).bad("non_canonical", "order-sparse-free-slot-before-code")
    Array(sparse_net("b4")).field(16, 2, 2, -8, 31).bad("code", "order-sparse-code-before-column")
    Array(sparse_net("b4")).field(0, 0, 1, -8, None).word(0, 0, lambda word: word | 1 << 31).bad(
        "code", "order-sparse-field-before-bit-31")
    Array(sparse_net("b4")).put("codes", 0, 0, 1).residue(17, 1, 70).bad("mask", "order-sparse-columns-before-codes")
    Array(sparse_net("b4")).put("codes", 44, 0, 1).residue(0, 0, 1).bad("code", "order-sparse-codes-before-relations")
    zeros = Array(block_net(8))
    for row in range(8):
        zeros.put("values", row, 0)
    zeros.put("values", 8, NAN).bad("non_canonical", "order-block_f32-zeros-before-the-next-block")
    Array(block_net(8)).put("columns", 0, 40, 2).put("values", 55, ONE).bad("padding", "order-block_f32-values-before-columns")


def build():
    _floats()
    _residue_columns()
    _words()
    _places()
    _codes()
    _relations()
    _blocks()
    _order()
