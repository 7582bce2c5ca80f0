"""Models with embeddings train on as in the release that they come from."""

from __future__ import annotations

import json
import os
import pathlib
import subprocess
import sys
from typing import Any

import h5py
import numpy as np
import pytest

import keras_ckpt
from keras_ckpt import keras2, runtime
from keras_ckpt.formats.config import compilation

if not runtime.is_keras_3():
    pytest.skip("optimizers of Keras 3", allow_module_level=True)

keras = runtime.keras()
optimizers = keras2.embedding_optimizers

of_rows = pytest.mark.skipif(
    runtime.backend() != "tensorflow", reason="gradients of rows are TensorFlow's"
)

ROWS = np.array([[0, 1], [1, 2], [2, 2]])
OTHERS = np.array([[3, 3], [3, 4], [5, 3]])
TARGETS = np.array([[1.0, -1.0]] * 3, "float32")


def model_with(optimizer: Any, **arguments: Any) -> Any:
    inputs = keras.Input((2,), dtype="int32")
    x = keras.layers.Embedding(7, 4)(inputs)
    model = keras.Model(inputs, keras.layers.Dense(2)(keras.layers.Flatten()(x)))
    model.set_weights(
        [np.linspace(-1, 1, w.size).reshape(w.shape).astype("float32") for w in model.get_weights()]
    )
    model.compile(optimizer, "mse", **arguments)
    return model


def model_of_one_hot(optimizer: Any) -> Any:
    """The same model, whose gradients are of all rows."""
    inputs = keras.Input((2, 7))
    x = keras.layers.Dense(4, use_bias=False)(inputs)
    model = keras.Model(inputs, keras.layers.Dense(2)(keras.layers.Flatten()(x)))
    model.set_weights(model_with("sgd").get_weights())
    model.compile(optimizer, "mse")
    return model


@of_rows
@pytest.mark.parametrize("name", sorted(optimizers.SUMMED))
def test_the_gradients_of_a_row_are_summed(name: str) -> None:
    model = model_with(optimizers.SUMMED[name](0.1), run_eagerly=name != "Adam")
    other = model_of_one_hot(getattr(keras.optimizers, name)(0.1))
    for rows in (ROWS, OTHERS, ROWS):
        model.train_on_batch(rows, TARGETS)
        other.train_on_batch(np.eye(7, dtype="float32")[rows], TARGETS)
    for found, expected in zip(model.get_weights(), other.get_weights()):
        np.testing.assert_allclose(found, expected, atol=1e-5)


#: The ways to clip gradients, some of which make gradients of all rows of those of a few.
CLIPPED: list[dict[str, float]] = [
    {},
    {"global_clipnorm": 0.1},
    {"clipnorm": 0.1},
    {"clipvalue": 0.01},
]


@of_rows
@pytest.mark.parametrize("clip", CLIPPED)
@pytest.mark.parametrize("name", sorted(optimizers.UP_TO_TF_2_10))
def test_rows_that_a_batch_does_not_have_stay(name: str, clip: dict[str, float]) -> None:
    more = {"momentum": 0.9} if name in ("SGD", "RMSprop") else {}
    optimizer = optimizers.UP_TO_TF_2_10[name](0.1, **more, **clip)
    model = model_with(optimizer, run_eagerly=True)
    model.train_on_batch(ROWS, TARGETS)
    before = model.get_weights()[0]
    kept = [runtime.to_numpy(each) for each in optimizer.variables if tuple(each.shape) == (7, 4)]
    model.train_on_batch(OTHERS, TARGETS)
    after = model.get_weights()[0]
    assert np.array_equal(after[:3], before[:3])
    assert (after[3:6] != before[3:6]).any(axis=1).all()
    assert np.array_equal(after[6], before[6])
    slots = [each for each in optimizer.variables if tuple(each.shape) == (7, 4)]
    assert kept and len(slots) == len(kept)
    if name != "Nadam":  # Its means go on.
        for value, slot in zip(kept, slots):
            assert np.array_equal(runtime.to_numpy(slot)[:3], value[:3])


@of_rows
@pytest.mark.parametrize("jit_compile", [False, True])
def test_rows_of_a_batch_are_trained_as_by_keras(jit_compile: bool) -> None:
    model = model_with(optimizers.RowsSGD(0.1, momentum=0.9), jit_compile=jit_compile)
    other = model_of_one_hot(keras.optimizers.SGD(0.1, momentum=0.9))
    for _ in range(3):
        model.train_on_batch(ROWS, TARGETS)
        other.train_on_batch(np.eye(7, dtype="float32")[ROWS], TARGETS)
    for found, expected in zip(model.get_weights(), other.get_weights()):
        np.testing.assert_allclose(found, expected, atol=1e-5)


