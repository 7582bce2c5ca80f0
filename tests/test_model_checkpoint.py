"""The one to use, as its users see it: files, messages, warnings and errors."""

from __future__ import annotations

import contextlib
import copy
import errno
import io
import math
import os
import pathlib
import pickle
import subprocess
import sys
from typing import Any, Callable, Sequence

import numpy as np
import pytest
from helpers import (
    KERAS_3,
    StandIn,
    Subclassed,
    X,
    Y,
    batches,
    epochs,
    fit,
    functional,
    keras,
    ready,
    same_weights,
    sequential,
    subclassed,
    texts,
    warned,
)
from hypothesis import example, given, settings
from hypothesis import strategies as st

import keras_ckpt
from keras_ckpt import ModelCheckpoint, compat, runtime
from keras_ckpt.storage import commit, temporary

TENSORFLOW = runtime.has_tensorflow()
only_keras_3 = pytest.mark.skipif(not KERAS_3, reason="Keras 2 has neither the format nor the call")
needs_tensorflow = pytest.mark.skipif(not TENSORFLOW, reason="options are TensorFlow's objects")


@pytest.fixture(autouse=True)
def _in_an_empty_directory(tmp_path: pathlib.Path, monkeypatch: Any) -> None:
    monkeypatch.chdir(tmp_path)


class PathOf:
    """A PathLike that is no pathlib path, such as py.path.local."""

    def __init__(self, path: str) -> None:
        self.path = path

    def __fspath__(self) -> str:
        return self.path


def losses(*values: Any) -> list[dict[str, Any]]:
    return [{"loss": 0.0, "val_loss": value} for value in values]


def saved() -> list[str]:
    """Returns the names of the files here."""
    return sorted(os.listdir("."))


# ---------------------------------------------------------------- arguments


def test_is_a_callback_of_the_running_keras() -> None:
    assert isinstance(ModelCheckpoint("a.h5"), keras.callbacks.Callback)
    assert issubclass(ModelCheckpoint, keras.callbacks.Callback)


def test_attributes() -> None:
    callback = ModelCheckpoint("a.h5")
    assert callback.filepath == "a.h5"
    assert callback.monitor == "val_loss"
    assert callback.verbose == 0
    assert callback.save_best_only is False
    assert callback.save_weights_only is False
    assert callback.save_freq == "epoch"
    assert callback.period == 1
    assert callback.load_weights_on_restart is False
    assert callback.best is None


def test_positional_arguments_of_tensorflow_2_0() -> None:
    callback = ModelCheckpoint("a.h5", "acc", 1, True, True, "max", 20)
    assert callback.monitor == "acc"
    assert callback.verbose == 1
    assert callback.save_best_only is True
    assert callback.save_weights_only is True
    assert callback.mode == "max"
    assert callback.save_freq == 20


@pytest.mark.parametrize("value", [0.5, 0, -1, np.float32(0.5), np.int64(3), np.array(0.5)])
def test_eighth_positional_argument_of_keras_3(value: Any) -> None:
    callback = ModelCheckpoint("a.h5", "val_loss", 0, True, False, "auto", "epoch", value)
    assert callback.best == float(value)
    assert type(callback.best) is float


def test_ninth_positional_argument() -> None:
    callback = ModelCheckpoint("a.h5", "val_loss", 0, True, False, "auto", "epoch", None, 0.25)
    assert callback.best == 0.25


def test_threshold_given_twice() -> None:
    with pytest.raises(TypeError, match="`initial_value_threshold` is given twice"):
        ModelCheckpoint("a.h5", "loss", 0, True, False, "min", "epoch", 0.5, 0.25)


@needs_tensorflow
def test_eighth_positional_argument_of_tensorflow() -> None:
    tensorflow = runtime.tensorflow()
    if not hasattr(tensorflow.train, "CheckpointOptions"):
        pytest.skip("this TensorFlow has no options")
    options = tensorflow.train.CheckpointOptions()
    callback = ModelCheckpoint("a", "val_loss", 0, False, True, "auto", "epoch", options)
    model = StandIn()
    assert epochs(callback, losses(1.0), model) == ["a"]
    assert model.calls == [("save_weights", "a", {"overwrite": True, "options": options})]
    assert callback.best == math.inf


@needs_tensorflow
@pytest.mark.parametrize("weights", [True, False])
def test_options_of_the_wrong_type(weights: bool) -> None:
    tensorflow = runtime.tensorflow()
    if not hasattr(tensorflow.train, "CheckpointOptions"):
        pytest.skip("this TensorFlow has no options")
    right, wrong = tensorflow.train.CheckpointOptions, tensorflow.saved_model.SaveOptions
    if not weights:
        right, wrong = wrong, right
    for value in (wrong(), True, "gzip", object()):
        with pytest.raises(TypeError, match="must be either None or a tf." + ".*" + right.__name__):
            ModelCheckpoint("a", save_weights_only=weights, options=value)


@needs_tensorflow
def test_options_with_keras_archive() -> None:
    tensorflow = runtime.tensorflow()
    if not hasattr(tensorflow.train, "CheckpointOptions"):
        pytest.skip("this TensorFlow has no options")
    with pytest.raises(ValueError, match="does not support the `options` argument. Please remove"):
        ModelCheckpoint("a.keras", options=tensorflow.saved_model.SaveOptions())


@only_keras_3
def test_options_that_nobody_gave_are_not_passed() -> None:
    """Whether TensorFlow happens to be loaded changes nothing."""
    if TENSORFLOW:
        runtime.tensorflow()
    for path, weights in (("a.h5", False), ("a", False), ("a", True), ("a.keras", False)):
        model = StandIn()
        epochs(ModelCheckpoint(path, save_weights_only=weights), losses(1.0), model)
        method = "save_weights" if weights else "save"
        assert model.calls == [(method, path, {"overwrite": True})]


@pytest.mark.parametrize("name", ["save_freq", "period"])
@pytest.mark.parametrize("value", [3, 3.0, np.int32(3), np.float64(3), np.array(3)], ids=repr)
def test_whole_numbers(name: str, value: Any) -> None:
    found = getattr(ModelCheckpoint("a.h5", **{name: value}), name)
    assert found == 3
    assert type(found) is int


@pytest.mark.parametrize("name", ["save_freq", "period"])
@pytest.mark.parametrize(
    "value", [True, np.True_, 0, 0.0, -1, 2.5, math.nan, math.inf, "5", "batch", [5]], ids=repr
)
def test_no_whole_numbers(name: str, value: Any) -> None:
    with pytest.raises(ValueError, match=f"`{name}` must be .*Received: "):
        ModelCheckpoint("a.h5", **{name: value})


def test_unknown_keyword() -> None:
    with warned() as found:
        callback = ModelCheckpoint("a.h5", moniter="loss", zzzz=1)
    assert texts(found) == [
        "`moniter` is not an argument of ModelCheckpoint and changes nothing. "
        "Did you mean `monitor`?",
        "`zzzz` is not an argument of ModelCheckpoint and changes nothing.",
    ]
    assert callback.monitor == "val_loss"
    assert not hasattr(callback, "moniter")


@pytest.mark.parametrize(
    ("kwargs", "start"),
    [
        ({"period": 2}, "`period` argument is deprecated"),
        ({"load_weights_on_restart": True}, "`load_weights_on_restart` argument is deprecated"),
    ],
)
def test_deprecated(kwargs: dict[str, Any], start: str) -> None:
    with warned() as found:
        ModelCheckpoint("a.h5", **kwargs)
    assert [each.category for each in found] == [DeprecationWarning]
    assert texts(found)[0].startswith(start)
    assert "write `" in texts(found)[0]


def test_no_warning_of_what_is_not_given() -> None:
    with warned() as found:
        epochs(ModelCheckpoint("a.h5", save_best_only=True), losses(2.0, 1.0))
        epochs(ModelCheckpoint("a.h5"), losses(2.0, 1.0))
    assert not found


def test_wrong_mode() -> None:
    with warned() as found:
        callback = ModelCheckpoint("a.h5", mode="best")
    assert texts(found) == ["ModelCheckpoint mode 'best' is unknown, fallback to auto mode."]
    assert callback.mode == "auto"


def test_warning_in_a_subclass_points_to_a_line_of_the_users() -> None:
    class Mine(ModelCheckpoint):
        def __init__(self, path: str) -> None:
            super().__init__(path, typo=1)

    with warned() as found:
        Mine("a.h5")
    assert len(found) == 1


