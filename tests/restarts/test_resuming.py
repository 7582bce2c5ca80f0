"""A run that goes on where it was."""

from __future__ import annotations

import datetime
import os
import pathlib
import shutil
import time
import warnings
from typing import Any

import numpy as np
import pytest
import training
from training import FORMATS, Scores, Seen, fit, keras, model, state

import keras_ckpt
from keras_ckpt import CheckpointError, ModelCheckpoint, runtime
from keras_ckpt.formats import registry
from keras_ckpt.restarts import resuming

pytestmark = pytest.mark.skipif(not runtime.is_keras_3(), reason="tried on Keras 3")


@pytest.fixture(autouse=True)
def _here(tmp_path: pathlib.Path, monkeypatch: Any) -> None:
    monkeypatch.chdir(tmp_path)


def damage(path: str) -> None:
    with open(path, "r+b") as file:
        file.truncate(os.path.getsize(path) // 2)


@pytest.mark.parametrize(("template", "weights"), FORMATS)
def test_it_goes_on_as_if_it_had_never_ended(template: str, weights: bool) -> None:
    whole = model()
    fit(ModelCheckpoint("other.weights.h5", save_weights_only=True), 5, of=whole)
    checkpoint = ModelCheckpoint(template, save_weights_only=weights, resume=True)
    first = fit(checkpoint, 2)
    after = state(first.model)
    context: Any = warnings.catch_warnings()
    if (template, weights) in training.WITHOUT_OPTIMIZER:
        context = pytest.warns(UserWarning, match="not the state of the optimizer")
    with context:
        second = fit(ModelCheckpoint(template, save_weights_only=weights, resume=True), 5)
    assert (first.epochs, second.epochs) == ([1, 2], [3, 4, 5])
    if (template, weights) not in training.WITHOUT_OPTIMIZER:
        for one, other in zip(second.states[0], after):
            np.testing.assert_array_equal(one, other)
        for one, other in zip(state(second.model), state(whole)):
            np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-6)
    records = [registry.record_of(each.path) for each in keras_ckpt.checkpoints(template)]
    assert [each.epoch for each in records if each is not None] == [1, 2, 3, 4, 5]
    assert len({each.run for each in records if each is not None}) == 1
    last = records[-1]
    assert last is not None
    assert last.parent == os.path.basename(template.format(epoch=2))


def test_a_later_fit_begins_where_it_is_told_to() -> None:
    made = model()
    fit(ModelCheckpoint("{epoch}.keras", resume=True), 2)
    assert fit(ModelCheckpoint("{epoch}.keras", resume=True), 3, of=made).epochs == [3]
    assert fit(ModelCheckpoint("other.{epoch}.keras"), 2, of=made).epochs == [1, 2]


def test_when_all_epochs_are_done_nothing_is_trained() -> None:
    fit(ModelCheckpoint("{epoch}.keras", resume=True), 2)
    with pytest.warns(UserWarning, match=r"Nothing is trained: 2.keras is of epoch 2.*epochs=2"):
        assert fit(ModelCheckpoint("{epoch}.keras", resume=True), 2).epochs == []


def test_a_loop_of_fits_with_resume_is_told_that_epochs_counts_all() -> None:
    made, checkpoint = model(), ModelCheckpoint("{epoch}.keras", resume=True)
    fit(checkpoint, 1, of=made)
    with pytest.warns(UserWarning, match="Nothing is trained"):
        fit(checkpoint, 1, of=made)
    assert fit(checkpoint, 2, of=made, initial_epoch=1).epochs == [2]


def test_there_is_nothing_to_resume(capsys: Any) -> None:
    assert fit(ModelCheckpoint("{epoch}.keras", resume=True, verbose=1), 1).epochs == [1]
    assert (
        "There is nothing to resume for {epoch}.keras: it begins anew." in capsys.readouterr().out
    )


def test_it_says_where_it_goes_on(capsys: Any) -> None:
    fit(ModelCheckpoint("{epoch}-{batch}.keras", save_freq=2), 1)
    checkpoint = ModelCheckpoint("{epoch}-{batch}.keras", save_freq=2, verbose=1, resume=True)
    seen = fit(checkpoint, 2)
    said = capsys.readouterr().out
    assert "Resuming from 1-2.keras, after 0 epochs and 2 batches of the next, which begins" in said
    assert seen.epochs == [1, 2]
    assert runtime.to_numpy(seen.model.optimizer.iterations) == 2 + 6


