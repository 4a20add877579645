"""Numbers, signed numbers, symbols (packed.md, section 5) and magnitudes of floats (section 6)."""

from collections import defaultdict

from .probability import LearningBit


class Below:
    """The bits below the leading one of a number that has `length` bits and is at most `maximum`."""

    def __init__(self):
        self.bits = defaultdict(LearningBit)

    def code(self, coder, length, maximum, wanted):
        value, node = 1 << length - 1, 1
        for i in range(length - 2, -1, -1):
            if value + (1 << i) > maximum:
                continue
            bit = wanted >> i & 1
            bit = self.bits[length, node].code(coder, bit) if node < 8 else coder.plain(1, bit)
            node, value = 2 * node + bit, value + (bit << i)
        return value


class Number:
    def __init__(self):
        self.longer, self.below = [LearningBit() for _ in range(64)], Below()

    def code(self, coder, maximum, wanted=0):
        length = 0
        while length < maximum.bit_length() and self.longer[length].code(coder, length < wanted.bit_length()):
            length += 1
        return self.below.code(coder, length, maximum, wanted) if length else 0


class SignedNumber:
    def __init__(self):
        self.magnitude, self.negative = Number(), LearningBit()

    def code(self, coder, maximum, wanted=0):
        value = self.magnitude.code(coder, maximum, abs(wanted))
        return -value if value and self.negative.code(coder, wanted < 0) else value


class Symbol:
    def __init__(self, bits):
        self.count, self.bits = bits, defaultdict(LearningBit)

    def code(self, coder, wanted=0):
        node = 1
        for i in range(self.count - 1, -1, -1):
            node = 2 * node + self.bits[node].code(coder, wanted >> i & 1)
        return node - (1 << self.count)


class FloatMagnitude:
    """The bits of a float below its sign."""

    def __init__(self, exponent, mantissa):
        self.exponent, self.mantissa = Symbol(exponent), [LearningBit() for _ in range(mantissa)]

    def code(self, coder, wanted=0):
        value = self.exponent.code(coder, wanted >> len(self.mantissa))
        for i in range(len(self.mantissa) - 1, -1, -1):
            value = 2 * value + self.mantissa[i].code(coder, wanted >> i & 1)
        return value
