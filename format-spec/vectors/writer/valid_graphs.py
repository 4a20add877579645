"""Valid graphs that branch, and chains as they occur in practice: {name: builder}."""

from .layers import codebook, dense, dense_f16, fixed, ternary
from .network import Network, Op
from .operators import add, affine, average_pool, concat, max_pool, numbers, reshape
from .valid_conv import conv_of


def _net(shape, nodes, dtype="f32", **fields):
    channels = shape[0] if len(shape) == 3 else 1
    scale, offset = ([2.0**-8] * channels, [-0.25] * channels) if dtype == "u8" else ([1.0] * channels, [0.0] * channels)
    return Network(shape, nodes, dtype, scale=scale, offset=offset, **fields)


def _residual(r):
    return _net((3, 5, 4), [
        conv_of(r, "f32", 3, 3, 3, padding=1), "relu", conv_of(r, "f32", 3, 3, 3, padding=1), add(0, 3), "relu"])


def _residual_projection(r):
    """A block of stride 2 whose other way is a 1x1 convolution, in three encodings."""
    return _net((2, 6, 5), [
        conv_of(r, "t", 2, 4, 3, padding=1, stride=2), "relu", conv_of(r, "b4", 4, 4, 3, padding=1, factors=True),
        conv_of(r, "k5", 2, 4, 1, stride=2, source=[0]), add(3, 4), "relu", "global_average_pool", "flatten"])


def _residual_chain(r):
    """Every block adds the value before it; a value is read by two nodes each time."""
    nodes = [dense(r, 6, 6)]
    for i in range(5):
        at = len(nodes)
        nodes += ["relu", fixed(r, 6, 6, 6), add(at, at + 2)]
    return _net((6,), nodes)


def _many_live(r):
    """Values made early and read late, in another order than they were made."""
    return _net((9,), [
        "relu", "sigmoid", Op("tanh", [0]), Op("hard_swish", [0]), add(4, 0), add(5, 1), add(3, 6), add(2, 7), concat(8, 0, 3)])


def _inception(r):
    """Four ways from one image, joined channel after channel, then a grouped convolution."""
    return _net((2, 5, 4), [
        conv_of(r, "f32", 2, 2, 1), conv_of(r, "t", 2, 3, 3, padding=1, source=[0]), max_pool(3, 1, 1, source=[0]),
        average_pool(3, 1, 1, source=[0]), concat(1, 2, 3, 4), conv_of(r, "b3", 9, 6, 2, groups=3)])


def _dense_block(r):
    return _net((1, 4, 4), [
        conv_of(r, "k4", 1, 2, 3, padding=1), concat(0, 1), "relu", conv_of(r, "k4", 3, 2, 3, padding=1), concat(2, 4),
        affine(r, 5), "relu"])


def _squeeze_excite(r):
    """The gate as an added bias: there is no product of two values."""
    return _net((4, 3, 3), [
        "global_average_pool", "flatten", dense(r, 2, 4), "relu", dense(r, 4, 2), numbers("hard_sigmoid", 0.25, 0.5),
        reshape(4, 1, 1), max_pool(1, 1, 0, source=[0]), Op("global_average_pool", [8]), add(7, 9)])


