"""What is kept of a call: once, as code, with its place."""

from __future__ import annotations

import pathlib
import sys

import helpers
import numpy as np
import pytest

import keras_ckpt
from keras_ckpt import runtime
from keras_ckpt.installation import usage

keras = helpers.keras
pytestmark = pytest.mark.skipif(not runtime.is_keras_3(), reason="it is about Keras 3")


@pytest.fixture
def recorder(monkeypatch: pytest.MonkeyPatch, here: pathlib.Path) -> usage.Recorder:
    recorder = usage.Recorder()
    monkeypatch.setattr(usage, "recorder", recorder)
    keras_ckpt.install()
    return recorder


def test_a_call_in_a_loop_is_kept_once(recorder: usage.Recorder) -> None:
    for _ in range(3):
        keras.callbacks.ModelCheckpoint("a.keras")
    (call,) = recorder.calls()
    assert call.code == "keras.callbacks.ModelCheckpoint('a.keras')"
    assert call.place.filename == __file__


def test_values_are_literals_and_what_has_none_is_not_known(recorder: usage.Recorder) -> None:
    keras.callbacks.ModelCheckpoint(
        pathlib.Path("a.keras"), verbose=np.int64(1), initial_value_threshold=0.5
    )
    model = helpers.functional()
    model.save("m.keras")
    keras.models.save_model(model, "n.keras")
    keras.models.load_model("n.keras", custom_objects={"x": object})
    assert [each.code for each in recorder.calls()] == [
        "keras.callbacks.ModelCheckpoint('a.keras', verbose=1, initial_value_threshold=0.5)",
        "model.save('m.keras')",
        "keras.models.save_model(unknown, 'n.keras')",
        "keras.models.load_model('n.keras', custom_objects=unknown)",
    ]


@pytest.mark.skipif(sys.version_info < (3, 11), reason="this Python knows no columns")
def test_the_place_is_the_call(recorder: usage.Recorder) -> None:
    given = [keras.callbacks.ModelCheckpoint("a.keras"), 1]
    assert given
    place = recorder.calls()[0].place
    line = pathlib.Path(__file__).read_text().splitlines()[place.line - 1]
    assert line[place.column - 1 : place.end_column - 1] == (
        'keras.callbacks.ModelCheckpoint("a.keras")'
    )


def test_what_keras_calls_itself_is_not_kept(recorder: usage.Recorder) -> None:
    """`save` of a model calls `save_model`, and the callback saves."""
    model = helpers.functional()
    model.save("m.keras")
    callback = keras.callbacks.ModelCheckpoint("a.weights.h5", save_weights_only=True)
    model.compile("sgd", "mse")
    model.fit(
        np.zeros((4, 2)), np.zeros((4, *model.output_shape[1:])), callbacks=[callback], verbose=0
    )
    assert [each.function for each in recorder.calls()] == ["save", "ModelCheckpoint"]


def test_nothing_is_kept_without_a_report(here: pathlib.Path, installed: None) -> None:
    assert usage.recorder is None
    assert usage.began("save", ("m.keras",), {}) is None


@pytest.mark.parametrize(
    ("path", "message"),
    [("absent/report.md", "There is no folder .*absent for the report"), (".", "is a folder")],
)
def test_a_report_that_cannot_be_written_is_an_error_at_once(
    here: pathlib.Path, path: str, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        keras_ckpt.install(report=path)
    assert usage.recorder is None
