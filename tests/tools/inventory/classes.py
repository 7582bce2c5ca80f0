"""A small model around each class that the running Keras 2 exports."""

from __future__ import annotations

import inspect
import re
from typing import Any, Callable, Iterator, NamedTuple

import numpy as np
import parameters
from parameters import Made, made


class Case(NamedTuple):
    """A model with what it is called on.

    Attributes:
        name: its kind, its class and its arguments.
        make: returns the model, not compiled.
        inputs: the arrays that it is called on.
        compile: the arguments of `compile`, functions of Keras; None for a mean squared error.
        targets: the arrays of labels; None for random ones in the shape of the output.
        custom: names of objects of the user's, for the reader.
        steps: how many steps of training come before it is saved.
        fixed: whether its variables keep their values.
        earlier: the inputs of those steps; None for the same ones.
    """

    name: str
    make: Callable[[], Any]
    inputs: list[Any]
    compile: Callable[[], dict[str, Any]] | None = None
    targets: list[Any] | None = None
    custom: tuple[str, ...] = ()
    steps: int = 0
    fixed: bool = False
    earlier: list[list[Any]] | None = None


def numbers(*shape: int) -> Any:
    return np.random.RandomState(sum(shape) + len(shape)).uniform(-1, 1, shape).astype("float32")


def whole(*shape: int) -> Any:
    return np.random.RandomState(sum(shape)).randint(0, 6, shape).astype("int32")


def images(*shape: int) -> Any:
    return np.random.RandomState(sum(shape)).uniform(0, 1, shape).astype("float32")


TEXT = np.array([["the cat SAT, down"], ["a dog"], ["cat cat the"], ["zebra! é"]])
WORDS = np.array([["a", "b"], ["c", "zz"], ["b", "b"], ["", "a"]])
INTEGERS = np.array([[1, 2], [3, 9], [2, 2], [0, 1]], "int64")

