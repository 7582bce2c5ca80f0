"""How a model was compiled, from what each release wrote of it."""

from __future__ import annotations

import json
import pathlib
from typing import Any

import h5py
import numpy as np
import pytest

import keras_ckpt
from keras_ckpt import keras2, runtime

if not runtime.is_keras_3():
    pytest.skip("what Keras 3 reads", allow_module_level=True)

from keras_ckpt.formats.config import compilation

keras = runtime.keras()


def described(kind: str, **config: Any) -> dict[str, Any]:
    return {"class_name": kind, "config": config}


def arguments(**config: Any) -> dict[str, Any]:
    return compilation.compile_arguments(dict({"optimizer_config": "sgd"}, **config))


def test_map_each_keeps_the_nest_and_what_is_not_given() -> None:
    nest = {"a": ["mse", None], "b": described("Huber", delta=2.0)}
    found = compilation.map_each(lambda each: [each], nest)
    assert found == {"a": [["mse"], None], "b": [described("Huber", delta=2.0)]}


def test_reduction_that_was_chosen_automatically_is_that_of_fit() -> None:
    loss = arguments(loss=described("Huber", delta=2.0, reduction="auto", fn="huber"))["loss"]
    assert isinstance(loss, keras.losses.Huber)
    assert loss.reduction == "sum_over_batch_size"
    assert float(loss(np.zeros((1, 1)), np.full((1, 1), 10.0))) == 18.0


@pytest.mark.parametrize("name", ["accuracy", "acc"])
def test_metric_that_depends_on_the_output_is_the_one_that_it_was(name: str) -> None:
    metric = described("MeanMetricWrapper", name=name, fn="binary_accuracy")
    (found,) = arguments(metrics=[metric])["metrics"]
    assert isinstance(found, keras.metrics.BinaryAccuracy)
    assert found.name == name


@pytest.mark.parametrize(
    ("loss", "width", "expected"),
    [
        ("binary_crossentropy", 1, "BinaryCrossentropy"),
        ("categorical_crossentropy", 3, "CategoricalCrossentropy"),
        ("sparse_categorical_crossentropy", 3, "SparseCategoricalCrossentropy"),
        # In Keras 2 the shape of the output counted, not the loss.
        ("binary_crossentropy", 3, "CategoricalCrossentropy"),
    ],
)
def test_crossentropy_is_the_one_for_the_output(loss: str, width: int, expected: str) -> None:
    config = {"optimizer_config": "sgd", "loss": loss, "metrics": ["crossentropy"]}
    (found,) = compilation.compile_arguments(config, width=width)["metrics"]
    assert type(found).__name__ == expected
    assert found.name == "crossentropy"


@pytest.mark.parametrize(
    ("version", "is_binary"),
    [("2.2.4-tf", True), ("2.2.4", True), ("2.3.1", True), ("2.3.0-tf", False), ("2.4.0", False)],
)
def test_accuracy_went_by_the_loss_in_the_first_releases(version: str, is_binary: bool) -> None:
    config = {
        "optimizer_config": "sgd",
        "loss": "binary_crossentropy",
        "metrics": ["accuracy", "ce"],
    }
    accuracy, crossentropy = compilation.compile_arguments(config, width=3, version=version)[
        "metrics"
    ]
    if is_binary:
        assert isinstance(accuracy, keras.metrics.BinaryAccuracy) and accuracy.name == "accuracy"
        assert isinstance(crossentropy, keras.metrics.BinaryCrossentropy)
    else:
        assert accuracy == "accuracy"
        assert isinstance(crossentropy, keras.metrics.CategoricalCrossentropy)


def test_metrics_of_one_list_are_for_each_output() -> None:
    config = {"optimizer_config": "sgd", "loss": "mse", "metrics": ["mae", "mse"]}
    found = compilation.compile_arguments(config, outputs=["a", "b"])
    assert found["metrics"] == [["mae", "mse"], ["mae", "mse"]]


def test_weights_of_the_outputs_go_with_a_loss_for_each() -> None:
    config = {"optimizer_config": "sgd", "loss": "mse", "loss_weights": [0.2, 0.8]}
    assert compilation.compile_arguments(config, outputs=["a", "b"])["loss"] == ["mse", "mse"]


