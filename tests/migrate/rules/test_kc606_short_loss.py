"""Losses by their short names in HDF5 files."""

from __future__ import annotations

import pathlib

import pytest
from keras_3 import needs_keras_3
from snippets import codes, running

from keras_ckpt import runtime
from keras_ckpt.migrate.rules import kc606_short_loss

TEXT = "import keras\nmodel.compile('adam', %s)\nkeras.models.load_model(%s)\n"


@pytest.mark.parametrize(
    ("loss", "expected"),
    [
        ("'mse'", ["KC606"]),
        ("loss='MSE'", ["KC606"]),
        ("loss=['mean_squared_error', 'mae']", ["KC606"]),
        ("loss={'a': 'bce'}", ["KC606"]),
        ("'mean_squared_error'", []),
        ("loss", []),
        ("keras.losses.MeanSquaredError()", []),
    ],
)
def test_goes_by_the_loss(loss: str, expected: list[str]) -> None:
    assert codes(TEXT % (loss, "'m.h5'"), "2.4") == expected


@pytest.mark.parametrize(
    ("load", "expected"),
    [
        ("'m.hdf5'", ["KC606"]),
        ("'m.keras'", []),
        ("path", []),
        ("'m.h5', compile=False", []),
        ("'m.h5', compile=True", ["KC606"]),
        ("'m.h5', None, False", []),
        ("'m.h5', custom_objects=objects", []),
        ("'m.h5', **more", []),
    ],
)
def test_goes_by_how_it_is_loaded(load: str, expected: list[str]) -> None:
    assert codes(TEXT % ("'mse'", load), "2.4") == expected


def test_only_on_the_way_to_keras_3() -> None:
    assert codes(TEXT % ("'mse'", "'m.h5'"), "2.4", "2.15") == []
    assert codes(TEXT % ("'mse'", "'m.h5'"), "3.0", "3.15") == []


@needs_keras_3
@pytest.mark.parametrize("loss", [*kc606_short_loss.SHORT, "logcosh", "MSE", "mean_squared_error"])
def test_keras_3_does_the_same(loss: str, tmp_path: pathlib.Path) -> None:
    keras = runtime.keras()
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    model.compile("adam", loss=loss)
    path = tmp_path / "m.h5"
    model.save(str(path))
    if codes(TEXT % (repr(loss), "'m.h5'"), "2.15", running().name) == ["KC606"]:
        with pytest.raises((ValueError, TypeError)):
            keras.models.load_model(str(path))
        keras.models.load_model(str(path), compile=False)
    else:
        keras.models.load_model(str(path))
