"""A network to be written, and the words of its sections with a label for each field."""

import struct
from dataclasses import dataclass, field

from .arrays import CODEBOOK, F16, F32, TERNARY, pack
from .patterns import BLOCK, SPARSE_CODEBOOK, SPARSE_F32, counts_bytes, parts_of, pattern_fields

OPS = {name: number for number, name in enumerate((
    "linear", "relu", "softmax", "flatten", "conv2d", "max_pool", "average_pool", "global_average_pool", "affine",
    "leaky_relu", "sigmoid", "tanh", "clip", "hard_sigmoid", "hard_swish", "add", "concat", "reshape"), 1)}


@dataclass
class Linear:
    rows: int
    cols: int
    encoding: int
    parameter: int = 0
    codes: list = field(default_factory=list)
    levels: list = field(default_factory=list)
    factors: list | None = None
    biases: list = field(default_factory=list)
    units: int = 0  # of a column tile, sparse encodings


@dataclass
class Op:
    """A node with fields of its own, or with inputs other than the value before it."""
    name: str
    inputs: list | None = None  # None: the value before
    fields: list = field(default_factory=list)  # (label, [int or float, ...]) after the inputs and the layer
    layer: Linear | None = None
    pairs: list | None = None  # of an affine node: scales, offsets


def op_of(node):
    """A node of a Network as Op."""
    if isinstance(node, Linear):
        return Op("linear", layer=node)
    return Op(node) if isinstance(node, str) else node


@dataclass
class Network:
    """`nodes` holds operator names, Linear and Op; `mask` is a list of 0 and 1, or None for no gather."""
    shape: tuple
    nodes: list
    dtype: str = "f32"
    mask: list | None = None
    scale: list = field(default_factory=lambda: [1.0])
    offset: list = field(default_factory=lambda: [0.0])
    origin: list | None = None  # [network, method, [(name, row mask, column mask)]]
    extra: list = field(default_factory=list)  # (id, flags, bytes) of unknown sections
    optional_features: int = 0

    @property
    def ops(self):
        return [op_of(node) for node in self.nodes]

    @property
    def linears(self):
        """The layers with weights, convolutions too."""
        return [op.layer for op in self.ops if op.layer]


class Words:
    """Bytes under construction; `labels` says where each named field begins."""

    def __init__(self):
        self.data, self.labels = bytearray(), {}

    def put(self, label, raw):
        self.labels[label] = len(self.data)
        self.data += raw

    def u32(self, label, *values):
        self.put(label, struct.pack(f"<{len(values)}I", *values))

    def f32(self, label, values):
        self.put(label, struct.pack(f"<{len(values)}f", *values))

    def text(self, label, text):
        raw = text if isinstance(text, bytes) else text.encode()
        self.u32(label, len(raw))
        self.put(label + ".bytes", raw)
        self.put(label + ".padding", bytes(-len(raw) % 4))


def mask_words(bits):
    words = [0] * -(-len(bits) // 32)
    for i, bit in enumerate(bits):
        words[i // 32] |= bit << i % 32
    return words


def node_words(out, i, op):
    """The fields of node `i`, in the order of SPEC 4.2."""
    out.u32(f"{i}.op", OPS[op.name])
    inputs = [i - 1] if op.inputs is None else op.inputs
    if op.name == "concat":
        out.u32(f"{i}.count", len(inputs))
    out.u32(f"{i}.input", *inputs)
    if op.layer:
        out.u32(f"{i}.rows", op.layer.rows)
        out.u32(f"{i}.encoding", op.layer.encoding)
        out.u32(f"{i}.parameter", op.layer.parameter)
        out.u32(f"{i}.row_factors", int(op.layer.factors is not None))
        for label, value in pattern_fields(op.layer):
            out.u32(f"{i}.{label}", value)
    for label, values in op.fields:
        out.put(f"{i}.{label}", b"".join(struct.pack("<I" if isinstance(v, int) else "<f", v) for v in values))


def graph_words(net):
    out = Words()
    out.u32("nodes", len(net.nodes))
    out.u32("dtype", ("u8", "f32").index(net.dtype))
    out.u32("rank", len(net.shape))
    out.u32("shape", *net.shape)
    out.u32("gather", int(net.mask is not None))
    if net.mask is not None:
        out.u32("kept", sum(net.mask))
    for i, op in enumerate(net.ops, 1):
        node_words(out, i, op)
    return out


def tables_words(net):
    out = Words()
    out.f32("scale", net.scale)
    out.f32("offset", net.offset)
    if net.mask is not None:
        out.u32("mask", *mask_words(net.mask))
    for i, op in enumerate(net.ops, 1):
        if op.layer:
            out.f32(f"{i}.levels", op.layer.levels)
            out.put(f"{i}.counts", counts_bytes(op.layer))
            out.f32(f"{i}.factors", op.layer.factors or [])
            out.f32(f"{i}.biases", op.layer.biases)
        if op.pairs:
            out.f32(f"{i}.scales", op.pairs[0])
            out.f32(f"{i}.offsets", op.pairs[1])
    return out


def weights_words(net):
    out = Words()
    for i, op in enumerate(net.ops, 1):
        if node := op.layer:
            parts = [("array", pack(node.encoding, node.parameter, node.rows, node.cols, node.codes))] if (
                node.encoding < SPARSE_F32) else parts_of(node)
            if any(raw for _, raw in parts):
                out.put(f"{i}.padding", bytes(-len(out.data) % 64))
            for label, raw in parts:
                out.put(f"{i}.{label}", raw)
    return out


def origin_words(net):
    out = Words()
    network, method, nodes = net.origin
    out.text("network", network)
    out.text("method", method)
    for i, (op, (name, *masks)) in enumerate(zip(net.ops, nodes), 1):
        out.text(f"{i}.name", name)
        if op.layer:
            out.u32(f"{i}.original", *map(len, masks))
            out.u32(f"{i}.row_mask", *mask_words(masks[0]))
            out.u32(f"{i}.column_mask", *mask_words(masks[1]))
    return out


def weight(node, code):
    """The value of a code; that of fixed point, q * step, is to be rounded once."""
    if node.encoding in (F32, F16, SPARSE_F32, BLOCK):
        return code
    if node.encoding == TERNARY:
        return (0.0, node.levels[1], node.levels[0])[code]
    if node.encoding == CODEBOOK:
        return node.levels[code]
    if node.encoding == SPARSE_CODEBOOK:
        return node.levels[code - 1] if code else 0.0
    return code * node.levels[0] if code else 0.0


def weights_f32(net):
    """What NAME.weights holds: row-major f32 of every layer."""
    values = [weight(node, code) for node in net.linears for row in node.codes for code in row]
    return struct.pack(f"<{len(values)}f", *values)
