"""The invalid golden files: {KIND--what: bytes}."""

from . import (invalid_container, invalid_fields, invalid_graph, invalid_images, invalid_operators, invalid_origin,
               invalid_sparse, invalid_sparse_arrays, invalid_tables, invalid_weights)
from .mutate import FILES


def invalid_files():
    for part in (invalid_container, invalid_graph, invalid_fields, invalid_operators, invalid_tables, invalid_weights,
                 invalid_origin, invalid_images, invalid_sparse,
                 invalid_sparse_arrays):
        part.build()
    return FILES
