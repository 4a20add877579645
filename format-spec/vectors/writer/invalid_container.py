"""Defects of header, section table, padding and checksums, and files of other formats."""

import struct
import zlib

from .bases import chain_net, dense_net, origin_net, relu_net
from .file import MAGIC, assemble, checksum, repair, sections_of, write
from .mutate import bad, entry_patched, patched

GOOD = write(chain_net())


def _foreign():
    bad("empty", "no-bytes", b"")
    for at in (0, 1, 4, 7):
        bad("magic", f"byte-{at}", patched(GOOD, at, bytes([MAGIC[at] ^ 0x20])))
    bad("magic", "one-wrong-byte-alone", b"C")
    bad("magic", "wrong-third-of-three", MAGIC[:2] + b"X")
    bad("magic", "zeros", bytes(64))
    bad("magic", "text-mode-crlf-to-lf", GOOD.replace(b"\r\n", b"\n"))
    bad("magic", "text-mode-lf-to-crlf", GOOD.replace(b"\n", b"\r\n"))
    bad("magic", "text-mode-cr-to-lf", GOOD.replace(b"\r", b"\n"))
    bad("truncated", "text-mode-stops-at-1a", GOOD[:7])
    bad("magic", "text-mode-bit-7-stripped", bytes(byte & 0x7F for byte in GOOD))
    bad("magic", "text-mode-latin-1-to-utf-8", GOOD.decode("latin-1").encode())
    bad("magic", "text-mode-utf-8-replaced", GOOD.decode("utf-8", "replace").encode())
    bad("magic", "byte-order-mark", b"\xef\xbb\xbf" + GOOD)
    bad("magic", "words-swapped", b"".join(GOOD[i:i + 4][::-1] for i in range(0, len(GOOD), 4)))
    bad("magic", "shifted-by-one", b"\0" + GOOD)
    bad("magic", "git-lfs-pointer", b"version https://git-lfs.github.com/spec/v1\noid sha256:" + b"0" * 64 + b"\nsize 12\n")
    bad("magic", "html", b"<!DOCTYPE html>\n<html><head><title>404 Not Found</title></head><body></body></html>\n")
    bad("magic", "json", b'{"error": "not found"}')
    bad("magic", "gzip", bytes.fromhex("1f8b0800000000000003") + bytes(60))
    bad("magic", "zstd", bytes.fromhex("28b52ffd") + bytes(60))
    bad("magic", "zip", b"PK\x03\x04\x14\0" + bytes(60))
    bad("magic", "png", b"\x89PNG\r\n\x1a\n" + bytes(60))
    bad("magic", "gguf", b"GGUF" + struct.pack("<IQQ", 3, 0, 0) + bytes(44))
    tensors = b'{"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}  '
    bad("magic", "safetensors", struct.pack("<Q", len(tensors)) + tensors + bytes(4))
    bad("magic", "onnx", b"\x08\x08\x12\x07pytorch\x1a\x03" + b"2.1:" + bytes(50))
    bad("magic", "npy", b"\x93NUMPY\x01\0v\0{'descr': '<f4'}" + bytes(50))


