"""How a model was compiled: `training_config` of HDF5 files and SavedModels of any release."""

from __future__ import annotations

import inspect
from typing import Any, Callable, Union

from keras_ckpt import runtime
from keras_ckpt._typing import Config, CustomObjects, Model, Optimizer
from keras_ckpt.formats.config import making

# What Keras 2 called the optimizer of mixed precision.
_OF_MIXED_PRECISION = ("LossScaleOptimizer", "LossScaleOptimizerV3")
# Metrics of these names depend on the shape of the output, which `compile` looks at.
BY_OUTPUT = ("accuracy", "acc", "crossentropy", "ce")

#: What `compile` takes, and files have, for a loss, a metric or an optimizer: its name, or more.
Named = Union[str, Config]

_ADVICE = "pass what it names in custom_objects, or load it with compile=False"


def map_each(function: Callable[[Any], object], config: object) -> object:
    """Applies `function` to each loss or metric in nested lists and dicts.

    Args:
        function: takes the name of a loss or metric, or its description.
        config: the lists and dicts, or a single loss or metric, or None.

    Returns:
        The same lists and dicts with the results of `function` in them.
    """
    if isinstance(config, (list, tuple)):
        return [map_each(function, each) for each in config]
    if isinstance(config, dict) and "class_name" not in config:
        return {name: map_each(function, each) for name, each in config.items()}
    return None if config is None else function(config)


def compile_model(
    path: str, model: Model, config: Config, custom_objects: CustomObjects | None
) -> None:
    """Compiles a model in the way that a checkpoint describes.

    Args:
        path: String, the checkpoint.
        model: the model, made from the same checkpoint.
        config: the `training_config` of the checkpoint.
        custom_objects: the user's losses, metrics and optimizers by the names in `config`, or
            None.

    Raises:
        UnsupportedModel: if the running Keras has no such loss, metric or optimizer.
    """
    with runtime.keras().saving.custom_object_scope(custom_objects or {}), making.from_description(
        path, _ADVICE, "the model cannot be compiled as it was"
    ):
        model.compile(**compile_arguments(config))


def compile_arguments(config: Config) -> dict[str, object]:
    """Returns the arguments of `compile` that a file's `training_config` stands for."""
    keras = runtime.keras()

    def loss(given: Named) -> object:
        if isinstance(given, str):
            return given
        cls = getattr(keras.losses, str(given["class_name"]), None)
        if cls is None:
            return keras.losses.deserialize(given)
        settings = dict(given.get("config") or {})
        if settings.get("reduction") == "auto":
            settings["reduction"] = "sum_over_batch_size"  # What it meant in a `fit`.
        return cls(**{key: value for key, value in settings.items() if runtime.takes(cls, key)})

    def metric(given: Named) -> object:
        if isinstance(given, str):
            return given
        settings = given.get("config", {})
        if given["class_name"] == "MeanMetricWrapper" or "fn" in settings:
            if settings.get("name") in BY_OUTPUT:
                return settings["name"]
            function = keras.metrics.get(settings["fn"])
            if isinstance(function, keras.metrics.Metric):
                function.name = settings.get("name", function.name)
                return function
            return keras.metrics.MeanMetricWrapper(function, name=settings.get("name"))
        return keras.metrics.deserialize(given)

    arguments: dict[str, object] = {
        "optimizer": _optimizer(config.get("optimizer_config") or config["optimizer"]),
        "loss": map_each(loss, config.get("loss")),
        "loss_weights": config.get("loss_weights"),
    }
    for kind in ("metrics", "weighted_metrics"):
        metrics = map_each(metric, config.get(kind))
        # TensorFlow 2.2 and later wrote a list for each output, even if there is only one.
        if isinstance(metrics, list) and len(metrics) == 1 and isinstance(metrics[0], list):
            metrics = metrics[0]
        arguments[kind] = metrics
    return arguments


def _optimizer(config: Named) -> Optimizer:
    """Returns the optimizer that any release of Keras 2 or 3 has described."""
    keras = runtime.keras()
    if isinstance(config, str):
        return config
    name = str(config["class_name"]).split(">")[-1]
    settings = dict(config["config"])
    if name in _OF_MIXED_PRECISION:
        return keras.optimizers.LossScaleOptimizer(
            _optimizer(settings["inner_optimizer"]),
            initial_scale=settings.get("initial_scale") or 32768.0,
            dynamic_growth_steps=settings.get("dynamic_growth_steps") or 2000,
        )
    cls = getattr(keras.optimizers, name, None)
    if cls is None:
        return keras.optimizers.deserialize(config)
    if "lr" in settings:
        settings["learning_rate"] = settings.pop("lr")
    known = set(inspect.signature(cls.__init__).parameters)
    known |= set(inspect.signature(keras.optimizers.Optimizer.__init__).parameters)
    dropped = {key: value for key, value in settings.items() if key not in known}
    if dropped.get("decay"):
        runtime.warn_user(
            f"The optimizer was saved with decay={dropped['decay']}, which Keras 3 does not have: "
            "its learning rate stays as it is. Compile with a learning rate schedule to keep it.",
        )
    kept = {key: value for key, value in settings.items() if key in known}
    return keras.optimizers.deserialize({"class_name": name, "config": kept})
