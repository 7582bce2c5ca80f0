"""Small models at random, each of its seed; and, as a script, an old release's reader of such.

``python random_models.py DIRECTORY`` reads the HDF5 files that `test_keras_2_config.py` wrote, and
prints as JSON what came of each: "same", if it predicts what Keras 3 does.
"""

from __future__ import annotations

import json
import os
import sys
from typing import Any

import numpy as np

#: What there is in models of a few seeds.
KINDS = {
    "AveragePooling2D",
    "BatchNormalization",
    "Bidirectional",
    "Conv2D",
    "Dense",
    "Dropout",
    "Embedding",
    "Functional",
    "GRU",
    "LSTM",
    "LayerNormalization",
    "LeakyReLU",
    "Masking",
    "MaxPooling2D",
    "Reshape",
    "Sequential",
}


class _Maker:
    """Makes a model by what a seed says."""

    def __init__(self, keras: Any, seed: int) -> None:
        self.keras = keras
        self.layers = keras.layers
        self.random = np.random.RandomState(seed)
        self.turn = seed

    def one_of(self, *options: Any) -> Any:
        return options[self.random.randint(len(options))]

    def size(self) -> int:
        return int(self.random.randint(1, 5))

    def _initializer(self) -> Any:
        of = self.keras.initializers
        return self.one_of(
            "glorot_uniform",
            of.HeNormal(seed=3),
            of.GlorotUniform(seed=4),
            of.RandomNormal(stddev=0.3, seed=5),
            of.RandomUniform(-0.5, 0.5, seed=6),
            of.VarianceScaling(0.5, "fan_out", seed=7),
            of.Orthogonal(seed=8),
            of.Constant(0.25),
        )

    def _regularizer(self) -> Any:
        of = self.keras.regularizers
        return self.one_of(None, "l2", of.L1(0.01), of.L2(0.02), of.L1L2(0.01, 0.02))

    def _constraint(self) -> Any:
        of = self.keras.constraints
        return self.one_of(None, "non_neg", of.MaxNorm(2.0), of.UnitNorm(), of.MinMaxNorm(0.1, 1.0))

    def _weights(self, name: str = "kernel") -> dict[str, Any]:
        return {
            name + "_initializer": self._initializer(),
            name + "_regularizer": self._regularizer(),
            name + "_constraint": self._constraint(),
        }

    def _activation(self) -> Any:
        return self.one_of(None, "relu", "tanh", "sigmoid", "softplus")

    def dense(self) -> Any:
        return self.layers.Dense(
            self.size(), self._activation(), self.one_of(True, False), **self._weights()
        )

    def normalization(self) -> Any:
        batch = self.layers.BatchNormalization(
            momentum=self.one_of(0.9, 0.99),
            scale=self.one_of(True, False),
            gamma_regularizer=self._regularizer(),
            moving_mean_initializer=self.keras.initializers.RandomNormal(seed=2),
        )
        return self.one_of(batch, self.layers.LayerNormalization(epsilon=self.one_of(1e-3, 1e-5)))

    def anywhere(self) -> Any:
        """A layer that takes tensors of any shape."""
        layers = self.layers
        return self.one_of(
            lambda: layers.Dropout(0.5, seed=self.one_of(None, 3)),
            lambda: layers.LeakyReLU(self.one_of(0.1, 0.25)),
            lambda: layers.ReLU(max_value=self.one_of(None, 1.0)),
            lambda: layers.Activation("tanh"),
            lambda: layers.GaussianNoise(0.1),
            self.normalization,
            self.dense,
        )()

    def recurrent(self, sequences: bool) -> Any:
        layers = self.layers
        cls = self.one_of(layers.LSTM, layers.GRU, layers.SimpleRNN)
        both = self.one_of(True, False)
        layer = cls(
            self.size(),
            return_sequences=sequences,
            go_backwards=self.one_of(False, not both),
            dropout=self.one_of(0.0, 0.2),
            **dict(self._weights(), **self._weights("recurrent")),
        )
        if both:
            return layers.Bidirectional(layer, merge_mode=self.one_of("concat", "sum", "ave"))
        return layer

    def image(self, x: Any) -> Any:
        layers = self.layers
        x = layers.Conv2D(
            self.size(),
            self.one_of(2, 3),
            padding="same",
            strides=self.one_of(1, 2),
            activation=self._activation(),
            **self._weights(),
        )(x)
        x = self.anywhere()(x)
        pool = self.one_of(layers.MaxPooling2D, layers.AveragePooling2D)
        x = pool(2, padding="same")(x)
        last = self.one_of(
            layers.Flatten(), layers.GlobalMaxPooling2D(), layers.GlobalAveragePooling2D()
        )
        return last(x)

    def sequence(self, x: Any) -> Any:
        layers = self.layers
        x = self.recurrent(True)(x)
        x = self.one_of(self.anywhere, lambda: layers.TimeDistributed(self.dense()))()(x)
        if self.one_of(True, False):
            return self.recurrent(False)(x)
        return self.one_of(layers.GlobalAveragePooling1D, layers.GlobalMaxPooling1D)()(x)

    def branch(self) -> tuple[Any, Any, Any]:
        """An input, a vector that is made of it, and data."""
        keras, layers = self.keras, self.layers
        # By turns, so that a few seeds have all of them.
        self.turn += 1
        kinds = ("tokens", "image", "masked", "vector", "sequence", "reshaped")
        kind = kinds[self.turn % len(kinds)]
        if kind == "tokens":
            inputs = keras.Input((5,), dtype="int32")
            x = layers.Embedding(7, self.size(), mask_zero=self.one_of(False, True))(inputs)
            data = self.random.randint(1, 7, (3, 5)).astype("int32")
            data[1:, 3:] = 0
            return inputs, self.sequence(x), data
        shape = {"image": (6, 6, 2), "sequence": (4, 3), "masked": (4, 3)}.get(kind, (6,))
        inputs = keras.Input(shape)
        data = self.random.rand(3, *shape).astype("float32")
        if kind == "image":
            return inputs, self.image(inputs), data
        if kind == "sequence":
            return inputs, self.sequence(inputs), data
        if kind == "masked":
            data[:, 2:] = 0.5
            return inputs, self.sequence(layers.Masking(0.5)(inputs)), data
        if kind == "reshaped":
            x = layers.Reshape((2, 3))(layers.Dense(6)(inputs))
            return inputs, self.sequence(x), data
        return inputs, self.anywhere()(inputs), data

    def nested(self, width: int) -> Any:
        """A model to be called on vectors."""
        keras, layers = self.keras, self.layers
        if self.one_of(True, False):
            return keras.Sequential([keras.Input((width,)), self.anywhere(), self.dense()])
        inputs = keras.Input((width,))
        x = self.dense()(inputs)
        inner = keras.Sequential([keras.Input((int(x.shape[-1]),)), self.dense()])
        x = inner(x)
        return keras.Model(inputs, layers.Concatenate()([x, self.dense()(inputs)]))

    def functional(self) -> tuple[Any, list[Any]]:
        layers = self.layers
        branches = [self.branch() for _ in range(self.one_of(1, 1, 2, 3))]
        ends = [layers.Dense(4)(each[1]) for each in branches]
        x = (
            self.one_of(layers.Add, layers.Average, layers.Concatenate)()(ends)
            if ends[1:]
            else ends[0]
        )
        model = self.nested(int(x.shape[-1]))
        once = model(x)
        if self.one_of(True, False):
            twice = model(layers.LeakyReLU(0.3)(x))
            once = layers.Concatenate()([once, twice])
        shared = self.dense()
        outputs = [shared(once)]
        if self.one_of(True, False):
            outputs.append(shared(layers.ReLU()(once)))
            outputs.append(self.anywhere()(once))
        inputs = [each[0] for each in branches]
        made = self.keras.Model(
            inputs if len(inputs) > 1 else inputs[0], outputs if len(outputs) > 1 else outputs[0]
        )
        return made, [each[2] for each in branches]

    def sequential(self) -> tuple[Any, list[Any]]:
        keras, layers = self.keras, self.layers
        model = keras.Sequential([keras.Input((8,)), self.anywhere()])
        model.add(layers.Dense(4))
        model.add(self.nested(4))
        model.add(self.anywhere())
        return model, [self.random.rand(3, 8).astype("float32")]


