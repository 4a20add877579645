"""The valid golden networks: {name: (Network, samples)}; samples are lists of input elements."""

from .layers import codebook, dense, dense_f16, fixed, ternary
from .network import Network
from .numbers import Numbers
from .operators import add, affine, input_channels
from .stress import huge, stress
from .stress_sparse import STRESS
from .valid_conv import conv_of, convolutions, no_rows
from .valid_graphs import GRAPHS
from .valid_operators import operators
from .valid_sparse import sparse_layers

CASES = {}


def elements(shape):
    count = 1
    for size in shape:
        count *= size
    return count


def draw_samples(rng, net, count=3):
    """Random samples; the first u8 sample holds 0 and 255, the first f32 sample both zeros and a subnormal."""
    n = elements(net.shape)
    if net.dtype == "u8":
        batch = [[rng.below(256) for _ in range(n)] for _ in range(count)]
        edge = [255, 0]
    else:
        batch = [[rng.float(-8, 5) for _ in range(n)] for _ in range(count)]
        edge = [-0.0, 0.0, rng.subnormal()]
    if n > 3:
        batch[0][1:1 + len(edge)] = edge
    return batch


def case(name, build, count=3):
    """`build` makes a Network, or a Network and its samples."""
    rng = Numbers(name)
    made = build(rng)
    CASES[name] = made if isinstance(made, tuple) else (made, draw_samples(rng, made, count))


def one(name, cols, layer, **fields):
    """A network of one layer of `cols` inputs."""
    case(name, lambda rng: Network((cols,), [layer(rng)], **fields))


def scales(rng, channels):
    return {"scale": [rng.float(-7, -1) for _ in range(channels)], "offset": [rng.float(-2, 1) for _ in range(channels)]}


def mask(rng, bits, kept):
    return rng.shuffled([1] * kept + [0] * (bits - kept))


def original(rng, net, extra=7):
    """An origin section whose masks have `extra` pruned rows and columns (channels of a convolution) for each layer."""
    nodes = []
    for i, op in enumerate(net.ops, 1):
        if op.layer is None:
            nodes.append((f"{op.name} {i}",))
        else:
            masks = (mask(rng, n + extra, n) for n in (op.layer.rows, input_channels(op)))
            nodes.append((f"Schicht {i} \u03bb\u2080", *masks))
    net.origin = ["mlp", "magnitude", nodes]
    return net


def zero_level(layer):
    """The level nearest to zero becomes +0."""
    index = min(range(len(layer.levels)), key=lambda i: abs(layer.levels[i]))
    layer.levels[index] = 0.0
    return layer


