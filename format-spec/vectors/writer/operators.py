"""Nodes with fields: convolution, pooling, activations with numbers, operators of several values."""

from .network import Op


def pair(value):
    return list(value) if isinstance(value, (tuple, list)) else [value, value]


def _window(kernel, stride, padding):
    """The eight fields; `padding` is one number, or (top, left, bottom, right)."""
    padding = [padding] * 4 if isinstance(padding, int) else list(padding)
    return ("window", pair(kernel) + pair(stride) + padding)


def conv(layer, kernel, stride=1, padding=0, dilation=1, groups=1, source=None):
    """A convolution; layer.cols = channels / groups * kernel height * kernel width."""
    fields = [_window(kernel, stride, padding), ("dilation", pair(dilation)), ("groups", [groups])]
    return Op("conv2d", source, fields, layer)


def max_pool(kernel, stride=1, padding=0, source=None):
    return Op("max_pool", source, [_window(kernel, stride, padding)])


def average_pool(kernel, stride=1, padding=0, include_padding=0, source=None):
    return Op("average_pool", source, [_window(kernel, stride, padding), ("include_padding", [include_padding])])


def affine(rng, count, source=None):
    """Random pairs; the first scale is zero, the second negative."""
    scales = [rng.float(-5, 3) for _ in range(count)]
    scales[:2] = [0.0, -abs(scales[-1])][:count] if count > 1 else scales
    return Op("affine", source, pairs=[scales, [rng.float(-6, 2) for _ in range(count)]])


def numbers(name, *values):
    """leaky_relu (slope), clip (min, max), hard_sigmoid (alpha, beta)."""
    return Op(name, fields=[("numbers", [float(value) for value in values])])


def add(a, b):
    return Op("add", [a, b])


def concat(*sources):
    return Op("concat", list(sources))


def reshape(*shape, source=None):
    return Op("reshape", source, [("rank", [len(shape)]), ("dimensions", list(shape))])


def input_channels(op):
    """The channels that a convolution reads, or the elements that a linear layer does."""
    if op.name == "linear":
        return op.layer.cols
    fields = dict(op.fields)
    return op.layer.cols // (fields["window"][0] * fields["window"][1]) * fields["groups"][0]
