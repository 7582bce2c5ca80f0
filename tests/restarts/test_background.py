"""What is saved on background is what the foreground saves; nothing is lost, and nothing unsaid."""

from __future__ import annotations

import copy
import os
import pathlib
import pickle
import signal
import subprocess
import sys
import textwrap
import threading
import time
import warnings
from typing import Any, Callable, Iterator

import numpy as np
import pytest

from keras_ckpt import ModelCheckpoint, formats, runtime
from keras_ckpt.formats.base import Snapshot

if not runtime.is_keras_3():
    pytest.skip("models of Keras 2 are saved by their own methods", allow_module_level=True)

import models
import training
import writer

keras = runtime.keras()

#: Names, and whether they are of weights alone.
KINDS = [
    ("{batch:02d}.weights.h5", True),
    ("{batch:02d}.h5", True),
    ("{batch:02d}", True),
    ("{batch:02d}.weights.json", True),
    ("{batch:02d}.keras", True),
    *[("{batch:02d}" + ending, True) for ending in models.SAFETENSORS + models.ORBAX],
    ("{batch:02d}.keras", False),
    ("{batch:02d}.h5", False),
    *[("{batch:02d}" + ending, False) for ending in models.ORBAX],
]
EACH = pytest.mark.parametrize(("name", "weights_only"), KINDS)
#: One for whole models, one of weights and one of several files.
SOME = pytest.mark.parametrize(
    ("name", "weights_only"), [KINDS[2], KINDS[0], ("{batch}.keras", False)]
)


@pytest.fixture(autouse=True)
def _nothing_stays() -> Iterator[None]:
    before = threading.enumerate()
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="(?s).*with another model")
        yield
    left = [each for each in threading.enumerate() if each not in before]
    assert not [each for each in left if each.name.startswith("keras_ckpt")]


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Has each save take so long before it begins to write."""

    def set_to(seconds: float) -> None:
        write = Snapshot.write

        def slowly(self: Snapshot, path: str, record: Any = None) -> None:
            if threading.current_thread().name.startswith("keras_ckpt"):
                time.sleep(seconds)
            write(self, path, record)

        monkeypatch.setattr(Snapshot, "write", slowly)

    return set_to


@pytest.fixture
def interrupts() -> Iterator[None]:
    """Has Ctrl-C interrupt the tests, also where a shell runs them that lets it not."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture
def failing(monkeypatch: pytest.MonkeyPatch) -> Callable[..., OSError]:
    """Has the saves of some numbers fail, from 0."""

    def set_to(*numbers: int) -> OSError:
        error = OSError(28, "No space left on device")
        is_within: list[bool] = []
        write, count = Snapshot.write, [0]

        def fails(self: Snapshot, path: str, record: Any = None) -> None:
            if not is_within:  # One of the two snapshots that a save is made of.
                count[0] += 1
                if count[0] - 1 in numbers:
                    raise error
            is_within.append(True)
            try:
                write(self, path, record)
            finally:
                is_within.pop()

        monkeypatch.setattr(Snapshot, "write", fails)
        return error

    return set_to


def counting() -> Any:
    """A model of which each weight is the number of the steps that it was trained for."""
    layers = [
        keras.Input((4,)),
        keras.layers.Dense(300, use_bias=False, kernel_initializer="zeros"),
    ]
    made = keras.Sequential(layers)
    made.compile(keras.optimizers.SGD(1.0), loss=lambda y, p: -keras.ops.sum(p, axis=-1))
    return made


def count(model: Any, steps: int, *callbacks: Any, **kwargs: Any) -> None:
    x = np.ones((steps, 4), "float32")
    model.fit(x, x[:, :1], batch_size=1, verbose=0, callbacks=list(callbacks), **kwargs)


def loaded(path: str, weights_only: bool, into: Any) -> list[np.ndarray]:
    if weights_only:
        formats.load_weights(into, path, verbose=0)
    else:
        into = formats.load_model(path, compile="orbax" not in path, verbose=0)
    variables = list(into.variables)
    if not weights_only and "orbax" not in path:
        variables += into.optimizer.variables
    return [runtime.to_numpy(each) for each in variables]


