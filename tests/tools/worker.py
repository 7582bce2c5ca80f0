"""One process of a distributed training: fits small models, and writes down what it observes.

`test_distribution.py` runs it: `python worker.py JOB.json`. The job is plain data: the runs that
this process makes; the ports of the workers and its own index, or none for a single process with
two logical CPUs; and the file that the observations go to.
"""

from __future__ import annotations

import atexit
import contextlib
import functools
import glob
import io
import json
import os
import re
import sys
import time
import traceback
from typing import Any, Callable, Iterator
from unittest import mock

import numpy as np
import recorder
from contents import contents

import keras_ckpt
from keras_ckpt import compat
from keras_ckpt.formats import api, base

#: How long a worker waits for the others between runs, in seconds.
PATIENCE = 180.0


def main(path: str) -> None:
    with open(path) as file:
        job = json.load(file)
    strategy = _cluster(job["ports"], job["index"]) if job["ports"] else _two_replicas()
    worker = Worker(strategy, job["index"], max(1, len(job["ports"])), job["directory"])
    observed: dict[str, Any] = {"problem": worker.problem(), "runs": {}}
    for run in job["runs"]:
        observed["runs"][run["name"]] = worker.run(run)
    with open(job["result"] + ".part", "w") as file:
        json.dump(observed, file)
    os.replace(job["result"] + ".part", job["result"])
    # No worker may leave while another still asks it for something.
    worker.wait("end")


# ---------------------------------------------------------------- strategies


def _cluster(ports: list[int], index: int) -> Any:
    """The strategy of one of several workers on this machine."""
    cluster = {"worker": [f"127.0.0.1:{port}" for port in ports]}
    task = {"type": "worker", "index": index}
    os.environ["TF_CONFIG"] = json.dumps({"cluster": cluster, "task": task})
    distribute = recorder.running().tensorflow.distribute
    # Not experimental since TF 2.4.
    home = distribute if hasattr(distribute, "MultiWorkerMirroredStrategy") else None
    return (home or distribute.experimental).MultiWorkerMirroredStrategy()


def _two_replicas() -> Any:
    """The strategy of one process with two logical CPUs."""
    tensorflow = recorder.running().tensorflow
    config = tensorflow.config
    cpu = config.experimental.list_physical_devices("CPU")[0]
    if hasattr(config, "set_logical_device_configuration"):
        config.set_logical_device_configuration(cpu, [config.LogicalDeviceConfiguration()] * 2)
    else:
        virtual = config.experimental.VirtualDeviceConfiguration
        config.experimental.set_virtual_device_configuration(cpu, [virtual(), virtual()])
    strategy = tensorflow.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
    assert strategy.num_replicas_in_sync == 2
    return strategy


# ---------------------------------------------------------------- what is fitted


X = np.random.RandomState(3).normal(size=(16, 3)).astype("float32")
Y = X.sum(axis=1, keepdims=True)


def _data() -> Any:
    return recorder.running().tensorflow.data.Dataset.from_tensor_slices((X, Y)).batch(4).repeat()


def _model() -> Any:
    """A small model."""
    keras = recorder.running().keras
    inputs = keras.Input((3,), name="x")
    hidden = keras.layers.Dense(2, name="a")(inputs)
    model = keras.Model(inputs, keras.layers.Dense(1, name="b")(hidden), name="m")
    model.compile(keras.optimizers.SGD(0.05), "mse")
    return model


def _reset(model: Any, seed: int) -> None:
    """Gives a model the weights of `seed`, in each process the same, and no past."""
    numbers = np.random.RandomState(seed)
    model.set_weights([numbers.normal(size=old.shape) for old in model.get_weights()])
    model.optimizer.iterations.assign(0)


def _class(name: str) -> Any:
    if name == "real":
        return recorder.running().model_checkpoint
    if name == "to use":
        return keras_ckpt.ModelCheckpoint
    return compat.for_version(recorder.running().release if name == "replica" else name)


#: The number of batches in an epoch.
STEPS = 3


def _train(model: Any, epochs: int, callbacks: list[Any]) -> None:
    model.fit(_data(), epochs=epochs, steps_per_epoch=STEPS, verbose=0, callbacks=callbacks)


def _train_by_hand(model: Any, epochs: int, callbacks: list[Any]) -> None:
    """Calls the callbacks as `fit` does, while the weights and the loss shrink."""
    loop = recorder.running().keras.callbacks.CallbackList(callbacks, model=model)
    loop.on_train_begin()
    for epoch in range(epochs):
        loop.on_epoch_begin(epoch)
        for batch in range(STEPS):
            model.set_weights([weights * 0.9 for weights in model.get_weights()])
            loop.on_train_batch_end(batch, {"loss": 1.0 / (epoch + 1)})
        loop.on_epoch_end(epoch, {"loss": 1.0 / (epoch + 1)})
    loop.on_train_end()


