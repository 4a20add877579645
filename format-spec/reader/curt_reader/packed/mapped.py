"""From a mapped file to its content, and back (SPEC 2 to 7)."""

import struct
from dataclasses import dataclass

from ..container import ENTRY_BYTES, GRAPH, HEADER_BYTES, MAGIC, OPTIONAL_BIT, ORIGIN, TABLES, WEIGHTS, align64
from ..crc32c import crc32c
from ..model import parse
from ..origin import Origin
from .array import bits_of
from .arrays import elements_of, write_array
from .origin import Rest
from .tables import Tables


@dataclass
class Content:
    """The content of a file. `matrices` has the rows of elements of each layer."""
    words: list
    tables: Tables
    matrices: list
    origin: Origin | None
    rest: Rest


def _arrays_of(node):
    if node.layer:
        return [bits_of(values or []) for values in (node.layer.levels, node.layer.factors, node.layer.biases)]
    affine = node.affine
    return [bits_of(affine.scale), bits_of(affine.offset)] if affine else [[], []]


def content_of(data):
    """The content of a mapped file. The file is checked as SPEC section 8 says."""
    model = parse(data)
    parts = {section.id: data[section.offset:section.offset + section.length] for section in model.sections}
    spec = model.input
    tables = Tables(bits_of(spec.scale), bits_of(spec.offset), spec.mask, [_arrays_of(node) for node in model.nodes])
    words = list(struct.unpack(f"<{len(parts[GRAPH]) // 4}I", parts[GRAPH]))
    unknown = [(ident, part) for ident, part in parts.items() if ident not in OPTIONAL_BIT]
    return Content(words, tables, [elements_of(layer) for layer in model.layers], model.origin,
                   Rest(model.optional_features, unknown))


def words_bytes(words):
    return struct.pack(f"<{len(words)}I", *words)


def _mask_bytes(mask):
    return sum(bit << i for i, bit in enumerate(mask)).to_bytes(-(-len(mask) // 32) * 4, "little")


def _counts_bytes(layer, counts):
    if layer.cols > 65535:
        return words_bytes(counts)
    return struct.pack(f"<{len(counts)}H", *counts) + bytes(len(counts) % 2 * 2)


def _tables_bytes(nodes, tables, counts):
    """The tables section. `counts` has those of each layer."""
    counts, parts = iter(counts), [words_bytes(tables.scale + tables.offset)]
    if tables.mask is not None:
        parts.append(_mask_bytes(tables.mask))
    for node, (first, *others) in zip(nodes, tables.nodes):
        parts.append(words_bytes(first))
        if node.layer:
            parts.append(_counts_bytes(node.layer, next(counts)))
        parts += map(words_bytes, others)
    return b"".join(parts)


def _text_bytes(text):
    data = text.encode()
    return struct.pack("<I", len(data)) + data + bytes(-len(data) % 4)


def _origin_bytes(origin):
    parts = [_text_bytes(origin.network), _text_bytes(origin.method)]
    for node in origin.nodes:
        parts.append(_text_bytes(node.name))
        if node.row_mask is not None:
            parts += words_bytes([len(node.row_mask), len(node.column_mask)]), _mask_bytes(node.row_mask), _mask_bytes(node.column_mask)
    return b"".join(parts)


def _assemble(sections, features):
    """The file of [(id, optional, bytes)]."""
    table, body, end = [], [], HEADER_BYTES + ENTRY_BYTES * len(sections)
    for ident, optional, part in sections:
        start = align64(end)
        body.append(bytes(start - end) + part)
        table.append(struct.pack("<IIQQII", ident, optional, start, len(part), crc32c(part), 0))
        end = start + len(part)
    head = MAGIC + struct.pack("<IHHQIII", 0x01020304, 0, 0, end, 0, features, len(sections)) + bytes(24)
    table = b"".join(table)
    return head + struct.pack("<I", crc32c(head + table)) + table + b"".join(body)


def mapped_file(nodes, content):
    """The mapped file of a content. `nodes` are those of its graph."""
    layers = [(node.layer, arrays[0]) for node, arrays in zip(nodes, content.tables.nodes) if node.layer]
    arrays = [write_array(layer, elements, levels) for (layer, levels), elements in zip(layers, content.matrices)]
    weights = b""
    for array, _ in arrays:
        weights += bytes(-len(weights) % 64) + array if array else b""
    tables = _tables_bytes(nodes, content.tables, [counts for _, counts in arrays])
    sections = [(GRAPH, 0, words_bytes(content.words)), (TABLES, 0, tables), (WEIGHTS, 0, weights)]
    if content.origin:
        sections.append((ORIGIN, 1, _origin_bytes(content.origin)))
    sections += [(ident, 1, part) for ident, part in content.rest.sections]
    return _assemble(sections, content.rest.features)
