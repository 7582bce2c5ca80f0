"""Models of each kind that the running Keras 2 makes, beside those of one class."""

from __future__ import annotations

from typing import Any, Callable, Iterator

import classes
import customs
import numpy as np
from classes import Case, X, images, numbers, whole

KINDS: list[Any] = []


def kind(*inputs: Any, **options: Any) -> Callable[[Any], Any]:
    """Registers a function that takes Keras and returns a model."""

    def register(function: Any) -> Any:
        KINDS.append((function, list(inputs) or [X], options))
        return function

    return register


Y = numbers(6, 3)


# How a model comes by its layers.


@kind()
def sequential_with_input_shape(k: Any) -> Any:
    return k.Sequential([k.layers.Dense(4, input_shape=(4,), activation="relu"), k.layers.Dense(3)])


@kind()
def sequential_with_input_dim(k: Any) -> Any:
    return k.Sequential([k.layers.Dense(4, input_dim=4), k.layers.Dropout(0.2), k.layers.Dense(3)])


@kind()
def sequential_with_input_layer(k: Any) -> Any:
    return k.Sequential([k.layers.InputLayer((4,)), k.layers.Dense(4), k.layers.Dense(3)])


@kind()
def sequential_with_batch_size(k: Any) -> Any:
    return k.Sequential([k.layers.Dense(4, batch_input_shape=(6, 4)), k.layers.Dense(3)])


@kind()
def sequential_without_input(k: Any) -> Any:
    model = k.Sequential([k.layers.Dense(4, activation="relu"), k.layers.Dense(3)])
    model.build((None, 4))
    return model


@kind()
def sequential_of_models(k: Any) -> Any:
    one = k.Sequential([k.layers.Dense(4, input_shape=(4,)), k.layers.Dense(4)], name="one")
    two = k.Sequential([k.layers.Dense(4), k.layers.BatchNormalization()], name="two")
    inputs = k.layers.Input((4,))
    three = k.Model(inputs, k.layers.Dense(3)(inputs), name="three")
    return k.Sequential([one, two, three])


@kind(whole(6, 5))
def sequential_embedding_first(k: Any) -> Any:
    return k.Sequential(
        [k.layers.Embedding(8, 3, input_length=5), k.layers.Flatten(), k.layers.Dense(3)]
    )


@kind(images(2, 8, 8, 3))
def sequential_convolutions(k: Any) -> Any:
    layers = k.layers
    return k.Sequential(
        [layers.Conv2D(4, 3, strides=2, padding="same", input_shape=(8, 8, 3), activation="relu")]
        + [
            layers.MaxPooling2D(padding="same"),
            layers.BatchNormalization(),
            layers.Flatten(),
            layers.Dense(3),
        ]
    )


@kind(images(2, 9, 9, 3))
def strided_padded(k: Any) -> Any:
    layers = k.layers
    inputs = layers.Input((9, 9, 3))
    x = layers.Conv2D(4, 4, strides=3, padding="same")(inputs)
    x = layers.Conv2DTranspose(3, 4, strides=3, padding="same")(x)
    x = layers.SeparableConv2D(3, 3, strides=2, padding="same")(x)
    x = layers.AveragePooling2D(3, strides=2, padding="same")(x)
    x = layers.DepthwiseConv2D(2, strides=2, padding="same")(x)
    return k.Model(inputs, x)


@kind(numbers(6, 4), numbers(6, 4) * 2)
def nested_and_shared(k: Any) -> Any:
    layers = k.layers
    inner_input = layers.Input((4,))
    inner = k.Model(inner_input, layers.Dense(3, name="same")(inner_input), name="inner")
    outer_input = layers.Input((4,))
    outer = k.Model(outer_input, inner(layers.Dense(4, name="same")(outer_input)), name="outer")
    one, two = layers.Input((4,)), layers.Input((4,))
    dense = layers.Dense(3, name="same")
    x = layers.Add()([outer(one), inner(two), outer(two)])
    return k.Model([one, two], [dense(x), dense(layers.ReLU()(dense(x)))])


@kind(numbers(6, 4), numbers(6, 3))
def several_inputs_and_outputs(k: Any) -> Any:
    layers = k.layers
    one, two = layers.Input((4,), name="b_one"), layers.Input((3,), name="a_two")
    x = layers.Concatenate()([layers.Dense(3)(one), two])
    inner_in = [layers.Input((6,)), layers.Input((3,))]
    inner = k.Model(
        inner_in,
        [layers.Dense(2)(inner_in[0]), layers.Dense(3)(layers.Concatenate()(inner_in))],
        name="inner",
    )
    first, second = inner([x, two])
    return k.Model([one, two], [second, layers.Dense(1)(first), first])


