"""Kills a job that trains at random moments, and starts it again until it is done.

`python tests/tools/kills.py --kills 30` does so for each format, and says what was found.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import pathlib
import random
import signal
import subprocess
import sys
import tempfile
import time
from typing import Any

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
EPOCHS = 12
MAX_TO_KEEP, BEST_N, PERIOD = 2, 2, 5


def digest(model: Any) -> str:
    from keras_ckpt import runtime

    values = [*model.variables, *model.optimizer.variables]
    found = hashlib.sha256()
    for each in sorted(values, key=lambda variable: str(variable.path)):
        if "seed_generator" not in each.path:
            found.update(runtime.to_numpy(each).tobytes())
    return found.hexdigest()


def job(template: str, weights: bool, log: str) -> None:
    """What is killed: the model and the data of `examples/resume.py`, and a log of what it does."""
    sys.path.insert(0, str(ROOT / "examples"))
    import keras
    import resume

    from keras_ckpt import ModelCheckpoint, inspect

    def note(**what: Any) -> None:
        with open(log, "a") as file:
            file.write(json.dumps(what) + "\n")

    checkpoint = ModelCheckpoint(
        template,
        monitor="val_loss",
        save_weights_only=weights,
        resume=True,
        max_to_keep=MAX_TO_KEEP,
        keep_best_n=BEST_N,
        keep_period=PERIOD,
        save_before_preemption=True,
    )

    class Before(keras.callbacks.Callback):  # type: ignore[misc]
        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            if not self.model.stop_training:
                note(end=epoch + 1, value=logs["val_loss"], state=digest(self.model))

    class After(keras.callbacks.Callback):  # type: ignore[misc]
        def on_train_begin(self, logs: Any = None) -> None:
            path = checkpoint._lifecycle.resumed
            record = None if path is None else inspect(path).record
            if record is None:
                note(begin=0, batch=None, state="", name="", steps=0)
            else:
                state = digest(self.model)
                said = {"begin": record.epoch, "batch": record.batch, "name": record.name}
                note(**said, state=state, steps=int(self.model.optimizer.iterations))

        def on_train_end(self, logs: Any = None) -> None:
            note(steps=int(self.model.optimizer.iterations))

    x, y = resume.digits()
    model = resume.build()
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


def run(template: str, weights: bool, kills: int, seed: int, directory: pathlib.Path) -> int:
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
    command = [sys.executable, __file__, "--job", template, str(int(weights)), str(log)]
    done = 0
    while True:
        lines = len(log.read_text().splitlines())
        process = subprocess.Popen(command, cwd=str(directory), stderr=subprocess.PIPE)
        if done < kills:
            while process.poll() is None and len(log.read_text().splitlines()) == lines:
                time.sleep(0.02)
            time.sleep(chance.choice([0, 0.1, 1.0]) * chance.random() * 3)
            number = chance.choice([signal.SIGKILL, signal.SIGTERM])
            process.send_signal(number)
            _, errors = process.communicate(timeout=300)
            if process.returncode == 0:
                break  # It was over already.
            assert process.returncode == -number, (process.returncode, errors[-2000:])
            done += 1
        else:
            _, errors = process.communicate(timeout=600)
            assert process.returncode == 0, errors[-2000:]
            break
    check(template, [json.loads(line) for line in log.read_text().splitlines()], directory)
    assert {name: (directory / name).read_bytes() for name in foreign} == foreign
    return done


def check(template: str, notes: list[dict[str, Any]], directory: pathlib.Path) -> None:
    """Checks what a job noted and left."""
    import keras_ckpt

    batches = -(-1437 // 32)
    values, states, epoch = {}, {}, 0
    last: dict[str, Any] = {"begin": 0, "batch": None, "steps": 0, "name": ""}
    for note in notes:
        if "end" in note:
            assert note["end"] == epoch + 1
            epoch = note["end"]
            values[epoch], states[epoch] = note["value"], note["state"]
        elif "begin" in note:
            # What was saved last, or, where it was killed before it was saved, one less.
            assert epoch - 1 <= note["begin"] <= epoch, note
            epoch = note["begin"]
            if note["batch"] is None and epoch:
                assert note["state"] == states[epoch], "it goes on with what was saved"
            where = ("begin", "batch", "steps")
            if [note[each] for each in where] != [last[each] for each in where]:
                trained = (epoch - last["begin"]) * batches + (note["batch"] or 0)
                assert note["steps"] == last["steps"] + trained, (last, note)
            last = note
    assert epoch == EPOCHS and sorted(values) == list(range(1, EPOCHS + 1))
    assert notes[-1] == {"steps": last["steps"] + (EPOCHS - last["begin"]) * batches}
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


def main() -> None:
    from training import WEIGHTS, WHOLE

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=30, help="how many, for each format")
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    for template, weights in [*((each, False) for each in WHOLE), *((w, True) for w in WEIGHTS)]:
        with tempfile.TemporaryDirectory() as directory:
            count = run(template, weights, given.kills, given.seed, pathlib.Path(directory))
            print(f"{template}: killed {count} times, all as promised", flush=True)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--job"]:
        job(sys.argv[2], bool(int(sys.argv[3])), sys.argv[4])
    else:
        main()
