"""Which Keras is running, and what of it is used."""

from __future__ import annotations

import os
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