@pytest.mark.parametrize("name", ["save_best_only", "save_weights_only", "load_weights_on_restart"])
def test_text_that_names_a_boolean(name: str) -> None:
    with warned() as found:
        assert getattr(ModelCheckpoint("a.h5", **{name: "True"}), name) is True
    assert not any("is the text" in text for text in texts(found))
    with warned() as found:
        assert getattr(ModelCheckpoint("a.h5", **{name: "False"}), name) is False
    assert any(text.startswith(f"`{name}` is the text 'False'") for text in texts(found))
    with pytest.raises(ValueError, match=f"`{name}` must be True or False"):
        ModelCheckpoint("a.h5", **{name: "best"})


class OfStandAlone(ModelCheckpoint):
    """As those of the years before TF 2 save what several GPUs train."""

    def __init__(
        self,
        original: Any,
        filepath: str,
        monitor: str = "val_loss",
        verbose: int = 0,
        save_best_only: bool = False,
        save_weights_only: bool = False,
        mode: str = "auto",
        period: int = 1,
    ) -> None:
        self.original = original
        super().__init__(
            filepath, monitor, verbose, save_best_only, save_weights_only, mode, period
        )


class Below(OfStandAlone):
    """With nothing of its own to say about it."""


class WithBoth(ModelCheckpoint):
    def __init__(self, filepath: str, save_freq: Any = "epoch", period: int = 1) -> None:
        super().__init__(filepath, "loss", 0, False, False, "auto", save_freq, period=period)


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (lambda: OfStandAlone(None, "{epoch}", period=3), "`OfStandAlone` has a `period`"),
        (lambda: Below(None, "{epoch}", period=np.int64(3)), "`OfStandAlone` has a `period`"),
        (
            lambda: ModelCheckpoint("{epoch}", "val_loss", 0, True, False, "auto", 3),
            "`val_loss` is not known at the end of a batch",
        ),
        (
            lambda: ModelCheckpoint("{epoch}-{val_loss:.1f}", "loss", 0, False, False, "auto", 3),
            "the path has a value of the validation",
        ),
    ],
)
def test_a_seventh_argument_that_can_only_be_period(make: Any, why: str) -> None:
    with warned() as found:
        callback = make()
    (text,) = texts(found)
    assert text.startswith("The seventh argument by position, 3, is taken for `period`")
    assert why in text and text.endswith("Write period=3.")
    assert (callback.period, callback.save_freq) == (3, "epoch")
    paths = epochs(callback, losses(*[9.0 - each for each in range(7)]))
    assert [path.split("-")[0] for path in paths] == ["3", "6"]


@pytest.mark.parametrize(
    "make",
    [
        lambda: ModelCheckpoint("{batch}", "loss", 0, True, False, "auto", 3),
        lambda: ModelCheckpoint("{batch}", "val_loss", 0, False, False, "auto", 3),
        lambda: WithBoth("{batch}", 3),
    ],
)
def test_a_seventh_argument_that_can_be_save_freq(make: Any) -> None:
    callback = make()
    assert (callback.period, callback.save_freq) == (1, 3)
    assert batches(callback, [{"loss": 9.0 - each} for each in range(7)]) == ["3", "6"]


def test_by_name_it_is_save_freq() -> None:
    with warned() as found:
        callback = ModelCheckpoint("a", save_best_only=True, save_freq=3)
    assert callback.save_freq == 3
    assert any("Nothing is" in text or "nothing is" in text for text in texts(found))
    assert ModelCheckpoint("a", "val_loss", 0, True, False, "auto", "epoch").save_freq == "epoch"
    for wrong in (0, -1, 2.5):
        with pytest.raises(ValueError, match="whole number from 1 on"):
            ModelCheckpoint("a", "val_loss", 0, True, False, "auto", wrong)


@pytest.mark.parametrize("best_only", [False, True])
def test_path_that_is_set_later(best_only: bool) -> None:
    callback = ModelCheckpoint(None, save_best_only=best_only)
    model = StandIn()
    callback.set_model(model)
    callback.on_train_begin({})
    callback.on_epoch_begin(0, {})
    callback.filepath = pathlib.Path("a-{epoch}.h5")
    callback.on_epoch_end(0, losses(1.0)[0])
    assert model.paths == ["a-1.h5"]
    callback.filepath = None
    with pytest.raises(TypeError, match="Received: None.* set its `filepath` before the first"):
        callback.on_epoch_end(1, losses(0.5)[0])
    callback.filepath = 5
    with pytest.raises(TypeError, match="`filepath` must be a string or a PathLike. Received: 5"):
        callback.on_epoch_end(1, losses(0.5)[0])
    # What could not be saved is not the best.
    assert not best_only or callback.best == 1.0


def test_wrong_types() -> None:
    for path in (b"a.h5", 5):
        with pytest.raises(TypeError, match="`filepath` must be a string or a PathLike"):
            ModelCheckpoint(path)
    with pytest.raises(ValueError, match="`filepath` must not be empty"):
        ModelCheckpoint("")
    with pytest.raises(TypeError, match="`monitor` must be a string"):
        ModelCheckpoint("a.h5", monitor=None)


# ---------------------------------------------------------------- when


@pytest.mark.parametrize(("period", "expected"), [(1, [1, 2, 3, 4, 5]), (2, [2, 4]), (6, [])])
def test_period(period: int, expected: list[int]) -> None:
    paths = epochs(ModelCheckpoint("{epoch}", period=period), [{}] * 5)
    assert paths == [str(epoch) for epoch in expected]


def test_period_goes_on_in_the_next_fit() -> None:
    callback = ModelCheckpoint("{epoch}", period=3)
    assert epochs(callback, [{}] * 2) == []
    assert epochs(callback, [{}] * 2) == ["1"]


def test_period_with_best_only() -> None:
    """The value is looked at in every second epoch, as in every release."""
    callback = ModelCheckpoint("{epoch}", save_best_only=True, period=2)
    assert epochs(callback, losses(1.0, 5.0, 0.0, 6.0, 0.0, 4.0, 3.0)) == ["2", "6"]
    assert callback.best == 4.0


def test_period_with_integer_save_freq() -> None:
    """Batches are what counts then, as in TF 2.15."""
    callback = ModelCheckpoint("{batch}", save_freq=2, period=10)
    assert batches(callback, [{}] * 5) == ["2", "4"]


@settings(deadline=None)
@given(
    freq=st.integers(1, 12),
    stride=st.integers(1, 5),
    sizes=st.lists(st.integers(0, 9), min_size=1, max_size=5),
)
@example(freq=4, stride=3, sizes=[10, 10])
@example(freq=9, stride=9, sizes=[2, 9])
def test_save_freq_by_brute_force(freq: int, stride: int, sizes: list[int]) -> None:
    """A save comes with the first call after `freq` batches, wherever epochs begin."""
    callback = ModelCheckpoint("{epoch}-{batch}", save_freq=freq)
    model = StandIn()
    callback.set_model(model)
    callback.on_train_begin()
    expected = []
    seen = 0
    for epoch, size in enumerate(sizes):
        callback.on_epoch_begin(epoch)
        for batch in range(size):
            seen += 1
            if (batch + 1) % stride == 0 or batch + 1 == size:
                callback.on_train_batch_end(batch, {})
                if seen >= freq:
                    expected.append(f"{epoch + 1}-{batch + 1}")
                    seen = 0
        callback.on_epoch_end(epoch, {})
    assert model.paths == expected


def test_save_freq_in_a_fit() -> None:
    callback = ModelCheckpoint("{epoch}-{batch}.weights.h5", save_weights_only=True, save_freq=3)
    fit(functional(), [callback], n=2, batch_size=2, validate=False)
    # The logs of TF 2.0 and 2.1 hold a batch of their own, counted from 0.
    first = 0 if runtime.version() < (2, 2) else 1
    assert saved() == [f"1-{2 + first}.weights.h5", f"2-{1 + first}.weights.h5"]


@only_keras_3
def test_save_freq_under_steps_per_execution() -> None:
    if runtime.backend() == "torch":
        pytest.skip("PyTorch executes one step at a time")
    model = functional(steps_per_execution=2)
    callback = ModelCheckpoint("{epoch}-{batch}.keras", save_freq=3)
    ends: list[int] = []
    note = keras.callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs: ends.append(batch))
    fit(model, [callback, note], n=2, batch_size=1, validate=False)
    if ends[0] == 0:
        pytest.skip("this Keras tells the first batch of each execution, not the last")
    assert saved() == ["1-4.keras", "1-8.keras", "2-4.keras", "2-8.keras"]


