"""What the tests of restarts share: a model that is the same each time, what was trained."""

from __future__ import annotations

from typing import Any

import numpy as np

from keras_ckpt import ModelCheckpoint, runtime
from keras_ckpt.formats import registry

keras = runtime.keras()

X = np.random.RandomState(0).rand(24, 4).astype("float32")
Y = X.sum(axis=1, keepdims=True)

#: Each format: the template, and whether it holds weights alone.
EVERY = [
    ("w.{epoch:02d}.keras", False),
    ("w.{epoch:02d}.h5", False),
    ("sm/{epoch}", False),
    ("w.{epoch:02d}.orbax", False),
    ("w.{epoch:02d}.weights.h5", True),
    ("w.{epoch:02d}.weights.json", True),
    ("tf/{epoch}", True),
    ("x.{epoch}.keras", True),
    ("w.{epoch:02d}.hdf5", True),
    ("w.{epoch:02d}.safetensors", True),
    ("x.{epoch:02d}.orbax", True),
]
#: Of these, what Keras 2 has.
OF_KERAS_2 = [*EVERY[:3], EVERY[4], EVERY[6], EVERY[8]]
#: Those that hold no optimizer.
WITHOUT_OPTIMIZER = EVERY[-3:]
if runtime.version() < (2, 13):
    WITHOUT_OPTIMIZER.append(EVERY[4])


def can_write(template: str, weights: bool) -> bool:
    """Returns whether the running Keras saves in a format, with what is installed."""
    if not runtime.is_keras_3():
        return (template, weights) in OF_KERAS_2
    try:
        registry.check_written(template, weights)
    except ImportError:
        return False
    return runtime.has_tensorflow() or not template.startswith("sm/")


FORMATS = [(template, weights) for template, weights in EVERY if can_write(template, weights)]


def seed() -> None:
    """Makes what is random the same each time."""
    if hasattr(keras.utils, "set_random_seed"):
        keras.utils.set_random_seed(1)
    else:
        np.random.seed(1)
        runtime.tensorflow().random.set_seed(1)


def model(metrics: Any = ("mae",), optimizer: Any = "adam") -> Any:
    """Returns a compiled model, which is the same each time."""
    seed()
    if runtime.is_keras_3():
        layers = [keras.Input((4,)), keras.layers.Dense(3), keras.layers.Dense(1)]
    else:
        layers = [keras.layers.Dense(3, input_shape=(4,)), keras.layers.Dense(1)]
    made = keras.Sequential(layers)
    made.compile(optimizer, "mse", metrics=list(metrics))
    return made


class Seen(keras.callbacks.Callback):  # type: ignore[misc]
    """Notes which epochs were trained, from 1, and what the model was when they began."""

    def __init__(self) -> None:
        super().__init__()
        self.epochs: list[int] = []
        self.states: list[list[np.ndarray]] = []

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self.epochs.append(epoch + 1)
        self.states.append(state(self.model))


def variables_of_keras_2(optimizer: Any) -> list[Any]:
    """Returns the variables of an optimizer, which TF 2.11 calls by another name."""
    return list(optimizer.weights if hasattr(optimizer, "weights") else optimizer.variables)


def state(of: Any) -> list[np.ndarray]:
    """Returns the values of the variables of a model, and of its optimizer."""
    variables = of.weights
    if runtime.is_keras_3():
        variables = [*of.variables, *of.optimizer.variables]
    else:
        variables = [*of.weights, *variables_of_keras_2(of.optimizer)]
    return [runtime.to_numpy(each) for each in variables]


class Scores(keras.callbacks.Callback):  # type: ignore[misc]
    """Puts values of `score` into the logs, one for each epoch. It comes before the checkpoints."""

    def __init__(self, values: list[Any]) -> None:
        super().__init__()
        # Otherwise TF 2.2 to 2.5 give it a copy of the logs, which the checkpoints do not see.
        self._supports_tf_logs = True
        self.values = values

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        if epoch < len(self.values) and self.values[epoch] is not None:
            logs["score"] = self.values[epoch]


def fit(
    checkpoint: ModelCheckpoint, epochs: int, *before: Any, of: Any = None, **kwargs: Any
) -> Seen:
    """Trains a new model, and returns what was trained. The model is in `Seen.model`."""
    seen = Seen()
    of = model() if of is None else of
    kwargs = {"verbose": 0, "batch_size": 8, "shuffle": False, **kwargs}
    of.fit(X, Y, epochs=epochs, callbacks=[seen, *before, checkpoint], **kwargs)
    seen.set_model(of)
    return seen
