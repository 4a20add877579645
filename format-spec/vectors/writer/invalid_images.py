"""Defects of tables, weights and origin of convolutions and affine nodes."""

from .bases import conv_net, origin_conv_net
from .file import write
from .invalid_tables import MINUS_ZERO, SPECIAL
from .invalid_weights import changed, set_field
from .layers import dense, fixed, ternary
from .mutate import bad, edited, with_section
from .network import Network, origin_words
from .numbers import Numbers
from .operators import affine, conv


def _affine_net(shape=(3, 2, 2)):
    channels = shape[0] if len(shape) == 3 else 1
    return Network(shape, [affine(Numbers("affine"), shape[0])], "f32", None, [1.0] * channels, [0.0] * channels)


def _tables():
    for name, net in (("image", _affine_net()), ("vector", _affine_net((5,))), ("conv", conv_net())):
        for what, change in (("word-short", lambda part: part[:-4]), ("word-long", lambda part: part + bytes(4))):
            bad("size", f"affine-{name}-{what}" if name != "conv" else f"conv-{what}", with_section(net, 2, change))
    bad("size", "affine-of-each-element", with_section(_affine_net(), 2, lambda part: part + bytes(4 * 2 * 9)))
    bad("size", "affine-of-one-pair", with_section(_affine_net((5,)), 2, lambda part: part[:16]))
    bad("size", "affine-missing", with_section(_affine_net(), 2, lambda part: part[:24]))
    for label in ("1.scales", "1.offsets"):
        name = "affine-" + label[2:-1]
        for index, (what, bits) in enumerate(SPECIAL.items()):
            bad("non_finite", f"{name}-{index % 3}-{what}", edited(_affine_net(), 2, label, bits, index % 3))
        for index in (0, 2):
            bad("non_canonical", f"{name}-{index}-minus-zero", edited(_affine_net(), 2, label, MINUS_ZERO, index))
        bad("non_finite", f"{name}-vector-last-inf", edited(_affine_net((5,)), 2, label, SPECIAL["inf"], 4))
    net = conv_net()
    bad("non_finite", "conv-bias-nan", edited(net, 2, "1.biases", SPECIAL["nan"], 5))
    bad("non_canonical", "conv-bias-minus-zero", edited(net, 2, "1.biases", MINUS_ZERO, 0))
    bad("non_canonical", "conv-factor-zero", edited(net, 2, "1.factors", 0.0, 3))
    bad("codebook", "conv-step-zero", edited(net, 2, "1.levels", 0.0))
    both = Network((2, 3, 3), [*conv_net().nodes, affine(Numbers("both"), 6)], "f32", None, [1.0] * 2, [0.0] * 2)
    bad("non_finite", "affine-after-conv", edited(both, 2, "2.offsets", SPECIAL["nan"], 5))


def _weights():
    def net(layer):
        return Network((2, 3, 3), [conv(layer, 2)], "f32", None, [1.0] * 2, [0.0] * 2)
    r = Numbers("conv weights")
    bad("non_finite", "conv-weight-nan", changed(net(dense(r, 3, 8)), 2, 7, lambda _: SPECIAL["nan"]))
    bad("non_canonical", "conv-weight-minus-zero", changed(net(dense(r, 3, 8)), 0, 3, lambda _: MINUS_ZERO))
    bad("padding", "conv-dense-row", changed(net(dense(r, 3, 8)), 3, 0, lambda _: 1))
    bad("code", "conv-ternary-27", set_field(net(ternary(r, 3, 8)), 1, 4, 27))
    bad("padding", "conv-ternary-digit-past-the-columns", set_field(net(ternary(r, 3, 8)), 1, 7, 9))
    bad("code", "conv-fixed_point", set_field(net(fixed(r, 17, 8, 5)), 16, 7, 16))
    bad("padding", "conv-fixed_point-column", set_field(net(fixed(r, 17, 8, 5)), 2, 8, 1))
    for what, change in (("64-less", lambda part: part[:-64]), ("64-more", lambda part: part + bytes(64)),
                         ("of-all-channels", lambda part: part * 2)):
        bad("size", f"conv-weights-{what}", with_section(conv_net(), 3, change))


def _origin():
    for what, label, index, value in (
        ("rows-one-more", "1.row_mask", 0, 0b11101111), ("rows-one-less", "1.row_mask", 0, 0b1101110),
        ("rows-tail-bit", "1.row_mask", 0, 0b101101111), ("columns-one-more", "1.column_mask", 0, 0b111),
        ("columns-one-less", "1.column_mask", 0, 0b100), ("columns-tail-bit", "1.column_mask", 0, 0b1011),
        ("no-original-columns", "1.original", 1, 0),
    ):
        bad("mask", f"origin-conv-{what}", edited(origin_conv_net(), 4, f"{label}", value, index))
    bad("mask", "origin-conv-columns-of-the-kernel", write(origin_conv_net(columns=[1] * 8)))
    bad("mask", "origin-conv-columns-of-one-group", write(origin_conv_net(columns=[0, 1])))
    bad("mask", "origin-conv-columns-of-the-elements", write(origin_conv_net(columns=[1] * 18)))
    for index, name in ((0, "rows"), (1, "channels")):
        bad("limit", f"origin-conv-original-{name}-16777217", edited(origin_conv_net(), 4, "1.original", 2**24 + 1, index))
    for label in ("1.original", "1.row_mask", "1.column_mask", "2.name"):
        at = origin_words(origin_conv_net()).labels[label]
        what = f"origin-conv-ends-before-{label.replace('.', '-')}"
        bad("bounds", what, with_section(origin_conv_net(), 4, lambda part, n=at: part[:n]))


def build():
    _tables()
    _weights()
    _origin()