def _encodings():
    for rows in (1, 15, 16, 17, 64, 65, 100):
        one(f"dense_f32-rows-{rows}", 3, lambda r, n=rows: dense(r, n, 3))
    for cols in (1, 2, 4, 5, 6, 9):
        one(f"dense_f32-cols-{cols}", cols, lambda r, n=cols: dense(r, 3, n))
    for rows in (1, 17, 65):
        one(f"dense_f16-rows-{rows}", 5, lambda r, n=rows: dense_f16(r, n, 5))
    case("dense_f16-array-padding", lambda r: Network((3,), [dense_f16(r, 5, 3), dense_f16(r, 7, 5), dense(r, 2, 7)]))
    one("dense_f16-rows-130", 2, lambda r: dense_f16(r, 130, 2))
    one("dense_f16-subnormal", 8, lambda r: dense_f16(r, 2, 8, lambda: r.half(-14, -14)))
    for bits in range(2, 9):
        word = 32 // bits
        for cols in (word, 4 * word + 1):
            name = f"fixed_point-b{bits}-cols-{cols}"
            one(name, cols, lambda r, b=bits, n=cols: fixed(r, 17, n, b, factors=n % 2 == 1))
    one("fixed_point-rows-100", 21, lambda r: fixed(r, 100, 21, 4))
    one("fixed_point-rows-64-factors", 7, lambda r: fixed(r, 64, 7, 6, True))
    for cols in (1, 2, 3, 4, 17, 18, 19, 54, 55, 71, 72, 73, 91):
        one(f"ternary-cols-{cols}", cols, lambda r, n=cols: ternary(r, 6, n))
    for rows in (1, 15, 17, 65, 100):
        one(f"ternary-rows-{rows}", 19, lambda r, n=rows: ternary(r, n, 19))
    one("ternary-factors", 37, lambda r: ternary(r, 16, 37, factors=True))
    one("ternary-positive-only", 20, lambda r: ternary(r, 5, 20, digits=(0, 1)))
    one("ternary-negative-only", 20, lambda r: ternary(r, 5, 20, digits=(2, 0)))
    one("ternary-all-zero", 20, lambda r: ternary(r, 5, 20, digits=(0,)))
    one("ternary-no-zero", 20, lambda r: ternary(r, 5, 20, digits=(1, 2)))
    for size in (2, 3, 4, 5, 8, 9, 16, 17, 31, 32, 33, 65, 128, 129, 200, 256):
        one(f"codebook-k{size}", 23, lambda r, k=size: codebook(r, 17, 23, k, factors=k % 2 == 1))
    one("codebook-k3-cols-81", 81, lambda r: codebook(r, 2, 81, 3))
    one("codebook-k6-rows-65", 11, lambda r: codebook(r, 65, 11, 6))
    one("codebook-k5-level-zero", 9, lambda r: zero_level(codebook(r, 3, 9, 5)))
    one("codebook-k2-one-weight-each", 1, lambda r: codebook(r, 2, 1, 2))


def _empty():
    layers = {"dense_f32": dense, "dense_f16": dense_f16, "fixed_point": lambda r, m, n: fixed(r, m, n, 4, True),
              "ternary": lambda r, m, n: ternary(r, m, n, True)}
    for name, layer in layers.items():
        case(f"empty-no-input-kept-{name}", lambda r, f=layer: Network((70,), [f(r, 5, 0)], mask=[0] * 70))
        case(f"empty-hidden-layer-{name}",
             lambda r, f=layer: Network((4,), [f(r, 0, 4), "relu", "flatten", f(r, 3, 0), "softmax"]))
    case("empty-arrays-between", lambda r: Network((3,), [
        dense_f16(r, 2, 3), dense_f16(r, 0, 2), dense_f16(r, 1, 0), dense_f16(r, 2, 1)]))


def _inputs():
    for dtype in ("u8", "f32"):
        def net(r, shape, nodes, d=dtype, **fields):
            return Network(shape, nodes, d, **scales(r, shape[0] if len(shape) == 3 else 1), **fields)
        case(f"input-{dtype}-rank-1", lambda r: net(r, (9,), [fixed(r, 4, 9, 8)]))
        for channels in (1, 3):
            shape = (channels, 4, 5)
            n = elements(shape)
            name = f"input-{dtype}-rank-3-channels-{channels}"
            case(name, lambda r: net(r, shape, ["flatten", ternary(r, 4, n)]))
            case(name + "-gather", lambda r: net(r, shape, [dense(r, 4, 11)], mask=mask(r, n, 11)))
        case(f"input-{dtype}-gather-all", lambda r: net(r, (32,), [ternary(r, 2, 32)], mask=[1] * 32))
        case(f"input-{dtype}-gather-33", lambda r: net(r, (33,), [codebook(r, 2, 8, 3)], mask=mask(r, 32, 7) + [1]))
        case(f"input-{dtype}-gather-last-of-64", lambda r: net(r, (64,), ["relu"], mask=[0] * 63 + [1]))


