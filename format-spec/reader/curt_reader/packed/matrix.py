"""Zeros, signs and magnitudes of a matrix (packed.md, section 8), coded row by row.

Each of the three models keeps the elements of the row being coded. A column that does not exist is the one past the last."""

from collections import defaultdict

from .number import Below, FloatMagnitude
from .probability import Mixer, add, opinions, share

SPARSENESS_OPINION = 77


def _count():
    return [0, 0]


class Zeros:
    """Section 8.2."""

    def __init__(self, columns):
        self.columns = columns
        self.mixer = Mixer(16, (65536, 16384, 49152, 16384, 16384, 16384, 24576, 0))
        self.all, self.column = _count(), [_count() for _ in range(columns.count)]
        self.map, self.kind = defaultdict(_count), defaultdict(_count)

    def start_row(self):
        self.row, self.row_map = _count(), defaultdict(_count)
        self.bits = [0] * (self.columns.count + 1)

    def _kind(self, column):
        left, above, above_left, above_right = self.columns.before[column]
        bits = self.bits
        return 2 * bits[left] + 2 * bits[above] + bits[above_left] + bits[above_right]

    def _around(self, column):
        counts = [self.column[column]] + [self.column[i] for i in self.columns.around[column]]
        return sum(ones for ones, _ in counts), sum(total for _, total in counts)

    def code(self, coder, column, wanted):
        counts = [self.all, self.row, self.column[column]]
        first = share(self.all, 19661, 6)
        shares = [first, share(self.row, first, 4), share(self.column[column], first, 12)]
        if self.columns.map_of is None:
            said = opinions(shares) + [0, 0, 0, 0]
        else:
            number = self.columns.map_of[column]
            in_map, in_row, kind = self.map[number], self.row_map[number], self.kind[self._kind(column)]
            shares += [share(in_map, first, 12), share(self._around(column), first, 3), share(in_row, shares[1], 16),
                       share(kind, first, 2)]
            counts += [in_map, in_row, kind]
            said = opinions(shares)
        bit = self.mixer.code(coder, said + [SPARSENESS_OPINION], wanted)
        for count in counts:
            add(count, bit)
        self.bits[column] = bit
        return bit


class Signs:
    """Section 8.3."""

    def __init__(self, columns):
        self.columns = columns
        self.mixer = Mixer(20, (32768, 8192, 8192, 65536))
        self.all, self.column, self.kind = _count(), [_count() for _ in range(columns.count)], defaultdict(_count)

    def start_row(self):
        self.row, self.signs = _count(), [0] * (self.columns.count + 1)

    def code(self, coder, column, wanted):
        left, above = self.columns.before[column][:2] if self.columns.before else (-1, -1)
        counts = self.all, self.row, self.column[column], self.kind[self.signs[left] + self.signs[above]]
        first = share(self.all, 32768, 2)
        minus = self.mixer.code(coder, opinions([first] + [share(count, first, 2) for count in counts[1:]]), wanted)
        for count in counts:
            add(count, minus)
        self.signs[column] = -1 if minus else 1
        return minus


def _kind(total, number):
    """The kind of `number` magnitudes with the sum `total`."""
    if not number:
        return 0
    mean = 4 * total // number
    length = mean.bit_length()
    return min(2 * (length - 3) + (mean >> length - 2 & 1) + 1, 15)


class Magnitudes:
    """Section 8.4."""

    def __init__(self, columns):
        self.columns = columns
        self.mixers = [Mixer(12, (65536, 32768, 32768, 32768)) for _ in range(8)]
        self.counts, self.below = defaultdict(_count), Below()
        self.column = [_count() for _ in range(columns.count)]  # sum, number

    def start_row(self):
        self.row, self.magnitudes = _count(), [0] * (self.columns.count + 1)

    def _kinds(self, column):
        before = self.columns.before[column][:2] if self.columns.before else ()
        near = [self.magnitudes[i] for i in before if self.magnitudes[i]]
        return _kind(sum(near), len(near)), _kind(*self.row), _kind(*self.column[column])

    def code(self, coder, column, most, wanted):
        kinds, length = self._kinds(column), 1
        while length < most.bit_length():
            counts = [self.counts[length, i, kind] for i, kind in enumerate((None, *kinds))]
            first = share(counts[0], 26214, 4)
            said = opinions([first] + [share(count, first, 8) for count in counts[1:]])
            bit = self.mixers[length].code(coder, said, length < wanted.bit_length())
            for count in counts:
                add(count, bit)
            if not bit:
                break
            length += 1
        value = self.below.code(coder, length, most, wanted)
        self.magnitudes[column] = value
        for seen in (self.row, self.column[column]):
            seen[0] += value
            seen[1] += 1
        return value


def code_mask(coder, columns, wanted=None):
    """A matrix of one row, of which only the zeros are coded, as a list of bool."""
    zeros = Zeros(columns)
    zeros.start_row()
    return [bool(zeros.code(coder, i, wanted is not None and wanted[i])) for i in range(columns.count)]


def _rows(coder, rows, columns, parts, element, wanted):
    """Codes `rows` rows. `element(column, wanted)` codes an element that is not zero."""
    zeros, matrix = Zeros(columns), []
    for r in range(rows):
        for part in (zeros, *parts):
            part.start_row()
        given = wanted[r] if wanted else [0] * columns.count
        matrix.append([element(i, given[i]) if zeros.code(coder, i, given[i] != 0) else 0 for i in range(columns.count)])
    return matrix


def code_integers(coder, rows, columns, below, above, wanted=None):
    """Rows of integers from -below to above."""
    signs, magnitudes = Signs(columns), Magnitudes(columns)

    def element(column, given):
        minus = signs.code(coder, column, given < 0) if below and above else below > 0
        value = magnitudes.code(coder, column, below if minus else above, abs(given))
        return -value if minus else value

    return _rows(coder, rows, columns, (signs, magnitudes), element, wanted)


def code_floats(coder, rows, columns, exponent, mantissa, wanted=None):
    """Rows of the bits of floats."""
    signs, magnitude = Signs(columns), FloatMagnitude(exponent, mantissa)
    sign_at = exponent + mantissa

    def element(column, given):
        minus = signs.code(coder, column, given >> sign_at)
        return minus << sign_at | magnitude.code(coder, given & (1 << sign_at) - 1)

    return _rows(coder, rows, columns, (signs,), element, wanted)
