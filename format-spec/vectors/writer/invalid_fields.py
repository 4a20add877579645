"""Fields of the operators out of their range, missing, or in the wrong order of checks."""

from .fields import IMAGE, RELU, WINDOW, average_pool, conv, max_pool, numbers, square
from .invalid_graph import TOP, raw_graph

BIG = 2**24 + 1
SPECIAL = {"nan": 0x7FC00000, "signalling-nan": 0xFF800001, "inf": 0x7F800000, "minus-inf": 0xFF800000}
NUMBERS = {10: ("leaky_relu", {"slope": 0.5}), 13: ("clip", {"min": 0.0, "max": 6.0}),
           14: ("hard_sigmoid", {"alpha": 0.25, "beta": 0.5})}


def _windows():
    for name in WINDOW:
        raw_graph("limit", f"conv-{name}-16777217", IMAGE, [conv(**{name: BIG})])
        raw_graph("limit", f"max_pool-{name}-2pow32-1", IMAGE, [max_pool(**{name: TOP})])
        raw_graph("limit", f"average_pool-{name}-16777217", IMAGE, [average_pool(**{name: BIG})])
    raw_graph("limit", "conv-rows-16777217", IMAGE, [conv(rows=BIG)])
    for flag in (2, TOP):
        raw_graph("unknown_id", f"include_padding-{flag}", IMAGE, [average_pool(include_padding=flag)])
        raw_graph("unknown_id", f"conv-row_factors-{flag}", IMAGE, [conv(row_factors=flag, encoding=3)])
    raw_graph("unknown_id", "conv-encoding-9", IMAGE, [conv(encoding=9)])
    raw_graph("unknown_id", "conv-dense-parameter-1", IMAGE, [conv(encoding=1, parameter=1)])
    for encoding, parameter in ((2, 1), (2, 9), (3, 1), (4, 1), (4, 257)):
        raw_graph("codebook", f"conv-encoding-{encoding}-parameter-{parameter}", IMAGE,
                  [conv(encoding=encoding, parameter=parameter)])


def _numbers():
    for op, (name, fields) in NUMBERS.items():
        for key in fields:
            for what, value in SPECIAL.items():
                raw_graph("non_finite", f"{name}-{key}-{what}", (4,), [numbers(op, *(fields | {key: value}).values())])
            raw_graph("non_canonical", f"{name}-{key}-minus-zero", (4,), [numbers(op, *(fields | {key: -0.0}).values())])
    for what, low, high in (("by-one", 1.0, 0.0), ("neighbours", 0x3F800001, 1.0), ("negative", -1.0, -2.0),
                            ("signs", 2.0**-149, -(2.0**-149))):
        raw_graph("non_canonical", f"clip-min-greater-{what}", (4,), [numbers(13, low, high)])
    raw_graph("non_canonical", "clip-min-greater-image", IMAGE, [numbers(13, 6.0, 0.0)])


def _counts():
    for count in (0, 1, 65, TOP):
        raw_graph("limit", f"concat-count-{count}", (4,), [(17, count, *(0,) * min(count, 65))])
    for rank in (0, 2, 4, TOP):
        raw_graph("unknown_id", f"reshape-rank-{rank}", (4,), [(18, 0, rank, 4, 1, 1, 1)])
    for size in (0, BIG, TOP):
        raw_graph("limit", f"reshape-dimension-{size}", (4,), [(18, 0, 1, size)])
        for axis in range(3):
            shape = [4, 1, 1]
            shape[axis] = size
            raw_graph("limit", f"reshape-dimension-{axis}-of-3-{size}", (4,), [(18, 0, 3, *shape)])


