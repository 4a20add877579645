"""A bounded reader of one section: it never reads a byte past the section's end."""

import struct

from .error import need


class Cursor:
    def __init__(self, data, start, length):
        self.data, self.at, self.end = data, start, start + length

    def take(self, count, what):
        """The next `count` bytes; `bounds` if the section has fewer."""
        need(count <= self.end - self.at, "bounds", self.at, f"{what} passes the end of the section")
        self.at += count
        return self.data[self.at - count:self.at]

    def u32(self, what):
        return int.from_bytes(self.take(4, what), "little")

    def words(self, count, what):
        """`count` u32, as a tuple."""
        return struct.unpack(f"<{count}I", self.take(4 * count, what))

    def finish(self):
        need(self.at == self.end, "trailing", self.at, "bytes left over in the section")


def check_mask(words, bits, ones, offset, what):
    """The mask's bits as a list of bool. Fails with `mask` unless `ones` of the `bits` are set and none past them."""
    tail = bits % 32
    need(not tail or words[-1] >> tail == 0, "mask", offset, f"{what}: a bit past the last is set")
    count = sum(word.bit_count() for word in words)
    need(count == ones, "mask", offset, f"{what}: {count} bits are set, not {ones}")
    return [bool(words[i // 32] >> i % 32 & 1) for i in range(bits)]
