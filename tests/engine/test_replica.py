"""The replica of the running release against the class that the release really runs."""

from __future__ import annotations

import contextlib
import functools
import io
import json
import os
import pathlib
import re
import shutil
import warnings
from typing import Any, Callable

import numpy as np
import pytest
import recorder
import scenarios
from contents import contents
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from keras_ckpt import compat

pytestmark = pytest.mark.slow

EXAMPLES = int(os.environ.get("KERAS_CKPT_EXAMPLES", "1000"))
FITS = int(os.environ.get("KERAS_CKPT_FITS", "10"))


def _version() -> tuple[int, ...]:
    return recorder.running().version


@functools.lru_cache(maxsize=None)
def _classes() -> tuple[type, type]:
    current = recorder.running()
    return current.model_checkpoint, compat.for_version(current.release)


@pytest.fixture(scope="module")
def directory(tmp_path_factory: Any) -> pathlib.Path:
    """A directory that is emptied before each run."""
    made: pathlib.Path = tmp_path_factory.mktemp("scenario") / "run"
    return made


def _checked(examples: int) -> Any:
    return settings(
        max_examples=examples,
        deadline=None,
        derandomize=bool(os.environ.get("CI")),
        # One directory for all examples is right: it is emptied before each.
        suppress_health_check=list(HealthCheck),
        # A smaller example is not worth the minutes that fits take to find it.
        phases=[Phase.explicit, Phase.reuse, Phase.generate],
    )


# ---------------------------------------------------------------- classes and traces


def test_same_class() -> None:
    real, replica = _classes()
    left, right = recorder.describe_class(real), recorder.describe_class(replica)
    found = recorder.differences(left, right)
    assert not found, "\n".join(found)


@_checked(EXAMPLES)
@given(scenario=scenarios.scenarios(_version()))
def test_same_trace(scenario: Any, directory: pathlib.Path) -> None:
    real, replica = _classes()
    # The same directory for both, one after the other: a path may be printed cut or padded.
    left = recorder.record(real, scenario, directory)
    right = recorder.record(replica, scenario, directory)
    found = recorder.differences(left, right)
    assert not found, "\n".join(found) + "\n" + json.dumps(scenario)


# ---------------------------------------------------------------- real fits


@st.composite
def _fits(draw: Callable[[Any], Any], version: tuple[int, ...]) -> dict[str, Any]:
    """A real fit: the model, the data, how it is fitted, and the callback's arguments."""
    two, alone = version < (3,), version < (2,)
    weights = draw(st.booleans())
    stem = draw(
        st.sampled_from(
            ["m", "m.{epoch:02d}", "m.{epoch:02d}-{loss:.4f}", "m-{val_loss:.3f}", "{nope}"]
        )
    )
    if version >= (2, 6):
        stem = draw(st.sampled_from([stem, stem, "m.{epoch}.{batch:03d}"]))
    kinds = ["sequential", "functional"] + ["subclassed"] * (not alone)
    kind = draw(st.sampled_from(kinds))
    endings = [".weights.h5"] if weights else [".keras", ".h5"][: 1 + (version >= (3, 8))]
    if two:
        # A SavedModel takes a second or more to write: once in a while is enough.
        endings = [".h5", ".hdf5", "", ".ckpt"] if weights else [".h5", ".h5", ".hdf5", ""]
        if version >= (2, 12):
            endings.append(".weights.h5" if weights else ".keras")
    named: dict[str, Any] = {
        "filepath": "<dir>/" + stem + draw(st.sampled_from(endings)),
        "verbose": draw(st.sampled_from([1, 1, 0])),
        "save_weights_only": weights,
        "save_best_only": draw(st.booleans()),
    }
    optional: dict[str, Any] = {
        "monitor": st.sampled_from(["loss", "val_loss", "mae", "val_mae", "nope", "val_acc"]),
        "mode": st.sampled_from(["auto", "min", "max", "best"]),
        "save_freq": st.sampled_from(["epoch", 1, 2, 3, 4, 8, 20]),
    }
    if two:
        optional["period"] = st.sampled_from([1, 2])
        optional["load_weights_on_restart"] = st.booleans()
    if alone:
        del optional["save_freq"], optional["load_weights_on_restart"]
    if version >= (2, 8):
        optional["initial_value_threshold"] = st.sampled_from([None, 0.5, 5.0, 0.0])
    if (2, 3) <= version < (3,):
        right = "CheckpointOptions" if weights else "SaveOptions"
        optional["options"] = st.sampled_from([None, {"$": "options", "t": right}])
    for name in sorted(optional):
        if draw(st.booleans()):
            named[name] = draw(optional[name])
    return {
        "kind": kind,
        "kwargs": named,
        "epochs": draw(st.integers(1, 3)),
        "fits": draw(st.sampled_from([1, 1, 2])),
        "validation": draw(st.sampled_from([True, True, False])),
        "dataset": draw(st.booleans()) and not alone,
        "steps": draw(st.sampled_from([1, 1, 2, 3])) if version >= (2, 4) else 1,
    }


