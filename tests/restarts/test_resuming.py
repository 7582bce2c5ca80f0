"""A run that goes on where it was."""

from __future__ import annotations

import contextlib
import datetime
import os
import pathlib
import shutil
import time
import warnings
from typing import Any, Iterator

import numpy as np
import pytest
import training
from training import FORMATS, Scores, Seen, fit, keras, model, state

import keras_ckpt
from keras_ckpt import CheckpointError, ModelCheckpoint, runtime
from keras_ckpt.formats import registry
from keras_ckpt.restarts import model_state, resuming

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


def test_a_model_that_is_built_by_fit_alone_is_warned_of_before_it_trains() -> None:
    class Own(keras.Model):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.dense = keras.layers.Dense(1)

        def call(self, inputs: Any) -> Any:
            return self.dense(inputs)

    def checkpoint() -> ModelCheckpoint:
        return ModelCheckpoint("{epoch}.weights.h5", save_weights_only=True, resume=True)

    def made() -> Any:
        own = Own()
        own.compile("sgd", "mse")
        return own

    if runtime.backend() == "tensorflow":  # Elsewhere Keras builds it before.
        with pytest.warns(UserWarning, match="cannot be resumed by this program.*Build it before"):
            fit(checkpoint(), 1, of=made())
        with pytest.raises(ValueError, match="no variables yet. Build it before"):
            fit(checkpoint(), 2, of=made())
    else:
        fit(checkpoint(), 1, of=made())
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        built = made()
        built(training.X[:1])
        assert fit(checkpoint(), 2, of=built).epochs == [2]


def test_another_callback_that_takes_up_the_training_is_warned_of() -> None:
    backup = keras.callbacks.BackupAndRestore("backup")
    with pytest.warns(UserWarning, match="a BackupAndRestore take up the training"):
        fit(ModelCheckpoint("{epoch}.keras", resume=True), 1, backup)


@pytest.mark.parametrize("newest_first", [True, False])
def test_of_two_that_resume_the_newest_decides(newest_first: bool) -> None:
    def pair() -> list[ModelCheckpoint]:
        newest = ModelCheckpoint("newest.{epoch}.keras", resume=True, max_to_keep=1)
        best = ModelCheckpoint("best.keras", "score", mode="min", save_best_only=True, resume=True)
        return [newest, best] if newest_first else [best, newest]

    def go(epochs: int) -> tuple[Seen, ModelCheckpoint]:
        first, second = pair()
        seen = fit(first, epochs, Scores([3, 1, 2, 2, 0.5, 4]), second)
        return seen, second if newest_first else first

    one, _ = go(4)
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        two, best = go(5)
    assert (one.epochs, two.epochs) == ([1, 2, 3, 4], [5])
    for before, after in zip(state(one.model), two.states[0]):
        np.testing.assert_array_equal(before, after)
    assert best.best == 0.5
    assert sorted(os.listdir()) == ["best.keras", "newest.4.keras", "newest.5.keras"]
    three, best = go(6)
    assert three.epochs == [6] and best.best == 0.5
    (record,) = [each for each in keras_ckpt.checkpoints(".") if each.path.endswith("best.keras")]
    assert record.epoch == 5
    # `fit` is as it was, whichever has set where it begins.
    later = Seen()
    three.model.fit(training.X, training.Y, epochs=1, verbose=0, callbacks=[later])
    assert later.epochs == [1]


def test_of_two_that_resume_the_one_that_is_told_where_decides() -> None:
    fit(ModelCheckpoint("a.{epoch}.keras"), 3)
    fit(ModelCheckpoint("b.{epoch}.keras"), 5)
    told = ModelCheckpoint("a.{epoch}.keras", resume="a.2.keras")
    for pair in ([told, "b"], ["b", told]):
        first, second = (
            ModelCheckpoint("b.{epoch}.keras", resume=True) if each == "b" else each
            for each in pair
        )
        assert fit(first, 4, second).epochs == [3, 4]


