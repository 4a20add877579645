"""The only error of the reader: a kind of SPEC section 8, its place in the file, and a sentence."""

KINDS = (
    "empty", "limit", "magic", "truncated", "byte_order", "version", "unknown_id", "trailing", "feature", "reserved",
    "bounds", "checksum", "duplicate", "order", "align", "overlap", "gap", "padding", "missing_section", "codebook",
    "mask", "graph", "shape", "size", "non_finite", "non_canonical", "code", "name", "utf8",
)


class FormatError(Exception):
    """A file that breaks the specification: `kind`, `offset` in the file, `detail`."""

    def __init__(self, kind, offset, detail):
        assert kind in KINDS, kind
        super().__init__(f"{kind} at byte {offset}: {detail}")
        self.kind, self.offset, self.detail = kind, offset, detail


def need(condition, kind, offset, detail):
    """Raises FormatError(kind, offset, detail) unless `condition`."""
    if not condition:
        raise FormatError(kind, offset, detail)
