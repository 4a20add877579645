"""Writes the golden vectors, or with --check compares them byte for byte with those on disk."""

import argparse
import pathlib
import struct
import sys

FOLDERS = ("valid", "invalid", "functions")
HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "reader")]

from curt_reader import float32, parse, run, samples  # noqa: E402
from writer.file import write  # noqa: E402
from writer.functions import exp_arguments, fma_arguments, pack, tanh_arguments  # noqa: E402
from writer.invalid import invalid_files  # noqa: E402
from writer.network import weights_f32  # noqa: E402
from writer.valid import CASES  # noqa: E402


def raw_samples(net, batch):
    flat = [value for sample in batch for value in sample]
    return bytes(flat) if net.dtype == "u8" else struct.pack(f"<{len(flat)}f", *flat)


def valid_files():
    """{path: bytes}; the outputs are those of the reader."""
    files = {}
    for name, (net, batch) in CASES.items():
        data, raw = write(net), raw_samples(net, batch)
        model = parse(data)
        output = [value for sample in samples(model, raw) for value in run(model, sample)]
        parts = {"curt": data, "input": raw, "weights": weights_f32(net),
                 "output": pack(output)}
        files |= {f"valid/{name}.{suffix}": part for suffix, part in parts.items()}
    return files


def function_files():
    triples, points, arguments = fma_arguments(), exp_arguments(), tanh_arguments()
    return {
        "functions/fma.input": pack([value for triple in triples for value in triple]),
        "functions/fma.output": pack([float32.fma(*triple) for triple in triples]),
        "functions/exp.input": pack(points),
        "functions/exp.output": pack([float32.exp(x) for x in points]),
        "functions/tanh.input": pack(arguments),
        "functions/tanh.output": pack([float32.tanh(x) for x in arguments]),
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true")
    args = parser.parse_args()
    files = valid_files() | function_files() | {f"invalid/{name}.curt": data for name, data in invalid_files().items()}
    on_disk = {str(path.relative_to(HERE)) for folder in FOLDERS for path in (HERE / folder).glob("*")}
    different = sorted(on_disk - files.keys())
    for name, data in files.items():
        path = HERE / name
        if name not in on_disk or path.read_bytes() != data:
            different.append(name)
            if not args.check:
                path.parent.mkdir(exist_ok=True)
                path.write_bytes(data)
    if not args.check:
        for name in sorted(on_disk - files.keys()):
            (HERE / name).unlink()
    for name in different:
        print(("differs: " if args.check else "written: ") + name)
    print(f"{len(files)} files, {sum(map(len, files.values()))} bytes")
    return int(args.check and bool(different))


if __name__ == "__main__":
    sys.exit(main())
