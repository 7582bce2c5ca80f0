"""Damaged files, thousands of them: no crash, no hang, no half-loaded model, one kind of error.

`KERAS_CKPT_FUZZ` says how many; 10,000 by default.
"""

from __future__ import annotations

import contextlib
import json
import os
import pathlib
import queue
import subprocess
import sys
import tarfile
import threading
import warnings
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keras_ckpt import runtime
from keras_ckpt.formats import CheckpointError, api
from keras_ckpt.formats.tensorflow import object_graph, protobuf, sstable, tensor_bundle

if not runtime.is_keras_3():
    pytest.skip("what Keras 3 reads", allow_module_level=True)

import damage
import reading

pytestmark = pytest.mark.slow

TESTS = pathlib.Path(__file__).resolve().parents[1]
TOOLS = TESTS / "tools" / "formats"
CASES = int(os.environ.get("KERAS_CKPT_FUZZ", "10000"))
#: How long one case may take, in seconds, on a machine that does other things, too.
MOST_TIME = 10 * (3 if os.environ.get("CI") else 1)
START = 240

#: The files of old releases: what they are called there, and here.
LEGACY = {
    "mlp.weights.h5": "w.h5",
    "mlp.weights.hdf5": "w.hdf5",
    "mlp.model.h5": "m.h5",
    "mlp.model.keras": "m.keras",
    "mlp_checkpoint": "cp",
    "mlp_saved_model": "saved",
}


def unpack(release: str, directory: pathlib.Path) -> None:
    """Takes the checkpoints of one model out of what a release wrote."""
    directory.mkdir()
    with tarfile.open(str(TESTS / "data" / "legacy" / (release + ".tar.xz"))) as archive:
        for member in archive:
            if not member.isfile():
                continue
            for old, new in LEGACY.items():
                rest = member.name[len(old) :]
                if member.name.startswith(old) and (not rest or rest[0] in "./"):
                    target = directory / (new + rest)
                    target.parent.mkdir(parents=True, exist_ok=True)
                    content = archive.extractfile(member)
                    assert content is not None
                    target.write_bytes(content.read())


@pytest.fixture(scope="module")
def good(tmp_path_factory: Any) -> pathlib.Path:
    """Good checkpoints: ours, Keras 3's own, and those of old releases."""
    home: pathlib.Path = tmp_path_factory.mktemp("good")
    directory = home / "small"
    directory.mkdir()
    model = reading.small()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name in ("w.weights.h5", "w.h5", "w.keras", "cp", "m.keras", "m.h5", "saved"):
            api.write(model, str(directory / name), name.startswith(("w.", "cp")))
        model.save(str(directory / "native.h5"))
    for release in ("2.3", "2.12", "2.15"):
        unpack(release, home / ("mlp-" + release))
    return home


class Run:
    """Cases in a process of their own, which is started again after the one that ends it."""

    def __init__(self, home: pathlib.Path, scratch: pathlib.Path) -> None:
        self.wrong: list[Any] = []
        self.seen: list[Any] = []
        self._home, self._scratch = home, scratch
        first = 0
        while first < CASES and len(self.wrong) < 20:
            first = self._run(first)

    def _run(self, first: int) -> int:
        """Runs cases from `first` on; returns the first that is still to be run."""
        errors = self._scratch / "stderr"
        with open(str(errors), "wb") as stderr:
            child = subprocess.Popen(
                [
                    sys.executable,
                    str(TOOLS / "damage.py"),
                    str(self._home),
                    str(first),
                    str(CASES),
                ],
                stdout=subprocess.PIPE,
                stderr=stderr,
                cwd=str(self._scratch),
                env=dict(
                    os.environ,
                    TF_CPP_MIN_LOG_LEVEL="3",
                    TMPDIR=str(self._scratch),
                    PYTHONPATH=os.pathsep.join([str(TOOLS), os.environ.get("PYTHONPATH", "")]),
                ),
            )
        lines: queue.Queue[Any] = queue.Queue()
        thread = threading.Thread(target=self._listen, args=(child, lines), daemon=True)
        thread.start()
        case: Any = "the start"
        try:
            while True:
                line = lines.get(timeout=START if isinstance(case, str) else MOST_TIME)
                if line is None:
                    break
                told = json.loads(line)
                if isinstance(told, dict):
                    self.wrong.append(told)
                else:
                    case = told
                    if isinstance(told, list):
                        self.seen.append(told)
        except queue.Empty:
            self.wrong.append({"case": case, "why": "it hangs"})
        finally:
            child.kill()
            code = child.wait()
            thread.join()
        if isinstance(case, str):
            raise RuntimeError(f"the readers do not start: {errors.read_text()[-3000:]}")
        if code not in (0, -9):
            tail = errors.read_text(errors="replace")[-3000:]
            self.wrong.append({"case": case, "why": f"the process ended with {code}: {tail}"})
        return int(case[0]) + 1

    @staticmethod
    def _listen(child: Any, lines: Any) -> None:
        for line in child.stdout:
            lines.put(line)
        lines.put(None)