def test_initial_epoch_beside_it_is_overruled() -> None:
    fit(ModelCheckpoint("{epoch}.keras"), 2)
    with pytest.warns(UserWarning, match=r"initial_epoch=1\) has no effect: .* after epoch 2"):
        seen = fit(ModelCheckpoint("{epoch}.keras", resume=True), 4, initial_epoch=1)
    assert seen.epochs == [3, 4]


def test_a_damaged_one_is_passed_over() -> None:
    fit(ModelCheckpoint("{epoch}.keras", resume=True), 3)
    damage("3.keras")
    with pytest.warns(UserWarning, match="3.keras is passed over for an older checkpoint"):
        assert fit(ModelCheckpoint("{epoch}.keras", resume=True), 4).epochs == [3, 4]


def test_a_flipped_bit_is_passed_over() -> None:
    fit(ModelCheckpoint("{epoch}.h5", resume=True), 2)
    content = bytearray(pathlib.Path("2.h5").read_bytes())
    value = np.zeros(0)
    import h5py

    with h5py.File("2.h5", "r") as file:
        found: list[Any] = []
        file["model_weights"].visititems(
            lambda name, each: found.append(each) if isinstance(each, h5py.Dataset) else None
        )
        value = max(found, key=lambda each: each.size)
        offset = value.id.get_offset()
    content[offset + 2] ^= 1
    pathlib.Path("2.h5").write_bytes(content)
    with pytest.warns(UserWarning, match="2.h5 is passed over"):
        assert fit(ModelCheckpoint("{epoch}.h5", resume=True), 2).epochs == [2]


def test_if_all_are_damaged_nothing_is_trained_and_nothing_deleted() -> None:
    fit(ModelCheckpoint("{epoch}.keras", resume=True), 3)
    for name in ("1.keras", "2.keras", "3.keras"):
        damage(name)
    before = {path.name: path.read_bytes() for path in pathlib.Path().iterdir()}
    seen = Seen()
    checkpoint = ModelCheckpoint("{epoch}.keras", resume=True, max_to_keep=1)
    with pytest.raises(CheckpointError, match="no checkpoint that this run could resume"):
        model().fit(training.X, training.Y, epochs=5, callbacks=[seen, checkpoint], verbose=0)
    assert seen.epochs == []
    assert {path.name: path.read_bytes() for path in pathlib.Path().iterdir()} == before


def test_a_copy_under_another_name_is_not_taken_up() -> None:
    fit(ModelCheckpoint("{epoch}.keras", resume=True), 2)
    shutil.copy("1.keras", "9.keras")
    assert fit(ModelCheckpoint("{epoch}.keras", resume=True), 3).epochs == [3]


def test_a_directory_that_was_copied_has_new_times(monkeypatch: Any) -> None:
    os.mkdir("run")
    fit(ModelCheckpoint("run/{epoch}.keras", resume=True), 4)
    os.mkdir("copy")
    for name in ("4.keras", "2.keras", "3.keras", "1.keras"):
        shutil.copyfile(f"run/{name}", f"copy/{name}")
        time.sleep(0.01)
    shutil.rmtree("run")
    path = os.path.abspath("copy/{epoch}.keras")
    assert fit(ModelCheckpoint(path, resume=True, max_to_keep=2), 5).epochs == [5]
    assert sorted(os.listdir("copy")) == ["4.keras", "5.keras"]


def test_another_template_in_the_same_directory() -> None:
    fit(ModelCheckpoint("w.{epoch}.best.keras", resume=True), 3)
    fit(ModelCheckpoint("w.{epoch}.keras", resume=True), 1)
    assert fit(ModelCheckpoint("w.{epoch}.keras", resume=True, max_to_keep=1), 2).epochs == [2]
    assert sorted(os.listdir()) == [
        "w.1.best.keras",
        "w.1.keras",
        "w.2.best.keras",
        "w.2.keras",
        "w.3.best.keras",
    ]


def test_a_path() -> None:
    fit(ModelCheckpoint("{epoch}.keras", resume=True), 3)
    checkpoint = ModelCheckpoint("{epoch}.keras", resume="2.keras", max_to_keep=1)
    assert fit(checkpoint, 4).epochs == [3, 4]
    # It takes another way from there, and is another run: the first one keeps its files.
    assert sorted(os.listdir()) == ["1.keras", "2.keras", "3.keras", "4.keras"][:2] + ["4.keras"]
    with pytest.raises(FileNotFoundError):
        fit(ModelCheckpoint("{epoch}.keras", resume="7.keras"), 4)


