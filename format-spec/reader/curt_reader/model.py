"""A whole file: the steps of SPEC section 8 in their order."""

from dataclasses import dataclass

from .container import GRAPH, ORIGIN, TABLES, WEIGHTS, read_container
from .error import need
from .graph import Input, read_graph
from .origin import Origin, read_origin
from .tables import read_tables, tables_bytes
from .weights import array_offsets, read_weights


def layers_of(nodes):
    return [node.layer for node in nodes if node.layer]


@dataclass
class Model:
    input: Input
    nodes: list
    origin: Origin | None
    optional_features: int
    sections: list

    @property
    def layers(self):
        return layers_of(self.nodes)


def parse(data):
    """The model in `data` (bytes); raises FormatError with the first violation."""
    sections, optional_features = read_container(data)
    spec, nodes = read_graph(data, sections[GRAPH])
    layers = layers_of(nodes)
    expected = {TABLES: tables_bytes(spec, nodes), WEIGHTS: array_offsets(layers)[1]}
    for ident, size in expected.items():
        section = sections[ident]
        need(section.length == size, "size", section.offset, f"section {ident}: {section.length} bytes, not {size}")
    read_tables(data, sections[TABLES], spec, nodes)
    read_weights(data, sections[WEIGHTS], layers)
    origin = read_origin(data, sections[ORIGIN], nodes) if ORIGIN in sections else None
    return Model(spec, nodes, origin, optional_features, list(sections.values()))