class Interrupted(Exception):
    """Training was cut off."""


def _companions(watched: dict[str, Any], interrupt: int | None) -> list[Any]:
    """Callbacks after the one under test: one notes where training begins, one cuts it off."""
    base = recorder.running().keras.callbacks.Callback

    class Watch(base):  # type: ignore[misc]
        def on_train_begin(self, logs: Any = None) -> None:
            watched["weights at the beginning"] = _lists(self.model.get_weights())

        def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
            watched.setdefault("epochs", []).append(epoch)

    class Interrupt(base):  # type: ignore[misc]
        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            if epoch == interrupt:
                raise Interrupted(f"at the end of epoch {epoch}")

    return [Watch(), Interrupt()]


# ---------------------------------------------------------------- runs


class Worker:
    """This process, which makes runs in step with the others."""

    def __init__(self, strategy: Any, index: int, workers: int, directory: str) -> None:
        self.strategy = strategy
        self.index = index
        self.workers = workers
        self.directory = directory
        self.models: dict[str, Any] = {}
        self.by_hand = False

    def model(self, kind: str, seed: int) -> Any:
        """Returns a model for the callback of a kind, with the weights of `seed`."""
        # The training state that TF 2.0 to 2.2 keep in a cluster leaves marks on a model. Others
        # are used again: to trace a model takes longer than all else here.
        is_old = recorder.running().version < (2, 3)
        if is_old and (self.workers > 1 or kind not in self.models):
            # Which number variables by how many have had their name.
            self.models.clear()
            recorder.running().keras.backend.clear_session()
        with self.strategy.scope():
            if kind not in self.models:
                self.models[kind] = _model()
            _reset(self.models[kind], seed)
        return self.models[kind]

    def problem(self) -> str | None:
        """Tells why the running Keras cannot fit under this strategy, None if it can.

        If it cannot, callbacks are called from a training loop of our own from here on.
        """
        try:
            self.fit(None, {"class": "real", "epochs": 1}, 1, {})
        except Exception as error:
            traceback.print_exc()
            self.by_hand = True
            return f"{type(error).__name__}: {str(error).splitlines()[0]}"
        return None

    def wait(self, name: str) -> None:
        """Waits until all workers are here."""
        directory = os.path.join(self.directory, "steps")
        os.makedirs(directory, exist_ok=True)
        steps = [
            os.path.join(directory, f"{name.replace('/', '-')}.{index}")
            for index in range(self.workers)
        ]
        with open(steps[self.index], "w"):
            pass
        end = time.monotonic() + PATIENCE
        while not all(os.path.exists(step) for step in steps):
            if time.monotonic() > end:
                raise TimeoutError(f"the other workers did not come to the end of {name}")
            time.sleep(0.01)

    def run(self, run: dict[str, Any]) -> dict[str, Any]:
        """Makes a run, and tells what was seen of it."""
        print(f"{time.monotonic():8.2f} run", run["name"], flush=True)
        directory = os.path.join(
            self.directory, run["name"], "shared" if run["shared"] else str(self.index)
        )
        os.makedirs(directory, exist_ok=True)
        self.wait(run["name"] + " begin")
        # A path without a directory is where training runs: that is how many write it.
        os.chdir(directory)
        told = [
            self.observed(run, directory, number, interrupt)
            for number, interrupt in enumerate(run["interrupts"], 1)
        ]
        self.wait(run["name"] + " end")
        files = contents(directory)
        self.wait(run["name"] + " seen")
        return {"fits": told, "files": files}

    def observed(
        self, run: dict[str, Any], directory: str, number: int, interrupt: int | None
    ) -> dict[str, Any]:
        """Makes one fit of a run, and tells what was seen of it."""
        decoder = recorder.Decoder(directory)
        name = recorder.Namer(directory, decoder.made)
        journal, out = recorder.Journal(), io.StringIO()
        told: dict[str, Any] = {"saves": [], "raised": None}
        saved: dict[str, Any] = {}
        callback = None
        with recorder.listening(journal, name), contextlib.redirect_stdout(out):
            try:
                template = run["template"]
                path = os.path.join(directory, template) if run["shared"] else template
                callback = _class(run["class"])(path, **decoder(run["kwargs"]))
                run = dict(run, interrupt=interrupt)
                with _watching_saves(told["saves"], saved, name):
                    self.fit(callback, run, number, told)
            except Exception as error:
                if not isinstance(error, Interrupted):
                    traceback.print_exc()
                # HDF5 and TensorFlow say more than one line, not always the same.
                said = name.text(str(error)).splitlines()[:1]
                told["raised"] = [type(error).__name__, said]
        told["attributes"] = {
            key: name(value)
            for key, value in sorted(vars(callback).items())
            if key not in ("model", "_model")
        }
        told["stdout"] = name.text(out.getvalue())
        told["said"] = [entry for entry in journal.take() if _is_own(entry[-1])]
        self.wait(f"{run['name']} fit {number}")
        told["loaded"] = _loaded(saved, directory)
        self.wait(f"{run['name']} loaded {number}")
        return told

    def fit(self, callback: Any, run: dict[str, Any], seed: int, told: dict[str, Any]) -> None:
        model = self.model(run["class"], seed)
        callbacks = [] if callback is None else [callback, *_companions(told, run["interrupt"])]
        train = _train_by_hand if self.by_hand else _train
        try:
            train(model, run["epochs"], callbacks)
        finally:
            told["weights at the end"] = _lists(model.get_weights())