def test_a_newer_one_of_an_earlier_epoch_is_named() -> None:
    fit(ModelCheckpoint("a.{epoch}.keras"), 5)
    fit(ModelCheckpoint("b.{epoch}.keras"), 3)
    with pytest.warns(UserWarning, match=r"from b\.3\.keras, after epoch 3, which is newer"):
        seen = fit(
            ModelCheckpoint("a.{epoch}.keras", resume=True),
            4,
            ModelCheckpoint("b.{epoch}.keras", resume=True),
        )
    assert seen.epochs == [4]


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


def goes_on_with(optimizer: Any, template: str, weights: bool) -> None:
    """Goes on, for an epoch after two of Adam, and looks at what is said and done."""
    name = type(optimizer).__name__
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        other = model(optimizer=optimizer)
        fit(ModelCheckpoint(template, save_weights_only=weights, resume=True), 3, of=other)
    said = [str(each.message) for each in seen if "optimizer" in str(each.message)]
    is_same = isinstance(optimizer, keras.optimizers.Adam)
    assert len(said) == (not is_same), said
    assert all("anew" in each and name in each for each in said)
    assert model_state.step_of(other) == (9 if is_same else 3)
    record = registry.record_of(template.format(epoch=3))
    assert record is not None and record.optimizer == name


@pytest.mark.parametrize(("template", "weights"), FORMATS)
def test_another_optimizer_is_said_once(template: str, weights: bool) -> None:
    fit(ModelCheckpoint(template, save_weights_only=weights, resume=True), 2)
    goes_on_with(keras.optimizers.Ftrl(), template, weights)


def test_each_optimizer_is_known_from_the_others() -> None:
    kinds = [each for each in vars(keras.optimizers).values() if isinstance(each, type)]
    base = keras.optimizers.Optimizer
    fit(ModelCheckpoint("{epoch}.weights.h5", save_weights_only=True), 2)
    count = 0
    for kind in kinds:
        try:
            optimizer = kind()
        except TypeError:  # What is around others.
            continue
        if isinstance(optimizer, base) and type(optimizer) is not base:
            goes_on_with(optimizer, "{epoch}.weights.h5", True)
            os.remove("3.weights.h5")
            count += 1
    assert count >= 9


def rates_said(template: str, weights: bool, epochs: int, rate: Any, *others: Any) -> list[str]:
    """Trains with a learning rate, and returns what is said of it and which one it ends with."""
    of = model(optimizer=keras.optimizers.Adam(rate))
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        checkpoint = ModelCheckpoint(template, save_weights_only=weights, resume=True)
        fit(checkpoint, epochs, *others, of=of)
    said = [str(each.message) for each in seen if "learning rate" in str(each.message)]
    ends_with = model_state.learning_rate(of)
    return [*said, "a schedule" if ends_with is None else f"{ends_with:.6g}"]


@pytest.mark.parametrize(
    ("template", "weights"),
    [("{epoch}.keras", False), ("{epoch}.ckpt", True), ("{epoch}.safetensors", True)],
)
def test_another_learning_rate_is_named(template: str, weights: bool) -> None:
    def scheduler() -> Any:
        return keras.callbacks.LearningRateScheduler(lambda epoch: 0.003)

    assert rates_said(template, weights, 1, 0.001) == ["0.001"]
    assert rates_said(template, weights, 2, 0.001) == ["0.001"]
    for epochs in (3, 4):
        *said, ends_with = rates_said(template, weights, epochs, 0.002)
        if ends_with == "0.002":  # The optimizer began anew.
            assert not said
            return
        assert ends_with == "0.001"
        (text,) = said
        assert "0.001 when the run began, and with 0.002 now" in text
    # As the warning says, and then for good.
    *said, ends_with = rates_said(template, weights, 5, 0.003, scheduler())
    assert (len(said), ends_with) == (1, "0.003")
    assert rates_said(template, weights, 6, 0.003, scheduler()) == ["0.003"]


