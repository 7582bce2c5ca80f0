"""What the callback keeps, deletes and links to while a model trains."""

from __future__ import annotations

import copy
import errno
import math
import os
import pathlib
import pickle
import shutil
import warnings
from typing import Any

import numpy as np
import pytest
import training
from training import FORMATS, Scores, fit, model

import keras_ckpt
from keras_ckpt import ModelCheckpoint, runtime
from keras_ckpt.formats import registry
from keras_ckpt.storage import commit

pytestmark = pytest.mark.skipif(not runtime.is_keras_3(), reason="tried on Keras 3")


@pytest.fixture(autouse=True)
def _here(tmp_path: pathlib.Path, monkeypatch: Any) -> None:
    monkeypatch.chdir(tmp_path)


def scored(template: str = "{epoch}.keras", **kwargs: Any) -> ModelCheckpoint:
    return ModelCheckpoint(template, monitor="score", mode="min", **kwargs)


def epochs_of(template: str) -> list[int]:
    return [each.epoch for each in keras_ckpt.checkpoints(template)]


def files() -> dict[str, bytes]:
    found = pathlib.Path().rglob("*")
    return {str(path): path.read_bytes() for path in found if path.is_file()}


@pytest.mark.parametrize(("template", "weights"), FORMATS)
def test_each_format_is_deleted_whole(template: str, weights: bool) -> None:
    fit(ModelCheckpoint(template, save_weights_only=weights, max_to_keep=2), 4)
    left = files()
    assert epochs_of(template) == [3, 4]
    if template.endswith(".orbax"):  # What the library calls the files in it is another each time.
        assert sorted(os.listdir()) == [template.format(epoch=epoch) for epoch in (3, 4)]
        return
    shutil.rmtree("sm", ignore_errors=True)
    for path in left:
        pathlib.Path(path).unlink(missing_ok=True)
    for epoch in (3, 4):
        made = model()
        taken = keras_ckpt.formats.snapshot(made, template.format(epoch=epoch), weights)
        taken.write(template.format(epoch=epoch))
    ours = {name for name in left if not name.endswith("keras_ckpt.json")}
    assert ours == {name for name in files() if not name.endswith("keras_ckpt.json")}


VALUES = [3.0, 1.0, math.nan, None, 2.0, 1.0, 5.0, 4.0]


@pytest.mark.parametrize(
    ("kwargs", "kept"),
    [
        ({"max_to_keep": 3}, [6, 7, 8]),
        ({"keep_best_n": 2}, [2, 6, 8]),
        ({"keep_best_n": 3, "max_to_keep": 2}, [2, 5, 6, 7, 8]),
        ({"keep_period": 3}, [3, 6, 8]),
        ({"keep_period": 3, "max_to_keep": 1, "keep_best_n": 1}, [2, 3, 6, 8]),
        ({"keep_checkpoint_every_n_hours": 1}, [8]),
        ({}, [1, 2, 3, 4, 5, 6, 7, 8]),
    ],
)
def test_what_is_kept(kwargs: dict[str, Any], kept: list[int]) -> None:
    fit(scored(**kwargs), 8, Scores(VALUES))
    assert sorted(epochs_of("{epoch}.keras")) == kept
    assert sorted(os.listdir()) == sorted(f"{epoch}.keras" for epoch in kept)


def test_the_checkpoints_say_why_they_are_kept() -> None:
    checkpoint = scored(max_to_keep=2, keep_best_n=1, keep_period=3)
    fit(checkpoint, 6, Scores([3, 1, 2, 4, 5, 6]))
    assert {each.epoch: each.kept_by for each in checkpoint.checkpoints} == {
        2: ("keep_best_n",),
        3: ("keep_period",),
        5: ("max_to_keep",),
        6: ("newest", "max_to_keep", "keep_period"),
    }
    assert checkpoint.latest_checkpoint == "6.keras"
    assert checkpoint.best_checkpoint == "2.keras"