def _is_own(said: str) -> bool:
    """Whether the callback says it: Keras and TensorFlow say much, some of it only once."""
    # TF 2.0 to 2.2 miss their own class among the callbacks of a cluster.
    if "ModelCheckpoint callback is not provided" in said:
        return False
    own = ("Can save best", "deprecated. Please use", "ModelCheckpoint")
    return any(text in said for text in own)


@contextlib.contextmanager
def _watching_saves(
    saves: list[Any], saved: dict[str, Any], name: recorder.Namer
) -> Iterator[None]:
    """Notes each save, the files that it makes, and the model that it is of."""
    model = recorder.running().keras.Model
    inside: list[str] = []

    def watching(original: Callable[..., Any], method: str, whole: bool) -> Callable[..., Any]:
        return _watching(original, method, whole, inside, saves, saved, name)

    taking = api.snapshot

    def snapshot(model: Any, path: str, weights_only: bool, *args: Any, **kwargs: Any) -> Any:
        taken = taking(model, path, weights_only, *args, **kwargs)
        write = watching(
            lambda model, path, record: taken.write(path, record), "write", not weights_only
        )
        return base.Snapshot(functools.partial(write, model), taken.can_be_in_background)

    with contextlib.ExitStack() as stack:
        for method in ("save", "save_weights"):
            of_model = watching(getattr(model, method), method, method == "save")
            stack.enter_context(mock.patch.object(model, method, of_model))
        if recorder.running().version >= (3,):
            # What Keras 3 does not write is written without it.
            stack.enter_context(mock.patch.object(api, "snapshot", snapshot))
        yield


def _watching(
    original: Callable[..., Any],
    method: str,
    whole: bool,
    inside: list[str],
    saves: list[Any],
    saved: dict[str, Any],
    name: recorder.Namer,
) -> Callable[..., Any]:
    def save(model: Any, path: str, *args: Any, **kwargs: Any) -> Any:
        if inside:
            return original(model, path, *args, **kwargs)
        saved[os.path.abspath(path)] = (whole, _state(model))
        inside.append(method)
        try:
            return original(model, path, *args, **kwargs)
        finally:
            inside.pop()
            made = [os.path.basename(file) for file in glob.glob(glob.escape(path) + "*")]
            passed = sorted((key, name(value)) for key, value in kwargs.items())
            saves.append([method, _without_id(name.text(path)), len(args), passed, sorted(made)])

    return functools.wraps(original)(save)


def _without_id(path: str) -> str:
    # The training state has a new one each time.
    return re.sub(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "<id>", path)


# ---------------------------------------------------------------- what is left


def _lists(weights: Any) -> Any:
    return [np.asarray(array).tolist() for array in weights]


def _state(model: Any) -> list[Any]:
    """The weights of a model, and what it predicts."""
    return [*model.get_weights(), np.asarray(model(X))]


def _same(one: list[Any], other: list[Any]) -> bool:
    # A model in a SavedModel is another graph, and may round in another way.
    return len(one) == len(other) and all(
        left.shape == right.shape and np.allclose(left, right, rtol=1e-6)
        for left, right in zip(one, other)
    )


def _loaded(saved: dict[str, Any], directory: str) -> dict[str, bool]:
    """Loads what is left of the saves; tells whether it is the model that was saved."""
    told = {}
    for path, (whole, state) in sorted(saved.items()):
        is_left = os.path.exists(path) or os.path.exists(path + ".index")
        # The training state is no checkpoint to load.
        if is_left and os.path.basename(path) != "training_state":
            name = os.path.relpath(path, directory)
            told[name] = _same(_state(_load(path, whole)), state)
    return told


def _load(path: str, whole: bool) -> Any:
    if whole:
        return keras_ckpt.load_model(path, compile=False)
    model = _model()
    keras_ckpt.load_weights(model, path)
    return model


if __name__ == "__main__":
    main(sys.argv[1])
    # All is written. What TensorFlow's threads do when the process of a worker ends may abort it.
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)