def test_a_learning_rate_that_the_training_has_lowered_is_no_other_one() -> None:
    def scheduler() -> Any:
        return keras.callbacks.LearningRateScheduler(lambda epoch: 0.001 / (epoch + 1))

    template = "{epoch}.weights.h5"
    assert rates_said(template, True, 2, 0.001, scheduler()) == ["0.0005"]
    assert rates_said(template, True, 3, 0.001) == ["0.0005"]
    schedule = keras.optimizers.schedules.ExponentialDecay(0.001, 10, 0.9)
    assert rates_said("d/{epoch}.weights.h5", True, 1, schedule) == ["a schedule"]
    assert rates_said("d/{epoch}.weights.h5", True, 2, schedule) == ["a schedule"]


def test_the_best_weights_of_another_optimizer_come_back_without_a_word() -> None:
    def checkpoint() -> ModelCheckpoint:
        return ModelCheckpoint(
            "{epoch}.keras", "score", mode="max", resume=True, restore_best_weights=True
        )

    first = fit(checkpoint(), 2, Scores([2.0, 1.0]))
    other = model(optimizer="sgd")
    with pytest.warns(UserWarning) as seen:
        fit(checkpoint(), 3, Scores([2.0, 1.0, 0.0]), of=other)
    assert len([each for each in seen if "optimizer" in str(each.message)]) == 1
    for one, other_one in zip(other.weights, first.states[1]):
        np.testing.assert_array_equal(runtime.to_numpy(one), other_one)
    assert model_state.step_of(other) == 3


@pytest.mark.skipif(not runtime.has_tensorflow(), reason="a SavedModel needs TensorFlow")
@pytest.mark.parametrize("text", ["{garbage", "", None], ids=["damaged", "empty", "gone"])
def test_a_newer_one_whose_record_alone_is_damaged_is_named(text: str | None) -> None:
    fit(ModelCheckpoint("m.{epoch}", resume=True), 3)
    record = pathlib.Path("m.3", "keras_ckpt.json")
    record.unlink() if text is None else record.write_text(text)
    with pytest.warns(UserWarning, match=r"m\.3 is passed over for m\.2, .* no record"):
        assert fit(ModelCheckpoint("m.{epoch}", resume=True), 3).epochs == [3]


def test_an_older_one_without_a_record_is_passed_over_in_silence() -> None:
    model().save("1.keras")
    fit(ModelCheckpoint("{epoch}.keras"), 1)
    model().save("0.keras")
    os.utime("0.keras", (1, 1))
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        assert fit(ModelCheckpoint("{epoch}.keras", resume=True), 2).epochs == [2]