@kind()
def input_is_output(k: Any) -> Any:
    inputs = k.layers.Input((4,))
    return k.Model(inputs, [inputs, k.layers.Dense(3)(inputs)])


@kind()
def layers_called_often(k: Any) -> Any:
    layers = k.layers
    inputs = layers.Input((4,))
    dense, norm, activation = (
        layers.Dense(4),
        layers.BatchNormalization(),
        layers.Activation("tanh"),
    )
    x = inputs
    for _ in range(3):
        x = activation(norm(dense(x)))
    return k.Model(inputs, layers.Dense(3)(x))


@kind()
def one_output_in_a_list(k: Any) -> Any:
    inputs = k.layers.Input((4,))
    return k.Model([inputs], [k.layers.Dense(3)(inputs)])


@kind({"a": numbers(6, 4), "b": numbers(6, 3)})
def inputs_in_a_dict(k: Any) -> Any:
    layers = k.layers
    given = {"a": layers.Input((4,), name="a"), "b": layers.Input((3,), name="b")}
    return k.Model(given, layers.Dense(3)(layers.Concatenate()([given["a"], given["b"]])))


@kind()
def outputs_in_a_dict(k: Any) -> Any:
    layers = k.layers
    inputs = layers.Input((4,))
    return k.Model(
        inputs, {"b": layers.Dense(3, name="b")(inputs), "a": layers.Dense(2, name="a")(inputs)}
    )


# Masks and states.


@kind(numbers(3, 5, 4) * (np.arange(5) % 2 > 0)[None, :, None].astype("float32"))
def masked(k: Any) -> Any:
    layers = k.layers
    inputs = layers.Input((5, 4))
    x = layers.Masking()(inputs)
    x = layers.LSTM(3, return_sequences=True)(x)
    x = layers.TimeDistributed(layers.Dense(3))(x)
    x = layers.GRU(3, return_sequences=True, go_backwards=True)(x)
    return k.Model(inputs, layers.Dense(2)(layers.SimpleRNN(3)(x)))


def two_that_are_masked(layers: Any) -> Any:
    """Two inputs, and what becomes of each: as of an encoder and a decoder."""
    inputs = [layers.Input((5,)), layers.Input((4,))]
    return (inputs, *(layers.Embedding(7, 4, mask_zero=True)(each) for each in inputs))


@kind(whole(3, 5), whole(3, 4))
def masks_of_an_encoder_and_a_decoder(k: Any) -> Any:
    layers = k.layers
    inputs, x, y = two_that_are_masked(layers)
    _, *states = layers.LSTM(4, return_state=True)(x)
    y = layers.LSTM(4, return_sequences=True)(y, initial_state=states)
    return k.Model(inputs, layers.Dense(2)(y))


@kind(whole(3, 5), whole(3, 4))
def masks_with_one_state(k: Any) -> Any:
    layers = k.layers
    inputs, x, y = two_that_are_masked(layers)
    state = layers.SimpleRNN(4)(x)
    y = layers.GRU(4, return_sequences=True)(y, initial_state=state)
    y = layers.SimpleRNN(4)(y, initial_state=[state])
    return k.Model(inputs, layers.Dense(2)(y))


@kind(whole(3, 5), whole(3, 4))
def masks_with_states_of_both_directions(k: Any) -> Any:
    layers = k.layers
    inputs, x, y = two_that_are_masked(layers)
    _, *states = layers.Bidirectional(layers.GRU(3, return_state=True))(x)
    y = layers.Bidirectional(layers.GRU(3, return_sequences=True))(y, initial_state=states)
    y = layers.GRU(4)(y)
    return k.Model(inputs, layers.Dense(2)(y))


@kind(whole(3, 5), whole(3, 4))
def masks_with_states_of_cells(k: Any) -> Any:
    layers = k.layers
    inputs, x, y = two_that_are_masked(layers)
    cells = [layers.LSTMCell(4), layers.GRUCell(3)]
    _, *states = layers.RNN(cells, return_state=True)(x)
    y = layers.RNN([layers.LSTMCell(4), layers.GRUCell(3)])(y, initial_state=states)
    return k.Model(inputs, layers.Dense(2)(y))


