"""The elements of each encoding (packed.md, section 10), as rows of integers. For floats these are their bits."""

from ..layout import (BLOCK_F32, CODEBOOK, DENSE_F16, DENSE_F32, FIXED_POINT, SPARSE_CODEBOOK, SPARSE_F32, SPARSE_FIXED_POINT,
                      TERNARY)
from .columns import columns_of_layer
from .matrix import code_floats, code_integers

FLOATS = {DENSE_F32: (8, 23), DENSE_F16: (5, 10), SPARSE_F32: (8, 23), BLOCK_F32: (8, 23)}


def nearest_to_zero(levels):
    """The index of the level nearest to 0; of two, the lower. `levels` are bits of floats: without the sign they ascend by magnitude."""
    return min(range(len(levels)), key=lambda i: levels[i] & 0x7FFFFFFF)


def below_zero(levels):
    """The number of levels less than zero. By their bits these are those above -0, up to minus infinity."""
    return sum(0x80000000 < bits <= 0xFF800000 for bits in levels)


def sides(layer, levels):
    """The greatest magnitudes of the elements below zero and above zero."""
    if layer.encoding in (FIXED_POINT, SPARSE_FIXED_POINT):
        return (2**(layer.parameter - 1) - 1,) * 2
    if layer.encoding == TERNARY:
        return 1, 1
    first = nearest_to_zero(levels) if layer.encoding == CODEBOOK else below_zero(levels)
    return first, layer.parameter - (layer.encoding == CODEBOOK) - first


def code_weights(coder, spec, nodes, tables, wanted=None):
    """The elements of each layer."""
    matrices = []
    for node, arrays in zip(nodes, tables.nodes):
        if node.layer:
            columns, given = columns_of_layer(spec, nodes, node), wanted and wanted[len(matrices)]
            rows, encoding = node.layer.rows, node.layer.encoding
            node.layer.cols = columns.count  # another number when the mask does not keep `kept`: the mapped file is refused
            if encoding in FLOATS:
                matrices.append(code_floats(coder, rows, columns, *FLOATS[encoding], given))
            else:
                matrices.append(code_integers(coder, rows, columns, *sides(node.layer, arrays[0]), given))
    return matrices
