"""Wrong readings of the specification, each a change of one text of the reader; the golden vectors must show each of them.

An entry is (name, file, text, replacement, operator). A wrong arithmetic is tried on the valid files that hold the operator
(None: on all of them), a wrong check ("check") on invalid files, then valid.
"""

import functools
import importlib
import pathlib
import shutil
import sys
import tempfile

from curt_reader import crc32c
from wrong_arithmetic import ARITHMETIC
from wrong_checks import CHECKS

CHECKSUM = functools.cache(crc32c)  # the same bytes are read by every reader
WRONG = tuple((name, file, old, new, op) for (file, op), entries in ARITHMETIC.items() for name, old, new in entries)
WRONG += tuple((name, file, old, new, "check") for file, entries in CHECKS.items() for name, old, new in entries)


class ChangedReader:
    """A copy of the package with one text replaced, as a context."""
    count = 0

    def __init__(self, file, old, new):
        self.file, self.old, self.new = file, old, new

    def __enter__(self):
        self.folder = tempfile.TemporaryDirectory()
        self.name = f"changed_reader_{ChangedReader.count}"
        ChangedReader.count += 1
        package = pathlib.Path(self.folder.name) / self.name
        shutil.copytree(pathlib.Path(__file__).resolve().parent / "curt_reader", package,
                        ignore=shutil.ignore_patterns("__pycache__"))
        path = package / f"{self.file}.py"
        source = path.read_text()
        assert source.count(self.old) == 1, (self.file, source.count(self.old), self.old)
        path.write_text(source.replace(self.old, self.new))
        sys.path.insert(0, self.folder.name)
        importlib.invalidate_caches()
        reader = importlib.import_module(self.name)
        reader.container.crc32c = CHECKSUM
        return reader

    def __exit__(self, *_):
        sys.path.remove(self.folder.name)
        for module in [name for name in sys.modules if name.split(".")[0] == self.name]:
            del sys.modules[module]
        self.folder.cleanup()
