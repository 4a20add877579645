"""Wrong readings of arithmetic.md, each a change of one text of run.py; the golden vectors must show each of them.

An entry is (name, text, replacement).
"""

import pathlib
import types

COMBINE, SUM = "add(add(add(c[0], c[1]), c[2]), c[3])", "c = fma(w, value, c)"
SCALE_BIAS = """        if scale is not None:
            a = mul(a, scale)
        y.append(add(a, linear.biases[row]))"""
WRONG = (
    ("fma rounded twice in binary64", SUM, "c = add(w * value, c)"),
    ("mul then add", SUM, "c = add(mul(w, value), c)"),
    ("binary64 in the chain", SUM, "c = w * value + c"),
    ("products flushed to zero", SUM, "c = fma(w, value, c); c = c if abs(c) >= 2.0**-126 else 0.0"),
    ("activations flushed to zero", SUM, "c = fma(w, value if abs(value) >= 2.0**-126 else 0.0, c)"),
    ("zero weights skipped in class F", SUM, "c = fma(w, value, c) if w else c"),
    ("columns descending", "in zip(weights, x)", "in zip(reversed(weights), reversed(x))"),
    ("one segment", "for s in range(4)]", "for s in range(1)] + [(0, 0)] * 3"),
    ("floor in the segment length", "length = -(-units // 4)", "length = max(units // 4, 1)"),
    ("segments in pairs", COMBINE, "add(add(c[0], c[1]), add(c[2], c[3]))"),
    ("segments descending", COMBINE, "add(add(add(c[3], c[2]), c[1]), c[0])"),
    ("segments of columns, not of units",
     "(first * layout.unit, last * layout.unit) for first, last in _segments(layout.units)",
     "(3 * first, 3 * last) for first, last in _segments(len(x) // 3)"),
    ("ternary right to left", "add(add(p[0], p[1]), p[2])", "add(p[0], add(p[1], p[2]))"),
    ("ternary one column at a time", "add(c, add(add(p[0], p[1]), p[2]))", "add(add(add(c, p[0]), p[1]), p[2])"),
    ("ternary with fma", "chain = _chain_t if linear.encoding == TERNARY else _chain_f", "chain = _chain_f"),
    ("ternary zero digits take part", "if weights[i] else 0.0", "if True else 0.0"),
    ("weights multiplied by the step", "[float(q) for q in linear.codes[row]]",
     "[w / linear.levels[0] for w in linear.weights[row]]"),
    ("step and factor one by one", "mul(step, factor)", "step * factor"),
    ("scale and bias in one fma", SCALE_BIAS,
     "        y.append(fma(a, 1.0 if scale is None else scale, linear.biases[row]))"),
    ("bias before scale", SCALE_BIAS,
     "        a = add(a, linear.biases[row]); y.append(a if scale is None else mul(a, scale))"),
    ("input in one fma", "add(mul(float(sample[i]), spec.scale[i // area]), spec.offset[i // area])",
     "fma(float(sample[i]), spec.scale[i // area], spec.offset[i // area])"),
    ("relu keeps NaN", "value if value > 0 else 0.0", "0.0 if value < 0 else value"),
    ("softmax without the greatest", "exp(sub(value, greatest))", "exp(value)"),
    ("softmax by the reciprocal", "div(value, total)", "mul(value, div(1.0, total))"),
    ("softmax sum descending", "for value in e:", "for value in reversed(e):"),
    ("exp of the library", "exp(sub(value, greatest))", "add(math.exp(sub(value, greatest)), 0.0)"),
)


def changed_run(old, new):
    """run() of a copy of run.py with one text replaced."""
    path = pathlib.Path(__file__).resolve().parent / "curt_reader" / "run.py"
    source = path.read_text()
    assert source.count(old) == 1, (source.count(old), old)
    module = types.ModuleType("curt_reader.changed")
    module.__package__ = "curt_reader"
    exec(compile(source.replace(old, new), path, "exec"), vars(module))
    return module.run
