"""Sparse and block layers: defects of the graph, of lengths and of the tables."""

import struct

from .bases import block_net, sparse_net, wide_net
from .fields import IMAGE, conv, square
from .invalid_graph import TOP, raw_graph
from .invalid_tables import MINUS_ZERO, SPECIAL
from .mutate import bad, edited, with_section
from .network import tables_words, weights_words

F32, FIXED, CODEBOOK, BLOCK = range(5, 9)


def linear(rows, encoding, parameter, *pattern, source=0, factors=0):
    return (1, source, rows, encoding, parameter, factors, *pattern)


def patterned(*pattern, **changes):
    """A convolution (writer/fields.py) with the fields of a pattern after row_factors."""
    node = conv(**changes)
    return node[:6] + pattern + node[6:]


def with_tables(net, *changes):
    """The file of `net`, of one layer, with several (label, index, u32) in its tables."""
    words = tables_words(net)
    for label, index, value in changes:
        struct.pack_into("<I", words.data, words.labels[f"1.{label}"] + 4 * index, value)
    return with_section(net, 2, lambda _: bytes(words.data))


def _ranges():
    """Fields out of their own range."""
    for encoding, parameter, units, what in (
            (F32, 0, 33, "f32"), (F32, 0, TOP, "f32"), (FIXED, 2, 9, "b2"), (FIXED, 4, 12, "b4"), (FIXED, 8, 17, "b8"),
            (CODEBOOK, 1, 8, "k1"), (CODEBOOK, 8, 12, "k8")):
        raw_graph("limit", f"sparse-{what}-units-{units}", (70,), [linear(3, encoding, parameter, units, 0)])
    raw_graph("limit", "conv-sparse-units-33", IMAGE, [patterned(33, 0, encoding=F32)])
    raw_graph("unknown_id", "sparse_f32-parameter-1", (70,), [linear(3, F32, 1, 1, 0)])
    for height in (0, 9, 32):
        raw_graph("unknown_id", f"block_f32-height-{height}", (70,), [linear(3, BLOCK, height, 0)])
    for bits in (1, 9):
        raw_graph("codebook", f"sparse_fixed_point-bits-{bits}", (70,), [linear(3, FIXED, bits, 1, 0)])
    for size in (0, 16):
        raw_graph("codebook", f"sparse_codebook-k-{size}", (70,), [linear(3, CODEBOOK, size, 1, 0)])
    for encoding, name in ((F32, "sparse_f32"), (BLOCK, "block_f32")):
        pattern, parameter = ((1, 0), 0) if encoding == F32 else ((0,), 8)
        raw_graph("shape", f"{name}-row-factors", (70,), [linear(3, encoding, parameter, *pattern, factors=1)])
        raw_graph("bounds", f"{name}-without-pattern", (70,), [linear(3, encoding, parameter)])
    raw_graph("bounds", "sparse-without-residue", (70,), [linear(3, F32, 0, 1)])
    raw_graph("bounds", "encoding-without-parameter", (70,), [linear(3, F32, 0)[:4]])
    raw_graph("unknown_id", "encoding-9-without-parameter", (70,), [linear(3, 9, 0)[:4]])
    raw_graph("trailing", "block_f32-with-two-fields", (70,), [linear(3, BLOCK, 8, 0, 0)])
    raw_graph("trailing", "dense-with-blocks", (70,), [linear(3, 0, 0, 0)])


