"""Checkpoints in a bucket: all that can be done on a disk, with a server that breaks."""

from __future__ import annotations

import os
import pathlib
import signal
import subprocess
import sys
import uuid
from typing import Any, Iterator

import numpy as np
import pytest
import training
from object_store import BUCKET, Store, forget, server

import keras_ckpt
from keras_ckpt import ModelCheckpoint, runtime
from keras_ckpt.cli import main
from keras_ckpt.formats import verification

pytestmark = pytest.mark.skipif(not runtime.is_keras_3(), reason="the records are of Keras 3")


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    yield from server()


@pytest.fixture
def store(address: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    made = Store(address, monkeypatch, uuid.uuid4().hex)
    yield made
    made.close()


def run(*words: str) -> tuple[int, str]:
    """Returns the exit code and the output of the command line."""
    testing = pytest.importorskip("click.testing")
    found = testing.CliRunner().invoke(main, words)
    return found.exit_code, found.output


def same(one: list[np.ndarray], other: list[np.ndarray]) -> bool:
    return all(np.array_equal(a, b) for a, b in zip(one, other))


def values(model: Any) -> list[np.ndarray]:
    return [runtime.to_numpy(each) for each in model.weights]


@pytest.mark.parametrize(("name", "weights"), training.FORMATS)
def test_all_that_can_be_done_on_a_disk(
    name: str, weights: bool, store: Store, tmp_path: pathlib.Path
) -> None:
    template = f"{store.url}/{name}"
    arguments: Any = {"monitor": "loss", "save_weights_only": weights, "max_to_keep": 2}
    model = training.model()
    first = ModelCheckpoint(template, **arguments)
    training.fit(first, 3, of=model)
    paths = [template.format(epoch=epoch) for epoch in (2, 3)]

    # Retention, and the listing.
    assert [each.path for each in first.checkpoints] == paths
    assert all(each.complete and each.size for each in first.checkpoints)
    assert first.latest_checkpoint == first.best_checkpoint == paths[-1]
    assert keras_ckpt.latest_checkpoint(template) == paths[-1]
    directory = os.path.dirname(template)
    assert keras_ckpt.best_checkpoint(directory) == paths[-1]

    # Reading.
    trained = values(model)
    other = training.model()
    keras_ckpt.load_weights(other, paths[-1])
    assert same(values(other), trained)
    if not weights:
        assert same(values(keras_ckpt.load_model(paths[-1])), trained)
    found = keras_ckpt.inspect(paths[-1])
    assert found.path == paths[-1] and found.record is not None and found.record.epoch == 3
    assert [(each.path, each.flaw) for each in verification.verify(directory)] == [
        (path, None) for path in paths
    ]
    code, output = run("list", template)
    assert code == 0 and paths[0] in output and paths[1] in output
    assert run("verify", directory)[0] == run("inspect", paths[1])[0] == 0

    # Going on.
    second = ModelCheckpoint(template, resume=True, **arguments)
    seen = training.fit(second, 4)
    assert seen.epochs == [4]
    assert same(seen.states[0][: len(trained)], trained)
    paths = [template.format(epoch=epoch) for epoch in (3, 4)]
    assert [each.path for each in second.checkpoints] == paths

    # Another format, from there and to there.
    local = str(tmp_path / "local.weights.h5")
    keras_ckpt.convert(paths[-1], local, other)
    keras_ckpt.convert(local, f"{store.url}/back.weights.h5", training.model())
    keras_ckpt.load_weights(other, f"{store.url}/back.weights.h5")
    assert same(values(other), values(seen.model))

    # One in the place of another.
    other.set_weights([each + 1 for each in trained])
    save = keras_ckpt.save_weights if weights else keras_ckpt.save_model
    save(other, paths[-1])
    keras_ckpt.load_weights(model, paths[-1])
    assert same(values(model), values(other))

    code, output = run("prune", template, "--max-to-keep", "1", "--write")
    assert code == 0 and keras_ckpt.latest_checkpoint(template) == paths[-1]
    assert not [name for name in store.names() if ".keras_ckpt-" in name]


def small(store: Store, name: str = "w.weights.h5") -> tuple[Any, str]:
    model = training.model()
    path = f"{store.url}/{name}"
    keras_ckpt.save_weights(model, path)
    return model, path


@pytest.mark.parametrize("fault", ["500", "503", "reset", "slow", "cut"])
@pytest.mark.parametrize("method", ["PUT", "GET", "HEAD"])
def test_a_fault_that_passes(fault: str, method: str, store: Store) -> None:
    model, path = small(store)
    model.set_weights([each + 1 for each in values(model)])
    store.proxy.break_once(fault, method)
    keras_ckpt.save_weights(model, path)
    other = training.model()
    keras_ckpt.load_weights(other, path)
    assert same(values(other), values(model))


@pytest.mark.parametrize("fault", ["500", "reset", "cut"])
def test_a_fault_that_stays(fault: str, store: Store) -> None:
    model, path = small(store)
    before = values(model)
    model.set_weights([each + 1 for each in before])
    store.proxy.plan = lambda method, _: fault if method in ("PUT", "POST") else None
    with pytest.raises(OSError, match="cannot be reached") as caught:
        keras_ckpt.save_weights(model, path)
    assert path in str(caught.value)
    store.proxy.mend()
    keras_ckpt.load_weights(model, path)
    assert same(values(model), before)
    assert store.names() == ["w.weights.h5"]


def test_a_place_that_does_not_answer_is_not_taken_for_an_empty_one(store: Store) -> None:
    template = store.url + "/w.{epoch}.weights.h5"
    training.fit(ModelCheckpoint(template, save_weights_only=True), 1)
    store.proxy.plan = lambda method, _: "500" if method in ("GET", "HEAD") else None
    for ask in (keras_ckpt.latest_checkpoint, keras_ckpt.checkpoints, keras_ckpt.best_checkpoint):
        with pytest.raises(OSError, match="cannot be reached"):
            ask(template)
    with pytest.raises(OSError, match="cannot be reached"):
        training.fit(ModelCheckpoint(template, save_weights_only=True, resume=True), 2)


def test_wrong_credentials(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    model, path = small(store)
    store.ask("/moto-api/reset-auth", b"0")
    try:
        with pytest.raises(PermissionError, match="InvalidAccessKeyId") as caught:
            keras_ckpt.save_weights(model, path)
        assert "AWS_ACCESS_KEY_ID" in str(caught.value) and path in str(caught.value)
        checkpoint = ModelCheckpoint(store.url + "/{epoch}.keras", resume=True)
        seen = training.Seen()
        with pytest.raises(PermissionError):
            training.fit(checkpoint, 1, seen)
        assert not seen.epochs  # Before anything is trained.
    finally:
        store.ask("/moto-api/reset-auth", b"inf")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    forget()
    with pytest.raises(PermissionError, match="credentials"):
        keras_ckpt.load_weights(model, path)


def test_a_bucket_that_is_gone(store: Store) -> None:
    checkpoint = ModelCheckpoint(f"s3://{uuid.uuid4().hex}/" + "{epoch}.keras")
    seen = training.Seen()
    with pytest.raises(FileNotFoundError, match="bucket does not exist"):
        training.fit(checkpoint, 1, seen)
    assert not seen.epochs
    model = training.model()
    with pytest.raises(FileNotFoundError):
        keras_ckpt.load_weights(model, f"s3://{uuid.uuid4().hex}/w.weights.h5")


_JOB = """
import sys
import numpy as np
import training
from keras_ckpt import ModelCheckpoint
keras = training.keras
model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(400_000)])
model.set_weights([np.full_like(each, float(sys.argv[2])) for each in model.get_weights()])
import keras_ckpt
keras_ckpt.save_weights(model, sys.argv[1])
"""


@pytest.mark.parametrize("name", ["w.weights.h5", "cp"])
def test_killed_in_the_middle_of_an_upload(name: str, store: Store) -> None:
    model, path = small(store, name)
    before = values(model)
    store.proxy.plan = lambda method, _: "stall" if method in ("PUT", "POST") else None
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    job = subprocess.Popen([sys.executable, "-c", _JOB, path, "2"], env=environment)
    assert store.proxy.stalled.wait(120)
    os.kill(job.pid, signal.SIGKILL)
    assert job.wait() == -signal.SIGKILL
    store.proxy.mend()
    keras_ckpt.load_weights(model, path)
    assert same(values(model), before)


def test_the_bucket_itself_is_none_of_the_users_files(store: Store) -> None:
    assert store.system.exists(BUCKET)
    with pytest.raises(OSError):
        keras_ckpt.save_weights(training.model(), f"s3://{BUCKET}")
