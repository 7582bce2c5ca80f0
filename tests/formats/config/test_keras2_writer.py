"""Whole models in HDF5, described as Keras 2 did: for either Keras, whatever is in the model."""

from __future__ import annotations

import inspect
import json
import pathlib
import subprocess
import tempfile
from typing import Any

import h5py
import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

import keras_ckpt
from keras_ckpt import keras2, runtime
from keras_ckpt.formats.config import keras2_writer

if not runtime.is_keras_3():
    pytest.skip("what Keras 3 writes", allow_module_level=True)

import oracle
import random_models

pytestmark = pytest.mark.slow

keras = runtime.keras()
DATA = pathlib.Path(__file__).resolve().parents[2] / "data"
TOOLS = pathlib.Path(__file__).resolve().parents[2] / "tools" / "formats"
NEAR = {"rtol": 1e-5, "atol": 1e-6}


def run(model: Any, x: Any) -> list[Any]:
    """The predictions, without compiling anything."""
    found = model(x if len(x) > 1 else x[0], training=False)
    return [runtime.to_numpy(each) for each in flat(found)]


def flat(value: Any) -> list[Any]:
    """A tensor, or a nest of them, as a list: Keras 3.0's reader makes lists of single ones."""
    if isinstance(value, (list, tuple)):
        return [inner for each in value for inner in flat(each)]
    return [value]


def same(mine: list[Any], its: list[Any]) -> None:
    assert [each.shape for each in mine] == [each.shape for each in its]
    for one, other in zip(mine, its):
        np.testing.assert_allclose(one, other, **NEAR)


def comparable(value: Any) -> Any:
    """A configuration without what says where a class is, or how a model has been built."""
    if isinstance(value, dict):
        left = ("module", "registered_name", "build_config")
        found = {key: comparable(each) for key, each in value.items() if key not in left}
        if found.get("class_name") == "DTypePolicy":
            return found["config"]["name"]
        if found.get("class_name") in ("L1", "L2"):
            found = {
                "class_name": "L1L2",
                "config": dict({"l1": 0.0, "l2": 0.0}, **found["config"]),
            }
        return found
    if isinstance(value, (list, tuple)):
        return [comparable(each) for each in value]
    return round(value, 6) if isinstance(value, float) else value


def layers_of(model: Any) -> Any:
    """The configuration of each layer, of those in nested models, too, by its name."""
    found = {}
    for layer in model.layers:
        if hasattr(layer, "layers") and isinstance(layer, keras.Model):
            found.update(layers_of(layer))
        elif type(layer).__name__ != "InputLayer":
            found[layer.name] = [type(layer).__name__, comparable(layer.get_config())]
    return json.loads(json.dumps(found, default=str))


def readers() -> list[Any]:
    """Those that read what is written: Keras's own, too, if it tells one tensor from a list of one.

    Older releases do not, so that nested models which they have read answer with lists.
    """
    inputs = keras.Input((2,))
    model = keras.Model(inputs, keras.layers.ReLU()(inputs))
    told = isinstance(model.get_config()["output_layers"][0], str)
    return [keras_ckpt.load_model] + ([keras.models.load_model] if told else [])


@settings(
    max_examples=12, suppress_health_check=list(HealthCheck), phases=set(Phase) - {Phase.shrink}
)
@given(st.integers(0, 2**32 - 1))
def test_models_come_back_from_both_readers(seed: int) -> None:
    keras.backend.clear_session()
    model, x = random_models.model_and_data(keras, seed)
    expected, layers = run(model, x), layers_of(model)
    with tempfile.TemporaryDirectory() as directory:
        path = directory + "/x.h5"
        keras_ckpt.save_model(model, path, verbose=0)
        for load in readers():
            found = load(path)
            same(run(found, x), expected)
            assert layers_of(found) == layers
            assert [each.shape for each in found.inputs] == [each.shape for each in model.inputs]
            assert [each.shape for each in flat(found.outputs)] == [
                each.shape for each in flat(model.outputs)
            ]


SEEDS = range(14)


def write_some(directory: pathlib.Path) -> set[str]:
    """Writes models, with what they predict; returns the kinds of layers in them."""
    expected, kinds = {}, set()
    for seed in SEEDS:
        keras.backend.clear_session()
        model, x = random_models.model_and_data(keras, seed)
        keras_ckpt.save_model(model, directory / (f"{seed}.h5"), verbose=0)
        expected[str(seed)] = [each.tolist() for each in run(model, x)]
        data = [{"values": each.tolist(), "dtype": each.dtype.name} for each in x]
        (directory / (f"{seed}.json")).write_text(json.dumps(data))
        kinds |= {
            type(each).__name__ for each in model._flatten_layers(include_self=True, recursive=True)
        }
    (directory / "expected.json").write_text(json.dumps(expected))
    return kinds


