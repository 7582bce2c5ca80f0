"""Writes models that hold operations of TensorFlow, with the TensorFlow of an old release.

``tox exec -e tf2.9 -- python tests/tools/formats/write_ops.py``: each model has the operations of a
group, each as an output. What one release cannot record in a functional model is left out there.
"""

from __future__ import annotations

import json
import os
import sys
import tarfile
import tempfile
import zipfile
from typing import Any, Callable

import numpy as np
import tensorflow as tf

keras = tf.keras
K = keras.backend
RELEASE = ".".join(tf.__version__.split(".")[:2])
HOME = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "data", "legacy")
TABLE = np.linspace(-1.0, 1.0, 12, dtype="float32").reshape(3, 4)

# By the name of the group: the shapes of the inputs, and the operations on them.
GROUPS: dict[str, tuple[list[tuple[Any, ...]], dict[str, Callable[..., Any]]]] = {
    "arithmetic": (
        [(4,), (4,)],
        {
            "add": lambda x, y: x + y,
            "add_constant": lambda x, y: x + 1,
            "constant_minus": lambda x, y: 1 - x,
            "times": lambda x, y: 2.0 * x * y,
            "divide": lambda x, y: x / (2 + y * y),
            "constant_over": lambda x, y: 3 / (2 + y * y),
            "floor_divide": lambda x, y: x // 0.3,
            "modulo": lambda x, y: x % 0.7,
            "power": lambda x, y: x**2,
            # As large as the batch is each row: what Keras could take one for the other of.
            "sum_over_rows": lambda x, y: x[:, :3] + tf.reduce_sum(y, 1, keepdims=True),
            "negative": lambda x, y: -x,
            "absolute": lambda x, y: abs(x),
            "array": lambda x, y: x * np.array([1.0, 2.0, 3.0, 4.0], "float32"),
            "tensor": lambda x, y: x - tf.constant([[1.0, 2.0, 3.0, 4.0]]),
            "maximum": lambda x, y: tf.maximum(x, y),
            "minimum": lambda x, y: tf.minimum(x, 0.1),
            "squared_difference": lambda x, y: tf.math.squared_difference(x, y),
            "add_n": lambda x, y: tf.add_n([x, y, x]),
            "multiply": lambda x, y: tf.multiply(x, y),
            "subtract": lambda x, y: tf.subtract(x, y),
            "pow": lambda x, y: tf.pow(tf.abs(x), 0.5),
            "divide_no_nan": lambda x, y: tf.math.divide_no_nan(x, tf.nn.relu(y)),
            "atan2": lambda x, y: tf.math.atan2(x, y),
            "clip": lambda x, y: tf.clip_by_value(x, -0.5, 0.4),
            "greater": lambda x, y: tf.cast(x > y, tf.float32),
            "less_equal": lambda x, y: tf.cast(x <= 0, "float32"),
            "equal": lambda x, y: tf.cast(tf.equal(x, y), "int32"),
            "not_equal": lambda x, y: tf.cast(tf.not_equal(tf.round(x), 0), "int64"),
            "logical": lambda x, y: tf.cast(
                tf.logical_or(
                    tf.logical_and(x > 0, y > 0),
                    tf.logical_not(tf.math.logical_xor(x > 0.2, y > 1)),
                ),
                tf.float32,
            ),
            "where": lambda x, y: tf.where(x > y, x, y),
            "where_constant": lambda x, y: tf.where(x > 0, x, 0.25),
            "zeros_like": lambda x, y: tf.zeros_like(x) + y,
            "ones_like": lambda x, y: tf.ones_like(x) - y,
            "stop_gradient": lambda x, y: tf.stop_gradient(x),
            "identity": lambda x, y: tf.identity(x),
            "integers": lambda x, y: (
                tf.cast(x * 10, tf.int32) // 3 + 7 % tf.cast(3 + y * y, "int32")
            ),
            "integer_division": lambda x, y: tf.cast(
                tf.cast(x * 10, tf.int32) / tf.constant(4), tf.float32
            ),
            "is_finite": lambda x, y: tf.cast(tf.math.is_nan(tf.math.log(x)), "float32"),
        },
    ),
    "elementwise": (
        [(4,)],
        {
            "relu": tf.nn.relu,
            "relu6": lambda x: tf.nn.relu6(x * 10),
            "sigmoid": tf.math.sigmoid,
            "tanh": tf.tanh,
            "softmax": tf.nn.softmax,
            "softmax_axis": lambda x: tf.nn.softmax(x, axis=0),
            "log_softmax": tf.nn.log_softmax,
            "softplus": tf.nn.softplus,
            "softsign": tf.nn.softsign,
            "elu": tf.nn.elu,
            "selu": tf.nn.selu,
            "leaky_relu": tf.nn.leaky_relu,
            "leaky_relu_alpha": lambda x: tf.nn.leaky_relu(x, alpha=0.1),
            "swish": tf.nn.swish,
            "gelu": lambda x: tf.nn.gelu(x),
            "gelu_approximate": lambda x: tf.nn.gelu(x, approximate=True),
            "crelu": tf.nn.crelu,
            "exp": tf.exp,
            "expm1": tf.math.expm1,
            "log": lambda x: tf.math.log(x * x + 1),
            "log1p": lambda x: tf.math.log1p(x * x),
            "sqrt": lambda x: tf.sqrt(x * x),
            "rsqrt": lambda x: tf.math.rsqrt(x * x + 1),
            "square": tf.square,
            "reciprocal": lambda x: tf.math.reciprocal(x * x + 1),
            "sin": tf.sin,
            "cos": tf.cos,
            "tan": tf.tan,
            "asin": lambda x: tf.asin(x / 10),
            "acos": lambda x: tf.acos(x / 10),
            "atan": tf.atan,
            "sinh": tf.sinh,
            "cosh": tf.cosh,
            "floor": tf.floor,
            "ceil": tf.math.ceil,
            "round": lambda x: tf.round(x * 2),
            "sign": tf.sign,
            "erf": tf.math.erf,
            "log_sigmoid": tf.math.log_sigmoid,
            "hard_sigmoid": keras.activations.hard_sigmoid,
            "k_relu": lambda x: K.relu(x, alpha=0.1, max_value=0.5),
            "k_clip": lambda x: K.clip(x, 0, 1),
            "k_exp": lambda x: K.exp(K.abs(x)),
            "k_hard_sigmoid": K.hard_sigmoid,
            "k_softmax": K.softmax,
            "k_pow": lambda x: K.pow(x, 3),
            "k_square": lambda x: K.sqrt(K.square(x) + K.epsilon()),
        },
    ),
    "reductions": (
        [(3, 4)],
        {
            "mean": lambda x: tf.reduce_mean(x, axis=1),
            "mean_keepdims": lambda x: tf.reduce_mean(x, axis=[1, 2], keepdims=True),
            "mean_all": lambda x: tf.reduce_mean(x) + x,
            "sum": lambda x: tf.reduce_sum(x, axis=-1),
            "sum_positional": lambda x: tf.reduce_sum(x, 1, True),
            "max": lambda x: tf.reduce_max(x, axis=1),
            "min": lambda x: tf.reduce_min(x, axis=(1, 2)),
            "prod": lambda x: tf.reduce_prod(x, axis=1, keepdims=True),
            "any": lambda x: tf.cast(tf.reduce_any(x > 0.5, axis=1), "float32"),
            "all": lambda x: tf.cast(tf.reduce_all(x > -0.5, axis=2), "float32"),
            "logsumexp": lambda x: tf.reduce_logsumexp(x, axis=1),
            "std": lambda x: tf.math.reduce_std(x, axis=1),
            "variance": lambda x: tf.math.reduce_variance(x, axis=1, keepdims=True),
            "argmax": lambda x: tf.argmax(x, axis=1),
            "argmin": lambda x: tf.cast(tf.argmin(x, axis=-1), "float32"),
            "cumsum": lambda x: tf.cumsum(x, axis=1),
            "cumsum_reverse": lambda x: tf.cumsum(x, axis=1, exclusive=True, reverse=True),
            "norm": lambda x: tf.norm(x, axis=-1),
            "norm_1": lambda x: tf.norm(x, ord=1, axis=-1, keepdims=True),
            "integer_mean": lambda x: tf.reduce_mean(tf.cast(x * 10, "int32"), axis=1),
            "k_mean": lambda x: K.mean(x, axis=1),
            "k_sum": lambda x: K.sum(x, axis=-1, keepdims=True),
            "k_max": lambda x: K.max(x, axis=-1),
            "k_var": lambda x: K.var(x, axis=-1),
            "k_std": lambda x: K.std(x, axis=-1),
            "k_argmax": lambda x: K.argmax(x),
            "l2_normalize": lambda x: tf.nn.l2_normalize(x, axis=-1),
            "k_l2_normalize": lambda x: K.l2_normalize(x, axis=1),
            "moments": lambda x: tf.nn.moments(x, axes=[1])[1],
            "count_nonzero": lambda x: tf.math.count_nonzero(x > 0, axis=1),
            "top_k": lambda x: tf.nn.top_k(x, k=2).values,
            "top_k_indices": lambda x: tf.math.top_k(x, 2)[1],
            "sort": lambda x: tf.sort(x, axis=-1),
            "argsort": lambda x: tf.argsort(x, axis=-1),
            "sort_descending": lambda x: tf.sort(x, axis=-1, direction="DESCENDING"),
        },
    ),
    "shapes": (
        [(3, 4), (3, 4)],
        {
            "reshape": lambda x, y: tf.reshape(x, [-1, 12]),
            "reshape_static": lambda x, y: tf.reshape(x, (-1, x.shape[2], 3)),
            "k_reshape": lambda x, y: K.reshape(x, (-1, 2, 2, 3)),
            "transpose": lambda x, y: tf.transpose(x, [0, 2, 1]),
            "transpose_all": lambda x, y: tf.transpose(tf.transpose(x)),
            "permute": lambda x, y: K.permute_dimensions(x, (0, 2, 1)),
            "expand_dims": lambda x, y: tf.expand_dims(x, axis=1),
            "expand_last": lambda x, y: tf.expand_dims(x, -1),
            "k_expand_dims": lambda x, y: K.expand_dims(x),
            "squeeze": lambda x, y: tf.squeeze(tf.expand_dims(x, 2), axis=2),
            "squeeze_list": lambda x, y: tf.squeeze(x[:, None, :, :, None], [1, -1]),
            "k_squeeze": lambda x, y: K.squeeze(x[:, 1:2], 1),
            "tile": lambda x, y: tf.tile(x, [1, 2, 1]),
            "k_tile": lambda x, y: K.tile(x, (1, 1, 2)),
            "pad": lambda x, y: tf.pad(x, [[0, 0], [1, 2], [0, 1]]),
            "pad_value": lambda x, y: tf.pad(x, [[0, 0], [1, 0], [0, 1]], constant_values=2),
            "pad_reflect": lambda x, y: tf.pad(x, [[0, 0], [1, 1], [2, 0]], mode="REFLECT"),
            "pad_symmetric": lambda x, y: tf.pad(x, [[0, 0], [1, 1], [0, 2]], "SYMMETRIC"),
            "concat": lambda x, y: tf.concat([x, y], axis=1),
            "concat_last": lambda x, y: tf.concat([x, y, x], -1),
            "k_concatenate": lambda x, y: K.concatenate([x, y], axis=1),
            "stack": lambda x, y: tf.stack([x, y], axis=1),
            "k_stack": lambda x, y: K.stack([x, y]),
            "split": lambda x, y: tf.split(x, 2, axis=2)[1],
            "split_sizes": lambda x, y: tf.split(x, [1, 3], axis=-1)[1],
            "unstack": lambda x, y: tf.unstack(x, axis=1)[2],
            "reverse": lambda x, y: tf.reverse(x, axis=[1]),
            "repeat": lambda x, y: tf.repeat(x, 2, axis=1),
            "k_repeat_elements": lambda x, y: K.repeat_elements(x, 2, axis=2),
            "roll": lambda x, y: tf.roll(x, shift=1, axis=1),
            "k_flatten": lambda x, y: K.batch_flatten(x),
            "broadcast": lambda x, y: tf.broadcast_to(x[:, :1], [3, 3, 4]),
            "dynamic": lambda x, y: tf.reshape(x, [tf.shape(x)[0], 12]),
            "dynamic_k": lambda x, y: K.reshape(x, (K.shape(x)[0], 2, 6)),
            "dynamic_shape": lambda x, y: tf.reshape(y * 2, tf.shape(x)),
            "dynamic_product": lambda x, y: tf.reshape(x, [tf.shape(x)[0] * tf.shape(x)[1], 4]),
            "dynamic_unstack": lambda x, y: tf.reshape(x, [tf.unstack(tf.shape(x))[0], -1]),
        },
    ),
    "slicing": (
        [(5, 4), (5, 4)],
        {
            "index": lambda x, y: x[:, 0],
            "last": lambda x, y: x[:, -1],
            "range": lambda x, y: x[:, 1:3],
            "steps": lambda x, y: x[:, ::2, 1::2],
            "backwards": lambda x, y: x[:, ::-1],
            "backwards_steps": lambda x, y: x[:, 3:0:-2],
            "new_axis": lambda x, y: x[:, tf.newaxis, 2, :, None],
            "all_but_last": lambda x, y: x[:-1],
            "first_of_batch": lambda x, y: x[0] + y,
            "slice": lambda x, y: tf.slice(x, [0, 1, 0], [-1, 2, 3]),
            "strided_slice": lambda x, y: tf.strided_slice(x, [0, 1, 0], [2, 4, 4], [1, 2, 1]),
            "gather": lambda x, y: tf.gather(x, [0, 2], axis=1),
            "gather_batch": lambda x, y: tf.gather(x, tf.argmax(y, axis=1), axis=1, batch_dims=1),
            "gather_table": lambda x, y: tf.gather(TABLE, tf.cast(x[:, 0] > 0, tf.int32)),
            "k_gather": lambda x, y: K.gather(tf.constant(TABLE), tf.cast(x > 0, tf.int32)),
            "one_hot": lambda x, y: tf.one_hot(tf.argmax(x, axis=1), 5),
            "one_hot_values": lambda x, y: tf.one_hot(
                tf.cast(x > 0, tf.int32), depth=2, on_value=0.5, off_value=-1.0
            ),
            "k_one_hot": lambda x, y: K.one_hot(K.cast(x > 0, "uint8"), 2),
            "up_to_shape": lambda x, y: x[: tf.shape(y)[0]],
        },
    ),
    "products": (
        [(3, 4), (3, 4)],
        {
            "matmul": lambda x, y: tf.matmul(x, tf.transpose(y, [0, 2, 1])),
            "matmul_transpose_b": lambda x, y: tf.matmul(x, y, transpose_b=True),
            "matmul_transpose_a": lambda x, y: tf.matmul(x, y, transpose_a=True),
            "matmul_constant": lambda x, y: tf.matmul(x[:, 0], TABLE.T),
            "matmul_constant_b": lambda x, y: tf.matmul(x[:, 0], TABLE, transpose_b=True),
            "operator": lambda x, y: x @ tf.transpose(y, [0, 2, 1]),
            "tensordot": lambda x, y: tf.tensordot(x, TABLE.T, axes=1),
            "tensordot_axes": lambda x, y: tf.tensordot(x, TABLE, axes=[[2], [1]]),
            "k_dot": lambda x, y: K.dot(x, K.constant(TABLE.T)),
            "k_batch_dot": lambda x, y: K.batch_dot(x, y, axes=2),
            "attention": lambda x, y: tf.matmul(
                tf.nn.softmax(tf.matmul(x, y, transpose_b=True) / tf.sqrt(4.0)), y
            ),
            "bias_add": lambda x, y: tf.nn.bias_add(x, np.array([1, 2, 3, 4], "float32")),
            "cosine": lambda x, y: tf.reduce_sum(
                tf.nn.l2_normalize(x, -1) * tf.nn.l2_normalize(y, -1), -1
            ),
        },
    ),
    # From 2.4 on without what they are the product of.
    "einsum": ([(3, 4), (3, 4)], {"einsum": lambda x, y: tf.einsum("bij,bkj->bik", x, y)}),
    "images": (
        [(4, 6, 3)],
        {
            "resize": lambda x: tf.image.resize(x, (8, 9)),
            "resize_down": lambda x: tf.image.resize(x, [2, 3]),
            "resize_nearest": lambda x: tf.image.resize(x, [8, 12], method="nearest"),
            "flip": lambda x: tf.image.flip_left_right(x),
            "flip_up": lambda x: tf.image.flip_up_down(x),
            "depth_to_space": lambda x: tf.nn.depth_to_space(tf.concat([x, x, x, x], -1), 2),
            "space_to_depth": lambda x: tf.nn.space_to_depth(x, 2),
            "max_pool": lambda x: tf.nn.max_pool2d(x, 2, 2, "VALID"),
            "avg_pool": lambda x: tf.nn.avg_pool2d(x, ksize=3, strides=2, padding="SAME"),
            "conv2d": lambda x: tf.nn.conv2d(
                x, np.linspace(-1, 1, 54).reshape(3, 3, 3, 2).astype("float32"), 1, "SAME"
            ),
            "k_resize": lambda x: K.resize_images(x, 2, 2, "channels_last"),
            "pool_by_mean": lambda x: tf.reduce_mean(x, [1, 2]),
            "scale": lambda x: x / 127.5 - 1.0,
            "channels": lambda x: x[:, :, :, ::-1] - tf.constant([103.9, 116.8, 123.7]),
            "preprocess": lambda x: keras.applications.mobilenet_v2.preprocess_input(x),
        },
    ),
    # TF 2.12 to 2.15 cannot write these in `.keras`.
    "ellipsis": (
        [(4, 6, 3)],
        {
            "range": lambda x: x[..., 1:-1],
            "index": lambda x: x[..., 0],
            "between": lambda x: x[:, ..., None, 1:],
            "preprocess_caffe": lambda x: keras.applications.resnet50.preprocess_input(x),
        },
    ),
    "sequences": (
        [(None, 4)],
        {
            "heads": lambda x: tf.transpose(
                tf.reshape(x, [tf.shape(x)[0], -1, 2, 2]), [0, 2, 1, 3]
            ),
            "heads_by_shape": lambda x: tf.reshape(x, [tf.shape(x)[0], tf.shape(x)[1], 2, 2]),
            "mean": lambda x: tf.reduce_mean(x, 1),
            "last": lambda x: x[:, -1, :],
            "mask": lambda x: x * tf.cast(tf.not_equal(tf.round(x), 0.0), tf.float32),
            "backwards": lambda x: x[:, ::-1],
            "zeros": lambda x: tf.zeros([tf.shape(x)[0], 2]) + x[:, 0, :2],
            "ones": lambda x: tf.concat([x, tf.ones((tf.shape(x)[0], 1, 4))], axis=1),
            "filled": lambda x: tf.fill(tf.shape(x), 0.5) * x,
            "positions": lambda x: x + tf.cast(tf.range(tf.shape(x)[1]), tf.float32)[:, None],
            "one_for_each": lambda x: tf.tile(TABLE[None], [tf.shape(x)[0], 1, 1]),
            "broadcast": lambda x: tf.broadcast_to(TABLE, [tf.shape(x)[0], 3, 4]),
            "by_length": lambda x: x / tf.cast(tf.shape(x)[1], tf.float32),
            "tail": lambda x: tf.concat([x[:, 1:], x[:, :1]], axis=1),
        },
    ),
}