@kind(whole(3, 5))
def mask_of_embedding(k: Any) -> Any:
    layers = k.layers
    inputs = layers.Input((5,))
    x = layers.Embedding(7, 4, mask_zero=True)(inputs)
    x = layers.Bidirectional(layers.LSTM(3, return_sequences=True))(x)
    y = layers.Dropout(0.2)(x)
    return k.Model(inputs, layers.Dense(2)(layers.GlobalAveragePooling1D()(layers.Add()([x, y]))))


@kind(whole(3, 5), whole(3, 5) % 3)
def masks_merged(k: Any) -> Any:
    layers = k.layers
    one, two = layers.Input((5,)), layers.Input((5,))
    embedding = layers.Embedding(7, 4, mask_zero=True)
    x, y = embedding(one), embedding(two)
    both = layers.Concatenate()([x, y])
    dot = layers.Dot(axes=2)([x, y])
    return k.Model(
        [one, two],
        [layers.GRU(3)(both), layers.Flatten()(dot), layers.LSTM(2)(layers.Add()([x, y]))],
    )


@kind(whole(3, 5))
def mask_in_softmax_and_attention(k: Any) -> Any:
    layers = k.layers
    inputs = layers.Input((5,))
    x = layers.Embedding(7, 4, mask_zero=True)(inputs)
    return k.Model(inputs, layers.LSTM(2)(layers.Attention()([x, x])))


@kind(whole(3, 5))
def mask_through_time_distributed(k: Any) -> Any:
    layers = k.layers
    inputs = layers.Input((5,))
    x = layers.Embedding(7, 4, mask_zero=True)(inputs)
    x = layers.TimeDistributed(layers.Dense(3, activation="relu"))(x)
    x = layers.Lambda(lambda t: t)(x) if False else x
    x = layers.Conv1D(3, 2, padding="same")(x) if False else x
    return k.Model(
        inputs, [layers.LSTM(2)(x), layers.Bidirectional(layers.GRU(2), merge_mode="sum")(x)]
    )


@kind(numbers(3, 5, 4), numbers(3, 6, 2))
def encoder_and_decoder(k: Any) -> Any:
    layers = k.layers
    one, two = layers.Input((5, 4)), layers.Input((6, 2))
    _, h, c = layers.LSTM(3, return_state=True)(one)
    x = layers.LSTM(3, return_sequences=True)(two, initial_state=[h, c])
    _, state = layers.GRU(3, return_state=True)(one)
    y = layers.GRU(3)(two, initial_state=state)
    return k.Model([one, two], [layers.TimeDistributed(layers.Dense(2))(x), y])


@kind(numbers(3, 5, 4), numbers(3, 6, 2))
def bidirectional_states(k: Any) -> Any:
    layers = k.layers
    one, two = layers.Input((5, 4)), layers.Input((6, 2))
    found = layers.Bidirectional(layers.LSTM(3, return_state=True))(one)
    x = layers.Bidirectional(layers.LSTM(3))(two, initial_state=found[1:])
    return k.Model([one, two], [found[0], x])


@kind(numbers(3, 5, 4))
def bidirectional_with_backward_layer(k: Any) -> Any:
    layers = k.layers
    inputs = layers.Input((5, 4))
    layer = layers.Bidirectional(
        layers.LSTM(3, return_sequences=True),
        backward_layer=layers.GRU(2, return_sequences=True, go_backwards=True),
    )
    return k.Model(inputs, layer(inputs))


@kind(numbers(3, 5, 4))
def stacked_cells(k: Any) -> Any:
    layers = k.layers
    inputs = layers.Input((5, 4))
    cells = [
        layers.LSTMCell(3, name="one"),
        layers.GRUCell(2, name="two"),
        layers.SimpleRNNCell(2, name="three"),
    ]
    return k.Model(
        inputs,
        [layers.RNN(cells)(inputs), layers.RNN(layers.LSTMCell(2), return_sequences=True)(inputs)],
    )


@kind(numbers(3, 5, 4))
def stateful(k: Any) -> Any:
    layers = k.layers
    inputs = layers.Input(batch_shape=(3, 5, 4))
    x = layers.LSTM(3, stateful=True, return_sequences=True)(inputs)
    return k.Model(inputs, layers.GRU(2, stateful=True)(x))


