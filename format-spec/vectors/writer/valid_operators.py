"""Valid pooling, affine and activations: {name: builder of a Network, or of a Network and its samples}."""

import struct

from .network import Network, Op
from .numbers import f32, from_bits
from .operators import add, affine, average_pool, max_pool, numbers, reshape


def _image(shape, *nodes, dtype="f32"):
    return lambda r: Network(shape, [node(r) if callable(node) else node for node in nodes], dtype, None,
                             [1.0 if dtype == "f32" else 0.0625] * shape[0], [0.0 if dtype == "f32" else -7.0] * shape[0])


def _pools():
    cases = {}
    for name, pool in (("max_pool", max_pool), ("average_pool", average_pool),
                       ("average_pool-include", lambda *a: average_pool(*a, include_padding=1))):
        cases |= {
            f"{name}-2": _image((2, 4, 6), pool(2, 2)),
            f"{name}-leaves-elements-over": _image((1, 7, 5), pool(2, 2)),
            f"{name}-3-stride-2-padding": _image((2, 7, 5), pool(3, 2, 1)),
            f"{name}-2x3-asymmetric": _image((2, 4, 5), pool((2, 3), (1, 2), (1, 0, 0, 2))),
            f"{name}-stride-greater-than-kernel": _image((1, 7, 8), pool(2, (3, 4), (1, 1, 0, 1))),
            f"{name}-of-the-map": _image((3, 3, 4), pool((3, 4))),
            f"{name}-1x1": _image((2, 3, 3), pool(1)),
            f"{name}-3x1": _image((1, 5, 4), pool((3, 1), 1, (2, 0, 2, 0))),
            f"{name}-of-two": _image((2, 6, 7), pool(3, 2, 1), pool(2, 1, 1)),
            f"{name}-u8": _image((3, 4, 4), pool(3, 1, (1, 2, 0, 1)), dtype="u8"),
            f"{name}-map-smaller-than-kernel": _image((2, 1, 2), pool((3, 4), 1, (1, 2, 1, 1))),
        }
    area = average_pool((4097, 4099), 2**24, 4096, 1)
    return cases | {
        "average_pool-include-area-above-2pow24": _image((1, 3, 2), area),
        "max_pool-of-a-large-window": _image((1, 3, 2), max_pool(4097, 2**24, 4096)),
        "max_pool-minus-zero-and-zero": lambda r: (_signed_zeros(max_pool((1, 2))), [[-1.0, 0.0, -2.0], [0.0, -1.0, -1.0]]),
        "average_pool-minus-zero": lambda r: (_signed_zeros(average_pool((1, 2))), [[-1.0, -0.5, 0.0]]),
        "global_average_pool": _image((3, 4, 5), "global_average_pool"),
        "global_average_pool-u8": _image((2, 5, 5), "global_average_pool", "flatten", dtype="u8"),
        "global_average_pool-one-pixel": _image((3, 1, 1), "global_average_pool"),
        "affine-image": _image((3, 2, 4), lambda r: affine(r, 3)),
        "affine-vector": lambda r: Network((7,), [affine(r, 7)]),
        "affine-one": lambda r: Network((1,), [affine(r, 1), affine(r, 1)]),
        "affine-after-pool": _image((4, 3, 2), "global_average_pool", lambda r: affine(r, 4), "flatten", lambda r: affine(r, 4)),
    }


def _signed_zeros(node):
    """leaky_relu of slope zero makes -0 of what is negative."""
    return Network((1, 1, 3), [numbers("leaky_relu", 0.0), node])


def _near(*values):
    """Each value, both signs, with its neighbours."""
    found = []
    for value in values:
        bits = int.from_bytes(struct.pack("<f", f32(value)), "little")
        found += [sign * from_bits(bits + step) for sign in (1, -1) for step in (-1, 0, 1)]
    return found


COMMON = [0.0, 2.0**-149, -(2.0**-149), 2.0**-126, -(2.0**-126), 2.0**-60, -(2.0**-60), f32(1e-3), f32(-1e-3), 0.5, -0.5,
          1.0, -1.0, 5.5, -5.5, 20.0, -20.0, 100.0, -100.0]