@EACH
def test_the_contents_are_those_of_the_foreground(
    name: str, weights_only: bool, tmp_path: pathlib.Path, slow: Callable[[float], None]
) -> None:
    slow(0.02)  # The model is trained on meanwhile.
    names = [str(tmp_path / each / name) for each in ("here", "there")]
    here, there = (
        ModelCheckpoint(
            path, save_weights_only=weights_only, save_freq=2, save_on_background=path == names[1]
        )
        for path in names
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = training.fit(here, 2, there, batch_size=2).model
    for batch in range(2, 13, 2):
        one, other = (
            loaded(path.format(batch=batch), weights_only, training.model()) for path in names
        )
        assert len(one) == len(other) > 0
        for pair in zip(one, other):
            np.testing.assert_array_equal(*pair)
    records = [[each.step for each in each.checkpoints] for each in (here, there)]
    assert records[0] == records[1] == list(range(14, 25, 2))
    model.evaluate(training.X, training.Y, verbose=0)


@SOME
def test_a_thousand_steps(name: str, weights_only: bool, tmp_path: pathlib.Path) -> None:
    path = str(tmp_path / name)
    kwargs: dict[str, Any] = {"save_weights_only": weights_only, "durable": False}
    made: list[str] = []
    checkpoint = ModelCheckpoint(
        path, save_freq=10, save_on_background=True, on_save=lambda c: made.append(c.path), **kwargs
    )
    count(counting(), 1000, checkpoint)
    assert made == [path.format(batch=batch) for batch in range(10, 1001, 10)]
    into = counting()
    into.optimizer.build(into.trainable_variables)
    for batch, each in zip(range(10, 1001, 10), made):
        assert registry_flaw(each) is None
        if weights_only:
            formats.load_weights(into, each, verbose=0)
        else:
            into = formats.load_model(each, compile=False, verbose=0)
        assert np.unique(runtime.to_numpy(into.weights[0])).tolist() == [batch]


def registry_flaw(path: str) -> str | None:
    from keras_ckpt.formats import registry

    return registry.flaw(path)


def test_the_next_save_waits_and_says_so_once(
    tmp_path: pathlib.Path, slow: Callable[[float], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    from keras_ckpt.restarts import background

    monkeypatch.setattr(background, "_LONG", 0.01)
    slow(0.2)
    most: list[int] = []
    checkpoint = ModelCheckpoint(
        tmp_path / "{batch}.weights.h5",
        save_weights_only=True,
        save_freq=1,
        save_on_background=True,
        on_save=lambda _: most.append(
            sum(each.name.startswith("keras_ckpt") for each in threading.enumerate())
        ),
    )
    with pytest.warns(UserWarning, match="waits for the save of .*1.weights.h5") as caught:
        count(counting(), 4, checkpoint)
    assert len([each for each in caught if "waits for" in str(each.message)]) == 1
    assert most == [1, 1, 1, 1]


def test_memory_is_that_of_the_state_once_and_is_given_back(tmp_path: pathlib.Path) -> None:
    seen: list[int] = []
    checkpoint = ModelCheckpoint(
        tmp_path / "{batch}.keras", save_freq=1, save_on_background=True,
        on_save=lambda _: seen.append(checkpoint._lifecycle.background.memory.nbytes),
    )  # fmt: skip
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(5000)])
    model.compile("adam", "mse")
    x = np.ones((6, 4), "float32")
    model.fit(x, np.ones((6, 5000)), batch_size=1, verbose=0, callbacks=[checkpoint])
    kernels = 3 * 4 * 5000 * 4
    biases = 3 * 5000 * 4
    # On JAX the arrays are held, and nothing is copied.
    expected = 0 if runtime.backend() == "jax" else kernels + biases
    assert seen == [expected] * 6
    assert checkpoint._lifecycle.background.memory.nbytes == 0


# Errors.


def test_an_error_is_raised_in_the_next_hook_as_it_was(
    tmp_path: pathlib.Path, failing: Callable[..., OSError]
) -> None:
    error = failing(1)
    checkpoint = ModelCheckpoint(
        tmp_path / "{epoch}.weights.h5",
        save_weights_only=True,
        save_best_only=True,
        monitor="score",
        mode="max",
        save_on_background=True,
    )
    model = training.model()
    with pytest.raises(OSError) as raised:
        training.fit(checkpoint, 4, training.Scores([1.0, 2.0, 3.0, 4.0]), of=model)
    assert raised.value is error
    assert os.listdir(tmp_path) == ["1.weights.h5"]
    assert checkpoint.best == 1.0, "what was not saved is not the best"
    checkpoint.wait_until_finished()  # It is raised once.
    training.fit(checkpoint, 2, training.Scores([0.5, 2.5]), of=model)
    assert sorted(os.listdir(tmp_path)) == ["1.weights.h5", "2.weights.h5"]
    assert checkpoint.best == 2.5


@pytest.mark.parametrize("where", ["train end", "wait", "next fit"])
def test_an_error_of_the_last_save_is_not_swallowed(
    where: str,
    tmp_path: pathlib.Path,
    failing: Callable[..., OSError],
    slow: Callable[[float], None],
) -> None:
    error = failing(0)
    slow(0.3)
    checkpoint = ModelCheckpoint(tmp_path / "m.keras", save_on_background=True)
    model = training.model()
    with pytest.raises(OSError) as raised:
        if where == "train end":
            training.fit(checkpoint, 1, of=model)
        else:
            with pytest.raises(RuntimeError, match="of the user"):
                training.fit(checkpoint, 2, Raising(), of=model)
            if where == "wait":
                checkpoint.wait_until_finished()
            training.fit(checkpoint, 1, of=model)
    assert raised.value is error


class Raising(keras.callbacks.Callback):  # type: ignore[misc]
    """Raises as the second epoch begins."""

    def __init__(self, error: BaseException | None = None) -> None:
        super().__init__()
        self.error = error or RuntimeError("of the user")

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        if epoch == 1:
            raise self.error


@pytest.mark.parametrize("error", [RuntimeError("of the user"), KeyboardInterrupt()])
def test_what_was_under_way_when_fit_raised_is_saved(
    error: BaseException, tmp_path: pathlib.Path, slow: Callable[[float], None]
) -> None:
    slow(0.3)
    checkpoint = ModelCheckpoint(tmp_path / "{epoch}.keras", save_on_background=True)
    with pytest.raises(type(error)):
        training.fit(checkpoint, 2, Raising(error))
    assert os.listdir(tmp_path) == [] or runtime.backend() == "torch"
    # To ask is to wait.
    assert checkpoint.latest_checkpoint == str(tmp_path / "1.keras")
    formats.load_model(tmp_path / "1.keras", verbose=0)


def test_saving_on_exception_waits_for_what_is_under_way(
    tmp_path: pathlib.Path, slow: Callable[[float], None], failing: Callable[..., OSError]
) -> None:
    failing(0)
    slow(0.1)
    checkpoint = ModelCheckpoint(tmp_path / "{epoch}.keras", save_on_background=True)
    with pytest.raises(RuntimeError, match="of the user"), pytest.warns(
        UserWarning, match="could not be saved on background: .*No space left"
    ), checkpoint.saving_on_exception():
        training.fit(checkpoint, 2, Raising())
    assert os.listdir(tmp_path) == ["1.keras"]
    checkpoint.wait_until_finished()


def test_an_interrupt_while_the_next_save_waits(
    tmp_path: pathlib.Path, slow: Callable[[float], None], interrupts: None
) -> None:
    slow(0.5)
    checkpoint = ModelCheckpoint(
        tmp_path / "{batch}.weights.h5",
        save_weights_only=True,
        save_freq=1,
        save_on_background=True,
    )
    timer = threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGINT))

    class Starts(keras.callbacks.Callback):  # type: ignore[misc]
        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
            if batch == 0:
                timer.start()

    with pytest.raises(KeyboardInterrupt):
        count(counting(), 4, checkpoint, Starts())
    checkpoint.wait_until_finished()
    assert os.listdir(tmp_path) == ["1.weights.h5"]
    assert checkpoint._lifecycle.epoch == 0


