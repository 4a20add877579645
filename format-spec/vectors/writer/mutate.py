"""One defect put into a small valid file."""

import struct

from .file import BUILDERS, assemble, repair, sections_of, write

FILES = {}


def bad(kind, what, data):
    """Registers invalid/KIND--WHAT.curt."""
    name = f"{kind}--{what}"
    assert name not in FILES and data not in FILES.values(), name
    FILES[name] = bytes(data)


def raw(value):
    """An int as u32, a float as f32, bytes as they are."""
    if isinstance(value, bytes):
        return value
    return struct.pack("<I" if isinstance(value, int) else "<f", value)


def patched(data, offset, value, fix=True):
    """`data` with `value` at `offset`; checksums repaired if `fix`."""
    value = raw(value)
    data = data[:offset] + value + data[offset + len(value):]
    return repair(data) if fix else data


def with_section(net, ident, change):
    """The file of `net` with section `ident` replaced by change(bytes)."""
    return assemble([(i, flags, change(part) if i == ident else part) for i, flags, part in sections_of(net)])


def edited(net, ident, label, value, index=0):
    """The file of `net` with `value` in place of the u32 number `index` of field `label` of section `ident`."""
    words, value = BUILDERS[ident](net), raw(value)
    at = words.labels[label] + 4 * index
    words.data[at:at + len(value)] = value
    return with_section(net, ident, lambda _: bytes(words.data))


def section_entry(ident, data):
    """The offset in the file of the table entry of section `ident`."""
    count = struct.unpack_from("<I", data, 32)[0]
    return next(at for at in range(64, 64 + 32 * count, 32) if struct.unpack_from("<I", data, at)[0] == ident)


def entry_patched(net, ident, field, value, fix=True):
    """The file of `net` with another value in the table entry of section `ident`."""
    data = write(net)
    at, form = {"id": (0, "<I"), "flags": (4, "<I"), "offset": (8, "<Q"), "length": (16, "<Q"),
                "checksum": (24, "<I"), "reserved": (28, "<I")}[field]
    at += section_entry(ident, data)
    value = value(struct.unpack_from(form, data, at)[0]) if callable(value) else value
    return patched(data, at, struct.pack(form, value), fix)
