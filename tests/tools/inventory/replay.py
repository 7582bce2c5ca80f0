"""Reads an inventory that `write.py` has written, on the running Keras 3, and compares.

    python tests/tools/inventory/replay.py DIRECTORY RESULT.json [PATTERN]

Each model comes back from each of its files with the numbers of its release, or is refused by a
`CheckpointError`. Anything else is a fault.
"""

from __future__ import annotations

import argparse
import glob
import inspect
import json
import os
import re
import sys
import warnings
from typing import Any, Iterator

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np

import keras_ckpt
from keras_ckpt import runtime
from keras_ckpt.engine import monitor

#: How near a number of another release must come, relative to the largest of its array.
NEAR = 1e-5
#: Whether a part of a `tf.train.Checkpoint` can be named.
PARTS = "part" in inspect.signature(keras_ckpt.load_weights).parameters
SAME = "same"
REFUSED = "refused"
WHOLE = ("model.h5", "saved_model", "model.keras")


class Differs(Exception):
    """What came back is not what was saved."""


def flat(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return [each for key in sorted(value) for each in flat(value[key])]
    if isinstance(value, (list, tuple)):
        return [each for part in value for each in flat(part)]
    return [value]


def array(value: Any) -> Any:
    if type(value).__name__ in ("SparseTensor", "RaggedTensor", "BCOO"):
        import tensorflow as tf

        value = value.to_tensor() if hasattr(value, "to_tensor") else tf.sparse.to_dense(value)
    if hasattr(value, "dtype") and "string" in str(value.dtype):
        return np.char.decode(np.asarray(value.numpy()).astype("S"), "utf-8")
    return runtime.to_numpy(value)


def compare(what: str, found: list[Any], told: list[Any], near: float = NEAR) -> None:
    if len(found) != len(told):
        raise Differs(f"{what}: {len(found)} arrays, not {len(told)}")
    for one, other in zip(found, told):
        if one.shape != other.shape:
            raise Differs(f"{what}: shape {one.shape}, not {other.shape}")
        if other.dtype.kind in "US":
            if not (one.astype(str) == other.astype(str)).all():
                raise Differs(f"{what}: other text")
            continue
        one, other = one.astype("float64"), other.astype("float64")
        if not other.size:
            continue
        scale = max(1.0, float(np.nanmax(np.abs(other), initial=0)))
        if (np.isnan(one) != np.isnan(other)).any():
            raise Differs(f"{what}: other places are not a number")
        apart = float(np.nanmax(np.abs(one - other), initial=0))
        if not apart <= near * scale:
            raise Differs(f"{what}: {apart:.3g} apart")


class Case:
    """One model of the inventory."""

    def __init__(self, folder: str, told: dict[str, Any]) -> None:
        self.folder = folder
        self.told = told
        self.arrays = dict(np.load(os.path.join(folder, "told.npz")))

    def several(self, prefix: str) -> list[Any]:
        found = []
        while f"{prefix}{len(found)}" in self.arrays:
            found.append(self.arrays[f"{prefix}{len(found)}"])
        return found

    def _named(self, prefix: str, names: str) -> Any:
        values = self.several(prefix)
        if names in self.told:
            return dict(zip(self.told[names], values))
        return values if len(values) > 1 else values[0]

    @property
    def x(self) -> Any:
        return self._named("x", "input_names")

    @property
    def y(self) -> Any:
        return self._named("y", "target_names")

    def path(self, kind: str) -> str:
        return os.path.join(self.folder, kind)

    def custom_objects(self) -> dict[str, Any]:
        if not self.told["custom"]:
            return {}
        import customs

        return {name: getattr(customs, name) for name in self.told["custom"]}

    def check(self, kind: str) -> str:
        """Returns `SAME` or `REFUSED`, with the reason; raises whatever is a fault."""
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                model = self.load(kind)
        except keras_ckpt.CheckpointError as error:
            return f"{REFUSED}: {error.found}"
        if isinstance(self.x, dict):
            x = self.x
        else:
            x = self.given(self.several("x"))
            x = x if len(x) > 1 else x[0]
        near = 2e-2 if re.search("float16|policy", self.told["name"]) else NEAR
        compare(
            "predictions",
            [array(each) for each in flat(model(x, training=False))],
            self.several("p"),
            near,
        )
        # To train on the other backends takes long, and is no question of how a file is read.
        trains = near == NEAR and runtime.backend() == "tensorflow"
        if kind in WHOLE and "losses" in self.told and trains:
            self.check_training(model)
        return SAME

    @staticmethod
    def given(values: list[Any]) -> list[Any]:
        if any(each.dtype.kind == "U" for each in values):
            import tensorflow as tf

            return [tf.constant(each) for each in values]
        return values

    def load(self, kind: str) -> Any:
        if kind in WHOLE and self.told["name"].startswith("kinds/subclassed"):
            import customs

            own = {name: getattr(customs, name) for name in ("Block", "Lists", "Mixed", "Nested")}
            return keras_ckpt.load_model(self.path(kind), own)
        if kind in WHOLE:
            return keras_ckpt.load_model(self.path(kind), self.custom_objects(), safe_mode=False)
        if self.told["name"].startswith("kinds/subclassed"):
            import customs

            model = getattr(customs, self.told["name"].split("_")[1].capitalize())()
            model(self.several("x")[0])
            keras_ckpt.load_weights(model, self.path(kind), **self.part(kind))
            return model
        read = keras_ckpt.model_from_yaml if kind == "model.yaml" else keras_ckpt.model_from_json
        with open(self.path("model.yaml" if kind == "model.yaml" else "model.json")) as file:
            model = read(file.read(), self.custom_objects(), safe_mode=False)
        weights = "weights.h5" if kind in ("model.json", "model.yaml") else kind
        keras_ckpt.load_weights(model, self.path(weights), **self.part(kind))
        return model

    @staticmethod
    def part(kind: str) -> dict[str, Any]:
        return {"part": "net"} if kind == "object" and PARTS else {}

    def check_losses(self, given: dict[str, Any]) -> None:
        """Compares the loss and the metrics, which have other names where the outputs have."""
        found = {name: float(np.mean(array(each))) for name, each in given.items()}
        told = dict(zip(self.told["metrics_names"], self.told["losses"]))
        repeated = any(re.search(r"_1_loss$", name) for name in told)
        if repeated or len(told) != len(self.told["losses"]):
            # Outputs of one name: their losses cannot be told apart.
            told = {"loss": self.told["losses"][0]}
        # By the names that the callback finds them by: `acc` is `accuracy` today.
        told = {
            name if name in found else monitor.alias(name, list(found)) or name: value
            for name, value in told.items()
        }
        if runtime.version() < (3, 3):  # It logs no loss of an output.
            told = {name: told[name] for name in told if name in found or name[-5:] != "_loss"}
        if set(told) <= set(found):
            pairs = [(found[name], told[name]) for name in told]
        elif len(told) == len(found):
            pairs = list(zip(found.values(), told.values()))
        else:
            raise Differs(f"losses: {found}, not {told}")
        one, other = (np.array(each) for each in zip(*pairs))
        compare(f"losses {found}, not {told}", [one], [other])

    def check_training(self, model: Any) -> None:
        if not model.compiled:
            raise Differs("it is not compiled")
        if runtime.backend() != "jax":
            model.run_eagerly = True
        model.reset_metrics()
        for layer in model._flatten_layers():
            if hasattr(layer, "reset_states") and getattr(layer, "stateful", False):
                layer.reset_states()
        self.check_losses(model.test_on_batch(self.x, self.y, return_dict=True))
        after = {kind: self.several(f"after_{kind}") for kind in "tn"}
        if not after["t"]:
            return
        model.reset_metrics()
        for layer in model._flatten_layers():
            if hasattr(layer, "reset_states") and getattr(layer, "stateful", False):
                layer.reset_states()
        model.train_on_batch(self.x, self.y)
        compare("trained weights", [array(each) for each in model.trainable_weights], after["t"])
        compare("other weights", [array(each) for each in model.non_trainable_weights], after["n"])


def result(case: Case, kind: str) -> str:
    """What comes of a file: `SAME`, `REFUSED` with the reason, or a fault."""
    runtime.keras().backend.clear_session()
    try:
        return case.check(kind)
    except Differs as error:
        return f"DIFFERS: {error}"
    except Exception as error:
        return f"RAISES: {type(error).__name__}: {str(error)[:300]}"


def kinds(told: dict[str, Any]) -> Iterator[str]:
    """The formats of a model that tell something."""
    name = told["name"]
    if told.get("reads") == "differs":
        return  # The release has not saved what it predicts with.
    for kind, problem in told["written"].items():
        if problem is not None or (kind == "object" and not PARTS):
            continue
        if name.startswith("optimizers.legacy") and kind == "model.keras":
            continue  # The release does not save the state of its optimizer there.
        is_own = name.startswith("kinds/subclassed")
        if is_own and kind in ("model.json", "saved_model"):
            continue  # Of a class of the user's there is no description.
        of_weights = kind in ("weights.h5", "checkpoint", "object")
        if of_weights and not is_own and told["written"].get("model.json", "") is not None:
            continue  # There is no description of the model that they are of.
        if (
            kind in ("model.json", "model.yaml")
            and told["written"].get("weights.h5", "") is not None
        ):
            continue
        if _has_no_vocabulary(name, kind):
            continue
        yield kind


def _has_no_vocabulary(name: str, kind: str) -> bool:
    """Whether the release itself cannot read a vocabulary from there: it is in no checkpoint."""
    return kind in ("checkpoint", "object") and bool(re.search("Lookup|Text|adapted_[^n]", name))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("directory")
    parser.add_argument("result")
    parser.add_argument("pattern", nargs="?", default="")
    parser.add_argument("--kinds", default="")
    given = parser.parse_args()
    results: dict[str, dict[str, str]] = {}
    if os.path.exists(given.result):  # Of a walk that was ended.
        with open(given.result) as file:
            results = json.load(file)

    def write_results() -> None:
        with open(given.result, "w") as file:
            json.dump(results, file, indent=1)

    for path in sorted(glob.glob(os.path.join(given.directory, "index*.json"))):
        with open(path) as file:
            index = json.load(file)
        for number, told in index["cases"].items():
            if told["name"] in results or not re.search(given.pattern, told["name"]):
                continue
            case = Case(os.path.join(given.directory, number), told)
            results[told["name"]] = {
                kind: result(case, kind) for kind in kinds(told) if re.search(given.kinds, kind)
            }
            if len(results) % 50 == 0:
                write_results()
    write_results()
    counts: dict[str, int] = {}
    for each in results.values():
        for found in each.values():
            counts[found.split(":")[0]] = counts.get(found.split(":")[0], 0) + 1
    print(index["release"], counts, file=sys.stderr)


if __name__ == "__main__":
    main()
