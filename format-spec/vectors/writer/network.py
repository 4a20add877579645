"""A network to be written, and the words of its sections with a label for each field."""

import struct
from dataclasses import dataclass, field

from .arrays import F16, F32, pack

OPS = {"linear": 1, "relu": 2, "softmax": 3, "flatten": 4}


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


@dataclass
class Network:
    """`nodes` holds operator names and Linear; `mask` is a list of 0 and 1, or None for no gather."""
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
    def linears(self):
        return [node for node in self.nodes if isinstance(node, Linear)]


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


def graph_words(net):
    out = Words()
    out.u32("nodes", len(net.nodes))
    out.u32("dtype", ("u8", "f32").index(net.dtype))
    out.u32("rank", len(net.shape))
    out.u32("shape", *net.shape)
    out.u32("gather", int(net.mask is not None))
    if net.mask is not None:
        out.u32("kept", sum(net.mask))
    for i, node in enumerate(net.nodes, 1):
        linear = isinstance(node, Linear)
        out.u32(f"{i}.op", OPS["linear" if linear else node])
        out.u32(f"{i}.input", i - 1)
        if linear:
            out.u32(f"{i}.rows", node.rows)
            out.u32(f"{i}.encoding", node.encoding)
            out.u32(f"{i}.parameter", node.parameter)
            out.u32(f"{i}.row_factors", int(node.factors is not None))
    return out


def tables_words(net):
    out = Words()
    out.f32("scale", net.scale)
    out.f32("offset", net.offset)
    if net.mask is not None:
        out.u32("mask", *mask_words(net.mask))
    for i, node in enumerate(net.nodes, 1):
        if isinstance(node, Linear):
            out.f32(f"{i}.levels", node.levels)
            out.f32(f"{i}.factors", node.factors or [])
            out.f32(f"{i}.biases", node.biases)
    return out


def weights_words(net):
    out = Words()
    for i, node in enumerate(net.nodes, 1):
        if isinstance(node, Linear):
            raw = pack(node.encoding, node.parameter, node.rows, node.cols, node.codes)
            if raw:
                out.put(f"{i}.padding", bytes(-len(out.data) % 64))
            out.put(f"{i}.array", raw)
    return out


def origin_words(net):
    out = Words()
    network, method, nodes = net.origin
    out.text("network", network)
    out.text("method", method)
    for i, (node, (name, *masks)) in enumerate(zip(net.nodes, nodes), 1):
        out.text(f"{i}.name", name)
        if isinstance(node, Linear):
            out.u32(f"{i}.original", *map(len, masks))
            out.u32(f"{i}.row_mask", *mask_words(masks[0]))
            out.u32(f"{i}.column_mask", *mask_words(masks[1]))
    return out


def weights_f32(net):
    """What NAME.weights holds: row-major f32 of every linear layer; a fixed_point weight is q * step, rounded once."""
    out = bytearray()
    for node in net.linears:
        for row in node.codes:
            for code in row:
                if node.encoding in (F32, F16):
                    value = code
                elif len(node.levels) == 1:
                    value = code * node.levels[0]
                elif node.encoding == 3:
                    value = (0.0, node.levels[1], node.levels[0])[code]
                else:
                    value = node.levels[code]
                out += struct.pack("<f", value)
    return bytes(out)
