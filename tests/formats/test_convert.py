"""`keras_ckpt.convert`: from each format to each that can hold the same."""

from __future__ import annotations

import os
import pathlib
import warnings
from typing import Any

import numpy as np
import pytest

import keras_ckpt
from keras_ckpt import formats, runtime
from keras_ckpt.formats import CheckpointError, api

if not runtime.is_keras_3():
    pytest.skip("what Keras 3 reads and writes", allow_module_level=True)

from legacy_release import Release, case_of, flat

keras = runtime.keras()
WHOLE = ["m.keras", "m.h5", "m.hdf5", "saved"]
# Names of weights, with what a file of that name is to be.
WEIGHTS = {
    "w.weights.h5": "HDF5 file of weights in the layout of Keras 3",
    "w.h5": "HDF5 file of weights in the layout of Keras 2",
    "cp": "TensorFlow checkpoint",
}
KINDS = {
    "m.keras": ".keras archive",
    "m.h5": "HDF5 file of a whole model",
    "m.hdf5": "HDF5 file of a whole model",
    "saved": "SavedModel",
    "w.weights.h5": WEIGHTS["w.weights.h5"],
}
X = np.random.RandomState(0).rand(5, 3).astype("float32")


def small() -> Any:
    model = keras.Sequential(
        [keras.Input((3,)), keras.layers.Dense(4, "relu"), keras.layers.Dense(2)], name="small"
    )
    model.compile("adam", "mse")
    return model


def answers(model: Any) -> Any:
    return runtime.to_numpy(model(X, training=False))


@pytest.fixture(scope="module")
def sources(tmp_path_factory: Any) -> tuple[pathlib.Path, Any]:
    """A model in each format, and its answers."""
    directory = tmp_path_factory.mktemp("sources")
    model = small()
    model.train_on_batch(X, np.ones((5, 2)))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name in WHOLE:
            keras_ckpt.save_model(model, directory / name, verbose=0)
    for name in list(WEIGHTS) + ["w.keras"]:
        api.write(model, directory / name, weights_only=True)
    return directory, answers(model)


@pytest.mark.filterwarnings("ignore:(?s).*no graph to serve it from")
@pytest.mark.parametrize("target", list(KINDS))
@pytest.mark.parametrize("source", WHOLE)
def test_whole_models(sources: Any, tmp_path: pathlib.Path, source: str, target: str) -> None:
    directory, expected = sources
    path = tmp_path / target
    keras_ckpt.convert(directory / source, path, verbose=0)
    assert formats.format_of(path).name == KINDS[target]
    if target == "w.weights.h5":
        model = small()
        keras_ckpt.load_weights(model, path, verbose=0)
    else:
        model = keras_ckpt.load_model(path, verbose=0)
        assert model.compiled and int(runtime.to_numpy(model.optimizer.iterations)) == 1
    assert np.array_equal(answers(model), expected)


@pytest.mark.parametrize("target", list(WEIGHTS) + ["m.keras"])
@pytest.mark.parametrize("source", list(WEIGHTS) + ["w.keras", "m.keras", "m.h5", "saved"])
def test_weights(sources: Any, tmp_path: pathlib.Path, source: str, target: str) -> None:
    directory, expected = sources
    path = tmp_path / target
    model = small()
    keras_ckpt.convert(directory / source, path, model, verbose=0)
    assert np.array_equal(answers(model), expected)
    assert formats.format_of(path).name == WEIGHTS.get(target, ".keras archive")
    if target == "m.keras":
        found = keras_ckpt.load_model(path, verbose=0)
    else:
        found = small()
        keras_ckpt.load_weights(found, path, verbose=0)
    assert np.array_equal(answers(found), expected)