def model_and_data(keras: Any, seed: int) -> tuple[Any, list[Any]]:
    """A model with weights at random, and data for each of its inputs."""
    maker = _Maker(keras, seed)
    model, data = maker.one_of(maker.functional, maker.functional, maker.sequential)()
    random = np.random.RandomState(seed)
    model.set_weights(
        [
            random.uniform(0.05, 0.5, value.shape).astype(value.dtype)
            for value in model.get_weights()
        ]
    )
    return model, data


def _read(keras: Any, path: str, data: list[Any], expected: list[Any]) -> str:
    try:
        model = keras.models.load_model(path)
        # Not by `predict`, which compiles first.
        found = model(data if len(data) > 1 else data[0], training=False)
    except Exception as error:
        return f"{type(error).__name__}: {str(error)[:300]}"
    every = found if isinstance(found, list) else [found]
    for mine, its in zip(every, expected):
        if not np.allclose(mine, its, rtol=1e-4, atol=1e-5):
            return "it predicts something else"
    return "same" if len(every) == len(expected) else "it has other outputs"


def main(directory: str) -> None:
    import tensorflow

    with open(os.path.join(directory, "expected.json")) as file:
        expected = json.load(file)
    found = {}
    for seed, told in expected.items():
        tensorflow.keras.backend.clear_session()
        with open(os.path.join(directory, seed + ".json")) as file:
            data = [np.array(each["values"], each["dtype"]) for each in json.load(file)]
        path = os.path.join(directory, seed + ".h5")
        found[seed] = _read(tensorflow.keras, path, data, told)
    print(json.dumps(found))


if __name__ == "__main__":
    main(sys.argv[1])
