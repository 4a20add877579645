"""The arrays of the tables section (packed.md, section 9)."""

from dataclasses import dataclass, field

from ..layout import level_count
from .array import ArrayModel
from .columns import image_or_row
from .matrix import code_mask

ONE, ONE_255TH = 0x3F800000, 0x3B808081


@dataclass
class Tables:
    """The bits of the floats."""
    scale: list
    offset: list
    mask: list | None = None
    nodes: list = field(default_factory=list)  # per node: its arrays, without counts


def _arrays(node):
    """(model, usual value, count) of each array of a node."""
    if node.layer:
        layer = node.layer
        return (("levels", ONE, level_count(layer.encoding, layer.parameter)),
                ("factors", ONE, layer.rows if layer.row_factors else 0), ("biases", 0, layer.rows))
    count = node.affine.count if node.affine else 0
    return ("affine", ONE, count), ("affine", 0, count)


def _mask(coder, spec, wanted):
    if spec.kept is None:
        return None
    if spec.kept in (0, spec.elements):
        return [spec.kept > 0] * spec.elements
    return code_mask(coder, image_or_row(spec.shape), wanted)


def code_tables(coder, spec, nodes, wanted=None):
    """The Tables of a graph."""
    models = {name: ArrayModel() for name in ("input", "levels", "factors", "biases", "affine")}
    usual = ONE_255TH if spec.dtype == "u8" else ONE
    tables = Tables(models["input"].code(coder, usual, spec.channels, wanted and wanted.scale),
                    models["input"].code(coder, 0, spec.channels, wanted and wanted.offset))
    tables.mask = _mask(coder, spec, wanted and wanted.mask)
    for index, node in enumerate(nodes):
        given = wanted.nodes[index] if wanted else (None,) * 3
        tables.nodes.append([models[name].code(coder, *array, values) for (name, *array), values in zip(_arrays(node), given)])
    return tables
