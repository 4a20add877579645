"""Sections to a file: header, table, padding, checksums; and their repair after a mutation."""

import struct

from .network import graph_words, origin_words, tables_words, weights_words

MAGIC = b"\x89CURT\r\n\x1a"


def checksum(data):
    """CRC-32C bit by bit: polynomial 0x1EDC6F41, reflected."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ 0x82F63B78 * (crc & 1)
    return crc ^ 0xFFFFFFFF


def assemble(sections, optional_features=0):
    """The file of [(id, flags, bytes)]."""
    end = 64 + 32 * len(sections)
    table, body = b"", b""
    for ident, flags, raw in sections:
        padding = -end % 64
        body += bytes(padding) + raw
        table += struct.pack("<IIQQII", ident, flags, end + padding, len(raw), 0, 0)
        end += padding + len(raw)
    header = MAGIC + struct.pack("<IHHQIII", 0x01020304, 0, 0, end, 0, optional_features, len(sections))
    return repair(header + bytes(28) + table + body)


def repair(data):
    """The same bytes with every checksum right that can be."""
    data = bytearray(data)
    count = min(struct.unpack_from("<I", data, 32)[0], (len(data) - 64) // 32)
    for at in range(64, 64 + 32 * count, 32):
        offset, length = struct.unpack_from("<QQ", data, at + 8)
        if offset + length <= len(data):
            struct.pack_into("<I", data, at + 24, checksum(data[offset:offset + length]))
    struct.pack_into("<I", data, 60, checksum(data[:60] + data[64:64 + 32 * count]))
    return bytes(data)


def sections_of(net):
    """[(id, flags, bytes)] in ascending order."""
    sections = [(1, 0, bytes(graph_words(net).data)), (2, 0, bytes(tables_words(net).data)),
                (3, 0, bytes(weights_words(net).data))]
    if net.origin:
        sections.append((4, 1, bytes(origin_words(net).data)))
    return sections + net.extra


def write(net):
    return assemble(sections_of(net), net.optional_features)