@pytest.mark.parametrize(("mode", "values"), [("min", [0.5, 9.0, 0.4]), ("max", [9.0, 0.5, 10.0])])
def test_the_best_value_counts_after_a_restart(mode: str, values: list[float]) -> None:
    def checkpoint(**kwargs: Any) -> ModelCheckpoint:
        return ModelCheckpoint(
            "best.keras", monitor="score", mode=mode, save_best_only=True, **kwargs
        )

    fit(checkpoint(), 1, Scores(values))
    before = pathlib.Path("best.keras").read_bytes()
    assert fit(checkpoint(resume=True), 2, Scores(values)).epochs == [2]
    assert pathlib.Path("best.keras").read_bytes() == before
    assert fit(checkpoint(resume=True), 3, Scores(values)).epochs == [2, 3]
    record = registry.record_of("best.keras")
    assert record is not None
    assert (record.best, record.epoch) == (values[2], 3)


def test_load_weights_on_restart_keeps_the_best_value() -> None:
    def checkpoint() -> ModelCheckpoint:
        return ModelCheckpoint(
            "best.keras",
            monitor="score",
            mode="min",
            save_best_only=True,
            load_weights_on_restart=True,
        )

    fit(checkpoint(), 1, Scores([0.5]))
    before = pathlib.Path("best.keras").read_bytes()
    assert fit(checkpoint(), 1, Scores([9.0])).epochs == [1]
    assert pathlib.Path("best.keras").read_bytes() == before


def test_a_better_model_is_not_overwritten_in_silence() -> None:
    def checkpoint(**kwargs: Any) -> ModelCheckpoint:
        return ModelCheckpoint(
            "best.keras", monitor="score", mode="min", save_best_only=True, **kwargs
        )

    first = checkpoint()
    fit(first, 1, Scores([0.5]))
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        fit(first, 1, Scores([9.0]))  # Its own.
        fit(checkpoint(initial_value_threshold=0.4), 1, Scores([9.0]))
    with pytest.warns(UserWarning, match="best model of another run, with score=0.5"):
        fit(checkpoint(), 1, Scores([9.0]))


def test_older_checkpoints_are_spoken_of(capsys: Any) -> None:
    fit(ModelCheckpoint("{epoch}.keras"), 2)
    fit(ModelCheckpoint("{epoch}.keras", verbose=1), 1)
    said = capsys.readouterr().out
    assert "2 checkpoints of another run are there for {epoch}.keras: they stay" in said
    with pytest.warns(UserWarning, match="Pass resume=True"):
        fit(ModelCheckpoint("{epoch}.keras", max_to_keep=1), 3)
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        fit(ModelCheckpoint("{epoch}.keras"), 1)


def test_files_of_older_releases() -> None:
    for epoch, loss in ((1, 0.71), (2, 0.31)):
        model().save_weights(f"w.{epoch:02d}-{loss:.2f}.weights.h5")
        time.sleep(0.01)
    template = "w.{epoch:02d}-{score:.2f}.weights.h5"

    def checkpoint(**kwargs: Any) -> ModelCheckpoint:
        return ModelCheckpoint(
            template,
            monitor="score",
            mode="min",
            save_weights_only=True,
            save_best_only=True,
            resume=True,
            **kwargs,
        )

    there = set(os.listdir())
    made = checkpoint(max_to_keep=1)
    # 0.31 may be 0.305, which is harder to beat.
    assert fit(made, 3, Scores([0, 0, 0.307])).epochs == [3]
    assert set(os.listdir()) == there
    assert fit(checkpoint(max_to_keep=1), 3, Scores([0, 0, 0.304])).epochs == [3]
    assert set(os.listdir()) == {*there, "w.03-0.30.weights.h5"}


def test_a_file_of_an_older_release_without_an_epoch() -> None:
    made = model()
    made.save_weights("w.weights.h5")
    checkpoint = ModelCheckpoint("w.weights.h5", save_weights_only=True, resume=True)
    with pytest.warns(UserWarning, match="no record of its epoch"):
        assert fit(checkpoint, 1).epochs == [1]


@pytest.mark.parametrize(
    ("text", "mode", "expected"),
    [
        ("0.31", "min", 0.305),
        ("0.31", "max", 0.315),
        ("3", "max", 3.5),
        ("-0.5", "min", -0.55),
        ("1e-3", "min", 0.001),
        ("x", "min", None),
    ],
)
def test_the_bound_of_a_rounded_number(text: str, mode: str, expected: float | None) -> None:
    assert resuming._bound(text, mode) == (None if expected is None else pytest.approx(expected))