@contextlib.contextmanager
def as_nobody() -> Iterator[None]:
    """Lets permissions count, which they do not for root."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.mark.skipif(not hasattr(os, "seteuid"), reason="permissions of POSIX")
@pytest.mark.parametrize("template", ["ro/{epoch}.keras", "ro/below/{epoch}.keras"])
@pytest.mark.parametrize("arguments", [{}, {"resume": True}, {"max_to_keep": 2}], ids=str)
def test_a_directory_that_is_read_only_is_refused_before_anything_is_trained(
    template: str, arguments: dict[str, Any]
) -> None:
    os.mkdir("ro")
    os.chmod("ro", 0o555)
    of, seen = model(), Seen()
    with as_nobody(), pytest.raises(
        PermissionError, match="no checkpoint can be saved in"
    ) as error:
        of.fit(
            training.X,
            training.Y,
            verbose=0,
            callbacks=[seen, ModelCheckpoint(template, **arguments)],
        )
    assert error.value.filename == os.path.dirname(template)
    assert seen.epochs == [] and os.listdir("ro") == []


@pytest.mark.parametrize("kwargs", [{"save_freq": 3}, {"save_freq": datetime.timedelta.resolution}])
def test_an_epoch_that_is_saved_after_its_last_batch_is_over(kwargs: Any) -> None:
    class Stops(keras.callbacks.Callback):  # type: ignore[misc]
        def on_test_begin(self, logs: Any = None) -> None:
            raise KeyboardInterrupt

    checkpoint = ModelCheckpoint("{epoch}.keras", resume=True, **kwargs)
    with pytest.raises(KeyboardInterrupt):
        fit(checkpoint, 1, Stops(), validation_data=(training.X, training.Y))
    (found,) = keras_ckpt.checkpoints("{epoch}.keras")
    assert (found.epoch, found.batch, found.step) == (1, None, 3)
    assert fit(ModelCheckpoint("{epoch}.keras", resume=True, **kwargs), 3).epochs == [2, 3]


def test_a_loop_of_fits_does_not_go_back() -> None:
    scores, made = Scores([0.5, 0.2, 0.3, 0.6, 0.7]), model()
    checkpoint = ModelCheckpoint(
        "{epoch}.keras", monitor="score", mode="min", save_best_only=True, resume=True
    )
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        found = [
            fit(checkpoint, epoch + 1, scores, of=made, initial_epoch=epoch).epochs
            for epoch in range(5)
        ]
    assert found == [[1], [2], [3], [4], [5]]
    assert int(made.optimizer.iterations) == 15
    # A new model has nothing of that.
    with pytest.warns(UserWarning, match="initial_epoch=5. has no effect"):
        assert fit(checkpoint, 6, scores, initial_epoch=5).epochs == [3, 4, 5, 6]


@pytest.mark.parametrize(
    ("template", "why"),
    [("{epoch:03d}.keras", "is of filepath='{epoch:02d}.keras'"), ("w{epoch}.keras", "saved as")],
)
def test_what_could_be_meant_is_named_where_nothing_is_resumed(template: str, why: str) -> None:
    fit(ModelCheckpoint("{epoch:02d}.keras"), 2)
    if why == "saved as":
        template = "{epoch:02d}.keras"
        os.remove("01.keras")
        os.rename("02.keras", "03.keras")
    with pytest.warns(UserWarning, match="(?s)nothing to resume.*resume='0[23].keras'") as caught:
        assert fit(ModelCheckpoint(template, resume=True), 1).epochs == [1]
    assert any(why in str(each.message) for each in caught)


@pytest.mark.parametrize("epoch", ["{epoch:04x}", "{epoch:<4d}", "{epoch:*>4}", "{epoch:^6.1f}"])
def test_odd_formats_of_the_epoch(epoch: str) -> None:
    template = epoch + ".weights.h5"

    def checkpoint() -> ModelCheckpoint:
        return ModelCheckpoint(template, save_weights_only=True, resume=True, max_to_keep=2)

    fit(checkpoint(), 11)
    assert fit(checkpoint(), 12).epochs == [12]
    assert sorted(os.listdir()) == sorted(epoch.format(epoch=n) + ".weights.h5" for n in (11, 12))


@pytest.mark.parametrize(
    ("template", "name", "epoch"),
    [
        ("{epoch:04x}.weights.h5", "0010.weights.h5", None),
        ("{epoch:<4d}.weights.h5", "10  .weights.h5", 10),
        ("{epoch:03d}.weights.h5", "10.weights.h5", 10),
    ],
)
def test_the_epoch_in_a_name_without_a_record(template: str, name: str, epoch: int | None) -> None:
    model().save_weights(name)
    checkpoint = ModelCheckpoint(template, save_weights_only=True, resume=True)
    if epoch is None:
        with pytest.warns(UserWarning, match="none in its name"):
            assert fit(checkpoint, 1).epochs == [1]
    else:
        assert fit(checkpoint, epoch + 1).epochs == [epoch + 1]
