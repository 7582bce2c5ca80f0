"""Files of safetensors: weights by the paths of the variables."""

from __future__ import annotations

import json
import pathlib
import struct
import sys
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import keras_ckpt
from keras_ckpt import runtime
from keras_ckpt.errors import CheckpointError, DamagedCheckpoint, MismatchedCheckpoint

if not runtime.is_keras_3():
    pytest.skip("variables have paths in Keras 3", allow_module_level=True)

pytest.importorskip("safetensors")
from models import MODELS, keras, predictions
from safetensors import safe_open
from safetensors.numpy import load_file, save_file


def test_weights_come_back(case: Any, tmp_path: pathlib.Path) -> None:
    kind, model, expected = case
    path = tmp_path / "w.safetensors"
    for _ in range(2):
        keras_ckpt.save_weights(model, path)
    other = MODELS[kind]()
    keras_ckpt.load_weights(other, path)
    assert np.array_equal(predictions(other, kind), expected)
    assert [each.name for each in tmp_path.iterdir()] == ["w.safetensors"]


def test_the_library_finds_the_variables_by_their_paths(mlp: Any, tmp_path: pathlib.Path) -> None:
    path = tmp_path / "w.safetensors"
    keras_ckpt.save_weights(mlp, path)
    found = load_file(path)
    assert set(found) == {each.path for each in mlp.weights}
    for each in mlp.weights:
        assert np.array_equal(found[each.path], runtime.to_numpy(each))


def test_what_the_library_wrote_is_read(mlp: Any, tmp_path: pathlib.Path) -> None:
    values = {each.path: runtime.to_numpy(each) for each in mlp.weights}
    save_file(values, tmp_path / "w.safetensors")
    other = MODELS["mlp"]()
    keras_ckpt.load_weights(other, tmp_path / "w.safetensors")
    assert np.array_equal(predictions(other, "mlp"), predictions(mlp, "mlp"))


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float64"])
def test_types(dtype: str, tmp_path: pathlib.Path) -> None:
    def make() -> Any:
        return keras.Sequential([keras.Input((3,)), keras.layers.Dense(2, dtype=dtype)])

    model, other = make(), make()
    if model.weights[0].dtype != dtype or str(model.weights[0].value.dtype).count(dtype) == 0:
        pytest.skip("JAX has no numbers of 64 bits unless it is asked for them")
    keras_ckpt.save_weights(model, tmp_path / "w.safetensors")
    assert keras_ckpt.inspect(tmp_path / "w.safetensors").variables[0].dtype == dtype
    keras_ckpt.load_weights(other, tmp_path / "w.safetensors")
    for mine, its in zip(other.weights, model.weights):
        assert np.array_equal(
            runtime.to_numpy(mine).astype("float64"), runtime.to_numpy(its).astype("float64")
        )


def test_inspect(mlp: Any, tmp_path: pathlib.Path) -> None:
    path = tmp_path / "w.safetensors"
    keras_ckpt.save_weights(mlp, path)
    found = keras_ckpt.inspect(path)
    assert found.format == "safetensors file"
    assert found.written_by == {"keras": keras.__version__}
    assert found.parameters == mlp.count_params()
    assert found.loads_with == [f"keras_ckpt.load_weights(model, {str(path)!r})"]


def test_names_of_another_library(mlp: Any, tmp_path: pathlib.Path) -> None:
    path = tmp_path / "model.safetensors"
    save_file({"model.layers.0.mlp.weight": np.ones((2, 2), "float32")}, path)
    before = mlp.get_weights()
    with pytest.raises(MismatchedCheckpoint) as caught:
        keras_ckpt.load_weights(mlp, path)
    for part in ("'model.layers.0.mlp.weight'", "keras_hub.models.Backbone.from_preset"):
        assert part in str(caught.value)
    assert all(np.array_equal(a, b) for a, b in zip(mlp.get_weights(), before))
    assert keras_ckpt.inspect(path).parameters == 4


@pytest.mark.parametrize("cut", [0, 4, 8, 9, 40, -1])
def test_cut_off(mlp: Any, cut: int, tmp_path: pathlib.Path) -> None:
    path = tmp_path / "w.safetensors"
    keras_ckpt.save_weights(mlp, path)
    path.write_bytes(path.read_bytes()[:cut])
    with pytest.raises(CheckpointError):
        keras_ckpt.load_weights(mlp, path)


@given(place=st.floats(0, 1, exclude_max=True), bit=st.integers(0, 7))
def test_each_bit_counts(place: float, bit: int, tmp_path_factory: Any) -> None:
    path = tmp_path_factory.mktemp("bits") / "w.safetensors"
    model = MODELS["mlp"]()
    keras_ckpt.save_weights(model, path)
    content = bytearray(path.read_bytes())
    content[int(place * len(content))] ^= 1 << bit
    path.write_bytes(content)
    other = MODELS["mlp"]()
    before = other.get_weights()
    try:
        keras_ckpt.load_weights(other, path)
    except CheckpointError:
        expected = before
    else:  # It was a bit of the name of the checksums.
        expected = model.get_weights()
        assert b'"keras_ckpt_crc32c"' not in content
    assert all(np.array_equal(a, b) for a, b in zip(other.get_weights(), expected))


def test_values_that_another_program_changed(mlp: Any, tmp_path: pathlib.Path) -> None:
    path = tmp_path / "w.safetensors"
    keras_ckpt.save_weights(mlp, path)
    values = {name: value + 1 for name, value in load_file(path).items()}
    with safe_open(path, framework="numpy") as file:
        metadata = file.metadata()
    save_file(values, path, metadata)
    with pytest.raises(DamagedCheckpoint, match="have it leave out 'keras_ckpt_crc32c'"):
        keras_ckpt.load_weights(mlp, path)
    del metadata["keras_ckpt_crc32c"]
    save_file(values, path, metadata)
    keras_ckpt.load_weights(mlp, path)
    for each in mlp.weights:
        assert np.array_equal(values[each.path], runtime.to_numpy(each))


def changed(path: pathlib.Path, change: Any) -> None:
    content = path.read_bytes()
    length = struct.unpack("<Q", content[:8])[0]
    header = json.loads(content[8 : 8 + length])
    change(header)
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + content[8 + length :])


@pytest.mark.parametrize(
    "change",
    [
        lambda header: next(iter(header.values())).update(shape=[7, 7]),
        lambda header: [each.update(dtype="I999") for each in header.values() if "dtype" in each],
        lambda header: [each.pop("shape") for each in header.values() if "shape" in each],
        lambda header: [
            each.update(data_offsets=[0, 1 << 60]) for each in header.values() if "dtype" in each
        ],
    ],
)
def test_headers_that_are_wrong(mlp: Any, change: Any, tmp_path: pathlib.Path) -> None:
    path = tmp_path / "w.safetensors"
    keras_ckpt.save_weights(mlp, path)
    changed(path, change)
    with pytest.raises(DamagedCheckpoint):
        keras_ckpt.load_weights(mlp, path)


def test_without_the_library(
    mlp: Any, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "w.safetensors"
    keras_ckpt.save_weights(mlp, path)
    monkeypatch.setitem(sys.modules, "safetensors", None)
    assert keras_ckpt.inspect(path).parameters == mlp.count_params()
    for act in (
        lambda: keras_ckpt.load_weights(mlp, path),
        lambda: keras_ckpt.save_weights(mlp, path),
    ):
        with pytest.raises(ImportError, match=r'pip install "keras-ckpt\[safetensors\]"'):
            act()