def test_best_only_saves_what_is_among_the_best(capsys: Any) -> None:
    checkpoint = scored(save_best_only=True, keep_best_n=2, verbose=1)
    fit(checkpoint, 6, Scores([3, 1, 2, 2.5, 0.5, 0.7]))
    assert epochs_of("{epoch}.keras") == [5, 6]
    assert checkpoint.best == 0.5
    said = capsys.readouterr().out
    assert "Epoch 3: score of 2.00000 is among the best 2 (the best is 1.00000), saving" in said
    assert "Epoch 4: score did not improve from 1.00000" in said


def test_files_of_others_stay_as_they_are() -> None:
    fit(scored(), 2, Scores([1, 2]))  # Another run, whose files have the names of none to come.
    for name in ("1.keras", "2.keras"):
        os.rename(name, "1" + name)
    fit(scored("{epoch}.best.keras"), 3, Scores([1, 2, 3]))
    fit(scored("1{epoch}.keras"), 1, Scores([1]))
    shutil.copy("11.keras", "keep.keras")
    pathlib.Path("7.keras").write_bytes(b"no checkpoint")
    pathlib.Path("notes.txt").write_text("mine")
    os.mkdir("9.keras")
    before = files()
    with pytest.warns(UserWarning, match="of another run"):
        fit(scored(max_to_keep=1), 4, Scores([1, 2, 3, 4]))
    after = files()
    assert set(after) - set(before) == {"4.keras"}
    assert {name: after[name] for name in before} == before
    assert os.path.isdir("9.keras")


def test_a_second_callback_in_the_directory() -> None:
    checkpoint = scored("a{epoch}.keras", keep_best_n=1)
    fit(scored("b{epoch}.keras", max_to_keep=2), 4, Scores([1, 2, 3, 4]), checkpoint)
    assert sorted(os.listdir()) == ["a1.keras", "a4.keras", "b3.keras", "b4.keras"]


def test_what_was_changed_since_is_not_deleted() -> None:
    checkpoint = scored(max_to_keep=1)

    class Exchange(training.keras.callbacks.Callback):  # type: ignore[misc]
        def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
            if epoch == 1:
                shutil.copy("other.keras", "1.keras")
            if epoch == 2:
                os.remove("2.keras")

    fit(ModelCheckpoint("other.keras"), 1)
    fit(checkpoint, 4, Exchange())
    assert sorted(os.listdir()) == ["1.keras", "4.keras", "other.keras"]
    assert pathlib.Path("1.keras").read_bytes() == pathlib.Path("other.keras").read_bytes()


def test_files_in_a_directory_of_a_model_stay() -> None:
    if not runtime.has_tensorflow():
        pytest.skip("there is no graph without TensorFlow")

    class Note(training.keras.callbacks.Callback):  # type: ignore[misc]
        def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
            if epoch == 1:
                pathlib.Path("sm/1/notes.txt").write_text("mine")

    fit(ModelCheckpoint("sm/{epoch}", max_to_keep=1), 3, Note())
    assert sorted(os.listdir("sm")) == ["1", "3"]
    assert os.listdir("sm/1") == ["notes.txt"]


def test_tensorflow_finds_the_newest_after_a_delete() -> None:
    fit(ModelCheckpoint("tf/{epoch}", save_weights_only=True, max_to_keep=1), 3)
    assert pathlib.Path("tf/checkpoint").read_text().startswith('model_checkpoint_path: "3"')
    assert keras_ckpt.latest_checkpoint("tf") == "tf/3"


def test_a_delete_that_fails_is_tried_again(monkeypatch: Any) -> None:
    real = commit.delete
    refused = []

    def delete(paths: Any) -> None:
        paths = list(paths)
        if paths[0] == "1.keras" and len(refused) < 2:
            refused.append(paths[0])
            raise PermissionError(errno.EACCES, "Permission denied", paths[0])
        real(paths)

    monkeypatch.setattr(commit, "delete", delete)
    with pytest.warns(UserWarning, match="1.keras cannot be deleted, and is tried again") as seen:
        fit(ModelCheckpoint("{epoch}.keras", max_to_keep=1), 4)
    assert len([each for each in seen if "cannot be deleted" in str(each.message)]) == 1
    assert len(refused) == 2
    assert os.listdir() == ["4.keras"]