def _limits():
    """Bounds that need rows and columns."""
    raw_graph("limit", "sparse-residue-7-of-2x3", (3,), [linear(2, F32, 0, 0, 7)])
    raw_graph("limit", "sparse-residue-2pow32-1", (3,), [linear(2, FIXED, 4, 1, TOP)])
    raw_graph("limit", "sparse-residue-of-no-columns", (3,), [linear(2, F32, 0, 1, 1)], 0)
    raw_graph("limit", "sparse-residue-of-no-rows", (3,), [linear(0, CODEBOOK, 2, 1, 1), linear(1, 0, 0, source=1)])
    raw_graph("limit", "conv-sparse-residue-of-one-group", IMAGE, [patterned(0, 37, encoding=F32, groups=2)])
    raw_graph("limit", "block_f32-blocks-7-of-2x3", (3,), [linear(9, BLOCK, 8, 7)])
    raw_graph("limit", "block_f32-blocks-of-h16", (3,), [linear(16, BLOCK, 16, 4)])
    raw_graph("limit", "conv-block_f32-blocks", IMAGE, [patterned(19, encoding=BLOCK, parameter=8)])
    big, one = 2**24, (1, 1, 1)
    tall = square(2**14, 2**13, 2**14)
    raw_graph("size", "sparse-layer-at-the-limit", (big,), [linear(128, F32, 0, 0, 0)])
    raw_graph("limit", "sparse-layer-weights", (big,), [linear(129, F32, 0, 0, 0)])
    raw_graph("limit", "sparse-layer-weights-of-padding-columns", (129,), [linear(13421776, FIXED, 4, 0, 0)])
    raw_graph("limit", "sparse-layer-weights-of-padding-rows", one, [patterned(0, 0, rows=1, encoding=F32, **tall)])
    raw_graph("size", "block_f32-layer-at-the-limit", one, [patterned(0, rows=1, encoding=BLOCK, parameter=8, **tall)])
    raw_graph("limit", "block_f32-layer-weights", one, [patterned(0, rows=1, encoding=BLOCK, parameter=16, **tall)])
    raw_graph("limit", "sparse-model-weights", (128,), [linear((big, 128)[i % 2], F32, 0, 0, 0, source=i) for i in range(9)])


def _order():
    """Two defects; the one that is met first is answered."""
    raw_graph("unknown_id", "order-row_factors-before-units", (70,), [linear(3, F32, 0, 33, 0, factors=2)])
    raw_graph("codebook", "order-sparse-parameter-before-units", (70,), [linear(3, FIXED, 9, 33, 0)])
    raw_graph("limit", "order-units-before-missing-residue", (70,), [linear(3, F32, 0, 33)])
    raw_graph("limit", "order-units-before-input", (70,), [linear(3, F32, 0, 33, 0, source=1)])
    raw_graph("limit", "order-units-before-row-factors-of-floats", (70,), [linear(3, F32, 0, 33, 0, factors=1)])
    raw_graph("graph", "order-input-before-residue", (70,), [linear(3, F32, 0, 1, TOP, source=1)])
    raw_graph("shape", "order-row-factors-of-floats-before-residue", (70,), [linear(3, F32, 0, 1, TOP, factors=1)])
    raw_graph("shape", "order-image-before-blocks", IMAGE, [linear(3, BLOCK, 8, TOP)])
    raw_graph("shape", "order-groups-before-residue", IMAGE, [patterned(1, TOP, encoding=F32, groups=3)])
    raw_graph("shape", "order-window-before-blocks", IMAGE, [patterned(TOP, encoding=BLOCK, parameter=8, kernel_h=9)])
    raw_graph("limit", "order-residue-before-the-next-node", (3,), [linear(2, F32, 0, 0, 7), (99,)])
    net = sparse_net("k3")
    net.linears[0].levels = [-1.0, 0.0, 2.0]
    bad("codebook", "order-level-before-count", edited(net, 2, "1.counts", 1 << 16))
    words = tables_words(sparse_net("b4", factors=True))
    at = words.labels["1.factors"]
    bad("mask", "order-count-before-factor", with_tables(sparse_net("b4", factors=True), ("counts", 0, 0), ("factors", 0, 0)))
    bad("mask", "order-count-greater-than-cols-before-bias", with_tables(
        sparse_net("csr"), ("counts", 0, 6 << 16), ("counts", 1, 0), ("biases", 0, SPECIAL["nan"])))


def _lengths():
    arrays = {"sparse_f32": sparse_net("f32"), "sparse_fixed_point": sparse_net("b4"), "block_f32": block_net(8)}
    for name, net in arrays.items():
        for what, change in (("byte-short", lambda p: p[:-1]), ("byte-long", lambda p: p + b"\0")):
            bad("size", f"{name}-array-{what}", with_section(net, 3, change))
    net = sparse_net("f32")
    for label, change in (("units", 1), ("units", -1), ("residue", 1), ("residue", -1)):
        value = {"units": 2, "residue": 45}[label] + change
        bad("size", f"sparse-{label}-{value}", edited(net, 1, f"1.{label}", value))
    bad("size", "block_f32-one-block-more", edited(block_net(8), 1, "1.blocks", 8))
    bad("size", "sparse-tables-without-counts", with_section(net, 2, lambda part: part[:8] + part[8 + 4 * 9:]))
    for cols, label in ((65536, "u32-columns"), (65537, "u16-columns")):
        for kind in ("f32", "h8"):
            other, words = wide_net(kind, cols), weights_words(wide_net(kind, cols))
            at = words.labels["1.columns"]
            bad("size", f"{'sparse' if kind == 'f32' else 'block_f32'}-{cols}-{label}", with_section(
                other, 3, lambda part, a=at, n=cols: part[:a] + (part[a:] + bytes(6) if n == 65536 else part[a:-6])))
    bad("size", "sparse-65536-u16-counts", with_section(wide_net("f32", 65536), 2, lambda part: part[:20] + part[24:]))
    net = wide_net("f32", 65535)
    bad("size", "sparse-65535-u32-counts", with_section(net, 2, lambda part: part[:8] + bytes(4) + part[8:]))


