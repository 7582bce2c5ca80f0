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


@registered
class Graph(keras.Model):  # type: ignore[misc, name-defined]
    """A functional model. Some of its layers are attributes, as are some that it does not call.

    Args:
        parts: strings, each the name of an attribute with the layers that are in it, such as
            `"zero=b"` and `"listed=ca"`, or a plus for each that is not in the graph: `"arm=+"`.
    """

    def __init__(self, parts: Any = (), **kwargs: Any) -> None:
        inputs = keras.Input((4,))
        layers = {"a": dense(), "b": dense(), "c": dense()}
        super().__init__(inputs, layers["c"](layers["b"](layers["a"](inputs))), **kwargs)
        self.parts = ",".join(parts)
        for part in parts:
            name, _, letters = part.partition("=")
            found = [layers.get(letter) or dense() for letter in letters]
            for each in found:
                if not each.built:
                    each.build((None, 4))
            setattr(self, name, found[0] if len(found) == 1 else found)

    def get_config(self) -> Any:
        return {"parts": self.parts.split(",")}

    @classmethod
    def from_config(cls, config: Any, custom_objects: Any = None) -> Any:
        return cls(config["parts"])


def kinds() -> list[list[str]]:
    """Returns the parts of each model."""
    drawn = random.Random(1)
    found: list[list[str]] = []
    for _ in range(10):
        names = ["zero", "listed", "arm", "_hidden", "Zeta", "many"]
        drawn.shuffle(names)
        contents = ["".join(drawn.choices("abc+", k=drawn.randint(1, 3))) for _ in range(4)]
        found.append([f"{name}={content}" for name, content in zip(names, contents)])
    for _ in range(20):
        parts = [each for each in PARTS if drawn.random() < 0.5] or ["out"]
        drawn.shuffle(parts)
        for _ in range(drawn.randint(0, 3)):
            parts.insert(drawn.randint(0, len(parts)), "grow")
        found.append(parts)
    return found


def made(parts: list[str]) -> Any:
    """Returns a model with its variables."""
    model = (Graph if "=" in parts[0] else Mixed)(parts)
    model(X)
    return model


def seen(model: Any) -> Any:
    """Returns what a model predicts, and the weights of layers that it does not call."""
    found = [np.asarray(as_array(model(X)))]
    for part in model.parts.split(","):
        name, _, letters = part.partition("=")
        value = getattr(model, name, None)
        for letter, layer in zip(letters, value if isinstance(value, (list, tuple)) else [value]):
            if letter == "+":
                found.append(np.asarray(layer.get_weights()[0]))
    return np.concatenate(found)


def as_array(value: Any) -> Any:
    """Returns the array of a tensor of any backend."""
    return value.detach().numpy() if hasattr(value, "detach") else value


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
        np.save(name + ".npy", seen(model))


if __name__ == "__main__":
    main(sys.argv[1])
