"""Shares, learning bits, log-odds and mixers (packed.md, section 4)."""

from bisect import bisect_right

ODDS = (8, 13, 22, 36, 60, 98, 162, 267, 439, 720, 1179, 1921, 3108, 4971, 7812, 11955, 17625, 24743, 32768,
        40793, 47911, 53581, 57724, 60565, 62428, 63615, 64357, 64816, 65097, 65269, 65374, 65438, 65476, 65500, 65514, 65523, 65528)
END = 2304


def share(count, prior, weight):
    """The share of ones, in units of 1/65536."""
    return (65536 * count[0] + weight * prior) // (count[1] + weight)


def add(count, bit):
    count[0] += bit
    count[1] += 1


class LearningBit:
    def __init__(self, p=32768, n=0):
        self.p, self.n = 65536 * p, n

    def code(self, coder, wanted=0):
        bit = coder.bit(self.p >> 16, wanted)
        if bit:
            self.p += (2**32 - 1 - self.p) // (self.n + 2)
        else:
            self.p -= self.p // (self.n + 2)
        self.n = min(self.n + 1, 254)
        return bit


def clamp(x, low, high):
    return min(max(x, low), high)


def squash(x):
    """The probability of log-odds in units of 1/256."""
    i, rest = divmod(clamp(x, -END, END) + END, 128)
    return ODDS[i] + (ODDS[i + 1] - ODDS[i]) * rest // 128 if rest else ODDS[i]


def stretch(p):
    """The log-odds of a probability."""
    p = clamp(p, 16, 65520)
    i = bisect_right(ODDS, p) - 1
    return 128 * i - END + (p - ODDS[i]) * 128 // (ODDS[i + 1] - ODDS[i])


def opinions(shares):
    """The log-odds of the first share, then the difference of each other share's log-odds from it."""
    first = stretch(shares[0])
    return [first] + [stretch(p) - first for p in shares[1:]]


class Mixer:
    def __init__(self, rate, weights):
        self.rate, self.weights = rate, list(weights)

    def code(self, coder, opinions, wanted=0):
        p = squash(clamp(sum(w * o for w, o in zip(self.weights, opinions)) >> 16, -END, END))
        bit = coder.bit(p, wanted)
        step = (65536 * bit - p) * self.rate
        self.weights = [clamp(w + (step * o >> 18), -524288, 524288) for w, o in zip(self.weights, opinions)]
        return bit
