"""The small valid networks from which the invalid files are derived."""

from .layers import codebook, dense, dense_f16, fixed, ternary
from .network import Network
from .numbers import Numbers
from .operators import conv


def one(layer, cols, **fields):
    return Network((cols,), [layer], **fields)


def dense_net(rows=2, cols=3):
    return one(dense(Numbers("dense"), rows, cols), cols)


def half_net(rows=2, cols=3):
    return one(dense_f16(Numbers("half"), rows, cols), cols)


def fixed_net(bits, rows=2, cols=9, factors=True):
    return one(fixed(Numbers(f"fixed {bits}"), rows, cols, bits, factors), cols)


def ternary_net(rows=2, cols=19, **fields):
    return one(ternary(Numbers("ternary"), rows, cols, **fields), cols)


def codebook_net(size, rows=2, cols=11):
    return one(codebook(Numbers(f"codebook {size}"), rows, cols, size), cols)


def chain_net():
    """linear, relu, linear, softmax."""
    r = Numbers("chain")
    return Network((5,), [ternary(r, 3, 5), "relu", dense(r, 2, 3), "softmax"])


def gather_net():
    """33 inputs, 3 kept, the last among them."""
    r = Numbers("gather")
    return Network((33,), [dense(r, 2, 3)], mask=[0, 1, 1] + [0] * 29 + [1])


def image_net():
    """3 channels of 2 x 2, flattened."""
    r = Numbers("image")
    return Network((3, 2, 2), ["flatten", ternary(r, 2, 12)], "u8", None, [0.5, 0.25, 2.0], [0.0, -1.0, 1.0])


def relu_net(shape=(4,)):
    """No weights at all."""
    return Network(shape, ["relu"])


def origin_net(**texts):
    """chain_net with an origin section; `texts` replaces network, method, first (the name of node 1) or second."""
    net = chain_net()
    name = {"network": "net", "method": "pruned", "first": "fc1", "second": "relu1"} | texts
    net.origin = [name["network"], name["method"], [
        (name["first"], [1, 0, 1, 1], [1] * 5 + [0] * 28), (name["second"],), ("fc2", [0, 1, 1], [1, 1, 1]), ("softmax",)]]
    return net


def conv_net():
    """A grouped 2x2 convolution of 2 channels, 6 rows, with row factors."""
    return Network((2, 3, 3), [conv(fixed(Numbers("conv"), 6, 4, 4, True), 2, groups=2)], "f32", None, [1.0] * 2, [0.0] * 2)


def origin_conv_net(columns=(1, 0, 1)):
    """conv_net and a relu, with an origin section."""
    net = conv_net()
    net.nodes.append("relu")
    net.origin = ["net", "pruned", [("conv1", [1, 1, 1, 1, 0, 1, 1], list(columns)), ("relu1",)]]
    return net