def _counts():
    net = sparse_net("f32")  # counts 3, 2, 3, 2 ...
    for what, index, value in (("first-less", 0, 2 | 2 << 16), ("second-more", 0, 3 | 3 << 16), ("last-more", 8, 3 | 3 << 16),
                               ("last-65535-of-70", 8, 3 | 65535 << 16)):
        bad("mask", f"sparse-count-{what}", edited(net, 2, "1.counts", value, index))
    small = sparse_net("csr")  # 3 x 4, counts 3, 1, 2
    for what, first, second in (("greater-than-cols-first-sum-right", 5 | 1 << 16, 0),
                                ("greater-than-cols-second-sum-right", 5 << 16, 1),
                                ("greater-than-cols-last-sum-right", 1 << 16, 5),
                                ("unused-half-1", 3 | 1 << 16, 2 | 1 << 16),
                                ("unused-half-makes-the-sum", 3 | 1 << 16, 1 | 1 << 16)):
        words = first.to_bytes(4, "little") + second.to_bytes(4, "little")
        bad("mask", f"sparse-count-{what}", edited(small, 2, "1.counts", words))
    blocks = block_net(8)  # counts 3, 1, 3
    for what, index, value in (("first-less", 0, 2 | 1 << 16), ("unused-half", 1, 3 | 1 << 16), ("41-of-40", 0, 3 | 41 << 16)):
        bad("mask", f"block_f32-count-{what}", edited(blocks, 2, "1.counts", value, index))
    wide = wide_net("f32", 65536)  # counts 0, 3, 0
    for what, index, value in (("65537-of-65536", 0, 65537), ("2pow32-1", 2, TOP), ("one-more", 2, 1)):
        bad("mask", f"sparse-u32-count-{what}", edited(wide, 2, "1.counts", value, index))


def _numbers():
    for what, value in (("zero", 0.0), ("equal", -1.0)):
        net = sparse_net("k3")
        net.linears[0].levels = [-1.0, 0.5, 2.0]
        bad("codebook", f"sparse_codebook-level-{what}", edited(net, 2, "1.levels", value, 1))
    net = sparse_net("k3")
    net.linears[0].levels.reverse()
    bad("codebook", "sparse_codebook-levels-descending", edited(net, 2, "1.levels", net.linears[0].levels[0]))
    bad("codebook", "sparse_codebook-k1-level-zero", edited(sparse_net("k1"), 2, "1.levels", 0.0))
    bad("non_canonical", "sparse_codebook-level-minus-zero", edited(sparse_net("k3"), 2, "1.levels", MINUS_ZERO, 1))
    bad("non_finite", "sparse_codebook-level-nan", edited(sparse_net("k3"), 2, "1.levels", SPECIAL["nan"], 2))
    for what, value in (("zero", 0.0), ("negative", -0.5)):
        bad("codebook", f"sparse_fixed_point-step-{what}", edited(sparse_net("b4"), 2, "1.levels", value))
    bad("non_canonical", "sparse_fixed_point-factor-zero", edited(sparse_net("b4", factors=True), 2, "1.factors", 0.0, 17))
    bad("non_finite", "sparse_f32-bias-nan", edited(sparse_net("f32"), 2, "1.biases", SPECIAL["nan"], 17))
    bad("non_finite", "block_f32-bias-inf", edited(block_net(8), 2, "1.biases", SPECIAL["inf"]))


def build():
    _ranges()
    _limits()
    _order()
    _lengths()
    _counts()
    _numbers()