# Calls with arguments.


@kind(numbers(3, 5, 4))
def fixed_modes(k: Any) -> Any:
    layers = k.layers
    inputs = layers.Input((5, 4))
    norm = layers.BatchNormalization()
    x = norm(inputs, training=False)
    x = layers.Dropout(0.5)(x, training=False)
    return k.Model(inputs, layers.Dense(3)(x))


@kind(numbers(3, 5, 4), numbers(3, 6, 4))
def attention_with_arguments(k: Any) -> Any:
    layers = k.layers
    one, two = layers.Input((5, 4)), layers.Input((6, 4))
    found, scores = layers.MultiHeadAttention(2, 3)(one, two, return_attention_scores=True)
    again = layers.MultiHeadAttention(2, 3, value_dim=2)(query=found, value=two, key=two)
    return k.Model([one, two], [again, scores])


@kind(numbers(3, 5, 4), np.tril(np.ones((3, 5, 5), "float32")) > 0)
def attention_with_mask(k: Any) -> Any:
    layers = k.layers
    one, mask = layers.Input((5, 4)), layers.Input((5, 5), dtype="bool")
    return k.Model([one, mask], layers.MultiHeadAttention(2, 3)(one, one, attention_mask=mask))


@kind(numbers(3, 5, 4))
def attention_causal(k: Any) -> Any:
    layers = k.layers
    inputs = layers.Input((5, 4))
    x = layers.MultiHeadAttention(2, 3)(inputs, inputs, use_causal_mask=True)
    y = layers.Attention()([inputs, inputs], use_causal_mask=True)
    return k.Model(inputs, [x, y])


@kind(numbers(3, 5, 4))
def attention_causal_in_the_constructor(k: Any) -> Any:
    layers = k.layers
    inputs = layers.Input((5, 4))
    x = layers.Attention(causal=True)([inputs, inputs])
    y = layers.AdditiveAttention(causal=True)([inputs, inputs])
    return k.Model(inputs, [x, y])


# Operations as layers.


@kind(numbers(6, 4), numbers(6, 4) * 2)
def operators(k: Any) -> Any:
    one, two = k.layers.Input((4,)), k.layers.Input((4,))
    return k.Model([one, two], [one * 2 + two, k.layers.Dense(3)(one[:, 1:] - two[:, :3] / 2)])


@kind(numbers(6, 4), numbers(6, 4) * 2)
def functions_of_tensorflow(k: Any) -> Any:
    import tensorflow as tf

    one, two = k.layers.Input((4,)), k.layers.Input((4,))
    x = tf.concat([one, two], axis=-1)
    x = tf.reshape(x, (-1, 2, 4))
    x = tf.transpose(x, (0, 2, 1))
    x = tf.reduce_mean(x, axis=1) + tf.nn.relu(one)[:, :2]
    return k.Model([one, two], k.layers.Dense(3)(tf.expand_dims(x, 1)))


@kind(numbers(6, 4), numbers(6, 4) * 2)
def functions_of_backend(k: Any) -> Any:
    b = k.backend
    one, two = k.layers.Input((4,)), k.layers.Input((4,))
    x = b.concatenate([one, two])
    x = b.l2_normalize(x, axis=-1)
    x = b.dropout(x, 0.0) if False else x
    y = b.mean(b.square(one - two), axis=-1, keepdims=True)
    return k.Model(
        [one, two], [k.layers.Dense(3)(x), b.sqrt(y), b.softmax(one), b.hard_sigmoid(two)]
    )


@kind(numbers(6, 4), numbers(6, 4) * 2)
def functions_of_layers(k: Any) -> Any:
    layers = k.layers
    one, two = layers.Input((4,)), layers.Input((4,))
    return k.Model(
        [one, two],
        [layers.add([one, two]), layers.concatenate([one, two]), layers.dot([one, two], axes=1)]
        + [
            layers.maximum([one, two]),
            layers.average([one, two]),
            layers.subtract([one, two]),
            layers.multiply([one, two]),
        ],
    )


# Code of users.


@kind(custom=("Scale", "Block", "squash"))
def custom_layers(k: Any) -> Any:
    inputs = k.layers.Input((4,))
    x = customs.Scale(0.5)(inputs)
    x = customs.Block(3)(x)
    return k.Model(inputs, k.layers.Dense(3, activation=customs.squash)(x))


