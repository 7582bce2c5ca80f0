"""The models in the files that old releases wrote: the same code makes them on any Keras."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np


class Case(NamedTuple):
    """A model with its data.

    ``whole`` tells whether HDF5 can hold it whole, which no subclassed model is held by.
    """

    model: Any
    x: Any
    y: Any
    whole: bool = True
    custom_objects: dict[str, Any] = {}


def _numbers(*shape: int) -> Any:
    return np.random.RandomState(sum(shape)).rand(*shape).astype("float32")


def mlp(keras: Any) -> Case:
    layers = keras.layers
    model = keras.Sequential(
        [
            layers.Dense(4, activation="relu", input_shape=(3,), kernel_regularizer="l2"),
            layers.LeakyReLU(0.2),
            layers.Dense(2, activation="softmax", kernel_constraint="max_norm"),
        ]
    )
    model.compile("adam", "categorical_crossentropy", metrics=["accuracy"])
    return Case(model, _numbers(8, 3), np.eye(2)[np.arange(8) % 2].astype("float32"))


def convolutions(keras: Any) -> Case:
    layers = keras.layers
    inputs = layers.Input((8, 8, 3))
    x = layers.Conv2D(4, 3, padding="same")(inputs)
    x = layers.BatchNormalization()(x)
    x = layers.ReLU()(x)
    x = layers.DepthwiseConv2D(2)(x)
    x = layers.SeparableConv2D(3, 2)(x)
    x = layers.Conv2DTranspose(3, 2)(x)
    x = layers.MaxPooling2D()(x)
    x = layers.GlobalAveragePooling2D()(x)
    model = keras.Model(inputs, layers.Dense(1)(x))
    optimizer = keras.optimizers.SGD(0.01, momentum=0.9)
    model.compile(optimizer, keras.losses.MeanSquaredError(), metrics=["mae"])
    return Case(model, _numbers(8, 8, 8, 3), _numbers(8, 1))


def recurrent(keras: Any) -> Case:
    layers = keras.layers
    inputs = layers.Input((5,), dtype="int32")
    x = layers.Embedding(10, 4)(inputs)
    x = layers.Bidirectional(layers.LSTM(3, return_sequences=True))(x)
    x = layers.GRU(3, return_sequences=True)(x)
    x = layers.GRU(3, reset_after=False, return_sequences=True)(x)
    x = layers.TimeDistributed(layers.Dense(2))(x)
    x = layers.SimpleRNN(3)(x)
    model = keras.Model(inputs, layers.Dense(1)(x))
    model.compile(keras.optimizers.RMSprop(0.01), "mae")
    return Case(model, np.random.RandomState(5).randint(0, 10, (8, 5)), _numbers(8, 1))


def stacked_cells(keras: Any) -> Case:
    layers = keras.layers
    inputs = layers.Input((5, 2))
    # TF 2.0 cannot write to HDF5 two variables of one name, which cells would have.
    cells = [layers.LSTMCell(3, name="one"), layers.GRUCell(2, name="two")]
    model = keras.Model(inputs, layers.RNN(cells)(inputs))
    model.compile("sgd", "mse")
    return Case(model, _numbers(8, 5, 2), _numbers(8, 2))


def nested(keras: Any) -> Case:
    layers = keras.layers
    shared = keras.Sequential(
        [layers.Dense(3, input_shape=(3,), activation="tanh"), layers.Dense(2)], name="shared"
    )
    inner_input = layers.Input((2,))
    inner = keras.Model(inner_input, layers.Dense(2)(inner_input), name="inner")
    one, two = layers.Input((3,), name="one"), layers.Input((3,), name="two")
    x = layers.Concatenate()([inner(shared(one)), shared(two)])
    dense = layers.Dense(4, name="dense_of_both")
    x = layers.Add()([dense(x), dense(layers.ReLU()(x))])
    outputs = [layers.Dense(1, name="first")(x), layers.Dense(2, name="second")(x)]
    model = keras.Model([one, two], outputs)
    model.compile("adam", ["mse", "mae"], loss_weights=[1.0, 0.5])
    return Case(model, [_numbers(8, 3), _numbers(4, 2, 3).reshape(8, 3)], [_numbers(8, 1)] * 2)


def attention(keras: Any) -> Case:
    layers = keras.layers
    inputs = layers.Input((5, 4))
    x = layers.MultiHeadAttention(2, 3)(inputs, inputs)
    x = layers.LayerNormalization()(layers.Add()([x, inputs]))
    model = keras.Model(inputs, layers.Dense(1)(layers.GlobalAveragePooling1D()(x)))
    model.compile(keras.optimizers.Adam(0.01), "mse")
    return Case(model, _numbers(8, 5, 4), _numbers(8, 1))


def mixed_precision(keras: Any) -> Case:
    layers = keras.layers
    inputs = layers.Input((3,))
    x = layers.Dense(4, dtype="mixed_bfloat16", activation="relu")(inputs)
    model = keras.Model(inputs, layers.Dense(1, dtype="float32")(x))
    model.compile("sgd", "mse")
    return Case(model, _numbers(8, 3), _numbers(8, 1))


def loss_scaled(keras: Any) -> Case:
    layers = keras.layers
    # As models that run on graphics cards are compiled.
    optimizer = keras.mixed_precision.LossScaleOptimizer(keras.optimizers.Adam(0.01))
    inputs = layers.Input((3,))
    x = layers.Dense(4, dtype="mixed_float16", activation="relu")(inputs)
    model = keras.Model(inputs, layers.Dense(1, dtype="float32")(x))
    model.compile(optimizer, "mse")
    return Case(model, _numbers(8, 3), _numbers(8, 1))


def custom_layer(keras: Any) -> Case:
    class Scale(keras.layers.Layer):  # type: ignore[misc, name-defined]
        def __init__(self, start: float = 1.0, **kwargs: Any) -> None:
            super().__init__(**kwargs)
            self.start = start

        def build(self, input_shape: Any) -> None:
            self.factor = self.add_weight(
                name="the_factor", shape=(input_shape[-1],), initializer="ones"
            )

        def call(self, x: Any) -> Any:
            return x * self.factor * self.start

        def get_config(self) -> Any:
            return dict(super().get_config(), start=self.start)

    inputs = keras.layers.Input((3,))
    model = keras.Model(inputs, keras.layers.Dense(1)(Scale(0.5)(inputs)))
    model.compile("sgd", "mse")
    return Case(model, _numbers(8, 3), _numbers(8, 1), custom_objects={"Scale": Scale})


def subclassed(keras: Any) -> Case:
    class Own(keras.Model):  # type: ignore[misc, name-defined]
        def __init__(self) -> None:
            super().__init__()
            self.first = keras.layers.Dense(4, activation="relu")
            self.blocks = [keras.layers.Dense(4), keras.layers.BatchNormalization()]
            self.last = keras.layers.Dense(1)

        def call(self, x: Any, training: Any = None) -> Any:
            x = self.first(x)
            dense, normalization = self.blocks
            # Passed on by hand: Keras 3 does not in `train_on_batch` on JAX.
            return self.last(normalization(dense(x), training=training))

    model = Own()
    model(_numbers(8, 3))
    model.compile("adam", "mse")
    return Case(model, _numbers(8, 3), _numbers(8, 1), whole=False)


MODELS = {
    each.__name__: each
    for each in (
        mlp,
        convolutions,
        recurrent,
        stacked_cells,
        nested,
        attention,
        mixed_precision,
        loss_scaled,
        custom_layer,
        subclassed,
    )
}

#: The formats, by what the names of their files end in.
KINDS = ("weights.h5", "weights.hdf5", "checkpoint", "model.h5", "saved_model", "model.keras")


def file_name(model: str, kind: str) -> str:
    """The name of the file that holds a model in a format."""
    return model + ("." if "." in kind else "_") + kind


#: How near predictions come that come less near than others, with half the bits.
NEAR = {"mixed_precision": 1e-2, "loss_scaled": 1e-2}
#: And losses. Keras 3 takes steps of RMSprop for an embedding in another way than TensorFlow did.
NEAR_LOSSES = {"mixed_precision": 2e-2, "loss_scaled": 2e-2, "recurrent": 1e-2}
