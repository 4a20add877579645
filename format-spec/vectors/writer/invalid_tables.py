"""Defects of the tables section."""

from .bases import codebook_net, dense_net, fixed_net, gather_net, image_net, ternary_net
from .mutate import bad, edited
from .network import tables_words

SPECIAL = {"nan": 0x7FC00000, "signalling-nan": 0xFF800001, "inf": 0x7F800000, "minus-inf": 0xFF800000}
MINUS_ZERO = 0x80000000


def _floats():
    fields = (
        ("scale", image_net(), "scale", 3), ("offset", image_net(), "offset", 3), ("bias", dense_net(3), "1.biases", 3),
        ("factor", fixed_net(4, 3), "1.factors", 3), ("step", fixed_net(3), "1.levels", 1),
        ("ternary-level", ternary_net(), "1.levels", 2), ("codebook-level", codebook_net(5), "1.levels", 5),
    )
    for name, net, label, count in fields:
        for i, (what, bits) in enumerate(SPECIAL.items()):
            index = i % count
            bad("non_finite", f"{name}-{index}-{what}", edited(net, 2, label, bits, index))
        for index in sorted({0, count - 1}):
            bad("non_canonical", f"{name}-{index}-minus-zero", edited(net, 2, label, MINUS_ZERO, index))
    bad("non_finite", "bias-last-inf", edited(fixed_net(2, 17), 2, "1.biases", SPECIAL["inf"], 16))
    bad("non_canonical", "scale-0-zero", edited(dense_net(), 2, "scale", 0.0))
    bad("non_canonical", "scale-2-zero", edited(image_net(), 2, "scale", 0.0, 2))
    for what, value in (("zero", 0.0), ("negative", -1.0), ("negative-subnormal", -2.0**-149)):
        for index in (0, 2):
            bad("non_canonical", f"factor-{index}-{what}", edited(fixed_net(4, 3), 2, "1.factors", value, index))


def _masks():
    net = gather_net()
    words = tables_words(net)
    at = words.labels["mask"]
    first, last = (int.from_bytes(words.data[at + i:at + i + 4], "little") for i in (0, 4))
    for what, index, value in (
        ("one-more", 0, first | 1), ("one-less", 0, first & ~2), ("none", 0, 0), ("all", 0, 2**32 - 1),
        ("last-not-kept", 1, 0), ("tail-bit-1", 1, last | 2), ("tail-bit-31", 1, last | 1 << 31), ("tail-not-last", 1, 2),
    ):
        bad("mask", f"input-{what}", edited(net, 2, "mask", value, index))


def _levels():
    for what, value in (("zero", 0.0), ("negative", -0.25), ("negative-subnormal", -2.0**-149)):
        bad("codebook", f"step-{what}", edited(fixed_net(5), 2, "1.levels", value))
    bad("codebook", "ternary-negative-is-positive", edited(ternary_net(), 2, "1.levels", 1.0, 0))
    bad("codebook", "ternary-positive-is-negative", edited(ternary_net(), 2, "1.levels", -1.0, 1))
    net = ternary_net()
    net.linears[0].levels.reverse()
    bad("codebook", "ternary-levels-exchanged", edited(net, 2, "1.levels", net.linears[0].levels[0]))
    levels = codebook_net(5).linears[0].levels
    for index in (1, 4):
        what = {1: "first", 4: "last"}[index]
        bad("codebook", f"{what}-two-levels-equal", edited(codebook_net(5), 2, "1.levels", levels[index - 1], index))
    for what, order in (("descending", levels[::-1]), ("first-two-exchanged", [levels[1], levels[0], *levels[2:]]),
                        ("last-two-exchanged", [*levels[:3], levels[4], levels[3]])):
        net = codebook_net(5)
        net.linears[0].levels = order
        bad("codebook", f"levels-{what}", edited(net, 2, "1.levels", order[0]))


def build():
    _floats()
    _masks()
    _levels()