def test_logs_that_hold_a_batch() -> None:
    callback = ModelCheckpoint("{batch}", save_freq=1)
    assert batches(callback, [{"batch": 7}, {}]) == ["7", "2"]


@pytest.mark.skipif(not hasattr(keras.callbacks, "CallbackList"), reason="TF 2.0 hides it")
def test_callback_list() -> None:
    model = functional()
    callback = ModelCheckpoint("{epoch}-{batch}.weights.h5", save_weights_only=True, save_freq=2)
    loop = keras.callbacks.CallbackList([callback], model=model)
    loop.on_train_begin()
    for epoch in range(2):
        loop.on_epoch_begin(epoch)
        for batch in range(3):
            loop.on_train_batch_begin(batch)
            loop.on_train_batch_end(batch, {"loss": 1.0})
        loop.on_epoch_end(epoch, {"loss": 1.0})
    loop.on_train_end()
    assert saved() == ["1-2.weights.h5", "2-1.weights.h5", "2-3.weights.h5"]


# ---------------------------------------------------------------- whether

FLOATS = st.floats(width=32) | st.sampled_from([math.nan, math.inf, -math.inf, 0.0, -0.0, 1.0])
EIGHTHS = st.integers(-800, 800).map(lambda number: number / 8)


@settings(deadline=None)
@given(
    values=st.lists(FLOATS, max_size=12),
    mode=st.sampled_from(["min", "max", "auto"]),
    threshold=st.none() | st.floats(allow_nan=False, width=32),
    kind=st.sampled_from([float, np.float32, np.float64, np.array, lambda v: np.array([v])]),
    monitor=st.sampled_from(["val_loss", "val_accuracy"]),
)
def test_best_only_by_a_simple_model(
    values: list[float],
    mode: str,
    threshold: float | None,
    kind: Callable[[float], Any],
    monitor: str,
) -> None:
    best = threshold
    expected = []
    upwards = mode == "max" or (mode == "auto" and monitor == "val_accuracy")
    for epoch, value in enumerate(values):
        if math.isnan(value):
            continue
        if best is None or (value > best if upwards else value < best):
            best = value
            expected.append(str(epoch + 1) + ".keras")
    callback = ModelCheckpoint(
        "{epoch}.keras", monitor, mode=mode, save_best_only=True, initial_value_threshold=threshold
    )
    with warned():
        paths = epochs(callback, [{monitor: kind(value)} for value in values])
    assert paths == expected
    assert callback.best == best


@only_keras_3
@settings(deadline=None)
@given(
    # Keras compares by its backend, in which numbers close to each other can be the same.
    values=st.lists(EIGHTHS | st.sampled_from([math.inf, -math.inf]), min_size=1, max_size=6),
    best_only=st.booleans(),
    weights=st.booleans(),
    mode=st.sampled_from(["min", "max", "auto"]),
    threshold=st.none() | EIGHTHS,
)
def test_messages_are_those_of_the_newest_keras(
    values: list[float], best_only: bool, weights: bool, mode: str, threshold: float | None
) -> None:
    if runtime.version() < (3, 14):
        pytest.skip("not the newest Keras")
    printed = []
    for kind in (keras.callbacks.ModelCheckpoint, ModelCheckpoint):
        callback = kind(
            "{epoch:02d}-{val_loss:.2f}" + (".weights.h5" if weights else ".keras"),
            verbose=1,
            save_best_only=best_only,
            save_weights_only=weights,
            mode=mode,
            initial_value_threshold=threshold,
        )
        model = StandIn()
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            epochs(callback, [{"val_loss": value} for value in values], model)
        printed.append((out.getvalue(), model.calls, callback.best))
    assert printed[0] == printed[1]


@settings(deadline=None)
@given(
    values=st.lists(EIGHTHS | st.sampled_from([math.inf, -math.inf]), min_size=1, max_size=6),
    best_only=st.booleans(),
    weights=st.booleans(),
    mode=st.sampled_from(["min", "max", "auto"]),
    threshold=st.none() | EIGHTHS,
    period=st.sampled_from([None, 1, 2, 3]),
    ending=st.sampled_from([".hdf5", ".ckpt", ""]),
)
def test_messages_are_those_of_tf_2_15_where_keras_3_cannot_express_the_call(
    values: list[float],
    best_only: bool,
    weights: bool,
    mode: str,
    threshold: float | None,
    period: int | None,
    ending: str,
) -> None:
    told = []
    for kind in (compat.for_version("2.15"), ModelCheckpoint):
        with warned():
            callback = kind(
                "{epoch:02d}-{val_loss:.2f}" + ending,
                verbose=1,
                save_best_only=best_only,
                save_weights_only=weights,
                mode=mode,
                initial_value_threshold=threshold,
                **({} if period is None else {"period": period}),
            )
        model = StandIn()
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            epochs(callback, [{"val_loss": value} for value in values], model)
        told.append((out.getvalue(), [call[:2] for call in model.calls], callback.best))
    assert told[0] == told[1]


def test_messages(capsys: Any) -> None:
    callback = ModelCheckpoint("{epoch:02d}.h5", verbose=1, save_best_only=True)
    epochs(callback, losses(2.0, 3.0, 1.0))
    assert capsys.readouterr().out == (
        "\nEpoch 1: val_loss improved from None to 2.00000, saving model to 01.h5\n"
        "\nEpoch 1: finished saving model to 01.h5\n"
        "\nEpoch 2: val_loss did not improve from 2.00000\n"
        "\nEpoch 3: val_loss improved from 2.00000 to 1.00000, saving model to 03.h5\n"
        "\nEpoch 3: finished saving model to 03.h5\n"
    )
    epochs(ModelCheckpoint("{epoch:02d}.h5", verbose=1), losses(2.0))
    assert capsys.readouterr().out == (
        "\nEpoch 1: saving model to 01.h5\n\nEpoch 1: finished saving model to 01.h5\n"
    )
    epochs(ModelCheckpoint("{epoch:02d}.h5"), losses(2.0))
    assert capsys.readouterr().out == ""


def test_values_of_all_kinds() -> None:
    values: list[Any] = [np.float32(4), np.array(3.0), np.array([[2.0]]), np.float16(1), np.int8(0)]
    if KERAS_3:
        values += [keras.ops.convert_to_tensor(-1.0), keras.ops.convert_to_tensor([-2.0])]
    callback = ModelCheckpoint("{epoch}", save_best_only=True)
    assert epochs(callback, losses(*values)) == [str(n + 1) for n in range(len(values))]
    assert type(callback.best) is float


def test_values_of_all_kinds_in_the_template() -> None:
    """An array of one element is a number there, too."""
    values: list[Any] = [np.float32(4), np.array(3.0), np.array([2.0])]
    if KERAS_3:
        values += [keras.ops.convert_to_tensor(1.0), keras.ops.convert_to_tensor([0.0])]
    paths = epochs(ModelCheckpoint("{val_loss:.1f}"), losses(*values))
    assert paths == ["4.0", "3.0", "2.0", "1.0", "0.0"][: len(values)]


@pytest.mark.parametrize("array", [np.zeros(2), np.zeros((1, 3)), np.zeros(0)], ids=repr)
def test_array_is_refused_by_name(array: Any) -> None:
    model = StandIn()
    with pytest.raises(
        ValueError,
        match="`monitor` is a scalar value. Received: an array of shape .* by `val_loss`",
    ):
        epochs(ModelCheckpoint("a", save_best_only=True), losses(array), model)
    assert not model.calls
    assert epochs(ModelCheckpoint("a"), losses(array)) == ["a"]


def test_missing_metric_saves_nothing_and_is_told_once() -> None:
    callback = ModelCheckpoint("{epoch}", "val_los", save_best_only=True, mode="min")
    with warned() as found:
        paths = epochs(callback, losses(1.0, 2.0, 3.0))
    assert paths == []
    assert len(found) == 1
    assert texts(found)[0].startswith(
        "Can save best model only with val_los available, skipping. Nothing is saved: "
        "save_best_only=True needs the metric `val_los`, and it is not in the logs; did you mean "
        "`val_loss`?"
    )
    assert texts(found)[0].endswith(" The metrics are: loss, val_loss.")


def test_missing_metric_never_overwrites_the_best() -> None:
    callback = ModelCheckpoint("a", save_best_only=True)
    with warned() as found:
        assert epochs(callback, [{"val_loss": 1.0}, {"loss": 1.0}, {"loss": 0.5}]) == ["a"]
    assert callback.best == 1.0
    assert len(found) == 1
    assert "this epoch had no validation: there is none without validation_data" in texts(found)[0]