@pytest.fixture(scope="module")
def some(tmp_path_factory: Any) -> pathlib.Path:
    directory: pathlib.Path = tmp_path_factory.mktemp("random")
    # Else the tests here would test less than they say.
    assert write_some(directory) >= random_models.KINDS
    return directory


@pytest.mark.parametrize("release", ["2.3", "2.15"])
def test_elsewhere_they_predict_the_same(release: str, some: pathlib.Path) -> None:
    if not oracle.python_of(release).exists():
        pytest.skip("tox has no environment of TensorFlow " + release)
    done = subprocess.run(
        [str(oracle.python_of(release)), str(TOOLS / "random_models.py"), str(some)],
        capture_output=True,
        env=oracle.variables_of(release),
    )
    assert done.returncode == 0, done.stderr.decode("utf-8", "replace")[-3000:]
    found = json.loads(done.stdout.decode("utf-8").splitlines()[-1])
    assert found == {str(seed): "same" for seed in SEEDS}


def test_a_model_that_keras_2_cannot_describe_is_described_as_keras_3_does(
    tmp_path: pathlib.Path,
) -> None:
    inputs = keras.Input((4, 2))
    attention = keras.layers.MultiHeadAttention(2, 3)(inputs, inputs)
    model = keras.Model(inputs, keras.layers.Dense(2)(attention))
    path = str(tmp_path / "x.h5")
    keras_ckpt.save_model(model, path, verbose=0)
    x = [np.ones((2, 4, 2), "float32")]
    same(run(keras.models.load_model(path), x), run(model, x))
    same(run(keras_ckpt.load_model(path), x), run(model, x))


@pytest.mark.parametrize("kind", ["functional", "sequential"])
def test_outputs_that_are_those_of_a_model_within(kind: str, tmp_path: pathlib.Path) -> None:
    """Keras 3 counts the calls of a functional model from 1 there, and from 0 elsewhere."""
    if kind == "functional":
        one, two = keras.Input((3,)), keras.Input((2,))
        both = keras.layers.Concatenate()([one, two])
        inner = keras.Model([one, two], [keras.layers.Dense(2)(both), keras.layers.Dense(1)(both)])
        a, b = keras.Input((3,)), keras.Input((2,))
        first, second = inner([a, b])
        model = keras.Model([a, b], [second, keras.layers.Dense(1)(first), first])
        x = [np.ones((2, 3), "float32"), np.ones((2, 2), "float32")]
    else:
        inner = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])
        a = keras.Input((3,))
        inside = inner(a)
        model = keras.Model(a, [inside, keras.layers.Dense(1)(inside)])
        x = [np.ones((2, 3), "float32")]
    path = tmp_path / "m.h5"
    keras_ckpt.save_model(model, path)
    with h5py.File(path, "r") as file:
        config = json.loads(file.attrs["model_config"])["config"]
    outputs = [each for each in config["output_layers"] if each[0] == inner.name]
    # For Keras 2 the model within has been called once before.
    assert outputs and all(each[1] == 1 for each in outputs)
    calls = [each["inbound_nodes"] for each in config["layers"] if each["name"] == inner.name]
    assert "mask" not in json.dumps(calls)
    for load in (keras_ckpt.load_model, keras.models.load_model):
        same(run(load(str(path)), x), run(model, x))


@pytest.mark.parametrize(
    ("kind", "settings"),
    [
        ("RandomFlip", {}),
        ("RandomRotation", {"factor": 0.1}),
        ("RandomTranslation", {"height_factor": 0.1, "width_factor": 0.1}),
        ("RandomZoom", {"height_factor": 0.1}),
        ("RandomContrast", {"factor": 0.1}),
        ("Resizing", {"height": 3, "width": 3}),
        ("CenterCrop", {"height": 3, "width": 3}),
    ],
)
def test_layers_of_images_have_the_arguments_of_keras_2(
    kind: str, settings: dict[str, Any], tmp_path: pathlib.Path
) -> None:
    layer = getattr(keras.layers, kind)(**settings)
    model = keras.Sequential([keras.Input((4, 4, 3)), layer])
    keras_ckpt.save_model(model, tmp_path / "m.h5")
    with h5py.File(tmp_path / "m.h5", "r") as file:
        config = json.loads(file.attrs["model_config"])
    written = config["config"]["layers"][1]["config"]
    newer = {"data_format", "antialias", "crop_to_aspect_ratio", "pad_to_aspect_ratio"}
    assert not newer & set(written) and set(settings) <= set(written)
    x = np.linspace(0, 1, 48, dtype="float32").reshape(1, 4, 4, 3)
    same(run(keras_ckpt.load_model(tmp_path / "m.h5"), [x]), run(model, [x]))