def test_a_run_that_is_cut_leaves_the_same_as_one_that_is_not() -> None:
    values = list(np.random.RandomState(3).rand(12).round(2))
    kwargs: dict[str, Any] = {"max_to_keep": 2, "keep_best_n": 2, "keep_period": 5}
    os.mkdir("whole")
    fit(scored("whole/{epoch:02d}.keras", **kwargs), 12, Scores(values))
    for end in (1, 4, 5, 9, 12, 12):
        checkpoint = scored("cut/{epoch:02d}.keras", resume=True, **kwargs)
        fit(checkpoint, end, Scores(values))
    # And the one that it was resumed from last.
    assert set(os.listdir("cut")) - {"09.keras"} == set(os.listdir("whole")) - {"09.keras"}


def test_what_was_kept_for_good_stays_whatever_the_arguments() -> None:
    fit(scored(keep_period=2, resume=True), 5)
    fit(scored(max_to_keep=1, resume=True), 7)
    assert epochs_of("{epoch}.keras") == [2, 4, 5, 7]
    fit(scored(max_to_keep=1, resume=True), 8)
    assert 5 not in epochs_of("{epoch}.keras")


def test_links_lead_to_the_newest_and_the_best() -> None:
    checkpoint = scored("run/{epoch}.keras", link_latest="run/last.keras", link_best="b.keras")
    fit(checkpoint, 3, Scores([2, 1, 3]))
    assert os.readlink("run/last.keras") == "3.keras"
    assert os.readlink("b.keras") == os.path.join("run", "2.keras")
    assert keras_ckpt.load_model("b.keras").built
    shutil.move("run", "moved")
    assert os.path.exists("moved/last.keras")


def test_what_a_link_leads_to_stays() -> None:
    fit(scored(link_best="b.keras", max_to_keep=1), 4, Scores([2, 1, 3, 4]))
    assert sorted(os.listdir()) == ["2.keras", "4.keras", "b.keras"]
    fit(scored(link_best="b.keras", max_to_keep=1, resume=True), 6, Scores([2, 1, 3, 4, 5, 6]))
    assert os.readlink("b.keras") == "2.keras"
    assert sorted(os.listdir()) == ["2.keras", "4.keras", "6.keras", "b.keras"]


def test_a_link_to_a_tensorflow_checkpoint() -> None:
    checkpoint = ModelCheckpoint("tf/{epoch}", save_weights_only=True, link_latest="last")
    made = fit(checkpoint, 2).model
    other = model()
    keras_ckpt.load_weights(other, "last")
    for one, two in zip(made.weights, other.weights):
        np.testing.assert_array_equal(runtime.to_numpy(one), runtime.to_numpy(two))


def test_where_there_are_no_links_it_is_a_copy(monkeypatch: Any) -> None:
    def refused(*args: Any, **kwargs: Any) -> None:
        raise OSError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "symlink", refused)
    monkeypatch.setattr(os, "link", refused)
    fit(scored(link_latest="last.keras"), 2)
    fit(scored(link_latest="last.keras", resume=True), 3)
    record = registry.record_of("last.keras")
    assert record is not None
    assert (record.epoch, os.path.islink("last.keras")) == (3, False)


def test_what_is_no_link_is_not_replaced() -> None:
    pathlib.Path("last.keras").write_text("mine")
    with pytest.raises(FileExistsError, match=r"last\.keras is there, and is no link"):
        fit(scored(link_latest="last.keras"), 1)
    assert files() == {"last.keras": b"mine"}


def test_the_best_weights_come_back() -> None:
    seen: list[list[np.ndarray]] = []

    class Note(training.keras.callbacks.Callback):  # type: ignore[misc]
        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            seen.append([runtime.to_numpy(each) for each in self.model.weights])

    checkpoint = scored(restore_best_weights=True, max_to_keep=1)
    made = fit(checkpoint, 4, Scores([2, 1, 3, 4]), Note()).model
    for one, two in zip(made.weights, seen[1]):
        np.testing.assert_array_equal(runtime.to_numpy(one), two)
    assert int(runtime.to_numpy(made.optimizer.iterations)) == 12
    # Over a restart, too.
    again = scored(restore_best_weights=True, max_to_keep=1, resume=True)
    made = fit(again, 5, Scores([2, 1, 3, 4, 5])).model
    for one, two in zip(made.weights, seen[1]):
        np.testing.assert_array_equal(runtime.to_numpy(one), two)


