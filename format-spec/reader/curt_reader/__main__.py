"""Commands: info, weights, run, check, pack, unpack."""

import argparse
import json
import struct
import sys

from . import FormatError, InputError, pack, read, run, samples, unpack
from .layout import BLOCK_F32, NAMES, SPARSE

PATTERNS = dict.fromkeys(SPARSE, ("units", "residue")) | {BLOCK_F32: ("blocks",)}


def _load(path):
    with open(path, "rb") as file:
        return read(file.read())


def _info(args):
    model = _load(args.file)
    spec = model.input
    gather = "" if spec.kept is None else f", {spec.kept} kept"
    print(f"input {spec.dtype} {'x'.join(map(str, spec.shape))}{gather}")
    for number, node in enumerate(model.nodes, 1):
        text = f"{number} {node.op}({', '.join(map(str, node.inputs))}) -> {'x'.join(map(str, node.shape))}"
        if node.layer:
            layer = node.layer
            factors = ", row factors" if layer.row_factors else ""
            pattern = "".join(f", {name} {value}" for name, value in zip(PATTERNS.get(layer.encoding, ()), layer.pattern))
            text += f"  {NAMES[layer.encoding]}({layer.parameter}){factors}{pattern}, {layer.cols} columns"
        print(text if model.origin is None else f"{text}  {model.origin.nodes[number - 1].name}")
    for section in model.sections:
        print(f"section {section.id}: offset {section.offset}, {section.length} bytes, {section.checksum:#010x}")
    if model.origin:
        print(f"origin: {model.origin.network}, {model.origin.method}")


def _weights(args):
    keys = ("rows", "cols", "parameter", "pattern", "levels", "counts", "factors", "biases", "codes", "weights")
    layers = [{"encoding": NAMES[layer.encoding]} | {key: getattr(layer, key) for key in keys}
              for layer in _load(args.file).layers]
    json.dump(layers, sys.stdout)
    print()


def _run(args):
    model = _load(args.file)
    with open(args.input, "rb") as file:
        batch = samples(model, file.read())
    output = [value for sample in batch for value in run(model, sample)]
    with open(args.output, "wb") as file:
        file.write(struct.pack(f"<{len(output)}f", *output))


def _check(args):
    failed = 0
    for path in args.files:
        try:
            _load(path)
            answer = "ok"
        except FormatError as error:
            failed, answer = 1, error.kind if args.quiet else f"{error.kind} (byte {error.offset}: {error.detail})"
        print(f"{path}: {answer}")
    return failed


def _convert(function):
    def command(args):
        with open(args.file, "rb") as file:
            data = function(file.read())
        with open(args.output, "wb") as file:
            file.write(data)

    return command


def main():
    parser = argparse.ArgumentParser(prog="curt_reader", description="second reader of the Curt model format")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def command(name, function, text):
        sub = commands.add_parser(name, help=text, description=text)
        sub.set_defaults(function=function)
        return sub

    command("info", _info, "print what a file holds").add_argument("file")
    command("weights", _weights, "print levels, codes and weights of each layer as JSON").add_argument("file")
    sub = command("run", _run, "run one or more samples")
    sub.add_argument("file")
    sub.add_argument("--input", required=True, help="raw little-endian elements, one sample after the other")
    sub.add_argument("--output", required=True, help="raw little-endian f32, one sample after the other")
    sub = command("check", _check, "print ok or the kind of the first violation; status 1 if a file has one")
    sub.add_argument("files", nargs="+")
    sub.add_argument("--quiet", action="store_true", help="the kind alone")
    for name, function, text in (("pack", pack, "write the packed file of a mapped one"),
                                 ("unpack", unpack, "write the mapped file of a packed one")):
        sub = command(name, _convert(function), text)
        sub.add_argument("file")
        sub.add_argument("--output", required=True)
    args = parser.parse_args()
    try:
        return args.function(args)
    except (FormatError, InputError, OSError) as error:
        print(f"curt_reader: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