def test_names_that_keras_3_changed() -> None:
    found = arguments(loss="logcosh", metrics=["kullback_leibler_divergence", "log_cosh"])
    assert found["loss"] == "log_cosh"
    names = [each.name for each in found["metrics"]]
    assert names == ["kullback_leibler_divergence", "log_cosh"]


def test_a_users_functions_are_taken_at_once() -> None:
    def mine(y_true: Any, y_pred: Any) -> Any:
        return y_pred - y_true

    config = {"optimizer_config": "sgd", "loss": "mine", "metrics": ["mine", "mae"]}
    found = compilation.compile_arguments(config, {"mine": mine})
    assert found["loss"] is mine
    assert found["metrics"] == [mine, "mae"]


def test_metric_keeps_the_name_that_it_had() -> None:
    metric = described("MeanMetricWrapper", name="mine", fn="mean_squared_error")
    (found,) = arguments(metrics=[metric])["metrics"]
    assert isinstance(found, keras.metrics.Metric)
    assert found.name == "mine"


def test_list_of_lists_for_a_single_output() -> None:
    assert arguments(metrics=[["mae", "mse"]])["metrics"] == ["mae", "mse"]
    assert arguments(metrics=[["mae"], ["mse"]])["metrics"] == [["mae"], ["mse"]]


def test_optimizer_of_the_first_releases() -> None:
    config = described("SGD", name="SGD", lr=0.25, momentum=0.5, decay=0.0)
    optimizer = arguments(optimizer_config=config)["optimizer"]
    assert runtime.to_numpy(optimizer.learning_rate) == 0.25
    assert optimizer.momentum == 0.5


def test_optimizers_before_tensorflow_clipped_by_the_norm_of_all_gradients() -> None:
    found = arguments(optimizer_config=described("SGD", lr=0.25, clipnorm=0.5))["optimizer"]
    assert (found.clipnorm, found.global_clipnorm) == (None, 0.5)
    config = described("SGD", name="SGD", learning_rate=0.25, clipnorm=0.5, decay=0.0)
    found = arguments(optimizer_config=config)["optimizer"]
    assert (found.clipnorm, found.global_clipnorm) == (0.5, None)


def test_nadam_before_tensorflow_had_a_name_for_its_decay() -> None:
    config = described("Nadam", lr=0.25, schedule_decay=0.5)
    assert arguments(optimizer_config=config)["optimizer"].schedule_decay == 0.5
    config = described("Nadam", name="Nadam", learning_rate=0.25, decay=0.5)
    assert arguments(optimizer_config=config)["optimizer"].schedule_decay == 0.5


def test_decay_is_the_schedule_that_it_was() -> None:
    config = described("Adam", learning_rate=0.5, decay=0.1)
    rate = arguments(optimizer_config=config)["optimizer"]._learning_rate
    assert [float(rate(step)) for step in (0, 1, 10)] == pytest.approx([0.5, 0.5 / 1.1, 0.25])


def test_a_schedule_comes_back() -> None:
    schedule = described(
        "ExponentialDecay", initial_learning_rate=0.5, decay_steps=2, decay_rate=0.25, name=None
    )
    config = described("SGD", learning_rate=schedule)
    rate = arguments(optimizer_config=config)["optimizer"]._learning_rate
    assert isinstance(rate, keras.optimizers.schedules.ExponentialDecay)
    assert float(rate(2)) == pytest.approx(0.125)


@pytest.mark.parametrize("kind", ["Adagrad", "Nadam", "RMSprop"])
def test_optimizers_of_the_first_kind_take_their_own_steps(kind: str) -> None:
    old = arguments(optimizer_config=described(kind, learning_rate=0.5, decay=0.0))["optimizer"]
    new = described(kind, learning_rate=0.5, use_ema=False, jit_compile=True, weight_decay=None)
    assert type(old) is getattr(keras2.optimizers, "Keras2" + kind)
    found = arguments(optimizer_config=new)["optimizer"]
    assert isinstance(found, getattr(keras.optimizers, kind))
    assert type(found).__name__ == kind


def test_optimizer_of_mixed_precision() -> None:
    config = described(
        "LossScaleOptimizer",
        inner_optimizer=described("Custom>SGD", learning_rate=0.25),
        initial_scale=64.0,
        dynamic_growth_steps=None,
    )
    optimizer = arguments(optimizer_config=config)["optimizer"]
    assert isinstance(optimizer, keras.optimizers.LossScaleOptimizer)
    assert optimizer.initial_scale == 64.0
    assert optimizer.dynamic_growth_steps == 2000
    assert runtime.to_numpy(optimizer.inner_optimizer.learning_rate) == 0.25