def test_missing_metric_for_another_reason_is_told_again() -> None:
    callback = ModelCheckpoint("a", save_best_only=True)
    with warned() as found:
        epochs(callback, [{"loss": 1.0}, {"loss": 1.0}, {"val_loss": None}, {"val_loss": None}])
    assert len(found) == 2
    assert "its value is None" in texts(found)[1]


def test_no_logs() -> None:
    with warned() as found:
        assert epochs(ModelCheckpoint("a", save_best_only=True), [None, {}]) == []
    assert len(found) == 1
    assert "The metrics are: none." in texts(found)[0]
    assert epochs(ModelCheckpoint("a"), [None]) == ["a"]


@pytest.mark.parametrize(
    ("monitor", "logged"),
    [
        ("val_acc", "val_accuracy"),
        ("val_accuracy", "val_acc"),
        ("acc", "accuracy"),
        ("accuracy", "Accuracy"),
    ],
)
def test_renamed_metric(monitor: str, logged: str) -> None:
    template = "{epoch}-{" + monitor + ":.1f}"
    callback = ModelCheckpoint(template, monitor, save_best_only=True)
    with warned() as found:
        paths = epochs(callback, [{logged: value} for value in (0.5, 0.4, 0.9)])
    assert paths == ["1-0.5", "3-0.9"]
    aliases = [text for text in texts(found) if "used in its place" in text]
    assert aliases == [
        f"`{monitor}` is not in the logs. `{logged}` is, and is used in its place.",
    ]


def test_renamed_metric_in_a_fit() -> None:
    callback = ModelCheckpoint("best.h5", "val_acc", save_best_only=True, save_weights_only=True)
    with warned():
        fit(functional(["accuracy"]), [callback])
    assert saved() == ["best.h5"]


@pytest.mark.skipif(not runtime.is_keras_3(), reason="TF 2 calls it `auc`")
def test_metric_that_keras_3_calls_by_its_class() -> None:
    callback = ModelCheckpoint("best.{val_auc:.2f}.h5", "val_auc", save_best_only=True)
    with warned() as found:
        fit(functional(["AUC"]), [callback])
    assert callback.monitor_op is np.greater
    assert len(saved()) >= 1 and "`val_AUC` is, and" in " ".join(texts(found))


def test_the_metric_itself_goes_before_its_other_name() -> None:
    callback = ModelCheckpoint("{epoch}", "acc", save_best_only=True, mode="max")
    logs = [{"acc": 0.5, "accuracy": 0.9}, {"acc": 0.6, "accuracy": 0.1}]
    with warned() as found:
        assert epochs(callback, logs) == ["1", "2"]
    assert not found


def test_best_only_at_batches_with_a_metric_of_validation() -> None:
    with warned() as found:
        callback = ModelCheckpoint("{epoch}", save_best_only=True, save_freq=2)
    assert len(found) == 1
    assert texts(found)[0].startswith("With save_freq=2 the model is saved at the end of a batch")
    assert "nothing is ever saved" in texts(found)[0]
    with warned() as found:
        assert batches(callback, [{"loss": 1.0}] * 4) == []
    # Validation data, which the usual text asks for, would change nothing.
    assert not any("had no validation" in text for text in texts(found))


def test_best_only_at_batches_before_the_first_epoch_ends() -> None:
    callback = ModelCheckpoint("{batch}", "loss", save_best_only=True, save_freq=1)
    assert batches(callback, [{"loss": v} for v in (3.0, 2.0, 2.5, 1.0)]) == ["1", "2", "4"]


def test_guessed_direction_is_told_once() -> None:
    callback = ModelCheckpoint("{epoch}", "val_score", save_best_only=True)
    with warned() as found:
        paths = epochs(callback, [{"val_score": value} for value in (2.0, 3.0, 1.0)])
    assert paths == ["1", "3"]
    assert texts(found) == [
        "ModelCheckpoint callback received monitor=val_score, but Keras isn't able to "
        "automatically determine whether that metric should be maximized or minimized. Judging by "
        "its name, it is minimized. Pass mode='max' or mode='min' to set the direction."
    ]


def test_nothing_is_guessed_that_does_not_matter() -> None:
    with warned() as found:
        assert epochs(ModelCheckpoint("a", "score"), [{"score": 1.0}] * 2) == ["a", "a"]
        callback = ModelCheckpoint("a", "score", save_best_only=True, mode="max")
        assert epochs(callback, [{"score": 1.0}, {"score": 2.0}]) == ["a", "a"]
    assert not found


def _metric(name: str, direction: str | None) -> Any:
    class Custom(keras.metrics.Mean):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__(name=name)
            if direction is not None:
                self._direction = direction

        def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Any:
            return super().update_state(y_pred)

    return Custom()


@only_keras_3
@pytest.mark.parametrize(
    ("name", "direction", "expected"),
    [
        ("score", "up", ["1", "2"]),
        ("score", "down", ["1", "3"]),
        ("inaccuracy", "down", ["1", "3"]),
        ("saved_loss", "up", ["1", "2"]),
    ],
)
def test_direction_comes_from_the_metric(name: str, direction: str, expected: list[str]) -> None:
    if runtime.version() < (3, 11):
        pytest.skip("no metric knows its direction")
    model = functional([_metric(name, direction)])
    fit(model, [])
    callback = ModelCheckpoint("{epoch}.keras", "val_" + name, save_best_only=True)
    with warned() as found:
        epochs(callback, [{"val_" + name: value} for value in (2.0, 3.0, 1.0)], model)
    assert saved() == [number + ".keras" for number in expected]
    assert not found


@only_keras_3
def test_direction_comes_from_the_metric_for_subclasses_too() -> None:
    if runtime.version() < (3, 11):
        pytest.skip("no metric knows its direction")

    class Mine(ModelCheckpoint):
        def _save_model(self, epoch: int, batch: Any, logs: Any) -> None:
            super()._save_model(epoch, batch, logs)

    model = functional([_metric("auc", "up")])
    fit(model, [])
    epochs(
        Mine("{epoch}.keras", "auc", save_best_only=True),
        [{"auc": value} for value in (0.5, 0.7, 0.6)],
        model,
    )
    assert saved() == ["1.keras", "2.keras"]


def test_custom_metric_without_direction_in_a_fit() -> None:
    callback = ModelCheckpoint("{epoch}.h5", "val_odd", save_best_only=True, save_weights_only=True)
    with warned() as found:
        fit(functional([_metric("odd", None)]), [callback], n=2)
    assert "1.h5" in saved()
    assert len(found) == 1


def test_metrics_of_models_with_several_outputs() -> None:
    inputs = keras.Input((2,))
    outputs = [keras.layers.Dense(1, name=name)(inputs) for name in ("head", "tail")]
    model = keras.Model(inputs, outputs)
    model.compile("sgd", ["mse", "mse"], metrics=[["mae"], ["accuracy"]])
    callbacks = [
        ModelCheckpoint("t-{val_tail_acc:.2f}.h5", "val_tail_acc", 0, True, True),
        ModelCheckpoint("h.h5", "val_head_mae", 0, True, True),
        ModelCheckpoint("l.h5", "val_head_loss", 0, True, True),
    ]
    with warned():
        fitted = model.fit(X, [Y, Y], validation_data=(X, [Y, Y]), verbose=0, callbacks=callbacks)
    assert "h.h5" in saved()
    assert sum(name.startswith("t-") for name in saved()) == 1
    # Keras 3.0 to 3.2 keep the losses of the outputs to themselves.
    assert ("l.h5" in saved()) == ("val_head_loss" in fitted.history)


# ---------------------------------------------------------------- where


def test_template_in_a_fit() -> None:
    callback = ModelCheckpoint("w.{epoch:02d}-{val_loss:.2f}.hdf5", save_weights_only=True)
    history = fit(functional(), [callback], n=2).history["val_loss"]
    assert saved() == [f"w.{n + 1:02d}-{v:.2f}.hdf5" for n, v in enumerate(history)]


@pytest.mark.parametrize(
    "template", ["{", "}", "{}", "{0}", "{epoch.__class__}", "{epoch[0]}", "{epoch:s}", "{batch}"]
)
def test_bad_template_at_construction(template: str) -> None:
    with pytest.raises(ValueError, match="`filepath` "):
        ModelCheckpoint("x" + template + ".h5")


