"""Damages real checkpoints in many ways, the same each time, and reads them.

Run as a program it prints the number of each case before it reads it, so that it is known which
has ended the process, and what is wrong with those that are not refused as they should be:

    damage.py DIRECTORY FIRST LAST
"""

from __future__ import annotations

import io
import json
import os
import random
import resource
import shutil
import sys
import tempfile
import zipfile
from typing import Any, Callable

from keras_ckpt.formats.tensorflow import sstable

#: How often each reader gets a case.
READERS = ["inspect"] * 22 + ["load_weights"] * 14 + ["load_model"] * 2 + ["format_of"] + ["latest"]
#: The most that one case may take: MiB, and seconds of CPU.
MOST_MEMORY, MOST_TIME = 200, 5.0

_NUMBERS = [0, 1, 0x7F, 0xFF, 0xFFFF, 0x7FFFFFFF, 0xFFFFFFFF, (1 << 63) - 1, (1 << 64) - 1]

Random = random.Random


def place(r: Random, size: int) -> int:
    """Somewhere; often where the headers are."""
    near = min(size, r.choice([64, 1024, 8192]))
    return r.choice([r.randrange(size), r.randrange(near), size - 1 - r.randrange(near)])


def flip(r: Random, data: bytearray) -> None:
    for _ in range(r.choice([1, 1, 2, 3, 8])):
        at = place(r, len(data))
        data[at] = r.choice([0, 1, 0xFF, data[at] ^ 1 << r.randrange(8), r.randrange(256)])


def number(r: Random, data: bytearray) -> None:
    size = r.choice([1, 2, 4, 8])
    at = place(r, len(data)) & ~(size - 1)
    value = r.choice([*_NUMBERS, len(data), r.randrange(len(data))]) & ((1 << 8 * size) - 1)
    data[at : at + size] = value.to_bytes(size, "little")


def truncate(r: Random, data: bytearray) -> None:
    del data[place(r, len(data)) :]


def cut(r: Random, data: bytearray) -> None:
    at = place(r, len(data))
    del data[at : at + r.choice([1, 4, 8, 100, 5000])]


def insert(r: Random, data: bytearray) -> None:
    at = place(r, len(data))
    length = r.choice([1, 2, 8, 100, 5000])
    data[at:at] = bytes(r.choice([0, 0x31, 0xFF, r.randrange(256)]) for _ in range(length))


def splice(r: Random, data: bytearray) -> None:
    """Puts a part over another one."""
    length = r.choice([4, 8, 40, 512, 4096])
    source, target = place(r, len(data)), place(r, len(data))
    if r.random() < 0.5:
        source, target = source & ~7, target & ~7
    data[target : target + length] = data[source : source + length]


MUTATIONS: list[Callable[[Random, bytearray], None]] = [
    flip,
    flip,
    flip,
    number,
    number,
    truncate,
    cut,
    insert,
    splice,
    splice,
]


def damaged(r: Random, content: bytes) -> bytes:
    """The bytes of a file with some damage."""
    data = bytearray(content)
    for _ in range(r.choice([1, 1, 1, 2, 4])):
        if data:
            r.choice(MUTATIONS)(r, data)
    return bytes(data)


def replaced(content: bytes, at: int, new: int | bytes, size: int = 8) -> bytes:
    """The bytes of a file with those at one place exchanged: by other bytes, or by a number.

    Args:
        content: the bytes.
        at: where.
        new: the bytes to put there, or a number of `size` bytes.
        size: the bytes of the number.
    """
    if isinstance(new, int):
        new = new.to_bytes(size, "little")
    return content[:at] + new + content[at + len(new) :]


