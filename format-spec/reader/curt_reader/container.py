"""Header, section table, padding and checksums: steps 1 to 7 of SPEC section 8."""

import struct
from dataclasses import dataclass

from . import limits
from .crc32c import crc32c
from .error import FormatError, need

MAGIC = bytes.fromhex("89435552540D0A1A")
GRAPH, TABLES, WEIGHTS, ORIGIN = 1, 2, 3, 4
OPTIONAL_BIT = {GRAPH: 0, TABLES: 0, WEIGHTS: 0, ORIGIN: 1}
HEADER_BYTES, ENTRY_BYTES = 64, 32


@dataclass
class Section:
    id: int
    optional: bool
    offset: int
    length: int
    checksum: int


def align64(n):
    return -(-n // 64) * 64


def _header(data):
    """Steps 1 to 3. Returns the section count and the optional feature bits."""
    length = len(data)
    need(length > 0, "empty", 0, "the file has no bytes")
    need(length <= limits.FILE_BYTES, "limit", 0, "the file is larger than the limit")
    need(data[:8] == MAGIC[:length], "magic", 0, "not a Curt file")
    need(length >= HEADER_BYTES, "truncated", length, "the header is not complete")
    order, version, profile, file_bytes, required, optional, count = struct.unpack_from("<IHHQIII", data, 8)
    need(order == 0x01020304, "byte_order", 8, f"byte order {order:#010x}")
    need(version == 0, "version", 12, f"version {version}")
    need(profile == 0, "unknown_id", 14, f"profile {profile}")
    need(file_bytes <= length, "truncated", length, f"{length} of {file_bytes} bytes")
    need(file_bytes >= length, "trailing", file_bytes, "bytes after the end that the header gives")
    need(required == 0, "feature", 24, f"required features {required:#x}")
    need(not any(data[36:60]), "reserved", 36, "reserved bytes of the header are not zero")
    need(limits.SECTIONS[0] <= count <= limits.SECTIONS[1], "limit", 32, f"{count} sections")
    need(count * ENTRY_BYTES <= length - HEADER_BYTES, "bounds", 32, "the section table passes the end of the file")
    table = data[HEADER_BYTES:HEADER_BYTES + count * ENTRY_BYTES]
    need(crc32c(data[:60] + table) == int.from_bytes(data[60:64], "little"), "checksum", 60, "header checksum")
    return count, optional


def _entry(data, at, previous_id, previous_end):
    """Step 4 for the entry at byte `at`."""
    ident, flags, offset, length, checksum, reserved = struct.unpack_from("<IIQQII", data, at)
    need(flags & ~1 == 0, "reserved", at + 4, f"flags {flags:#x}")
    need(reserved == 0, "reserved", at + 28, "reserved field of a section")
    need(ident >= 1, "order", at, "section 0")
    need(ident != previous_id, "duplicate", at, f"section {ident} twice")
    need(previous_id is None or ident > previous_id, "order", at, f"section {ident} after {previous_id}")
    if ident in OPTIONAL_BIT:
        need(flags == OPTIONAL_BIT[ident], "reserved", at + 4, f"section {ident} with the wrong optional flag")
    need(ident in OPTIONAL_BIT or flags == 1, "feature", at, f"unknown required section {ident}")
    expected = align64(previous_end)
    need(offset % 64 == 0, "align", at + 8, f"section {ident} at {offset}")
    need(offset >= expected, "overlap", at + 8, f"section {ident} at {offset}, not {expected}")
    need(offset <= expected, "gap", at + 8, f"section {ident} at {offset}, not {expected}")
    inside = offset <= len(data) and length <= len(data) - offset
    need(inside, "bounds", at + 8, f"section {ident} passes the end of the file")
    need(not any(data[previous_end:offset]), "padding", previous_end, f"bytes before section {ident} are not zero")
    return Section(ident, bool(flags), offset, length, checksum)


def read_container(data):
    """Steps 1 to 7. Returns ({id: Section}, optional feature bits)."""
    count, optional_features = _header(data)
    sections, previous_id, end = {}, None, HEADER_BYTES + ENTRY_BYTES * count
    for index in range(count):
        section = _entry(data, HEADER_BYTES + ENTRY_BYTES * index, previous_id, end)
        sections[section.id] = section
        previous_id, end = section.id, section.offset + section.length
    for ident in (GRAPH, TABLES, WEIGHTS):
        need(ident in sections, "missing_section", HEADER_BYTES, f"section {ident} is missing")
    need(end == len(data), "trailing", end, "bytes after the last section")
    for section in sections.values():
        if crc32c(data[section.offset:section.offset + section.length]) != section.checksum:
            raise FormatError("checksum", section.offset, f"checksum of section {section.id}")
    return sections, optional_features
