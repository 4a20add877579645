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


BUILDERS = {1: graph_words, 2: tables_words, 3: weights_words, 4: origin_words}


def sections_of(net):
    """[(id, flags, bytes)] in ascending order."""
    known = (1, 2, 3, 4) if net.origin else (1, 2, 3)
    return [(ident, int(ident == 4), bytes(BUILDERS[ident](net).data)) for ident in known] + net.extra


def write(net):
    return assemble(sections_of(net), net.optional_features)