@of_rows
@pytest.mark.parametrize("name", sorted(optimizers.STAND_ALONE))
def test_sums_of_the_gradients_of_a_row_are_clipped(name: str) -> None:
    cls = optimizers.STAND_ALONE[name]
    model = model_with(cls(0.1, global_clipnorm=0.1), run_eagerly=True)
    other = model_of_one_hot(cls.__bases__[1](0.1, global_clipnorm=0.1))
    for rows in (ROWS, OTHERS, ROWS):
        model.train_on_batch(rows, TARGETS)
        other.train_on_batch(np.eye(7, dtype="float32")[rows], TARGETS)
    for found, expected in zip(model.get_weights(), other.get_weights()):
        np.testing.assert_allclose(found, expected, atol=1e-5)


def of_keras_2(name: str, *new: str) -> dict[str, Any]:
    settings = {"name": name, "learning_rate": 0.1, **dict.fromkeys(new, False)}
    return {"loss": "mse", "optimizer_config": {"class_name": name, "config": settings}}


@of_rows
def test_each_release_gets_its_own() -> None:
    def found(config: dict[str, Any]) -> type:
        model = model_with("sgd")
        compilation.compile_model("m.h5", model, config, None, "2.4.0")
        return type(model.optimizer)

    assert found(of_keras_2("SGD")) is optimizers.RowsSGD
    assert found(of_keras_2("Adam")) is optimizers.SummedAdam
    assert found(of_keras_2("Nadam")) is optimizers.RowsNadam
    assert found(of_keras_2("Adagrad")) is keras2.optimizers.Keras2Adagrad
    assert found(of_keras_2("SGD", "jit_compile")) is keras.optimizers.SGD
    assert found(of_keras_2("Nadam", "jit_compile")) is optimizers.SummedNadam
    stand_alone = of_keras_2("SGD")
    del stand_alone["optimizer_config"]["config"]["name"]
    assert found(stand_alone) is optimizers.WholeSGD


@of_rows
def test_an_optimizer_may_be_described_by_its_name() -> None:
    model = model_with("sgd")
    compilation.compile_model("m.keras", model, {"loss": "mse", "optimizer": "adam"}, None)
    assert type(model.optimizer) is optimizers.SummedAdam
    assert model.optimizer.name.startswith("adam")
    compilation.compile_model("m.keras", model, {"loss": "mse", "optimizer": "sgd"}, None)
    assert type(model.optimizer) is keras.optimizers.SGD


KINDS = sorted(
    {
        kind
        for table in (optimizers.STAND_ALONE, optimizers.SUMMED, optimizers.UP_TO_TF_2_10)
        for kind in table.values()
    },
    key=lambda kind: str(kind.__name__),
)


@of_rows
@pytest.mark.parametrize("kind", KINDS)
def test_each_trains_compiled_by_xla(kind: Any) -> None:
    model = model_with(kind(), jit_compile=True)
    model.fit(ROWS, TARGETS, verbose=0)
    assert all(np.isfinite(each).all() for each in model.get_weights())


# A process can say once how many devices it has.
ON_REPLICAS = """
import tensorflow as tf
cpu = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
import test_embedding_optimizers as tests
for kind in tests.KINDS:
    with tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"]).scope():
        model = tests.model_with(kind())
    one = tests.model_with(kind())
    for each in (model, one):
        each.fit(tests.ROWS[:2], tests.TARGETS[:2], verbose=0, batch_size=2)
    for found, expected in zip(model.get_weights(), one.get_weights()):
        tests.np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5, err_msg=str(kind))
"""


@of_rows
@pytest.mark.skipif(runtime.version() < (3, 5), reason="there replicas train otherwise")
def test_each_trains_on_replicas_as_on_one() -> None:
    here = os.path.dirname(__file__)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([here, *sys.path])}
    done = subprocess.run(
        [sys.executable, "-c", ON_REPLICAS], env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr[-3000:]


def test_a_model_without_embeddings_gets_that_of_keras() -> None:
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    compilation.compile_model("m.h5", model, of_keras_2("Adam"), None, "2.4.0")
    assert type(model.optimizer) is type(keras.optimizers.get("adam"))


def test_files_for_keras_2_name_that_of_keras_2(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "m.h5"
    keras_ckpt.save_model(model_with(optimizers.RowsSGD(0.1, momentum=0.9)), path, format="h5")
    with h5py.File(path, "r") as file:
        described = json.loads(file.attrs["training_config"])["optimizer_config"]
    assert described["class_name"] == "SGD"
    assert described["config"]["momentum"] == 0.9


@pytest.mark.parametrize("name", sorted(optimizers.UP_TO_TF_2_10))
def test_keras_saves_and_loads_them(name: str, tmp_path: pathlib.Path) -> None:
    model = model_with(optimizers.UP_TO_TF_2_10[name](0.1))
    model.train_on_batch(ROWS, TARGETS)
    model.save(tmp_path / "m.keras")
    again = keras.models.load_model(tmp_path / "m.keras")
    assert type(again.optimizer) is optimizers.UP_TO_TF_2_10[name]
    for each in (model, again):
        each.train_on_batch(OTHERS, TARGETS)
    for found, expected in zip(again.get_weights(), model.get_weights()):
        np.testing.assert_allclose(found, expected, atol=1e-6)
