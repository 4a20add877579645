"""Random layers of every encoding."""

from .arrays import CODEBOOK, F16, F32, FIXED, TERNARY
from .network import Linear
from .patterns import BLOCK, SPARSE_CODEBOOK, SPARSE_F32, SPARSE_FIXED


def _matrix(rows, cols, draw):
    return [[draw() for _ in range(cols)] for _ in range(rows)]


def _ends(rng, rows, low, high, factors):
    """Row factors (or None) and biases."""
    chosen = [rng.float(-6, 2, negative=False) for _ in range(rows)] if factors else None
    return {"factors": chosen, "biases": [rng.float(low, high) for _ in range(rows)]}


def dense(rng, rows, cols, draw=None):
    draw = draw or (lambda: rng.float(-12, 2))
    return Linear(rows, cols, F32, codes=_matrix(rows, cols, draw), **_ends(rng, rows, -6, 1, False))


def dense_f16(rng, rows, cols, draw=None):
    codes = _matrix(rows, cols, draw or rng.half)
    return Linear(rows, cols, F16, codes=codes, **_ends(rng, rows, -6, 1, False))


def fixed(rng, rows, cols, bits, factors=False, step=None):
    """Symmetric integers; one in four at an end of the range."""
    top = 2 ** (bits - 1) - 1

    def draw():
        return (top, -top)[rng.below(2)] if rng.below(4) == 0 else rng.below(2 * top + 1) - top

    step = step or rng.float(-5, 0, negative=False)
    return Linear(rows, cols, FIXED, bits, _matrix(rows, cols, draw), [step], **_ends(rng, rows, -6, 1, factors))


def ternary(rng, rows, cols, factors=False, digits=(0, 1, 2), levels=None):
    """Digits drawn from `digits`; each is used when there are weights enough."""
    codes = _matrix(rows, cols, lambda: digits[rng.below(len(digits))])
    for i, digit in enumerate(digits[:rows * cols]):
        codes[i // cols][i % cols] = digit
    negative, positive = levels or (-rng.float(-5, 1, negative=False), rng.float(-5, 1, negative=False))
    used = {digit for row in codes for digit in row}
    levels = [negative if 2 in used else 0.0, positive if 1 in used else 0.0]
    return Linear(rows, cols, TERNARY, 0, codes, levels, **_ends(rng, rows, -6, 1, factors))


def codebook(rng, rows, cols, size, factors=False, draw=None):
    """`size` distinct levels, each used; rows * cols >= size."""
    levels = set()
    while len(levels) < size:
        levels.add(draw() if draw else rng.float(-10, 2))
    indices = rng.shuffled(list(range(size)) + [rng.below(size) for _ in range(rows * cols - size)])
    codes = [indices[row * cols:(row + 1) * cols] for row in range(rows)]
    return Linear(rows, cols, CODEBOOK, size, codes, sorted(levels), **_ends(rng, rows, -6, 1, factors))


def _scattered(rng, rows, cols, density, least=0):
    """The places (row, column) of a share `density` of the weights, at least `least` of them, in ascending order."""
    chosen = [(i // cols, i % cols) for i in range(rows * cols) if rng.below(1000) < 1000 * density]
    return chosen if len(chosen) >= least else [(i // cols, i % cols) for i in range(least)]


def sparse(rng, kind, rows, cols, units=0, density=0.1, factors=False, draw=None):
    """A sparse layer; `kind` is f32, b2 to b8 or k1 to k15."""
    size = int(kind[1:])
    if kind == "f32":
        encoding, parameter, levels = SPARSE_F32, 0, []
        places = _scattered(rng, rows, cols, density)
        values = [draw() if draw else rng.float(-12, 2) for _ in places]
    elif kind[0] == "b":
        encoding, parameter, top = SPARSE_FIXED, size, 2 ** (size - 1) - 1
        places = _scattered(rng, rows, cols, density)
        values = [(1 - 2 * rng.below(2)) * (top if rng.below(4) == 0 else 1 + rng.below(top)) for _ in places]
        levels = [rng.float(-5, 0, negative=False)]
    else:
        encoding, parameter = SPARSE_CODEBOOK, size
        places = _scattered(rng, rows, cols, density, size)
        values = rng.shuffled([*range(1, size + 1)] + [1 + rng.below(size) for _ in places[size:]])
        levels = sorted({rng.float(-10, 2) for _ in range(size)})
    layer = Linear(rows, cols, encoding, parameter, [[0] * cols for _ in range(rows)], levels, units=units,
                   **_ends(rng, rows, -6, 1, factors))
    for (row, column), value in zip(places, values):
        layer.codes[row][column] = value
    return layer


def block(rng, height, rows, cols, density=0.1, draw=None):
    """Blocks of `height` rows; one value in four of them is zero."""
    draw = draw or (lambda: rng.float(-12, 2))
    codes = [[0.0] * cols for _ in range(rows)]
    for top in range(0, rows, height):
        for column in range(cols):
            if rng.below(1000) < 1000 * density:
                group = range(top, min(top + height, rows))
                for row in group:
                    codes[row][column] = 0.0 if rng.below(4) == 0 else draw()
                codes[group[rng.below(len(group))]][column] = draw()
    return Linear(rows, cols, BLOCK, height, codes, **_ends(rng, rows, -6, 1, False))
