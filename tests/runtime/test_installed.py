"""Which Keras is running, and what of it is used."""

from __future__ import annotations

import os
import pathlib
import sys
from typing import Any

import numpy as np
import pytest
from helpers import KERAS_3, StandIn, Subclassed, functional, keras, sequential, subclassed

import keras_ckpt
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


def test_options_type() -> None:
    kinds = [runtime.options_type(weights, load=True) for weights in (True, False)]
    if not runtime.has_tensorflow():
        assert kinds == [None, None]
    elif KERAS_3:
        assert [kind and kind.__name__ for kind in kinds] == ["CheckpointOptions", "SaveOptions"]


@pytest.mark.skipif(
    not runtime.is_keras_3() or runtime.backend() != "torch", reason="PyTorch wraps models"
)
@pytest.mark.parametrize("kind", ["DistributedDataParallel", "compile", "both"])
@pytest.mark.parametrize("path", ["a.keras", "a.weights.h5", "cp"])
def test_a_model_that_pytorch_has_wrapped(kind: str, path: str, tmp_path: pathlib.Path) -> None:
    torch = pytest.importorskip("torch")
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])
    where = f"file://{tmp_path / 'rendezvous'}"
    torch.distributed.init_process_group("gloo", init_method=where, rank=0, world_size=1)
    try:
        wrapped = model if kind == "compile" else torch.nn.parallel.DistributedDataParallel(model)
        wrapped = wrapped if kind == "DistributedDataParallel" else torch.compile(wrapped)
        assert runtime.unwrapped(wrapped) is model
        name = str(tmp_path / path)
        save = keras_ckpt.save_model if path.endswith(".keras") else keras_ckpt.save_weights
        save(wrapped, name)
        before = model.get_weights()
        model.set_weights([each + 1 for each in before])
        keras_ckpt.load_weights(wrapped, name)
        for one, other in zip(model.get_weights(), before):
            np.testing.assert_array_equal(one, other)
        callback = keras_ckpt.ModelCheckpoint(str(tmp_path / "{epoch}.keras"))
        callback.set_model(wrapped)
        callback.on_train_begin()
        callback.on_epoch_begin(0)
        callback.on_epoch_end(0, {"loss": 1.0})
        assert (tmp_path / "1.keras").exists()
    finally:
        torch.distributed.destroy_process_group()
