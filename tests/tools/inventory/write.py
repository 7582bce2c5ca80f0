"""Writes the inventory of the running Keras 2: each model in each of its formats, with its numbers.

    PYTHON_OF_A_RELEASE tests/tools/inventory/write.py DIRECTORY [PATTERN] [--part N/M]
        [--formats NAME,NAME] [--sample] [--applications]

With `--sample`, each name that is exported gets one model, of other arguments in each release.
The directory gets one folder for each model and an `index.json` of them all. `replay.py` reads it.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import random
import re
import shutil
import sys
import warnings
from typing import Any, Callable

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
warnings.simplefilter("ignore")

import classes  # noqa: E402
import kinds  # noqa: E402
import numpy as np  # noqa: E402


def running() -> Any:
    """The running Keras 2 and the name of its release."""
    try:
        import tensorflow as tf
    except ImportError:
        tf = None
    if os.environ.get("INVENTORY_KERAS") == "keras":
        import keras

        # Without these, Keras 2.2 changes weights while other gradients are computed from them.
        tf.compat.v1.enable_resource_variables()

        return keras, "keras-" + keras.__version__
    if tf.keras.__name__.startswith("tf_keras"):
        return tf.keras, "tf_keras"
    return tf.keras, ".".join(tf.__version__.split(".")[:2])


def in_order(cls: Any) -> None:
    """Has an optimizer of Keras before it was TensorFlow's count a step after all else.

    It does so at any time, and a step takes the count from before it or after it as it happens.
    """
    get_updates = cls.get_updates

    def ordered(self: Any, *args: Any, **kwargs: Any) -> Any:
        import tensorflow as tf

        updates = get_updates(self, *args, **kwargs)
        for number, each in enumerate(updates):
            if isinstance(each, tuple):
                updates[number] = KERAS.backend.update(*each)
        with tf.control_dependencies(updates[1:]):
            updates[0] = tf.compat.v1.assign_add(self.iterations, 1)
        return updates

    cls.get_updates = ordered


KERAS, RELEASE = running()
IS_TF = not RELEASE.startswith("keras-")
if not IS_TF:
    for _name in ("Adadelta", "Adagrad", "Adam", "Adamax", "Nadam", "RMSprop", "SGD"):
        in_order(getattr(KERAS.optimizers, _name))


def pattern(shape: Any, number: int) -> Any:
    """Values for a variable: none is zero, and a file of them packs well."""
    count = int(np.prod(shape))
    steps = (np.arange(count) * 37 + number * 11) % 61
    if len(shape) < 2:
        return (0.1 + 0.8 * steps / 61).astype("float32").reshape(shape)
    spread = 2 / np.sqrt(max(count / shape[-1], 1))
    return ((steps / 61 - 0.49) * spread).astype("float32").reshape(shape)


def fill(model: Any) -> None:
    found = model.get_weights()
    model.set_weights(
        [
            pattern(value.shape, number).astype(value.dtype) if value.dtype.kind == "f" else value
            for number, value in enumerate(found)
        ]
    )


def weights(model: Any) -> dict[str, list[Any]]:
    """The values of the variables that a reader must come to."""

    def value(variable: Any) -> Any:
        try:
            if IS_TF and hasattr(variable, "numpy"):
                return np.asarray(variable.numpy())
            return np.asarray(KERAS.backend.get_value(variable))
        except Exception:
            return None  # The table of a lookup layer.

    # TensorFlow 2.9 counts the state of an optimizer of `optimizers.experimental` as weights.
    state = getattr(getattr(model, "optimizer", None), "variables", [])
    left_out = {id(each) for each in (state() if callable(state) else state)}

    def of(variables: Any) -> list[Any]:
        found = [value(each) for each in variables if id(each) not in left_out]
        return [each for each in found if each is not None and each.dtype.kind != "O"]

    return {"t": of(model.trainable_weights), "n": of(model.non_trainable_weights)}


def plain(value: Any) -> Any:
    if hasattr(value, "to_tensor"):
        value = value.to_tensor()
    if type(value).__name__ == "SparseTensor":
        import tensorflow as tf

        value = tf.sparse.to_dense(value)
    value = value.numpy() if hasattr(value, "numpy") else np.asarray(value)
    if value.dtype == object:  # Strings are bytes there.
        return np.char.decode(value.astype("S"), "utf-8")
    return value


def predict(model: Any, inputs: Any) -> list[Any]:
    if IS_TF:
        import tensorflow as tf

        given: Any = [tf.constant(x) for x in classes.flat(inputs)]
        if isinstance(inputs, dict):
            given = dict(zip(sorted(inputs), given))
        if isinstance(given, list) and len(given) == 1:
            given = given[0]
        found = model(given, training=False)
    else:
        found = model.predict_on_batch(inputs if len(inputs) > 1 else inputs[0])
    return [plain(each) for each in classes.flat(found)]


def compiled(model: Any, given: dict[str, Any]) -> None:
    options = {"run_eagerly": True} if IS_TF else {}
    model.compile(**given, **options)


def flat_floats(value: Any) -> list[float]:
    return [float(np.mean(each)) for each in np.ravel(np.asarray(value, dtype=object)).tolist()]


def reset(model: Any) -> None:
    for name in ("reset_states", "reset_metrics"):
        with contextlib.suppress(AttributeError, ValueError, TypeError):
            getattr(model, name)()


def saves(model: Any, folder: str, with_saved_model: bool) -> dict[str, Callable[[], Any]]:
    def path(name: str) -> str:
        return os.path.join(folder, name)

    def text(name: str, content: str) -> None:
        with open(path(name), "w", encoding="utf-8") as file:
            file.write(content)

    hdf5 = {"save_format": "h5"} if IS_TF else {}
    found: dict[str, Callable[[], Any]] = {
        "model.h5": lambda: model.save(path("model.h5"), **hdf5),
        "weights.h5": lambda: model.save_weights(path("weights.h5"), **hdf5),
        "model.json": lambda: text("model.json", model.to_json()),
    }
    if hasattr(model, "to_yaml") and RELEASE < "2.6" and not RELEASE.startswith("2.1"):
        found["model.yaml"] = lambda: text("model.yaml", model.to_yaml())
    if IS_TF:
        found["checkpoint"] = lambda: model.save_weights(path("checkpoint"), save_format="tf")
        found["object"] = lambda: _object(model, path("object"))
        if with_saved_model:
            found["saved_model"] = lambda: model.save(path("saved_model"), save_format="tf")
        minor = RELEASE.split(".")[-1]
        if RELEASE == "tf_keras" or int(minor) >= 12:
            kind = "keras_v3" if RELEASE == "2.12" else "keras"
            found["model.keras"] = lambda: model.save(path("model.keras"), save_format=kind)
    return found


def _object(model: Any, path: str) -> None:
    import tensorflow as tf

    tf.train.Checkpoint(step=tf.Variable(7), net=model).write(path)


class NotOfRelease(Exception):
    """The release has no such model."""


def write(
    case: classes.Case, folder: str, with_saved_model: bool, formats: list[str]
) -> dict[str, Any]:
    KERAS.backend.clear_session()
    np.random.seed(1)
    try:
        model = case.make()
        if not case.fixed:
            fill(model)
        reset(model)
        predictions = predict(model, case.inputs)
    except Exception as error:
        raise NotOfRelease(f"{type(error).__name__}: {str(error)[:150]}")
    told: dict[str, Any] = {"name": case.name, "custom": list(case.custom)}
    arrays: dict[str, Any] = {}
    if isinstance(case.inputs, dict):
        told["input_names"] = sorted(case.inputs)
    for number, each in enumerate(classes.flat(case.inputs)):
        arrays[f"x{number}"] = each
    is_float = all(each.dtype.kind in "fV" for each in predictions)
    targets = case.targets
    if targets is None and is_float:
        choose = np.random.RandomState(3)
        targets = [choose.uniform(0.1, 1, each.shape).astype("float32") for each in predictions]
    trained = None
    if targets is not None and is_float and case.compile is not False:
        x = case.inputs if isinstance(case.inputs, dict) or len(case.inputs) > 1 else case.inputs[0]
        y = targets if isinstance(targets, dict) or len(targets) > 1 else targets[0]
        try:
            compiled(model, case.compile() if case.compile else {"optimizer": "sgd", "loss": "mse"})
            for step in range(case.steps):
                reset(model)
                model.train_on_batch(case.earlier[step][0] if case.earlier else x, y)
            reset(model)
            predictions = predict(model, case.inputs)
            reset(model)
            told["losses"] = flat_floats(model.test_on_batch(x, y))
            told["metrics_names"] = list(getattr(model, "metrics_names", []))
            trained = x, y
            for number, each in enumerate(classes.flat(targets)):
                arrays[f"y{number}"] = each
            if isinstance(targets, dict):
                told["target_names"] = sorted(targets)
        except Exception as error:
            if case.compile:
                raise NotOfRelease(f"{type(error).__name__}: {str(error)[:150]}")
            told["not trained"] = f"{type(error).__name__}: {str(error)[:150]}"
            model = case.make()
            if not case.fixed:
                fill(model)
    for number, each in enumerate(predictions):
        arrays[f"p{number}"] = each
    for kind, values in weights(model).items():
        for number, each in enumerate(values):
            arrays[f"{kind}{number}"] = each
    reset(model)
    written: dict[str, str | None] = {}
    os.makedirs(folder)
    for kind, save in saves(model, folder, with_saved_model).items():
        if formats and kind not in formats:
            continue
        try:
            save()
            written[kind] = None
        except Exception as error:
            written[kind] = (
                f"{type(error).__name__}: {str(error).splitlines()[0][:150] if str(error) else ''}"
            )
            shutil.rmtree(os.path.join(folder, kind), ignore_errors=True)
            if os.path.isfile(os.path.join(folder, kind)):
                os.remove(os.path.join(folder, kind))
    told["written"] = written
    if written.get("model.h5", "") is None:
        told["reads"] = _own(case, os.path.join(folder, "model.h5"), predictions)
    if trained is not None:
        try:
            after = _after(model, *trained)
        except Exception:
            after = None  # What is random may have another shape each time.
        if after is not None:
            for kind, values in after.items():
                for number, each in enumerate(values):
                    arrays[f"after_{kind}{number}"] = each
    np.savez(os.path.join(folder, "told.npz"), **arrays)
    return told


def _own(case: classes.Case, path: str, predictions: list[Any]) -> str | None:
    """What the release itself makes of its file; None if that is the same."""
    import customs

    known = {name: getattr(customs, name) for name in case.custom}
    try:
        model = KERAS.models.load_model(path, custom_objects=known, compile=False)
        reset(model)
        found = predict(model, case.inputs)
    except Exception as error:
        return f"{type(error).__name__}: {str(error)[:150]}"
    if len(found) != len(predictions):
        return "another number of outputs"
    for one, other in zip(found, predictions):
        if one.dtype.kind in "US":
            if (one != other).any():
                return "differs"
        elif one.shape != other.shape or not np.allclose(one, other, atol=1e-4, equal_nan=True):
            return "differs"
    return None


def _is_plain(optimizer: Any) -> bool:
    """Whether a step depends on nothing but the weights."""
    config = optimizer.get_config()
    rate = config.get("learning_rate", config.get("lr"))
    simple = not config.get("momentum") and not config.get("use_ema") and not config.get("decay")
    return type(optimizer).__name__ == "SGD" and simple and np.isscalar(rate)


def _after(model: Any, x: Any, y: Any) -> dict[str, list[Any]] | None:
    """The weights after one more step, None if the step is not the same twice."""
    before = model.get_weights()
    can_repeat = _is_plain(model.optimizer)
    reset(model)
    model.train_on_batch(x, y)
    found = weights(model)
    if not can_repeat:
        return found
    model.set_weights(before)
    reset(model)
    model.train_on_batch(x, y)
    again = weights(model)
    same = all(
        np.allclose(one, other, atol=1e-6)
        for kind in found
        for one, other in zip(found[kind], again[kind])
        if one.dtype.kind == "f"
    )
    return found if same else None


def sample(found: list[classes.Case]) -> list[classes.Case]:
    """One model of each name that is exported."""
    of_name: dict[str, list[classes.Case]] = {}
    for case in found:
        if not case.name.startswith(("kinds/", "compiled/")):
            of_name.setdefault(case.name.split("(")[0], []).append(case)
    names = [random.Random(f"{RELEASE} {name}").choice(of_name[name]).name for name in of_name]
    return [case for case in found if case.name in names]


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("directory")
    parser.add_argument("pattern", nargs="?", default="")
    parser.add_argument("--part", default="0/1")
    parser.add_argument("--formats", default="")
    parser.add_argument("--sample", action="store_true")
    parser.add_argument("--applications", action="store_true")
    given = parser.parse_args()
    part, parts = map(int, given.part.split("/"))
    formats = given.formats.split(",") if given.formats else []
    unknown: list[str] = []
    index: dict[str, Any] = {"release": RELEASE, "cases": {}, "refused": {}}
    seen_classes = set()
    found = list(kinds.cases(KERAS)) + list(classes.cases(KERAS, unknown))
    if given.applications:
        found = list(classes.applications(KERAS))
    if given.sample:
        found = sample(found)
    for number, case in enumerate(found):
        if number % parts != part or not re.search(given.pattern, case.name):
            continue
        # The description in a SavedModel is that of HDF5: one of each class is enough.
        name = case.name.split("(")[0]
        with_saved_model = name not in seen_classes
        seen_classes.add(name)
        folder = os.path.join(given.directory, str(number))
        shutil.rmtree(folder, ignore_errors=True)
        try:
            index["cases"][str(number)] = write(case, folder, with_saved_model, formats)
        except NotOfRelease as error:
            index["refused"][case.name] = str(error)
    index["unknown"] = sorted(set(unknown))
    os.makedirs(given.directory, exist_ok=True)
    suffix = f"_{part}" if parts > 1 else ""
    with open(os.path.join(given.directory, f"index{suffix}.json"), "w") as file:
        json.dump(index, file, indent=1)
    print(
        RELEASE, len(index["cases"]), "written", len(index["refused"]), "refused", file=sys.stderr
    )


if __name__ == "__main__":
    main()
