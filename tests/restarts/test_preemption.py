"""Signals: what was trained is saved, and the program ends as it would have ended."""

from __future__ import annotations

import os
import pathlib
import signal
import subprocess
import sys
import threading
from typing import Any

import pytest
import training
from training import Scores, fit

import keras_ckpt
from keras_ckpt import ModelCheckpoint, runtime

pytestmark = pytest.mark.skipif(
    not runtime.is_keras_3() or os.name == "nt", reason="records are of Keras 3"
)


@pytest.fixture(autouse=True)
def _here(tmp_path: pathlib.Path, monkeypatch: Any) -> None:
    monkeypatch.chdir(tmp_path)


class Kill(training.keras.callbacks.Callback):  # type: ignore[misc]
    """Sends a signal to its own process, at one of the hooks."""

    def __init__(self, number: int = signal.SIGTERM, hook: str = "batch", epoch: int = 1) -> None:
        super().__init__()
        self.number, self.hook, self.epoch, self.now = number, hook, epoch, -1

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self.now = epoch

    def _kill(self, hook: str) -> None:
        if hook == self.hook and self.now == self.epoch:
            os.kill(os.getpid(), self.number)
            self.hook = ""

    def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
        if batch == 1:
            self._kill("batch")

    def on_test_batch_begin(self, batch: int, logs: Any = None) -> None:
        self._kill("validation")

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        self._kill("epoch")


@pytest.fixture
def received(request: Any) -> Any:
    """The signals that reach the program's own handler."""
    seen: list[int] = []
    before = signal.signal(signal.SIGTERM, lambda number, frame: seen.append(number))
    yield seen
    assert signal.getsignal(signal.SIGTERM) is not None
    signal.signal(signal.SIGTERM, before)


@pytest.mark.parametrize(
    ("hook", "finished"), [("batch", (1, 2)), ("validation", (1, 3)), ("epoch", (2, None))]
)
def test_it_saves_and_gives_the_signal_on(hook: str, finished: Any, received: list[int]) -> None:
    checkpoint = ModelCheckpoint("{epoch}.keras", save_before_preemption=True)
    handler = signal.getsignal(signal.SIGTERM)
    validation = (training.X, training.Y)
    seen = fit(checkpoint, 5, Kill(hook=hook), validation_data=validation)
    assert received == [signal.SIGTERM]
    assert signal.getsignal(signal.SIGTERM) is handler
    assert seen.epochs == [1, 2]
    record = keras_ckpt.inspect("2.keras").record
    assert record is not None
    # Keras ends the epoch that was cut, as the handler lets it: that is no save.
    assert (record.epoch, record.batch) == finished


def test_the_handler_is_not_there_after_training(received: list[int]) -> None:
    handler = signal.getsignal(signal.SIGTERM)
    fit(ModelCheckpoint("{epoch}.keras", save_before_preemption=True), 1)
    assert signal.getsignal(signal.SIGTERM) is handler


def test_after_a_fit_that_raised_the_signal_goes_through(received: list[int]) -> None:
    class Fails(training.keras.callbacks.Callback):  # type: ignore[misc]
        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fit(ModelCheckpoint("{epoch}.keras", save_before_preemption=True), 1, Fails())
    os.kill(os.getpid(), signal.SIGTERM)
    assert received == [signal.SIGTERM]


def test_another_signal(received: list[int]) -> None:
    seen: list[int] = []
    before = signal.signal(signal.SIGUSR1, lambda number, frame: seen.append(number))
    try:
        checkpoint = ModelCheckpoint("{epoch}.keras", save_before_preemption=(signal.SIGUSR1,))
        fit(checkpoint, 5, Kill(signal.SIGUSR1))
    finally:
        signal.signal(signal.SIGUSR1, before)
    assert seen == [signal.SIGUSR1]
    assert received == []


def test_the_best_model_is_not_overwritten(received: list[int]) -> None:
    checkpoint = ModelCheckpoint(
        "best.keras", "score", save_best_only=True, mode="min", save_before_preemption=True
    )
    fit(checkpoint, 2, Scores([1.0, 2.0]), Kill())
    record = keras_ckpt.inspect("best.preemption.keras").record
    assert record is not None
    assert (record.epoch, record.batch, record.best) == (1, 2, 1.0)
    again = ModelCheckpoint("best.keras", "score", save_best_only=True, mode="min", resume=True)
    assert fit(again, 3, Scores([1.0, 2.0, 3.0])).epochs == [2, 3]
    assert again.best == 1.0


def test_in_another_thread_it_says_that_it_has_no_effect() -> None:
    said: list[str] = []

    def train() -> None:
        with pytest.warns(UserWarning, match="has no effect") as seen:
            fit(ModelCheckpoint("{epoch}.keras", save_before_preemption=True), 1)
        said.extend(str(each.message) for each in seen)

    thread = threading.Thread(target=train)
    thread.start()
    thread.join()
    assert said


SCRIPT = """
import os, signal, sys
import training
from test_preemption import Kill
from keras_ckpt import ModelCheckpoint
{before}
checkpoint = ModelCheckpoint("{{epoch}}.keras", save_before_preemption=True)
training.fit(checkpoint, 5, Kill())
print("ended")
"""


@pytest.mark.parametrize(
    ("before", "code", "ended"),
    [
        ("", -signal.SIGTERM, False),
        ("signal.signal(signal.SIGTERM, lambda *args: sys.exit(7))", 7, False),
        ("signal.signal(signal.SIGTERM, signal.SIG_IGN)", 0, True),
    ],
)
def test_the_exit_code_is_what_it_would_have_been(before: str, code: int, ended: bool) -> None:
    here = pathlib.Path(__file__).resolve().parent
    paths = [str(here), str(here.parent / "tools"), os.environ.get("PYTHONPATH", "")]
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT.format(before=before)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
        capture_output=True,
    )
    assert done.returncode == code, done.stderr[-2000:]
    assert (b"ended" in done.stdout) is ended
    assert [each.path for each in keras_ckpt.checkpoints("{epoch}.keras")] == ["1.keras", "2.keras"]
