"""What layers of Keras 3 keep beside their variables gets the values that Keras 2 had in some."""

from __future__ import annotations

import json
import pathlib
import warnings
from typing import Any

import h5py
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import keras_ckpt
from keras_ckpt import runtime
from keras_ckpt.formats import assignment
from keras_ckpt.formats.config import beside_variables

if not runtime.is_keras_3():
    pytest.skip("what Keras 3 reads", allow_module_level=True)

import keras

NUMBERS = st.floats(width=32, allow_nan=False, allow_infinity=False, allow_subnormal=False)


@given(st.lists(NUMBERS, min_size=1, max_size=6, unique=True).map(sorted), NUMBERS, st.data())
def test_a_bin_of_tensorflow_2_4_and_2_5_has_its_upper_boundary(
    boundaries: list[float], number: float, data: st.DataObject
) -> None:
    numbers = np.array([[number, data.draw(st.sampled_from(boundaries))]], dtype="float32")
    above = beside_variables.closed_above([*boundaries, float("inf")])
    layer = keras.layers.Discretization(bin_boundaries=above)
    found = runtime.to_numpy(layer(numbers))
    assert (found == np.searchsorted(np.float32(boundaries), numbers, side="left")).all()


def model(**arguments: Any) -> keras.Model:
    inputs = keras.Input((3,))
    bins = keras.layers.Discretization(name="bins", **arguments)(inputs)
    return keras.Model(inputs, [bins, keras.layers.Dense(2, name="dense")(inputs)])


def written(path: pathlib.Path, name: str, values: Any) -> str:
    """A file of weights as TensorFlow 2.5 to 2.15 write it."""
    with h5py.File(path, "w") as file:
        file.attrs["layer_names"] = [b"bins", b"dense"]
        file.attrs["backend"], file.attrs["keras_version"] = b"tensorflow", b"2.9.0"
        for layer, weights in (
            ("bins", {f"{name}:0": np.float32(values)}),
            ("dense", {"dense/kernel:0": np.ones((3, 2)), "dense/bias:0": np.ones(2)}),
        ):
            group = file.create_group(layer)
            group.attrs["weight_names"] = [each.encode() for each in weights]
            for each, value in weights.items():
                group.create_dataset(each, data=np.float32(value))
    return str(path)


def adapt(layer: keras.Layer, numbers: Any) -> None:
    """Does what `adapt` does, which needs TensorFlow."""
    layer.update_state(np.float32(numbers))
    layer.finalize_state()


SUMMARY = [[0, 1, 2, 3, 4, 5], [1, 1, 1, 1, 1, 1]]
X = np.array([[0, 2, 4]], dtype="float32")


@pytest.mark.parametrize("by_name", [False, True])
def test_what_a_layer_learnt_comes_from_a_file_of_weights(
    tmp_path: pathlib.Path, by_name: bool
) -> None:
    one, other = model(num_bins=3), keras.layers.Discretization(num_bins=3)
    keras_ckpt.load_weights(one, written(tmp_path / "a.h5", "summary", SUMMARY), by_name=by_name)
    adapt(other, SUMMARY[0])
    assert one.get_layer("bins").bin_boundaries == other.bin_boundaries
    keras_ckpt.load_weights(one, written(tmp_path / "b.h5", "bins", [2, 4, np.inf]))
    assert runtime.to_numpy(one(X)[0]).tolist() == [[0, 0, 1]]


def test_what_was_learnt_does_not_fit_boundaries_that_are_given(tmp_path: pathlib.Path) -> None:
    path = written(tmp_path / "a.h5", "summary", SUMMARY)
    one = model(bin_boundaries=[1.0, 2.0])
    with pytest.raises(keras_ckpt.MismatchedCheckpoint, match="bins"):
        keras_ckpt.load_weights(one, path)
    assert one.get_layer("bins").bin_boundaries == [1.0, 2.0]


def test_bins_are_put_back_if_not_all_can_be_loaded() -> None:
    one = model(num_bins=3)
    layer = one.get_layer("bins")
    adapt(layer, np.arange(9.0))
    before = layer.bin_boundaries
    bins = beside_variables.of(layer, "summary", (2, 6))

    def unreadable() -> Any:
        raise OSError("the disk is gone")

    given = [
        assignment.Assignment(bins, (2, 6), lambda: np.float32(SUMMARY)),
        assignment.Assignment(one.weights[0], (3, 2), unreadable),
    ]
    with pytest.raises(OSError, match="gone"):
        assignment.assign(one, given)
    assert layer.bin_boundaries == before


def test_loading_other_layers_keeps_the_bins(tmp_path: pathlib.Path) -> None:
    one = model(num_bins=3)
    adapt(one.get_layer("bins"), np.arange(9.0))
    path = str(tmp_path / "a.keras")
    one.save(path)
    again = keras.models.load_model(path)  # Keras leaves out what the layer learnt.
    bins = again.get_layer("bins").bin_boundaries
    assignment.finalize(again)
    assert again.get_layer("bins").bin_boundaries == bins


@pytest.mark.parametrize(
    ("version", "settings", "expected"),
    [
        ("2.4.0", {"bins": [0.0, 2.0, 4.0]}, [0, 1, 2]),  # Of TensorFlow 2.3.
        ("2.4.0", {"bins": [0.0, 2.0, 4.0, float("inf")]}, [-1, 0, 1]),
        ("2.5.0", {"bin_boundaries": [0.0, 2.0, 4.0], "num_bins": None}, [-1, 0, 1]),
        ("2.6.0", {"bin_boundaries": [0.0, 2.0, 4.0], "num_bins": None}, [0, 1, 2]),
    ],
)
def test_boundaries_in_descriptions(version: str, settings: Any, expected: list[int]) -> None:
    layer = {"class_name": "Discretization", "config": {"name": "bins", **settings}}
    start = {"class_name": "InputLayer", "config": {"batch_input_shape": [None, 3], "name": "x"}}
    config = {"name": "m", "layers": [start, layer]}
    described = {"class_name": "Sequential", "config": config, "keras_version": version}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = keras_ckpt.model_from_json(json.dumps(described))
    assert runtime.to_numpy(found(X)).tolist() == [[each + 1 for each in expected]]
