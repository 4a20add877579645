"""Wrong readings of arithmetic.md: {(file of the reader, operator that shows it): [(name, text, replacement)]}."""

COMBINE, SUM = "add(add(add(c[0], c[1]), c[2]), c[3])", "c = fma(w, value, c)"
SCALE_BIAS = """            if scale is not None:
                a = mul(a, scale)
            y.append(finite(add(a, bias)))"""
FMA, MUL = "__import__('curt_reader').float32.fma", "__import__('curt_reader').float32.mul"
AREA, COUNT = "area if node.include_padding else sum(map(len, rows))", "sum(map(len, rows))"
MEAN, ROWS = "div(_sum([_sum(row) for row in rows]), round32(n))", "[_sum(row) for row in rows]"
PIXELS = "for j in columns] for i in rows]"
TANH_FAR = "y = sub(1.0, div(2.0, add(exp(mul(2.0, a)), 1.0)))"
CHAINS = [
    ("fma rounded twice in binary64", SUM, "c = add(w * value, c)"),
    ("mul then add", SUM, "c = add(mul(w, value), c)"),
    ("binary64 in the chain", SUM, "c = w * value + c"),
    ("products flushed to zero", SUM, "c = fma(w, value, c); c = c if abs(c) >= 2.0**-126 else 0.0"),
    ("activations flushed to zero", SUM, "c = fma(w, value if abs(value) >= 2.0**-126 else 0.0, c)"),
    ("columns descending", "in zip(weights, x)", "in zip(reversed(weights), reversed(x))"),
    ("one segment", "for s in range(4)]", "for s in range(1)] + [(0, 0)] * 3"),
    ("floor in the segment length", "length = -(-units // 4)", "length = max(units // 4, 1)"),
    ("segments in pairs", COMBINE, "add(add(c[0], c[1]), add(c[2], c[3]))"),
    ("segments descending", COMBINE, "add(add(add(c[3], c[2]), c[1]), c[0])"),
    ("segments of columns, not of units",
     "self.bounds = [(first * layout.unit, last * layout.unit) for first, last in _segments(layout.units)]",
     "self.bounds = [(3 * a, 3 * b) for a, b in _segments(layout.units * layout.unit // 3)]"),
    ("ternary right to left", "add(add(p[0], p[1]), p[2])", "add(p[0], add(p[1], p[2]))"),
    ("ternary one column at a time", "add(c, add(add(p[0], p[1]), p[2]))", "add(add(add(c, p[0]), p[1]), p[2])"),
    ("ternary with fma", "_chain_t if layer.encoding == TERNARY else _chain_f", "_chain_f"),
    ("weights multiplied by the step", "[layer.multipliers(row) + ",
     "[[w / (layer.step or 1.0) for w in layer.decoded[row]] + "),
    ("step and factor one by one", "mul(layer.step, factor)", "layer.step * factor"),
    ("scale and bias in one fma", SCALE_BIAS, "            y.append(finite(fma(a, 1.0 if scale is None else scale, bias)))"),
    ("bias before scale", SCALE_BIAS,
     "            a = add(a, bias); y.append(a if scale is None else mul(a, scale))"),
]
FINITE = [
    ("infinities stay", "finite(add(a, bias))", "add(a, bias) if a == a else 0.0"),
    ("NaN stays", "finite(add(a, bias))", "finite(add(a, bias)) if a == a else a"),
    ("NaN becomes the greatest number", "finite(add(a, bias))", "finite(add(a, bias)) if a == a else 3.4028234663852886e38"),
    ("infinities become +0", "finite(add(a, bias))", "finite(add(a, bias)) if abs(a) <= 3.4028234663852886e38 else 0.0"),
    ("sums saturate in the chain", SUM, "c = __import__('curt_reader').float32.finite(fma(w, value, c))"),
]
ROW, CHAIN = "sorted(entry for entry in sum(layer.tiles[row], []) + layer.lists[row] if entry[1])", "yield _chain_s(entries, x)"
SPARSE = [
    ("sparse: mul then add", "c = fma(w, x[column], c)", "c = add(mul(w, x[column]), c)"),
    ("sparse: fma rounded twice in binary64", "c = fma(w, x[column], c)", "c = add(w * x[column], c)"),
    ("entries descending", ROW, ROW + "[::-1]"),
    ("lists after the slots", ROW, "sum(layer.tiles[row], []) + layer.lists[row]"),
    ("lists before the slots", ROW, "layer.lists[row] + sum(layer.tiles[row], [])"),
    ("lists without the slots", ROW, "layer.lists[row]"),
    ("slots descending in a tile", ROW, "sorted(sum(layer.tiles[row], []) + layer.lists[row], key=lambda entry: (entry[0] // 32, -entry[0]))"),
    ("four chains in turn", CHAIN, "yield _combine([_chain_s(entries[j::4], x) for j in range(4)])"),
    ("two chains in turn", CHAIN, "yield add(_chain_s(entries[0::2], x), _chain_s(entries[1::2], x))"),
    ("four segments of entries", CHAIN, "yield _combine([_chain_s(entries[first:last], x) for first, last in _segments(len(entries))])"),
    ("four segments of columns", CHAIN,
     "yield _combine([_chain_s([e for e in entries if first <= e[0] < last], x) for first, last in _segments(len(x))])"),
    ("sparse: bias before scale", SCALE_BIAS,
     "            a = add(a, bias); y.append(a if scale is None else mul(a, scale))"),
    ("sparse: step and factor one by one", "mul(layer.step, factor)", "layer.step * factor"),
]