@kind()
def lambda_of_a_lambda(k: Any) -> Any:
    inputs = k.layers.Input((4,))
    x = k.layers.Lambda(lambda x, by=2.0: x * by, arguments={"by": 3.0})(inputs)
    return k.Model(inputs, k.layers.Dense(3)(k.layers.Lambda(lambda x: x + 1)(x)))


@kind(custom=("squash",))
def lambda_of_a_function(k: Any) -> Any:
    inputs = k.layers.Input((4,))
    return k.Model(inputs, k.layers.Dense(3)(k.layers.Lambda(customs.squash)(inputs)))


@kind(compile=False)
def subclassed_lists(k: Any) -> Any:
    model = customs.Lists()
    model(k.backend.constant(X)) if k.__name__ != "keras" else model.predict_on_batch(X)
    return model


@kind(compile=False)
def subclassed_mixed(k: Any) -> Any:
    model = customs.Mixed()
    model(k.backend.constant(X)) if k.__name__ != "keras" else model.predict_on_batch(X)
    return model


@kind(compile=False)
def subclassed_nested(k: Any) -> Any:
    model = customs.Nested()
    model(k.backend.constant(X)) if k.__name__ != "keras" else model.predict_on_batch(X)
    return model


# How it is compiled.


def _two_heads(k: Any) -> Any:
    layers = k.layers
    inputs = layers.Input((4,), name="given")
    return k.Model(
        inputs,
        [
            layers.Dense(3, name="first", activation="softmax")(inputs),
            layers.Dense(1, name="second")(inputs),
        ],
    )


LABELS = np.eye(3)[np.arange(6) % 3].astype("float32")
COMPILED: dict[str, Any] = {
    "strings": {"loss": "mse", "metrics": ["mae", "accuracy"]},
    "list": {
        "loss": ["categorical_crossentropy", "mse"],
        "metrics": [["accuracy"], ["mae", "mse"]],
    },
    "dict": {
        "loss": {"first": "categorical_crossentropy", "second": "mae"},
        "metrics": {"first": ["accuracy", "mae"], "second": "mse"},
        "loss_weights": {"first": 0.3, "second": 2.0},
    },
    "part of a dict": {
        "loss": {"first": "categorical_crossentropy", "second": "mae"},
        "metrics": {"second": ["mse"]},
    },
    "weights": {"loss": "mse", "loss_weights": [0.2, 0.8], "weighted_metrics": ["mae"]},
    "one metric": {"loss": "mse", "metrics": "mae"},
}
ONE: dict[str, Any] = {
    "custom loss": {"loss": customs.scaled_error, "metrics": [customs.offset]},
    "custom metric": {"loss": "mse", "metrics": [customs.offset, "mae"]},
    "list of one": {"loss": ["mse"], "metrics": ["mae"]},
    "loss weight": {"loss": "mse", "loss_weights": 0.5},
    "loss weights": {"loss": "mse", "loss_weights": [0.5]},
    "top k": {
        "loss": "categorical_crossentropy",
        "metrics": ["top_k_categorical_accuracy", "categorical_accuracy"],
    },
    "abbreviations": {"loss": "kld", "metrics": ["MSE", "mape", "cosine_similarity"]},
    "weighted": {"loss": "mse", "weighted_metrics": ["mae", "accuracy"]},
}
OBJECTS = ("losses and metrics", "lists of objects")


def _compiled(k: Any) -> Iterator[Case]:
    two = [LABELS, numbers(6, 1)]
    for name, given in COMPILED.items():
        yield Case(
            f"compiled/two heads, {name}",
            lambda: _two_heads(k),
            [X],
            lambda given=given: dict(given, optimizer="sgd"),
            two,
        )
    for name, given in ONE.items():
        custom = ("scaled_error", "offset") if "custom" in name else ()
        yield Case(
            f"compiled/{name}",
            classes._softmax(k),
            [X],
            lambda given=given: dict(given, optimizer="sgd"),
            [LABELS],
            custom,
        )
    yield Case(
        "compiled/objects",
        classes._softmax(k),
        [X],
        lambda: {
            "optimizer": k.optimizers.SGD(0.05),
            "loss": k.losses.CategoricalCrossentropy(label_smoothing=0.1),
            "metrics": [
                k.metrics.CategoricalAccuracy(name="a"),
                k.metrics.MeanSquaredError(name="b"),
                "mae",
            ],
        },
        [LABELS],
    )
    yield Case(
        "compiled/objects in lists",
        lambda: _two_heads(k),
        [X],
        lambda: {
            "optimizer": k.optimizers.SGD(0.05),
            "loss": [k.losses.CategoricalCrossentropy(), k.losses.Huber(0.4)],
            "metrics": [[k.metrics.CategoricalAccuracy()], [k.metrics.MeanAbsoluteError(), "mse"]],
        },
        two,
    )
    yield Case(
        "compiled/objects in dicts",
        lambda: _two_heads(k),
        [X],
        lambda: {
            "optimizer": "adam",
            "loss": {
                "first": k.losses.CategoricalCrossentropy(),
                "second": k.losses.MeanSquaredError(),
            },
            "metrics": {"first": k.metrics.CategoricalAccuracy(name="acc1")},
        },
        two,
        steps=1,
    )
    yield Case("compiled/loss added", lambda: _with_added_loss(k), [X], None, [Y])