#: What a layer is called on, by what its name is like. The first that matches counts.
INPUTS: list[tuple[str, list[Any]]] = [
    (r"ConvLSTM1D$", [numbers(2, 3, 7, 4)]),
    (r"ConvLSTM2D$", [numbers(2, 3, 6, 7, 4)]),
    (r"ConvLSTM3D$", [numbers(2, 2, 5, 5, 5, 2)]),
    (r"^(Random|CenterCrop|Resizing|Rescaling)(?!Fourier)", [images(2, 8, 9, 3)]),
    (r"1D(Transpose)?$", [numbers(3, 8, 4)]),
    (r"2D(Transpose)?$", [numbers(2, 7, 8, 4)]),
    (r"3D(Transpose)?$", [numbers(2, 5, 6, 7, 4)]),
    (
        r"^(Add|Subtract|Multiply|Average|Maximum|Minimum|Concatenate)$",
        [numbers(3, 4, 3), numbers(3, 4, 3) * 2],
    ),
    (r"^Dot$", [numbers(3, 3, 4), numbers(3, 3, 4) * 2]),
    (r"Attention$", [numbers(3, 3, 4), numbers(3, 5, 4)]),
    (r"^Embedding$", [whole(3, 5)]),
    (r"^(StringLookup|Hashing)$", [WORDS]),
    (r"^IntegerLookup$", [INTEGERS]),
    (r"^TextVectorization$", [TEXT]),
    (r"^CategoryEncoding$", [INTEGERS % 4]),
    (r"^Discretization$", [numbers(4, 3) * 3]),
    (r"^(CategoryCrossing|HashedCrossing)$", [WORDS[:, :1], WORDS[:, 1:]]),
    (
        r"(LSTM|GRU|SimpleRNN)(Cell)?$|^(RNN|Bidirectional|TimeDistributed|StackedRNNCells)$",
        [numbers(3, 5, 4)],
    ),
    (
        r"Normalization|Masking|Spatial|^(Permute|PReLU|Softmax|EinsumDense|AlphaDropout|GaussianNoise)",
        [numbers(3, 5, 4)],
    ),
    (r"", [numbers(3, 4)]),
]
#: What layers must be given.
REQUIRED: dict[str, dict[str, Any]] = {
    "units": {"units": 3},
    "filters": {"filters": 4},
    "kernel_size": {"kernel_size": 3},
}
REQUIRED_OF: dict[str, dict[str, Any]] = {
    "Activation": {"activation": "tanh"},
    "AlphaDropout": {"rate": 0.3},
    "CategoryEncoding": {"num_tokens": 5, "max_tokens": 5},
    "CenterCrop": {"height": 5, "width": 4},
    "Discretization": {"bin_boundaries": [-1.0, 0.0, 1.5], "bins": [-1.0, 0.0, 1.5]},
    "Dot": {"axes": 1},
    "EinsumDense": {"equation": "abc,cd->abd", "output_shape": (None, 3)},
    "Embedding": {"input_dim": 6, "output_dim": 3},
    "GaussianDropout": {"rate": 0.3},
    "GroupNormalization": {"groups": 2},
    "HashedCrossing": {"num_bins": 7},
    "Hashing": {"num_bins": 7},
    "IntegerLookup": {"vocabulary": [1, 2, 3]},
    "MultiHeadAttention": {"num_heads": 2, "key_dim": 3},
    "Permute": {"dims": (2, 1)},
    "RandomCrop": {"height": 5, "width": 4},
    "RandomFourierFeatures": {"output_dim": 5},
    "RandomTranslation": {"height_factor": 0.2, "width_factor": 0.3},
    "RandomZoom": {"height_factor": 0.2},
    "RepeatVector": {"n": 3},
    "Rescaling": {"scale": 0.5},
    "Reshape": {"target_shape": (2, 2)},
    "Resizing": {"height": 5, "width": 11},
    "StringLookup": {"vocabulary": ["a", "b", "c"]},
    "TextVectorization": {"vocabulary": ["cat", "the", "dog"]},
    "Bidirectional": {"layer": Made("layers", "LSTM", units=3)},
    "TimeDistributed": {"layer": Made("layers", "Dense", units=3)},
    "SpectralNormalization": {"layer": Made("layers", "Dense", units=3)},
    "RNN": {"cell": Made("layers", "GRUCell", units=3)},
    "StackedRNNCells": {
        "cells": [Made("layers", "LSTMCell", units=3), Made("layers", "GRUCell", units=2)]
    },
}
for _name in (
    "Dropout",
    "GaussianDropout",
    "SpatialDropout1D",
    "SpatialDropout2D",
    "SpatialDropout3D",
):
    REQUIRED_OF[_name] = {"rate": 0.3}
REQUIRED_OF["GaussianNoise"] = {"stddev": 0.2}
for _name in (
    "RandomContrast",
    "RandomHeight",
    "RandomWidth",
    "RandomRotation",
    "RandomBrightness",
):
    REQUIRED_OF[_name] = {"factor": 0.2}
#: No layers of models: base classes, and what is an argument of another layer.
ABSTRACT = frozenset(
    [
        "AbstractRNNCell",
        "InputSpec",
        "InputLayer",
        "Layer",
        "Wrapper",
        "PreprocessingLayer",
        "Lambda",
    ]
    + ["DenseFeatures", "SequenceFeatures"]
)
#: Layers whose state is not only in their variables: it is left as the layer made it.
AS_MADE = re.compile(r"Lookup|TextVectorization|^Normalization|Discretization|Random|Fourier")


def required(cls: type) -> dict[str, Any]:
    """What a class must be given."""
    names = parameters.parameters(cls)
    found = {}
    for name, default in names.items():
        if name in REQUIRED_OF.get(cls.__name__, {}):
            found[name] = REQUIRED_OF[cls.__name__][name]
        elif default is inspect.Parameter.empty and name in REQUIRED:
            found.update(REQUIRED[name])
    return found


def exported(module: Any) -> Iterator[tuple[str, type]]:
    """The classes that a module exports, each once, by the name that it has itself."""
    seen = set()
    for name in sorted(dir(module)):
        cls = getattr(module, name)
        if inspect.isclass(cls) and not name.startswith("_") and cls not in seen:
            seen.add(cls)
            yield cls.__name__, cls


def _modules(keras: Any, *ways: str) -> Iterator[tuple[str, Any]]:
    for way in ways:
        found = keras
        for part in way.split("."):
            found = getattr(found, part, None)
        if found is not None:
            yield way, found


