"""Wrong readings of the specification. Each replaces one text of the reader, and the golden vectors must show the difference.

An entry is (name, file, text, replacement, operator). A wrong reading of the arithmetic is tried on the valid files that hold
the operator (None: on all; "sparse": on those with sparse or block layers). A wrong check ("check"; of a pattern: "pattern") is
tried on invalid files, then on valid ones. test_packed.py tries those of packed.md ("packed").
"""

import functools
import importlib.machinery
import pathlib
import sys

from curt_reader import crc32c
from wrong_arithmetic import ARITHMETIC
from wrong_checks import CHECKS
from wrong_patterns import PATTERNS

CHECKSUM = functools.cache(crc32c)  # the same bytes are read by every reader
PACKAGE = pathlib.Path(__file__).resolve().parent / "curt_reader"
SOURCES = {".".join(path.relative_to(PACKAGE).with_suffix("").parts): path.read_text() for path in PACKAGE.rglob("*.py")}
WRONG = tuple((name, file, old, new, op) for (file, op), entries in ARITHMETIC.items() for name, old, new in entries)
WRONG += tuple((name, file, old, new, what) for what, checks in (("check", CHECKS), ("pattern", PATTERNS))
               for file, entries in checks.items() for name, old, new in entries)


@functools.cache
def code_of(file):
    return compile(SOURCES[file], f"{file}.py", "exec")


class ChangedReader:
    """A context with a copy of the package in which one text is replaced. It finds and loads the modules of that copy."""
    NAME = "changed_reader"

    def __init__(self, file, old, new):
        assert SOURCES[file].count(old) == 1, (file, SOURCES[file].count(old), old)
        self.file, self.code = file, compile(SOURCES[file].replace(old, new), f"changed {file}.py", "exec")

    def find_spec(self, name, _path, _target=None):
        if name.split(".")[0] != self.NAME:
            return None
        return importlib.machinery.ModuleSpec(name, self, is_package=self.source_of(name).endswith("__init__"))

    @staticmethod
    def source_of(name):
        """The key of a module's source."""
        file = name.partition(".")[2]
        return file if file in SOURCES else f"{file}.__init__".lstrip(".")

    def create_module(self, _spec):
        return None

    def exec_module(self, module):
        file = self.source_of(module.__name__)
        exec(self.code if file == self.file else code_of(file), vars(module))

    def __enter__(self):
        sys.meta_path.insert(0, self)
        reader = importlib.import_module(self.NAME)
        reader.container.crc32c = CHECKSUM
        return reader

    def __exit__(self, *_):
        sys.meta_path.remove(self)
        for module in [name for name in sys.modules if name.split(".")[0] == self.NAME]:
            del sys.modules[module]
