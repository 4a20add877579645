"""A second reader of the Curt model format, written from the text of the specification alone.

    model = parse(data)                     # FormatError(kind, offset, detail)
    model.layers[0].codes, .weights        # per row
    for sample in samples(model, raw): run(model, sample)
"""

from .crc32c import crc32c
from .error import KINDS, FormatError
from .model import Model, parse
from .run import InputError, run, run_values, samples

__all__ = ["KINDS", "FormatError", "InputError", "Model", "crc32c", "parse", "run", "run_values", "samples"]
