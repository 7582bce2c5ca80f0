"""Whole models in HDF5: what `model.save("x.h5")` writes in Keras 2 and, still, in Keras 3."""

from __future__ import annotations

import contextlib
import importlib
import inspect
import json
import warnings
from typing import Any, Callable, Iterator

from keras_ckpt import runtime
from keras_ckpt.formats import base, files, hdf5, hdf5_weights, optimizers
from keras_ckpt.formats.base import CheckpointError, Format

# Metrics of these names depend on the shape of the output, which `compile` looks at.
_BY_OUTPUT = ("accuracy", "acc", "crossentropy", "ce")


def _map(function: Callable[[Any], Any], config: Any) -> Any:
    """Applies `function` to each loss or metric in a nest of lists and dicts of them."""
    if isinstance(config, (list, tuple)):
        return [_map(function, each) for each in config]
    if isinstance(config, dict) and "class_name" not in config:
        return {name: _map(function, each) for name, each in config.items()}
    return None if config is None else function(config)


class HDF5Model(Format):
    """The format of `model.save("x.h5")`."""

    name = "HDF5 file of a whole model"
    keras_3_reads = True
    native_endings = (".h5", ".hdf5")

    def recognises(self, path: str) -> bool:
        if not hdf5.is_hdf5(path):
            return False
        with hdf5.h5py().File(path, "r") as file:
            return "model_weights" in file

    def write(self, model: Any, path: str, options: Any | None = None) -> None:
        base.require_variables(model, "saved")
        # Keras 3's own writer fails on variables of the same name, which cells and sub-models
        # have in several releases, and writes losses and metrics that its own reader refuses.
        described = _describe(model)
        with files.replacing(path, ".h5") as temporary, hdf5.h5py().File(temporary, "w") as file:
            file.attrs.update(described)
            hdf5_weights.write_layers(file.create_group("model_weights"), model)
            if "training_config" in described and model.optimizer.built:
                group = file.create_group("optimizer_weights")
                hdf5_weights.write_variables(group, list(model.optimizer.variables))

    def load_weights(self, model: Any, path: str) -> None:
        base.require_variables(model, "loaded")
        with hdf5.h5py().File(path, "r") as file:
            base.assign(model, hdf5_weights.assignments(path, file["model_weights"], model))

    def load_model(
        self,
        path: str,
        custom_objects: dict[str, Any] | None = None,
        compile: bool = True,
        safe_mode: bool = True,
    ) -> Any:
        keras = runtime.keras()
        with hdf5.h5py().File(path, "r") as file:
            config = _json(file, "training_config")
            if "model_config" not in file.attrs:
                raise CheckpointError(
                    path,
                    "it has the weights of a model but not its configuration",
                    "build the model and call keras_ckpt.load_weights(model, path)",
                )
        with files.under_ending(path, ".h5") as named:
            try:
                model = keras.models.load_model(
                    named, custom_objects, compile=False, **_safe(safe_mode)
                )
            except (ValueError, TypeError, KeyError, AttributeError) as error:
                raise CheckpointError(
                    path,
                    "Keras %s cannot make the model again: %s"
                    % (keras.__version__, base.one_line(error)),
                    "pass your own classes in custom_objects, or build the model and call "
                    "keras_ckpt.load_weights(model, path), which needs no configuration",
                ) from error
        if not compile or config is None:
            return model
        with keras.saving.custom_object_scope(custom_objects or {}):
            try:
                model.compile(**_compile_arguments(config))
            except (ValueError, TypeError, KeyError, AttributeError) as error:
                raise CheckpointError(
                    path,
                    "the model cannot be compiled as it was: %s" % base.one_line(error),
                    "pass what it names in custom_objects, or load it with compile=False",
                ) from error
        with hdf5.h5py().File(path, "r") as file:
            if "optimizer_weights" in file:
                optimizers.build(model)
                assignments = _optimizer_assignments(model, file)
                if assignments is None:
                    warnings.warn(
                        "The optimizer starts anew: its state in %s is not that of the %s that "
                        "the model has now." % (path, type(model.optimizer).__name__),
                        stacklevel=4,
                    )
                for assignment in assignments or []:
                    assignment.variable.assign(assignment.read())
        return model


@contextlib.contextmanager
def _compile_config_kept(model: Any) -> Iterator[None]:
    """Puts back the optimizer that Keras 3 takes out of the model's `compile` arguments.

    It does so when it describes them. The next `.keras` archive of the model would have none.
    """
    config = getattr(getattr(model, "_compile_config", None), "config", None)
    before = dict(config) if isinstance(config, dict) else {}
    try:
        yield
    finally:
        if isinstance(config, dict):
            config.update(before)


