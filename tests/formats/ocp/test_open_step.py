"""What is read of a step of Orbax, and when."""

from __future__ import annotations

import pathlib
import shutil

import numpy as np
import pytest

import keras_ckpt
from keras_ckpt import runtime
from keras_ckpt.errors import DamagedCheckpoint, NotACheckpoint

if not runtime.is_keras_3():
    pytest.skip("variables have paths in Keras 3", allow_module_level=True)

pytest.importorskip("orbax.checkpoint", reason="tox -e jax has Orbax")

from keras_ckpt.formats.orbax import open_step, orbax_checkpoint

keras = runtime.keras()


@pytest.fixture
def step(tmp_path: pathlib.Path) -> str:
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2, name="d")])
    model.compile("adam", "mse")
    model.fit(np.ones((2, 3)), np.ones((2, 2)), verbose=0)
    keras_ckpt.save_model(model, tmp_path / "m.orbax")
    found = orbax_checkpoint.newest_step(str(tmp_path / "m.orbax"))
    assert found is not None
    return found


def test_shapes_are_known_before_the_values_are_read(step: str) -> None:
    with open_step.opened(step) as opened:
        found = opened.of("trainable_variables")
        assert [each.shape for each in found.values()] == [(2,), (3, 2)]
        for path in pathlib.Path(step).glob("pytree/**/d"):
            shutil.rmtree(path)
        with pytest.raises(DamagedCheckpoint):
            next(iter(found.values())).read()
        assert set(opened.others()) == {"model_config"}


def test_groups_of_variables(step: str) -> None:
    with open_step.opened(step) as opened:
        both = opened.of("trainable_variables", "optimizer_variables")
        assert set(opened.of("optimizer_variables")) < set(both)
        values = {path: each.read() for path, each in both.items()}
    assert {type(value) for value in values.values()} == {np.ndarray}
    (iterations,) = (value for path, value in values.items() if path.endswith("iteration"))
    assert iterations == 1


def test_a_step_of_another_program(tmp_path: pathlib.Path) -> None:
    library = open_step.library()
    path = str(tmp_path / "0")
    library.save_checkpointables(path, {"pytree": {"a": np.ones(3)}})
    with pytest.raises(NotACheckpoint, match="not by Keras"), open_step.opened(path):
        pass
    with pytest.raises(NotACheckpoint, match="not by Keras"):
        keras_ckpt.inspect(path)