@EACH
def test_a_full_disk_while_the_model_trains(
    name: str, weights_only: bool, tmp_path: pathlib.Path
) -> None:
    path = str(tmp_path / name.format(batch=1))
    checkpoint = ModelCheckpoint(path, save_weights_only=weights_only, save_on_background=True)
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(400), keras.layers.Dense(1)])
    model.compile("adam", "mse")
    training.fit(checkpoint, 1, of=model)
    before = sorted(os.listdir(tmp_path))
    saved = [np.array(each) for each in model.get_weights()]
    size = 500 if "orbax" in path else 4000
    with pytest.raises(OSError), writer.limited(size):
        training.fit(checkpoint, 2, of=model)
    assert sorted(os.listdir(tmp_path)) == before
    if weights_only:
        formats.load_weights(model, path, verbose=0)
        found = model
    else:
        found = formats.load_model(path, compile=False, verbose=0)
    for pair in zip(saved, found.get_weights()):
        np.testing.assert_array_equal(*pair)
    training.fit(checkpoint, 1, of=model)


# `on_save`.


@pytest.mark.parametrize("on_background", [False, True])
def test_on_save_comes_after_the_links_and_the_deletes(
    on_background: bool, tmp_path: pathlib.Path
) -> None:
    seen: list[tuple[str, list[str], str]] = []

    def note(saved: Any) -> None:
        there = sorted(os.path.basename(each) for each in os.listdir(tmp_path))
        seen.append((os.path.basename(saved.path), there, os.readlink(tmp_path / "last.keras")))
        assert saved.complete and saved.size == os.path.getsize(saved.path)
        assert saved.kept_by == ("newest", "max_to_keep")
        assert (saved.epoch, saved.step) == (len(seen), 3 * len(seen))

    checkpoint = ModelCheckpoint(
        tmp_path / "{epoch}.keras",
        max_to_keep=1,
        link_latest=tmp_path / "last.keras",
        save_on_background=on_background,
        on_save=note,
    )
    training.fit(checkpoint, 3)
    assert seen == [
        (f"{epoch}.keras", [f"{epoch}.keras", "last.keras"], f"{epoch}.keras")
        for epoch in (1, 2, 3)
    ]