def test_unknown_optimizer_is_unsupported_unless_it_is_in_custom_objects() -> None:
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    config = {"optimizer_config": described("Own", learning_rate=0.25), "loss": "mse"}
    with pytest.raises(keras_ckpt.UnsupportedModel, match="(?s)compiled as it was.*compile=False"):
        compilation.compile_model("x.h5", model, config, None)
    assert not model.compiled

    class Own(keras.optimizers.SGD):  # type: ignore[misc, name-defined]
        pass

    compilation.compile_model("x.h5", model, config, {"Own": Own})
    assert isinstance(model.optimizer, Own)


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        ({"clipnorm": 1.0, "clipvalue": 0.5}, (1.0, None, None)),
        ({"global_clipnorm": 2.0, "clipvalue": 0.5}, (None, 2.0, None)),
        ({"clipnorm": None, "clipvalue": 0.5}, (None, None, 0.5)),
    ],
)
def test_of_several_ways_to_clip_the_new_optimizers_took_the_first(
    config: dict[str, Any], expected: tuple[Any, ...]
) -> None:
    told = described("SGD", learning_rate=0.1, use_ema=False, jit_compile=True, **config)
    optimizer = arguments(optimizer_config=told)["optimizer"]
    assert (optimizer.clipnorm, optimizer.global_clipnorm, optimizer.clipvalue) == expected


def test_a_schedule_that_keras_3_removed() -> None:
    rate = described("LinearCosineDecay", initial_learning_rate=0.5, decay_steps=10, name=None)
    optimizer = arguments(optimizer_config=described("SGD", learning_rate=rate))["optimizer"]
    assert isinstance(optimizer._learning_rate, keras2.schedules.LinearCosineDecay)


def test_names_of_losses_before_keras_was_tensorflows() -> None:
    assert arguments(loss="cosine")["loss"] == "cosine_similarity"
    assert arguments(loss="huber_loss")["loss"] == "huber"
    found = arguments(loss="mse", metrics=["cosine"])["metrics"]
    assert [each.name for each in found] == ["cosine"]


def test_a_loss_that_nobody_knows_is_an_error_at_once() -> None:
    with pytest.raises(ValueError, match="unheard_of"):
        arguments(loss="unheard_of")
    config = {"optimizer_config": "sgd", "loss": "mine"}
    found = compilation.compile_arguments(config, {"mine": np.subtract})
    assert found["loss"] is np.subtract


@pytest.mark.parametrize(
    "keys", [("sample_weight_mode", "loss_weights"), ("loss_weights", "sample_weight_mode")]
)
def test_releases_of_tensorflow_2_1_that_named_the_keras_of_2_2(keys: tuple[str, ...]) -> None:
    """Both wrote 2.3.0-tf, and these in another order; TensorFlow 2.2 went by the output."""
    config = {
        "loss": "binary_crossentropy",
        "metrics": ["accuracy"],
        **dict.fromkeys(keys),
        "optimizer_config": "sgd",
    }
    (found,) = compilation.compile_arguments(config, width=3, version="2.3.0-tf")["metrics"]
    is_binary = isinstance(found, keras.metrics.BinaryAccuracy)
    assert is_binary == (keys[0] == "sample_weight_mode")
    config = dict(config, loss="mse")
    (found,) = compilation.compile_arguments(config, width=3, version="2.3.0-tf")["metrics"]
    assert found == "accuracy"


def test_a_sum_that_was_one_of_all_values_is_refused() -> None:
    config = {"optimizer_config": "sgd", "loss": described("Huber", delta=1.0, reduction="sum")}
    with pytest.raises(ValueError, match="was the sum over all values"):
        compilation.compile_arguments(config, version="2.3.1")
    with pytest.raises(ValueError, match="was the sum over all values"):
        compilation.compile_arguments(config, version="2.2.4-tf")
    compilation.compile_arguments(config, version="2.4.0")


