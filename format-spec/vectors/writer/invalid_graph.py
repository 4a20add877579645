"""Defects of the graph section and of the lengths that follow from it."""

from .arrays import F32, FIXED
from .bases import chain_net, codebook_net, dense_net, fixed_net, gather_net, half_net, image_net, relu_net, ternary_net
from .layers import ternary
from .mutate import bad, edited, with_section
from .network import Linear, Network, Words
from .numbers import Numbers

TOP = 2**32 - 1


def _graph(what, kind, net, label, value, index=0):
    bad(kind, what, edited(net, 1, label, value, index))


def raw_graph(kind, what, shape, nodes, mask_kept=None, dtype=1):
    """A file whose graph is given as tuples of fields; its other sections are those of a small network."""
    words = Words()
    words.u32("head", len(nodes), dtype, len(shape), *shape, *((0,) if mask_kept is None else (1, mask_kept)))
    for node in nodes:
        words.u32("node", *node)
    bad(kind, what, with_section(dense_net(), 1, lambda _: bytes(words.data)))


def _input():
    for count in (0, 4097, TOP):
        _graph(f"node-count-{count}", "limit", chain_net(), "nodes", count)
    for dtype in (2, 256, TOP):
        _graph(f"dtype-{dtype}", "unknown_id", dense_net(), "dtype", dtype)
    for rank in (0, 2, 4, TOP):
        _graph(f"rank-{rank}", "unknown_id", image_net(), "rank", rank)
    for size in (0, 2**24 + 1, TOP):
        _graph(f"dimension-{size}", "limit", dense_net(), "shape", size)
        _graph(f"height-{size}", "limit", image_net(), "shape", size, 1)
    for gather in (2, TOP):
        _graph(f"gather-{gather}", "unknown_id", dense_net(), "gather", gather)
    for kept in (34, TOP):
        _graph(f"kept-{kept}-of-33", "mask", gather_net(), "kept", kept)
    relu = [(2, 0)]
    raw_graph("limit", "product-2pow72", (2**24,) * 3, relu)
    raw_graph("limit", "product-2pow48", (2**24, 2**24, 1), relu)
    raw_graph("limit", "product-2pow32", (2**16, 2**16, 1), relu)
    raw_graph("limit", "product-2pow31-and-2pow24", (129, 2**24, 1), relu)
    raw_graph("limit", "product-2pow48-gathered", (2**24, 2**24, 1), relu, 1)


def _nodes():
    for op in (0, 19, TOP):
        _graph(f"op-{op}", "unknown_id", chain_net(), "2.op", op)
    for encoding in (9, TOP):
        _graph(f"encoding-{encoding}", "unknown_id", chain_net(), "3.encoding", encoding)
    for flag in (2, TOP):
        _graph(f"row_factors-{flag}", "unknown_id", ternary_net(), "1.row_factors", flag)
    for name, net in (("f32", dense_net()), ("f16", half_net())):
        _graph(f"dense_{name}-parameter-1", "unknown_id", net, "1.parameter", 1)
        _graph(f"dense_{name}-row-factors", "shape", net, "1.row_factors", 1)
    for bits in (0, 1, 9, 32, TOP):
        _graph(f"fixed_point-bits-{bits}", "codebook", fixed_net(4), "1.parameter", bits)
    for parameter in (1, TOP):
        _graph(f"ternary-parameter-{parameter}", "codebook", ternary_net(), "1.parameter", parameter)
    for size in (0, 1, 257, TOP):
        _graph(f"codebook-k-{size}", "codebook", codebook_net(4), "1.parameter", size)
    for rows in (2**24 + 1, TOP):
        _graph(f"rows-{rows}", "limit", dense_net(), "1.rows", rows)
    _graph("reads-itself", "graph", dense_net(), "1.input", 1)
    _graph("reads-itself-later", "graph", chain_net(), "4.input", 4)
    _graph("reads-forward", "graph", chain_net(), "1.input", 2)
    _graph("reads-past-the-end", "graph", chain_net(), "2.input", 5)
    _graph("reads-2pow32-1", "graph", chain_net(), "3.input", TOP)
    bad("graph", "value-1-unused", with_section(relu_net(), 1, lambda part: part[:20].replace(b"\1", b"\2", 1) + bytes(
        part[20:28]) + part[20:28]))
    raw_graph("graph", "value-3-unused", (4,), [(2, 0), (2, 1), (2, 2), (2, 2)])
    raw_graph("graph", "value-0-used-twice-value-1-unused", (4,), [(2, 0), (2, 0)])


def _shapes():
    dense_fields = (2, F32, 0, 0)
    raw_graph("shape", "linear-of-rank-3", (1, 1, 3), [(1, 0, *dense_fields)])
    raw_graph("shape", "softmax-of-rank-3", (1, 1, 3), [(3, 0)])
    raw_graph("shape", "softmax-of-nothing", (3,), [(3, 0)], 0)
    raw_graph("shape", "softmax-of-no-rows", (3,), [(1, 0, 0, F32, 0, 0), (3, 1)])
    raw_graph("shape", "output-of-no-rows", (3,), [(1, 0, 0, F32, 0, 0)])
    raw_graph("shape", "output-of-no-inputs", (3,), [(2, 0)], 0)
    raw_graph("shape", "output-of-no-inputs-flattened", (3,), [(4, 0)], 0)