def _with_added_loss(k: Any) -> Any:
    inputs = k.layers.Input((4,))
    x = k.layers.Dense(3)(inputs)
    model = k.Model(inputs, x)
    model.add_loss(0.1 * k.backend.mean(k.backend.square(x)))
    return model


@kind()
def activity_regularized(k: Any) -> Any:
    layers = k.layers
    inputs = layers.Input((4,))
    x = layers.Dense(4, activity_regularizer="l2", kernel_regularizer=k.regularizers.l1(0.01))(
        inputs
    )
    return k.Model(
        inputs,
        layers.Dense(3, bias_regularizer=k.regularizers.l2(0.1))(
            layers.ActivityRegularization(0.1)(x)
        ),
    )


@kind()
def frozen_layers(k: Any) -> Any:
    layers = k.layers
    inputs = layers.Input((4,))
    frozen = layers.Dense(4, name="frozen")
    frozen.trainable = False
    x = layers.BatchNormalization(trainable=False)(frozen(inputs))
    return k.Model(inputs, layers.Dense(3)(layers.BatchNormalization()(x)))


@kind()
def frozen_model(k: Any) -> Any:
    layers = k.layers
    inner = k.Sequential(
        [layers.Dense(4, input_shape=(4,)), layers.BatchNormalization()], name="base"
    )
    inner.trainable = False
    inputs = layers.Input((4,))
    return k.Model(inputs, layers.Dense(3)(inner(inputs)))


@kind()
def frozen_within_a_model(k: Any) -> Any:
    layers = k.layers
    inner = k.Sequential(
        [layers.Dense(4, input_shape=(4,)), layers.Dense(4), layers.BatchNormalization()],
        name="base",
    )
    inner.layers[0].trainable = False
    inputs = layers.Input((4,))
    return k.Model(inputs, layers.Dense(3)(inner(inputs)))


@kind()
def compiled_within_a_model(k: Any) -> Any:
    """As GANs have it: what judges is trained by itself, and frozen where the other is."""
    layers = k.layers
    judge = k.Sequential([layers.Dense(4, input_shape=(4,)), layers.Dense(3)], name="judge")
    judge.compile("adam", "mse", metrics=["mae"])
    judge.train_on_batch(X, Y)
    judge.trainable = False
    inputs = layers.Input((4,))
    return k.Model(inputs, judge(layers.Dense(4)(inputs)))


# Types.


def _of_type(dtype: str) -> Any:
    def make(k: Any) -> Any:
        layers = k.layers
        inputs = layers.Input((4,), dtype="float64" if dtype == "float64" else "float32")
        x = layers.Dense(4, dtype=dtype, activation="relu")(inputs)
        x = layers.BatchNormalization(dtype=dtype)(x)
        return k.Model(
            inputs, layers.Dense(3, dtype="float64" if dtype == "float64" else "float32")(x)
        )

    return make


for _dtype in ("float64", "float16", "bfloat16", "mixed_float16", "mixed_bfloat16"):
    _make = _of_type(_dtype)
    _make.__name__ = "type_" + _dtype
    kind()(_make)


@kind()
def policy_of_all(k: Any) -> Any:
    name = "mixed_bfloat16"
    module = k.mixed_precision
    (getattr(module, "set_global_policy", None) or module.experimental.set_policy)(name)
    try:
        layers = k.layers
        inputs = layers.Input((4,))
        x = layers.LayerNormalization()(layers.Dense(4)(inputs))
        return k.Model(inputs, layers.Dense(3, dtype="float32")(x))
    finally:
        (getattr(module, "set_global_policy", None) or module.experimental.set_policy)("float32")


