"""A run goes on with files that older releases wrote, which have no record: those in `legacy/`."""

from __future__ import annotations

import os
import pathlib
import shutil
import warnings
from typing import Any

import numpy as np
import pytest
from training import Scores, Seen, keras

from keras_ckpt import ModelCheckpoint, formats, runtime

if not runtime.is_keras_3():
    pytest.skip("what Keras 3 reads", allow_module_level=True)

from legacy_release import Release, case_of
from page import RELEASES

pytestmark = pytest.mark.slow

READ = os.environ.get("KERAS_CKPT_RELEASES", "").split() or RELEASES
#: What scripts called the files, and whether they hold weights alone.
NAMES = {
    "weights.h5": ("w.{epoch:02d}-{score:.2f}.weights.h5", True),
    "weights.hdf5": ("w.{epoch:02d}-{score:.2f}.hdf5", True),
    "checkpoint": ("w.{epoch:02d}-{score:.2f}", True),
    "model.h5": ("m.{epoch:02d}-{score:.2f}.h5", False),
    "saved_model": ("m.{epoch:02d}-{score:.2f}", False),
    "model.keras": ("m.{epoch:02d}-{score:.2f}.keras", False),
}


@pytest.fixture(scope="module", params=READ)
def release(request: Any, tmp_path_factory: Any) -> Release:
    return Release(request.param, tmp_path_factory.mktemp("legacy"))


def left(release: Release, kind: str, saved: str) -> None:
    """Puts a checkpoint of a release where its callback would have saved it."""
    path = pathlib.Path(release.path("mlp", kind))
    if path.is_dir():
        shutil.copytree(path, saved)
    elif path.is_file():
        shutil.copyfile(path, saved)
    for part in path.parent.glob(path.name + ".*"):
        if kind == "checkpoint":
            shutil.copyfile(part, saved + part.name[len(path.name) :])


def contents() -> dict[str, bytes]:
    found = pathlib.Path().rglob("*")
    return {str(path): path.read_bytes() for path in found if path.is_file()}


@pytest.mark.parametrize("kind", list(NAMES))
def test_a_run_goes_on(
    release: Release, kind: str, tmp_path: pathlib.Path, monkeypatch: Any
) -> None:
    path = release.path("mlp", kind)
    if runtime.version() < release.version():
        pytest.skip("what is newer than the running Keras")
    monkeypatch.chdir(tmp_path)
    template, weights = NAMES[kind]
    if not runtime.has_tensorflow() and kind == "saved_model":
        pytest.skip("there is no graph without TensorFlow")
    left(release, kind, template.format(epoch=3, score=0.31))
    before = contents()
    case, expected = case_of("mlp"), case_of("mlp").model
    formats.load_weights(expected, path)
    steps: list[int] = []

    class Steps(keras.callbacks.Callback):  # type: ignore[misc]
        def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
            steps.append(int(runtime.to_numpy(self.model.optimizer.iterations)))

    checkpoint = ModelCheckpoint(
        template,
        monitor="score",
        mode="min",
        save_best_only=True,
        save_weights_only=weights,
        max_to_keep=1,
        resume=True,
    )
    seen = Seen()
    callbacks = [seen, Steps(), Scores([0, 0, 0, 0.308, 0.2]), checkpoint]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        case.model.fit(case.x, case.y, epochs=5, verbose=0, callbacks=callbacks)
    assert seen.epochs == [4, 5]
    for one, other in zip(seen.states[0], expected.weights):
        np.testing.assert_array_equal(one, runtime.to_numpy(other))
    # That is about loading a model; an archive has the state all the same.
    assert (steps[0] > 0) is (kind == "model.keras" or release.keeps_the_optimizer(kind, path))
    # What the name says of the best counts, and 0.308 may have been what is called 0.31.
    saved = template.format(epoch=5, score=0.2)
    after = contents()
    new = [name for name in after if name not in before and name != "checkpoint"]
    assert new
    assert all(name.startswith(saved) for name in new)
    assert {name: after[name] for name in before} == before
