"""On Keras 2, which writes and reads its own files: resuming, retention, the best weights."""

from __future__ import annotations

import os
import pathlib
import re
import signal
from typing import Any

import numpy as np
import pytest
import training
from training import FORMATS, Scores, fit, state

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
    assert [each.epoch for each in there] == [2, 3, 4, 5], "2 is the best, 3 was resumed from"
    for one, other in zip(second.model.weights, first.states[2]):
        np.testing.assert_array_equal(runtime.to_numpy(one), other)
    assert len({each.run for each in there}) == 1
    made = os.listdir(os.path.dirname(template) or ".")
    assert not [name for name in made if re.match(r"(w\.)?0?1($|\.)", name)], made


def contents() -> dict[str, bytes]:
    found = pathlib.Path().rglob("*")
    return {str(path): path.read_bytes() for path in found if path.is_file()}


@pytest.mark.parametrize(("template", "weights"), FORMATS)
def test_links_best_ones_and_what_is_foreign(
    template: str, weights: bool, tmp_path: pathlib.Path, monkeypatch: Any
) -> None:
    monkeypatch.chdir(tmp_path)
    ending = "" if "." not in template else template[template.index("}") + 1 :]
    foreign = {"notes.txt": b"mine", "77.other": b"x", "z" + template.format(epoch=9)[-9:]: b"y"}
    for name, content in foreign.items():
        path = pathlib.Path(name)
        path.parent.mkdir(exist_ok=True, parents=True)
        path.write_bytes(content)

    def checkpoint(**kwargs: Any) -> ModelCheckpoint:
        return ModelCheckpoint(
            template,
            "score",
            mode="min",
            save_weights_only=weights,
            link_latest="links/last" + ending,
            link_best="links/best" + ending,
            keep_best_n=1,
            **kwargs,
        )

    def values(of: Any) -> list[np.ndarray]:
        return [each.numpy() for each in of.weights]

    first = fit(checkpoint(), 3, Scores([2.0, 1.0, 3.0]))
    for name, epoch in (("last", 3), ("best", 2)):
        link = f"links/{name}{ending}"
        assert os.path.realpath(link) == os.path.realpath(template.format(epoch=epoch)) or (
            os.path.realpath(link + ".index")
            == os.path.realpath(template.format(epoch=epoch) + ".index")
        )
        loaded = training.model()
        keras_ckpt.load_weights(
            loaded, link + ("/variables/variables" if link_is_dir(link) else "")
        )
        if name == "last":
            for one, other in zip(values(loaded), values(first.model)):
                np.testing.assert_array_equal(one, other)
    assert [each.epoch for each in keras_ckpt.checkpoints(template)] == [2, 3]
    again = checkpoint(resume=True, restore_best_weights=True)
    second = fit(again, 5, Scores([2.0, 1.0, 3.0, 4.0, 5.0]))
    assert second.epochs == [4, 5]
    assert [each.epoch for each in again.checkpoints] == [2, 3, 5]
    assert again.best_checkpoint == template.format(epoch=2)
    for one, other in zip(values(second.model), first.states[2]):
        np.testing.assert_array_equal(one, other)
    there = contents()
    assert {name: there[name] for name in foreign} == foreign


def link_is_dir(link: str) -> bool:
    return os.path.isdir(link)


@pytest.mark.parametrize(("template", "weights"), FORMATS)
def test_what_is_damaged_is_passed_over(
    template: str, weights: bool, tmp_path: pathlib.Path, monkeypatch: Any
) -> None:
    monkeypatch.chdir(tmp_path)

    def checkpoint() -> ModelCheckpoint:
        return ModelCheckpoint(template, save_weights_only=weights, resume=True)

    fit(checkpoint(), 3)
    newest = template.format(epoch=3)
    parts = [newest, newest + ".index", os.path.join(newest, "variables", "variables.index")]
    (part,) = (each for each in parts if os.path.isfile(each))
    with open(part, "r+b") as file:
        file.truncate(os.path.getsize(part) // 2)
    with pytest.warns(UserWarning, match="is passed over"):
        assert fit(checkpoint(), 4).epochs == [3, 4]


def test_an_exception_and_a_signal_save(tmp_path: pathlib.Path, monkeypatch: Any) -> None:
    monkeypatch.chdir(tmp_path)

    class At(training.keras.callbacks.Callback):  # type: ignore[misc]
        def __init__(self, what: Any) -> None:
            super().__init__()
            self.what = what

        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
            if batch == 1 and int(runtime.to_numpy(self.model.optimizer.iterations)) > 3:
                what, self.what = self.what, lambda: None
                what()

    def fails() -> None:
        raise KeyboardInterrupt

    checkpoint = ModelCheckpoint("{epoch}.h5", resume=True)
    with pytest.raises(KeyboardInterrupt), checkpoint.saving_on_exception():
        fit(checkpoint, 3, At(fails))
    record = keras_ckpt.inspect("2.h5").record
    assert record is not None
    assert (record.epoch, record.batch) == (1, 1)
    seen: list[int] = []
    before = signal.signal(signal.SIGTERM, lambda number, frame: seen.append(number))
    try:
        again = ModelCheckpoint("{epoch}.h5", resume=True, save_before_preemption=True)
        assert fit(again, 4, At(lambda: os.kill(os.getpid(), signal.SIGTERM))).epochs == [2]
    finally:
        signal.signal(signal.SIGTERM, before)
    assert seen == [signal.SIGTERM]
    assert fit(ModelCheckpoint("{epoch}.h5", resume=True), 4).epochs == [2, 3, 4]


@pytest.mark.parametrize("resume", [True, False])
@pytest.mark.parametrize(("template", "weights"), FORMATS)
def test_another_optimizer_begins_anew(
    template: str, weights: bool, resume: bool, tmp_path: pathlib.Path, monkeypatch: Any
) -> None:
    monkeypatch.chdir(tmp_path)
    # Without a record only a whole model says what it was compiled with.
    if weights and not resume:
        pytest.skip("the files of Keras 2 do not say whose state they have")
    first = fit(ModelCheckpoint(template, save_weights_only=weights, resume=resume), 2)
    other = training.model(optimizer="ftrl")
    with pytest.warns(UserWarning, match="anew: .* with [Aa]dam, and the model has Ftrl now"):
        second = fit(ModelCheckpoint(template, save_weights_only=weights, resume=True), 3, of=other)
    assert int(runtime.to_numpy(other.optimizer.iterations)) == 3
    for one, other_one in zip(second.states[0][: len(other.weights)], state(first.model)):
        np.testing.assert_array_equal(one, other_one)
