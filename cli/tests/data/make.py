#!/usr/bin/env python3
"""Writes the sample files of the tests beside this script, with writers that are not Curt's: numpy, Pillow, and zlib by hand.

The digit is the first of cli/data; the colour picture is the first sample of a golden file of the format. Needs numpy and Pillow; the files
are committed, so that the tests need neither.
"""

import io
import pathlib
import struct
import zlib

import numpy
from PIL import Image

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[2]
DIGITS = numpy.frombuffer((ROOT / "cli/data/digits-images-idx3-ubyte").read_bytes()[16:], numpy.uint8).reshape(-1, 28, 28)
DIGIT = DIGITS[0]
GOLDEN = ROOT / "format-spec/vectors/valid/input-u8-rank-3-channels-3-gather.input"
COLOUR = numpy.frombuffer(GOLDEN.read_bytes()[:60], numpy.uint8).reshape(3, 4, 5).transpose(1, 2, 0)


def chunk(name, data):
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def png(pixels, colour_type, depth=8, interlaced=False, before=b"", size=None):
    """A PNG of rows of bytes (height, width, bytes of a pixel)."""
    height, width = size or pixels.shape[:2]
    adam7 = [(0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2), (0, 1, 2, 2), (1, 0, 2, 1)]
    passes = [pixels[y::dy, x::dx] for y, x, dy, dx in adam7] if interlaced else [pixels]
    rows = b"".join(b"\0" + row.tobytes() for part in passes if part.size for row in part)
    header = struct.pack(">IIBBBBB", width, height, depth, colour_type, 0, 0, int(interlaced))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + before + chunk(b"IDAT", zlib.compress(rows, 9)) + chunk(b"IEND", b"")


def pillow(image):
    out = io.BytesIO()
    image.save(out, "PNG", optimize=True)
    return out.getvalue()


def npy(array, version=None):
    out = io.BytesIO()
    numpy.lib.format.write_array(out, array, version=version)
    return out.getvalue()


def stacked(*planes):
    return numpy.stack(planes, axis=-1)


def pictures():
    opaque = numpy.full_like(DIGIT, 255)
    wide = DIGIT.astype(numpy.int64) * 257
    gray = Image.fromarray(DIGIT)
    yield "gray.png", pillow(gray)
    yield "gray-alpha.png", pillow(Image.merge("LA", [gray, Image.fromarray(opaque)]))
    yield "gray-transparent.png", pillow(Image.merge("LA", [gray, gray]))
    yield "gray-16-bits.png", png(stacked(wide).astype(">u2"), 0, depth=16)
    between = wide + numpy.where(DIGIT < 255, 128, -128)  # as far from a value of 8 bits as still rounds to it
    yield "gray-16-bits-between.png", png(stacked(between).astype(">u2"), 0, depth=16)
    yield "gray-interlaced.png", png(stacked(DIGIT), 0, interlaced=True)
    yield "gray-as-rgb.png", pillow(gray.convert("RGB"))
    yield "gray-as-palette.png", pillow(palette())
    yield "two-levels.png", pillow(Image.fromarray(DIGIT >= 128))
    yield "colour.png", pillow(Image.fromarray(numpy.ascontiguousarray(COLOUR)))
    channels = [*(COLOUR.astype(">u2") * 257).transpose(2, 0, 1), numpy.full((4, 5), 65535, ">u2")]
    yield "colour-alpha-16-bits.png", png(stacked(*channels).astype(">u2"), 6, depth=16)
    yield "gray-4x5.png", pillow(Image.fromarray(numpy.ascontiguousarray(COLOUR[..., 0])))
    yield "rgb-32x32.png", pillow(Image.new("RGB", (32, 32), (200, 10, 10)))
    yield "red.png", pillow(Image.new("RGB", (28, 28), (200, 10, 10)))
    yield "huge.png", png(DIGIT, 2, size=(2**31 - 1, 2**31 - 1))
    animation = chunk(b"acTL", struct.pack(">II", 2, 0))
    yield "animation.png", png(stacked(DIGIT), 0, before=animation)


def palette():
    levels = sorted(set(DIGIT.flat))
    image = Image.fromarray(numpy.searchsorted(levels, DIGIT).astype(numpy.uint8), "L")
    image.putpalette([int(level) for level in levels for _ in range(3)])
    return image


def arrays():
    three = DIGITS[:3]
    yield "three.npy", npy(three, (1, 0))
    yield "one-version-2.npy", npy(DIGIT, (2, 0))
    yield "flat-version-3.npy", npy(three.reshape(3, 784), (3, 0))
    yield "float.npy", npy(three.astype("<f4"))
    yield "double.npy", npy(three.astype("<f8"))
    yield "big-endian.npy", npy(three.astype(">f4"))
    yield "bool.npy", npy(three > 127)
    yield "fortran.npy", npy(numpy.asfortranarray(DIGIT))
    yield "structured.npy", npy(numpy.zeros(3, [("a", "<f4"), ("b", "|u1")]))
    yield "channels-last.npy", npy(COLOUR.copy()[None])
    yield "colour.npy", npy(COLOUR.transpose(2, 0, 1).copy()[None])
    yield "labels.npy", npy(numpy.array([0, 1, 2], numpy.uint8))


if __name__ == "__main__":
    for name, content in [*pictures(), *arrays()]:
        (HERE / name).write_bytes(content)
        print(f"{name}: {len(content)} bytes")
