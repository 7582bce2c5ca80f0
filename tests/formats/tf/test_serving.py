"""SavedModels served by their own graphs: those of real old releases (`legacy/`), and ours."""

from __future__ import annotations

import os
import pathlib
import shutil
import subprocess
import sys
from typing import Any

import numpy as np
import pytest

import keras_ckpt
from keras_ckpt import runtime
from keras_ckpt.formats import CheckpointError, InferenceModel

if not runtime.is_keras_3():
    pytest.skip("what Keras 3 reads", allow_module_level=True)

import legacy_models
from legacy_release import Release, case_of, flat

pytestmark = pytest.mark.slow

needs_tensorflow = pytest.mark.skipif(not runtime.has_tensorflow(), reason="needs TensorFlow")
keras = runtime.keras()


def served(path: Any) -> InferenceModel:
    model = keras_ckpt.load_model(path, inference_only=True, verbose=0)
    assert isinstance(model, InferenceModel)
    return model


@pytest.fixture(scope="module", params=["2.0", "2.3", "2.9", "2.15"])
def release(request: Any, tmp_path_factory: Any) -> Release:
    return Release(request.param, tmp_path_factory.mktemp("legacy"))


@pytest.fixture(scope="module")
def directory(tmp_path_factory: Any) -> pathlib.Path:
    """The files of TF 2.15."""
    found: pathlib.Path = tmp_path_factory.mktemp("legacy")
    Release("2.15", found)
    return found


@pytest.fixture(scope="module")
def nested(directory: pathlib.Path) -> Any:
    return served(directory / "nested_saved_model")


@pytest.fixture(scope="module")
def mlp(directory: pathlib.Path) -> Any:
    return served(directory / "mlp_saved_model")


@needs_tensorflow
@pytest.mark.parametrize("name", list(legacy_models.MODELS))
def test_predictions_are_those_of_the_release(release: Release, name: str) -> None:
    path = release.path(name, "saved_model")
    # No class of the model's is needed, its own layers neither.
    model = served(path)
    x = case_of(name).x
    near = legacy_models.NEAR.get(name, 1e-6)
    expected = flat(release.expected[name]["predictions"])
    np.testing.assert_allclose(flat(model.predict(x)), expected, rtol=near, atol=near)
    np.testing.assert_allclose(flat(model(x)), expected, rtol=near, atol=near)


@needs_tensorflow
@pytest.mark.parametrize("size", [1, 3, 8, 100, None])
def test_batches(nested: Any, size: int) -> None:
    x = case_of("nested").x
    whole, found = nested(x), nested.predict(x, batch_size=size, verbose=1)
    assert [each.shape for each in found] == [(8, 1), (8, 2)]
    for mine, its in zip(found, whole):
        np.testing.assert_allclose(mine, its, rtol=1e-6, atol=1e-7)


@needs_tensorflow
def test_no_data_gives_no_predictions(nested: Any, mlp: Any) -> None:
    assert mlp.predict(np.zeros((0, 3))).shape == (0, 2)
    assert [each.shape for each in nested.predict([np.zeros((0, 3))] * 2)] == [(0, 1), (0, 2)]


@needs_tensorflow
def test_inputs_in_a_dict_a_list_or_a_tuple(nested: Any) -> None:
    one, two = case_of("nested").x
    assert nested.input_names == ["one", "two"]
    assert nested.output_names == ["first", "second"]
    expected = nested([one, two])
    for given in ((one, two), {"two": two, "one": one}, [one.tolist(), two.astype("float64")]):
        for mine, its in zip(nested(given), expected):
            np.testing.assert_array_equal(mine, its)
    assert not np.allclose(nested([two, one])[0], expected[0])


@needs_tensorflow
def test_one_input_given_in_every_way(mlp: Any) -> None:
    x = case_of("mlp").x
    (name,) = mlp.input_names
    for given in (x.tolist(), [x], {name: x}, keras.ops.convert_to_tensor(x)):
        np.testing.assert_array_equal(mlp(given), mlp(x))


@needs_tensorflow
@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"one": np.zeros((1, 3))}, "has the inputs one, two, and was given one"),
        ({"one": 0, "too": 0}, "has the inputs one, two, and was given one, too"),
        ({}, "has the inputs one, two, and was given none"),
        ([np.zeros((1, 3))], "has the inputs one, two, and was given 1"),
        (np.zeros((1, 3)), "has the inputs one, two, and was given 1"),
        ([np.zeros((1, 3)), np.zeros((1, 4))], r"input two .* shape \(None, 3\).*given \(1, 4\)"),
        ([0, np.zeros((1, 3))], r"input one .* shape \(None, 3\), and was given \(\)"),
        ([[["a", "b", "c"]], np.zeros((1, 3))], "input one .* type float32.*'a'"),
        ([np.zeros((1, 3)), [[1, 2], [3]]], "input two .* type float32"),
        ([np.zeros((1, 3)), None], "input two"),
    ],
)
def test_wrong_inputs_are_named(nested: Any, given: Any, message: str) -> None:
    for method in (nested, nested.predict):
        with pytest.raises(ValueError, match="(?s)" + message):
            method(given)


