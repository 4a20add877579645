"""A second reader of the Curt model format, written from the text of the specification alone.

    model = parse(data)                     # FormatError(kind, offset, detail)
    model.layers[0].codes, .weights        # per row
    for sample in samples(model, raw): run(model, sample)
    unpack(packed), pack(mapped)           # the packed profile; `read` takes files of both
"""

from .crc32c import crc32c
from .error import KINDS, FormatError
from .model import Model, parse
from .packed import is_packed, pack, unpack
from .run import InputError, run, run_values, samples

__all__ = ["KINDS", "FormatError", "InputError", "Model", "crc32c", "pack", "parse", "read", "run", "run_values", "samples", "unpack"]


def read(data):
    """The model in a file of either profile."""
    return parse(unpack(data) if is_packed(data) else data)