#: SavedModels are large. In TF 2.3 they cannot be without their functions, and are larger.
WITHOUT_TRACES = {} if RELEASE in ("2.0", "2.1", "2.2", "2.3") else {"save_traces": False}
WITH_GRAPH = "sequences" if RELEASE in ("2.4", "2.9") else None


def towers() -> Any:
    """Two layers of the same shapes, of which one has operations after it that are not simple."""
    x = keras.Input((4,), name="x")
    first = keras.layers.Dense(4, name="first")
    second = keras.layers.Dense(4, name="second")
    third = keras.layers.Dense(4, name="third")
    a = tf.nn.l2_normalize(tf.nn.l2_normalize(first(x), axis=-1), axis=-1)
    b = tf.nn.relu(tf.tanh(tf.nn.relu(second(x))))
    c = third(tf.exp(tf.nn.relu(x)))
    return keras.Model(x, [tf.add_n([a, b, c]), a - c])


def shared() -> Any:
    """Operations in a model that is called twice inside another, and between layers."""
    x = keras.Input((4,), name="x")
    y = keras.layers.Dense(3, name="inside")(x)
    inner = keras.Model(x, tf.nn.sigmoid(y) * 2.0 - 1.0, name="inner")
    left = keras.Input((4,), name="left")
    right = keras.Input((4,), name="right")
    distance = tf.abs(inner(left) - inner(right))
    out = keras.layers.Dense(2, name="outside")(distance) + tf.reduce_sum(right, 1, keepdims=True)
    return keras.Model([left, right], out)


