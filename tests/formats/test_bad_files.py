"""What the readers make of files that are no good: one clear error, soon, and nothing changed."""

from __future__ import annotations

import base64
import json
import marshal
import os
import pathlib
import re
import shutil
import struct
import subprocess
import sys
import tempfile
import warnings
import zipfile
from typing import Any, Callable

import numpy as np
import pytest

from keras_ckpt import formats, runtime
from keras_ckpt.formats import CheckpointError, api
from keras_ckpt.formats.inspection import inspect
from keras_ckpt.formats.tensorflow import protobuf, tensor_bundle

if not runtime.is_keras_3():
    pytest.skip("what Keras 3 reads", allow_module_level=True)

import h5py
import reading
from models import keras

TOOLS = pathlib.Path(__file__).resolve().parents[1] / "tools" / "formats"
WEIGHTS = ["w.weights.h5", "w.h5", "w.keras", "cp"]
# `native.h5` is what Keras 3 itself writes.
WHOLE = ["m.keras", "m.h5", "native.h5", "saved"]
HDF5 = ["w.weights.h5", "w.h5", "m.h5", "native.h5"]
ARCHIVES = ["w.keras", "m.keras"]

READERS = ["format_of", "inspect", "load_weights", "load_model", "latest_checkpoint"]
LOADERS = ["load_weights", "load_model"]

#: The most that a reader may take, beyond what is there before: MiB, and seconds of CPU.
MOST_MEMORY, MOST_TIME = 200, 1.0

Path = pathlib.Path


def main_file(path: Path) -> Path:
    """The file of a checkpoint that is read first."""
    if path.name == "cp":
        return path.with_name("cp.index")
    return path / "assets.extra" / "keras_ckpt.keras" if path.is_dir() else path


def edit_hdf5(path: Path, change: Callable[[Any], Any]) -> None:
    with h5py.File(str(path), "a") as file:
        change(file)


def edit_archive(path: Path, change: Callable[[zipfile.ZipFile], Any]) -> None:
    with zipfile.ZipFile(str(path), "a") as archive:
        change(archive)


def edit_members(path: Path, **changed: Any) -> None:
    """Packs an archive again with functions applied to its members (`config`, `metadata`)."""
    with zipfile.ZipFile(str(path)) as archive:
        content = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(str(path), "w") as archive:
        for name, data in content.items():
            change = changed.get(name.split(".")[0])
            archive.writestr(name, change(data) if change else data)


def edit_config(path: Path, change: Callable[[Any], Any]) -> None:
    """Changes what a file says of its model, in any format that does."""

    def changed(text: Any) -> str:
        config = json.loads(text)
        return json.dumps(change(config) or config)

    if path.is_dir():
        path = main_file(path)
    if path.name.endswith(".h5"):

        def edit(file: Any) -> None:
            file.attrs["model_config"] = changed(file.attrs["model_config"])

        edit_hdf5(path, edit)
    else:
        edit_members(path, config=changed)


def layer_of(config: Any, number: int = 1) -> Any:
    return config["config"]["layers"][number]


# ---------------------------------------------------------------- kinds of damage, for any format