# Readings that arithmetic.md allows: products of zero are left out, or multiplied. No output may change.
ALLOWED = [
    ("zero products left out", "linear", SUM, "c = fma(w, value, c) if w and value else c"),
    ("zero products left out of class S", "linear", "c = fma(w, x[column], c)", "c = fma(w, x[column], c) if w and x[column] else c"),
    ("free slots multiplied", "linear", " if entry[1]) for row", ") for row"),
    ("zero digits multiplied", "linear", "if weights[i] else 0.0", "if True else 0.0"),
    ("fields of zeros left out", "linear", "c = add(c, add(add(p[0], p[1]), p[2]))", "c = add(c, add(add(p[0], p[1]), p[2])) if any(p) else c"),
]

ARITHMETIC = {
    ("linear", "sparse"): SPARSE,
    ("linear", "linear"): CHAINS + FINITE,
    ("linear", "conv2d"): [(f"conv2d: {name}", old, new) for name, old, new in CHAINS
                           if name.startswith(("one segment", "segments", "ternary", "bias", "columns"))],
    ("run", None): [
        ("input in one fma", "add(mul(float(sample[i]), spec.scale[i // area]), spec.offset[i // area])",
         FMA + "(float(sample[i]), spec.scale[i // area], spec.offset[i // area])"),
    ],
    ("run", "concat"): [("concat descending", "for part in inputs for", "for part in reversed(inputs) for")],
    ("run", "add"): [("add in binary64", "[finite(add(a, b)) for a, b", "[a + b for a, b"), ("sums of values overflow", "finite(add(a, b))", "add(a, b)")],
    ("spatial", "conv2d"): [
        ("columns in the order ky, kx, channel", "for channel in channels for i in rows for j in columns]",
         "for i in rows for j in columns for channel in channels]"),
        ("columns in the order channel, kx, ky", "for channel in channels for i in rows for j in columns]",
         "for channel in channels for j in columns for i in rows]"),
        ("kernel turned around (a true convolution)", "for channel in channels for i in rows for j in columns]",
         "for channel in channels for i in reversed(rows) for j in reversed(columns)]"),
        ("groups interleaved in the input", "range(group * per_group, (group + 1) * per_group)",
         "range(group, group + groups * per_group, groups)"),
        ("groups interleaved in the output", "range(group * size, (group + 1) * size)",
         "range(group, group + groups * size, groups)"),
        ("every group reads the first channels", "range(group * per_group, (group + 1) * per_group)", "range(per_group)"),
        ("outputs in the order row, column, channel", "            y += [output[row] for output in outputs]",
         "            y += [output[row] for output in outputs]\n"
         "    n = len(windows); y = [y[r * n + i] for i in range(n) for r in range(layer.rows)]"),
        ("padding is the nearest element", "i if 0 <= i < n else None", "min(max(i, 0), n - 1)"),
        ("padding wraps around", "i if 0 <= i < n else None", "i % n"),
        ("padding after instead of before", "- axis.before for j", "- axis.after for j"),
        ("rows and columns of the window exchanged", "node.window[1], width))", "node.window[0], width))"),
        ("dilation left out", "j * axis.dilation", "j"),
        ("stride and dilation exchanged", "p * axis.stride + j * axis.dilation", "p * axis.dilation + j * axis.stride"),
        ("columns in the padding left out", "mapped(_patch(x, channels, node, rows, columns))",
         "mapped(sorted(_patch(x, channels, node, rows, columns), key=lambda v: v == 0))"),
    ],
    ("spatial", "max_pool"): [
        ("padding takes part in the maximum", "[_greatest(sum(rows, [])) for rows in _inside(node, x)]",
         "[_greatest(e + [0.0] * (node.window[0].kernel * node.window[1].kernel - len(e)))\n"
         "            for e in (sum(rows, []) for rows in _inside(node, x))]"),
        ("the last of equal elements", "if value > m:", "if value >= m:"),
        ("the window reaches past its kernel", "for j in range(axis.kernel))", "for j in range(axis.kernel + 1))"),
    ],
    ("spatial", "average_pool"): [
        ("always divided by the kernel", AREA, "area"),
        ("never divided by the kernel", AREA, COUNT),
        ("include_padding turned around", AREA, COUNT + " if node.include_padding else area"),
        ("padding of two sides counted", AREA, COUNT + " if not node.include_padding else "
         "area if node.window[0].after == node.window[0].before else " + COUNT),
        ("average by the reciprocal", MEAN, MEAN.replace("div(", MUL + "(").replace("round32(n)", "div(1.0, round32(n))")),
        ("average in binary64", "s = add(s, value)", "s = s + value"),
        ("average column by column", ROWS, "[_sum(column) for column in zip(*rows)]"),
        ("average as one chain", ROWS, "sum(rows, [])"),
        ("average divides each row", MEAN, "_sum([div(_sum(row), round32(n)) for row in rows])"),
        ("the area exact in binary64", "round32(n)", "float(n)"),
        ("the area cut to 24 bits", "round32(n)", "float(n - n % 2 if n > 2**24 else n)"),
    ],
    ("spatial", "global_average_pool"): [
        ("global average descending", "_mean(rows[channel * height:(channel + 1) * height], height * width)",
         "_mean(rows[channel * height:(channel + 1) * height][::-1], height * width)"),
        ("global average as one chain", "_sum([_sum(row) for row in rows])", "_sum(sum(rows, []))"),
    ],
    ("pointwise", "relu"): [("relu keeps -0", "x if x > 0 else 0.0", "0.0 if x < 0 else x")],
    ("pointwise", "leaky_relu"): [("leaky_relu keeps zero", "x if x > 0 else finite", "x if x >= 0 else finite"),
                                  ("leaky_relu by the maximum", "x if x > 0 else finite(mul(slope, x))", "max(x, finite(mul(slope, x)))")],
    ("pointwise", "clip"): [
        ("clip max before min", "low if x < low else high if x > high else x", "low if not x > low else high if x > high else x"),
        ("clip makes +0 of -0", "low if x < low else", "low if x <= low else"),
    ],
    ("pointwise", "sigmoid"): [
        ("sigmoid one way", "if x >= 0:", "if True:"),
        ("sigmoid the other way", "if x >= 0:", "if False:"),
        ("sigmoid as 1 - e / (1 + e)", "return div(1.0, add(1.0, exp(-x)))",
         "return sub(1.0, div(exp(-x), add(1.0, exp(-x))))"),
    ],
    ("pointwise", "hard_sigmoid"): [
        ("hard_sigmoid in one fma", "add(mul(alpha, x), beta)", FMA + "(alpha, x, beta)")],
    ("pointwise", "hard_swish"): [
        ("hard_swish divides first", "div(mul(x, c), 6.0)", "mul(x, div(c, 6.0))"),
        ("hard_swish by a sixth", "div(mul(x, c), 6.0)", "mul(mul(x, c), 0.16666667163372040)"),
    ],
    ("pointwise", "affine"): [
        ("affine in one fma", "add(mul(value, scale[i // area]), offset[i // area])",
         FMA + "(value, scale[i // area], offset[i // area])"),
        ("affine offset first", "add(mul(value, scale[i // area]), offset[i // area])",
         "mul(add(value, offset[i // area]), scale[i // area])"),
        ("affine channels last", "mul(value, scale[i // area])", "mul(value, scale[i % node.affine.count])"),
    ],
    ("pointwise", "softmax"): [
        ("softmax without the greatest", "exp(sub(value, greatest))", "exp(value)"),
        ("softmax by the reciprocal", "div(value, total)", "mul(value, div(1.0, total))"),
        ("softmax sum descending", "for value in e:", "for value in reversed(e):"),
        ("exp of the library", "exp(sub(value, greatest))", "add(__import__('math').exp(sub(value, greatest)), 0.0)"),
    ],
    ("float32", "tanh"): [
        ("tanh far way from 0 on", "if a < _TANH_SPLIT:", "if False:"),
        ("tanh split inclusive", "if a < _TANH_SPLIT:", "if a <= _TANH_SPLIT:"),
        ("tanh p * t * x in another order", "fma(p, mul(t, x), x)", "fma(mul(p, t), x, x)"),
        ("tanh keeps -0", "        t = mul(x, x)\n", "        t = mul(x, x)\n        if x == 0:\n            return x\n"),
        ("tanh by exp(-2a)", TANH_FAR, "e = exp(mul(-2.0, a)); y = div(sub(1.0, e), add(1.0, e))"),
        ("tanh of the library", TANH_FAR, "y = round32(math.tanh(a))"),
    ],
}
