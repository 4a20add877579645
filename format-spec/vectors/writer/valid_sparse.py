"""Valid sparse and block layers: {name: builder of a Network, or of a Network and its samples}."""

from .layers import block, dense, dense_f16, sparse
from .network import Network
from .operators import concat, conv, max_pool, pair

NAMES = {"f": "sparse_f32", "b": "sparse_fixed_point", "k": "sparse_codebook", "h": "block_f32"}
# kind, rows, columns, units of a column tile, share of entries; then row factors
SPARSE = [
    ("f32", 1, 1, 1, 1), ("f32", 15, 31, 1, .5), ("f32", 16, 32, 32, 1), ("f32", 17, 33, 0, .1), ("f32", 65, 64, 2, .1),
    ("f32", 64, 65, 3, .1), ("f32", 63, 16, 8, .5), ("f32", 5, 131, 5, .1), ("f32", 4, 300, 1, .05), ("f32", 3, 160, 2, .05),
    ("f32", 17, 97, 1, .01), ("f32", 3, 40, 0, 1), ("f32", 2, 40, 2, 0), ("f32", 2, 40, 0, 0),
    ("b2", 5, 33, 8, 1), ("b3", 17, 64, 2, .5), ("b4", 3, 32, 11, 1), ("b4", 65, 47, 1, .1, True), ("b5", 16, 63, 1, .1, True),
    ("b6", 1, 67, 16, .5), ("b7", 15, 31, 0, .5, True), ("b8", 7, 17, 3, .5), ("b3", 3, 70, 1, 0),
    ("k1", 1, 32, 7, 1), ("k1", 6, 100, 1, .1, True), ("k2", 64, 33, 1, .1), ("k3", 63, 15, 2, .5),
    ("k4", 17, 65, 0, .1, True),
    ("k5", 9, 130, 2, .1), ("k6", 2, 64, 8, 1), ("k7", 16, 16, 1, .9), ("k8", 5, 97, 0, .5), ("k10", 66, 31, 1, .1, True),
    ("k12", 15, 64, 11, .5), ("k15", 4, 257, 1, .1), ("k15", 15, 1, 1, 1),
]
BLOCKS = [  # height, rows, columns, share of blocks
    (8, 1, 1, 1), (8, 7, 33, .5), (8, 9, 16, .1), (8, 64, 17, .1), (8, 65, 5, .5), (8, 5, 40, 0),
    (16, 15, 64, .1), (16, 16, 31, 1), (16, 17, 65, .1), (16, 33, 127, .05),
]


def name_of(kind, rows, cols, units, density, factors=False):
    size = "" if kind == "f32" else f"{kind}-"
    what = "csr" if units == 0 else f"units-{units}"
    share = {0: "-empty", 1: "-full"}.get(density, "")
    return f"{NAMES[kind[0]]}-{size}{rows}x{cols}-{what}{share}{'-factors' if factors else ''}"


def _layers():
    cases = {}
    for kind, rows, cols, units, density, *factors in SPARSE:
        cases[name_of(kind, rows, cols, units, density, *factors)] = (
            lambda r, a=(kind, rows, cols, units, density, *factors): Network((a[2],), [sparse(r, *a)]))
    for height, rows, cols, density in BLOCKS:
        share = {0: "-empty", 1: "-full"}.get(density, "")
        cases[f"block_f32-h{height}-{rows}x{cols}{share}"] = (
            lambda r, a=(height, rows, cols, density): Network((a[2],), [block(r, *a)]))
    return cases


def any_layer(r, kind, rows, cols, units=1, density=0.3, factors=False):
    if kind[0] == "h":
        return block(r, int(kind[1:]), rows, cols, density)
    return sparse(r, kind, rows, cols, units, density, factors)


def _empty():
    cases = {}
    for kind, factors in (("f32", False), ("b4", True), ("h8", False)):
        name = NAMES[kind[0]]
        cases[f"empty-no-input-kept-{name}"] = (
            lambda r, k=kind, f=factors: Network((70,), [any_layer(r, k, 5, 0, 1, 1, f)], mask=[0] * 70))
        cases[f"empty-hidden-layer-{name}"] = (
            lambda r, k=kind, f=factors: Network((4,), [any_layer(r, k, 0, 4), "relu", any_layer(r, k, 3, 0, 2, 1, f)]))
    cases["empty-sparse-arrays-between"] = lambda r: Network((3,), [
        sparse(r, "f32", 5, 3, 0, 1), sparse(r, "b3", 4, 5, 0, 0), block(r, 8, 3, 4, 0), sparse(r, "k2", 3, 3, 0, 1),
        block(r, 8, 2, 3, 1), sparse(r, "f32", 2, 2, 1, 1), dense_f16(r, 2, 2)])
    return cases


