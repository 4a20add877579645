"""Packed files (packed.md, sections 1, 2 and 12)."""

from .. import limits
from ..container import ENTRY_BYTES, HEADER_BYTES, Section, align64
from ..crc32c import crc32c
from ..error import need
from ..graph import read_graph
from ..layout import BLOCK_F32, SPARSE
from ..model import layers_of, parse
from ..tables import tables_bytes
from ..weights import array_offsets
from .coder import Decoder, Encoder
from .graph import code_graph
from .mapped import Content, content_of, mapped_file, words_bytes
from .origin import code_origin, code_rest
from .tables import code_tables
from .weights import code_weights

MAGIC, VERSION, CHECKSUM_BYTES = b"\x89CP", 0, 4
MOST_UNCODED = 2**26
ELEMENTS_PER_BYTE = 23000


def is_packed(data):
    return data[:3] == MAGIC


def _stream(data):
    """Step 1."""
    need(len(data) > 0, "empty", 0, "the file has no bytes")
    need(len(data) <= limits.FILE_BYTES, "limit", 0, "the file is larger than the limit")
    need(data[:3] == MAGIC[:len(data)], "magic", 0, "not a packed file")
    need(len(data) > 3, "truncated", len(data), "no version")
    need(data[3] == VERSION, "version", 3, f"version {data[3]}")
    need(len(data) >= 8, "truncated", len(data), "no checksum")
    end = len(data) - CHECKSUM_BYTES
    need(crc32c(data[:end]) == int.from_bytes(data[end:], "little"), "checksum", end, "checksum of the file")
    return data[4:end]


def _graph(words):
    """Step 8 of SPEC section 8 for the words of a graph section."""
    data = words_bytes(words)
    return read_graph(data, Section(1, False, 0, len(data), 0))


def _mask_bits(spec):
    """(bits of the input mask that are coded, bits that are not)."""
    if spec.kept is None:
        return 0, 0
    return (0, spec.elements) if spec.kept in (0, spec.elements) else (spec.elements, 0)


def _uncoded(spec, layers):
    """Bounds the weights and mask bits that the stream's length does not bound."""
    weights = sum(layer.rows * layer.cols for layer in layers if layer.encoding in SPARSE or layer.encoding == BLOCK_F32)
    count = weights + _mask_bits(spec)[1]
    need(count <= MOST_UNCODED, "limit", 0, f"{count} weights of sparse and block layers and bits of the mask")


def _sizes(words, spec, nodes, stream_bytes):
    """Step 3."""
    layers = layers_of(nodes)
    end = HEADER_BYTES + limits.SECTIONS[0] * ENTRY_BYTES
    for size in (4 * len(words), tables_bytes(spec, nodes), array_offsets(layers)[1]):
        end = align64(end) + size
    need(end <= limits.FILE_BYTES, "limit", 0, f"a mapped file of {end} bytes")
    _uncoded(spec, layers)
    elements = sum(layer.rows * layer.cols for layer in layers) + _mask_bits(spec)[0]
    need(elements <= ELEMENTS_PER_BYTE * (stream_bytes + 1), "truncated", 0, f"{elements} elements in {stream_bytes} bytes")


def _code(coder, words, spec, nodes, wanted=None):
    """The content after the graph, whose words are `words`."""
    tables = code_tables(coder, spec, nodes, wanted and wanted.tables)
    spec.mask = tables.mask
    matrices = code_weights(coder, spec, nodes, tables, wanted and wanted.matrices)
    origin = code_origin(coder, nodes, tables.mask, wanted and wanted.origin)
    return Content(words, tables, matrices, origin, code_rest(coder, wanted and wanted.rest))


def pack(data):
    """The packed file of a mapped one."""
    content, coder = content_of(data), Encoder()
    spec, nodes = _graph(code_graph(coder, content.words))
    _uncoded(spec, layers_of(nodes))
    _code(coder, content.words, spec, nodes, content)
    packed = MAGIC + bytes([VERSION]) + coder.finish()
    return packed + crc32c(packed).to_bytes(CHECKSUM_BYTES, "little")


def unpack(data):
    """The mapped file of a packed one; raises FormatError with the first violation."""
    stream = _stream(data)
    coder = Decoder(stream)
    words = code_graph(coder)
    spec, nodes = _graph(words)
    _sizes(words, spec, nodes, len(stream))
    content = _code(coder, words, spec, nodes)
    coder.finish()
    mapped = mapped_file(nodes, content)
    parse(mapped)
    need(pack(mapped) == data, "non_canonical", 0, "packing gives other bytes")
    return mapped