def test_without_a_value_no_weights_come_back() -> None:
    with pytest.warns(UserWarning, match="restore_best_weights=True changes nothing"):
        fit(scored(restore_best_weights=True), 1)


@pytest.mark.parametrize(
    "duplicate", [copy.deepcopy, lambda each: pickle.loads(pickle.dumps(each))]
)
def test_it_can_be_copied_and_pickled(duplicate: Any) -> None:
    checkpoint = scored(max_to_keep=1, resume=True, save_before_preemption=True)
    fit(duplicate(checkpoint), 2)
    assert os.listdir() == ["2.keras"]


def test_the_best_that_somebody_has_deleted_is_spoken_of() -> None:
    class Clean(training.keras.callbacks.Callback):  # type: ignore[misc]
        def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
            if epoch == 2:
                os.remove("1.keras")

    checkpoint = scored(restore_best_weights=True, link_best="b.keras", max_to_keep=1)
    with pytest.warns(UserWarning) as seen:
        made = fit(checkpoint, 4, Scores([1, 2, 3, 4]), Clean()).model
    said = [str(each.message) for each in seen]
    assert len([text for text in said if "1.keras is gone, and link_best='b.keras'" in text]) == 1
    assert any("restore_best_weights=True changes nothing" in text for text in said)
    assert int(runtime.to_numpy(made.optimizer.iterations)) == 12
    assert [name for name in sorted(os.listdir()) if not os.path.islink(name)] == ["4.keras"]


COMPARING: list[dict[str, Any]] = [
    {"keep_best_n": 2},
    {"link_best": "b.keras"},
    {"restore_best_weights": True},
]