def _safe(safe_mode: bool) -> dict[str, Any]:
    parameters = inspect.signature(runtime.keras().models.load_model).parameters
    return {"safe_mode": safe_mode} if "safe_mode" in parameters else {}


def _describe(model: Any) -> dict[str, Any]:
    """Returns the attributes of the file: the configuration of the model and how to compile it."""
    legacy = "keras.src.legacy.saving."
    options = importlib.import_module(legacy + "saving_options")
    utils = importlib.import_module(legacy + "saving_utils")
    with options.keras_option_scope(use_legacy_config=True), _compile_config_kept(model):
        described = dict(utils.model_metadata(model))
        if "training_config" in described:
            described["training_config"] = _spelled_out(described["training_config"])
        encode = importlib.import_module(legacy + "json_utils").get_json_type
        for name, value in described.items():
            if not isinstance(value, str):
                described[name] = json.dumps(value, default=encode).encode("utf-8")
    return described


def _json(file: Any, name: str) -> Any:
    text = file.attrs.get(name)
    return None if text is None else json.loads(hdf5.as_text(text))


def _spelled_out(config: dict[str, Any]) -> dict[str, Any]:
    """Replaces abbreviations such as "mse", which no Keras 3 can read back, by what they mean."""
    keras = runtime.keras()

    def loss(given: Any) -> Any:
        meant = keras.losses.get(given) if isinstance(given, str) else None
        return getattr(meant, "__name__", given)

    def metric(given: Any) -> Any:
        if not isinstance(given, str) or given in _BY_OUTPUT:
            return given
        meant = keras.metrics.get(given)
        if not isinstance(meant, keras.metrics.Metric):
            return getattr(meant, "__name__", given)
        return {"class_name": type(meant).__name__, "config": {"name": given}}

    spelled = dict(config)
    try:
        spelled["loss"] = _map(loss, config.get("loss"))
        for kind in ("metrics", "weighted_metrics"):
            spelled[kind] = _map(metric, config.get(kind))
    except ValueError:
        return config  # a name of the user's own, which only the user's objects give a meaning
    return spelled


def _compile_arguments(config: dict[str, Any]) -> dict[str, Any]:
    """Returns the arguments of `compile` that a file's `training_config` stands for."""
    keras = runtime.keras()

    def loss(given: Any) -> Any:
        return given if isinstance(given, str) else keras.losses.deserialize(given)

    def metric(given: Any) -> Any:
        if isinstance(given, str):
            return given
        settings = given.get("config", {})
        if given["class_name"] == "MeanMetricWrapper" or "fn" in settings:
            if settings.get("name") in _BY_OUTPUT:
                return settings["name"]
            function = keras.metrics.get(settings["fn"])
            if isinstance(function, keras.metrics.Metric):
                function.name = settings.get("name", function.name)
                return function
            return keras.metrics.MeanMetricWrapper(function, name=settings.get("name"))
        return keras.metrics.deserialize(given)

    arguments = {
        "optimizer": _optimizer(config["optimizer_config"]),
        "loss": _map(loss, config.get("loss")),
        "loss_weights": config.get("loss_weights"),
    }
    for kind in ("metrics", "weighted_metrics"):
        metrics = _map(metric, config.get(kind))
        # TensorFlow 2.2 and later wrote a list for each output, also if there is but one.
        if isinstance(metrics, list) and len(metrics) == 1 and isinstance(metrics[0], list):
            metrics = metrics[0]
        arguments[kind] = metrics
    return arguments


def _optimizer(config: dict[str, Any]) -> Any:
    """Returns the optimizer that any release of Keras 2 or 3 described so."""
    keras = runtime.keras()
    name = str(config["class_name"]).split(">")[-1]
    settings = dict(config["config"])
    cls = getattr(keras.optimizers, name, None)
    if cls is None:
        return keras.optimizers.deserialize(config)
    if "lr" in settings:
        settings["learning_rate"] = settings.pop("lr")
    known = set(inspect.signature(cls.__init__).parameters)
    known |= set(inspect.signature(keras.optimizers.Optimizer.__init__).parameters)
    dropped = {key: value for key, value in settings.items() if key not in known}
    if dropped.get("decay"):
        warnings.warn(
            "The optimizer was saved with decay=%s, which Keras 3 does not have: its learning "
            "rate stays as it is. Compile with a learning rate schedule to keep it."
            % dropped["decay"],
            stacklevel=5,
        )
    kept = {key: value for key, value in settings.items() if key in known}
    return keras.optimizers.deserialize({"class_name": name, "config": kept})


def _optimizer_assignments(model: Any, file: Any) -> Any:
    if "optimizer_weights" not in file:
        return None
    group = file["optimizer_weights"]
    names = hdf5.read_names(group, "weight_names")
    if any(name not in group for name in names):
        return None
    return optimizers.assignments(model.optimizer, names, [group[name] for name in names])