@pytest.fixture(scope="module")
def run(good: pathlib.Path, tmp_path_factory: Any) -> Run:
    return Run(good, tmp_path_factory.mktemp("fuzz"))


@pytest.mark.parametrize(
    "reader", ["inspect", "load_weights", "load_model", "format_of", "latest_checkpoint"]
)
def test_damaged_files(run: Run, reader: str) -> None:
    mine = [each for each in run.wrong if each["case"][1] == reader]
    assert not mine, "\n".join(json.dumps(each) for each in mine)
    assert len(run.seen) == CASES
    if CASES >= 1000:
        assert sum(case[1] == reader for case in run.seen) >= CASES // 100


def test_good_files_are_read(good: pathlib.Path) -> None:
    """What is damaged are checkpoints that the models take."""
    sources = damage.sources(str(good))
    models = {model: reading.Readers(model) for model, _ in sources}
    for model, source in sources:
        readers = models[model]
        path = os.path.join(str(good), model, source.name)
        for name in ["inspect", "load_weights"] + ["load_model"] * source.is_whole:
            found = readers.outcome(name, path)
            assert found["error"] is None, (name, path, found)


# ---------------------------------------------------------------- structures of our own readers

FEW = settings(max_examples=max(10, min(500, CASES // 40)), derandomize=True, deadline=None)
KEYS = st.binary(max_size=20)
#: Numbers at the edges of what a varint holds, and near zero.
NUMBERS = st.one_of(
    st.integers(0, 20),
    st.sampled_from([(1 << 31) - 1, 1 << 31, 1 << 32, (1 << 63) - 1, 1 << 63, (1 << 64) - 1]),
    st.integers(0, (1 << 64) - 1),
)


@FEW
@given(data=st.binary(max_size=200))
def test_any_bytes_are_a_message_or_not(data: bytes) -> None:
    try:
        fields = protobuf.parse(data)
    except ValueError:
        return
    for number in fields:
        for get in (protobuf.get_int, protobuf.get_bytes, protobuf.get_text, protobuf.get_all):
            with contextlib.suppress(ValueError):
                get(fields, number)


@FEW
@given(entries=st.dictionaries(KEYS, st.binary(max_size=50), max_size=30), data=st.data())
def test_tables(entries: dict[bytes, bytes], data: Any) -> None:
    table = bytearray(sstable.dump(sorted(entries.items())))
    assert sstable.load(bytes(table)) == entries
    for _ in range(data.draw(st.integers(1, 3))):
        table[data.draw(st.integers(0, len(table) - 1))] ^= data.draw(st.integers(1, 255))
    with contextlib.suppress(ValueError):
        sstable.load(bytes(table))


#: What an entry of a block says: how much it shares, how much it does not, and of how many bytes.
ENTRIES = st.lists(st.tuples(NUMBERS, NUMBERS, NUMBERS, st.binary(max_size=30)), max_size=8)


@FEW
@given(entries=ENTRIES, restarts=NUMBERS, again=st.integers(1, 3))
def test_blocks_that_lie_of_themselves(entries: Any, restarts: int, again: int) -> None:
    """With checksums that are right."""
    body = b"".join(
        protobuf.varint(shared) + protobuf.varint(own) + protobuf.varint(length) + rest
        for shared, own, length, rest in entries
    )
    body += (restarts & 0xFFFFFFFF).to_bytes(4, "little") + b"\0"
    out = bytearray(body + sstable.masked(body).to_bytes(4, "little"))
    handle = protobuf.varint(0) + protobuf.varint(len(body) - 1)
    index = b"".join(
        protobuf.varint(0) + protobuf.varint(1) + protobuf.varint(len(handle)) + b"a" + handle
        for _ in range(again)
    )
    index += bytes(4) + (1).to_bytes(4, "little") + b"\0"
    at = len(out)
    out += index + sstable.masked(index).to_bytes(4, "little")
    footer = protobuf.varint(0) + protobuf.varint(0)
    footer += protobuf.varint(at) + protobuf.varint(len(index) - 1)
    out += footer.ljust(40, b"\0") + 0xDB4775248B80FB57.to_bytes(8, "little")
    with contextlib.suppress(ValueError):
        sstable.load(bytes(out))


def test_names_that_stand_for_more_than_there_is() -> None:
    """A long name that each of many shares."""
    long = b"a" * 100000
    block = protobuf.varint(0) + protobuf.varint(len(long)) + protobuf.varint(0) + long
    block += (protobuf.varint(len(long)) + protobuf.varint(1) + protobuf.varint(0) + b"b") * 100000
    block += bytes(4) + (1).to_bytes(4, "little") + b"\0"
    data = block + sstable.masked(block).to_bytes(4, "little")
    with pytest.raises(ValueError, match="names take more"):
        sstable._entries(data, 0, len(block) - 1)


CHILDREN = st.lists(st.tuples(NUMBERS, st.text(max_size=5)), max_size=4)
SLOTS = st.lists(st.tuples(NUMBERS, st.text(max_size=5), NUMBERS), max_size=3)
GRAPHS = st.lists(st.tuples(CHILDREN, SLOTS, st.one_of(st.none(), st.text(max_size=8))), max_size=6)


@FEW
@given(nodes=GRAPHS)
def test_graphs_of_any_shape(nodes: Any) -> None:
    """Also such as go round, or out of range: what is read from one can be walked."""
    out = []
    for children, slots, key in nodes:
        encoded = b"".join(
            protobuf.bytes_field(1, protobuf.int_field(1, to) + protobuf.bytes_field(2, name))
            for to, name in children
        )
        for first, name, second in slots:
            encoded += protobuf.bytes_field(
                3,
                protobuf.int_field(1, first)
                + protobuf.bytes_field(2, name)
                + protobuf.int_field(3, second),
            )
        if key is not None:
            encoded += protobuf.bytes_field(
                2, protobuf.bytes_field(1, "VARIABLE_VALUE") + protobuf.bytes_field(3, key)
            )
        out.append(protobuf.bytes_field(1, encoded))
    try:
        stored = object_graph.load(b"".join(out))
    except ValueError:
        return
    root = object_graph.Node()
    root.children = {"a": root}
    found = object_graph.match(root, stored, 0)
    assert set(found.unused) <= {key for _, _, key in nodes}


@FEW
@given(
    dtype=st.one_of(st.integers(0, 30), NUMBERS),
    dims=st.lists(NUMBERS, max_size=5),
    shard=NUMBERS,
    offset=NUMBERS,
    size=NUMBERS,
    count=NUMBERS,
)
def test_an_index_that_lies(
    tmp_path_factory: Any, dtype: int, dims: Any, shard: int, offset: int, size: int, count: int
) -> None:
    """With checksums that are right: nothing is allocated that is not there."""
    directory = tmp_path_factory.getbasetemp() / "lies"
    directory.mkdir(exist_ok=True)
    prefix = str(directory / "cp")
    shape = b"".join(protobuf.bytes_field(2, protobuf.int_field(1, each)) for each in dims)
    numbers = zip((1, 3, 4, 5), (dtype, shard, offset, size))
    entry = b"".join(protobuf.int_field(field, value) for field, value in numbers)
    entry += protobuf.bytes_field(2, shape) + protobuf.fixed32_field(6, 0)
    header = protobuf.int_field(1, count)
    with open(prefix + ".index", "wb") as file:
        file.write(sstable.dump([(b"", header), (b"a", entry)]))
    with open(tensor_bundle.shard_path(prefix, 0, 1), "wb") as file:
        file.write(bytes(64))
    try:
        reader = tensor_bundle.Reader(prefix)
        value = reader.get("a")
    except (CheckpointError, FileNotFoundError, ImportError):
        return
    assert len(value) <= 64 if isinstance(value, list) else value.nbytes <= 64
