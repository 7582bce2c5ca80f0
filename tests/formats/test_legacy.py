"""What real old releases wrote, read on Keras 3: `legacy/`, made by `write_legacy.py`."""

from __future__ import annotations

import json
import pathlib
import tarfile
from typing import Any

import numpy as np
import pytest

from keras_ckpt import formats, runtime

if not runtime.is_keras_3():
    pytest.skip("what Keras 3 reads", allow_module_level=True)

import legacy_models
from page import PAGE, RELEASES, page

HOME = pathlib.Path(__file__).resolve().parent / "legacy"
WEIGHTS = ["weights.h5", "weights.hdf5", "checkpoint"]
WHOLE = ["model.h5", "saved_model", "model.keras"]


class Release:
    """The files of a release."""

    def __init__(self, name: str, directory: pathlib.Path) -> None:
        self.directory = directory
        with tarfile.open(str(HOME / (name + ".tar.xz"))) as archive:
            archive.extractall(str(directory))
        self.expected = json.loads((directory / "expected.json").read_text())

    def path(self, model: str, kind: str) -> str:
        """The path of a file, for which a test is skipped if the release did not write it."""
        if model not in self.expected:
            pytest.skip("the release has no such layer")
        if kind not in self.expected[model]["written"]:
            pytest.skip(self.expected[model]["not written"].get(kind, "the release has no such"))
        return str(self.directory / legacy_models.file_name(model, kind))


@pytest.fixture(scope="module", params=RELEASES)
def release(request: Any, tmp_path_factory: Any) -> Release:
    return Release(request.param, tmp_path_factory.mktemp("legacy"))


def case_of(name: str) -> legacy_models.Case:
    keras = runtime.keras()
    keras.utils.set_random_seed(1)  # Not the weights that were saved.
    return legacy_models.MODELS[name](keras)


def flat(value: Any) -> Any:
    if isinstance(value, list) and value and isinstance(value[0], (list, np.ndarray)):
        return np.concatenate([flat(each) for each in value])
    return np.ravel(np.asarray(value, "float64"))


def check_predictions(model: Any, case: legacy_models.Case, told: Any, name: str) -> None:
    # Compiling a model takes longer than all else, but on JAX, which compiles each operation.
    model.run_eagerly = runtime.backend() != "jax"
    predicted = model.predict(case.x, verbose=0)
    # bfloat16 has eight bits, which backends round in other places.
    near = 1e-2 if name == "mixed_precision" else 1e-6
    np.testing.assert_allclose(flat(predicted), flat(told["predictions"]), rtol=near, atol=near)


def check_next_steps(model: Any, case: legacy_models.Case, told: Any, name: str) -> None:
    """The next steps of training go as they did in the release."""
    if told["losses"] is None:
        return
    losses = [float(np.ravel(model.train_on_batch(case.x, case.y))[0]) for _ in range(3)]
    # Keras 3 takes steps of RMSprop for an embedding in another way than TensorFlow did.
    near = {"mixed_precision": 2e-2, "recurrent": 1e-2}.get(name, 1e-5)
    np.testing.assert_allclose(losses, told["losses"], rtol=near)


@pytest.mark.parametrize("kind", WEIGHTS)
@pytest.mark.parametrize("name", list(legacy_models.MODELS))
def test_weights(release: Release, name: str, kind: str) -> None:
    path = release.path(name, kind)
    told = release.expected[name]
    case = case_of(name)
    formats.load_weights(case.model, path)
    check_predictions(case.model, case, told, name)
    if kind == "checkpoint":
        check_next_steps(case.model, case, told, name)


@pytest.mark.parametrize("kind", WHOLE)
@pytest.mark.parametrize("name", [name for name in legacy_models.MODELS if name != "subclassed"])
def test_whole_models(release: Release, name: str, kind: str) -> None:
    path = release.path(name, kind)
    told = release.expected[name]
    case = case_of(name)
    model = formats.load_model(path, case.custom_objects)
    check_predictions(model, case, told, name)
    assert model.compiled
    check_next_steps(model, case, told, name)


def test_the_page_on_formats_is_true() -> None:
    assert PAGE.read_text(encoding="utf-8") == page()


def test_saved_model_of_a_users_class_gives_its_weights(release: Release) -> None:
    path = release.path("subclassed", "saved_model")
    case = case_of("subclassed")
    formats.load_weights(case.model, path)
    check_predictions(case.model, case, release.expected["subclassed"], "subclassed")
    with pytest.raises(formats.CheckpointError, match="Own"):
        formats.load_model(path)


@pytest.mark.parametrize("kind", WHOLE)
def test_unknown_class_is_named(release: Release, kind: str) -> None:
    path = release.path("custom_layer", kind)
    with pytest.raises(formats.CheckpointError, match="(?s)'?Scale.*custom_objects.*load_weights"):
        formats.load_model(path)
