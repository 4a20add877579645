"""Sizes and the order of elements of the weight arrays: SPEC section 6."""

from dataclasses import dataclass

(DENSE_F32, DENSE_F16, FIXED_POINT, TERNARY, CODEBOOK,
 SPARSE_F32, SPARSE_FIXED_POINT, SPARSE_CODEBOOK, BLOCK_F32) = range(9)
NAMES = ("dense_f32", "dense_f16", "fixed_point", "ternary", "codebook",
         "sparse_f32", "sparse_fixed_point", "sparse_codebook", "block_f32")
SPARSE = (SPARSE_F32, SPARSE_FIXED_POINT, SPARSE_CODEBOOK)
FLOATS = (DENSE_F32, DENSE_F16, SPARSE_F32, BLOCK_F32)
TILE_COLUMNS = 32


def tiled(rows, units):
    """(row, u) of every element in tiles (SPEC 6.1), in the order of the file. `u` is the element within its row."""
    vectors = -(-rows // 16)
    for tile in range(0, vectors, 4):
        for unit in range(units):
            for row in range(16 * tile, 16 * min(tile + 4, vectors)):
                yield row, unit


@dataclass
class Layout:
    """The layout of one layer's array: `fields` fields of `bits` bits in an element, `columns` columns in a field."""
    rows: int
    cols: int
    element_bytes: int
    bits: int
    fields: int
    columns: int
    counts = 0

    @property
    def unit(self):
        """Columns of an element, padding included."""
        return self.fields * self.columns

    @property
    def units(self):
        return -(-self.cols // self.unit)

    @property
    def elements(self):
        return 16 * -(-self.rows // 16) * self.units

    @property
    def bytes(self):
        return self.elements * self.element_bytes

    @property
    def padded_weights(self):
        return self.elements * self.unit

    def storage_order(self):
        return tiled(self.rows, self.units)


def column_bytes(cols):
    """The bytes of a column in a list (encodings/sparse.md, block.md)."""
    return 4 if cols > 65536 else 2


def slots_of_unit(encoding, parameter):
    """(bits of a code, slots of an element). sparse_f32 has no codes."""
    if encoding == SPARSE_F32:
        return 0, 1
    bits = parameter if encoding == SPARSE_FIXED_POINT else parameter.bit_length()
    return bits, 32 // (5 + bits)


@dataclass
class SparseLayout:
    """encodings/sparse.md: `units` elements in a column tile, `slots` slots in an element, codes of `bits` bits (0: floats)."""
    rows: int
    cols: int
    bits: int
    slots: int
    units: int
    residue: int

    @property
    def tiles(self):
        return -(-self.cols // TILE_COLUMNS)

    @property
    def elements(self):
        return 16 * -(-self.rows // 16) * self.tiles * self.units

    @property
    def parts(self):
        """The bytes of the four parts of the array."""
        columns = self.residue * column_bytes(self.cols)
        if self.bits:
            return 4 * self.elements, 0, columns, self.residue
        return 4 * self.elements, 4 * self.residue, columns, self.elements

    @property
    def bytes(self):
        return sum(self.parts)

    @property
    def counts(self):
        return self.rows

    @property
    def padded_weights(self):
        return 16 * -(-self.rows // 16) * TILE_COLUMNS * self.tiles

    def storage_order(self):
        return tiled(self.rows, self.tiles * self.units)


@dataclass
class BlockLayout:
    """encodings/block.md: `blocks` of `height` rows."""
    rows: int
    cols: int
    height: int
    blocks: int

    @property
    def counts(self):
        """The number of strips."""
        return -(-self.rows // self.height)

    @property
    def parts(self):
        return 4 * self.height * self.blocks, self.blocks * column_bytes(self.cols)

    @property
    def bytes(self):
        return sum(self.parts)

    @property
    def padded_weights(self):
        return self.height * self.counts * self.cols


def layout_of(encoding, parameter, rows, cols, pattern=()):
    """The layout of a layer whose encoding and parameter have been checked."""
    if encoding in SPARSE:
        return SparseLayout(rows, cols, *slots_of_unit(encoding, parameter), *pattern)
    if encoding == BLOCK_F32:
        return BlockLayout(rows, cols, parameter, *pattern)
    if encoding in (DENSE_F32, DENSE_F16):
        return Layout(rows, cols, 4 if encoding == DENSE_F32 else 2, 0, 1, 1)
    if encoding == TERNARY:
        return Layout(rows, cols, 4, 5, 6, 3)
    bits = parameter if encoding == FIXED_POINT else (parameter - 1).bit_length()
    return Layout(rows, cols, 4, bits, 32 // bits, 1)


def level_count(encoding, parameter):
    """The number of levels in the tables section."""
    return (0, 0, 1, 2, parameter, 0, 1, parameter, 0)[encoding]