def test_another_metric_is_not_compared() -> None:
    fit(
        ModelCheckpoint("b.keras", monitor="score", mode="min", save_best_only=True), 1, Scores([1])
    )
    checkpoint = ModelCheckpoint("b.keras", monitor="mae", save_best_only=True, resume=True)
    with pytest.warns(UserWarning, match="it is of `score`, and `mae` is monitored now"):
        fit(checkpoint, 2)
    assert checkpoint.best == pytest.approx(float(checkpoint.best))


def test_another_direction_is_not_compared() -> None:
    fit(
        ModelCheckpoint("b.keras", monitor="score", mode="min", save_best_only=True), 1, Scores([1])
    )
    checkpoint = ModelCheckpoint(
        "b.keras", monitor="score", mode="max", save_best_only=True, resume=True
    )
    with pytest.warns(UserWarning, match="the best by mode='min', and mode='max' is given now"):
        fit(checkpoint, 2, Scores([1, 0.1]))
    assert checkpoint.best == 0.1


def test_two_that_resume_are_warned_of() -> None:
    backup = keras.callbacks.BackupAndRestore("backup")
    with pytest.warns(UserWarning, match="a BackupAndRestore take up the training"):
        fit(ModelCheckpoint("{epoch}.keras", resume=True), 1, backup)
    other = ModelCheckpoint("other.{epoch}.keras", resume=True)
    with pytest.warns(UserWarning, match="a ModelCheckpoint take up the training"):
        fit(ModelCheckpoint("{epoch}.keras", resume=True), 2, other)


@pytest.mark.parametrize("other", [ModelCheckpoint, keras.callbacks.ModelCheckpoint])
def test_two_with_the_same_files_are_warned_of(other: Any) -> None:
    with pytest.warns(UserWarning, match="saves to the same filepath='{epoch}.keras'"):
        path = os.path.abspath("{epoch}.keras")
        fit(ModelCheckpoint("{epoch}.keras", max_to_keep=1), 1, other(path))
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        fit(ModelCheckpoint("a{epoch}.keras", max_to_keep=1), 1, other("b{epoch}.keras"))
        fit(ModelCheckpoint("a{epoch}.keras"), 1, other("a{epoch}.keras"))  # As in any release.


def mixed_precision() -> Any:
    """Returns a model whose loss is scaled, by how much is found out while it trains."""
    keras.mixed_precision.set_global_policy("mixed_float16")
    try:
        return model()
    finally:
        keras.mixed_precision.set_global_policy("float32")


@pytest.mark.parametrize(("template", "weights"), FORMATS)
def test_mixed_precision(template: str, weights: bool) -> None:
    if (template, weights) in training.WITHOUT_OPTIMIZER:
        pytest.skip("it holds no optimizer")
    optimizer = mixed_precision().optimizer
    if not hasattr(optimizer, "inner_optimizer"):
        pytest.skip("an optimizer without a scale")
    whole, first = mixed_precision(), mixed_precision()
    fit(ModelCheckpoint("whole.weights.h5", save_weights_only=True), 4, of=whole)
    fit(ModelCheckpoint(template, save_weights_only=weights), 2, of=first)
    second = mixed_precision()
    fit(ModelCheckpoint(template, save_weights_only=weights, resume=True), 4, of=second)
    for name in ("dynamic_scale", "step_counter", "iterations"):
        one, other = (getattr(each.optimizer, name) for each in (whole, second))
        assert int(runtime.to_numpy(one)) == int(runtime.to_numpy(other)), name


class TwoOptimizers(keras.Model):  # type: ignore[misc]
    """As models that are trained against each other have them."""

    def __init__(self, is_built: bool) -> None:
        super().__init__()
        self.dense = keras.layers.Dense(1)
        self.second = keras.optimizers.Adam()
        self.dense.build((None, 4))
        self.built = True
        if is_built:
            self.second.build(self.dense.trainable_variables)
        self.compile("sgd", "mse")

    def call(self, x: Any) -> Any:
        return self.dense(x)


