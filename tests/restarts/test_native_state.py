"""On Keras 2, which writes and reads its own files: resuming, retention, the best weights."""

from __future__ import annotations

import os
import pathlib
import re
from typing import Any

import numpy as np
import pytest
import training
from training import FORMATS, fit, state

import keras_ckpt
from keras_ckpt import ModelCheckpoint, runtime

pytestmark = [
    pytest.mark.skipif(runtime.is_keras_3(), reason="files of Keras 2"),
    pytest.mark.filterwarnings("ignore"),
]


@pytest.mark.parametrize(("template", "weights"), FORMATS)
def test_it_goes_on_and_keeps_what_it_should(
    template: str, weights: bool, tmp_path: pathlib.Path, monkeypatch: Any
) -> None:
    monkeypatch.chdir(tmp_path)

    def checkpoint(**kwargs: Any) -> ModelCheckpoint:
        kwargs = {"save_weights_only": weights, "resume": True, "max_to_keep": 2, **kwargs}
        return ModelCheckpoint(template, **kwargs)

    first = fit(checkpoint(), 3)
    after = state(first.model)
    again = checkpoint(monitor="loss", mode="max", restore_best_weights=True)
    second = fit(again, 5)
    assert (first.epochs, second.epochs) == ([1, 2, 3], [4, 5])
    has_optimizer = (template, weights) not in training.WITHOUT_OPTIMIZER
    count = len(after) if has_optimizer else len(first.model.weights)
    for one, other in zip(second.states[0][:count], after[:count]):
        np.testing.assert_array_equal(one, other)
    steps = int(runtime.to_numpy(second.model.optimizer.iterations))
    assert steps == (15 if has_optimizer else 6), "the best weights leave the optimizer alone"
    there = keras_ckpt.checkpoints(template)
    assert [each.epoch for each in there] == [3, 4, 5], "3 is the one that it was resumed from"
    assert len({each.run for each in there}) == 1
    made = os.listdir(os.path.dirname(template) or ".")
    assert not [name for name in made if re.match(r"(w\.)?0?[12]($|\.)", name)], made