@pytest.mark.parametrize("target", ["nested.keras", "nested.h5"])
def test_saved_model_of_tensorflow_2_3(tmp_path: pathlib.Path, target: str) -> None:
    release = Release("2.3", tmp_path)
    source = release.path("nested", "saved_model")
    keras_ckpt.convert(source, tmp_path / target, verbose=0)
    case = case_of("nested")
    for load in (keras_ckpt.load_model, keras.models.load_model):
        model = load(str(tmp_path / target))
        assert model.compiled
        expected = flat(release.expected["nested"]["predictions"])
        found = [runtime.to_numpy(each) for each in model(case.x, training=False)]
        np.testing.assert_allclose(flat(found), expected, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("name", ["m.keras", "m.h5"])
def test_the_source_may_be_the_target(sources: Any, tmp_path: pathlib.Path, name: str) -> None:
    directory, expected = sources
    path = tmp_path / name
    path.write_bytes((directory / name).read_bytes())
    keras_ckpt.convert(path, path, verbose=0)
    assert np.array_equal(answers(keras_ckpt.load_model(path)), expected)
    assert os.listdir(str(tmp_path)) == [name]


def test_a_link_to_the_source_may_be_the_target(sources: Any, tmp_path: pathlib.Path) -> None:
    directory, expected = sources
    (tmp_path / "m.keras").write_bytes((directory / "m.keras").read_bytes())
    (tmp_path / "link.h5").symlink_to(tmp_path / "m.keras")
    keras_ckpt.convert(tmp_path / "m.keras", tmp_path / "link.h5", verbose=0)
    assert (tmp_path / "link.h5").is_symlink()
    assert formats.format_of(tmp_path / "m.keras").name == "HDF5 file of a whole model"
    assert np.array_equal(answers(keras_ckpt.load_model(tmp_path / "link.h5")), expected)


def test_weights_alone_need_a_model(sources: Any, tmp_path: pathlib.Path) -> None:
    for name in list(WEIGHTS) + ["w.keras"]:
        with pytest.raises(CheckpointError, match="no model. Give the model that they are of"):
            keras_ckpt.convert(sources[0] / name, tmp_path / "m.keras", verbose=0)
    assert os.listdir(str(tmp_path)) == []


class Bad(keras.layers.Layer):  # type: ignore[misc, name-defined]
    """A layer that cannot be saved."""

    def call(self, x: Any) -> Any:
        return x

    def save_own_variables(self, store: Any) -> None:
        raise OSError("the disk is full")


@pytest.mark.parametrize("kind", ["no source", "no checkpoint", "other weights", "no disk"])
def test_what_was_there_stays_when_it_fails(
    sources: Any, tmp_path: pathlib.Path, kind: str
) -> None:
    target = tmp_path / "target.keras"
    target.write_bytes(b"what was there")
    (tmp_path / "nothing").write_bytes(b"nothing")
    other = keras.Sequential([keras.Input((3,)), keras.layers.Dense(4)])
    bad = keras.Sequential([keras.Input((3,)), Bad()])
    api.write(keras.Sequential([keras.Input((3,)), keras.layers.ReLU()]), tmp_path / "e.h5", True)
    source, model, error = {
        "no source": (tmp_path / "absent", None, FileNotFoundError),
        "no checkpoint": (tmp_path / "nothing", None, CheckpointError),
        "other weights": (sources[0] / "w.h5", other, CheckpointError),
        "no disk": (tmp_path / "e.h5", bad, OSError),
    }[kind]
    with pytest.raises(error):
        keras_ckpt.convert(source, target, model, verbose=0)
    assert target.read_bytes() == b"what was there"
    assert sorted(os.listdir(str(tmp_path))) == ["e.h5", "nothing", "target.keras"]


@pytest.mark.parametrize("name", ["m.keras", "m.h5", "w.weights.h5"])
def test_a_directory_in_the_way(sources: Any, tmp_path: pathlib.Path, name: str) -> None:
    (tmp_path / name).mkdir()
    with pytest.raises(IsADirectoryError, match=name):
        keras_ckpt.convert(sources[0] / "m.keras", tmp_path / name, verbose=0)
    assert os.listdir(str(tmp_path)) == [name]


def test_a_file_in_the_way_of_a_directory(sources: Any, tmp_path: pathlib.Path) -> None:
    (tmp_path / "saved").write_bytes(b"mine")
    with pytest.raises(FileExistsError, match="saved"):
        keras_ckpt.convert(sources[0] / "m.keras", tmp_path / "saved", verbose=0)
    assert (tmp_path / "saved").read_bytes() == b"mine"