def tall(layer):
    """One window as tall as the padded map: layer.cols columns, of which the last 40 are in the map."""
    return Network((1, 40, 1), [conv(layer, (layer.cols, 1), padding=(layer.cols - 40, 0, 0, 0))])


def _ends_of_the_range(r, layer, draw):
    """Entries at the first and the last columns and some between."""
    for row in layer.codes:
        for column in (0, 31, 65535, layer.cols - 40, layer.cols - 9, layer.cols - 2, layer.cols - 1):
            row[min(column, layer.cols - 1)] = draw()
    return layer


def _wide():
    def level():
        values = [1, 2] * 5
        return values.pop
    return {
        "sparse_codebook-k2-1x65536": lambda r: Network((1024,), [
            concat(*[0] * 64), _ends_of_the_range(r, sparse(r, "k2", 1, 65536, 0, 0), level())]),
        "sparse_f32-1x65537": lambda r: tall(_ends_of_the_range(r, sparse(r, "f32", 1, 65537, 0, 0), lambda: r.float(-3, 2))),
        "block_f32-1x65537": lambda r: tall(_ends_of_the_range(r, block(r, 16, 1, 65537, 0), lambda: r.float(-3, 2))),
    }


def conv_of(r, kind, channels, rows, kernel, groups=1, units=1, density=0.3, factors=False, **window):
    height, width = pair(kernel)
    layer = any_layer(r, kind, rows, channels // groups * height * width, units, density, factors)
    return conv(layer, kernel, groups=groups, **window)


def _net(shape, nodes, dtype="f32", **fields):
    channels = shape[0]
    scale = 0.0078125 if dtype == "u8" else 1.0
    return Network(shape, nodes, dtype, scale=[scale] * channels, offset=[0.0] * channels, **fields)


def _one(shape, kind, rows, kernel, **options):
    return lambda r: _net(shape, [conv_of(r, kind, shape[0], rows, kernel, **options)])


CONVOLUTIONS = {
    "conv-sparse_f32-3x3": _one((3, 6, 5), "f32", 8, 3, padding=1),
    "conv-sparse_f32-csr-dilation": _one((2, 7, 6), "f32", 17, 3, units=0, dilation=2, padding=2),
    "conv-sparse_fixed_point-b4-factors-stride": _one((4, 6, 5), "b4", 17, 3, stride=2, factors=True),
    "conv-sparse_codebook-k3-rows-65": _one((5, 3, 3), "k3", 65, 2),
    "conv-block_f32-h8": _one((3, 5, 4), "h8", 9, 3, padding=1),
    "conv-block_f32-h16-1x1": _one((17, 3, 2), "h16", 20, 1),
    "conv-sparse_f32-groups-2": _one((4, 4, 4), "f32", 6, 3, groups=2, padding=1),
    "conv-sparse_fixed_point-b6-depthwise": _one((6, 4, 4), "b6", 6, 3, groups=6, padding=1, density=.5),
    "conv-sparse_codebook-k2-groups-3-csr": _one((6, 3, 4), "k2", 33, 2, groups=3, units=0, factors=True),
    "conv-block_f32-h8-groups-of-whole-blocks": _one((4, 3, 3), "h8", 32, 2, groups=2),
    "conv-block_f32-h16-groups-across-blocks": _one((6, 3, 3), "h16", 18, 2, groups=3),
    "conv-no-rows-sparse_f32": lambda r: _net((2, 3, 4), [
        conv_of(r, "f32", 2, 0, 2), conv_of(r, "f32", 0, 3, 2), "flatten", dense(r, 2, 6)]),
}


def _mlp(r):
    mask = r.shuffled([1] * 90 + [0] * 106)
    return _net((1, 14, 14), [
        sparse(r, "b4", 40, 90, 2, .1, True), "relu", block(r, 8, 24, 40, .3), "relu",
        sparse(r, "k2", 10, 24, 1, .3), "softmax"],
        "u8", mask=mask)


def _lenet(r):
    return _net((1, 16, 16), [
        conv_of(r, "f32", 1, 4, 5, density=.5), "relu", max_pool(2, 2), conv_of(r, "k5", 4, 9, 3, units=2, density=.1), "relu",
        max_pool(2, 2), "flatten", block(r, 16, 20, 36, .1), "relu", sparse(r, "b3", 10, 20, 0, .2, True)], "u8")


def sparse_layers():
    networks = {"mlp-sparse-gather": _mlp, "lenet-sparse": _lenet}
    return _layers() | _empty() | _wide() | CONVOLUTIONS | networks