def shown(arguments: dict[str, Any]) -> str:
    return ",".join(f"{key}={value!r}" for key, value in sorted(arguments.items()))


def _inputs(name: str) -> list[Any]:
    return next(found for pattern, found in INPUTS if re.search(pattern, name))


def _kind(array: Any) -> str:
    return "string" if array.dtype.kind == "U" else array.dtype.name


def tensors(keras: Any, arrays: list[Any], batch: bool = False) -> list[Any]:
    if batch:
        return [keras.layers.Input(batch_shape=each.shape, dtype=_kind(each)) for each in arrays]
    return [keras.layers.Input(each.shape[1:], dtype=_kind(each)) for each in arrays]


def flat(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return [each for key in sorted(value) for each in flat(value[key])]
    if isinstance(value, (list, tuple)):
        return [each for part in value for each in flat(part)]
    return [value]


def _of_layer(
    keras: Any, cls: type, arguments: dict[str, Any], arrays: list[Any]
) -> Callable[[], Any]:
    def make() -> Any:
        given = made(keras, arguments)
        inputs = tensors(keras, arrays, batch=bool(given.get("stateful")))
        layer = cls(**given)
        if cls.__name__.endswith("Cell") or cls.__name__ == "StackedRNNCells":
            layer = keras.layers.RNN(layer)
        if cls.__name__ == "MultiHeadAttention":
            outputs = layer(*inputs)
        else:
            outputs = layer(inputs if len(inputs) > 1 else inputs[0])
        if cls.__name__ == "Masking" or given.get("mask_zero"):
            outputs = keras.layers.LSTM(2, return_sequences=True)(outputs)
        outputs = flat(outputs)
        return keras.Model(inputs, outputs if len(outputs) > 1 else outputs[0])

    return make


def layers(keras: Any, unknown: list[str], mixtures: int = 3) -> Iterator[Case]:
    seen = set()
    ways = ("layers", "layers.experimental", "layers.experimental.preprocessing")
    for way, module in list(_modules(keras, *ways)) + compat_v1(keras):
        for name, cls in exported(module):
            if name in ABSTRACT or cls in seen or not issubclass(cls, keras.layers.Layer):
                if not name.endswith("Cells"):
                    continue
            seen.add(cls)
            for arguments in parameters.combinations(cls, required(cls), mixtures, unknown):
                arrays = _inputs(name)
                label = f"{way}/{name}({shown(arguments)})"
                yield Case(
                    label,
                    _of_layer(keras, cls, arguments, arrays),
                    arrays,
                    fixed=bool(AS_MADE.search(name)),
                )


def compat_v1(keras: Any) -> list[tuple[str, Any]]:
    """The layers of TensorFlow 1 that TensorFlow 2 goes on exporting."""
    try:
        import tensorflow as tf

        return [("compat.v1.layers", tf.compat.v1.keras.layers)] if tf.keras is keras else []
    except (ImportError, AttributeError):
        return []


#: Rows of an embedding for three steps: some in one of them alone, some several times in a step.
ROWS = [
    np.array(each, "int32")
    for each in (
        [[0, 1], [1, 2], [2, 2], [3, 0]],
        [[4, 1], [1, 5], [2, 4], [4, 4]],
        [[6, 1], [1, 6], [6, 6], [5, 0]],
    )
]


def _embedding(keras: Any) -> Any:
    layers = keras.layers
    inputs = layers.Input((2,), dtype="int32")
    x = layers.Flatten()(layers.Embedding(9, 4, input_length=2)(inputs))
    return keras.Model(inputs, layers.Dense(3)(x))


def _dense(keras: Any, width: int = 3, **arguments: Any) -> Callable[[], Any]:
    def make() -> Any:
        first = keras.layers.Dense(4, **made(keras, arguments))
        last = keras.layers.Dense(width)
        inputs = keras.layers.Input((4,))
        return keras.Model(inputs, last(first(inputs)))

    return make


def _softmax(keras: Any, width: int = 3, activation: str = "softmax") -> Callable[[], Any]:
    def make() -> Any:
        inputs = keras.layers.Input((4,))
        return keras.Model(inputs, keras.layers.Dense(width, activation=activation)(inputs))

    return make


X = numbers(6, 4)


def activations(keras: Any) -> Iterator[Case]:
    for name in sorted(dir(keras.activations)):
        function = getattr(keras.activations, name)
        if not inspect.isfunction(inspect.unwrap(function)) or name in (
            "get",
            "serialize",
            "deserialize",
        ):
            continue
        if name.startswith("_"):
            continue
        yield Case(f"activations/{name}", _dense(keras, activation=name), [X * 3])
        yield Case(f"activations/{name} (function)", _dense(keras, activation=function), [X * 3])

        def make(name: str = name) -> Any:
            inputs = keras.layers.Input((4,))
            x = keras.layers.Activation(name)(inputs)
            return keras.Model(inputs, keras.layers.Dense(3)(x))

        yield Case(f"activations/{name} (layer)", make, [X * 4])


def parts(keras: Any, unknown: list[str]) -> Iterator[Case]:
    """Initializers, regularizers and constraints."""
    for kind, argument in (
        ("initializers", "kernel_initializer"),
        ("regularizers", "kernel_regularizer"),
        ("constraints", "kernel_constraint"),
    ):
        module = getattr(keras, kind)
        for name, cls in exported(module):
            if name in ("Initializer", "Regularizer", "Constraint"):
                continue
            for arguments in parameters.combinations(cls, {}, 2, unknown):
                thing = Made(kind, name, **arguments)
                if not hasattr(module, name):
                    continue
                if name == "RadialConstraint":

                    def make(thing: Made = thing) -> Any:
                        inputs = keras.layers.Input((7, 7, 2))
                        layer = keras.layers.Conv2D(2, 3, kernel_constraint=thing.make(keras))
                        return keras.Model(inputs, layer(inputs))

                    yield Case(f"{kind}/{name}", make, [numbers(2, 7, 7, 2)])
                    continue
                label = f"{kind}/{name}({shown(arguments)})"
                yield Case(label, _dense(keras, **{argument: thing}), [X])
        for name in ("l1", "l2", "l1_l2") if kind == "regularizers" else ():
            function = getattr(keras.regularizers, name)
            yield Case(f"{kind}/{name}()", _dense(keras, kernel_regularizer=function()), [X])


def _labels(name: str) -> tuple[Any, str]:
    """Labels for a loss or metric, and the activation of the output that it is for."""
    choose = np.random.RandomState(5)
    one_hot = np.eye(3)[choose.randint(0, 3, 6)].astype("float32")
    if "parse" in name:
        return choose.randint(0, 3, (6, 1)).astype("float32"), "softmax"
    if re.search("ategorical|OneHot|F1|FBeta|kullback|KL|Top", name):
        return one_hot, "softmax"
    if re.search("[Hh]inge", name):
        return (one_hot * 2 - 1).astype("float32"), "tanh"
    if re.search("[Bb]inary|AUC|Precision|Recall|Sensit|Specif|Positives|Negatives|IoU", name):
        return choose.randint(0, 2, (6, 3)).astype("float32"), "sigmoid"
    return choose.uniform(0.1, 1, (6, 3)).astype("float32"), "sigmoid"


def losses(keras: Any, unknown: list[str]) -> Iterator[Case]:
    for name, cls in exported(keras.losses):
        if name in ("Loss", "Reduction", "ReductionV2"):
            continue
        targets, activation = _labels(name)
        for arguments in parameters.combinations(cls, {}, 1, unknown):

            def compile(cls: Any = cls, arguments: Any = arguments) -> dict[str, Any]:
                return {"optimizer": "sgd", "loss": cls(**arguments)}

            of_logits = None if arguments.get("from_logits") else activation
            yield Case(
                f"losses/{name}({shown(arguments)})",
                _softmax(keras, activation=of_logits),
                [X],
                compile,
                [targets],
            )
    for name in _functions(keras.losses):
        targets, activation = _labels(name)
        for label, loss in (
            (f"losses/{name}", getattr(keras.losses, name)),
            (f"losses/'{name}'", name),
        ):

            def compile(loss: Any = loss) -> dict[str, Any]:
                return {"optimizer": "sgd", "loss": loss}

            yield Case(label, _softmax(keras, activation=activation), [X], compile, [targets])


def _functions(module: Any) -> Iterator[str]:
    for name in sorted(dir(module)):
        value = getattr(module, name)
        if callable(value) and not inspect.isclass(value) and not name.startswith("_"):
            if name not in ("get", "serialize", "deserialize", "clone_metric", "clone_metrics"):
                yield name


METRIC_NEEDS: dict[str, dict[str, Any]] = {
    "BinaryIoU": {"target_class_ids": (0, 1)},
    "IoU": {"num_classes": 2, "target_class_ids": [0]},
    "MeanIoU": {"num_classes": 2},
    "MeanRelativeError": {"normalizer": [0.5, 0.6, 0.7]},
    "OneHotIoU": {"num_classes": 3, "target_class_ids": [0, 2]},
    "OneHotMeanIoU": {"num_classes": 3},
    "PrecisionAtRecall": {"recall": 0.5},
    "RecallAtPrecision": {"precision": 0.5},
    "SensitivityAtSpecificity": {"specificity": 0.5},
    "SpecificityAtSensitivity": {"sensitivity": 0.5},
    "SparseTopKCategoricalAccuracy": {"k": 2},
    "TopKCategoricalAccuracy": {"k": 2},
}


def metrics(keras: Any, unknown: list[str]) -> Iterator[Case]:
    for name, cls in exported(keras.metrics):
        if name in ("Metric", "MeanMetricWrapper", "MeanTensor", "Mean", "Sum"):
            continue  # Those are not what a model is compiled with.
        targets, activation = _labels(name)
        for arguments in parameters.combinations(cls, METRIC_NEEDS.get(name, {}), 1, unknown):
            for kind in ("metrics", "weighted_metrics")[
                : 2 if arguments == METRIC_NEEDS.get(name, {}) else 1
            ]:

                def compile(
                    cls: Any = cls, arguments: Any = arguments, kind: str = kind
                ) -> dict[str, Any]:
                    return {"optimizer": "sgd", "loss": "mse", kind: [cls(**arguments)]}

                yield Case(
                    f"{kind}/{name}({shown(arguments)})",
                    _softmax(keras, activation=activation),
                    [X],
                    compile,
                    [targets],
                )
    for name in list(_functions(keras.metrics)) + ["accuracy", "acc", "crossentropy", "ce"]:
        targets, activation = _labels(name)
        choices = [(f"metrics/'{name}'", name)]
        if hasattr(keras.metrics, name):
            choices.append((f"metrics/{name}", getattr(keras.metrics, name)))
        for label, metric in choices:

            def compile(metric: Any = metric) -> dict[str, Any]:
                return {"optimizer": "sgd", "loss": "mse", "metrics": [metric]}

            yield Case(label, _softmax(keras, activation=activation), [X], compile, [targets])
    for loss in (
        "binary_crossentropy",
        "categorical_crossentropy",
        "sparse_categorical_crossentropy",
    ):
        for name in ("accuracy", "acc", "crossentropy", "ce"):
            targets, activation = _labels(loss)

            def compile(loss: str = loss, name: str = name) -> dict[str, Any]:
                return {"optimizer": "sgd", "loss": loss, "metrics": [name]}

            yield Case(
                f"metrics/'{name}' of {loss}",
                _softmax(keras, activation=activation),
                [X],
                compile,
                [targets],
            )


SCHEDULE_NEEDS: dict[str, dict[str, Any]] = {
    "CosineDecay": {"initial_learning_rate": 0.1, "decay_steps": 5},
    "CosineDecayRestarts": {"initial_learning_rate": 0.1, "first_decay_steps": 3},
    "LinearCosineDecay": {"initial_learning_rate": 0.1, "decay_steps": 5},
    "NoisyLinearCosineDecay": {"initial_learning_rate": 0.1, "decay_steps": 5},
    "ExponentialDecay": {"initial_learning_rate": 0.1, "decay_steps": 2, "decay_rate": 0.5},
    "InverseTimeDecay": {"initial_learning_rate": 0.1, "decay_steps": 2, "decay_rate": 0.5},
    "PiecewiseConstantDecay": {"boundaries": [1, 4], "values": [0.1, 0.05, 0.01]},
    "PolynomialDecay": {"initial_learning_rate": 0.1, "decay_steps": 5},
}


def optimizers(keras: Any, unknown: list[str]) -> Iterator[Case]:
    for way, module in _modules(
        keras, "optimizers", "optimizers.legacy", "optimizers.experimental"
    ):
        for name, cls in exported(module):
            if (
                name == "Optimizer"
                or not cls.__module__.split(".")[-1]
                or "schedule" in cls.__module__
            ):
                continue
            needs = {"learning_rate": 0.05} if "learning_rate" in parameters.parameters(cls) else {}
            if "lr" in parameters.parameters(cls):
                needs = {"lr": 0.05}
            choices = [{}] + list(parameters.combinations(cls, needs, 3, unknown))
            if way != "optimizers.experimental":
                choices += [
                    dict(needs, **{key: value})
                    for key, value in (
                        ("clipnorm", 0.1),
                        ("clipvalue", 0.05),
                        ("decay", 0.1),
                        ("global_clipnorm", 0.1),
                    )
                    if key not in parameters.parameters(cls)
                ]
            for arguments in choices:

                def compile(cls: Any = cls, arguments: Any = arguments) -> dict[str, Any]:
                    return {"optimizer": cls(**arguments), "loss": "mse", "metrics": ["mae"]}

                yield Case(
                    f"{way}/{name}({shown(arguments)})", _dense(keras), [X], compile, steps=2
                )
                yield Case(
                    f"{way}/embedding, {name}({shown(arguments)})",
                    lambda: _embedding(keras),
                    ROWS[-1:],
                    compile,
                    steps=2,
                    earlier=[ROWS[:1], ROWS[1:2]],
                )
        if way != "optimizers":
            continue
        for name in (
            "sgd",
            "adam",
            "rmsprop",
            "adagrad",
            "adadelta",
            "adamax",
            "nadam",
            "ftrl",
            "Adam",
        ):

            def compile(name: str = name) -> dict[str, Any]:
                return {"optimizer": name, "loss": "mse"}

            yield Case(f"{way}/'{name}'", _dense(keras), [X], compile, steps=2)
            yield Case(
                f"{way}/embedding, '{name}'",
                lambda: _embedding(keras),
                ROWS[-1:],
                compile,
                steps=2,
                earlier=[ROWS[:1], ROWS[1:2]],
            )
    for way, module in _modules(keras, "optimizers.schedules", "experimental"):
        for name, cls in exported(module):
            if name not in SCHEDULE_NEEDS:
                continue
            for arguments in parameters.combinations(cls, SCHEDULE_NEEDS[name], 1, unknown):
                for optimizer in ("SGD", "Adam"):

                    def compile(
                        cls: Any = cls, arguments: Any = arguments, optimizer: str = optimizer
                    ) -> dict[str, Any]:
                        return {
                            "optimizer": getattr(keras.optimizers, optimizer)(cls(**arguments)),
                            "loss": "mse",
                        }

                    yield Case(
                        f"{way}/{optimizer}({name}({shown(arguments)}))",
                        _dense(keras),
                        [X],
                        compile,
                        steps=2,
                    )


#: Sizes at which the architectures are small; the default is what they are made for.
SMALLEST = {"Xception": 71, "InceptionV3": 75, "InceptionResNetV2": 75, "NASNetLarge": 64}


def applications(keras: Any) -> Iterator[Case]:
    for name in sorted(dir(keras.applications)):
        function = getattr(keras.applications, name)
        if inspect.isclass(function) or not callable(function) or name.startswith("_"):
            continue
        size = SMALLEST.get(name, 32)

        def make(function: Any = function, size: int = size) -> Any:
            return function(weights=None, input_shape=(size, size, 3), classes=5)

        yield Case(f"applications/{name}", make, [images(1, size, size, 3)])


def cases(keras: Any, unknown: list[str]) -> Iterator[Case]:
    """All cases of the running Keras; `unknown` receives the arguments that no table knows."""
    yield from layers(keras, unknown)
    yield from activations(keras)
    yield from parts(keras, unknown)
    yield from losses(keras, unknown)
    yield from metrics(keras, unknown)
    yield from optimizers(keras, unknown)
