"""The binary arithmetic coder (packed.md, section 3).

Decoder and encoder have the same two calls, so that one model serves both: `bit(p, wanted)` and `plain(n, wanted)` return what
was coded. The encoder codes `wanted`; the decoder does not look at it.
"""

from ..error import need

TOP = 2**24
PAST_END = 4  # bytes that may be read past the end of the stream


class _Coder:
    def __init__(self):
        self.range = 2**32 - 1

    def _share(self, p):
        return (self.range >> 16) * min(max(p, 16), 65520)

    def plain(self, n, wanted=0):
        """`n` bits of probability 1/2, the highest first."""
        value = 0
        for i in range(n - 1, -1, -1):
            value = 2 * value + self.bit(32768, wanted >> i & 1)
        return value


class Decoder(_Coder):
    def __init__(self, stream):
        super().__init__()
        self.stream, self.at, self.code = stream, 0, 0
        for _ in range(4):
            self._byte()

    def _byte(self):
        byte = self.stream[self.at] if self.at < len(self.stream) else 0
        need(self.at < len(self.stream) + PAST_END, "truncated", self.at, "the stream has ended")
        self.at += 1
        self.code = (256 * self.code + byte) % 2**32

    def bit(self, p, _wanted=0):
        share = self._share(p)
        bit = int(self.code < share)
        if bit:
            self.range = share
        else:
            self.code -= share
            self.range -= share
        while self.range < TOP:
            self._byte()
            self.range *= 256
        return bit

    def finish(self):
        need(self.at >= len(self.stream), "trailing", self.at, "bytes of the stream that were not read")


class Encoder(_Coder):
    def __init__(self):
        super().__init__()
        self.low, self.written = 0, bytearray()

    def _raise_low(self, low):
        """Sets `low`. A carry out of its 32 bits is added to the bytes written."""
        self.low = low % 2**32
        if low >= 2**32:
            at = len(self.written) - 1
            while self.written[at] == 255:
                self.written[at] = 0
                at -= 1
            self.written[at] += 1

    def bit(self, p, wanted):
        share = self._share(p)
        if wanted:
            self.range = share
        else:
            self._raise_low(self.low + share)
            self.range -= share
        while self.range < TOP:
            self.written.append(self.low >> 24)
            self.low = 256 * self.low % 2**32
            self.range *= 256
        return int(wanted)

    def finish(self):
        """The stream."""
        for count in range(5):
            unit = 2**(32 - 8 * count)
            end = -(-self.low // unit) * unit
            if end < self.low + self.range:
                break
        self._raise_low(end)
        return bytes(self.written) + self.low.to_bytes(4, "big")[:count]