@pytest.mark.parametrize("on_background", [False, True])
def test_what_on_save_raises_is_raised_and_the_checkpoint_stays(
    on_background: bool, tmp_path: pathlib.Path
) -> None:
    error = RuntimeError("the upload failed")

    def fails(saved: Any) -> None:
        raise error

    checkpoint = ModelCheckpoint(
        tmp_path / "m.keras",
        monitor="loss",
        save_best_only=True,
        save_on_background=on_background,
        on_save=fails,
    )
    with pytest.raises(RuntimeError) as raised:
        training.fit(checkpoint, 3)
    assert raised.value is error
    assert os.listdir(tmp_path) == ["m.keras"]
    assert np.isfinite(checkpoint.best), "it has been saved"


@pytest.mark.parametrize("on_background", [False, True])
def test_on_save_is_for_nothing_that_was_not_saved(
    on_background: bool, tmp_path: pathlib.Path, failing: Callable[..., OSError]
) -> None:
    failing(1)
    made: list[int] = []
    checkpoint = ModelCheckpoint(
        tmp_path / "m.keras",
        monitor="score",
        mode="max",
        save_best_only=True,
        save_on_background=on_background,
        on_save=lambda saved: made.append(saved.epoch),
    )
    with pytest.raises(OSError):
        training.fit(checkpoint, 4, training.Scores([1.0, 0.5, 2.0, 3.0]))
    assert made == [1]


def test_on_save_may_ask_the_callback(tmp_path: pathlib.Path) -> None:
    made: list[Any] = []

    def ask(saved: Any) -> None:
        checkpoint.wait_until_finished()
        made.append((checkpoint.latest_checkpoint, copy.copy(saved).path))

    checkpoint = ModelCheckpoint(tmp_path / "{epoch}.keras", save_on_background=True, on_save=ask)
    training.fit(checkpoint, 2)
    assert made == [(str(tmp_path / f"{epoch}.keras"),) * 2 for epoch in (1, 2)]


