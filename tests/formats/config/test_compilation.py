"""How a model was compiled, from what each release wrote of it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import keras_ckpt
from keras_ckpt import runtime

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


@pytest.mark.parametrize("name", ["accuracy", "acc", "crossentropy", "ce"])
def test_metric_that_depends_on_the_output_stays_a_name(name: str) -> None:
    metric = described("MeanMetricWrapper", name=name, fn="binary_accuracy")
    assert arguments(metrics=[metric])["metrics"] == [name]


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
    assert float(optimizer.learning_rate) == 0.25
    assert optimizer.momentum == 0.5


def test_decay_is_warned_of_at_the_line_that_loads() -> None:
    config = described("Adam", learning_rate=0.5, decay=0.1)
    with pytest.warns(UserWarning, match="saved with decay=0.1, which Keras 3 does not") as caught:
        arguments(optimizer_config=config)
    assert [each.filename for each in caught] == [__file__]


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
    assert float(optimizer.inner_optimizer.learning_rate) == 0.25


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