def damaged_within(r: Random, content: bytes) -> bytes:
    """The same under checksums that are right, of files that have such."""
    if content[:4] == b"PK\x03\x04":
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            members = [(name, archive.read(name)) for name in archive.namelist()]
        out = io.BytesIO()
        chosen = r.randrange(len(members))
        packing = r.choice([zipfile.ZIP_STORED, zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
        with zipfile.ZipFile(out, "w", packing) as archive:
            for position, (name, data) in enumerate(members):
                archive.writestr(name, damaged(r, data) if position == chosen else data)
        return out.getvalue()
    if sstable.is_table(content[-8:]):
        entries = sorted(sstable.load(content).items())
        at = r.randrange(len(entries))
        key, value = entries[at]
        entries[at] = (damaged(r, key), value) if r.random() < 0.2 else (key, damaged(r, value))
        return sstable.dump(entries)
    return damaged(r, content)


class Source:
    """A good checkpoint: the files it is made of, in memory."""

    def __init__(self, directory: str, name: str) -> None:
        self.name = name
        self.files: dict[str, bytes] = {}
        for folder, _, files in os.walk(directory):
            for file in files:
                path = os.path.join(folder, file)
                relative = os.path.relpath(path, directory)
                if relative.split(os.sep)[0].split(".index")[0].split(".data-")[0] == name:
                    with open(path, "rb") as opened:
                        self.files[relative] = opened.read()
        self.is_whole = not name.startswith(("w.", "cp"))

    def write(self, r: Random, directory: str) -> str:
        """Writes it with damage to one of its files; returns what was damaged."""
        choice = sorted(name for name, data in self.files.items() if data)
        chosen = r.choice(choice)
        for name, data in self.files.items():
            path = os.path.join(directory, name)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            if name == chosen:
                data = (damaged_within if r.random() < 0.5 else damaged)(r, data)
            with open(path, "wb") as file:
                file.write(data)
        return chosen


def sources(directory: str) -> list[Source]:
    """The good checkpoints: `DIRECTORY/MODEL/CHECKPOINT`."""
    found = []
    for model in sorted(os.listdir(directory)):
        folder = os.path.join(directory, model)
        names = sorted({name.split(".index")[0].split(".data-")[0] for name in os.listdir(folder)})
        found += [(model, Source(folder, name)) for name in names if name != "checkpoint"]
    return found


def state_file(r: Random, directory: str) -> None:
    with open(os.path.join(directory, "checkpoint"), "wb") as file:
        file.write(damaged(r, b'model_checkpoint_path: "cp"\nall_model_checkpoint_paths: "cp"\n'))


def main() -> None:
    home, first, last = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    import reading

    found = sources(home)
    readers = {model: reading.Readers(model) for model in {model for model, _ in found}}
    print(json.dumps("ready"), flush=True)
    scratch = tempfile.mkdtemp()
    try:
        for case in range(first, last):
            one(case, found, readers, os.path.join(scratch, "case"))
    finally:
        shutil.rmtree(scratch)


def one(case: int, found: Any, readers: Any, directory: str) -> None:
    r = Random(case)
    reader = r.choice(READERS)
    choice = [each for each in found if reader != "load_model" or each[1].is_whole]
    model, source = choice[case % len(choice)]
    os.mkdir(directory)
    chosen = source.write(r, directory)
    path = os.path.join(directory, source.name)
    if reader == "latest":
        state_file(r, directory)
        reader, path = "latest_checkpoint", directory
    told = [case, reader, model, chosen]
    print(json.dumps(told), flush=True)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
    outcome = readers[model].outcome(reader, path)
    why = wrong(outcome, before)
    if why:
        print(json.dumps({"case": told, "why": why}), flush=True)
    shutil.rmtree(directory)


def wrong(outcome: dict[str, Any], before: int) -> str:
    """What is wrong with what a reader did, if anything is."""
    if outcome["error"] not in (None, "CheckpointError", "FileNotFoundError"):
        return "{}: {}".format(outcome["error"], outcome["message"])
    if outcome["changed"]:
        return "the model has changed: {}".format(outcome["message"])
    if len(outcome["message"].splitlines()) > 1:
        return "the message has several lines: {}".format(outcome["message"])
    if outcome["peak"] - before > MOST_MEMORY:
        return f"it took {outcome['peak'] - before} MiB: {outcome['message']}"
    if outcome["seconds"] > MOST_TIME:
        return "it took {:.1f} s: {}".format(outcome["seconds"], outcome["message"])
    return ""


if __name__ == "__main__":
    main()
