"""Small models of the kinds that checkpoints differ for."""

from __future__ import annotations

import importlib.util
import os
import warnings
from typing import Any

import numpy as np

from keras_ckpt import runtime
from keras_ckpt.formats import api

keras = runtime.keras()
layers = keras.layers


def mlp():
    return keras.Sequential(
        [
            keras.Input((4,)),
            layers.Dense(5, activation="relu"),
            layers.Dropout(0.5),
            layers.Dense(3, activation="softmax"),
        ]
    )


def cnn():
    inputs = keras.Input((8, 8, 3))
    x = layers.Conv2D(4, 3)(inputs)
    x = layers.BatchNormalization()(x)
    x = layers.Dropout(0.3)(x)
    x = layers.DepthwiseConv2D(3)(x)
    x = layers.SeparableConv2D(4, 3)(x)
    outputs = layers.Dense(3, activation="softmax")(layers.Flatten()(x))
    return keras.Model(inputs, outputs)


def rnn():
    return keras.Sequential(
        [
            keras.Input((7,), dtype="int32"),
            layers.Embedding(10, 6),
            layers.LSTM(5),
            layers.Dense(3, activation="softmax"),
        ]
    )


def nested():
    inputs = keras.Input((4,))
    inner = keras.Sequential([keras.Input((4,)), layers.Dense(4), layers.BatchNormalization()])
    return keras.Model(inputs, layers.Dense(3)(layers.Concatenate()([inner(inputs), inputs])))


class Subclassed(keras.Model):
    def __init__(self):
        super().__init__()
        self.first = layers.Dense(5, activation="relu")
        self.norm = layers.BatchNormalization()
        self.blocks = [layers.Dense(5), layers.Dense(5)]
        self.heads = {"a": layers.Dense(3, activation="softmax")}

    def call(self, x, training=None):
        x = self.norm(self.first(x), training=training)
        for block in self.blocks:
            x = block(x)
        return self.heads["a"](x)


def subclassed():
    model = Subclassed()
    model(np.zeros((1, 4), "float32"))
    return model


#: Endings of the formats of other libraries, of those that are installed.
SAFETENSORS = [".safetensors"] * bool(importlib.util.find_spec("safetensors"))
ORBAX = [".orbax"] * bool(importlib.util.find_spec("orbax"))

MODELS = {each.__name__: each for each in (mlp, cnn, rnn, nested, subclassed)}
SHAPES = {"cnn": (8, 8, 8, 3)}


def data(name):
    random = np.random.RandomState(0)
    if name == "rnn":
        return random.randint(0, 10, (8, 7))
    return random.rand(*SHAPES.get(name, (8, 4))).astype("float32")


def compiled(name):
    model = MODELS[name]()
    model.compile(optimizer="adam", loss="mse", metrics=["mse"])
    return model


def trained(name):
    model = compiled(name)
    model.fit(data(name), np.random.RandomState(1).rand(8, 3).astype("float32"), verbose=0)
    return model


def predictions(model, name):
    return np.asarray(model.predict(data(name), verbose=0))


def values(variables):
    return [np.array(runtime.to_numpy(variable)) for variable in variables]


def saved(model, path, weights_only):
    """Saves a model, which leaves no file beside its own."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="(?s).*no graph to serve it from")
        api.write(model, path, weights_only)
    hidden = [name for name in os.listdir(os.path.dirname(path)) if name.startswith(".")]
    assert hidden == []


def of_several(path: str, models: dict[str, Any]) -> None:
    """Writes what `tf.train.Checkpoint(**models).write(path)` did."""
    from keras_ckpt.formats.tensorflow import object_graph, tensor_bundle

    root = object_graph.Node()
    for way, model in models.items():
        node = root
        *outer, name = way.split(".")
        for each in outer:
            node = node.children.setdefault(each, object_graph.Node())
        node.children[name] = object_graph.describe(model)
    graph, variables = object_graph.dump(root)
    tensors: dict[str, Any] = {
        key: runtime.to_numpy(node.variable) for key, node in variables.items()
    }
    tensors[object_graph.KEY] = graph
    tensor_bundle.write(path, tensors)
