"""The checkpoints that are there, as users list them."""

from __future__ import annotations

import dataclasses
import math
import os
import pathlib
import shutil
import time
import zipfile
from typing import Any

import pytest
from training import FORMATS, Scores, X, Y, fit, model

import keras_ckpt
from keras_ckpt import Checkpoint, ModelCheckpoint, runtime
from keras_ckpt.restarts import catalogue

pytestmark = pytest.mark.skipif(not runtime.is_keras_3(), reason="tried on Keras 3")

MANY = 20000


@pytest.fixture(autouse=True)
def _here(tmp_path: pathlib.Path, monkeypatch: Any) -> None:
    monkeypatch.chdir(tmp_path)


def scored(template: str = "{epoch}.keras", mode: str = "min", **kwargs: Any) -> ModelCheckpoint:
    return ModelCheckpoint(template, monitor="score", mode=mode, **kwargs)


@pytest.mark.parametrize(("template", "weights"), FORMATS)
def test_each_format_is_listed(template: str, weights: bool) -> None:
    fit(scored(template, save_weights_only=weights), 2, Scores([2, 1]))
    found = keras_ckpt.checkpoints(template)
    assert [(each.path, each.epoch, each.value) for each in found] == [
        (template.format(epoch=1), 1, 2.0),
        (template.format(epoch=2), 2, 1.0),
    ]
    in_directory = keras_ckpt.checkpoints(os.path.dirname(template) or ".")
    assert [os.path.normpath(each.path) for each in in_directory] == [each.path for each in found]
    assert all(each.complete and each.size > 100 and each.format for each in found)
    assert keras_ckpt.best_checkpoint(template) == template.format(epoch=2)


def test_what_one_says() -> None:
    fit(scored(), 1, Scores([0.5]))
    (found,) = keras_ckpt.checkpoints("{epoch}.keras")
    assert isinstance(found, Checkpoint)
    assert found.size == os.path.getsize("1.keras")
    assert (found.format, found.monitor, found.best, found.kept_by) == (
        ".keras archive",
        "score",
        None,
        (),
    )
    assert (found.batch, found.step, found.logs["score"]) == (None, 3, 0.5)
    assert found.run == keras_ckpt.inspect("1.keras").record.run  # type: ignore[union-attr]


def test_what_is_foreign_is_not_listed() -> None:
    fit(scored(), 2, Scores([2, 1]))
    shutil.copy("1.keras", "9.keras")
    shutil.copy("1.keras", "copy.keras")
    model().save("8.keras")
    pathlib.Path("7.keras").write_bytes(b"x" * 1000)
    pathlib.Path("notes.txt").write_text("mine")
    for place in ("{epoch}.keras", "."):
        found = [os.path.normpath(each.path) for each in keras_ckpt.checkpoints(place)]
        assert found == ["1.keras", "2.keras"]
    assert keras_ckpt.checkpoints("absent") == []
    assert keras_ckpt.best_checkpoint("absent") is None


def test_the_best_by_another_metric_or_direction() -> None:
    fit(scored(), 3, Scores([2, math.nan, 1]))
    template = "{epoch}.keras"
    assert keras_ckpt.best_checkpoint(template) == "3.keras"
    assert keras_ckpt.best_checkpoint(template, mode="max") == "1.keras"
    losses = {each.path: each.logs["loss"] for each in keras_ckpt.checkpoints(template)}
    assert keras_ckpt.best_checkpoint(template, "loss") == min(losses, key=losses.__getitem__)
    assert keras_ckpt.best_checkpoint(template, "absent") is None
    with pytest.raises(ValueError, match="Pass mode='min' or mode='max'"):
        keras_ckpt.best_checkpoint(template, "mae")
    with pytest.raises(ValueError, match="Received: 'best'"):
        keras_ckpt.best_checkpoint(template, mode="best")


def test_of_equal_ones_the_first_is_best_and_a_damaged_one_is_not() -> None:
    fit(scored(), 3, Scores([1, 1, 2]))
    assert keras_ckpt.best_checkpoint("{epoch}.keras") == "1.keras"
    with open("1.keras", "r+b") as file:
        file.seek(os.path.getsize("1.keras") // 2)
        file.write(b"damaged")
    with pytest.warns(UserWarning, match="1.keras is passed over"):
        assert keras_ckpt.best_checkpoint("{epoch}.keras") == "2.keras"


def directory_of_many(count: int) -> None:
    """Makes a directory of checkpoints of one run, by copies that have their own records."""
    fit(ModelCheckpoint("first.keras"), 1)
    record = keras_ckpt.inspect("first.keras").record
    assert record is not None
    record = dataclasses.replace(record, template="{epoch}.keras", retention={"max_to_keep": 1})
    keras_ckpt.save_model(model(), "without.keras")
    for epoch in range(1, count + 1):
        name = f"{epoch}.keras"
        shutil.copyfile("without.keras", name)
        with zipfile.ZipFile(name, "a") as archive:
            text = dataclasses.replace(record, epoch=epoch).of(name, record.size).dumped()
            archive.writestr("keras_ckpt.json", text)
    os.remove("first.keras")
    os.remove("without.keras")


@pytest.mark.slow
def test_a_directory_of_many_is_begun_and_saved_to_as_fast_as_an_empty_one() -> None:
    def times(checkpoint: ModelCheckpoint, count: int) -> list[float]:
        made = model()
        made.optimizer.build(made.trainable_variables)
        checkpoint.set_model(made)
        begun = time.perf_counter()
        checkpoint.on_train_begin()
        found = [time.perf_counter() - begun]
        for epoch in range(count, count + 5):
            checkpoint.on_epoch_begin(epoch)
            begun = time.perf_counter()
            checkpoint.on_epoch_end(epoch, {"loss": 1.0})
            found.append(time.perf_counter() - begun)
        return [found[0], sorted(found[1:])[2]]

    kwargs: dict[str, Any] = {"resume": True, "durable": False}
    os.mkdir("empty")
    empty = ModelCheckpoint("empty/{epoch}.keras", max_to_keep=MANY * 2, **kwargs)
    _, of_empty = times(empty, 0)
    directory_of_many(MANY)
    full = ModelCheckpoint("{epoch}.keras", max_to_keep=MANY * 2, **kwargs)
    begin, of_full = times(full, MANY)
    assert full._lifecycle.resumed == f"{MANY}.keras"
    full.on_train_end()
    assert of_full < 2 * of_empty + 0.05, (of_full, of_empty)
    begun = time.perf_counter()
    assert len(catalogue.found_in("{epoch}.keras")) == MANY + 5
    # The records of all are read beside the training.
    of_all = time.perf_counter() - begun
    assert begin < of_all / 4, (begin, of_all)


def test_several_metrics_are_not_mixed() -> None:
    model().fit(
        X,
        Y,
        epochs=2,
        verbose=0,
        callbacks=[
            ModelCheckpoint("run/a{epoch}.keras", monitor="loss"),
            ModelCheckpoint("run/b{epoch}.keras", monitor="mae"),
        ],
    )
    with pytest.raises(ValueError, match="Pass `monitor`: 'loss' or 'mae'"):
        keras_ckpt.best_checkpoint("run")
    assert keras_ckpt.best_checkpoint("run", monitor="loss") is not None
    assert keras_ckpt.best_checkpoint("run/b{epoch}.keras", mode="min") is not None