def by_group(name: str) -> Any:
    """Returns the model of a group, and the names of the operations that the release has."""
    shapes, operations = GROUPS[name]
    inputs = [keras.Input(shape, name=f"input_{i}") for i, shape in enumerate(shapes)]
    dense = keras.layers.Dense(shapes[0][-1], name="kernel")
    tensors = [dense(inputs[0])] + inputs[1:]
    kept, outputs = [], []
    for each, operation in operations.items():
        try:
            output = operation(*tensors)
            keras.Model(inputs, output)
        except Exception as error:
            print(
                name, each, type(error).__name__, str(error).splitlines()[0][:90], file=sys.stderr
            )
            continue
        kept.append(each)
        outputs.append(output)
    return keras.Model(inputs, outputs), kept


def values(model: Any) -> list[Any]:
    """Returns what the model is called on."""
    random = np.random.RandomState(0)
    return [
        np.round(random.normal(size=[3] + [size or 5 for size in tensor.shape[1:]]), 3).astype(
            "float32"
        )
        for tensor in model.inputs
    ]


def rounded(value: Any) -> Any:
    """Returns an array as lists of numbers of so many digits as it has."""
    if value.ndim:
        return [rounded(each) for each in value]
    return float(f"{value:.8g}") if value.dtype.kind == "f" else value.item()


