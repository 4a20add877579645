"""The origin section: names, original dimensions and masks (SPEC section 7, step 12)."""

from dataclasses import dataclass

from . import limits
from .cursor import Cursor, check_mask
from .error import FormatError, need
from .tables import mask_words


@dataclass
class Original:
    """A node before compression. Only a linear or conv2d node has masks."""
    name: str
    row_mask: list | None = None
    column_mask: list | None = None


@dataclass
class Origin:
    network: str
    method: str
    nodes: list


def _forbidden(char):
    point = ord(char)
    control = point <= 0x1F or 0x7F <= point <= 0x9F
    return control or 0x202A <= point <= 0x202E or 0x2066 <= point <= 0x2069


def _text(cursor, what):
    at, length = cursor.at, cursor.u32(what)
    need(limits.NAME_BYTES[0] <= length <= limits.NAME_BYTES[1], "name", at, f"{what} of {length} bytes")
    raw = cursor.take(length, what)
    padding = cursor.take(-length % 4, what)
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise FormatError("utf8", at + 4 + error.start, f"{what} is not UTF-8") from None
    need(not any(map(_forbidden, text)), "name", at, f"{what} holds a forbidden character")
    need(not any(padding), "padding", at + 4 + length, f"{what}: padding is not zero")
    return text


def _original(cursor, node, name):
    sizes = []
    for what in ("original rows", "original columns"):
        at, size = cursor.at, cursor.u32(what)
        need(size <= limits.DIMENSION, "limit", at, f"{what} {size}")
        sizes.append(size)
    need(sizes[0] * sizes[1] <= limits.DIMENSION_PRODUCT, "limit", at, "product of the original dimensions")
    masks = []
    for size, ones, what in zip(sizes, (node.layer.rows, node.input_shapes[0][0]), ("row mask", "column mask")):
        at = cursor.at
        masks.append(check_mask(cursor.words(mask_words(size), what), size, ones, at, what))
    return Original(name, *masks)


def read_origin(data, section, nodes):
    cursor = Cursor(data, section.offset, section.length)
    origin = Origin(_text(cursor, "network name"), _text(cursor, "method name"), [])
    names = set()
    for node in nodes:
        at, name = cursor.at, _text(cursor, "node name")
        need(name not in names, "duplicate", at, f"two nodes are named {name!r}")
        names.add(name)
        origin.nodes.append(_original(cursor, node, name) if node.layer else Original(name))
    cursor.finish()
    return origin
