"""References, shapes and bounds of the operators of images and of several values."""

from .fields import IMAGE, RELU, average_pool, conv, max_pool, square
from .invalid_graph import TOP, raw_graph

FLATTEN = (4, 0)


def _windows():
    for axis in "hw":
        for name in ("kernel", "stride", "dilation"):
            raw_graph("shape", f"conv-{name}_{axis}-0", IMAGE, [conv(**{f"{name}_{axis}": 0})])
            if name != "dilation":
                raw_graph("shape", f"max_pool-{name}_{axis}-0", IMAGE, [max_pool(**{f"{name}_{axis}": 0})])
                raw_graph("shape", f"average_pool-{name}_{axis}-0", IMAGE, [average_pool(**{f"{name}_{axis}": 0})])
    for side, axis in (("top", "h"), ("left", "w"), ("bottom", "h"), ("right", "w")):
        raw_graph("shape", f"conv-{side}-of-the-extent", IMAGE, [conv(**{side: 3})])
        raw_graph("shape", f"conv-{side}-of-the-dilated-extent", IMAGE, [conv(**{side: 5, f"dilation_{axis}": 2})])
        raw_graph("shape", f"conv-1x1-{side}-1", IMAGE, [conv(**square(1) | {side: 1})])
        raw_graph("shape", f"max_pool-{side}-of-the-kernel", IMAGE, [max_pool(**{side: 3})])
        raw_graph("shape", f"average_pool-{side}-greater-than-kernel", IMAGE, [average_pool(**{side: 2**24})])
    for what, node in (
        ("kernel-of-7-on-6", conv(**square(3) | {"kernel_h": 7})), ("kernel-of-6-on-5", conv(**square(3) | {"kernel_w": 6})),
        ("dilated-7-on-6", conv(**square(3) | {"dilation_h": 3})), ("dilated-6-on-5", conv(**square(2) | {"dilation_w": 5})),
        ("kernel-2pow24", conv(**square(2**24))), ("one-short-with-padding", conv(kernel_h=9)),
        ("dilation-0-of-kernel-1", conv(**square(1) | {"dilation_h": 0})),
    ):
        raw_graph("shape", f"conv-does-not-fit-{what}", IMAGE, [node])
    raw_graph("shape", "max_pool-does-not-fit", IMAGE, [max_pool(**square(6))])
    raw_graph("shape", "average_pool-does-not-fit-with-padding", (1, 1, 1), [average_pool(**square(4, 1))])
    raw_graph("shape", "max_pool-of-a-pooled-map", IMAGE, [max_pool(**square(5)), max_pool(input=1, **square(2))])