#: Values for the arguments that layers must be given.
GIVEN: dict[str, Any] = {
    "axes": 1,
    "bin_boundaries": [0.0, 1.0],
    "cropping": 1,
    "dims": (1,),
    "equation": "ab,bc->ac",
    "factor": 0.1,
    "filters": 2,
    "height": 2,
    "height_factor": 0.1,
    "input_dim": 5,
    "kernel_size": 2,
    "key_dim": 2,
    "mask_value": 1.0,
    "n": 2,
    "num_bins": 4,
    "num_heads": 2,
    "num_tokens": 4,
    "output_dim": 3,
    "output_shape": (3,),
    "rate": 0.1,
    "scale": 0.5,
    "stddev": 0.1,
    "target_shape": (4,),
    "units": 2,
    "width": 2,
    "width_factor": 0.1,
}


def made(cls: Any) -> Any:
    """Returns a layer, or None if it is one of others."""
    given = {}
    for name, each in inspect.signature(cls.__init__).parameters.items():
        is_needed = each.default is each.empty and each.kind is each.POSITIONAL_OR_KEYWORD
        if name in GIVEN and (is_needed or name == "num_tokens"):
            given[name] = GIVEN[name]
        elif is_needed and name != "self":
            return None
    try:
        return cls(**given)
    except (ValueError, ImportError):
        return None  # It wants one of two arguments, or TensorFlow.


def test_the_arguments_of_every_layer_are_those_of_keras_2() -> None:
    known = json.loads((DATA / "layer_arguments_of_tf2.15.json").read_text())
    inputs = {"batch_shape": [None, 4], "dtype": "float32", "name": "x", "sparse": False}
    first = {"class_name": "InputLayer", "config": inputs}
    seen, odd = 0, {}
    for name in sorted(set(known) & set(dir(keras.layers)) - {"Layer"}):
        layer = made(getattr(keras.layers, name))
        if layer is None:
            continue
        described = {"class_name": name, "config": layer.get_config(), "module": "keras.layers"}
        config = {"name": "m", "layers": [first, described]}
        try:
            found = keras2_writer.of_model({"class_name": "Sequential", "config": config})
        except keras2_writer.NotInKeras2:
            continue
        seen += 1
        written = found["config"]["layers"][1]["config"]
        # Those of every layer, and what Keras 2 wrote and took without naming it.
        others = {"name", "trainable", "dtype", "activity_regularizer", "vocabulary_size"}
        newer = set(written) - set(known[name]) - others
        if newer:
            odd[name] = newer
    assert not odd
    assert seen > 70


@pytest.mark.parametrize("is_of_keras_2", [True, False])
def test_a_layer_of_the_same_name_stays_the_one_that_it_is(
    is_of_keras_2: bool, tmp_path: pathlib.Path
) -> None:
    """RandomCrop of Keras 2 gives images of its size when it predicts, too."""
    cls = keras2.layers.find("RandomCrop") if is_of_keras_2 else keras.layers.RandomCrop
    assert cls is not None
    model = keras.Sequential([keras.Input((4, 4, 3)), cls(3, 3)])
    keras_ckpt.save_model(model, tmp_path / "m.h5")
    x = np.linspace(0, 1, 48, dtype="float32").reshape(1, 4, 4, 3)
    found = keras_ckpt.load_model(tmp_path / "m.h5")
    is_small = is_of_keras_2 or runtime.version() < (3, 1)
    assert found.predict(x, verbose=0).shape[1] == (3 if is_small else 4)
    same(run(found, [x]), run(model, [x]))


def test_bins_that_a_layer_learnt_are_written_as_those_that_are_given() -> None:
    layer = keras.layers.Discretization(num_bins=3, name="bins")
    layer.update_state(np.arange(9.0, dtype="float32"))
    layer.finalize_state()
    first = {"class_name": "InputLayer", "config": keras.layers.InputLayer((2,)).get_config()}
    described = {"class_name": "Discretization", "config": layer.get_config()}
    config = {"name": "m", "layers": [first, described]}
    found = keras2_writer.of_model({"class_name": "Sequential", "config": config})
    written = found["config"]["layers"][1]["config"]
    assert (written["bin_boundaries"], written["num_bins"]) == (layer.bin_boundaries, None)
