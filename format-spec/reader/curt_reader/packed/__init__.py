"""The packed profile: `unpack(packed bytes)` and `pack(mapped bytes)`, as format-spec/packed.md says."""

from .file import is_packed, pack, unpack

__all__ = ["is_packed", "pack", "unpack"]