def _model(kind: str) -> Any:
    """A small model that starts with the same weights each time."""
    keras = recorder.running().keras
    layers = keras.layers
    keras.backend.clear_session()
    if _version() < (2,):
        # Its optimizers change the weights of one layer while another still reads them.
        first = layers.Activation("linear", name="a")
    else:
        first = layers.Dense(2, name="a")
    if kind == "sequential":
        inputs = keras.layers.Input((3,))
        model = keras.models.Sequential([inputs, first, layers.Dense(1, name="b")])
    elif kind == "functional":
        inputs = keras.layers.Input((3,), name="in")
        model = keras.models.Model(inputs, layers.Dense(1, name="b")(first(inputs)))
    else:
        model = _subclassed()
        model(np.zeros((1, 3), "float32"))
    numbers = np.random.RandomState(7)
    model.set_weights([numbers.normal(size=old.shape) for old in model.get_weights()])
    return model


def _subclassed() -> Any:
    keras = recorder.running().keras

    class Small(keras.models.Model):  # type: ignore[misc, name-defined]
        def __init__(self) -> None:
            super().__init__()
            self.a = keras.layers.Dense(2, name="a")
            self.b = keras.layers.Dense(1, name="b")

        def call(self, inputs: Any) -> Any:
            return self.b(self.a(inputs))

        def get_config(self) -> dict[str, Any]:
            return {}

    return Small()


def _fitted(callback_class: type, case: dict[str, Any], directory: pathlib.Path) -> Any:
    """What a fit leaves: what was said, what was raised, attributes, files and their contents."""
    shutil.rmtree(str(directory), ignore_errors=True)
    directory.mkdir()
    decoder = recorder.Decoder(str(directory))
    name = recorder.Namer(str(directory), decoder.made)
    journal = recorder.Journal()
    told: dict[str, Any] = {}
    callback = None
    out = io.StringIO()
    with recorder.listening(journal, name), contextlib.redirect_stdout(out):
        try:
            callback = callback_class(
                **{key: decoder(value) for key, value in case["kwargs"].items()}
            )
            model = _model(case["kind"])
            for _ in range(case["fits"]):
                _fit(model, callback, case)
        except Exception as error:
            # HDF5 says when it failed, and on which file descriptor.
            said = re.sub(r"time = [^,]*|descriptor = \d+", "", name.text(str(error)))
            told["raised"] = [type(error).__name__, said[:300]]
    if callback is not None:
        told["attributes"] = {
            key: name(value)
            for key, value in vars(callback).items()
            if key not in ("model", "_model")
        }
    told["stdout"] = name.text(out.getvalue())
    # What Keras and TensorFlow say of their own, some of it only once, is not the callback's.
    own = ("Can save best", "deprecated. Please use", "ModelCheckpoint")
    told["said"] = [
        entry
        for entry in journal.take()
        if any(text in entry[-1] for text in own) and "The name tf." not in entry[-1]
    ]
    told["files"] = contents(directory)
    return told


def _fit(model: Any, callback: Any, case: dict[str, Any]) -> None:
    keras, tensorflow = recorder.running().keras, recorder.running().tensorflow
    how: dict[str, Any] = {"steps_per_execution": case["steps"]} if case["steps"] > 1 else {}
    model.compile(optimizer=keras.optimizers.SGD(0.05), loss="mse", metrics=["mae"], **how)
    numbers = np.random.RandomState(3)
    x = numbers.normal(size=(12, 3)).astype("float32")
    y = x.sum(axis=1, keepdims=True)
    data: Any = {"x": x, "y": y, "batch_size": 2, "shuffle": False}
    check: Any = (x[:4], y[:4])
    if case["dataset"] and tensorflow is not None:
        data = {"x": tensorflow.data.Dataset.from_tensor_slices((x, y)).batch(2)}
        check = tensorflow.data.Dataset.from_tensor_slices(check).batch(2)
    if case["validation"]:
        data["validation_data"] = check
    model.fit(epochs=case["epochs"], verbose=0, callbacks=[callback], **data)


@_checked(FITS)
@given(case=_fits(_version()))
def test_same_fit(case: dict[str, Any], directory: pathlib.Path) -> None:
    real, replica = _classes()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        left = _fitted(real, case, directory)
        right = _fitted(replica, case, directory)
    found = recorder.differences(left, right)
    assert not found, "\n".join(found) + "\n" + json.dumps(case)
