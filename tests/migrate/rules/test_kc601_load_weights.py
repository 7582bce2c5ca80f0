"""Weights that a release does not read."""

from __future__ import annotations

import pytest
from snippets import codes, fixed, found, native, notes

HEAD = "import keras\nmodel = keras.Sequential([])\n"
SHARDED = 'model.load_weights("m.weights.json")'
OLD = 'model.load_weights("m.ckpt")'


@pytest.mark.parametrize(
    ("code", "old", "new", "expected"),
    [
        (SHARDED, "2.15", "3.4", ["KC601"]),
        (SHARDED, "3.15", "3.9", ["KC601"]),
        (SHARDED, "2.15", "3.10", []),
        (SHARDED, "3.10", "3.15", []),
        (OLD, "2.15", "3.4", ["KC601"]),
        (OLD, "2.0", "2.15", []),
        # It was refused before.
        (OLD, "3.15", "3.4", []),
    ],
)
def test_is_found_where_a_release_lacks_it(
    code: str, old: str, new: str, expected: list[str]
) -> None:
    assert codes(HEAD + code, old, new) == expected


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        ("model.load_weights(filepath='m.ckpt')", ["KC601"]),
        ("model.load_weights(path)", []),
        ("model.load_weights('m.h5')", []),
        ("model.load_weights('m.h5', by_name=True)", []),
        ("model.load_weights('m.weights.h5', by_name=True)", ["KC601"]),
        ("model.load_weights('m.weights.h5', by_name=False)", []),
        ("model.load_weights('m.weights.h5', True)", ["KC601"]),
        ("model.load_weights('m.h5', True)", ["KC601"]),
        ("model.load_weights('m.h5', False)", []),
        ("model.load_weights('m.h5', by_name)", []),
        # Of other libraries, by the names of their files.
        ("net.load_weights('yolo.weights')", []),
        ("net.load_weights('m.ckpt')", ["KC601"]),
    ],
)
def test_goes_by_the_path_and_by_name(call: str, expected: list[str]) -> None:
    assert codes(HEAD + call, "2.4") == expected


def test_what_keras_ckpt_has_saved_keras_3_does_not_read_either() -> None:
    own = "import keras_ckpt\nkeras_ckpt.ModelCheckpoint('m.ckpt')\n"
    assert codes(HEAD + own + OLD, "2.4") == ["KC601"]
    assert codes(HEAD + own + "keras_ckpt.load_weights(model, 'm.ckpt')\n", "2.4") == []


def test_weights_in_several_files_are_read_by_keras_ckpt() -> None:
    done = fixed(HEAD + SHARDED, True, "2.15", "3.4")
    assert 'keras_ckpt.load_weights(model, "m.weights.json")' in done.content.decode()
    native_only = fixed(HEAD + SHARDED, False, "2.15", "3.4")
    assert native_only.content.decode() == HEAD + SHARDED
    (note,) = native_only.notes
    assert note.is_left and note.code == "KC601"
    (left,) = found(HEAD + SHARDED, "2.15", "3.4")
    assert "reads weights in several files" in left.advice


def test_natively_by_name_needs_keras_ckpt() -> None:
    code = HEAD + "model.load_weights('m.weights.h5', by_name=True)"
    assert native(code) == code
    (only,) = notes(code)
    assert "reads by name HDF5 of Keras 2 alone" in only


def test_by_position_it_would_be_another_argument() -> None:
    code = HEAD + "model.load_weights('m.h5', True)"
    (only,) = found(code, "2.4")
    assert "for `skip_mismatch`, and reads nothing by name" in only.message
    assert native(code) == HEAD + "model.load_weights('m.h5', by_name=True)"
    assert found(native(code), "2.4") == []
    other = HEAD + "model.load_weights('m.weights.h5', True)"
    assert native(other) == other
