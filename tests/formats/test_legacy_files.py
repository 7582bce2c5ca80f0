"""What real old releases wrote, read on Keras 3: `legacy/`, made by `write_legacy.py`."""

from __future__ import annotations

import os
from typing import Any

import numpy as np
import pytest

from keras_ckpt import formats, runtime

if not runtime.is_keras_3():
    pytest.skip("what Keras 3 reads", allow_module_level=True)

import legacy_models
from legacy_release import WHOLE, Release, case_of, flat
from page import PAGE, RELEASES, WRONG, page

pytestmark = pytest.mark.slow

#: The releases whose files are read.
READ = os.environ.get("KERAS_CKPT_RELEASES", "").split() or RELEASES

WEIGHTS = ["weights.h5", "weights.hdf5", "checkpoint"]


@pytest.fixture(scope="module", params=READ)
def release(request: Any, tmp_path_factory: Any) -> Release:
    return Release(request.param, tmp_path_factory.mktemp("legacy"))


def check_predictions(model: Any, case: legacy_models.Case, told: Any, name: str) -> None:
    # Compiling a model takes longer than all else, but on JAX, which compiles each operation.
    model.run_eagerly = runtime.backend() != "jax"
    predicted = model.predict(case.x, verbose=0)
    near = legacy_models.NEAR.get(name, 1e-6)
    np.testing.assert_allclose(flat(predicted), flat(told["predictions"]), rtol=near, atol=near)


def check_next_steps(model: Any, case: legacy_models.Case, release: Release, name: str) -> None:
    """The next steps of training go as they did in the release."""
    told = release.losses(name)
    if told is None:
        return
    losses = []
    for _ in range(3):
        model.reset_metrics()
        losses.append(float(np.ravel(model.train_on_batch(case.x, case.y))[0]))
    near = legacy_models.NEAR_LOSSES.get(name, 1e-5)
    if runtime.backend() != "tensorflow":
        near *= 2  # Only there has an embedding sparse gradients.
    np.testing.assert_allclose(losses, told, rtol=near)


@pytest.mark.parametrize("kind", WEIGHTS)
@pytest.mark.parametrize("name", list(legacy_models.MODELS))
def test_weights(release: Release, name: str, kind: str) -> None:
    path = release.path(name, kind)
    told = release.expected[name]
    case = case_of(name)
    formats.load_weights(case.model, path)
    check_predictions(case.model, case, told, name)
    if release.keeps_the_optimizer(kind, path):
        check_next_steps(case.model, case, release, name)


@pytest.mark.parametrize("kind", WHOLE)
@pytest.mark.parametrize("name", [name for name in legacy_models.MODELS if name != "subclassed"])
def test_whole_models(release: Release, name: str, kind: str) -> None:
    path = release.path(name, kind)
    told = release.expected[name]
    case = case_of(name)
    if (release.name, name, kind) in WRONG:
        formats.load_weights(case.model, path)
        check_predictions(case.model, case, told, name)
        return
    if runtime.version() < release.version():
        pytest.skip("what is newer than the running Keras")
    if runtime.version() < (3, 1) and (release.name, name, kind) == ("3.0", "recurrent", WHOLE[-1]):
        pytest.skip("Keras 3.0 does not find the weights of a Bidirectional in its own archives")
    model = formats.load_model(path, case.custom_objects)
    check_predictions(model, case, told, name)
    assert model.compiled
    if release.keeps_the_optimizer(kind, path):
        check_next_steps(model, case, release, name)


def test_the_page_on_formats_is_true() -> None:
    assert PAGE.read_text(encoding="utf-8") == page()


@pytest.mark.parametrize("kind", WHOLE)
def test_whole_models_of_a_users_class_give_their_weights(release: Release, kind: str) -> None:
    path = release.path("subclassed", kind)
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
