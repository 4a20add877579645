"""The small valid networks from which the invalid files are derived."""

from .layers import block, codebook, dense, dense_f16, fixed, sparse, ternary
from .network import Network
from .numbers import Numbers
from .operators import conv
from .patterns import slots_per_unit


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


def sparse_net(kind, factors=False):
    """18 x 70. Tile 0 of each row has two entries more than slots, tile 1 one entry, tile 2 of even rows one more than slots.

    `csr`: 3 x 4 in f32 without slots, 3, 1 and 2 entries.
    """
    r = Numbers(f"sparse {kind}")
    if kind == "csr":
        layer = sparse(r, "f32", 3, 4, 0, 0)
        layer.codes = [[1.0, 0, 2.0, -1.0], [0, 0, 0, 4.0], [0, 0.5, 8.0, 0]]
        return one(layer, 4)
    layer = sparse(r, kind, 18, 70, 2 if kind == "f32" else 1, 1, factors)
    room = layer.units * slots_per_unit(layer.encoding, layer.parameter)
    for row, codes in enumerate(layer.codes):
        kept = [3 * i + row % 3 for i in range(room)] + [20, 31, 32 + row % 31]
        kept += [*range(64, 64 + room), 69][:room + 1] if row % 2 == 0 else []
        codes[:] = [code if column in kept else 0 for column, code in enumerate(codes)]
    if kind[0] == "k":
        for code in range(1, layer.parameter + 1):  # all used, each in several rows
            for row in range(code % 3, 18, 3):
                layer.codes[row][20 if code % 2 else 31] = code
    return one(layer, 70)


def block_net(height):
    """18 x 40: blocks in the columns 0, 5 and 39, of the second group 7, of the third (h = 8) 1, 2 and 39."""
    layer = block(Numbers(f"block {height}"), height, 18, 40, 0)
    r = Numbers("values")
    for group, columns in enumerate(((0, 5, 39), (7,), (1, 2, 39))):
        for column in columns:
            for row in range(height * group, min(height * (group + 1), 18)):
                layer.codes[row][column] = r.float(-3, 2)
    return one(layer, 40)


def wide_net(kind, cols):
    """3 rows of `cols` columns, 3 entries without slots (in row 1), or 3 blocks (h8)."""
    r = Numbers("wide")
    layer = block(r, 8, 3, cols, 0) if kind == "h8" else sparse(r, kind, 3, cols, 0, 0)
    for column in (0, 40000, cols - 1):
        layer.codes[1][column] = 1.5 if kind in ("f32", "h8") else 1
    return one(layer, cols, dtype="u8")
