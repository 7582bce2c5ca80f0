"""Arguments of saves and loads that Keras 3 does not take."""

from __future__ import annotations

import pathlib

import pytest
from keras_3 import needs_keras_3
from snippets import codes, found, native, notes, running

from keras_ckpt import runtime

HEAD = "import keras\nmodel = keras.Sequential([])\n"


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        # Keras 3 warns of it, and takes it.
        ("model.save('m.keras', save_format='keras')", []),
        ("model.save('m.keras', options=None, save_traces=False)", ["KC605", "KC605"]),
        ("keras.models.save_model(model, 'm.keras', signatures=s)", ["KC605"]),
        ("model.save_weights('m.weights.h5', save_format='h5')", ["KC605"]),
        ("model.load_weights('m.weights.h5', options=o)", ["KC605"]),
        ("keras.models.load_model('m.keras', options=o)", ["KC605"]),
        ("model.save('m.keras', overwrite=True)", []),
        # What may be another library's is only found by what no other has.
        ("net.load_weights('m.npz', options=o)", []),
        ("net.save_weights('m.pt', save_format='tf')", []),
        ("net.save_weights(path, save_format='tf')", ["KC605"]),
    ],
)
def test_goes_by_the_call(call: str, expected: list[str]) -> None:
    assert codes(HEAD + call, "2.15") == expected


def test_only_on_the_way_to_keras_3() -> None:
    call = HEAD + "model.save_weights('m.weights.h5', save_format='h5')"
    assert codes(call, "2.4", "2.15") == []
    assert codes(call, "3.0", "3.15") == []


@pytest.mark.parametrize(
    ("before", "after", "noted"),
    [
        ("model.save_weights('w', options=None)", "model.save_weights('w.weights.h5')", ["KC604"]),
        ("model.save('m.keras', options=None)", "model.save('m.keras')", []),
        ("model.save('m.keras', save_traces=False)", "model.save('m.keras')", ["KC605"]),
        (
            "model.load_weights('w.weights.h5', options=o)",
            "model.load_weights('w.weights.h5')",
            ["KC605"],
        ),
        (
            "keras.models.load_model('m.keras', options=o)",
            "keras.models.load_model('m.keras')",
            ["KC605"],
        ),
        ("model.save('m.h5', save_format='h5')", "model.save('m.h5', save_format='h5')", []),
    ],
)
def test_natively_they_are_left_out(before: str, after: str, noted: list[str]) -> None:
    assert native(HEAD + before) == HEAD + after
    assert [each.split()[1] for each in notes(HEAD + before)] == noted


@needs_keras_3
@pytest.mark.parametrize(
    "call",
    [
        "model.save('a.keras', options=None)",
        "model.save('a.h5', signatures=None)",
        "keras.models.save_model(model, 'a.keras', save_traces=True)",
        "model.save_weights('a.weights.h5', save_format='h5')",
        "model.save_weights('a.weights.h5', options=None)",
        "model.load_weights('a.weights.h5', options=None)",
        "keras.models.load_model('a.keras', options=None)",
    ],
)
def test_keras_3_says_the_same(call: str, tmp_path: pathlib.Path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    keras = runtime.keras()
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    model.save("a.keras")
    model.save_weights("a.weights.h5")
    (only,) = found(HEAD + call, "2.15", running().name)
    assert only.code == "KC605"
    with pytest.raises((TypeError, ValueError)) as caught:
        eval(call, {"keras": keras, "model": model})
    assert type(caught.value).__name__ in only.message
    said = str(caught.value).replace("None", "...")
    # Up to Python 3.9 the class is not named.
    assert said.replace("Model.", "") in only.message.replace("Model.", "")