def _bombs():
    big = 2**24
    raw_graph("limit", "values-relu-chain", (1,), [(1, 0, big, F32, 0, 0)] + [(2, i) for i in range(1, 129)])
    raw_graph("limit", "values-input-and-flatten", (128, 2**12, 2**12), [(4, 0), (1, 1, 1, F32, 0, 0)])
    raw_graph("limit", "values-4096-nodes-of-2pow20", (1, 2**10, 2**10), [(2, i) for i in range(4096)])
    raw_graph("limit", "values-without-weights", (1,), [(1, 0, big, F32, 0, 0)] + [(2, i) for i in range(1, 200)], 0)
    raw_graph("limit", "layer-weights-dense", (129,), [(1, 0, big, F32, 0, 0)])
    raw_graph("limit", "layer-weights-2pow48", (big,), [(1, 0, big, F32, 0, 0)])
    raw_graph("limit", "layer-weights-with-padding-columns", (127,), [(1, 0, big, 3, 0, 0)])
    raw_graph("limit", "layer-weights-with-padding-rows", (big,), [(1, 0, 129, F32, 0, 0)])
    raw_graph("limit", "layer-weights-2-bits", (big,), [(1, 0, 145, FIXED, 2, 0)])
    alternating = [(1, i, (big, 128)[i % 2], F32, 0, 0) for i in range(9)]
    raw_graph("limit", "model-weights", (128,), alternating)
    # Convolutions of no rows still gather a patch at every position, for every channel group.
    def wide(kernel, before, after):
        return (kernel, kernel, 1, 1, before, before, after, after)

    raw_graph("limit", "work-of-no-rows", (1, 1, 1), [(5, 0, 0, F32, 0, 0, *wide(4096, 4095, 4095), 1, 1, 1)])
    raw_graph("limit", "work-of-no-rows-in-groups", (big, 1, 1), [(5, 0, 0, F32, 0, 0, *wide(512, 511, 0), 1, 1, big), (4, 1)])
    raw_graph("limit", "values-patch-2pow32", (1, 1, 1), [(5, 0, 0, F32, 0, 0, *wide(2**16, 2**16 - 1, 0), 1, 1, 1)])
    raw_graph("limit", "values-patch-2pow72", (big, 1, 1), [(5, 0, 0, F32, 0, 0, *wide(big, big - 1, 0), 1, 1, 1)])
    raw_graph("size", "layer-at-the-limit", (128,), [(1, 0, big, F32, 0, 0)])
    raw_graph("size", "many-rows-of-no-columns", (1,), [(1, 0, big, F32, 0, 0)], 0)
    raw_graph("size", "many-inputs", (big,), [(1, 0, 1, 3, 0, 0)])
    raw_graph("size", "many-masked-inputs", (1, 2**15, 2**16), [(1, 0, 1, F32, 0, 0)], 3)
    raw_graph("size", "many-channels", (big, 1, 1), [(2, 0)])


def _lengths():
    net = chain_net()
    for words in (0, 1, 3, 4, 5, 8, 10):
        bad("bounds", f"graph-of-{words}-words", with_section(net, 1, lambda part, n=words: part[:4 * n]))
    bad("bounds", "graph-last-word-missing", with_section(net, 1, lambda part: part[:-4]))
    bad("bounds", "graph-last-byte-missing", with_section(net, 1, lambda part: part[:-1]))
    _graph("graph-one-node-more", "bounds", net, "nodes", 5)
    _graph("graph-4096-nodes", "bounds", net, "nodes", 4096)
    _graph("graph-one-node-less", "trailing", net, "nodes", 3)
    bad("trailing", "graph-one-word", with_section(net, 1, lambda part: part + bytes(4)))
    bad("trailing", "graph-one-byte", with_section(net, 1, lambda part: part + b"\0"))
    bad("trailing", "graph-another-node", with_section(net, 1, lambda part: part + part[-8:]))
    for ident, name, unit in ((2, "tables", 4), (3, "weights", 64)):
        bad("size", f"{name}-empty", with_section(net, ident, lambda _: b""))
        for what, change in (("1-less", lambda p: p[:-1]), ("1-more", lambda p: p + b"\0"),
                             (f"{unit}-less", lambda p, n=unit: p[:-n]), (f"{unit}-more", lambda p, n=unit: p + bytes(n))):
            bad("size", f"{name}-{what}", with_section(net, ident, change))
    _graph("one-row-more", "size", dense_net(), "1.rows", 3)
    _graph("row-factors-not-there", "size", ternary_net(), "1.row_factors", 1)
    _graph("row-factors-not-said", "size", fixed_net(4), "1.row_factors", 0)
    _graph("one-input-less", "size", dense_net(), "shape", 2)
    _graph("one-level-more", "size", codebook_net(4), "1.parameter", 5)
    r = Numbers("no weights")
    net = Network((4,), [ternary(r, 2, 0)], mask=[0] * 4)
    bad("size", "weights-of-no-columns", with_section(net, 3, lambda _: bytes(64)))
    no_columns = Linear(2, 0, F32, codes=[[], []], biases=[0.0, 0.0])
    net = Network((4,), [no_columns], mask=[0] * 4)
    bad("size", "weights-4-bytes-of-no-columns", with_section(net, 3, lambda _: bytes(4)))


def build():
    _input()
    _nodes()
    _shapes()
    _bombs()
    _lengths()
