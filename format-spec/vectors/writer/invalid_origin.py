"""Defects of the origin section."""

from .bases import origin_net
from .file import write
from .mutate import bad, edited, with_section
from .network import origin_words


def _texts():
    for what, text in (("of-0-bytes", ""), ("of-256-bytes", "n" * 256)):
        for key in ("network", "method", "first", "second"):
            bad("name", f"{key}-{what}", write(origin_net(**{key: text})))
    bad("name", "network-length-2pow32-1", edited(origin_net(), 4, "network", 2**32 - 1))
    bad("name", "node-length-2pow31", edited(origin_net(), 4, "1.name", 2**31))
    for i, (what, char) in enumerate((
        ("nul", "\0"), ("escape", "\x1b"), ("newline", "\n"), ("tab", "\t"), ("unit-separator", "\x1f"),
        ("delete", "\x7f"), ("c1-first", "\x80"), ("next-line", "\x85"), ("c1-last", "\x9f"),
        ("bidi-lre", "\u202a"), ("bidi-rlo", "\u202e"), ("bidi-lri", "\u2066"), ("bidi-pdi", "\u2069"),
    )):
        key = ("network", "method", "first", "second")[i % 4]
        bad("name", f"{key}-{what}", write(origin_net(**{key: f"a{char}b"})))
    for i, (what, raw) in enumerate((
        ("byte-ff", b"ab\xff"), ("overlong-nul", b"a\xc0\x80"), ("overlong-slash", b"\xe0\x80\xaf"),
        ("surrogate", b"\xed\xa0\x80"), ("surrogate-pair", b"\xed\xa0\xbd\xed\xb8\x80"), ("cut-sequence", b"ab\xe2\x82"),
        ("lone-continuation", b"\x80a"), ("past-10ffff", b"\xf4\x90\x80\x80"), ("latin-1", b"f\xfcr"),
    )):
        key = ("network", "method", "first", "second")[i % 4]
        bad("utf8", f"{key}-{what}", write(origin_net(**{key: raw})))
    for label in ("network", "method", "1.name", "2.name"):
        bad("padding", f"origin-{label.replace('.', '-')}", edited(origin_net(), 4, label + ".padding", b"\1"))
    bad("padding", "origin-three-bytes-last", edited(origin_net(first="fc1 a"), 4, "1.name.padding", b"\0\0\x20"))
    bad("duplicate", "node-names-1-and-2", write(origin_net(second="fc1")))
    bad("duplicate", "node-names-1-and-4", write(origin_net(first="softmax")))
    bad("duplicate", "node-names-2-and-3", write(origin_net(second="fc2")))


def _sizes():
    for index, name in ((0, "rows"), (1, "columns")):
        for size in (2**24 + 1, 2**32 - 1):
            bad("limit", f"original-{name}-{size}", edited(origin_net(), 4, "1.original", size, index))
    for what, sizes in (("2pow48", (2**24, 2**24)), ("above-2pow31", (129, 2**24))):
        raw = b"".join(size.to_bytes(4, "little") for size in sizes)
        bad("limit", f"original-product-{what}", edited(origin_net(), 4, "1.original", raw))
    raw = (2**24).to_bytes(4, "little") + (128).to_bytes(4, "little")
    bad("bounds", "original-masks-past-the-end", edited(origin_net(), 4, "1.original", raw))
    for label, name in (("network", "network-name"), ("2.name", "node-name")):
        at = origin_words(origin_net()).labels[label]
        for what, step in (("before-length", 0), ("in-length", 2), ("before-bytes", 4), ("in-bytes", 6)):
            bad("bounds", f"origin-ends-{what}-of-{name}", with_section(origin_net(), 4, lambda p, n=at + step: p[:n]))
    for label in ("1.original", "1.row_mask", "1.column_mask", "3.name", "4.name"):
        at = origin_words(origin_net()).labels[label]
        bad("bounds", f"origin-ends-before-{label.replace('.', '-')}", with_section(origin_net(), 4, lambda p, n=at: p[:n]))
    bad("bounds", "origin-last-byte-missing", with_section(origin_net(), 4, lambda part: part[:-1]))
    bad("trailing", "origin-one-word", with_section(origin_net(), 4, lambda part: part + bytes(4)))
    bad("trailing", "origin-one-byte", with_section(origin_net(), 4, lambda part: part + b"\0"))
    bad("trailing", "origin-another-name", with_section(origin_net(), 4, lambda part: part + part[-12:]))


def _masks():
    for what, label, index, value in (
        ("rows-one-more", "1.row_mask", 0, 0b1111), ("rows-one-less", "1.row_mask", 0, 0b1001),
        ("rows-tail-bit-4", "1.row_mask", 0, 0b11101), ("rows-tail-bit-4-for-another", "1.row_mask", 0, 0b11001),
        ("columns-one-more", "1.column_mask", 0, 0b111111), ("columns-one-less", "1.column_mask", 0, 0b1111),
        ("columns-last-of-33", "1.column_mask", 1, 1), ("columns-tail-bit-1", "1.column_mask", 1, 2),
        ("columns-tail-bit-31", "1.column_mask", 1, 1 << 31), ("second-layer-rows", "3.row_mask", 0, 0b010),
        ("second-layer-columns", "3.column_mask", 0, 0b101),
        ("fewer-original-rows", "3.original", 0, 2), ("fewer-original-columns", "3.original", 1, 2),
        ("no-original-rows", "3.row_mask", 0, 0),
    ):
        bad("mask", f"origin-{what}", edited(origin_net(), 4, label, value, index))


def build():
    _texts()
    _sizes()
    _masks()