@pytest.mark.parametrize("template", ["{nope}", "{val_loss}-{nope:.2f}", "{epoch:{nope}}"])
def test_bad_template_at_the_first_save(template: str) -> None:
    try:
        callback = ModelCheckpoint(template)
    except ValueError:
        assert template == "{epoch:{nope}}"  # Can be known to be odd.
        return
    with pytest.raises(KeyError, match="nope.*Known placeholders: epoch, loss, val_loss"):
        epochs(callback, losses(1.0))


def test_bad_format_at_the_first_save() -> None:
    """Integers of that name could come, so it is accepted; floats do."""
    with pytest.raises(ValueError, match="val_loss"):
        epochs(ModelCheckpoint("{val_loss:02d}"), losses(1.5))
    assert epochs(ModelCheckpoint("{val_loss:02d}"), losses(1)) == ["01"]


def test_literal_braces() -> None:
    assert epochs(ModelCheckpoint("{{x}}-{epoch}"), [{}]) == ["{x}-1"]


@pytest.mark.parametrize("kind", [pathlib.Path, PathOf], ids=["pathlib", "other"])
def test_path_like(kind: Any) -> None:
    callback = ModelCheckpoint(kind("to/w-{epoch}.h5"), save_weights_only=True)
    assert callback.filepath == "to/w-{epoch}.h5"
    fit(functional(), [callback])
    assert os.listdir("to") == ["w-1.h5"]


@pytest.mark.skipif(not TENSORFLOW, reason="it is TensorFlow that knows gs:// without a package")
def test_path_like_in_a_template_of_remote_paths() -> None:
    assert ModelCheckpoint("gs://bucket/a-{epoch}").filepath == "gs://bucket/a-{epoch}"


@only_keras_3
def test_directory_is_there_before_the_first_save() -> None:
    callback = ModelCheckpoint("a/b/{epoch}.keras", save_best_only=True, initial_value_threshold=0)
    epochs(callback, losses(1.0), functional())
    assert os.listdir("a/b") == []
    epochs(callback, losses(-1.0), functional())
    assert os.listdir("a/b") == ["1.keras"]


# ---------------------------------------------------------------- errors


@pytest.mark.parametrize(
    "error",
    [
        OSError(errno.ENOSPC, "No space left on device"),
        OSError(errno.EROFS, "Read-only file system"),
        PermissionError(errno.EACCES, "Permission denied"),
        OSError("text alone"),
        OSError(),
        RuntimeError("no I/O"),
        KeyboardInterrupt(),
    ],
    ids=repr,
)
@pytest.mark.parametrize("best_only", [True, False])
def test_errors_are_raised_and_best_stays(error: BaseException, best_only: bool) -> None:
    callback = ModelCheckpoint("a", save_best_only=best_only, initial_value_threshold=5.0)
    with pytest.raises(type(error)) as info:
        epochs(callback, losses(1.0), StandIn(error))
    assert info.value is error
    assert callback.best == 5.0
    # The same value is saved once it can be.
    assert epochs(callback, losses(1.0)) == ["a"]


@pytest.mark.parametrize(
    "error", [IsADirectoryError(errno.EISDIR, "x"), OSError("Is a directory: a")], ids=repr
)
def test_directory_in_the_way_by_any_error(error: BaseException) -> None:
    with pytest.raises(OSError, match="Please specify a non-directory filepath"):
        epochs(ModelCheckpoint("a"), losses(1.0), StandIn(error))


@pytest.mark.parametrize(
    ("path", "weights"),
    [
        ("d.keras", False),
        ("d.h5", False),
        ("d.hdf5", False),
        ("d.weights.h5", True),
        ("d.h5", True),
        ("d.hdf5", True),
    ],
)
def test_directory_in_the_way(path: str, weights: bool) -> None:
    if not KERAS_3 and path.endswith((".keras", ".weights.h5")):
        pytest.skip("an ending like any other")
    os.mkdir(path)
    callback = ModelCheckpoint(path, save_weights_only=weights, save_best_only=True)
    with pytest.raises(OSError, match="(?i)directory") as info:
        fit(functional(), [callback])
    assert path in str(info.value)
    assert callback.best in (None, math.inf)
    assert os.listdir(path) == []