@pytest.mark.parametrize("kwargs", COMPARING)
@pytest.mark.parametrize("values", [[], [math.nan, math.nan]])
def test_a_metric_that_is_never_known_is_spoken_of(
    kwargs: dict[str, Any], values: list[float]
) -> None:
    (name,) = kwargs
    with pytest.warns(UserWarning) as seen:
        fit(scored(**kwargs), 2, Scores(values))
    said = [str(each.message) for each in seen if name in str(each.message)]
    passed = f"{name}={kwargs[name]!r}"
    at_once = f"{passed} goes by `score`, which is not among the metrics of an epoch: loss, mae"
    at_the_end = f"{passed} changes nothing: no checkpoint of this run has a value"
    assert [text.startswith(at_once) for text in said] == [True, False][len(values) // 2 :]
    assert said[-1].startswith(at_the_end)


@pytest.mark.parametrize(("frequency", "is_said"), [(2, False), ([2, 3], False), (1, True)])
def test_an_epoch_without_validation_is_no_sign_of_a_wrong_name(
    frequency: Any, is_said: bool
) -> None:
    """`val_loss` is not among the metrics of an epoch that `fit` does not validate."""
    monitor = "val_wrong" if is_said else "val_loss"
    checkpoint = ModelCheckpoint("{epoch}.keras", monitor, mode="min", keep_best_n=1)
    data = {"validation_data": (training.X, training.Y), "validation_freq": frequency}
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always", UserWarning)
        fit(checkpoint, 3, **data)
    said = [str(each.message) for each in seen if "not among the metrics" in str(each.message)]
    assert bool(said) == is_said


def test_a_loop_of_fits_is_one_run() -> None:
    made, checkpoint = model(), scored(max_to_keep=1, keep_best_n=1, link_latest="last.keras")
    for epoch in range(5):
        fit(checkpoint, epoch + 1, Scores([3, 1, 2, 4, 5]), of=made, initial_epoch=epoch)
    assert sorted(os.listdir()) == ["2.keras", "5.keras", "last.keras"]
    assert len({each.run for each in checkpoint.checkpoints}) == 1
    # What begins again is another.
    with pytest.warns(UserWarning, match="worst|of another run"):
        fit(checkpoint, 1, of=made)
    assert [each.path for each in checkpoint.checkpoints] == ["1.keras"]
    assert {"1.keras", "2.keras", "5.keras"} < set(os.listdir())
    checkpoint.filepath = "other.{epoch}.keras"
    fit(checkpoint, 3, Scores([3, 1, 2]), of=made, initial_epoch=1)
    assert {"1.keras", "2.keras", "5.keras"} < set(os.listdir())


def test_directories_that_the_template_made_go_with_the_last_in_them() -> None:
    class Note(training.keras.callbacks.Callback):  # type: ignore[misc]
        def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
            if epoch == 1:
                pathlib.Path("run/a/1/notes.txt").write_text("mine")

    fit(ModelCheckpoint("run/a/{epoch}/{epoch}/m.keras", max_to_keep=1), 3)
    assert [str(path) for path in sorted(pathlib.Path("run/a").iterdir())] == ["run/a/3"]
    fit(ModelCheckpoint("run/a/{epoch}/m.keras", max_to_keep=1), 3, Note())
    assert os.listdir("run/a/1") == ["notes.txt"]
    assert sorted(os.listdir("run/a")) == ["1", "3"]


#: What directories are called that no programmer thinks of.
ODD = ["ä ö", "100% {{x}}", "{{b}}", "a[1]*?", "日本 語", "-x", "w$HOME~", "a'b\"c"]


@pytest.mark.parametrize("name", ODD)
@pytest.mark.parametrize(
    ("template", "weights"), [("{epoch}-{score:.1f}.keras", False), ("{epoch}", True)]
)
def test_odd_names_of_directories(name: str, template: str, weights: bool) -> None:
    class Fails(training.keras.callbacks.Callback):  # type: ignore[misc]
        def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
            if epoch == 2:
                raise KeyboardInterrupt

    literal, placed = name.format(), name + "/" + template

    def checkpoint(**kwargs: Any) -> ModelCheckpoint:
        kwargs = {"resume": True, "max_to_keep": 2, "save_weights_only": weights, **kwargs}
        return scored(placed, **kwargs)

    first = checkpoint()
    with pytest.raises(KeyboardInterrupt), first.saving_on_exception():
        fit(first, 4, Scores([4, 3, 2, 1]), Fails())
    assert os.listdir() == [literal]
    assert fit(checkpoint(), 4, Scores([4, 3, 2, 1])).epochs[-2:] == [3, 4]
    assert os.listdir() == [literal]
    there = keras_ckpt.checkpoints(placed)
    assert [each.epoch for each in there][-2:] == [3, 4]
    assert all(os.path.dirname(each.path) == literal for each in there)
    in_directory = keras_ckpt.checkpoints(literal)
    assert [each.path for each in in_directory] == [each.path for each in there]
    # And moved to another name.
    os.rename(literal, "moved")
    moved = scored("moved/" + template, resume=True, save_weights_only=weights)
    assert fit(moved, 5, Scores([4, 3, 2, 1, 0])).epochs == [5]


@pytest.mark.parametrize(("template", "weights"), FORMATS)
def test_one_fixed_path(template: str, weights: bool) -> None:
    path = template.replace("{epoch:02d}", "best").replace("{epoch}", "best")

    def checkpoint() -> ModelCheckpoint:
        kwargs: dict[str, Any] = {"save_best_only": True, "save_weights_only": weights}
        return scored(path, resume=True, restore_best_weights=True, **kwargs)

    first, again = checkpoint(), checkpoint()
    fit(first, 3, Scores([3, 1, 2]))
    fit(again, 5, Scores([3, 1, 2, 0.5, 4]))
    for each, epoch in ((again, 4),):
        assert [found.epoch for found in each.checkpoints] == [epoch]
        assert each.best_checkpoint == each.latest_checkpoint == path


def test_an_exception_saves_the_model() -> None:
    class Fails(training.keras.callbacks.Callback):  # type: ignore[misc]
        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
            if batch == 1 and self.model.optimizer.iterations > 3:
                raise KeyboardInterrupt

    checkpoint = scored("{epoch}-{score:.1f}.keras", max_to_keep=1)
    # The callback that fails comes first, and this one has not seen the batch.
    with pytest.raises(KeyboardInterrupt), checkpoint.saving_on_exception():
        fit(checkpoint, 3, Scores([1, 2, 3]), Fails())
    assert sorted(os.listdir()) == ["1-1.0.keras", "exception.keras"]
    record = registry.record_of("exception.keras")
    assert record is not None
    assert (record.epoch, record.batch, record.value) == (1, 1, None)
    again = scored("{epoch}-{score:.1f}.keras", resume=True)
    assert fit(again, 3, Scores([1, 2, 3])).epochs == [2, 3]


class Breaks(training.keras.callbacks.Callback):  # type: ignore[misc]
    def on_train_begin(self, logs: Any = None) -> None:
        raise KeyboardInterrupt


def test_an_exception_before_anything_is_trained_saves_nothing() -> None:
    fit(scored("{epoch}.keras", resume=True), 2, Scores([2, 1]))
    before = files()
    other = training.keras.Sequential([training.keras.Input((4,)), training.keras.layers.Dense(1)])
    other.compile("adam", "mse")
    for resume, of in ((True, None), (False, None), (True, other)):
        checkpoint = scored("{epoch}.keras", resume=resume)
        is_expected = (KeyboardInterrupt, keras_ckpt.CheckpointError)
        with pytest.raises(is_expected), checkpoint.saving_on_exception():
            seen = Breaks()
            (of or model()).fit(training.X, training.Y, epochs=3, callbacks=[checkpoint, seen])
        assert files() == before


def test_a_link_that_is_refused_leaves_the_model_as_it_was() -> None:
    fit(scored(resume=True), 2)
    pathlib.Path("last.keras").write_bytes(b"mine")
    made = model()
    with pytest.raises(FileExistsError):
        fit(scored(resume=True, link_latest="last.keras"), 3, of=made)
    seen = training.Seen()
    made.fit(training.X, training.Y, epochs=2, verbose=0, callbacks=[seen])
    assert seen.epochs == [1, 2]


def test_an_exception_right_after_a_save_leaves_that_as_it_is() -> None:
    class Fails(training.keras.callbacks.Callback):  # type: ignore[misc]
        def on_test_begin(self, logs: Any = None) -> None:
            raise KeyboardInterrupt

    checkpoint = ModelCheckpoint("{epoch}.keras", monitor="loss", save_freq=3, keep_best_n=1)
    with pytest.raises(KeyboardInterrupt), checkpoint.saving_on_exception():
        fit(checkpoint, 2, Fails(), validation_data=(training.X, training.Y))
    assert checkpoint.best_checkpoint == "1.keras"


class Rises(training.keras.callbacks.Callback):  # type: ignore[misc]
    """Puts a metric into the logs of batches, the highest of which is the best."""

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        logs["auc"] = [0.5, 0.9, 0.2][batch]


def test_the_direction_is_known_at_the_first_batch_that_is_saved() -> None:
    keras = training.keras
    checkpoint = ModelCheckpoint(
        "{epoch}-{batch}.keras", monitor="auc", save_freq=1, keep_best_n=1, link_best="best.keras"
    )
    fit(checkpoint, 1, Rises(), of=model(metrics=[keras.metrics.AUC(name="auc")]))
    assert sorted(os.listdir()) == ["1-2.keras", "1-3.keras", "best.keras"]
    assert os.readlink("best.keras") == checkpoint.best_checkpoint == "1-2.keras"


class Two(training.keras.callbacks.Callback):  # type: ignore[misc]
    """Puts a loss and an accuracy into the logs, one of each for each epoch."""

    def __init__(self, losses: list[float], accuracies: list[float]) -> None:
        super().__init__()
        self.values = list(zip(losses, accuracies))

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        logs["val_loss"], logs["val_accuracy"] = self.values[epoch]


def test_another_metric_than_before_the_restart() -> None:
    values = Two([2.5, 2.0, 1.5, 1, 1, 1, 1], [0.3, 0.95, 0.6, 0.9, 0.8, 0.7, 0.65])
    fit(ModelCheckpoint("{epoch}.keras", monitor="val_loss", resume=True, keep_best_n=3), 3, values)
    checkpoint = ModelCheckpoint(
        "{epoch}.keras",
        monitor="val_accuracy",
        mode="max",
        resume=True,
        keep_best_n=2,
        link_best="best.keras",
        restore_best_weights=True,
    )
    made = fit(checkpoint, 7, values).model
    # With the one that it was resumed from, and the newest.
    assert sorted(os.listdir()) == ["2.keras", "3.keras", "4.keras", "7.keras", "best.keras"]
    assert os.readlink("best.keras") == checkpoint.best_checkpoint == "2.keras"
    assert keras_ckpt.best_checkpoint("{epoch}.keras") == "2.keras"
    kept_by = {each.path: "keep_best_n" in each.kept_by for each in checkpoint.checkpoints}
    assert [path for path, is_best in kept_by.items() if is_best] == ["2.keras", "4.keras"]
    best = model()
    keras_ckpt.load_weights(best, "2.keras")
    for one, other in zip(made.get_weights(), best.get_weights()):
        np.testing.assert_array_equal(one, other)


def test_another_direction_than_before_the_restart() -> None:
    values = [0.3, 0.95, 0.5, 0.6, 0.7]
    fit(scored(resume=True, link_best="best.keras"), 3, Scores(values))
    again = ModelCheckpoint(
        "{epoch}.keras", monitor="score", mode="max", resume=True, link_best="best.keras"
    )
    fit(again, 5, Scores(values))
    assert os.readlink("best.keras") == again.best_checkpoint == "2.keras"


def test_the_second_best_counts_where_the_best_is_gone() -> None:
    values = [0.5, 0.2, 0.3, 0.6, 0.7]
    fit(scored(resume=True, link_best="best.keras"), 3, Scores(values))
    os.remove("2.keras")
    fit(scored(resume=True, link_best="best.keras"), 5, Scores(values))
    assert os.readlink("best.keras") == "3.keras"


def test_nothing_is_deleted_where_nothing_is_trained() -> None:
    keras = training.keras

    class Logs(keras.callbacks.Callback):  # type: ignore[misc]
        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            logs["auc"] = [0.5, 0.9, 0.8, 0.1, 0.3][epoch]

    for _ in range(2):  # The second time its metric is not built, and has no direction.
        checkpoint = ModelCheckpoint("{epoch}.keras", monitor="auc", keep_best_n=2, resume=True)
        fit(checkpoint, 5, Logs(), of=model(metrics=[keras.metrics.AUC(name="auc")]))
        assert sorted(os.listdir()) == ["2.keras", "3.keras", "5.keras"]


def test_another_is_the_best_where_the_best_is_overwritten() -> None:
    class Names(training.keras.callbacks.Callback):  # type: ignore[misc]
        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            logs["name"] = [1, 2, 1, 3][epoch]

    checkpoint = scored("m{name}.keras", link_best="best.keras", restore_best_weights=True)
    fit(checkpoint, 4, Names(), Scores([0.1, 0.5, 0.9, 0.8]))
    assert os.readlink("best.keras") == checkpoint.best_checkpoint == "m2.keras"
    record = registry.record_of("m3.keras")
    assert record is not None and (record.best, record.best_name) == (0.5, "m2.keras")


def test_what_is_not_a_number_is_not_the_best() -> None:
    checkpoint = scored(keep_best_n=1)
    with pytest.warns(UserWarning, match="changes nothing"):
        fit(checkpoint, 2, Scores([math.nan, math.nan]))
    assert checkpoint.best_checkpoint is None


def test_what_was_kept_for_good_stays_over_all_lives() -> None:
    lives: list[tuple[dict[str, Any], int]] = [
        ({"keep_period": 2}, 5),
        ({"max_to_keep": 3}, 8),
        ({"keep_period": 3}, 10),
        ({"max_to_keep": 1}, 11),
        ({"max_to_keep": 1}, 12),
    ]
    for kwargs, epochs in lives:
        checkpoint = scored(resume=True, **kwargs)
        fit(checkpoint, epochs)
    # 8 was saved under max_to_keep, and 11 is the one that the last was resumed from.
    assert epochs_of("{epoch}.keras") == [2, 4, 6, 9, 11, 12]
    kept_by = {each.epoch: each.kept_by for each in checkpoint.checkpoints}
    assert kept_by[2] == kept_by[9] == ("keep_period",)