def test_on_save_of_a_model_that_saves_itself(tmp_path: pathlib.Path) -> None:
    class Own(keras.Sequential):  # type: ignore[misc]
        def save_weights(self, filepath: str, *args: Any, **kwargs: Any) -> None:
            pathlib.Path(filepath).write_text("mine")

    model = Own([keras.Input((4,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    made: list[tuple[str, int]] = []
    checkpoint = ModelCheckpoint(
        tmp_path / "{epoch}.weights.h5",
        save_weights_only=True,
        save_on_background=True,
        on_save=lambda saved: made.append((os.path.basename(saved.path), saved.epoch)),
    )
    with pytest.warns(UserWarning, match="has a method of its own"):
        training.fit(checkpoint, 2, of=model)
    assert made == [("1.weights.h5", 1), ("2.weights.h5", 2)]


# With the other arguments.


def test_resume_retention_and_the_best_weights(
    tmp_path: pathlib.Path, slow: Callable[[float], None]
) -> None:
    slow(0.02)

    def callback() -> ModelCheckpoint:
        return ModelCheckpoint(
            tmp_path / "{epoch:02d}.keras",
            monitor="score",
            mode="max",
            resume=True,
            max_to_keep=1,
            keep_best_n=1,
            link_best=tmp_path / "best.keras",
            restore_best_weights=True,
            save_on_background=True,
        )

    scores = [3.0, 1.0, 2.0, 9.0, 4.0]
    training.fit(callback(), 3, training.Scores(scores))
    assert sorted(os.listdir(tmp_path)) == ["01.keras", "03.keras", "best.keras"]
    seen = training.fit(callback(), 5, training.Scores(scores))
    assert seen.epochs == [4, 5]
    assert sorted(os.listdir(tmp_path)) == [
        "03.keras",  # The one resumed from.
        "04.keras",
        "05.keras",
        "best.keras",
    ]
    best = formats.load_model(tmp_path / "best.keras", verbose=0)
    for pair in zip(best.get_weights(), seen.model.get_weights()):
        np.testing.assert_array_equal(*pair)


def test_a_signal_saves_what_it_comes_in_after_what_is_under_way(
    tmp_path: pathlib.Path, slow: Callable[[float], None]
) -> None:
    slow(0.2)
    received: list[int] = []
    before = signal.signal(signal.SIGTERM, lambda number, _: received.append(number))

    class Terminates(keras.callbacks.Callback):  # type: ignore[misc]
        def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
            if batch == 2:
                os.kill(os.getpid(), signal.SIGTERM)

    try:
        checkpoint = ModelCheckpoint(
            tmp_path / "{epoch}-{batch}.keras",
            save_freq=2,
            save_on_background=True,
            save_before_preemption=True,
        )
        training.fit(checkpoint, 2, Terminates())
    finally:
        signal.signal(signal.SIGTERM, before)
    assert received == [signal.SIGTERM]
    assert [os.path.basename(each.path) for each in checkpoint.checkpoints] == [
        "1-2.keras",
        "1-3.keras",
    ]


@pytest.mark.parametrize("how", [copy.deepcopy, lambda each: pickle.loads(pickle.dumps(each))])
def test_a_copy_waits_first(
    how: Callable[[Any], Any], tmp_path: pathlib.Path, slow: Callable[[float], None]
) -> None:
    slow(0.3)
    checkpoint = ModelCheckpoint(tmp_path / "{epoch}.keras", save_on_background=True)
    with pytest.raises(RuntimeError, match="of the user"):
        training.fit(checkpoint, 2, Raising())
    checkpoint.set_model(None)
    again = how(checkpoint)
    assert os.listdir(tmp_path) == ["1.keras"]
    assert again._lifecycle.latest == checkpoint._lifecycle.latest == str(tmp_path / "1.keras")
    training.fit(again, 1)
    assert again.latest_checkpoint == str(tmp_path / "1.keras")


def test_the_message_of_the_end_comes_after_the_save(
    tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str], slow: Callable[[float], None]
) -> None:
    slow(0.2)
    there: list[bool] = []
    path = tmp_path / "m.keras"

    class Looks(keras.callbacks.Callback):  # type: ignore[misc]
        def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
            there.append("finished saving" not in capsys.readouterr().out or path.exists())

    checkpoint = ModelCheckpoint(path, verbose=1, save_on_background=True)
    training.fit(checkpoint, 2, Looks())
    assert all(there)
    assert "Epoch 2: finished saving model to" in capsys.readouterr().out


# What is refused.


def test_what_cannot_be_saved_on_background_is_refused(tmp_path: pathlib.Path) -> None:
    with pytest.raises(ValueError, match="(?s)SavedModel is made by TensorFlow.*ends in .keras"):
        ModelCheckpoint(tmp_path / "sm", save_on_background=True)
    late = ModelCheckpoint(None, save_on_background=True)
    late.filepath = str(tmp_path / "sm")
    with pytest.raises(ValueError, match="SavedModel is made by TensorFlow"):
        training.fit(late, 1)
    with pytest.raises(ValueError, match="save_on_background"):
        ModelCheckpoint("m.keras", save_on_background="yes")
    with pytest.raises(TypeError, match="`on_save` must be a function"):
        ModelCheckpoint("m.keras", on_save=3)


def test_who_does_not_use_it_gets_no_thread(tmp_path: pathlib.Path) -> None:
    checkpoint = ModelCheckpoint(tmp_path / "m.keras")
    before = threading.active_count()
    training.fit(checkpoint, 1)
    assert checkpoint._lifecycle.background is None
    assert threading.active_count() <= before
    checkpoint.wait_until_finished()


# The end of the program.

PROGRAM = """
import sys, time
import numpy as np
import training
from keras_ckpt import ModelCheckpoint
from keras_ckpt.formats.base import Snapshot

write = Snapshot.write
def slowly(self, path, record=None):
    time.sleep(0.5)
    if "{end}" == "failing":
        raise OSError(28, "No space left on device")
    write(self, path, record)
Snapshot.write = slowly

checkpoint = ModelCheckpoint({path!r}, save_weights_only={weights_only}, save_on_background=True)
model = training.model()
checkpoint.set_model(model)
checkpoint.on_train_begin()
checkpoint.on_epoch_begin(0)
model.optimizer.build(model.trainable_variables)
checkpoint.on_epoch_end(0, {{"loss": 1.0}})
if "{end}" == "raising":
    raise RuntimeError("of the user")
if "{end}" == "interrupted":
    raise KeyboardInterrupt()
if "{end}" == "exit":
    sys.exit(3)
"""


@pytest.mark.parametrize(
    ("end", "name", "weights_only"),
    [
        ("raising", "m.keras", False),
        ("exit", "w.weights.h5", True),
        ("interrupted", "cp", True),
        ("failing", "m.keras", False),
        *[("raising", "m" + ending, False) for ending in models.ORBAX],
    ],
)
def test_the_program_ends_after_its_saves(
    end: str, name: str, weights_only: bool, tmp_path: pathlib.Path
) -> None:
    path = str(tmp_path / name)
    program = textwrap.dedent(PROGRAM).format(end=end, path=path, weights_only=weights_only)
    environment = dict(os.environ, PYTHONPATH=os.pathsep.join(sys.path))
    done = subprocess.run(
        [sys.executable, "-c", program], env=environment, stderr=subprocess.PIPE, timeout=300
    )
    errors = done.stderr.decode()
    if end == "failing":
        assert f"{path} could not be saved on background" in errors
        assert "OSError: [Errno 28] No space left on device" in errors
        assert os.listdir(tmp_path) == []
        return
    assert done.returncode == {"raising": 1, "exit": 3}.get(end, done.returncode) != 0, errors
    if end == "raising":
        assert "RuntimeError: of the user" in errors
    assert "could not be saved" not in errors
    assert loaded(path, weights_only, training.model())


@SOME
def test_a_program_that_changes_its_directory_meanwhile(
    name: str,
    weights_only: bool,
    slow: Callable[[float], None],
    tmp_path: pathlib.Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    slow(0.2)
    here, elsewhere = tmp_path / "here", tmp_path / "elsewhere"
    for each in (here, elsewhere):
        each.mkdir()
    monkeypatch.chdir(here)

    class Leaving(keras.callbacks.Callback):  # type: ignore[misc]
        returns = True

        def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
            if self.returns:
                os.chdir(here)

        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            if epoch < 2:
                os.chdir(elsewhere)

    name = name.replace("batch", "epoch")
    saving = ModelCheckpoint(
        name, save_weights_only=weights_only, save_on_background=True, max_to_keep=1, verbose=0
    )
    model, leaving = training.model(), Leaving()
    x, y = training.X, training.Y
    model.fit(x, y, epochs=3, verbose=0, callbacks=[saving, leaving])
    assert os.listdir(elsewhere) == []
    assert [each.epoch for each in saving.checkpoints] == [3]

    leaving.returns = False
    with pytest.warns(UserWarning, match="has changed its working directory"):
        model.fit(x, y, epochs=6, initial_epoch=1, verbose=0, callbacks=[saving, leaving])
    os.chdir(here)
    assert loaded(name.format(epoch=2), weights_only, training.model())
