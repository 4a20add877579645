"""Sparse and block layers whose sums are sensitive to each rounding, to the order of additions and to activations that saturate."""

from .layers import block, dense, sparse
from .network import Network



def _spread(r, n, count=3, low=-6, high=18):
    return [[r.float(low, high) for _ in range(n)] for _ in range(count)]


def _order(kind, rows, cols, units, density, factors=False):
    """Addends of very different size: every other order of additions gives another sum."""
    def build(r):
        return Network((cols,), [sparse(r, kind, rows, cols, units, density, factors)]), _spread(r, cols)
    return build


def _block_order(r):
    return Network((90,), [block(r, 8, 17, 90, .5)]), _spread(r, 90)


def _between_ties(r, layer):
    """Pairs of neighbouring entries: an odd significand, then a product 2^-70 of it short of half a unit."""
    for row in layer.codes:
        for k in range(0, layer.cols, 2):
            row[k:k + 2] = [1 + (2 * r.below(2**20) + 1) * 2.0**-23, (1 - 2 * r.below(2)) * 2.0**-24 * (1 - 2.0**-23)]
    layer.biases = [0.0] * layer.rows
    return layer


def _slots_between_ties(r):
    x = [1.0, 1 + 2.0**-23] * 128
    return Network((256,), [_between_ties(r, sparse(r, "f32", 3, 256, 2, 0))]), [x, [-value for value in x]]


def _chains_between_ties(r):
    """Four odd significands, then four products 2^-70 of a unit short of half of one: their order shows."""
    layer = sparse(r, "f32", 16, 8, 0, 0)
    for row in layer.codes:
        row[:4] = [1 + (2 * r.below(2**20) + 1) * 2.0**-23 for _ in range(4)]
        row[4:] = [(1 - 2 * r.below(2)) * 2.0**-24 * (1 - 2.0**-23) for _ in range(4)]
    layer.biases = [0.0] * 16
    x = [1.0] * 4 + [1 + 2.0**-23] * 4
    return Network((8,), [layer]), [x, [-value for value in x]]


def _rows_between_ties(r):
    """Two entries, in a slot and in the list: an odd significand, then a product 2^-70 of it short of half a unit. Rounding twice fails."""
    layer = sparse(r, "f32", 16, 8, 1, 0)
    for row in layer.codes:
        row[1], row[5] = 1 + (2 * r.below(2**20) + 1) * 2.0**-23, (1 - 2 * r.below(2)) * 2.0**-24 * (1 - 2.0**-23)
    layer.biases = [0.0] * 16
    x = [1.0] * 4 + [1 + 2.0**-23] * 4
    return Network((8,), [layer]), [x, [-value for value in x]]


def _infinite(r, layer, *columns):
    """A layer that reads 70 values, in the first sample the greatest number at `columns`."""
    first = dense(r, 70, 2, lambda: r.float(-3, 0))
    for row in columns:
        first.codes[row] = [2.0**127, 2.0**127]
    return Network((2,), [first, layer]), [[2.0**10, 2.0**9], [2.0**-3, 2.0**-4]]


def _free_slots(units, kind):
    """Column 32 saturates. Row 0 has no entry, row 1 no free slot, row 2 none in tile 1, row 3 an entry for column 32."""
    def build(r):
        layer = sparse(r, kind, 4, 70, units, 0)
        room = units * (1 if kind == "f32" else 4)
        for row, columns in ((1, range(1, 1 + room)), (1, range(33, 33 + room)), (1, range(65, 65 + min(room, 4))),
                             (2, range(33, 33 + room)), (3, (32,))):
            for column in columns:
                layer.codes[row][column] = 1
        return _infinite(r, layer, 32)
    return build


def _residue_skips(r):
    layer = sparse(r, "f32", 4, 70, 0, 0)
    layer.codes[1][1] = layer.codes[1][69] = 1.5
    layer.codes[2][33], layer.codes[3][7], layer.codes[3][32] = -1.5, -1.0, 2.0
    return _infinite(r, layer, 0, 7, 32, 69)


def _block_zeros(r):
    """Rows 0 to 3 have zeros in the block of a value that saturates; row 8, of another group, has no such block."""
    layer = block(r, 8, 9, 70, 0)
    layer.codes[7][7], layer.codes[5][1], layer.codes[8][1] = 1.0, -1.0, 2.0
    return _infinite(r, layer, 0, 7)


def _subnormal(r):
    layer = sparse(r, "b5", 17, 40, 1, .3, True)
    layer.levels, layer.biases = [2.0**-140], [0.0] * 17
    layer.factors = [r.float(-12, 9, negative=False) for _ in range(17)]
    return Network((40,), [layer]), _spread(r, 40, 3, -6, 14)


STRESS = {
    "stress-sparse_f32-slots": _order("f32", 16, 300, 4, .12), "stress-sparse_f32-csr": _order("f32", 16, 300, 0, .1),
    "stress-sparse_fixed_point-order": _order("b8", 5, 290, 1, .2, True),
    "stress-sparse_codebook-order": _order("k15", 5, 193, 1, .3), "stress-block_f32-order": _block_order,
    "stress-sparse-slots-between-ties": _slots_between_ties, "stress-sparse-chains-between-ties": _chains_between_ties,
    "stress-sparse-rows-between-ties": _rows_between_ties,
    "stress-sparse_f32-free-slot-times-infinity": _free_slots(1, "f32"),
    "stress-sparse_fixed_point-free-slot-times-infinity": _free_slots(1, "b2"),
    "stress-sparse-residue-skips-infinity": _residue_skips, "stress-block_f32-zero-times-infinity": _block_zeros,
    "stress-sparse-subnormal": _subnormal,
}