def _missing():
    """The graph ends one field early, or after `op`."""
    nodes = {"conv": conv(), "max_pool": max_pool(), "average_pool": average_pool(), "leaky_relu": numbers(10, 1.0),
             "clip": numbers(13, 0.0, 1.0), "hard_sigmoid": numbers(14, 1.0, 0.0), "add": (16, 0, 0), "concat": (17, 2, 0, 0),
             "reshape": (18, 0, 3, *IMAGE)}
    for name, node in nodes.items():
        raw_graph("bounds", f"{name}-last-field-missing", IMAGE, [node[:-1]])
        raw_graph("trailing", f"{name}-one-word-more", IMAGE, [node + (0,)])
    for op, name in ((8, "global_average_pool"), (9, "affine"), (11, "sigmoid"), (12, "tanh"), (15, "hard_swish"), (16, "add"),
                     (17, "concat"), (5, "conv")):
        raw_graph("bounds", f"{name}-op-alone", IMAGE, [(op,)])
    raw_graph("bounds", "concat-64-of-which-63", (4,), [(17, 64, *(0,) * 63)])
    raw_graph("bounds", "conv-without-window", IMAGE, [conv()[:6]])
    raw_graph("bounds", "conv-without-dilation", IMAGE, [conv()[:14]])


def _order():
    """Two defects; the one that is met first is answered."""
    raw_graph("limit", "order-field-before-input", IMAGE, [conv(input=9, right=BIG)])
    raw_graph("limit", "order-rows-before-encoding", IMAGE, [conv(rows=BIG, encoding=9)])
    raw_graph("unknown_id", "order-encoding-before-window", IMAGE, [conv(encoding=9, kernel_h=BIG)])
    raw_graph("codebook", "order-parameter-before-row_factors", IMAGE, [conv(encoding=3, parameter=9, row_factors=2)])
    raw_graph("limit", "order-window-before-missing-dilation", IMAGE, [conv(bottom=TOP)[:14]])
    raw_graph("bounds", "order-missing-field-before-input", IMAGE, [conv(input=9)[:-1]])
    raw_graph("unknown_id", "order-include_padding-before-input", IMAGE, [average_pool(input=1, include_padding=2)])
    raw_graph("non_finite", "order-slope-before-input", (4,), [numbers(10, SPECIAL["nan"], source=1)])
    raw_graph("non_canonical", "order-minus-zero-min-before-nan-max", (4,), [numbers(13, -0.0, SPECIAL["nan"])])
    raw_graph("non_finite", "order-nan-min-before-minus-zero-max", (4,), [numbers(13, SPECIAL["inf"], -0.0)])
    raw_graph("limit", "order-concat-count-before-missing-inputs", (4,), [(17, 65)])
    raw_graph("graph", "order-input-before-rank", (4,), [conv(input=1)])
    raw_graph("graph", "order-input-before-window-that-does-not-fit", IMAGE, [max_pool(input=1, kernel_h=0)])
    raw_graph("graph", "order-input-before-row-factors-of-dense", IMAGE, [conv(input=1, row_factors=1)])
    raw_graph("graph", "order-second-input-before-shape", IMAGE, [(4, 0), (16, 0, 2)])
    raw_graph("graph", "order-last-input-before-shape", IMAGE, [(4, 0), (17, 3, 0, 1, 9)])
    raw_graph("shape", "order-groups-before-values", IMAGE, [conv(rows=2**24, groups=3, **square(2**14, 2**14 - 1))])
    raw_graph("shape", "order-width-before-values", IMAGE, [max_pool(**square(2**20, 2**20 - 1) | {"stride_w": 0})])
    raw_graph("limit", "order-values-before-the-next-node", (1, 1, 1), [max_pool(**square(2**16, 2**16 - 1)), (99,)])
    raw_graph("trailing", "order-left-over-before-no-elements", IMAGE, [conv(rows=0) + (0,)])
    raw_graph("trailing", "order-left-over-before-unused", IMAGE, [RELU, RELU + (0,)])
    raw_graph("shape", "order-no-elements-before-unused", IMAGE, [RELU, conv(rows=0)])


def build():
    _windows()
    _numbers()
    _counts()
    _missing()
    _order()