def write(model: Any, name: str) -> list[str]:
    """Saves the model in the working directory in each way of the release; returns which."""
    written = []
    for kind, options in (
        ("model.h5", {}),
        ("saved_model", dict({"save_format": "tf"}, **WITHOUT_TRACES)),
        (
            "model.keras",
            {"save_format": "keras_v3" if RELEASE == "2.12" else "keras"},
        ),
    ):
        if kind == "saved_model" and name in GROUPS and name != WITH_GRAPH:
            continue
        path = name + "." + kind
        try:
            model.save(path, **options)
        except Exception as error:
            print(
                name, kind, type(error).__name__, str(error).splitlines()[0][:90], file=sys.stderr
            )
            continue
        if kind == "model.keras" and not zipfile.is_zipfile(path):
            continue  # Another format under the name, before 2.12.
        written.append(kind)
    return written


def main() -> None:
    os.chdir(tempfile.mkdtemp())
    expected = {}
    names = sys.argv[1:] or [*GROUPS, "towers", "shared"]
    for name in names:
        K.clear_session()
        keras.utils.set_random_seed(1) if hasattr(keras.utils, "set_random_seed") else (
            tf.random.set_seed(1)
        )
        kept: Any = None
        if name in GROUPS:
            model, kept = by_group(name)
        else:
            model = globals()[name]()
        inputs = values(model)
        outputs = model(inputs if len(inputs) > 1 else inputs[0])
        outputs = outputs if isinstance(outputs, (list, tuple)) else [outputs]
        expected[name] = {
            "written": write(model, name),
            "inputs": [rounded(value) for value in inputs],
            "names": kept or list(range(len(outputs))),
            "outputs": [rounded(value.numpy()) for value in outputs],
            "dtypes": [value.dtype.name for value in outputs],
        }
    with open("expected.json", "w") as file:
        json.dump(expected, file)
    target = os.path.join(HOME, f"ops-{RELEASE}.tar.xz")
    with tarfile.open(target, "w:xz") as archive:
        kinds = ("model.h5", "saved_model", "model.keras")
        for name in ["expected.json"] + [n + "." + k for k in kinds for n in names]:
            if (
                name.split(".")[0] == "expected"
                or name.split(".", 1)[1] in (expected[name.split(".")[0]]["written"])
            ):
                archive.add(name)
    print(target, os.path.getsize(target))


if __name__ == "__main__":
    main()
