"""Who saves, as far as it shows without a cluster: strategies that tell of one."""

from __future__ import annotations

import os
import pathlib
from typing import Any

import pytest
from helpers import KERAS_3, StandIn, epochs, fit, functional, same_weights

import keras_ckpt
from keras_ckpt import ModelCheckpoint, compat, runtime


class Extended:
    """What a strategy knows of its worker."""

    _task_id = 3

    def __init__(self, several: bool, chief: bool) -> None:
        self.several = several
        self.should_checkpoint = chief

    def _in_multi_worker_mode(self) -> bool:
        return self.several


class Strategy:
    def __init__(self, several: bool = True, chief: bool = False) -> None:
        self.extended = Extended(several, chief)


class Worker(StandIn):
    """A stand-in that one of several workers trains, and that writes a file."""

    def __init__(self, strategy: Any) -> None:
        super().__init__()
        self.distribute_strategy = strategy

    def save(self, path: Any, **kwargs: Any) -> None:
        super().save(path, **kwargs)
        with open(path, "w") as file:
            file.write("saved")


BY_STRATEGY = ["2.3", "2.9", "2.15", None]


def _class(version: Any) -> Any:
    return ModelCheckpoint if version is None else compat.for_version(version)


@pytest.fixture(autouse=True)
def _in_an_empty_directory(tmp_path: pathlib.Path, monkeypatch: Any) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("version", BY_STRATEGY)
@pytest.mark.parametrize("directory", ["", "to"])
def test_extra_worker_writes_where_it_is_removed(version: Any, directory: str) -> None:
    if directory:
        os.mkdir(directory)
    worker = Worker(Strategy())
    path = os.path.join(directory, "a-{epoch}.h5")
    epochs(_class(version)(path), [{}, {}], worker)
    expected = os.path.join(directory, "workertemp_3")
    assert worker.paths == [os.path.join(expected, f"a-{n}.h5") for n in (1, 2)]
    assert os.listdir(directory or ".") == []


@pytest.mark.parametrize("version", BY_STRATEGY)
@pytest.mark.parametrize(("several", "chief"), [(True, True), (False, False), (False, True)])
def test_chief_and_single_workers_write_where_they_are_told(
    version: Any, several: bool, chief: bool
) -> None:
    worker = Worker(Strategy(several, chief))
    epochs(_class(version)("a-{epoch}.h5"), [{}], worker)
    assert worker.paths == ["a-1.h5"]
    assert os.listdir(".") == ["a-1.h5"]


def test_strategy_that_knows_nothing_of_workers() -> None:
    worker = Worker(object())
    epochs(ModelCheckpoint("a.h5"), [{}], worker)
    assert worker.paths == ["a.h5"]


@pytest.mark.skipif(not KERAS_3, reason="Keras 2 has a strategy of its own in each model")
def test_extra_worker_with_a_real_model(monkeypatch: Any) -> None:
    if runtime.backend() != "tensorflow":
        pytest.skip("the strategies are TensorFlow's")
    tensorflow = runtime.tensorflow()
    monkeypatch.setattr(tensorflow.distribute, "get_strategy", Strategy)
    model = functional()
    callback = ModelCheckpoint("a.h5", save_weights_only=True)
    epochs(callback, [{}], model)
    assert os.listdir(".") == []


@pytest.mark.parametrize("version", ["2.0", "2.1", "2.2"])
def test_single_worker_of_the_first_releases(version: str, monkeypatch: Any) -> None:
    monkeypatch.delenv("TF_CONFIG", raising=False)
    model = functional()
    callback = compat.for_version(version)("a-{epoch}.h5", save_weights_only=True)
    fit(model, [callback], n=2)
    assert sorted(os.listdir(".")) == ["a-1.h5", "a-2.h5"]
    other = functional()
    keras_ckpt.load_weights(other, "a-2.h5")
    assert same_weights(model, other)


def test_tf_2_0_asks_the_environment(monkeypatch: Any) -> None:
    from keras_ckpt.engine.workers import WORKERS

    by_environment = WORKERS["environment"]
    for config, several in (
        (None, False),
        ("{}", False),
        ('{"cluster": {"worker": ["a:1", "b:1"]}}', True),
        ('{"cluster": {"master": ["a:1"]}}', False),
        ('{"task": {"index": 0}}', True),
    ):
        if config is None:
            monkeypatch.delenv("TF_CONFIG", raising=False)
        else:
            monkeypatch.setenv("TF_CONFIG", config)
        assert by_environment.several(None) is several  # type: ignore[attr-defined]


def test_keras_3_tells_no_worker_from_another() -> None:
    worker = Worker(Strategy())
    epochs(compat.for_version("3.15")("a.h5"), [{}], worker)
    assert worker.paths == ["a.h5"]
