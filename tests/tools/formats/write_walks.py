"""Models of users' classes whose layers are alike, and attributes in any order.

`python write_walks.py FOLDER` has TF 2.12 to 2.15 save them: what a group in a file is called tells
in which order the release has met the layers, and a layer that is taken for another one is noticed
by nothing but the predictions.
"""

from __future__ import annotations

import os
import random
import sys
from typing import Any, Iterator

import numpy as np

try:
    import tensorflow as tf

    keras = tf.keras
except ImportError:
    import keras

registered = keras.utils.register_keras_serializable("walks")
#: What a model is made of, in this order. Their names are before and after `layers` and `metrics`.
PARTS = ("out", "alpha", "_hidden", "Zeta", "dense_list", "towers", "by_name", "nested", "pair")
#: In which order they are called.
ORDER = (*PARTS, "growing")
X = np.linspace(-1, 1, 12, dtype="float32").reshape(3, 4)


def dense() -> Any:
    return keras.layers.Dense(4, activation="tanh")


@registered
class Block(keras.layers.Layer):  # type: ignore[misc, name-defined]
    """A layer that has layers as attributes and in a list."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.zero = dense()
        self.listed = [dense(), dense()]
        self.arm = dense()

    def build(self, input_shape: Any) -> None:
        for each in (self.zero, *self.listed, self.arm):
            each.build(input_shape)
        self.built = True

    def call(self, inputs: Any) -> Any:
        for each in (self.arm, *self.listed, self.zero):
            inputs = each(inputs)
        return inputs

    def compute_output_shape(self, input_shape: Any) -> Any:
        return input_shape


@registered
class Mixed(keras.Model):  # type: ignore[misc, name-defined]
    """A model of parts, each of which is made when its turn comes.

    Args:
        parts: strings, the parts in order; each `grow` adds a layer to the list `growing`.
    """

    def __init__(self, parts: Any = (), **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.parts = ",".join(parts)
        if "grow" in parts:
            self.growing: list[Any] = []
        for part in parts:
            if part == "grow":
                self.growing.append(dense())
            elif part == "dense_list":
                self.dense_list = [dense(), dense()]
            elif part == "towers":
                self.towers = [keras.Sequential([dense()]), Block()]
            elif part == "by_name":
                self.by_name = {"one": dense(), "all": dense()}
            elif part == "nested":
                self.nested = Block()
            elif part == "pair":
                self.pair = (dense(), dense())
            else:
                setattr(self, part, dense())

    def _steps(self) -> Iterator[Any]:
        for name in ORDER:
            found = getattr(self, name, ())
            if name == "by_name" and found:
                yield from (found["one"], found["all"])
            elif name in ("dense_list", "towers", "pair", "growing"):
                yield from found
            elif found != ():
                yield found

    def build(self, input_shape: Any) -> None:
        for each in self._steps():
            each.build(input_shape)
        self.built = True

    def call(self, inputs: Any) -> Any:
        for each in self._steps():
            inputs = each(inputs)
        return inputs

    def get_config(self) -> Any:
        return {"parts": self.parts.split(",")}


def kinds() -> list[list[str]]:
    """Returns the parts of each model."""
    drawn = random.Random(1)
    found: list[list[str]] = []
    for _ in range(40):
        parts = [each for each in PARTS if drawn.random() < 0.5] or ["out"]
        drawn.shuffle(parts)
        for _ in range(drawn.randint(0, 3)):
            parts.insert(drawn.randint(0, len(parts)), "grow")
        found.append(parts)
    return found


def made(parts: list[str]) -> Any:
    """Returns a model with its variables."""
    model = Mixed(parts)
    model(X)
    return model


def main(directory: str) -> None:
    drawn = np.random.RandomState(0)
    is_first = tf.__version__.startswith("2.12")
    for number, parts in enumerate(kinds()):
        model = made(parts)
        model.set_weights([drawn.randn(*each.shape) for each in model.get_weights()])
        name = os.path.join(directory, str(number))
        if not is_first:
            model.save_weights(name + ".weights.h5")
        model.save(name + ".keras", save_format="keras_v3" if is_first else "keras")
        np.save(name + ".npy", np.asarray(model(X)))


if __name__ == "__main__":
    main(sys.argv[1])