def _shapes():
    for what, changes in (("0", {"groups": 0}), ("0-of-no-rows", {"groups": 0, "rows": 0}), ("2pow24", {"groups": 2**24}),
                          ("not-of-rows", {"groups": 2, "rows": 3}), ("not-of-channels", {"groups": 4}),
                          ("greater-than-rows", {"groups": 2, "rows": 1}), ("of-neither", {"groups": 3, "rows": 4}),
                          ("not-of-channels-no-rows", {"groups": 3, "rows": 0})):
        raw_graph("shape", f"conv-groups-{what}", IMAGE, [conv(**changes)])
    for name, node in (("conv", conv()), ("max_pool", max_pool()), ("average_pool", average_pool()),
                       ("global_average_pool", (8, 0))):
        raw_graph("shape", f"{name}-of-a-vector", (60,), [node])
        raw_graph("shape", f"{name}-of-gathered", IMAGE, [node], 60)
    raw_graph("shape", "linear-of-one-pixel", IMAGE, [(8, 0), (1, 1, 2, 0, 0, 0)])
    raw_graph("shape", "softmax-of-one-pixel", IMAGE, [(8, 0), (3, 1)])
    for encoding in (0, 1):
        raw_graph("shape", f"conv-dense-{encoding}-row-factors", IMAGE, [conv(encoding=encoding, row_factors=1)])
    vectors = [(1, 0, 3, 0, 0, 0)]
    raw_graph("shape", "add-of-4-and-3", (4,), vectors + [(16, 0, 1)])
    raw_graph("shape", "add-of-3-and-4", (4,), vectors + [(16, 1, 0)])
    raw_graph("shape", "add-of-1-and-4", (4,), [(1, 0, 1, 0, 0, 0), (16, 0, 1)])
    raw_graph("shape", "add-of-0-and-4", (4,), [(1, 0, 0, 0, 0, 0), (16, 0, 1)])
    raw_graph("shape", "add-of-image-and-flattened", IMAGE, [FLATTEN, (16, 0, 1)])
    raw_graph("shape", "add-of-exchanged-dimensions", IMAGE, [(18, 0, 3, 2, 5, 6), (16, 0, 1)])
    raw_graph("shape", "add-of-one-pixel", IMAGE, [(8, 0), (16, 0, 1)])
    raw_graph("shape", "add-of-vector-and-1x1xn", (4,), [(18, 0, 3, 4, 1, 1), (16, 0, 1)])
    raw_graph("shape", "concat-of-image-and-vector", IMAGE, [FLATTEN, (17, 2, 0, 1)])
    raw_graph("shape", "concat-of-vector-and-one-pixel", (4,), [(18, 0, 3, 4, 1, 1), (17, 2, 0, 1)])
    raw_graph("shape", "concat-of-heights", IMAGE, [max_pool(**square(1) | {"kernel_h": 2}), (17, 2, 0, 1)])
    raw_graph("shape", "concat-of-widths", IMAGE, [max_pool(**square(1) | {"kernel_w": 2}), (17, 3, 0, 0, 1)])
    raw_graph("shape", "concat-of-exchanged-dimensions", IMAGE, [(18, 0, 3, 2, 5, 6), (17, 2, 0, 1)])
    raw_graph("shape", "concat-of-no-channels-and-another-height", IMAGE, [conv(rows=0, kernel_h=4), (17, 2, 0, 1)])
    for what, dimensions in (("less", (59,)), ("more", (61,)), ("one", (1,)), ("image-less", (2, 6, 4)),
                             ("image-more", (3, 6, 5)), ("a-part", (6, 5, 1)), ("double", (120,))):
        raw_graph("shape", f"reshape-{what}", IMAGE, [(18, 0, len(dimensions), *dimensions)])
    raw_graph("shape", "reshape-of-nothing", (4,), [(1, 0, 0, 0, 0, 0), (18, 1, 1, 1)])
    raw_graph("shape", "output-of-conv-without-rows", IMAGE, [conv(rows=0)])
    raw_graph("shape", "output-of-pooled-no-channels", IMAGE, [conv(rows=0), max_pool(input=1), (8, 2)])
    raw_graph("shape", "output-of-concat-of-nothing", (4,), [(1, 0, 0, 0, 0, 0), (17, 2, 1, 1)])


def _references():
    for what, node in (
        ("conv-itself", conv(input=1)), ("add-first-itself", (16, 1, 0)), ("add-second-itself", (16, 0, 1)),
        ("add-second-2pow32-1", (16, 0, TOP)), ("add-first-forward", (16, 2, 0)), ("concat-first-itself", (17, 2, 1, 0)),
        ("concat-last-forward", (17, 3, 0, 0, 2)), ("concat-middle-2pow31", (17, 3, 0, 2**31, 0)),
        ("global_average_pool-itself", (8, 1)), ("affine-forward", (9, 2)), ("reshape-itself", (18, 1, 1, 60)),
        ("clip-itself", (13, 1, 0, 0)), ("max_pool-2pow32-1", max_pool(input=TOP)),
        ("average_pool-itself", average_pool(input=1)),
    ):
        raw_graph("graph", f"reads-{what}", IMAGE, [node, (4, 1)])
    raw_graph("graph", "add-leaves-1-unused", (4,), [RELU, (16, 0, 0)])
    raw_graph("graph", "add-leaves-0-unused-twice-1", (4,), [(16, 0, 0), RELU, (16, 1, 1)])
    raw_graph("graph", "concat-leaves-2-unused", (4,), [RELU, (2, 1), (17, 2, 0, 1)])
    raw_graph("graph", "branch-without-end", IMAGE, [conv(), (2, 1), (8, 1)])


