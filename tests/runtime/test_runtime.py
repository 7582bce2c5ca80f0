"""Which Keras is running, and what of it is used."""

from __future__ import annotations

import collections
import logging
import os
import pathlib
import sys
from typing import Any

import numpy as np
import pytest
from helpers import KERAS_3, StandIn, Subclassed, functional, keras, sequential, subclassed

from keras_ckpt import runtime
from keras_ckpt.runtime import installed

only_keras_3 = pytest.mark.skipif(not KERAS_3, reason="Keras 2 has nothing of it")


def test_keras() -> None:
    assert runtime.keras() is keras
    assert issubclass(runtime.callback_base(), keras.callbacks.Callback)
    version = runtime.version()
    assert len(version) == 3
    assert all(isinstance(part, int) for part in version)
    assert (version >= (3,)) == KERAS_3
    if KERAS_3:
        assert ".".join(map(str, version)) in keras.__version__


def test_no_keras_at_all(monkeypatch: Any) -> None:
    monkeypatch.setattr(installed, "_found", {})
    monkeypatch.setattr(installed, "_installed", lambda name: False)
    for name in ("tf_keras", "keras"):
        monkeypatch.setitem(sys.modules, name, None)
        monkeypatch.delitem(sys.modules, name)
    with pytest.raises(ImportError, match="needs a Keras to run on and found none. Install one of"):
        runtime.keras()
    with pytest.raises(ImportError, match="needs TensorFlow, which is not installed"):
        runtime.tensorflow()


def test_backend() -> None:
    if not KERAS_3:
        assert runtime.backend() == "tensorflow"
    elif "KERAS_BACKEND" in os.environ:
        assert runtime.backend() == os.environ["KERAS_BACKEND"]
    assert runtime.backend() in ("tensorflow", "jax", "torch", "numpy", "openvino")


def test_models() -> None:
    for make in (functional, sequential, subclassed):
        assert runtime.is_keras_model(make())
    assert not runtime.is_keras_model(StandIn())
    assert not runtime.is_keras_model(Subclassed)
    assert runtime.is_graph_network(functional())
    assert not runtime.is_graph_network(subclassed())
    assert runtime.is_graph_network(StandIn())


def test_has_own() -> None:
    class Own(Subclassed):  # type: ignore[misc, valid-type]
        def save(self, *args: Any, **kwargs: Any) -> None:
            pass

    assert runtime.has_own(Own(), "save")
    assert not runtime.has_own(Own(), "save_weights")
    assert not runtime.has_own(functional(), "save")
    model = functional()
    model.save_weights = lambda path: None
    assert runtime.has_own(model, "save_weights")
    assert runtime.has_own(StandIn(), "save")


@only_keras_3
def test_tensors() -> None:
    tensor = keras.ops.convert_to_tensor([1.0, 2.0])
    assert runtime.is_tensor(tensor)
    for other in (1.0, np.zeros(2), np.float32(1), "x", None):
        assert not runtime.is_tensor(other)
    assert np.array_equal(runtime.to_numpy(tensor), [1.0, 2.0])
    assert isinstance(runtime.to_numpy(tensor), np.ndarray)
    assert runtime.to_numpy(keras.Variable(3.0)).item() == 3.0


def test_to_numpy_of_what_is_no_tensor() -> None:
    for value in (1, 1.5, np.float16(1), np.zeros((2, 1)), [1.0, 2.0]):
        assert np.array_equal(runtime.to_numpy(value), np.asarray(value))


@pytest.mark.parametrize("load", [True, False])
def test_python_values(load: bool, monkeypatch: Any) -> None:
    if not load:  # As where TensorFlow is not installed.
        monkeypatch.setattr(installed, "tensorflow_if_loaded", lambda: None)
    pair = collections.namedtuple("pair", "a b")
    logs = {"b": np.float32(0.5), "a": [np.array(2), (1, np.zeros(2))], "c": pair(np.int64(1), "x")}
    found = runtime.python_values(logs, numpy=True)
    assert type(found["b"]) is float
    assert found["b"] == 0.5
    assert type(found["a"][0]) is int
    assert found["a"][1][0] == 1
    assert np.array_equal(found["a"][1][1], np.zeros(2))
    assert type(found["c"]) is pair
    assert type(found["c"].a) is int
    assert found["c"].b == "x"
    assert type(logs["b"]) is np.float32
    untouched = runtime.python_values(logs, numpy=False)
    assert type(untouched["b"]) is np.float32
    if KERAS_3:
        logs = {"t": keras.ops.convert_to_tensor(0.5), "v": keras.ops.convert_to_tensor([0.5])}
        for numpy in (True, False):
            found = runtime.python_values(logs, numpy=numpy)
            assert type(found["t"]) is float
            assert isinstance(found["v"], np.ndarray)


@only_keras_3
def test_metric_directions() -> None:
    if runtime.version() < (3, 11):
        pytest.skip("no metric knows its direction")
    model = functional(
        ["accuracy", keras.metrics.AUC(name="auc"), keras.metrics.MeanSquaredError()]
    )
    model.evaluate(np.zeros((2, 2)), np.zeros((2, 1)), verbose=0)
    directions = runtime.metric_directions(model)
    assert directions["auc"] == "up"
    assert directions["accuracy"] == "up"
    assert directions["mean_squared_error"] == "down"


def test_metric_directions_of_what_has_none() -> None:
    assert runtime.metric_directions(object()) == {}
    assert runtime.metric_directions(StandIn()) == {}


def test_print_msg(capsys: Any) -> None:
    runtime.print_msg("\nEpoch 1: é")
    assert capsys.readouterr().out == "\nEpoch 1: é\n"


@only_keras_3
def test_print_msg_can_be_silenced(capsys: Any) -> None:
    keras.utils.disable_interactive_logging()
    try:
        runtime.print_msg("quiet")
    finally:
        keras.utils.enable_interactive_logging()
    assert capsys.readouterr().out == ""
    runtime.print_msg("loud")
    assert capsys.readouterr().out == "loud\n"


def test_tensorflow_logger() -> None:
    logger = runtime.tensorflow_logger()
    assert isinstance(logger, logging.Logger)
    assert logger.name == "tensorflow"


def test_file_system(tmp_path: pathlib.Path) -> None:
    for gfile in (True, False):
        files = runtime.file_system(gfile=gfile)
        made = str(tmp_path / str(gfile) / "b")
        assert not files.exists(made)
        files.makedirs(made)
        assert files.exists(made)
        assert os.path.isdir(made)


def test_path_to_string() -> None:
    assert runtime.path_to_string(pathlib.Path("a")) == "a"
    assert type(runtime.path_to_string(pathlib.Path("a"))) is str
    for other in ("a", None, 5, b"a"):
        assert runtime.path_to_string(other) is other


def test_options_type() -> None:
    kinds = [runtime.options_type(weights, load=True) for weights in (True, False)]
    if not runtime.has_tensorflow():
        assert kinds == [None, None]
    elif KERAS_3:
        assert [kind and kind.__name__ for kind in kinds] == ["CheckpointOptions", "SaveOptions"]
