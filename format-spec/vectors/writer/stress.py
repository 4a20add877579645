"""Networks whose sums are sensitive to each rounding and to the order of additions."""

from .layers import codebook, dense, fixed, ternary
from .network import Network
from .numbers import Numbers, f32


def _wide(r, n, low=-20, high=20):
    return [r.float(low, high) for _ in range(n)]


def _cancellation(r):
    """Neighbouring columns almost cancel: the sum is what the roundings leave."""
    net = Network((32,), [dense(r, 16, 32, lambda: r.float(-2, 2))])
    for row in net.nodes[0].codes:
        row[1::2] = [-value for value in row[::2]]
    batch = []
    for _ in range(3):
        x = _wide(r, 16, -12, 12)
        batch.append([f32(value * scale) for value in x for scale in (1, 1 + 2.0**-22 * r.below(3))])
    return net, batch


def _between_ties(r):
    """In each segment c = odd significand, then a product 2^-70 of c short of half a unit: rounding twice fails."""
    net = Network((8,), [dense(r, 16, 8)])
    for row in net.nodes[0].codes:
        for k in range(0, 8, 2):
            sign = 1 if r.below(2) else -1
            row[k] = 1 + (2 * r.below(2**20) + 1) * 2.0**-23
            row[k + 1] = sign * 2.0**-24 * (1 - 2.0**-23)
    net.nodes[0].biases = [0.0] * 16
    x = [1.0, 1 + 2.0**-23] * 4
    return net, [x, [value * 2.0**-30 for value in x], [-value for value in x]]


def _ties(r):
    """Significands of 13 bits: products of 25 and 26 bits, often halfway."""
    def short(low, high):
        return (2**12 + r.below(2**12)) * 2.0**(low + r.below(high - low)) * (1 - 2 * r.below(2))
    net = Network((12,), [dense(r, 17, 12, lambda: short(-14, -10))])
    return net, [[short(-14, -11) for _ in range(12)] for _ in range(3)]


def _subnormal_weights(r):
    net = Network((9,), [dense(r, 5, 9, r.subnormal)])
    net.nodes[0].biases = [r.subnormal() for _ in range(5)]
    return net, [_wide(r, 9, -3, 3) for _ in range(3)]


def _subnormal_inputs(r):
    net = Network((9,), [dense(r, 5, 9, lambda: r.float(90, 120))])
    return net, [[r.subnormal() for _ in range(9)] for _ in range(3)]


def _ternary_subnormal_inputs(r):
    net = Network((20,), [ternary(r, 5, 20, levels=(-1.5 * 2.0**120, 1.25 * 2.0**119))])
    return net, [[r.subnormal() for _ in range(20)] for _ in range(3)]


def _underflow(r):
    """Products below the normal range, of both signs."""
    net = Network((11,), [dense(r, 5, 11, lambda: r.float(-80, -60)), "relu"])
    net.nodes[0].biases = [0.0] * 5
    return net, [_wide(r, 11, -90, -66) for _ in range(3)]


def _subnormal_steps(r):
    layer = fixed(r, 17, 9, 5, True, step=f32(2.0**-130 * 1.7))
    layer.factors = [r.float(-12, 6, negative=False) for _ in range(17)]
    layer.biases = [0.0] * 17
    return Network((9,), [layer]), [_wide(r, 9, -6, 14) for _ in range(3)]


def _scale_overflow(r):
    """mul(step, factor) is infinite for some rows."""
    layer = fixed(r, 6, 9, 2, True, step=f32(3e38))
    layer.factors = [0.5, 1.0, 1.2, 2.0, 1e-30, 1e-38]
    layer.factors = [f32(value) for value in layer.factors]
    return Network((9,), [layer]), [_wide(r, 9, -30, 0), [0.0] * 9, _wide(r, 9, -120, -100)]


def _ternary_subnormal(r):
    layer = ternary(r, 5, 40, levels=(-2.0**-149, f32(2.0**-127 * 1.3)))
    layer.biases = [0.0] * 5
    return Network((40,), [layer]), [_wide(r, 40, -4, 4) for _ in range(3)]


def _ternary_order(r):
    """Addends of very different size: every other order of additions gives another sum."""
    return Network((90,), [ternary(r, 16, 90, digits=(1, 2))]), [_wide(r, 90, -6, 18) for _ in range(3)]


def _fixed_order(r):
    return Network((40,), [fixed(r, 16, 40, 8, True)]), [_wide(r, 40, -6, 18) for _ in range(3)]


def _codebook_order(r):
    return Network((40,), [codebook(r, 16, 40, 17)]), [_wide(r, 40, -6, 18) for _ in range(3)]


def huge(r, nodes):
    """A first layer whose sums overflow to both infinities and to NaN, then `nodes`."""
    net = Network((6,), [dense(r, 8, 6, lambda: r.float(115, 127)), *nodes])
    net.nodes[0].codes[0] = [2.0**120] * 6
    net.nodes[0].codes[1] = [-(2.0**120)] * 6
    net.nodes[0].codes[2] = [2.0**120, -(2.0**120)] * 3
    net.nodes[0].codes[3] = [2.0**-5] * 6
    x = [r.float(8, 20, negative=False) for _ in range(6)]
    return net, [x, [-value for value in x], _wide(r, 6, 0, 20)]


def _softmax_of_minus_infinity(r):
    """Finite values and one that was minus infinity: exp gives +0 for the latter."""
    net, batch = huge(r, ["softmax"])
    net.nodes[0].codes = [net.nodes[0].codes[i] for i in (1, 3, 1, 3, 3, 1, 3, 1)]
    net.nodes[0].biases = [r.float(-3, 3) for _ in range(8)]
    return net, batch[:1]


def _zero_times_infinity(r):
    """Weights of zero times what was infinite."""
    layer = dense(r, 4, 8)
    layer.codes[0], layer.codes[1] = [0.0] * 8, [0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0]
    return huge(r, ["relu", layer])


def _ternary_skips_infinity(r):
    """Digits of zero times what was infinite."""
    layer = ternary(r, 4, 8)
    layer.codes[0], layer.codes[1] = [0] * 8, [0, 0, 0, 1, 0, 0, 0, 0]
    layer.codes[2] = [0, 0, 0, 2, 0, 0, 0, 0]
    return huge(r, ["relu", layer])


def stress():
    """{name: (Network, samples)}."""
    builders = {
        "cancellation": _cancellation, "between-ties": _between_ties, "ties": _ties, "underflow": _underflow,
        "subnormal-inputs": _subnormal_inputs, "ternary-subnormal-inputs": _ternary_subnormal_inputs,
        "subnormal-weights": _subnormal_weights, "subnormal-step": _subnormal_steps, "scale-overflow": _scale_overflow,
        "ternary-subnormal": _ternary_subnormal, "ternary-order": _ternary_order, "fixed_point-order": _fixed_order,
        "codebook-order": _codebook_order, "infinity-and-nan": lambda r: huge(r, []),
        "relu-of-nan": lambda r: huge(r, ["relu"]), "softmax-of-infinity": lambda r: huge(r, ["relu", "softmax"]),
        "softmax-of-minus-infinity": _softmax_of_minus_infinity,
        "zero-times-infinity": _zero_times_infinity, "ternary-skips-infinity": _ternary_skips_infinity,
    }
    return {f"stress-{name}": build(Numbers(name)) for name, build in builders.items()}