def _lenet(r, size, channels, hidden, pixels):
    """conv 5x5, max_pool 2, conv 5x5, max_pool 2, flatten, linear, relu, linear."""
    a, b = channels
    side = ((size - 4) // 2 - 4) // 2
    return _net((1, size, size), [
        conv_of(r, "t", 1, a, 5, factors=True), "relu", max_pool(2, 2), conv_of(r, "b4", a, b, 5), "relu", max_pool(2, 2),
        "flatten", ternary(r, hidden, b * side * side), "relu", codebook(r, 10, hidden, 16), "softmax"], pixels)


def _mobile(r):
    """A block of a depthwise and a pointwise convolution with the activations of such networks."""
    return _net((3, 6, 6), [
        conv_of(r, "f16", 3, 4, 3, stride=2, padding=(0, 0, 1, 1)), affine(r, 4), "hard_swish",
        conv_of(r, "b8", 4, 4, 3, groups=4, padding=1), numbers("clip", 0.0, 6.0), conv_of(r, "t", 4, 8, 1),
        affine(r, 8), "global_average_pool", "flatten", dense_f16(r, 5, 8), "sigmoid"], "u8")


def _gathered_image(r):
    mask = r.shuffled([1] * 18 + [0] * 30)
    return _net((3, 4, 4), [reshape(2, 3, 3), conv_of(r, "t", 2, 4, 2), "flatten", dense(r, 3, 16)], "u8", mask=mask)


GRAPHS = {
    "graph-residual": _residual, "graph-residual-projection": _residual_projection, "graph-residual-chain": _residual_chain,
    "graph-many-live-values": _many_live, "graph-inception": _inception, "graph-dense-block": _dense_block,
    "graph-gate-added": _squeeze_excite, "graph-mobile": _mobile, "graph-gathered-image": _gathered_image,
    "operator-add-itself": lambda r: _net((2, 3, 2), [add(0, 0)]),
    "operator-add-image": lambda r: _net((2, 3, 3), [conv_of(r, "f32", 2, 2, 1), add(1, 0)]),
    "operator-add-vector": lambda r: _net((17,), ["tanh", add(1, 0), add(2, 1)]),
    "operator-add-no-elements": lambda r: _net((3,), [dense(r, 0, 3), add(1, 1), dense(r, 2, 0)]),
    "operator-concat-two-images": lambda r: _net((2, 3, 4), [conv_of(r, "t", 2, 3, 3, padding=1), concat(1, 0)]),
    "operator-concat-three-images": lambda r: _net((1, 2, 5), ["relu", Op("tanh", [0]), concat(2, 0, 1)]),
    "operator-concat-vectors": lambda r: _net((5,), [dense(r, 3, 5), concat(0, 1), dense(r, 2, 8)]),
    "operator-concat-itself": lambda r: _net((4,), [concat(0, 0, 0)]),
    "operator-concat-64": lambda r: _net((1, 1, 2), [concat(*[0] * 64)]),
    "operator-concat-no-channels": lambda r: _net((2, 2, 3), [conv_of(r, "f32", 2, 0, 1), concat(1, 0, 1)]),
    "operator-concat-no-elements": lambda r: _net((3,), [dense(r, 0, 3), concat(1, 0)]),
    "operator-concat-of-concat": lambda r: _net((3,), ["relu", concat(1, 0), concat(2, 1), concat(0, 3, 2)]),
    "operator-concat-odd-channels-of-one-pixel": lambda r: _net((3, 1, 1), ["sigmoid", concat(0, 1), affine(r, 6)]),
    "operator-reshape-to-image": lambda r: _net((12,), [reshape(3, 2, 2), affine(r, 3)]),
    "operator-reshape-to-vector": lambda r: _net((2, 3, 2), [reshape(12), dense(r, 2, 12)]),
    "operator-reshape-image": lambda r: _net((2, 3, 4), [reshape(4, 2, 3), max_pool(2), reshape(1, 1, 8)]),
    "operator-reshape-to-itself": lambda r: _net((5,), [reshape(5)]),
    "operator-reshape-alone-at-the-end": lambda r: _net((6,), ["relu", reshape(1, 3, 2)]),
    "operator-flatten-image": lambda r: _net((2, 2, 3), [max_pool(2), "flatten", dense(r, 2, 4)]),
    "operator-flatten-vector": lambda r: _net((4,), ["flatten", "relu"]),
    "lenet-small": lambda r: _lenet(r, 16, (2, 3), 8, "f32"),
    "lenet-28x28": lambda r: _lenet(r, 28, (3, 4), 12, "u8"),
}
