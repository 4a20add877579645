"""Valid convolutions: {name: builder of a Network}."""

from .layers import codebook, dense, dense_f16, fixed, ternary
from .network import Network
from .operators import conv, pair


def layer(rng, encoding, rows, cols, factors=False):
    """A layer of an encoding named f32, f16, b2 to b8, t, k2 to k256."""
    if encoding in ("f32", "f16"):
        return (dense if encoding == "f32" else dense_f16)(rng, rows, cols)
    if encoding == "t":
        return ternary(rng, rows, cols, factors)
    return (fixed if encoding[0] == "b" else codebook)(rng, rows, cols, int(encoding[1:]), factors)


def conv_of(rng, encoding, channels, rows, kernel, groups=1, factors=False, **window):
    height, width = pair(kernel)
    made = layer(rng, encoding, rows, channels // groups * height * width, factors)
    return conv(made, kernel, groups=groups, **window)


def _one(shape, encoding, rows, kernel, *after, dtype="f32", scales=None, **options):
    """The builder of a network of one convolution, then `after`."""
    channels = shape[0]
    scale, offset = scales or ([1.0] * channels, [0.0] * channels)
    return lambda r: Network(
        shape, [conv_of(r, encoding, channels, rows, kernel, **options), *after], dtype, None, scale, offset)


KERNELS = {
    "f32-1x1": _one((3, 7, 5), "f32", 8, 1),
    "f32-3x3-padding": _one((1, 6, 6), "f32", 8, 3, padding=1),
    "f32-2x3-asymmetric": _one((2, 5, 6), "f32", 1, (2, 3), stride=(2, 1), padding=(1, 0, 0, 2)),
    "f32-5x5-padding": _one((1, 7, 6), "f32", 17, 5, padding=2),
    "f32-rows-33": _one((1, 4, 3), "f32", 33, 2),
    "f32-rows-65": _one((5, 2, 3), "f32", 65, 1),
    "f32-one-pixel": _one((3, 1, 1), "f32", 2, 1),
    "f32-kernel-of-the-map": _one((2, 4, 5), "f32", 3, (4, 5)),
    "f32-one-column-per-segment": _one((1, 3, 4), "f32", 3, 2),
    "f32-fewer-columns-than-segments": _one((3, 3, 2), "f32", 3, 1),
    "f16-3x3-stride-2": _one((3, 7, 5), "f16", 8, 3, stride=2, padding=1),
    "f16-5x5": _one((1, 6, 6), "f16", 17, 5),
    "f16-1x1-stride-3": _one((3, 7, 5), "f16", 1, 1, stride=3),
    "b2-3x3": _one((2, 4, 4), "b2", 8, 3),
    "b3-1x1": _one((13, 3, 3), "b3", 17, 1),
    "b4-3x3-factors": _one((3, 7, 5), "b4", 17, 3, factors=True),
    "b5-5x5-stride-3": _one((1, 8, 9), "b5", 8, 5, stride=3, padding=1),
    "b8-2x3-stride-3": _one((3, 7, 5), "b8", 33, (2, 3), stride=3),
    "t-1x1": _one((19, 3, 2), "t", 8, 1),
    "t-3x3": _one((3, 6, 6), "t", 17, 3, stride=(1, 2)),
    "t-3x3-factors": _one((2, 5, 4), "t", 33, 3, padding=1, stride=2, factors=True),
    "t-5x5": _one((3, 6, 7), "t", 5, 5, padding=(2, 0, 1, 0)),
    "t-2x3-rows-65": _one((1, 3, 4), "t", 65, (2, 3)),
    "k3-3x3": _one((2, 5, 5), "k3", 8, 3),
    "k17-5x5": _one((1, 6, 6), "k17", 17, 5, stride=2, padding=2),
    "k40-2x3-factors": _one((3, 4, 5), "k40", 8, (2, 3), factors=True),
    "k5-1x1-rows-65": _one((7, 2, 2), "k5", 65, 1),
}
WINDOWS = {
    "stride-leaves-elements-over": _one((1, 6, 6), "f32", 2, 2, stride=3),
    "stride-greater-than-kernel": _one((2, 7, 5), "t", 3, 1, stride=(3, 2)),
    "stride-greater-than-map": _one((1, 3, 4), "f32", 2, 3, stride=2**24),
    "dilation-2": _one((1, 6, 7), "f32", 3, 3, dilation=2, padding=2),
    "dilation-2-by-1": _one((2, 6, 5), "t", 4, 3, dilation=(2, 1), padding=(1, 0, 0, 1), stride=(1, 2)),
    "dilation-1-by-3": _one((1, 4, 7), "k5", 4, (2, 3), dilation=(1, 3)),
    "windows-wholly-in-padding": _one((2, 1, 1), "f32", 2, 2, dilation=4, padding=4),
    "windows-wholly-in-padding-ternary": _one((1, 2, 1), "t", 3, (1, 3), dilation=3, padding=(0, 6, 0, 6)),
    "padding-below-and-right": _one((2, 3, 3), "b4", 3, 3, padding=(0, 0, 2, 2)),
    "padding-above-and-left": _one((2, 3, 3), "b4", 3, 3, padding=(2, 2, 0, 0)),
    "map-smaller-than-kernel": _one((1, 2, 1), "f32", 3, (4, 3), padding=(1, 1, 2, 1)),
}
GROUPS = {
    "groups-2": _one((4, 5, 4), "f32", 6, 3, groups=2, padding=1),
    "groups-2-f16": _one((6, 3, 4), "f16", 4, (1, 2), groups=2),
    "groups-3-factors": _one((6, 4, 3), "b4", 9, 2, groups=3, factors=True),
    "groups-3-rows-33": _one((6, 3, 3), "t", 33, 2, groups=3),
    "groups-2-rows-66-factors": _one((4, 2, 2), "k9", 66, 2, groups=2, factors=True, padding=(1, 0, 0, 0)),
    "depthwise": _one((6, 5, 4), "f32", 6, 3, groups=6, padding=1),
    "depthwise-rows-17": _one((17, 3, 2), "t", 17, 2, groups=17, factors=True),
    "depthwise-two-rows-each": _one((3, 4, 4), "t", 6, 3, groups=3, padding=1, stride=2),
    "depthwise-b8-dilation": _one((4, 5, 5), "b8", 4, 3, groups=4, dilation=2),
    "depthwise-1x1": _one((5, 2, 3), "f32", 5, 1, groups=5),
    "depthwise-codebook": _one((4, 4, 3), "k16", 8, (3, 2), groups=4),
}
PIXELS = ([2.0**-8, 2.0**-7, -0.0078], [-0.485, 0.25, 1.5])
OTHER = {
    "relu": _one((2, 5, 4), "f32", 8, 3, "relu", padding=1),
    "input-u8": _one((3, 5, 6), "t", 8, 3, dtype="u8", scales=PIXELS, padding=1),
    "input-u8-f16": _one((3, 4, 5), "f16", 4, 2, "relu", dtype="u8", scales=PIXELS, padding=(1, 1, 0, 0)),
    "input-f32-scaled": _one((3, 4, 4), "b6", 4, 3, dtype="f32", scales=PIXELS, padding=1),
}


def no_rows(encoding):
    """A hidden convolution without rows; the layers that read it have no columns."""
    def build(r):
        return Network((2, 3, 4), [
            conv_of(r, encoding, 2, 0, 2), "relu", conv_of(r, encoding, 0, 3, 2, padding=1), "relu",
            conv_of(r, encoding, 3, 0, 1, groups=3), "global_average_pool", "flatten", layer(r, encoding, 4, 0)],
            "f32", None, [1.0] * 2, [0.0] * 2)
    return build


def convolutions():
    cases = {f"conv-{name}": build for group in (KERNELS, WINDOWS, GROUPS, OTHER) for name, build in group.items()}
    return cases | {f"conv-no-rows-{name}": no_rows(name) for name in ("f32", "f16", "b4", "t")}
