"""What the tests of restarts share: a model that is the same each time, what was trained."""

from __future__ import annotations

from typing import Any

import numpy as np

from keras_ckpt import ModelCheckpoint, runtime

keras = runtime.keras()

X = np.random.RandomState(0).rand(24, 4).astype("float32")
Y = X.sum(axis=1, keepdims=True)

#: Each format: the template, and whether it holds weights alone. With `{ending}` for links.
WHOLE = ["w.{epoch:02d}.keras", "w.{epoch:02d}.h5", "sm/{epoch}"]
WEIGHTS = [
    "w.{epoch:02d}.weights.h5",
    "w.{epoch:02d}.weights.json",
    "tf/{epoch}",
    "x.{epoch}.keras",
]
WITHOUT_OPTIMIZER = ["w.{epoch:02d}.hdf5"]
FORMATS = [
    *[(each, False) for each in WHOLE],
    *[(each, True) for each in WEIGHTS],
    *[(each, True) for each in WITHOUT_OPTIMIZER],
]


def model(metrics: Any = ("mae",), optimizer: str = "adam") -> Any:
    """Returns a compiled model, which is the same each time."""
    keras.utils.set_random_seed(1)
    layers = [keras.Input((4,)), keras.layers.Dense(3), keras.layers.Dense(1)]
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


def state(of: Any) -> list[np.ndarray]:
    """Returns the values of the variables of a model, and of its optimizer."""
    variables = [*of.variables, *of.optimizer.variables]
    return [runtime.to_numpy(each) for each in variables]


class Scores(keras.callbacks.Callback):  # type: ignore[misc]
    """Puts values of `score` into the logs, one for each epoch. It comes before the checkpoints."""

    def __init__(self, values: list[Any]) -> None:
        super().__init__()
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
