"""A run goes on, whichever file of its newest checkpoint is damaged."""

from __future__ import annotations

import os
import pathlib
import shutil
import warnings
from typing import Any

import pytest
from training import FORMATS, fit

from keras_ckpt import ModelCheckpoint, runtime

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not runtime.is_keras_3(), reason="tried on Keras 3"),
]


@pytest.mark.parametrize(("template", "weights"), FORMATS)
def test_each_file_of_each_format_may_be_damaged(
    template: str, weights: bool, tmp_path: pathlib.Path, monkeypatch: Any
) -> None:
    def checkpoint() -> ModelCheckpoint:
        return ModelCheckpoint(template, save_weights_only=weights, resume=True)

    monkeypatch.chdir(tmp_path)
    os.mkdir("whole")
    monkeypatch.chdir("whole")
    fit(checkpoint(), 2)
    newest = template.format(epoch=2)
    inside = pathlib.Path(newest)
    found = (
        list(inside.rglob("*")) if inside.is_dir() else list(inside.parent.glob(inside.name + "*"))
    )
    parts = [path for path in found if path.is_file()]
    assert parts
    monkeypatch.chdir(tmp_path)
    warned = 0
    for number, part in enumerate(parts):
        if not os.path.getsize(os.path.join("whole", part)):
            continue
        copy = tmp_path / str(number)
        shutil.copytree("whole", copy)
        monkeypatch.chdir(copy)
        with open(part, "r+b") as file:
            file.truncate(os.path.getsize(part) // 2)
        with warnings.catch_warnings(record=True) as seen:
            warnings.simplefilter("always")
            epochs = fit(checkpoint(), 3).epochs
        said = [str(each.message) for each in seen if "is passed over" in str(each.message)]
        monkeypatch.chdir(tmp_path)
        # A record alone, or what only readers of other programs want, is no loss of values.
        assert epochs in ([2, 3], [3]), part
        assert bool(said) is (epochs == [2, 3]) or part.name.endswith("keras_ckpt.json"), part
        warned += bool(said)
    assert warned