TOP = from_bits(0x7F7FFFFF)
HUGE = [2.0**126, -(2.0**126), TOP, -TOP]
SIXTH = f32(1 / 6)
ACTIVATIONS = {  # name: node, samples
    "sigmoid": ("sigmoid", COMMON + HUGE + _near(87.33654, 88.72283, 16.635532, 17.328680)),
    "tanh": ("tanh", COMMON + HUGE + _near(0.625, 9.010913, 8.664339, 43.66827, 44.361415, 2.0**-12, 2.0**-40)),
    "leaky_relu": (numbers("leaky_relu", f32(0.01)), COMMON + HUGE),
    "leaky_relu-negative-slope": (numbers("leaky_relu", -0.75), COMMON + HUGE),
    "leaky_relu-slope-zero": (numbers("leaky_relu", 0.0), COMMON + HUGE),
    "leaky_relu-slope-subnormal": (numbers("leaky_relu", 2.0**-149), COMMON + HUGE),
    "clip": (numbers("clip", 0.0, 6.0), COMMON + HUGE + _near(6.0)),
    "clip-negative": (numbers("clip", -1.5, -0.25), COMMON + HUGE + _near(1.5, 0.25)),
    "clip-one-value": (numbers("clip", 1.0, 1.0), COMMON + HUGE + _near(1.0)),
    "clip-to-zero": (numbers("clip", 0.0, 0.0), COMMON + HUGE),
    "clip-widest": (numbers("clip", -TOP, TOP), COMMON + HUGE),
    "hard_sigmoid": (numbers("hard_sigmoid", f32(0.2), 0.5), COMMON + _near(2.5)),
    "hard_sigmoid-sixth": (numbers("hard_sigmoid", SIXTH, 0.5), COMMON + _near(3.0)),
    "hard_sigmoid-negative-alpha": (numbers("hard_sigmoid", -0.25, 0.75), COMMON + _near(1.0, 3.0)),
    "hard_sigmoid-alpha-zero": (numbers("hard_sigmoid", 0.0, 2.0), COMMON),
    "hard_swish": ("hard_swish", COMMON + _near(3.0) + [2.0**120, -(2.0**120)]),
}
OVERFLOWING = {
    "leaky_relu-overflow": (numbers("leaky_relu", 4.0), COMMON + HUGE),
    "hard_sigmoid-overflow": (numbers("hard_sigmoid", 4.0, -1.0), COMMON + HUGE),
    "hard_swish-overflow": ("hard_swish", COMMON + HUGE),
}


def _edges(node, values):
    return lambda r: (Network((len(values),), [node]), [values])


def _spread(node, unit=2.0**-20, count=64):
    """`count` values between -2^23 and 2^23 units (-8 and 8), too fine for exact products."""
    return lambda r: (Network((count,), [node]), [[f32((r.below(2**24) - 2**23) * unit) for _ in range(count)] for _ in range(2)])


def _activations():
    cases = {f"operator-{name}-edges": _edges(*value) for name, value in ACTIVATIONS.items()}
    cases |= {f"stress-{name}": _edges(*value) for name, value in OVERFLOWING.items()}
    for name in ("sigmoid", "tanh", "hard_swish"):
        cases[f"operator-{name}"] = _spread(name)
    cases["operator-tanh-below-the-branch"] = _spread("tanh", 1.25 * 2.0**-24, 300)
    cases["operator-leaky_relu"] = _spread(numbers("leaky_relu", f32(0.1)))
    cases["operator-clip"] = _spread(numbers("clip", f32(-1.1), f32(2.3)))
    cases["operator-hard_sigmoid"] = _spread(numbers("hard_sigmoid", f32(0.2), 0.5))
    for name, node in (("sigmoid", "sigmoid"), ("tanh", "tanh"), ("clip", numbers("clip", 0.0, 1.0)), ("add", add(1, 1)),
                       ("hard_swish", "hard_swish"), ("relu", "relu"), ("hard_sigmoid", numbers("hard_sigmoid", -1.0, 0.0))):
        def build(_, node=node):
            return Network((4,), [numbers("leaky_relu", 0.0), node]), [[-1.0, 1.0, 0.0, -TOP]]
        cases[f"operator-{name}-of-minus-zero"] = build
    for name in ("sigmoid", "tanh", "hard_swish"):
        cases[f"operator-{name}-image"] = _image((2, 3, 4), name)
    return cases


def _of_infinity():
    """Infinities and NaN in every operator: the node after a sum that overflows."""
    image = [reshape(2, 2, 2)]
    return {
        "leaky_relu": [numbers("leaky_relu", 0.0)], "clip": [numbers("clip", -1.0, 6.0)], "sigmoid": ["sigmoid"],
        "tanh": ["tanh"], "hard_sigmoid": [numbers("hard_sigmoid", f32(0.2), 0.5)], "hard_swish": ["hard_swish"],
        "add": [Op("leaky_relu", [1], [("numbers", [-1.0])]), add(1, 2)],
        "max_pool": [*image, max_pool((1, 2), 1, (0, 1, 0, 0))], "max_pool-column": [*image, max_pool((2, 1), 1, (0, 0, 1, 0))],
        "average_pool": [*image, average_pool((1, 2), 1, (0, 1, 0, 0))], "global_average_pool": [*image, "global_average_pool"],
    }


def operators(huge):
    """`huge` builds a network whose first layer overflows, followed by given nodes."""
    cases = {f"operator-{name}": build for name, build in _pools().items()} | _activations()
    for name, nodes in _of_infinity().items():
        cases[f"stress-{name}-of-infinity-and-nan"] = lambda r, nodes=nodes: huge(r, nodes)
    return cases