@needs_tensorflow
def test_wrong_lengths_and_batches_are_named(nested: Any) -> None:
    with pytest.raises(ValueError, match="different lengths: one has 4, two has 3"):
        nested.predict([np.zeros((4, 3)), np.zeros((3, 3))])
    with pytest.raises(ValueError, match="batch_size is -1"):
        nested.predict([np.zeros((4, 3))] * 2, batch_size=-1)


@needs_tensorflow
def test_it_does_not_train(mlp: Any) -> None:
    with pytest.raises(ValueError, match="inference only"):
        mlp(case_of("mlp").x, training=True)


@needs_tensorflow
def test_what_is_no_saved_model(directory: pathlib.Path, tmp_path: pathlib.Path) -> None:
    for name in ("mlp.model.h5", "mlp.model.keras", "mlp_checkpoint"):
        with pytest.raises(CheckpointError, match="inference_only=True is for a SavedModel"):
            served(directory / name)
    with pytest.raises(FileNotFoundError):
        served(tmp_path / "absent")
    with pytest.raises(CheckpointError, match="without a SavedModel"):
        served(tmp_path)


def damaged(directory: pathlib.Path, target: pathlib.Path, content: bytes | None) -> Any:
    """A copy of a SavedModel whose graph is another, or which has no variables."""
    shutil.copytree(str(directory / "mlp_saved_model"), str(target))
    if content is None:
        shutil.rmtree(str(target / "variables"))
    else:
        (target / "saved_model.pb").write_bytes(content)
    return target


@needs_tensorflow
@pytest.mark.parametrize("kind", ["empty", "garbage", "cut", "without variables"])
def test_damage(directory: pathlib.Path, tmp_path: pathlib.Path, kind: str) -> None:
    graph = (directory / "mlp_saved_model" / "saved_model.pb").read_bytes()
    content = {"empty": b"", "garbage": b"\xff" * 100, "cut": graph[: len(graph) // 2]}.get(kind)
    path = damaged(directory, tmp_path / "damaged", content)
    with pytest.raises(CheckpointError, match="[Cc]opy the directory again") as raised:
        served(path)
    assert "\n" not in str(raised.value)


@needs_tensorflow
def test_graph_without_a_signature(tmp_path: pathlib.Path) -> None:
    tensorflow = runtime.tensorflow()
    tensorflow.saved_model.save(tensorflow.Module(), str(tmp_path / "bare"))
    with pytest.raises(CheckpointError, match="no signature 'serving_default'"):
        served(tmp_path / "bare")


def of_two() -> Any:
    """A model whose inputs and outputs are in another order than their names."""
    b, a = keras.Input((3,), name="b"), keras.Input((2,), name="a")
    joined = keras.layers.Concatenate()([b, a])
    outputs = [
        keras.layers.Dense(size, name=f"out_{name}")(joined) for size, name in ((2, "z"), (1, "y"))
    ]
    return keras.Model([b, a], outputs)


@needs_tensorflow
@pytest.mark.skipif(runtime.backend() == "torch", reason="Keras exports no graph on PyTorch")
def test_ours(tmp_path: pathlib.Path) -> None:
    model = of_two()
    x = [np.random.RandomState(0).rand(5, 3), np.random.RandomState(1).rand(5, 2)]
    keras_ckpt.save_model(model, tmp_path / "ours", verbose=0)
    loaded = served(tmp_path / "ours")
    assert loaded.input_names == ["b", "a"]
    for mine, its in zip(loaded.predict(x, batch_size=2), model.predict(x, verbose=0)):
        np.testing.assert_allclose(mine, its, rtol=1e-5, atol=1e-6)


@needs_tensorflow
def test_ours_without_a_graph(tmp_path: pathlib.Path) -> None:
    directory = tmp_path / "ours" / "assets.extra"
    directory.mkdir(parents=True)
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    model.save(str(directory / "keras_ckpt.keras"))
    with pytest.raises(CheckpointError, match="no graph in it. Load it without inference_only"):
        served(tmp_path / "ours")
    assert keras_ckpt.load_model(tmp_path / "ours").predict(np.zeros((1, 2)), verbose=0).shape


def test_without_tensorflow(directory: pathlib.Path) -> None:
    code = (
        "import sys; sys.modules['tensorflow'] = None\n"
        "import keras_ckpt\n"
        "try:\n"
        "    keras_ckpt.load_model(sys.argv[1], inference_only=True)\n"
        "except ImportError as error:\n"
        "    print(error)\n"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code, str(directory / "mlp_saved_model")],
        capture_output=True,
        text=True,
        # Keras is not asked, or has a backend of its own.
        env=dict(os.environ, KERAS_BACKEND="jax"),
        cwd=str(directory),
    )
    assert ran.returncode == 0, ran.stderr
    assert "served by a TensorFlow graph" in ran.stdout
    assert "pip install tensorflow" in ran.stdout