@only_keras_3
def test_error_in_the_middle_of_a_fit(monkeypatch: Any) -> None:
    model, other = functional(), functional()
    callback = ModelCheckpoint("best.h5", save_weights_only=True)
    fit(model, [callback])
    before = model.get_weights()

    def full(*args: Any, **kwargs: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("h5py.Group.create_dataset", full)
        with pytest.raises(OSError, match="No space left"):
            fit(model, [callback])
    # What was there is whole.
    keras_ckpt.load_weights(other, "best.h5")
    assert same_weights(other, before)
    assert saved() == ["best.h5"]


@only_keras_3
def test_file_where_a_directory_must_be() -> None:
    pathlib.Path("file").write_text("x")
    with pytest.raises(OSError, match="file"):
        fit(functional(), [ModelCheckpoint("file/a.keras")])


# ---------------------------------------------------------------- models and files

ENDINGS = [
    (".keras", False),
    (".h5", False),
    (".hdf5", False),
    ("", False),
    (".weights.h5", True),
    (".h5", True),
    (".hdf5", True),
    (".ckpt", True),
    ("", True),
]


@only_keras_3
@pytest.mark.parametrize("make", [functional, sequential, subclassed])
@pytest.mark.parametrize(("ending", "weights"), ENDINGS)
def test_every_ending_with_every_model(make: Any, ending: str, weights: bool) -> None:
    if make is subclassed and not weights and ending in (".h5", ".hdf5"):
        pytest.skip("HDF5 holds no model of a user's class, in no release")
    model = make()
    callback = ModelCheckpoint("to/m-{epoch}" + ending, save_weights_only=weights)
    fit(model, [callback], n=2)
    other = make()
    assert not same_weights(model, other)
    keras_ckpt.load_weights(other, "to/m-2" + ending)
    assert same_weights(model, other)
    keras_ckpt.load_weights(other, "to/m-1" + ending)
    assert not same_weights(model, other)


@only_keras_3
@pytest.mark.parametrize(("ending", "weights"), ENDINGS)
def test_weights_load_into_the_model_that_was_trained(ending: str, weights: bool) -> None:
    """As scripts do after the fit: `model.load_weights(checkpoint_filepath)`."""
    model = functional()
    path = "best" + ending
    fit(model, [ModelCheckpoint(path, save_weights_only=weights)])
    best = model.get_weights()
    model.set_weights([w + 1 for w in best])
    model.load_weights(path)
    assert same_weights(model, best)


def _skip_where_models_cannot_be_copied() -> None:
    try:
        copy.deepcopy(functional())
    except ValueError:
        pytest.skip("this Keras cannot copy a model")


@only_keras_3
def test_model_with_legacy_methods_stays_a_model() -> None:
    _skip_where_models_cannot_be_copied()
    model = functional()
    fit(model, [ModelCheckpoint("cp.ckpt", save_weights_only=True)])
    best = model.get_weights()
    model.save("whole.keras")
    model.save_weights("some.weights.h5")
    assert same_weights(keras.models.load_model("whole.keras"), best)
    clone = keras.models.clone_model(model)
    clone.set_weights([w + 1 for w in best])
    for other in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        assert same_weights(other, best)
        other.set_weights([w + 1 for w in best])
        other.load_weights("some.weights.h5")
        assert same_weights(other, best)
    model.set_weights([w + 1 for w in best])
    # The others have weights of their own, and a method that loads into them.
    assert not same_weights(other, model)
    model.load_weights("some.weights.h5")
    assert same_weights(model, best)
    model.set_weights([w + 1 for w in best])
    model.load_weights(pathlib.Path("cp.ckpt")).expect_partial()
    assert same_weights(model, best)
    with pytest.raises((OSError, ValueError)):
        model.load_weights("absent.ckpt")
    fit(model, [ModelCheckpoint("cp.ckpt", save_weights_only=True)])
    with pytest.raises((OSError, ValueError)):
        model.load_weights("absent.weights.h5")


@only_keras_3
def test_models_that_save_themselves() -> None:
    calls = []

    class Own(Subclassed):  # type: ignore[misc, valid-type]
        def save(self, filepath: str, overwrite: bool = True) -> None:
            calls.append(filepath)
            super().save(filepath, overwrite=overwrite)

        def save_weights(self, filepath: str, overwrite: bool = True) -> None:
            calls.append(filepath)
            super().save_weights(filepath, overwrite=overwrite)

    for path, weights in (("a.keras", False), ("a.weights.h5", True)):
        fit(ready(Own()), [ModelCheckpoint(path, save_weights_only=weights)])
        assert calls.pop() == path
        assert os.path.exists(path)


@only_keras_3
def test_model_that_saves_itself_as_hdf5() -> None:
    """Keras 3 takes no options there, and nobody gave any."""

    class Own(keras.Sequential):  # type: ignore[misc]
        def save(self, filepath: str, overwrite: bool = True, **kwargs: Any) -> None:
            super().save(filepath, overwrite=overwrite, **kwargs)

    fit(ready(Own([keras.layers.Dense(1)])), [ModelCheckpoint("a.h5")])
    assert saved() == ["a.h5"]


def test_bare_stand_in() -> None:
    """Three methods are all that it takes."""

    class Bare:
        def __init__(self) -> None:
            self.paths: list[str] = []

        def save(self, path: str, overwrite: bool, **kwargs: Any) -> None:
            self.paths.append(path)

        save_weights = load_weights = save

    callback = ModelCheckpoint("{epoch}", save_best_only=True)
    assert epochs(callback, losses(2.0, 3.0, 1.0), Bare()) == ["1", "3"]


def test_two_callbacks_in_one_fit() -> None:
    callbacks = [
        ModelCheckpoint("best.h5", save_best_only=True, save_weights_only=True),
        ModelCheckpoint("all-{epoch}.h5", save_weights_only=True),
    ]
    fit(functional(), callbacks, n=2)
    assert saved() == ["all-1.h5", "all-2.h5", "best.h5"]


# ---------------------------------------------------------------- restart

RESTARTS = [
    ("a.h5", True, "a.h5"),
    ("to/a.h5", True, "to/a.h5"),
    ("a-{epoch}.hdf5", True, "a-2.hdf5"),
    ("cp.ckpt", True, "cp.ckpt.index"),
    ("to/cp-{epoch:04d}.ckpt", True, "to/cp-0002.ckpt.index"),
    ("to/{epoch}", True, "to/2.index"),
    ("{epoch:02d}/w.h5", True, "02/w.h5"),
    ("a-{epoch}-{val_loss:.2f}.h5", False, None),
    ("a.keras", False, "a.keras"),
    ("a.weights.h5", True, "a.weights.h5"),
    ("whole", False, "whole"),
    ("to/{epoch:02d}", False, "to/02"),
]


class _Weights(keras.callbacks.Callback):  # type: ignore[misc, name-defined]
    """Keeps the weights that training begins with."""

    weights: list[Any]

    def on_train_begin(self, logs: Any = None) -> None:
        self.weights = self.model.get_weights()


@only_keras_3
@pytest.mark.parametrize(("path", "weights", "left"), RESTARTS)
def test_restart(path: str, weights: bool, left: str | None) -> None:
    first, second = functional(), functional()
    fit(first, [ModelCheckpoint(path, save_weights_only=weights)], n=2)
    assert left is None or os.path.exists(left)
    begun = _Weights()
    with warned() as found:
        callback = ModelCheckpoint(path, save_weights_only=weights, load_weights_on_restart=True)
    assert [each.category for each in found] == [DeprecationWarning]
    fit(second, [callback, begun])
    assert same_weights(begun.weights, first)


def test_restart_with_nothing_there() -> None:
    model, begun = functional(), _Weights()
    before = model.get_weights()
    path = "to/a-{epoch}.h5"
    callback = ModelCheckpoint(path, save_weights_only=True, load_weights_on_restart=True)
    fit(model, [callback, begun])
    assert same_weights(begun.weights, before)


@only_keras_3
@pytest.mark.parametrize("path", ["a.h5", "a.keras", "a.weights.h5", "cp.ckpt"])
def test_restart_from_a_damaged_file(path: str) -> None:
    file = path + ".index" if path == "cp.ckpt" else path
    pathlib.Path(file).write_bytes(b"this is none")
    model = functional()
    before = model.get_weights()
    weights = path != "a.keras"
    callback = ModelCheckpoint(path, save_weights_only=weights, load_weights_on_restart=True)
    with pytest.raises(ValueError, match="Error loading file from " + path + ". Reason: "):
        fit(model, [callback])
    assert same_weights(model, before)
    assert pathlib.Path(file).read_bytes() == b"this is none"


@only_keras_3
@pytest.mark.parametrize("name", ["a{epoch}.h5", "a{epoch}.weights.h5", "cp{epoch}"])
def test_restart_from_the_newest_that_is_whole(name: str) -> None:
    first, second = functional(), functional()
    fit(first, [ModelCheckpoint(name, save_weights_only=True)], n=1)
    newest = pathlib.Path(name.format(epoch=2))
    newest = newest.with_name(newest.name + (".index" if name == "cp{epoch}" else ""))
    newest.write_bytes(b"this is none")
    callback = ModelCheckpoint(name, save_weights_only=True, load_weights_on_restart=True)
    begun = _Weights()
    with pytest.warns(UserWarning, match="2.* is passed over for an older checkpoint"):
        fit(second, [callback, begun])
    assert same_weights(begun.weights, first)


def test_what_a_killed_process_left_is_removed_when_training_begins() -> None:
    pathlib.Path("d").mkdir()
    left = pathlib.Path(temporary.beside("d/w.h5", ".h5"))
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    left = left.with_name(left.name.replace(f"-{os.getpid()}-", f"-{process.pid}-"))
    mine, foreign = pathlib.Path(temporary.beside("d/w.h5", ".h5")), pathlib.Path("d/.w.h5.tmp")
    for path in (left, mine, foreign):
        path.write_bytes(b"")
    fit(functional(), [ModelCheckpoint("d/w-{epoch}.h5", save_weights_only=True)])
    assert not left.exists()
    assert mine.exists()
    assert foreign.exists()


@only_keras_3
@pytest.mark.parametrize("durable", [True, False])
def test_durable(durable: bool, monkeypatch: Any) -> None:
    flushed = []
    monkeypatch.setattr(os, "fsync", flushed.append)
    fit(functional(), [ModelCheckpoint("w.h5", save_weights_only=True, durable=durable)])
    assert bool(flushed) is durable
    with pytest.raises(ValueError, match="durable"):
        ModelCheckpoint("w.h5", durable="no")


# ---------------------------------------------------------------- copies


def test_copies_before_training() -> None:
    callback = ModelCheckpoint("{epoch}", save_best_only=True, period=2, mode="min")
    for other in (copy.deepcopy(callback), pickle.loads(pickle.dumps(callback))):
        assert type(other) is ModelCheckpoint
        assert epochs(other, losses(9.0, 3.0, 9.0, 2.0, 9.0, 4.0)) == ["2", "4"]
    assert callback.best == math.inf


def test_copies_after_training() -> None:
    callback = ModelCheckpoint("{epoch}", "val_accuracy", save_best_only=True)
    epochs(callback, [{"val_accuracy": 0.5}])
    for other in (copy.deepcopy(callback), pickle.loads(pickle.dumps(callback))):
        assert other.best == 0.5
        assert epochs(other, [{"val_accuracy": 0.4}, {"val_accuracy": 0.6}]) == ["2"]
    assert callback.best == 0.5


@only_keras_3
@pytest.mark.parametrize("path", ["a.weights.h5", "cp.ckpt"])
def test_copies_with_a_model(path: str) -> None:
    _skip_where_models_cannot_be_copied()
    callback = ModelCheckpoint(path, save_weights_only=True)
    callback.set_model(functional())
    copy.deepcopy(callback)
    fit(functional(), [callback])
    for other in (copy.deepcopy(callback), pickle.loads(pickle.dumps(callback))):
        assert other.model is not callback.model
        os.remove(path + ".index" if path == "cp.ckpt" else path)
        fit(functional(), [other])
        assert os.path.exists(path + ".index" if path == "cp.ckpt" else path)


def test_trials_of_a_tuner_do_not_share_a_best() -> None:
    """KerasTuner copies the callbacks for each trial, and sets the path of some."""
    original = [ModelCheckpoint("x", save_best_only=True)]
    for trial in range(2):
        copies = copy.deepcopy(original)
        copies[0].filepath = f"trial_{trial}"
        copies[0].save_best_only = True
        assert epochs(copies[0], losses(1.0, 2.0)) == [f"trial_{trial}"]


# ---------------------------------------------------------------- attributes changed later


def test_attributes_changed_after_construction() -> None:
    callback = ModelCheckpoint("a")
    callback.filepath = "b-{epoch}"
    callback.save_weights_only = True
    callback.save_best_only = True
    callback.monitor = "loss"
    callback.best = 2.0
    model = StandIn()
    epochs(callback, [{"loss": 3.0}, {"loss": 1.0}], model)
    assert [call[:2] for call in model.calls] == [("save_weights", "b-2")]


@pytest.mark.parametrize("value", [2, np.int64(2)], ids=repr)
def test_save_freq_changed_after_construction(value: Any) -> None:
    callback = ModelCheckpoint("a")
    callback.save_freq = value
    callback.filepath = "{batch}"
    assert batches(callback, [{}] * 4) == ["2", "4"]
    callback.save_freq = "epoch"
    callback.filepath = "{epoch}"
    assert epochs(callback, [{}]) == ["1"]


def test_filepath_changed_to_a_path_like() -> None:
    callback = ModelCheckpoint("a")
    callback.filepath = pathlib.Path("b-{epoch}")
    assert epochs(callback, [{}]) == ["b-1"]


def test_filepath_changed_to_a_bad_template() -> None:
    callback = ModelCheckpoint("a")
    callback.filepath = "{epoch.__class__}"
    with pytest.raises(ValueError, match="`filepath` has the placeholder"):
        epochs(callback, [{}])


def test_several_fits_with_one_callback() -> None:
    callback = ModelCheckpoint("best.h5", save_best_only=True, save_weights_only=True)
    model = functional()
    fit(model, [callback])
    first = callback.best
    fit(model, [callback], n=2)
    assert callback.best <= first
    assert epochs(callback, losses(callback.best, callback.best - 1)) == ["best.h5"]


# ---------------------------------------------------------------- subclasses


def subclass(**members: Any) -> Any:
    return type("Mine", (ModelCheckpoint,), members)


def _old(self: Any, epoch: int, logs: Any) -> None:
    self.seen.append((epoch, logs))
    ModelCheckpoint._save_model(self, epoch, logs)


def _old_default(self: Any, epoch: int, logs: Any = None) -> None:
    self.seen.append((epoch, logs))
    ModelCheckpoint._save_model(self, epoch=epoch, logs=logs)


def _old_more(self: Any, epoch: int, logs: Any, force: bool = False) -> None:
    assert force is False
    self.seen.append((epoch, logs))
    ModelCheckpoint._save_model(self, epoch, logs=logs)


def _old_keyword_only(self: Any, epoch: int, logs: Any = None, *, force: bool = False) -> None:
    assert force is False
    self.seen.append((epoch, logs))
    ModelCheckpoint._save_model(self, epoch, logs)


def _new(self: Any, epoch: int, batch: Any, logs: Any) -> None:
    self.seen.append((epoch, logs))
    ModelCheckpoint._save_model(self, epoch, batch, logs)


def _new_keywords(self: Any, epoch: int, *, batch: Any = None, logs: Any = None) -> None:
    self.seen.append((epoch, logs))
    ModelCheckpoint._save_model(self, epoch, batch=batch, logs=logs)


def _new_other_order(self: Any, epoch: int, logs: Any = None, batch: Any = None) -> None:
    self.seen.append((epoch, logs))
    ModelCheckpoint._save_model(self, epoch, logs=logs, batch=batch)


def _open(self: Any, *args: Any, **kwargs: Any) -> None:
    values = dict(zip(("epoch", "batch", "logs"), args), **kwargs)
    self.seen.append((values["epoch"], values["logs"]))
    ModelCheckpoint._save_model(self, *args, **kwargs)


def _open_keywords(self: Any, epoch: int, **kwargs: Any) -> None:
    self.seen.append((epoch, kwargs["logs"]))
    ModelCheckpoint._save_model(self, epoch, **kwargs)


SAVES = [_old, _old_default, _old_more, _old_keyword_only, _new, _new_keywords, _new_other_order]
SAVES += [_open, _open_keywords]


@pytest.mark.parametrize("hook", SAVES, ids=lambda hook: hook.__name__)
def test_save_model_in_every_form(hook: Any) -> None:
    kind = subclass(_save_model=hook, seen=[])
    assert epochs(kind("{epoch}", save_best_only=True), losses(2.0, 3.0, 1.0)) == ["1", "3"]
    assert kind.seen == list(enumerate(losses(2.0, 3.0, 1.0)))
    # `{batch}` has its value, whatever the form.
    assert batches(kind("{epoch}-{batch}", save_freq=2), [{}] * 4) == ["1-2", "1-4"]


def test_save_model_of_a_base_or_a_mixin() -> None:
    class Mixin:
        seen: Sequence[Any] = []
        _save_model = _old

    class Mine(Mixin, ModelCheckpoint):  # type: ignore[misc]
        pass

    class Further(Mine):
        pass

    for kind in (Mine, Further):
        assert epochs(kind("{epoch}"), [{}, {}]) == ["1", "2"]


def test_save_model_put_in_later(monkeypatch: Any) -> None:
    kind = subclass(seen=[])
    monkeypatch.setattr(kind, "_save_model", _old)
    assert epochs(kind("{epoch}"), [{}, {}]) == ["1", "2"]


def test_save_model_of_one_callback() -> None:
    callback = ModelCheckpoint("{epoch}")
    seen = []
    callback._save_model = lambda epoch, logs: seen.append((epoch, logs))
    epochs(callback, [{"loss": 1.0}])
    assert seen == [(0, {"loss": 1.0})]


def test_save_model_without_super_compares_as_in_tensorflow_2() -> None:
    class Mine(ModelCheckpoint):
        def _save_model(self, epoch: int, logs: Any) -> None:
            if self.monitor_op(logs["val_acc"], self.best):
                self.best = logs["val_acc"]
                self.model.save(f"mine-{epoch}")

    values = [{"val_acc": value} for value in (0.5, 0.4, 0.6)]
    assert epochs(Mine("x", "val_acc", save_best_only=True), values) == ["mine-0", "mine-2"]


def _path_old(self: Any, epoch: int, logs: Any) -> Any:
    return "sub-" + ModelCheckpoint._get_file_path(self, epoch, logs)


def _path_new(self: Any, epoch: int, batch: Any, logs: Any) -> Any:
    return "sub-" + ModelCheckpoint._get_file_path(self, epoch, batch, logs)


def _path_open(self: Any, *args: Any, **kwargs: Any) -> Any:
    return "sub-" + ModelCheckpoint._get_file_path(self, *args, **kwargs)


@pytest.mark.parametrize("hook", [_path_old, _path_new, _path_open], ids=lambda h: h.__name__)
def test_get_file_path_with_super(hook: Any) -> None:
    kind = subclass(_get_file_path=hook)
    assert epochs(kind("{epoch}-{val_loss}"), losses(2.0)) == ["sub-1-2.0"]
    assert batches(kind("{epoch}-{batch}", save_freq=2), [{}] * 2) == ["sub-1-2"]


def test_get_file_path_without_super() -> None:
    old = subclass(_get_file_path=lambda self, epoch, logs: f"mine-{epoch}")
    new = subclass(_get_file_path=lambda self, epoch, batch, logs: f"mine-{epoch}")
    for kind in (old, new):
        assert epochs(kind("x"), [{}, {}]) == ["mine-0", "mine-1"]


def test_both_forms_at_once() -> None:
    kind = subclass(_save_model=_old, _get_file_path=_path_new, seen=[])
    assert epochs(kind("{epoch}"), [{}]) == ["sub-1"]
    assert batches(kind("{batch}", save_freq=1), [{}]) == ["sub-1"]


def test_should_save_on_batch() -> None:
    kind = subclass(_should_save_on_batch=lambda self, batch: batch in (1, 3))
    assert batches(kind("{batch}", save_freq=100), [{}] * 5) == ["2", "4"]
    further = type("Further", (kind,), {})
    assert batches(further("{batch}", save_freq=100), [{}] * 5) == ["2", "4"]


def test_should_save_on_batch_beside_the_hook_that_asks_it() -> None:
    class Mine(ModelCheckpoint):
        ended = 0

        def _should_save_on_batch(self, batch: int) -> bool:
            return batch in (1, 3)

        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
            self.ended += 1
            super().on_train_batch_end(batch, logs)

    callback = Mine("{batch}", save_freq=100)
    assert batches(callback, [{}] * 5) == ["2", "4"]
    assert callback.ended == 5


def test_should_save_on_batch_with_super() -> None:
    class Mine(ModelCheckpoint):
        def _should_save_on_batch(self, batch: int) -> bool:
            return super()._should_save_on_batch(batch) and batch > 2

    assert batches(Mine("{batch}", save_freq=2), [{}] * 6) == ["4", "6"]


def test_hooks_of_keras() -> None:
    class Mine(ModelCheckpoint):
        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            if epoch > 0:
                super().on_epoch_end(epoch, dict(logs, extra=1))

        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
            super().on_train_batch_end(batch, dict(logs, extra=2))

    assert epochs(Mine("{epoch}-{extra}"), [{}, {}]) == ["2-1"]
    assert batches(Mine("{batch}-{extra}", save_freq=2), [{}] * 2) == ["2-2"]


def test_should_save_model_and_improvement() -> None:
    class Never(ModelCheckpoint):
        def _should_save_model(self, epoch: int, batch: Any, logs: Any, filepath: str) -> bool:
            return epoch == 1

    assert epochs(Never("{epoch}"), [{}, {}, {}]) == ["2"]

    class Margin(ModelCheckpoint):
        def _is_improvement(self, monitor_value: Any, reference_value: Any) -> bool:
            return reference_value is None or monitor_value < reference_value - 1

    callback = Margin("{epoch}", save_best_only=True)
    assert epochs(callback, losses(5.0, 4.5, 3.0)) == ["1", "3"]


def test_subclass_in_a_fit() -> None:
    class Mine(ModelCheckpoint):
        def _save_model(self, epoch: int, logs: Any) -> None:
            super()._save_model(epoch, logs)
            pathlib.Path(f"mark-{epoch}").write_text("{:.3f}".format(logs["val_loss"]))

    history = fit(functional(), [Mine("{epoch}.h5", save_weights_only=True)], n=2).history
    assert saved() == ["1.h5", "2.h5", "mark-0", "mark-1"]
    assert pathlib.Path("mark-1").read_text() == "{:.3f}".format(history["val_loss"][1])


# ---------------------------------------------------------------- subclasses as people wrote them


def test_subclass_that_saves_another_model() -> None:
    """As for models on several GPUs: the one that is saved is not the one that is trained."""
    inner = functional()

    class Alternate(ModelCheckpoint):
        def __init__(self, path: str, alternate: Any, **kwargs: Any) -> None:
            self.alternate = alternate
            super().__init__(path, **kwargs)

        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            before = self.model
            self.model = self.alternate
            super().on_epoch_end(epoch, logs)
            self.model = before

    fit(functional(), [Alternate("{epoch}.h5", inner, save_weights_only=True)])
    other = functional()
    keras_ckpt.load_weights(other, "1.h5")
    assert same_weights(other, inner)


def test_subclass_that_keeps_its_model() -> None:
    inner = functional()

    class Single(ModelCheckpoint):
        def __init__(self, model: Any, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **kwargs)
            self.model = model

        def set_model(self, model: Any) -> None:
            pass

    fit(functional(), [Single(inner, "a.h5", save_weights_only=True)])
    other = functional()
    keras_ckpt.load_weights(other, "a.h5")
    assert same_weights(other, inner)


def test_subclass_that_compares_at_the_end_of_the_epoch() -> None:
    found = []

    class Own(ModelCheckpoint):
        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            self.epochs_since_last_save += 1
            current = logs[self.monitor]
            if self.epochs_since_last_save >= self.period and self.monitor_op(current, self.best):
                found.append(f"{self.best:.1f} to {current:.1f}")
                self.best = current

    epochs(Own("{epoch}.keras", mode="min", save_best_only=True), losses(2.0, 3.0, 1.0))
    epochs(Own("{epoch}.keras", "val_acc", save_best_only=True), [{"val_acc": 0.5}])
    assert found == ["inf to 2.0", "2.0 to 1.0", "-inf to 0.5"]


def test_subclass_that_leaves_out_our_init() -> None:
    class Own(ModelCheckpoint):
        def __init__(self, path: str) -> None:
            super(ModelCheckpoint, self).__init__()
            self.path = path

        def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
            pass

        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            self.model.save_weights(self.path.format(epoch), overwrite=True)

        def on_train_begin(self, logs: Any = None) -> None:
            pass

    assert epochs(Own("{}.h5"), losses(1.0, 2.0)) == ["0.h5", "1.h5"]


def test_subclass_that_monitors_several_metrics() -> None:
    class Several(ModelCheckpoint):
        def __init__(self, path: str, monitors: list[str]) -> None:
            super().__init__(path)
            self.monitor = monitors
            self.bests = dict.fromkeys(monitors, 0.0)

        def _save_model(self, epoch: int, batch: Any, logs: Any) -> None:
            for name in self.monitor:
                if logs[name] > self.bests[name]:
                    self.bests[name] = logs[name]
                    self.model.save(self._get_file_path(epoch, batch, logs) + name)

    logs = [{"p": 0.5, "r": 0.5}, {"p": 0.4, "r": 0.6}]
    assert epochs(Several("{epoch}", ["p", "r"]), logs) == ["1p", "1r", "2r"]


def test_learning_rate_in_the_template() -> None:
    """`ReduceLROnPlateau` put `lr` into the logs; in Keras 3 it puts `learning_rate`."""
    with warned() as found:
        paths = epochs(ModelCheckpoint("{epoch}-{lr:.3f}"), [{"learning_rate": 0.5}])
    assert paths == ["1-0.500"]
    assert texts(found) == [
        "`lr` is not in the logs. `learning_rate` is, and is used in its place."
    ]


def test_period_of_one_is_to_be_left_out() -> None:
    with warned() as found:
        ModelCheckpoint("a.keras", period=1)
    assert ["Leave it out" in text for text in texts(found)] == [True]


def test_get_file_path_by_position_under_any_name() -> None:
    def named(self: Any, epoch: int, step: Any, logs: Any) -> str:
        return f"{epoch}-{step}"

    assert epochs(subclass(_get_file_path=named)("{epoch}"), losses(1.0)) == ["0-None"]


def test_template_of_a_subclass_that_fills_it_itself() -> None:
    def own(self: Any, epoch: int, logs: Any) -> str:
        return str(self.filepath.format(epoch))

    assert epochs(subclass(_get_file_path=own)("w{}.h5"), losses(1.0)) == ["w0.h5"]


def test_period_beside_an_integer_save_freq_has_no_effect() -> None:
    with warned() as found:
        callback = ModelCheckpoint("{batch}", save_freq=2, period=5)
    assert ["it has no effect" in text for text in texts(found)] == [True]
    assert batches(callback, losses(1.0, 1.0, 1.0, 1.0)) == ["2", "4"]


def begin(filepath: Any, **kwargs: Any) -> ModelCheckpoint:
    callback = ModelCheckpoint(filepath, **kwargs)
    callback.set_model(StandIn())
    callback.on_train_begin()
    return callback


def test_the_directory_is_made_and_tried_before_training(tmp_path: pathlib.Path) -> None:
    begin(tmp_path / "deep" / "er" / "w.{epoch}")
    assert (tmp_path / "deep" / "er").is_dir()
    assert os.listdir(tmp_path / "deep" / "er") == []
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(OSError):
        begin(tmp_path / "file" / "w.{epoch}")


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write")
def test_a_directory_that_may_not_be_written(tmp_path: pathlib.Path) -> None:
    (tmp_path / "there").write_text("old")
    tmp_path.chmod(0o500)
    try:
        with pytest.raises(PermissionError):
            begin(tmp_path / "new")
        begin(tmp_path / "there")
    finally:
        tmp_path.chmod(0o700)


@pytest.mark.parametrize("name", ["w.keras", "w.h5", "w.weights.json"])
def test_a_directory_in_the_way_of_a_file(name: str, tmp_path: pathlib.Path) -> None:
    (tmp_path / name).mkdir()
    with pytest.raises(IsADirectoryError):
        begin(tmp_path / name, save_weights_only=name.endswith("json"))


def test_little_space_is_a_warning(tmp_path: pathlib.Path, monkeypatch: Any) -> None:
    if not runtime.is_keras_3():
        pytest.skip("where keras_ckpt writes the files")
    keras = runtime.keras()
    model = keras.Sequential([keras.Input((512,)), keras.layers.Dense(512)])  # 1 MiB
    callback = ModelCheckpoint(tmp_path / "w.keras")
    callback.set_model(model)
    monkeypatch.setattr(commit, "free_space", lambda path: 3 << 20)
    callback.on_train_begin()
    monkeypatch.setattr(commit, "free_space", lambda path: 2 << 20)
    with pytest.warns(UserWarning, match="2 MiB are free, and two checkpoints .* take 2 MiB"):
        callback.on_train_begin()