# Names.

NAMES = {
    "slash": ("conv1/conv", "conv1/bn"),
    "slashes": ("a/b", "a"),
    "slash and underscore": ("a/b", "a_b"),
    "colon": ("a:0", "b:1"),
    "space": ("a b", "c d"),
    "dash": ("a-b", "c-"),
    "unicode": ("straße", "層"),
    "dot": ("a.b", "..c"),
    "digits": ("1", "2"),
    "keyword": ("layers", "kernel"),
    "class": ("Dense", "model"),
    "capitals": ("A", "a"),
}
for _label, _names in NAMES.items():

    def _named(k: Any, names: Any = _names) -> Any:
        layers = k.layers
        inputs = layers.Input((4,), name="in/put" if "/" in names[1] else "input")
        x = layers.Dense(4, name=names[0])(inputs)
        return k.Model(inputs, layers.Dense(3, name=names[1])(x))

    _named.__name__ = "name_" + _label
    kind()(_named)

    def _named_in_sequential(k: Any, names: Any = _names) -> Any:
        layers = k.layers
        return k.Sequential(
            [layers.Dense(4, name=names[0], input_shape=(4,)), layers.Dense(3, name=names[1])],
            name="s-1",
        )

    _named_in_sequential.__name__ = f"name_{_label}_in_sequential"
    kind()(_named_in_sequential)


@kind()
def names_equal_in_nested_models(k: Any) -> Any:
    layers = k.layers

    def part(name: str) -> Any:
        inputs = layers.Input((4,), name="x")
        x = layers.BatchNormalization(name="norm")(layers.Dense(4, name="dense")(inputs))
        return k.Model(inputs, x, name=name)

    inputs = layers.Input((4,), name="x")
    return k.Model(inputs, layers.Dense(3, name="dense")(part("b")(part("a")(inputs))))


@kind()
def layers_900(k: Any) -> Any:
    x = inputs = k.layers.Input((4,))
    for number in range(900):
        x = k.layers.Dense(
            4, name=f"layer_with_a_rather_long_name_{number}", use_bias=number % 7 == 0
        )(x)
    return k.Model(inputs, k.layers.Dense(3)(x))


@kind()
def parallel_branches(k: Any) -> Any:
    layers = k.layers
    inputs = layers.Input((4,))
    branches = [layers.Dense(3, name=f"branch_{number}")(inputs) for number in range(12)]
    deeper = [layers.Dense(3)(each) if number % 2 else each for number, each in enumerate(branches)]
    return k.Model(inputs, layers.Add()(deeper))


# Layers with a state of their own.


@kind(numbers(8, 3) * 3)
def adapted_normalization(k: Any) -> Any:
    module = k.layers if hasattr(k.layers, "Normalization") else k.layers.experimental.preprocessing
    layer = module.Normalization()
    layer.adapt(numbers(8, 3) * 5)
    inputs = k.layers.Input((3,))
    return k.Model(inputs, k.layers.Dense(3)(layer(inputs)))


def _preprocessing(k: Any) -> Any:
    return k.layers if hasattr(k.layers, "StringLookup") else k.layers.experimental.preprocessing


@kind(classes.WORDS, fixed=True)
def adapted_lookup(k: Any) -> Any:
    layer = _preprocessing(k).StringLookup()
    layer.adapt(classes.WORDS)
    inputs = k.layers.Input((2,), dtype="string")
    return k.Model(inputs, layer(inputs))


@kind(classes.INTEGERS, fixed=True)
def adapted_integer_lookup(k: Any) -> Any:
    layer = _preprocessing(k).IntegerLookup()
    layer.adapt(classes.INTEGERS)
    inputs = k.layers.Input((2,), dtype="int64")
    return k.Model(inputs, layer(inputs))


@kind(classes.TEXT, fixed=True)
def adapted_text(k: Any) -> Any:
    module = (
        k.layers if hasattr(k.layers, "TextVectorization") else k.layers.experimental.preprocessing
    )
    layer = module.TextVectorization(output_sequence_length=6)
    layer.adapt(classes.TEXT[:, 0])
    inputs = k.layers.Input((1,), dtype="string")
    x = k.layers.Embedding(20, 3)(layer(inputs))
    return k.Model(inputs, k.layers.Dense(3)(k.layers.GlobalAveragePooling1D()(x)))