def truncated(path: Path) -> None:
    file = main_file(path)
    os.truncate(str(file), file.stat().st_size // 2)


def empty(path: Path) -> None:
    main_file(path).write_bytes(b"")


def wrong_magic(path: Path) -> None:
    file = main_file(path)
    data = bytearray(file.read_bytes())
    data[:8] = b"\x93NUMPY\x01\0"
    data[-8:] = bytes(8)
    file.write_bytes(data)


def a_directory(path: Path) -> None:
    file = main_file(path)
    file.unlink()
    file.mkdir()


# ---------------------------------------------------------------- HDF5


def dataset(file: Any) -> Any:
    found: list[Any] = []
    file.visititems(lambda _, each: found.append(each) if hasattr(each, "shape") else None)
    return next(each for each in found if len(each.shape) == 2)


def replaced(path: Path, make: Callable[[Any, str, Any], Any]) -> None:
    """Puts something else in the place of a dataset."""

    def change(file: Any) -> None:
        old = dataset(file)
        group, name, value = old.parent, old.name.rpartition("/")[2], old[()]
        del group[name]
        make(group, name, value)

    edit_hdf5(path, change)


def soft_link(path: Path) -> None:
    replaced(path, lambda group, name, value: group.__setitem__(name, h5py.SoftLink("/other")))


def external_link(path: Path) -> None:
    link = h5py.ExternalLink("/etc/passwd", "/other")
    replaced(path, lambda group, name, value: group.__setitem__(name, link))


def external_storage(path: Path) -> None:
    replaced(
        path,
        lambda group, name, value: group.create_dataset(
            name, value.shape, value.dtype, external=[("/etc/passwd", 0, value.nbytes)]
        ),
    )


def virtual_dataset(path: Path) -> None:
    def make(group: Any, name: str, value: Any) -> None:
        layout = h5py.VirtualLayout(value.shape, value.dtype)
        layout[...] = h5py.VirtualSource("/tmp/other.h5", "data", value.shape)
        group.create_virtual_dataset(name, layout)

    replaced(path, make)


def packed_bomb(path: Path) -> None:
    def make(group: Any, name: str, value: Any) -> None:
        big = group.create_dataset(name, (1 << 40,), "f4", chunks=(1 << 20,), compression="gzip")
        big[:10] = 1

    replaced(path, make)


def unwritten_bomb(path: Path) -> None:
    replaced(path, lambda group, name, value: group.create_dataset(name, (1 << 20, 1 << 20), "f4"))


def texts_for_weights(path: Path) -> None:
    replaced(path, lambda group, name, value: group.create_dataset(name, data=["a", "b"]))


def a_loop(path: Path) -> None:
    edit_hdf5(path, lambda file: file.__setitem__("loop", file["/"]))


def deep_groups(path: Path) -> None:
    edit_hdf5(path, lambda file: file.create_group("/".join(["deep"] * 3000)))


def user_block(path: Path) -> None:
    path.write_bytes(bytes(512) + path.read_bytes())


def damaged_heap(path: Path) -> None:
    def text(file: Any) -> None:
        file.attrs["keras_version"] = "3.0.0, of which there is a heap"

    edit_hdf5(path, text)
    data = bytearray(path.read_bytes())
    found = [each.start() for each in re.finditer(b"GCOL\x01", data)]
    assert found
    for place in found:
        data[place + 24 : place + 32] = struct.pack("<Q", (1 << 64) - 16)
    path.write_bytes(data)


# ---------------------------------------------------------------- archives


def name_above(path: Path) -> None:
    edit_archive(path, lambda archive: archive.writestr("../../escaped.txt", "escaped"))


def absolute_name(path: Path) -> None:
    edit_archive(path, lambda archive: archive.writestr("/tmp/escaped.txt", "escaped"))


def two_of_a_name(path: Path) -> None:
    def change(archive: zipfile.ZipFile) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            archive.writestr("model.weights.h5", b"other")

    edit_archive(path, change)


def link_member(path: Path) -> None:
    def change(archive: zipfile.ZipFile) -> None:
        info = zipfile.ZipInfo("assets/link")
        info.external_attr = 0o120777 << 16
        archive.writestr(info, "/etc/passwd")

    edit_archive(path, change)


def bomb(path: Path) -> None:
    zeros = path.parent / "zeros"
    with open(str(zeros), "wb") as file:
        file.truncate(256 << 20)
    with zipfile.ZipFile(str(path), "a", zipfile.ZIP_DEFLATED) as archive:
        archive.write(str(zeros), "assets/zeros")
    zeros.unlink()


def encrypted(path: Path) -> None:
    data = bytearray(path.read_bytes())
    for mark, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        for found in re.finditer(re.escape(mark), bytes(data)):
            data[found.start() + flags] |= 1
    path.write_bytes(data)


def lying_size(path: Path) -> None:
    data = bytearray(path.read_bytes())
    for found in re.finditer(b"PK\x01\x02", bytes(data)):
        data[found.start() + 24 : found.start() + 28] = struct.pack("<I", 1 << 31)
    path.write_bytes(data)


def damaged_weights(path: Path) -> None:
    data = bytearray(path.read_bytes())
    start = data.index(b"\x89HDF")
    data[start + 2000 : start + 2600] = bytes(600)
    path.write_bytes(data)


def without_weights(path: Path) -> None:
    with zipfile.ZipFile(str(path)) as archive:
        config = archive.read("config.json")
    with zipfile.ZipFile(str(path), "w") as archive:
        archive.writestr("config.json", config)


def deep_description(path: Path) -> None:
    edit_members(path, config=lambda data: b'{"a":' * 100000 + b"1" + b"}" * 100000)


def huge_description(path: Path) -> None:
    edit_members(path, config=lambda data: b'"' + b" " * (70 << 20) + b'"')


def no_description(path: Path) -> None:
    edit_members(path, config=lambda data: b"[1, 2]")


# ---------------------------------------------------------------- TensorFlow checkpoints


def rewritten(path: Path, change: Callable[[bytes, Any], bytes]) -> None:
    """Writes the index anew, with right checksums, with each entry changed."""
    index = path.with_name(path.name + ".index")
    table = dict(sstable().load(index.read_bytes()))
    made = [(key, change(key, value)) for key, value in sorted(table.items())]
    index.write_bytes(sstable().dump(made))


def sstable() -> Any:
    from keras_ckpt.formats.tensorflow import sstable

    return sstable


def with_entry(path: Path, **changed: Any) -> None:
    def change(key: bytes, value: bytes) -> bytes:
        if not key.endswith(b"VARIABLE_VALUE"):
            return value
        fields = protobuf.parse(value)
        numbers = {name: protobuf.get_int(fields, n) for name, n in _NUMBERS.items()}
        numbers.update({name: new for name, new in changed.items() if name != "shape"})
        shape = protobuf.get_bytes(fields, 2)
        if "shape" in changed:
            shape = b"".join(
                protobuf.bytes_field(2, protobuf.int_field(1, size)) for size in changed["shape"]
            )
        encoded = b"".join(protobuf.int_field(_NUMBERS[name], numbers[name]) for name in _NUMBERS)
        crc = protobuf.fixed32_field(6, protobuf.get_int(fields, 6))
        return encoded + protobuf.bytes_field(2, shape) + crc

    rewritten(path, change)


_NUMBERS = {"dtype": 1, "shard": 3, "offset": 4, "size": 5}


def shard_missing(path: Path) -> None:
    path.with_name("cp.data-00000-of-00001").unlink()


def shard_truncated(path: Path) -> None:
    os.truncate(str(path.with_name("cp.data-00000-of-00001")), 100)


def shard_damaged(path: Path) -> None:
    data = path.with_name("cp.data-00000-of-00001")
    data.write_bytes(bytes(reversed(data.read_bytes())))


def with_graph(path: Path, graph: bytes) -> None:
    reader = tensor_bundle.Reader(str(path))
    tensors: dict[str, Any] = {}
    for name in reader:
        value = reader.get(name)
        tensors[name] = value[0] if isinstance(value, list) else np.array(value)
    tensors["_CHECKPOINTABLE_OBJECT_GRAPH"] = graph
    tensor_bundle.write(str(path), tensors)


def cyclic_graph(path: Path) -> None:
    child = protobuf.bytes_field(1, protobuf.bytes_field(2, "layer_with_weights-0"))
    with_graph(path, protobuf.bytes_field(1, child))


def graph_out_of_range(path: Path) -> None:
    child = protobuf.int_field(1, 1 << 40) + protobuf.bytes_field(2, "a")
    with_graph(path, protobuf.bytes_field(1, protobuf.bytes_field(1, child)))


def damaged_graph(path: Path) -> None:
    with_graph(path, b"\xff" * 99)


# ---------------------------------------------------------------- other models


def of_other_shapes(path: Path) -> None:
    other = keras.Sequential([keras.Input((4,)), keras.layers.Dense(5), keras.layers.Dense(2)])
    other.compile(optimizer="adam", loss="mse")
    other.train_on_batch(np.ones((2, 4), "float32"), np.ones((2, 2), "float32"))
    write(other, path)


def write(model: Any, path: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if path.name == "native.h5":
            model.save(str(path))
        else:
            api.write(model, str(path), path.name in WEIGHTS)


def state_file_in_a_loop(path: Path) -> None:
    (path.parent / "checkpoint").write_bytes(b'model_checkpoint_path: "a\\000b"\n')


#: What each file is made, of what, and the readers that have to refuse it.
Case = Any
CASES: dict[str, Case] = {}


def cases(names: list[str], made: list[Any], readers: list[str]) -> None:
    for name in names:
        for make in made:
            fails = [each for each in readers if each != "load_model" or name in WHOLE]
            CASES[f"{name} {make.__name__}"] = name, make, fails


cases(WEIGHTS + WHOLE, [truncated, empty, wrong_magic], ["inspect", *LOADERS])
cases(WEIGHTS + WHOLE, [a_directory], ["inspect", *LOADERS])
cases(WEIGHTS + WHOLE, [of_other_shapes], ["load_weights"])
cases(
    HDF5,
    [
        soft_link,
        external_link,
        external_storage,
        virtual_dataset,
        packed_bomb,
        unwritten_bomb,
        texts_for_weights,
        a_loop,
        deep_groups,
        user_block,
        damaged_heap,
    ],
    ["inspect", *LOADERS],
)
cases(
    ARCHIVES,
    [name_above, absolute_name, two_of_a_name, link_member, bomb, encrypted, lying_size],
    ["inspect", *LOADERS],
)
cases(ARCHIVES, [damaged_weights], LOADERS)
cases(["m.keras"], [without_weights], LOADERS)
cases(["m.keras"], [deep_description, no_description, huge_description], ["inspect", "load_model"])
cases(["cp"], [shard_missing, shard_truncated], ["inspect", "load_weights"])
cases(["cp"], [shard_damaged, cyclic_graph, graph_out_of_range, damaged_graph], ["load_weights"])
cases(["cp"], [state_file_in_a_loop], [])
for told, entry in {
    "an enormous shape": {"shape": (1 << 30, 1 << 30)},
    "a negative shape": {"shape": (-4, -5)},
    "a long shape": {"shape": (1,) * 1000},
    "an enormous size": {"size": 1 << 40},
    "an enormous offset": {"offset": 1 << 62},
    "a negative offset": {"offset": -8},
    "many shards": {"shard": 1 << 20},
    "texts": {"dtype": 7, "shape": (1 << 40,)},
}.items():
    make = lambda path, entry=entry: with_entry(path, **entry)  # noqa: E731
    CASES["cp " + told] = "cp", make, ["inspect", "load_weights"]


# ---------------------------------------------------------------- code in files


def marker(path: Path) -> Path:
    """The file that is there afterwards if code in a checkpoint has run."""
    return path.parent / "it-ran"


def payload(path: Path) -> Any:
    return eval(f"lambda x: (open({str(marker(path))!r}, 'w').close(), x)[1]")


def write_lambda(path: Path) -> None:
    """What Keras 3 itself makes of a Lambda."""
    # Its code runs when the layer is called, which making the model does.
    model = keras.Sequential([keras.Input((4,)), keras.layers.Lambda(payload(path))])
    if path.is_dir():
        shutil.rmtree(str(path))
    write(model, path)
    marker(path).unlink()


def lambda_of_keras_2(path: Path) -> None:
    """What Keras 2 made of a Lambda: marshalled code."""
    code = base64.b64encode(marshal.dumps(payload(path).__code__)).decode()

    def change(config: Any) -> None:
        layer_of(config)["class_name"] = "Lambda"
        layer_of(config)["config"] = {
            "name": "a",
            "function": [code, None, None],
            "function_type": "lambda",
        }

    edit_config(path, change)
    if path.name.endswith(".h5"):
        edit_hdf5(path, lambda file: file.attrs.__setitem__("keras_version", "2.4.0"))
    else:
        edit_members(path, metadata=lambda data: b'{"keras_version": "2.13.1"}')


def function(module: Any, name: str) -> dict[str, Any]:
    return {"module": module, "class_name": "function", "config": name, "registered_name": name}


def put(what: Any, where: str) -> Callable[[Path], None]:
    def change(config: Any) -> None:
        if where == "layer":
            config["config"]["layers"].insert(1, what)
        else:
            layer_of(config)["config"][where] = what

    return lambda path: edit_config(path, change)


def layer(of: str, kind: str, **config: Any) -> dict[str, Any]:
    return {"module": of, "class_name": kind, "config": config, "registered_name": None}


#: What files have named to have it run, or read.
ATTACKS: dict[str, tuple[Any, str]] = {
    "os.system": (function("os", "system"), "activation"),
    "subprocess.getoutput": (function("subprocess", "getoutput"), "activation"),
    "get_file": (function("keras.utils", "get_file"), "activation"),
    "unsafe deserialization": (
        function("keras.config", "enable_unsafe_deserialization"),
        "activation",
    ),
    "load_model": (function("keras.models", "load_model"), "activation"),
    "deserialize": (function("keras.layers", "deserialize"), "activation"),
    "run in an initializer": (layer("subprocess", "Popen", args="true"), "kernel_initializer"),
    "of a private module": (layer("keras.src.utils.file_utils", "os"), "layer"),
    "lambda in an activation": (
        {"class_name": "__lambda__", "config": {"value": "4wAA"}},
        "activation",
    ),
    "typespec": (
        {
            "class_name": "__typespec__",
            "spec_name": "Popen",
            "registered_name": None,
            "module": "subprocess",
            "config": ["true"],
        },
        "activation",
    ),
    "pickle": (layer("keras.layers", "TorchModuleWrapper", name="t", module={}), "layer"),
    "another SavedModel": (layer("keras.layers", "TFSMLayer", filepath="/tmp/other"), "layer"),
    "a file of words": (
        layer("keras.layers", "TextVectorization", name="t", vocabulary="/etc/passwd"),
        "layer",
    ),
    "a URL of words": (
        layer("keras.layers", "StringLookup", name="t", vocabulary="http://127.0.0.1:9/words"),
        "layer",
    ),
    "a class from elsewhere": (layer("antigravity", "Elsewhere", name="t"), "layer"),
}

CODE: dict[str, Case] = {}
for name in WHOLE:
    CODE[f"{name} Lambda"] = name, write_lambda, ["load_model"]
    for told, attack in ATTACKS.items():
        CODE[f"{name} {told}"] = name, put(*attack), ["load_model"]
for name in ("m.keras", "m.h5"):
    CODE[f"{name} Lambda of Keras 2"] = name, lambda_of_keras_2, ["load_model"]
CASES.update(CODE)


# ---------------------------------------------------------------- what comes of them


@pytest.fixture(scope="module")
def good(tmp_path_factory: Any) -> Path:
    """One good checkpoint of each format."""
    directory: Path = tmp_path_factory.mktemp("good")
    model = reading.small()
    for name in WEIGHTS + WHOLE:
        write(model, directory / name)
    return directory


def copied(good: Path, name: str, target: Path) -> Path:
    for part in good.iterdir():
        if part.name == name or part.name.startswith(name + "."):
            (shutil.copytree if part.is_dir() else shutil.copy)(str(part), str(target / part.name))
    return target / name


@pytest.fixture(scope="module")
def paths(good: Path, tmp_path_factory: Any) -> dict[str, Path]:
    """The bad files."""
    found = {}
    for number, (name, make, _) in enumerate(CASES.values()):
        directory: Path = tmp_path_factory.mktemp(f"bad{number:03d}")
        path = copied(good, name, directory)
        make(path)
        found[list(CASES)[number]] = path
    return found


def asked(questions: list[tuple[str, Path]]) -> list[dict[str, Any]]:
    """Asks the readers in a process of their own."""
    lines = [json.dumps([name, str(path), str(marker(path))]) for name, path in questions]
    ran = subprocess.run(
        [sys.executable, str(TOOLS / "reading.py")],
        input="\n".join(lines).encode(),
        stdout=subprocess.PIPE,
        timeout=600,
        check=False,
        cwd=tempfile.gettempdir(),
        env=dict(
            os.environ,
            TF_CPP_MIN_LOG_LEVEL="3",
            PYTHONPATH=os.pathsep.join([str(TOOLS), os.environ.get("PYTHONPATH", "")]),
        ),
    )
    printed = [json.loads(line) for line in ran.stdout.splitlines()]
    last = [line for line in printed if isinstance(line, list)][-1]
    assert ran.returncode == 0, f"the reader ended with {ran.returncode} at {last}"
    return [line for line in printed if isinstance(line, dict)]


@pytest.fixture(scope="module")
def outcomes(good: Path, paths: dict[str, Path]) -> dict[tuple[str, str], dict[str, Any]]:
    """What each reader made of each bad file, after all good ones."""
    warm = [(reader, good / name) for name in WEIGHTS + WHOLE for reader in READERS]
    asking = [(reader, case) for case in CASES for reader in READERS]
    found = asked(warm + [(reader, paths[case]) for reader, case in asking])
    for (reader, path), each in zip(warm, found):
        loads = reader != "load_model" or path.name in WHOLE
        assert not loads or each["error"] is None, (reader, path, each)
    base = found[len(warm) - 1]["peak"]
    told = {}
    for asked_for, each in zip(asking, found[len(warm) :]):
        told[asked_for] = dict(each, memory=each["peak"] - base)
        base = each["peak"]
    return told


@pytest.mark.slow
@pytest.mark.parametrize("case", list(CASES))
def test_a_bad_file(case: str, outcomes: Any, paths: dict[str, Path]) -> None:
    name, _, fails = CASES[case]
    path = paths[case]
    for reader in READERS:
        found = outcomes[reader, case]
        assert found["error"] in (None, "CheckpointError", "FileNotFoundError"), found
        assert not found["changed"], reader
        assert not found["ran"], reader
        assert found["memory"] <= MOST_MEMORY, reader
        if found["error"]:
            assert found["seconds"] <= MOST_TIME, (reader, found)
            assert path.name in found["message"], found
            assert len(found["message"].splitlines()) == 1
            assert found["advice"] or found["error"] == "FileNotFoundError", found
        if reader in fails:
            assert found["error"], f"{reader} reads it"
    assert outcomes["latest_checkpoint", case]["error"] is None


@pytest.mark.parametrize("case", list(CODE))
def test_code_is_refused_in_words(case: str, outcomes: Any) -> None:
    message = outcomes["load_model", case]["message"]
    assert "safe_mode=False" in message or "custom_objects" in message
    assert ("safe_mode=False" in message) == any(
        word in case
        for word in ("Lambda", "lambda", "pickle", "SavedModel", "file of words", "URL of words")
    )


@pytest.mark.parametrize("name", WHOLE)
def test_code_runs_for_those_who_trust_it(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    write_lambda(path)
    with pytest.raises(CheckpointError, match="safe_mode=False if you trust the file"):
        formats.load_model(path)
    assert not marker(path).exists()
    model = formats.load_model(path, safe_mode=False)
    model.predict(np.ones((1, 4)), verbose=0)
    assert marker(path).exists()


def test_weights_beside_code_can_be_loaded(good: Path, tmp_path: Path) -> None:
    for name in ("m.keras", "m.h5"):
        path = copied(good, name, tmp_path)
        put(function("os", "system"), "activation")(path)
        model = reading.small()
        formats.load_weights(model, path)
        assert inspect(path).model == "Sequential"


def twice(x: Any) -> Any:
    return 2 * x


class Own(keras.layers.Dense):
    pass


@pytest.mark.parametrize("name", ["m.keras", "m.h5", "native.h5"])
def test_objects_of_the_users_are_still_made(name: str, tmp_path: Path) -> None:
    layers = [Own(3, name="own"), keras.layers.Activation(twice)]
    model = keras.Sequential([keras.Input((4,)), *layers])
    model.compile(optimizer="adam", loss=twice)
    write(model, tmp_path / name)
    with pytest.raises(CheckpointError, match="(twice|Own).*custom_objects"):
        formats.load_model(tmp_path / name)
    made = formats.load_model(tmp_path / name, {"Own": Own, "twice": twice}, compile=False)
    assert isinstance(made.layers[0], Own)
    if name != "m.keras":
        return  # Keras 3.0, too, makes models in HDF5 with custom_objects alone.
    with keras.saving.custom_object_scope({"Own": Own, "twice": twice}):
        assert isinstance(formats.load_model(tmp_path / name).layers[0], Own)


def test_a_lambda_of_a_users_function_is_no_code_in_the_file(tmp_path: Path) -> None:
    model = keras.Sequential([keras.Input((4,)), keras.layers.Lambda(twice)])
    write(model, tmp_path / "m.keras")
    made = formats.load_model(tmp_path / "m.keras", {"twice": twice})
    assert np.array_equal(made.predict(np.ones((1, 4)), verbose=0), 2 * np.ones((1, 4)))


def test_what_fails_in_between_is_undone(good: Path, tmp_path: Path) -> None:
    """Also when it fails where nothing can be known before: here, in a variable."""
    for name in WEIGHTS + WHOLE:
        other = reading.small()
        last = other.layers[-1].bias
        last.assign(np.array(runtime.to_numpy(last)) + 1)
        path = tmp_path / name
        write(other, path)
        model = reading.small()
        before = reading.values(model)
        failing = refusing(model.layers[-1].bias)
        with pytest.raises((CheckpointError, OSError)):
            formats.load_weights(model, path)
        assert set(failing) == {"the disk is gone"}
        assert reading.values(model) == before, name


def refusing(variable: Any) -> list[str]:
    """Lets a variable refuse all values but its own; returns what it has refused."""
    failed: list[str] = []
    assign = variable._direct_assign
    kept = np.array(runtime.to_numpy(variable))

    def fail(value: Any) -> Any:
        if np.array_equal(keras.ops.convert_to_numpy(value), kept):
            return assign(value)
        failed.append("the disk is gone")
        raise OSError(failed[0])

    variable._direct_assign = fail
    return failed


@pytest.mark.parametrize("settings", [{}, {"libver": "latest"}, {"track_order": True}])
def test_hdf5_of_other_kinds_is_read(good: Path, tmp_path: Path, settings: Any) -> None:
    """Packed, in the newest layout of HDF5, or with its members in order: nothing is wrong."""
    for name in HDF5:
        path = str(tmp_path / (f"{len(settings)}-{name}"))
        with h5py.File(str(good / name), "r") as source, h5py.File(path, "w", **settings) as target:
            copy(source, target)
        model, other = reading.small(), reading.small()
        formats.load_weights(model, path)
        formats.load_weights(other, str(good / name))
        assert reading.values(model)[:4] == reading.values(other)[:4]
        assert len(inspect(path).variables) == len(inspect(str(good / name)).variables)


def copy(source: Any, target: Any) -> None:
    target.attrs.update(source.attrs)
    for name, each in source.items():
        if hasattr(each, "shape"):
            packing = {"compression": "gzip", "shuffle": True} if each.shape else {}
            target.create_dataset(name, data=each[()], **packing).attrs.update(each.attrs)
        else:
            copy(each, target.create_group(name))
