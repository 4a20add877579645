"""Sizes and the order of elements of the weight arrays: SPEC section 6."""

from dataclasses import dataclass

DENSE_F32, DENSE_F16, FIXED_POINT, TERNARY, CODEBOOK = range(5)
NAMES = ("dense_f32", "dense_f16", "fixed_point", "ternary", "codebook")


@dataclass
class Layout:
    """How the array of one layer lies: `fields` of `bits` bits to an element, `columns` to a field."""
    rows: int
    cols: int
    element_bytes: int
    bits: int
    fields: int
    columns: int

    @property
    def unit(self):
        """Columns of a unit, padding included."""
        return self.fields * self.columns

    @property
    def units(self):
        return -(-self.cols // self.unit)

    @property
    def vectors(self):
        return -(-self.rows // 16)

    @property
    def elements(self):
        return 16 * self.vectors * self.units

    @property
    def bytes(self):
        return self.elements * self.element_bytes

    @property
    def padded_weights(self):
        return self.elements * self.unit

    def storage_order(self):
        """(row, unit) of every element in the order of the file."""
        for tile in range(0, self.vectors, 4):
            vectors = min(4, self.vectors - tile)
            for unit in range(self.units):
                for row in range(16 * tile, 16 * (tile + vectors)):
                    yield row, unit


def layout_of(encoding, parameter, rows, cols):
    """The layout of a layer whose encoding and parameter have been checked."""
    if encoding in (DENSE_F32, DENSE_F16):
        return Layout(rows, cols, 4 if encoding == DENSE_F32 else 2, 0, 1, 1)
    if encoding == TERNARY:
        return Layout(rows, cols, 4, 5, 6, 3)
    bits = parameter if encoding == FIXED_POINT else (parameter - 1).bit_length()
    return Layout(rows, cols, 4, bits, 32 // bits, 1)


def level_count(encoding, parameter):
    """Levels in the tables section."""
    return (0, 0, 1, 2, parameter)[encoding]
