"""Windows along one dimension: SPEC section 4.4."""

from dataclasses import dataclass


@dataclass
class Axis:
    """A window along the rows (or columns) of an image."""
    kernel: int
    stride: int
    before: int
    after: int
    dilation: int = 1

    @property
    def extent(self):
        return (self.kernel - 1) * self.dilation + 1

    def fits(self, n):
        """Whether a dimension of `n` elements has such windows."""
        if min(self.kernel, self.stride, self.dilation, n) < 1:
            return False
        return max(self.before, self.after) < self.extent <= n + self.before + self.after

    def count(self, n):
        """How many windows a dimension of `n` elements has, if it fits."""
        return (n + self.before + self.after - self.extent) // self.stride + 1