def _operators():
    case("operator-relu-rank-3", lambda r: Network((2, 3, 2), ["relu"], **scales(r, 2)))
    case("operator-flatten-twice", lambda r: Network((2, 1, 3), ["flatten", "flatten"], "u8", **scales(r, 2)))
    case("operator-softmax", lambda r: Network((10,), ["softmax"], scale=[0.5], offset=[-1.0]))
    case("operator-softmax-wide", lambda r: Network((40,), ["softmax"], "u8", scale=[0.37], offset=[0.0]))
    case("operator-softmax-one", lambda r: Network((1,), ["softmax"]))
    case("operator-softmax-narrow", lambda r: Network((64,), ["softmax"], "u8", scale=[2.0**-7], offset=[-1.0]))
    case("operator-relu-chain", lambda r: Network((5,), ["relu"] * 9))


def _networks():
    def mlp(r):
        return Network((1, 28, 28), [
            ternary(r, 32, 300), "relu", fixed(r, 24, 32, 4, True), "relu", codebook(r, 10, 24, 16), "softmax",
        ], "u8", mask(r, 784, 300), [2.0**-8], [-0.125])
    case("mlp-gather-origin", lambda r: original(r, mlp(r)), 2)
    case("mlp-flatten", lambda r: Network((1, 28, 28), [
        "flatten", ternary(r, 16, 784), "relu", dense_f16(r, 12, 16), "relu", dense(r, 10, 12), "softmax",
    ], "u8", None, [2.0**-8], [0.0]), 2)
    case("mlp-fixed_point", lambda r: Network((64,), [
        fixed(r, 40, 64, 3), "relu", fixed(r, 33, 40, 5, True), "relu", fixed(r, 10, 33, 7)], "u8"), 3)
    case("mlp-codebook", lambda r: Network((30,), [
        codebook(r, 20, 30, 5), "relu", codebook(r, 18, 20, 40, True), "relu", codebook(r, 3, 18, 2)]))


def _sections():
    def small(r, **fields):
        return Network((6,), [ternary(r, 3, 6), "relu", dense(r, 2, 3)], **fields)
    case("section-origin", lambda r: original(r, small(r)))
    case("section-origin-nothing-pruned", lambda r: original(r, small(r), 0))
    case("section-origin-empty-layer", lambda r: original(r, Network((4,), [dense(r, 0, 4), dense(r, 3, 0)]), 0))

    def names(r):
        net = original(r, small(r))
        net.origin[0], net.origin[1] = "n" * 255, "\u00fc\U0001f642"
        return net
    case("section-origin-names", names)
    case("section-unknown", lambda r: small(r, extra=[(77, 1, b"unknown to this reader")]))
    case("section-unknown-after-origin", lambda r: original(r, small(r, extra=[(77, 1, bytes(range(70)))])))
    case("section-unknown-several",
         lambda r: small(r, extra=[(5, 1, b""), (77, 1, b"x"), (78, 1, b""), (2**32 - 1, 1, bytes(64))]))
    case("section-16", lambda r: small(r, extra=[(100 + i, 1, bytes([i])) for i in range(13)]))
    case("section-empty-weights-then-unknown",
         lambda r: Network((3,), ["relu"], extra=[(77, 1, b"follows no weights")]))

    def images(r):
        return Network((4, 3, 3), [
            conv_of(r, "t", 4, 3, 3, padding=1), "relu", conv_of(r, "b4", 3, 6, 2, groups=3), "global_average_pool",
            affine(r, 6), "flatten", dense(r, 2, 6), add(7, 7)], "f32", None, [1.0] * 4, [0.0] * 4)
    case("section-origin-conv", lambda r: original(r, images(r), 30))
    case("section-origin-conv-nothing-pruned", lambda r: original(r, images(r), 0))
    case("section-origin-conv-no-rows", lambda r: original(r, no_rows("t")(r), 2))
    case("feature-optional", lambda r: small(r, optional_features=1 << 31 | 5))


for group in (_encodings, _empty, _inputs, _operators, _networks, _sections):
    group()
CASES |= stress()
for cases in (convolutions(), operators(huge), GRAPHS, sparse_layers(), STRESS):
    for title, builder in cases.items():
        assert title not in CASES, title
        case(title, builder, 1 if title.startswith("lenet") else 2)