@pytest.mark.parametrize(
    ("template", "is_built", "comes_back"),
    [
        ("{epoch}.weights.h5", True, True),
        ("{epoch}.weights.h5", False, False),
        ("{epoch}.keras", True, True),
        ("{epoch}", True, False),
        ("{epoch}.hdf5", True, False),
        ("{epoch}.hdf5", False, False),
    ],
)
def test_other_optimizers_begin_anew_with_a_warning(
    template: str, is_built: bool, comes_back: bool
) -> None:
    def checkpoint() -> ModelCheckpoint:
        return ModelCheckpoint(template, save_weights_only=True, resume=True)

    first, second = TwoOptimizers(True), TwoOptimizers(is_built)
    first.second.iterations.assign(7)
    fit(checkpoint(), 1, of=first)
    if comes_back:
        with warnings.catch_warnings():
            warnings.filterwarnings("error", "(?s).*does not give the optimizer")
            fit(checkpoint(), 2, of=second)
        assert int(runtime.to_numpy(second.second.iterations)) == 7
    else:
        with pytest.warns(UserWarning, match="does not give the optimizer second of the model its"):
            fit(checkpoint(), 2, of=second)
        assert int(runtime.to_numpy(second.second.iterations)) == 0


def test_an_optimizer_that_never_made_a_step_is_no_fault() -> None:
    class Idle(TwoOptimizers):
        def train_step(self, *args: Any) -> Any:
            return ({"loss": 0.0}, args[0]) if runtime.backend() == "jax" else {"loss": 0.0}

    def checkpoint() -> ModelCheckpoint:
        return ModelCheckpoint("{epoch}.weights.h5", save_weights_only=True, resume=True)

    def made() -> Any:
        found = Idle(True)
        found.compile("adam", "mse", run_eagerly=runtime.backend() != "jax")
        return found

    fit(checkpoint(), 1, of=made())
    with warnings.catch_warnings():
        if runtime.version() >= (3, 15):  # Keras 3.0 has it built in the one fit, not in the other.
            warnings.filterwarnings("error", "(?s).*(starts|begins) anew")
        assert fit(checkpoint(), 2, of=made()).epochs == [2]


def test_an_epoch_that_is_cut_again_at_an_earlier_batch_goes_on_from_there() -> None:
    class Cut(keras.callbacks.Callback):  # type: ignore[misc]
        def __init__(self, batch: int) -> None:
            super().__init__()
            self.batch = batch

        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
            if batch == self.batch:
                raise KeyboardInterrupt

    def life(batch: int) -> ModelCheckpoint:
        checkpoint = ModelCheckpoint("{epoch}-{batch}.keras", save_freq=1, resume=True)
        with pytest.raises(KeyboardInterrupt):
            model().fit(
                training.X,
                training.Y,
                batch_size=4,
                verbose=0,
                epochs=2,
                callbacks=[checkpoint, Cut(batch)],
            )
        return checkpoint

    life(3)
    life(1)  # Which began with what was saved after 4 batches, and has trained 2 more.
    assert life(0)._lifecycle.resumed == "1-2.keras"
    steps = {each.path: each.step for each in keras_ckpt.checkpoints("{epoch}-{batch}.keras")}
    assert steps == {"1-3.keras": 3, "1-4.keras": 4, "1-2.keras": 6, "1-1.keras": 7}
    assert list(steps)[-1] == "1-1.keras"


def test_a_model_without_variables_is_refused() -> None:
    fit(ModelCheckpoint("{epoch}.keras"), 1)
    checkpoint = ModelCheckpoint("{epoch}.keras", resume=True)
    checkpoint.set_model(keras.Sequential([keras.layers.Dense(1)]))
    with pytest.raises(ValueError, match="Build it before `fit`"):
        checkpoint.on_train_begin()


def test_the_time_between_saves_counts_over_restarts(monkeypatch: Any) -> None:
    now = [1e9]
    monkeypatch.setattr(time, "time", lambda: now[0])
    real = datetime.datetime

    class Clock(real):
        @classmethod
        def now(cls, tz: Any = None) -> Any:
            return real.fromtimestamp(now[0], tz)

    monkeypatch.setattr(datetime, "datetime", Clock)

    class Ticks(keras.callbacks.Callback):  # type: ignore[misc]
        def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
            now[0] += 10

    def checkpoint() -> ModelCheckpoint:
        every = datetime.timedelta(seconds=50)
        return ModelCheckpoint("{epoch}.keras", save_freq=every, resume=True)

    fit(checkpoint(), 2, Ticks())  # Three batches in an epoch.
    assert sorted(os.listdir()) == ["2.keras"]
    assert keras_ckpt.checkpoints("{epoch}.keras")[0].batch == 2
    # One batch after that save; four more are to come.
    seen = fit(checkpoint(), 3, Ticks())
    assert seen.epochs == [2, 3]
    assert [(each.epoch, each.batch) for each in keras_ckpt.checkpoints("{epoch}.keras")] == [
        (1, 2),
        (2, 1),
    ]