def _header():
    for length in (1, 4, 8, 63, 64, len(GOOD) // 2, len(GOOD) - 1):
        bad("truncated", f"at-{length}-of-{len(GOOD)}", GOOD[:length])
    for what, value in (("plus-1", len(GOOD) + 1), ("2pow63", 2**63), ("2pow64-1", 2**64 - 1)):
        bad("truncated", f"file-bytes-{what}", patched(GOOD, 16, struct.pack("<Q", value)))
    for what, value in (("minus-1", len(GOOD) - 1), ("0", 0), ("64", 64)):
        bad("trailing", f"file-bytes-{what}", patched(GOOD, 16, struct.pack("<Q", value)))
    bad("trailing", "one-zero", GOOD + b"\0")
    bad("trailing", "one-newline", GOOD + b"\n")
    bad("trailing", "one-page", GOOD + bytes(4096 - len(GOOD)))
    bad("trailing", "zip-end-record", GOOD + b"PK\x05\x06" + bytes(18))
    bad("trailing", "file-twice", GOOD + GOOD)
    bad("byte_order", "zero", patched(GOOD, 8, 0))
    bad("byte_order", "reversed", patched(GOOD, 8, 0x04030201))
    big = struct.pack(">IHHQIII", *struct.unpack_from("<IHHQIII", GOOD, 8))
    bad("byte_order", "big-endian-header", patched(GOOD, 8, big, False))
    for version in (1, 256, 65535):
        bad("version", str(version), patched(GOOD, 12, struct.pack("<H", version)))
    for profile in (1, 256, 65535):
        bad("unknown_id", f"profile-{profile}", patched(GOOD, 14, struct.pack("<H", profile)))
    for what, bits in (("bit-0", 1), ("bit-31", 1 << 31), ("all", 2**32 - 1)):
        bad("feature", f"required-{what}", patched(GOOD, 24, bits))
    for at in (36, 47, 59):
        bad("reserved", f"header-byte-{at}", patched(GOOD, at, b"\1"))
    for count in (0, 1, 2, 17, 2**31, 2**32 - 1):
        bad("limit", f"section-count-{count}", patched(GOOD, 32, count))
    small = write(relu_net())
    bad("bounds", "section-table-past-the-end", patched(small, 32, 16))


def _checksums():
    bad("checksum", "header-field", patched(GOOD, 60, bytes([GOOD[60] ^ 1]), False))
    bad("checksum", "header-zero", patched(GOOD, 60, 0, False))
    bad("checksum", "header-optional-features", patched(GOOD, 28, 1, False))
    bad("checksum", "header-crc-32-of-zip", patched(GOOD, 60, zlib.crc32(GOOD[:60] + GOOD[64:160]), False))
    bad("checksum", "header-without-table", patched(GOOD, 60, checksum(GOOD[:60]), False))
    bad("checksum", "table-entry", patched(GOOD, 64 + 24, bytes([GOOD[88] ^ 128]), False))
    net = origin_net()
    net.extra = [(77, 1, b"unknown")]
    data = write(net)
    for ident, name in ((1, "graph"), (2, "tables"), (3, "weights"), (4, "origin"), (77, "unknown")):
        at = 64 + 32 * [1, 2, 3, 4, 77].index(ident)
        offset, length = struct.unpack_from("<QQ", data, at + 8)
        for what, where in (("first", 0), ("last", length - 1)):
            flipped = bytes([data[offset + where] ^ 1])
            bad("checksum", f"{name}-{what}-byte", patched(data, offset + where, flipped, False))
    zip_crc = zlib.crc32(sections_of(net)[0][2])
    bad("checksum", "graph-crc-32-of-zip", _header_repaired(patched(data, 64 + 24, zip_crc, False)))


def _header_repaired(data):
    """The header checksum right, the section checksums as they are."""
    count = struct.unpack_from("<I", data, 32)[0]
    return data[:60] + struct.pack("<I", checksum(data[:60] + data[64:64 + 32 * count])) + data[64:]


def _entries():
    net, known = chain_net(), origin_net()
    for ident, name in ((1, "graph"), (3, "weights")):
        for bit in (1, 31):
            bad("reserved", f"{name}-flag-{bit}", entry_patched(net, ident, "flags", 1 << bit))
        bad("reserved", f"{name}-reserved-field", entry_patched(net, ident, "reserved", 1))
        bad("reserved", f"{name}-optional", entry_patched(net, ident, "flags", 1))
    bad("reserved", "tables-optional", entry_patched(net, 2, "flags", 1))
    bad("reserved", "origin-required", entry_patched(known, 4, "flags", 0))
    parts = sections_of(net)
    unknown = (77, 1, b"unknown")
    bad("feature", "unknown-required-77", assemble(parts + [(77, 0, b"unknown")]))
    bad("feature", "unknown-required-5", assemble(parts + [(5, 0, b"")]))
    bad("duplicate", "graph", assemble([parts[0], *parts]))
    bad("duplicate", "weights", assemble([*parts, parts[2]]))
    bad("duplicate", "unknown", assemble([*parts, unknown, unknown]))
    bad("order", "tables-before-graph", assemble([parts[1], parts[0], parts[2]]))
    bad("order", "reversed", assemble(parts[::-1]))
    bad("order", "unknown-before-origin", assemble([*parts, unknown, sections_of(known)[3]]))
    for step in (1, 4, 32):
        bad("align", f"tables-plus-{step}", entry_patched(net, 2, "offset", lambda v, s=step: v + s))
    bad("align", "graph-behind-table", entry_patched(net, 1, "offset", 160))
    bad("align", "weights-2pow64-1", entry_patched(net, 3, "offset", 2**64 - 1))
    bad("overlap", "graph-at-0", entry_patched(net, 1, "offset", 0))
    bad("overlap", "graph-on-section-table", entry_patched(net, 1, "offset", 128))
    bad("overlap", "tables-on-graph", entry_patched(net, 2, "offset", 192))
    bad("overlap", "weights-64-early", entry_patched(net, 3, "offset", lambda v: v - 64))
    bad("overlap", "graph-longer", entry_patched(net, 1, "length", lambda v: v + 128))
    for what, change in (("64-late", lambda v: v + 64), ("2pow63", lambda v: 2**63), ("2pow64-64", lambda v: 2**64 - 64),
                         ("2pow32-more", lambda v: v + 2**32)):
        bad("gap", f"weights-{what}", entry_patched(net, 3, "offset", change))
    bad("gap", "graph-64-late", entry_patched(net, 1, "offset", lambda v: v + 64))
    bad("gap", "graph-shorter", entry_patched(net, 1, "length", 0))
    offset = struct.unpack_from("<Q", GOOD, 64 + 32 * 2 + 8)[0]
    for what, length in (("plus-1", len(GOOD) - offset + 1), ("2pow63", 2**63), ("2pow64-1", 2**64 - 1),
                         ("wraps-to-0", 2**64 - offset), ("wraps-to-1", 2**64 - offset + 1)):
        bad("bounds", f"weights-length-{what}", entry_patched(net, 3, "length", length))
    bad("bounds", "graph-length-2pow64-1", entry_patched(net, 1, "length", 2**64 - 1))


def _between():
    for what, ident, step in (("before-graph", 1, -1), ("after-section-table", 1, -32), ("before-tables", 2, -1),
                              ("before-weights", 3, -1)):
        at = struct.unpack_from("<Q", GOOD, 64 + 32 * (ident - 1) + 8)[0] + step
        bad("padding", what, patched(GOOD, at, b"\1"))
    empty = write(relu_net())
    bad("padding", "before-empty-weights", patched(empty, len(empty) - 1, b"\x80"))
    bad("padding", "after-graph", patched(GOOD, 192 + len(sections_of(chain_net())[0][2]), b"\1"))
    parts = sections_of(dense_net())
    unknown = (77, 1, b"unknown")
    for index, name in enumerate(("graph", "tables", "weights")):
        bad("missing_section", name, assemble([p for i, p in enumerate(parts) if i != index] + [unknown]))
    bad("missing_section", "all", assemble([(70 + i, 1, b"x") for i in range(3)]))
    longer = GOOD + bytes(64)
    bad("trailing", "64-bytes-after-the-last-section", patched(longer, 16, struct.pack("<Q", len(longer))))
    bad("trailing", "last-section-1-shorter", entry_patched(chain_net(), 3, "length", lambda v: v - 1))
    bad("trailing", "padding-after-the-last-section", repair(_padded_end()))


def _padded_end():
    net = chain_net()
    net.extra = [(77, 1, b"x")]
    data = write(net)
    data += bytes(-len(data) % 64)
    return data[:16] + struct.pack("<Q", len(data)) + data[24:]


def build():
    _foreign()
    _header()
    _checksums()
    _entries()
    _between()