def _bombs():
    one = (1, 1, 1)
    raw_graph("limit", "values-of-padding-2pow32", one, [max_pool(**square(2**16, 2**16 - 1))])
    raw_graph("limit", "values-of-padding-2pow48", one, [average_pool(**square(2**24, 2**24 - 1))])
    raw_graph("limit", "values-of-padding-and-rows", one, [conv(rows=2**12, **square(2**10, 2**10 - 1))])
    raw_graph("limit", "values-of-channels-and-padding", (2**12, 1, 1), [max_pool(**square(2**10, 2**10 - 1))])
    raw_graph("limit", "values-2pow64-by-wrapping", (2**16, 1, 1), [max_pool(**square(2**24, 2**24 - 1))])
    raw_graph("limit", "values-of-one-concat", (2**24,), [(17, 64, *(0,) * 64), (17, 64, *(1,) * 64)])
    raw_graph("limit", "values-of-concats", (1,), [(17, 64, *(i,) * 64) for i in range(8)])
    raw_graph("limit", "values-of-concats-of-images", (1, 2**10, 2**10), [(17, 64, *(i,) * 64) for i in range(3)])
    raw_graph("limit", "values-one-more-than-2pow31", (64, 2**12, 2**12), [RELU, (8, 1)])
    raw_graph("limit", "values-of-adds", (64, 2**11, 2**11), [(16, i, i) for i in range(8)])
    raw_graph("limit", "work-of-max_pool", (1, 2**11, 2**11), [max_pool(**square(2**11, 2**10))])
    raw_graph("limit", "work-of-average_pool", (1, 2**11, 2**11), [average_pool(**square(2**11, 2**10))])
    raw_graph("limit", "work-of-a-large-kernel", (2**20, 1, 1), [max_pool(**square(2**24, 2**23, 2**24))])
    raw_graph("limit", "work-of-conv", (2**12, 2**6, 2**6), [conv(rows=2**14)])
    raw_graph("limit", "work-of-conv-sum", (2**10, 2**8, 2**8), [conv(rows=2**10)] + [
        conv(input=i, rows=2**10) for i in range(1, 3)])
    just = dict(zip(("kernel_h", "kernel_w", "top", "left", "bottom", "right"), (2**10, 2**10, 512, 512, 511, 511)))
    raw_graph("size", "work-at-the-limit", (1, 2**10, 2**10), [max_pool(**just)])
    raw_graph("limit", "work-one-more-than-2pow40", (1, 2**10, 2**10), [max_pool(**just), (8, 1), (2, 2)])
    raw_graph("size", "values-at-the-limit", (64, 2**12, 2**12), [RELU])
    raw_graph("limit", "conv-layer-weights", (10, 6, 5), [conv(rows=2**24, groups=1, **square(5))])
    raw_graph("limit", "conv-layer-weights-of-the-kernel", one, [conv(**square(2**24, 2**23, 2**24))])
    raw_graph("limit", "conv-layer-weights-of-padding-rows", (2**12, 6, 6), [conv(rows=1, **square(192, 100, 192))])
    raw_graph("limit", "conv-model-weights", (2**12, 1, 1), [conv(input=i, rows=2**12) for i in range(114)])
    raw_graph("size", "many-affine-elements", (2**24,), [(9, 0)])
    raw_graph("size", "many-affine-elements-of-concat", (2**22,), [(17, 64, *(0,) * 64), (9, 1)])


def build():
    _windows()
    _shapes()
    _references()
    _bombs()
