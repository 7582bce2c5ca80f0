"""Kills a job that trains at random moments, and starts it again until it is done.

`python tests/tools/kills.py --kills 30` does so for each format that the running Keras writes, on
the backend of `KERAS_BACKEND`, and says what was found. `--format` names some of them.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import multiprocessing
import os
import pathlib
import random
import signal
import tempfile
import time
import warnings
from typing import Any

EPOCHS = 36
MAX_TO_KEEP, BEST_N, PERIOD = 2, 2, 5
BATCHES = -(-1437 // 32)
KEPT = {"max_to_keep": MAX_TO_KEEP, "keep_best_n": BEST_N, "keep_period": PERIOD}


def digest(model: Any, optimizer: bool) -> str:
    """Returns a hash of what a model and its optimizer hold, but for seeds."""
    from keras_ckpt import runtime

    if runtime.is_keras_3():
        variables = [*model.variables, *(model.optimizer.variables if optimizer else ())]
        variables.sort(key=lambda variable: str(variable.path))
        values = [runtime.to_numpy(each) for each in variables if "seed_gen" not in each.path]
    else:
        from training import variables_of_keras_2

        of_optimizer = variables_of_keras_2(model.optimizer) if optimizer else []
        variables = [*model.weights, *of_optimizer]
        values = [each.numpy() for each in variables]
    found = hashlib.sha256()
    for value in values:
        found.update(value.tobytes())
    return found.hexdigest()


def build() -> Any:
    """Returns a model that learns digits, on Keras 2 too."""
    from keras_ckpt import runtime

    keras = runtime.keras()
    images = keras.Input((8, 8, 1))
    found = keras.layers.Conv2D(8, 3, activation="relu")(images)
    found = keras.layers.Dropout(0.2)(keras.layers.Flatten()(found))
    model = keras.Model(images, keras.layers.Dense(10, activation="softmax")(found))
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def job(template: str, weights: bool, optimizer: bool, directory: str, on_background: bool) -> None:
    """What is killed: it trains, and keeps a log of what it does."""
    from sklearn.datasets import load_digits

    from keras_ckpt import ModelCheckpoint, inspect, runtime

    os.chdir(directory)
    # What it says last of all, if it was not killed.
    errors = os.open("errors.txt", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(errors, 2)
    if not optimizer:
        warnings.filterwarnings("ignore", message="The weights of .* are taken up, and not the st")
    callback = runtime.keras().callbacks.Callback

    def note(**what: Any) -> None:
        with open("log.jsonl", "a") as file:
            file.write(json.dumps(what) + "\n")

    def steps() -> int:
        return int(runtime.to_numpy(model.optimizer.iterations))

    checkpoint = ModelCheckpoint(
        template,
        monitor="val_loss",
        save_weights_only=weights,
        resume=True,
        save_before_preemption=True,
        **({"save_on_background": True} if on_background else {}),
        **KEPT,
    )

    class Before(callback):  # type: ignore[misc]
        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            if not self.model.stop_training:
                value = float(logs["val_loss"])
                note(end=epoch + 1, value=value, state=digest(self.model, optimizer))

    class After(callback):  # type: ignore[misc]
        def on_train_begin(self, logs: Any = None) -> None:
            path = checkpoint._lifecycle.resumed
            record = None if path is None else inspect(path).record
            if record is None:
                note(begin=0, batch=None, state="", name="", steps=0)
            else:
                state = digest(self.model, optimizer)
                said = {"begin": record.epoch, "batch": record.batch, "name": record.name}
                note(**said, state=state, steps=steps())

        def on_train_end(self, logs: Any = None) -> None:
            note(steps=steps())

    data = load_digits()
    x, y = data.images[..., None].astype("float32") / 16, data.target
    model = build()
    callbacks = [Before(), checkpoint, After()]
    model.fit(x, y, validation_split=0.2, epochs=EPOCHS, callbacks=callbacks, verbose=0)


def kept(values: dict[int, float]) -> set[int]:
    """The rule in a few lines: which epochs are there at the end."""
    there: list[int] = []
    for epoch in sorted(values):
        there.append(epoch)
        best = sorted(there, key=lambda each: values[each])[:BEST_N]
        there = [
            each
            for each in there
            if each in there[-MAX_TO_KEEP:] or each in best or each % PERIOD == 0
        ]
    return set(there)


def started(arguments: tuple[Any, ...]) -> Any:
    """Returns a process that does the job: a fork of one that has imported all that it takes."""
    here = os.path.dirname(os.path.abspath(__file__))
    os.environ["PYTHONPATH"] = os.pathsep.join([here, os.environ.get("PYTHONPATH", "")])
    context: Any = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["kills_preload"])
    import kills

    process = context.Process(target=kills.job, args=arguments)
    process.start()
    return process


def run(
    template: str,
    weights: bool,
    optimizer: bool,
    kills: int,
    seed: int,
    directory: pathlib.Path,
    on_background: bool = False,
) -> int:
    """Trains in a directory to the end, with so many kills, and checks all that is promised.

    Returns:
        Integer, how often it was killed.
    """
    chance = random.Random(seed)
    foreign = {"notes.txt": b"mine", "99.other": b"x" * 99, "other.keras": b"no checkpoint"}
    for name, content in foreign.items():
        (directory / name).write_bytes(content)
    log = directory / "log.jsonl"
    log.touch()
    done = 0
    while True:
        lines = len(log.read_text().splitlines())
        process = started((template, weights, optimizer, str(directory), on_background))
        number = None
        if done < kills:
            # Each line is followed by what may go wrong: by the first epoch, or by a save.
            awaited = lines + chance.choice([1, 1, 2, 2, 3])
            while process.exitcode is None and len(log.read_text().splitlines()) < awaited:
                time.sleep(0.005)
            time.sleep(chance.choice([0.03, 0.3, 1.0]) * chance.random())
            number = chance.choice([signal.SIGKILL, signal.SIGTERM])
            if process.exitcode is None:
                os.kill(process.pid, number)
        process.join(600)
        if process.exitcode == 0:
            break
        errors = (directory / "errors.txt").read_text()[-3000:]
        assert number is not None and process.exitcode == -number, (process.exitcode, errors)
        done += 1
    notes = [json.loads(line) for line in log.read_text().splitlines()]
    check(template, optimizer, notes, directory, 2 if on_background else 1)
    assert {name: (directory / name).read_bytes() for name in foreign} == foreign
    return done


def check(
    template: str,
    optimizer: bool,
    notes: list[dict[str, Any]],
    directory: pathlib.Path,
    lost: int = 1,
) -> None:
    """Checks what a job noted and left, of which a kill may have lost so many epochs."""
    import keras_ckpt
    from keras_ckpt import runtime

    def progress(note: dict[str, Any]) -> tuple[int, int]:
        # An epoch that was cut begins again: at an earlier batch of it more steps may be made.
        return note["begin"], note["steps"]

    values, states, epoch = {}, {}, 0
    last: dict[str, Any] = {"begin": 0, "batch": None, "steps": 0, "name": ""}
    for note in notes:
        if "end" in note:
            assert note["end"] == epoch + 1
            epoch = note["end"]
            values[epoch], states[epoch] = note["value"], note["state"]
        elif "begin" in note:
            # What was saved last, or, where it was killed before it was saved, one less. On
            # background the one before that may not be written either.
            assert epoch - lost <= note["begin"] <= epoch, note
            epoch = note["begin"]
            if note["batch"] is None and epoch:
                assert note["state"] == states[epoch], "it goes on with what was saved"
            where = ("begin", "batch", "steps")
            if not optimizer:
                assert note["steps"] == 0, note
            elif progress(note) < progress(last):
                # Keras 2 writes several files in place: where it was killed, the one before counts.
                of_several = template.startswith(("sm/", "tf/"))
                assert of_several and not runtime.is_keras_3(), (last, note)
            elif [note[each] for each in where] != [last[each] for each in where]:
                trained = (epoch - last["begin"]) * BATCHES + (note["batch"] or 0)
                assert note["steps"] == last["steps"] + trained, (last, note)
            last = note
    assert epoch == EPOCHS and sorted(values) == list(range(1, EPOCHS + 1))
    assert notes[-1] == {"steps": last["steps"] + (EPOCHS - last["begin"]) * BATCHES}
    resumed = last["name"]
    there = keras_ckpt.checkpoints(directory / template)
    expected = {template.format(epoch=each) for each in kept(values)}
    names = {os.path.relpath(each.path, str(directory)) for each in there}
    assert {name for name in names if os.path.basename(name) != resumed} == {
        name for name in expected if os.path.basename(name) != resumed
    }
    assert expected <= names
    best = min(values, key=values.__getitem__)
    found = keras_ckpt.best_checkpoint(directory / template)
    assert found == str(directory / template.format(epoch=best))


def formats() -> list[tuple[str, bool, bool]]:
    """Returns what the running Keras writes: templates, whether weights alone, with optimizer."""
    from training import EVERY, WITHOUT_OPTIMIZER, can_write

    return [
        (template, weights, (template, weights) not in WITHOUT_OPTIMIZER)
        for template, weights in EVERY
        if can_write(template, weights)
    ]


def main() -> None:
    from keras_ckpt import runtime

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=30, help="how many, for each format")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--format", nargs="*", help="what the templates of some contain")
    parser.add_argument("--on-background", action="store_true")
    given = parser.parse_args()
    running = ".".join(map(str, runtime.version()))
    backend = getattr(runtime.keras().backend, "backend", lambda: "tensorflow")()
    for template, weights, optimizer in formats():
        what = f"{template}{' of weights' * weights}"
        if given.format and not any(each in what for each in given.format):
            continue
        if given.on_background and template.startswith("sm/"):
            continue  # A SavedModel is none that can be saved so.
        begun = time.time()
        with tempfile.TemporaryDirectory() as directory:
            place = pathlib.Path(directory)
            how = (given.kills, given.seed, place, given.on_background)
            found = run(template, weights, optimizer, *how)
        seconds = time.time() - begun
        said = f"Keras {running}, {backend}, {what}: killed {found} times in {seconds:.0f} s"
        print(f"{said}, all as promised", flush=True)


if __name__ == "__main__":
    main()
