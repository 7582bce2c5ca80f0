"""Operations of TensorFlow in models of Keras 2: `legacy/ops-*`, made by `write_ops.py`."""

from __future__ import annotations

import json
import pathlib
import subprocess
import sys
import tarfile
from typing import Any

import numpy as np
import pytest

from keras_ckpt import formats, runtime

if not runtime.is_keras_3():
    pytest.skip("what Keras 3 reads", allow_module_level=True)

pytestmark = pytest.mark.slow

HOME = pathlib.Path(__file__).resolve().parents[2] / "data" / "legacy"
RELEASES = ["2.3", "2.4", "2.9", "2.12", "2.15"]
KINDS = ["model.h5", "saved_model", "model.keras"]
MODELS = ["arithmetic", "elementwise", "reductions", "shapes", "slicing", "products", "images"]
MODELS += ["ellipsis", "sequences", "towers", "shared"]


class Release:
    """The files of a release."""

    def __init__(self, name: str, directory: pathlib.Path) -> None:
        self.name = name
        self.directory = directory
        with tarfile.open(str(HOME / (f"ops-{name}.tar.xz"))) as archive:
            archive.extractall(str(directory))
        self.expected = json.loads((directory / "expected.json").read_text())

    def path(self, model: str, kind: str) -> str:
        """The path of a file, for which a test is skipped if the release did not write it."""
        if kind not in self.expected[model]["written"]:
            pytest.skip("there is no such file of this release")
        return str(self.directory / (model + "." + kind))


@pytest.fixture(scope="module", params=RELEASES)
def release(request: Any, tmp_path_factory: Any) -> Release:
    return Release(request.param, tmp_path_factory.mktemp("ops"))


def inputs(told: Any) -> Any:
    values = [np.array(each, "float32") for each in told["inputs"]]
    return values if len(values) > 1 else values[0]


def outputs(model: Any, told: Any) -> list[Any]:
    found = model(inputs(told))
    found = found if isinstance(found, (list, tuple)) else [found]
    return [runtime.to_numpy(each) for each in found]


def check(model: Any, told: Any) -> None:
    found = outputs(model, told)
    assert len(found) == len(told["outputs"])
    for name, value, expected, dtype in zip(told["names"], found, told["outputs"], told["dtypes"]):
        expected = np.array(expected)
        # Near its poles, tan makes much of a last bit in which processors differ.
        steep = 1 + expected**2 if name == "tan" else 1
        off = abs(value.astype("float64") - expected) / (1e-6 * (steep + abs(expected)))
        assert off.shape == expected.shape and (off <= 1).all(), (name, value, expected)
        # JAX has no 64 bits by default, and some operations have others on PyTorch.
        if runtime.backend() == "tensorflow":
            assert value.dtype.name == dtype, name


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", MODELS)
def test_predictions(release: Release, name: str, kind: str) -> None:
    model = formats.load_model(release.path(name, kind))
    check(model, release.expected[name])
    for each in model._flatten_layers():
        assert not type(each).__module__.startswith("keras_ckpt")


def test_model_that_was_loaded_needs_no_more_of_us(release: Release, tmp_path: Any) -> None:
    if release.name not in ("2.3", "2.15"):
        pytest.skip("the operations are those of another release")
    if runtime.version() < (3, 2):
        pytest.skip("Keras 3.0 and 3.1 do not read the slices that they have written")
    told = {}
    for name in MODELS:
        model = formats.load_model(release.path(name, "model.h5"))
        formats.save_model(model, str(tmp_path / (name + ".keras")))
        told[name] = dict(release.expected[name])
        np.savez(
            str(tmp_path / (name + ".npz")),
            *outputs(model, told[name]),
        )
    (tmp_path / "told.json").write_text(json.dumps(told))
    program = """
import json, keras, numpy, sys
told = json.load(open("told.json"))
for name, each in told.items():
    model = keras.models.load_model(name + ".keras")
    values = [numpy.array(value, "float32") for value in each["inputs"]]
    found = model(values if len(values) > 1 else values[0])
    found = found if isinstance(found, (list, tuple)) else [found]
    with numpy.load(name + ".npz") as expected:
        assert len(expected.files) == len(found)
        for key, value in zip(expected.files, found):
            value = keras.ops.convert_to_numpy(value)
            numpy.testing.assert_allclose(value, expected[key], 1e-6, 1e-6, err_msg=name)
assert "keras_ckpt" not in sys.modules
print("read", len(told))
"""
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=str(tmp_path), capture_output=True, text=True
    )
    assert done.stdout.strip().endswith(f"read {len(MODELS)}"), done.stderr


def test_layers_keep_their_order(release: Release) -> None:
    """An operation that is several in Keras 3 would put layers of the same shapes in another."""
    model = formats.load_model(release.path("towers", "model.h5"))
    found = [layer.name for layer in model.layers if layer.weights]
    kinds = [type(each).__name__ for each in model.layers]
    if release.name == "2.3":  # Each operation is one of Keras 3.
        assert found == ["first", "second", "third"]
        assert "Functional" not in kinds
    else:
        assert found == ["second", "first", "third"]
        assert kinds.count("Functional") == 3  # The sum is of three, too.
    formats.load_weights(model, release.path("towers", "saved_model"))
    check(model, release.expected["towers"])


def test_training_goes_on(release: Release) -> None:
    model = formats.load_model(release.path("shared", "model.h5"))
    told = release.expected["shared"]
    model.compile("sgd", "mse")
    x = inputs(told)
    losses = [float(model.train_on_batch(x, np.zeros((3, 2), "float32"))) for _ in range(3)]
    assert losses[2] < losses[0]


def test_einsum(release: Release) -> None:
    path = release.path("einsum", "model.h5")
    if release.name == "2.3":
        check(formats.load_model(path), release.expected["einsum"])
        return
    with pytest.raises(formats.CheckpointError, match="did not write down what tf.einsum"):
        formats.load_model(path)