@kind(classes.TEXT, fixed=True)
def adapted_text_tf_idf(k: Any) -> Any:
    module = (
        k.layers if hasattr(k.layers, "TextVectorization") else k.layers.experimental.preprocessing
    )
    layer = module.TextVectorization(output_mode="tf-idf" if module is not k.layers else "tf_idf")
    layer.adapt(classes.TEXT[:, 0])
    inputs = k.layers.Input((1,), dtype="string")
    return k.Model(inputs, layer(inputs))


@kind(classes.WORDS, classes.INTEGERS, classes.TEXT, fixed=True)
def vocabularies_given(k: Any) -> Any:
    module = (
        k.layers if hasattr(k.layers, "TextVectorization") else k.layers.experimental.preprocessing
    )
    words = k.layers.Input((2,), dtype="string")
    inner = k.Model(words, _preprocessing(k).StringLookup(vocabulary=["a", "b"])(words))
    inputs = [
        k.layers.Input((2,), dtype="string"),
        k.layers.Input((2,), dtype="int64"),
        k.layers.Input((1,), dtype="string"),
    ]
    number = _preprocessing(k).IntegerLookup(vocabulary=[9, 2])
    text = module.TextVectorization(vocabulary=["the", "cat"], output_sequence_length=4)
    return k.Model(inputs, [inner(inputs[0]), number(inputs[1]), text(inputs[2])])


@kind(classes.WORDS, fixed=True)
def vocabulary_and_weights_given(k: Any) -> Any:
    lookup = _preprocessing(k).StringLookup
    layer = lookup(vocabulary=["a", "b"], idf_weights=[0.3, 0.7], output_mode="tf_idf")
    inputs = k.layers.Input((2,), dtype="string")
    return k.Model(inputs, k.layers.Dense(3)(layer(inputs)))


#: Some are where one bin ends and the next begins.
TO_BINS = whole(6, 4).astype("float32")


def _discretization(k: Any, *boundaries: Any, **arguments: Any) -> Any:
    module = (
        k.layers if hasattr(k.layers, "Discretization") else k.layers.experimental.preprocessing
    )
    return module.Discretization(*boundaries, **arguments)


@kind(TO_BINS, fixed=True)
def discretized(k: Any) -> Any:
    inputs = k.layers.Input((4,))
    given = _discretization(k, [0.0, 2.0, 4.0])(inputs)
    return k.Model(inputs, [given, k.layers.Dense(3)(inputs)])


@kind(TO_BINS, fixed=True)
def adapted_numbers_discretized(k: Any) -> Any:
    layer = _discretization(k, num_bins=3)
    layer.adapt(TO_BINS)
    inputs = k.layers.Input((4,))
    return k.Model(inputs, [layer(inputs), k.layers.Dense(3)(inputs)])


@kind(TO_BINS, fixed=True)
def adapted_numbers_discretized_within_a_model(k: Any) -> Any:
    layer = _discretization(k, num_bins=3)
    layer.adapt(TO_BINS)
    first, inputs = k.layers.Input((4,)), k.layers.Input((4,))
    inner = k.Model(first, [layer(first), k.layers.Dense(3)(first)])
    return k.Model(inputs, inner(inputs))


@kind(images(2, 8, 8, 3), fixed=True)
def augmented(k: Any) -> Any:
    layers = k.layers
    p = layers if hasattr(layers, "RandomFlip") else layers.experimental.preprocessing
    return k.Sequential(
        [
            layers.InputLayer((8, 8, 3)),
            p.RandomFlip("horizontal"),
            p.RandomRotation(0.1),
            p.RandomZoom(0.1),
        ]
        + [
            p.Rescaling(1 / 2),
            layers.Conv2D(2, 3),
            layers.Flatten(),
            layers.Dropout(0.2),
            layers.Dense(3),
        ]
    )


def cases(keras: Any) -> Iterator[Case]:
    """All of them."""
    for function, inputs, options in KINDS:
        arrays = inputs[0] if isinstance(inputs[0], dict) else inputs
        compile = options.get("compile")
        yield Case(
            "kinds/" + function.__name__,
            lambda function=function: function(keras),
            arrays,
            compile,
            custom=options.get("custom", ()),
            fixed=options.get("fixed", False),
        )
    yield from _compiled(keras)