@pytest.mark.parametrize(("version", "sign"), [("2.2.4", -1), ("2.3.1", 1), ("2.2.4-tf", 1)])
def test_the_sign_of_the_cosine_as_a_metric(version: str, sign: int) -> None:
    config = {"optimizer_config": "sgd", "loss": "mse", "metrics": ["cosine_proximity"]}
    (metric,) = compilation.compile_arguments(config, version=version)["metrics"]
    assert metric.name == "cosine_proximity"
    assert float(metric(np.ones((2, 3)), np.ones((2, 3)))) == pytest.approx(sign)


@pytest.mark.parametrize("weights", [{"a": 2.0}, {"a": 2.0, "b": 3.0}, [2.0, 3.0], None], ids=str)
@pytest.mark.parametrize("losses", [["a", "b"], ["a"], ["b"]])
def test_outputs_without_a_loss_or_a_weight(losses: list[str], weights: Any) -> None:
    """As of TensorFlow 2.8: an output without a weight counts once, one without a loss does not."""
    inputs = keras.Input((3,))
    layers = [keras.layers.Dense(1, name=name, kernel_initializer="zeros") for name in "ab"]
    model = keras.Model(inputs, [layer(inputs) for layer in layers])
    given = {
        "loss": dict.fromkeys(losses, "mse"),
        "loss_weights": weights,
        "optimizer_config": {"class_name": "SGD", "config": {}},
    }
    compilation.compile_model("m.h5", model, given, None, "2.8.0")
    y = np.ones((2, 1))
    found = model.evaluate(np.ones((2, 3)), [y, y], verbose=0, return_dict=True)["loss"]
    if isinstance(weights, list):
        weights = dict(zip("ab", weights))
    assert found == pytest.approx(sum((weights or {}).get(name, 1.0) for name in losses))


def test_an_output_without_a_loss_has_none_in_a_file_for_keras_2(tmp_path: pathlib.Path) -> None:
    inputs = keras.Input((3,))
    layers = [keras.layers.Dense(1, name=name) for name in "ab"]
    model = keras.Model(inputs, [layer(inputs) for layer in layers])
    given = {
        "loss": {"b": "mse"},
        "loss_weights": {"b": 3.0},
        "optimizer_config": {"class_name": "SGD", "config": {}},
    }
    compilation.compile_model("m.h5", model, given, None, "2.8.0")
    path = tmp_path / "m.h5"
    keras_ckpt.save_model(model, path, format="h5")
    with h5py.File(path, "r") as file:
        described = json.loads(file.attrs["training_config"])
    assert described["loss"] in ([None, "mse"], [None, "mean_squared_error"])
    y, x = np.ones((2, 1)), np.ones((2, 3))
    again = keras_ckpt.load_model(path)
    found, expected = (m.evaluate(x, [y, y], verbose=0, return_dict=True) for m in (again, model))
    assert found["loss"] == pytest.approx(expected["loss"])


def test_the_experimental_rmsprop_took_the_old_steps_up_to_tensorflow_2_10() -> None:
    of_2_10 = {"name": "RMSprop", "use_ema": False, "learning_rate": 0.05, "rho": 0.8}
    found = arguments(optimizer_config=described("RMSprop", **of_2_10))["optimizer"]
    assert type(found) is keras2.optimizers.Keras2RMSprop
    assert found.rho == 0.8
    found = arguments(optimizer_config=described("RMSprop", weight_decay=None, **of_2_10))
    assert isinstance(found["optimizer"], keras.optimizers.RMSprop)
    assert not isinstance(found["optimizer"], keras2.optimizers.Keras2RMSprop)
    for argument in ({"momentum": 0.5}, {"centered": True}):
        with pytest.raises(ValueError, match="no optimizer of Keras 3 takes"):
            arguments(optimizer_config=described("RMSprop", **of_2_10, **argument))


def test_the_adamw_of_tensorflow_2_9_took_steps_that_none_takes() -> None:
    found = described("AdamW", weight_decay=0.004, learning_rate=0.05, jit_compile=True)
    with pytest.raises(ValueError, match="made each weight almost zero"):
        compilation.compile_arguments({"optimizer_config": found, "loss": "mse"}, version="2.9.0")
    for other in ("2.10.0", ""):
        given = {"optimizer_config": found, "loss": "mse"}
        made = compilation.compile_arguments(given, version=other)["optimizer"]
        assert isinstance(made, keras.optimizers.AdamW)
