"""Defects of the weights section; arrays are addressed by row and unit."""

from .arrays import element_number, field_bits, word_columns
from .bases import codebook_net, dense_net, fixed_net, half_net, ternary_net
from .layers import dense_f16
from .mutate import bad, edited, with_section
from .network import Network, weights_words
from .numbers import Numbers


def changed(net, row, unit, change, size=4):
    """The file of a one-layer `net` with element (row, unit) replaced by change(element bits)."""
    layer = net.linears[0]
    units = -(-layer.cols // word_columns(layer.encoding, layer.parameter))
    at = size * element_number(layer.rows, units, row, unit)
    data = bytes(weights_words(net).data)
    element = change(int.from_bytes(data[at:at + size], "little")).to_bytes(size, "little")
    return with_section(net, 3, lambda _: data[:at] + element + data[at + size:])


def set_field(net, row, col, value):
    """The file of `net` with the whole field that holds column `col` of `row` replaced."""
    layer = net.linears[0]
    width, bits = word_columns(layer.encoding, layer.parameter), field_bits(layer.encoding, layer.parameter)
    shift = bits * (col % width // (3 if layer.encoding == 3 else 1))
    keep = ~((1 << bits) - 1 << shift)
    return changed(net, row, col // width, lambda word: word & keep | value << shift)


def _dense():
    wide = dense_net(66, 2)  # two tiles, the second of one vector
    cases = (("quiet-nan", "non_finite", 0x7FC00000, 0x7E00), ("signalling-nan", "non_finite", 0xFFA00000, 0xFD00),
             ("inf", "non_finite", 0x7F800000, 0x7C00), ("minus-inf", "non_finite", 0xFF800000, 0xFC00),
             ("minus-zero", "non_canonical", 0x80000000, 0x8000))
    places = ((0, 0), (1, 2), (0, 1), (1, 0), (0, 2))
    for (what, kind, bits32, bits16), (row, col) in zip(cases, places):
        bad(kind, f"dense_f32-{what}", changed(dense_net(), row, col, lambda _, b=bits32: b))
        bad(kind, f"dense_f16-{what}", changed(half_net(), row, col, lambda _, b=bits16: b, 2))
    bad("non_finite", "dense_f32-last-row-of-66", changed(wide, 65, 1, lambda _: 0x7F800000))
    bad("non_canonical", "dense_f32-row-63-of-66", changed(wide, 63, 0, lambda _: 0x80000000))
    for what, net, row, col in (("first", dense_net(), 2, 0), ("last", dense_net(), 15, 2),
                                ("second-tile-first", wide, 66, 0), ("second-tile-last", wide, 79, 1)):
        bad("padding", f"dense_f32-row-{what}", changed(net, row, col, lambda _: 0x3F800000))
    bad("padding", "dense_f32-row-minus-zero", changed(dense_net(), 7, 1, lambda _: 0x80000000))
    bad("padding", "dense_f32-row-nan", changed(dense_net(), 7, 2, lambda _: 0x7FC00000))
    bad("padding", "dense_f16-row", changed(half_net(), 9, 1, lambda _: 0x3C00, 2))
    bad("padding", "dense_f16-row-minus-zero", changed(half_net(), 15, 2, lambda _: 0x8000, 2))
    r = Numbers("two arrays")
    two = Network((3,), [dense_f16(r, 2, 3), dense_f16(r, 1, 2)])
    at = weights_words(two).labels["2.array"]
    for what, step in (("first", 32), ("last", 1)):
        bad("padding", f"between-arrays-{what}-byte", edited(two, 3, "2.padding", b"\1", 0) if step == 32 else
            with_section(two, 3, lambda part: part[:at - 1] + b"\1" + part[at:]))


def _fixed_point():
    for bits in range(2, 9):
        net, unused = fixed_net(bits, 17, 2 * (32 // bits) + 1), 1 << bits - 1
        width = 32 // bits
        row, col = ((0, 0), (7, width), (15, width - 1), (16, 2 * width), (3, 2 * width - 1), (8, 1), (16, 0))[bits - 2]
        bad("code", f"fixed_point-b{bits}-row-{row}-column-{col}", set_field(net, row, col, unused))
        bad("padding", f"fixed_point-b{bits}-column", set_field(net, row, 2 * width + 1, 1))
        bad("padding", f"fixed_point-b{bits}-row", set_field(net, 17 + bits, col, unused if bits % 2 else 1))
        for bit in sorted({width * bits, 31} if width * bits < 32 else ()):
            bad("padding", f"fixed_point-b{bits}-bit-{bit}", changed(net, row, 0, lambda word, b=bit: word | 1 << b))
    bad("padding", "fixed_point-b4-last-column-unused-code", set_field(fixed_net(4, 2, 9), 1, 15, 8))
    bad("code", "fixed_point-second-tile-last-word", set_field(fixed_net(4, 80, 16), 79, 15, 8))


def _ternary():
    wide = ternary_net(17, 55)
    for what, row, col, code in (("first", 0, 0, 27), ("middle", 8, 27, 29), ("last-lane", 15, 17, 31),
                                 ("last-word", 16, 53, 28), ("all-ones", 3, 36, 31), ("last-field", 16, 54, 27)):
        bad("code", f"ternary-{what}-{code}", set_field(wide, row, col, code))
    bad("code", "ternary-second-tile-last-row", set_field(ternary_net(70, 18), 69, 17, 30))
    bad("padding", "ternary-digit-2-of-last-field", set_field(ternary_net(2, 20), 1, 19, 9))
    bad("padding", "ternary-digit-1-of-last-field", set_field(ternary_net(2, 19), 0, 18, 6))
    bad("padding", "ternary-field-of-no-column", set_field(ternary_net(2, 19), 0, 21, 1))
    bad("padding", "ternary-last-field-of-no-column", set_field(ternary_net(2, 19), 1, 35, 26))
    for bit in (30, 31):
        bad("padding", f"ternary-bit-{bit}", changed(wide, 5, 1, lambda word, b=bit: word | 1 << b))
    bad("padding", "ternary-bit-31-of-last-word", changed(wide, 16, 3, lambda word: word | 1 << 31))
    for row in (17, 31):
        bad("padding", f"ternary-row-{row}", changed(wide, row, 0, lambda _: 1))
    bad("padding", "ternary-row-bit-31", changed(wide, 20, 3, lambda _: 1 << 31))
    for what, digits, index, value in (("negative-unused", (0, 1), 0, -1.0), ("positive-unused", (0, 2), 1, 1.0),
                                       ("both-unused", (0,), 1, 2.0**-149)):
        bad("non_canonical", f"ternary-{what}", edited(ternary_net(digits=digits), 2, "1.levels", value, index))
    bad("non_canonical", "ternary-negative-used-and-zero", edited(ternary_net(), 2, "1.levels", 0.0, 0))
    bad("non_canonical", "ternary-positive-used-and-zero", edited(ternary_net(), 2, "1.levels", 0.0, 1))


def _without(size, level, cols=11, other=None):
    """A codebook network in which no weight has index `level`."""
    net = codebook_net(size, 2, cols)
    other = (level + 1) % size if other is None else other
    net.linears[0].codes = [[other if code == level else code for code in row] for row in net.linears[0].codes]
    return net


def _codebook():
    for size, row, col, code in ((3, 0, 0, 3), (5, 1, 10, 5), (5, 0, 9, 7), (6, 1, 4, 6), (9, 0, 7, 9), (17, 1, 6, 17),
                                 (17, 0, 0, 31), (33, 16, 5, 33), (65, 8, 4, 127), (129, 15, 11, 129), (200, 16, 12, 255)):
        net = codebook_net(size, 17, 13)
        _check_still_used(net, row, col)
        bad("code", f"codebook-k{size}-row-{row}-column-{col}-index-{code}", set_field(net, row, col, code))
    for size, cols in ((2, 33), (5, 11), (17, 7), (33, 26), (65, 33), (200, 101)):
        width = word_columns(4, size)
        bad("padding", f"codebook-k{size}-column", set_field(codebook_net(size, 2, cols), 1, -(-cols // width) * width - 1, 1))
    for size in (5, 17, 33, 65):
        net, top = codebook_net(size, 17, 13), word_columns(4, size) * field_bits(4, size)
        for bit in sorted({top, 31}):
            bad("padding", f"codebook-k{size}-bit-{bit}", changed(net, 2, 0, lambda word, b=bit: word | 1 << b))
        bad("padding", f"codebook-k{size}-row", changed(net, 17, 0, lambda _: 1))
    bad("padding", "codebook-k5-column-code-too-great", set_field(codebook_net(5), 1, 19, 7))
    bad("padding", "codebook-k5-last-row", changed(codebook_net(5), 15, 1, lambda _: 1 << 29))
    for size, level in ((5, 1), (5, 4), (4, 2), (2, 1), (16, 7)):
        net = _without(size, level)
        bad("non_canonical", f"codebook-k{size}-level-{level}-unused", edited(net, 2, "1.levels", net.linears[0].levels[0]))
    net = _without(5, 0)
    bad("non_canonical", "codebook-k5-level-0-used-by-padding-alone", edited(net, 2, "1.levels", net.linears[0].levels[0]))


def _check_still_used(net, row, col):
    """The mutated weight must not be the only one of its level, or the file had two defects."""
    codes = net.linears[0].codes
    code = codes[row][col]
    other = next((r, c) for r in range(17) for c in range(13) if (r, c) != (row, col) and
                 sum(line.count(codes[r][c]) for line in codes) > 1)
    if sum(line.count(code) for line in codes) == 1:
        codes[other[0]][other[1]] = code


def build():
    _dense()
    _fixed_point()
    _ternary()
    _codebook()
