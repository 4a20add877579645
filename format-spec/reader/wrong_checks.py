"""Wrong readings of SPEC.md in the checks of graphs with images: {file of the reader: [(name, text, replacement)]}."""

NOTHING = '    need(math.prod(shapes[-1]) > 0, "shape", cursor.at, "the output has no elements")\n'
SUM = "        self.work += work(node)\n"
CHECKS = {
    "window": [
        ("windows rounded up", "- self.extent) // self.stride + 1", "- self.extent + self.stride - 1) // self.stride + 1"),
        ("extent is kernel * dilation", "(self.kernel - 1) * self.dilation + 1", "self.kernel * self.dilation"),
        ("extent without dilation", "(self.kernel - 1) * self.dilation + 1", "self.kernel"),
        ("padding of the extent allowed", "max(self.before, self.after) < self.extent",
         "max(self.before, self.after) - 1 < self.extent"),
        ("padding not held against the extent", "max(self.before, self.after) < self.extent", "self.extent"),
        ("window held against the map without padding", "<= n + self.before + self.after", "<= n"),
        ("kernel, stride, dilation not held against 0", "if min(self.kernel, self.stride, self.dilation, n) < 1:", "if n < 1:"),
    ],
    "fields": [
        ("window: width before height", "Axis(*values[0::2]), Axis(*values[1::2])", "Axis(*values[1::2]), Axis(*values[0::2])"),
        ("window: top, bottom, left, right", "Axis(*values[0::2]), Axis(*values[1::2])",
         "Axis(*values[0:4:2], *values[4:6]), Axis(*values[1:4:2], *values[6:8])"),
        ("window: stride before kernel", "Axis(*values[0::2]), Axis(*values[1::2])",
         "Axis(values[2], values[0], *values[4::2]), Axis(values[3], values[1], *values[5::2])"),
        ("dilation: width before height", 'zip(node.window, ("dilation_h"', 'zip(node.window[::-1], ("dilation_h"'),
        ("min may be greater than max", "need(low <= high,", "need(True,"),
        ("concat of one", "bounded(cursor, *limits.CONCAT_INPUTS, \"count\")", "bounded(cursor, 1, 64, \"count\")"),
        ("concat of 65", "bounded(cursor, *limits.CONCAT_INPUTS, \"count\")", "bounded(cursor, 2, 65, \"count\")"),
        ("include_padding of any value", 'choice(cursor, (0, 1), "include_padding")', 'cursor.u32("include_padding")'),
        ("alpha and beta exchanged", 'node.numbers = _number(cursor, "alpha"), _number(cursor, "beta")',
         'node.numbers = (_number(cursor, "beta"), _number(cursor, "alpha"))[::-1]'),
    ],
    "shapes": [
        ("groups divide channels alone", " and layer.rows % node.groups == 0", ""),
        ("groups divide rows alone", " and channels % node.groups == 0", ""),
        ("columns of all channels", "channels // node.groups * node.window", "channels * node.window"),
        ("concat does not compare heights", "{(len(shape), *shape[1:]) for", "{(len(shape), *shape[2:]) for"),
        ("concat does not compare ranks", "{(len(shape), *shape[1:]) for", "{shape[1:] or shapes[0][1:] for"),
        ("add compares elements", "shape == input_shapes[1]", "math.prod(shape) == math.prod(input_shapes[1])"),
        ("reshape does not compare", "need(math.prod(node.dimensions) == math.prod(shape),", "need(True,"),
        ("affine pairs per element", "Affine(shape[0])", "Affine(math.prod(shape))"),
        ("pooling without work of its kernel", "return elements * math.prod(axis.kernel for axis in node.window or ())",
         "return elements"),
        ("conv2d without work of its columns", "math.prod(node.shape[1:]) * node.layer.cols", "math.prod(node.shape[1:])"),
        ("conv2d of no rows without work", "max(node.layer.rows, node.groups)", "node.layer.rows"),
        ("conv2d of no rows as one row", "max(node.layer.rows, node.groups)", "max(node.layer.rows, 1)"),
        ("work of one window per channel", "    elements = math.prod(node.shape)\n", "    elements = node.shape[0]\n"),
        ("work of a pooled map as of the input", "if node.op == \"global_average_pool\":\n        return math.prod(node.inp",
         "if node.op != \"linear\":\n        return math.prod(node.inp"),
        ("linear of an image", 'VECTORS = ("linear", "softmax")', 'VECTORS = ("softmax",)'),
    ],
    "graph": [
        ("work held alone, not summed", SUM, "        self.work = work(node)\n"),
        ("work may be 2^40 alone", "self.work <= limits.WORK", "self.work < limits.WORK"),
        ("values may be less than 2^31", "self.elements <= limits.VALUE_ELEMENTS", "self.elements < limits.VALUE_ELEMENTS"),
        ("a patch is no value", '(node.layer.cols if node.op == "conv2d" else 0)', "0"),
        ("one use is not enough", "used.update(node.inputs)", "used.update(node.inputs[:1])"),
        ("no elements before left over", f"    cursor.finish()\n{NOTHING}", f"{NOTHING}    cursor.finish()\n"),
    ],
    "tables": [
        ("affine: offsets before scales", "node.affine.scale = _floats(cursor, node.affine.count, \"affine scale\")\n"
         "            node.affine.offset = ", "node.affine.offset = _floats(cursor, node.affine.count, \"affine scale\")\n"
         "            node.affine.scale = "),
        ("affine scale must not be zero", "node.affine.count, \"affine scale\")",
         "node.affine.count, \"affine scale\", lambda value: value != 0)"),
        ("affine pairs after all layers", "    for node in nodes:\n        if node.layer:\n            _layer",
         "    for node in sorted(nodes, key=lambda node: node.affine is not None):\n        if node.layer:\n            _layer"),
    ],
    "origin": [
        ("columns of the kernel in the mask", "node.input_shapes[0][0])", "node.layer.cols)"),
    ],
}
