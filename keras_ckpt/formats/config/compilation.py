"""How a model was compiled: `training_config` of HDF5 files and SavedModels of any release."""

from __future__ import annotations

from typing import Any, Callable, Union

from keras_ckpt import keras2, runtime
from keras_ckpt._typing import Config, CustomObjects, Model, Optimizer
from keras_ckpt.formats.config import keras2_arguments, making
from keras_ckpt.runtime import internals

# What Keras 2 called the optimizer of mixed precision.
_OF_MIXED_PRECISION = ("LossScaleOptimizer", "LossScaleOptimizerV3")
# Metrics of these names depend on the shape of the output, which `compile` looks at.
BY_OUTPUT = ("accuracy", "acc")

#: What `compile` takes, and files have, for a loss, a metric or an optimizer: its name, or more.
Named = Union[str, Config]

#: Losses and metrics that have another name in Keras 3, by the names that Keras 2 took.
_NAMES = {
    "KLD": "kl_divergence",
    "cosine": "cosine_similarity",
    "cosine_proximity": "cosine_similarity",
    "huber_loss": "huber",
    "kld": "kl_divergence",
    "kullback_leibler_divergence": "kl_divergence",
    "logcosh": "log_cosh",
}
#: Releases of Keras that took a metric by the loss.
_BY_LOSS = ("1.", "2.0", "2.1", "2.2")
#: From when on Keras 3 takes `None` for the loss of one of several outputs.
_OUTPUTS_WITHOUT_LOSS_SINCE = (3, 7)
#: What TensorFlow 2.0 to 2.2 wrote for their release of Keras.
_UP_TO_TF_2_2 = ("2.2.4-tf", "2.3.0-tf")
#: Names that stand for the crossentropy that fits the output.
_CROSSENTROPY = ("crossentropy", "ce")

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
    path: str,
    model: Model,
    config: Config,
    custom_objects: CustomObjects | None,
    version: str = "",
) -> None:
    """Compiles a model in the way that a checkpoint describes.

    Args:
        path: String, the checkpoint.
        model: the model, made from the same checkpoint.
        config: the `training_config` of the checkpoint.
        custom_objects: the user's losses, metrics and optimizers by the names in `config`, or
            None.
        version: String, the release of Keras that wrote it. Defaults to an unknown one.

    Raises:
        UnsupportedModel: if the running Keras has no such loss, metric or optimizer.
    """
    known = runtime.keras().saving.custom_object_scope(custom_objects or {})
    with known, making.from_description(path, _ADVICE, "the model cannot be compiled as it was"):
        outputs = list(getattr(model, "output_names", []))
        shape = getattr(model, "output_shape", None) if model.built and len(outputs) < 2 else None
        width = shape[-1] if isinstance(shape, tuple) and shape else None
        is_of_keras_3 = version.startswith("3.")  # In HDF5, too.
        is_of_rows = (
            not is_of_keras_3
            and runtime.backend() == "tensorflow"
            and any(
                isinstance(each, runtime.keras().layers.Embedding)
                for each in model._flatten_layers()
            )
        )
        given = compile_arguments(config, custom_objects, outputs, width, version, is_of_rows)
        if keras2_arguments.counts_masked_steps(version):
            given["loss"] = _over_all_steps(given["loss"], model)
        model.compile(**given)


def _over_all_steps(loss: object, model: Model) -> object:
    """Returns losses with the mean that Keras 2 took of those of outputs with a mask."""
    outputs = getattr(model, "outputs", None) or []
    names = getattr(model, "output_names", [])
    masked = [internals.mask_of(each) is not None for each in outputs]
    if isinstance(loss, dict):
        of_names = dict(zip(names, masked))
        return {name: _mean(each, of_names.get(name, False)) for name, each in loss.items()}
    if isinstance(loss, list) and len(loss) == len(masked):
        return [_mean(*pair) for pair in zip(loss, masked)]
    return _mean(loss, masked == [True])


def _mean(loss: object, is_masked: bool) -> object:
    return keras2.losses.OverAllSteps(loss) if is_masked and loss is not None else loss


def compile_arguments(
    config: Config,
    custom: CustomObjects | None = None,
    outputs: list[str] | None = None,
    width: int | None = None,
    version: str = "",
    is_of_rows: bool = False,
) -> dict[str, object]:
    """Returns the arguments of `compile` that a file's `training_config` stands for.

    Args:
        config: the `training_config`.
        custom: Dict, the user's losses, metrics and optimizers by their names. Defaults to none.
        outputs: the names of the outputs of the model. Defaults to those of a single output.
        width: the last dimension of the output. Defaults to an unknown one.
        version: the release of Keras that wrote it. Defaults to an unknown one.
        is_of_rows: Boolean, whether some gradients are of the rows of an embedding that a batch
            has. Defaults to `False`.
    """
    made = _Compilation(custom or {}, outputs or ["output"], width, version, is_of_rows)
    return made.arguments(config)


class _Compilation:
    """Makes the arguments of `compile` that Keras 2 described.

    Args:
        custom: as for `compile_arguments`.
        outputs: as for `compile_arguments`.
        width: as for `compile_arguments`.
        version: as for `compile_arguments`.
        is_of_rows: as for `compile_arguments`.
    """

    def __init__(
        self,
        custom: CustomObjects,
        outputs: list[str],
        width: int | None,
        version: str,
        is_of_rows: bool,
    ) -> None:
        self.keras = runtime.keras()
        self.custom = custom
        self.outputs = outputs
        self.width = width
        self.version = version
        self.is_of_rows = is_of_rows
        self._crossentropy = ""
        # TensorFlow 2.0 and 2.1, and Keras before them, took the binary accuracy for this loss,
        # whatever the width of the output.
        self._is_of_2_2 = keras2_arguments.is_stand_alone(version) and version[:4] != "2.3."
        # TensorFlow 2.1, which did so no longer, wrote the same as TensorFlow 2.0.
        self._sums_all = keras2_arguments.is_stand_alone(version) or version == "2.2.4-tf"
        self._by_loss = version.startswith(_BY_LOSS) or version in ("2.3.0", "2.3.1")
        self._takes_closest = version in _UP_TO_TF_2_2
        self._is_binary = False

    def arguments(self, config: Config) -> dict[str, object]:
        """Returns the arguments."""
        loss = map_each(self._loss, config.get("loss"))
        if isinstance(loss, dict) and set(loss) < set(self.outputs):
            # Keras 2 let a model have outputs without a loss. Keras 3 does so in a list.
            loss = [loss.get(name) for name in self.outputs]
        is_binary = "binary_crossentropy" in str(config.get("loss")) or "BinaryC" in str(
            config.get("loss")
        )
        by_loss = self._by_loss or _is_of_tf_2_1(config, self.version)
        self._is_binary = by_loss and is_binary
        self._crossentropy = self._crossentropy_for(config.get("loss"))
        weights = config.get("loss_weights")
        if isinstance(weights, dict) and set(weights) <= set(self.outputs):
            # An output that Keras 2 was told no weight of counted once.
            weights = [weights.get(name, 1.0) for name in self.outputs]
        if isinstance(weights, (list, tuple)) and not isinstance(loss, (list, dict)):
            loss = [loss] * len(weights)  # One loss is for all outputs.
        if isinstance(weights, (list, tuple)) and isinstance(loss, dict):
            loss = [loss.get(name) for name in self.outputs]
        if isinstance(loss, list) and runtime.version() < _OUTPUTS_WITHOUT_LOSS_SINCE:
            loss = [keras2.losses.no_loss if each is None else each for each in loss]
        optimizer = config.get("optimizer_config") or config["optimizer"]
        found: dict[str, object] = {
            "optimizer": _optimizer(optimizer, self.version, self.is_of_rows),
            "loss": loss,
            "loss_weights": weights,
        }
        for kind in ("metrics", "weighted_metrics"):
            found[kind] = self._of_outputs(map_each(self._metric, config.get(kind)))
        return found

    def _crossentropy_for(self, loss: object) -> str:
        """Returns the crossentropy that Keras 2 took for a metric."""
        if self.width == 1 or self._is_binary:
            return "binary_crossentropy"
        is_sparse = "sparse" in str(loss).lower()
        return "sparse_categorical_crossentropy" if is_sparse else "categorical_crossentropy"

    def _of_outputs(self, metrics: object) -> object:
        """Returns metrics as Keras 3 wants them: a list for each output if there are several."""
        if metrics is None:
            return None
        if isinstance(metrics, dict):
            kept = {name: each for name, each in metrics.items() if each is not None}
            return kept or None
        given = metrics if isinstance(metrics, list) else [metrics]
        if not any(isinstance(each, list) for each in given):
            # Those of one list are for each output; Keras 3 takes them for one of each.
            given = [list(given) for _ in self.outputs]
        lists = [each if isinstance(each, list) else [each] for each in given]
        lists = [[each for each in every if each is not None] for every in lists]
        if not any(lists):
            return None
        return lists[0] if len(lists) == 1 else lists

    def _loss(self, given: Named) -> object:
        if not isinstance(given, str) and given["class_name"] == "function":
            given = given["config"]
        if isinstance(given, str):
            name = _NAMES.get(given, given)
            if given not in self.custom:
                self.keras.losses.get(name)  # Keras says only in a fit that there is no such loss.
            return self.custom.get(given) or name
        cls = getattr(self.keras.losses, str(given["class_name"]), None)
        if cls is None or str(given["class_name"]) in self.custom:
            return self.keras.losses.deserialize(given)
        settings = dict(given.get("config") or {})
        is_huber = cls is self.keras.losses.Huber
        if self._sums_all and is_huber and settings.get("reduction") == "sum":
            raise ValueError(
                "its loss Huber(reduction='sum') was the sum over all values up to TensorFlow 2.0, "
                "and is the sum of the means of samples in Keras 3"
            )
        if settings.get("reduction") == "auto":
            settings["reduction"] = "sum_over_batch_size"  # What it meant in a `fit`.
        return cls(**{key: value for key, value in settings.items() if runtime.takes(cls, key)})

    def _metric(self, given: Named) -> object:
        if not isinstance(given, str) and given["class_name"] == "function":
            given = given["config"]
        if isinstance(given, str):
            return self._metric_named(given)
        settings = given.get("config", {})
        if given["class_name"] == "MeanMetricWrapper" or "fn" in settings:
            name = self._own_name(settings.get("name"))
            function = settings["fn"]
            if isinstance(function, str):
                function = self._metric_named(function)
            function = self.keras.metrics.get(function)
            if isinstance(function, self.keras.metrics.Metric):
                function.name = name or function.name
                return function
            return self.keras.metrics.MeanMetricWrapper(function, name=name)
        if settings.get("name"):
            named = dict(settings, name=self._own_name(settings["name"]))
            given = dict(given, config=named)
        name = given["class_name"]
        cls = keras2.metrics.OWN.get(name)
        if self._takes_closest and name not in self.custom:
            cls = keras2.metrics.CLOSEST.get(name, cls)
        if cls is not None:
            return cls(**given["config"])
        return self.keras.metrics.deserialize(given)

    def _metric_named(self, name: str) -> object:
        if name in self.custom:
            return self.custom[name]
        if name in BY_OUTPUT:
            metrics = self.keras.metrics
            return metrics.BinaryAccuracy(name=name) if self._is_binary else name
        new = _NAMES.get(name, name)
        if self._is_of_2_2 and new == "cosine_similarity":
            # Its metric was the loss, the sign of which is another.
            loss = self.keras.losses.cosine_similarity
            return self.keras.metrics.MeanMetricWrapper(loss, name=name)
        if name in _CROSSENTROPY:
            new = self._crossentropy
        try:
            found = self.keras.metrics.get(new)
        except ValueError:
            # Keras 3 takes fewer functions for metrics.
            function = getattr(self.keras.losses, new, None)
            if function is None:
                raise
            return self.keras.metrics.MeanMetricWrapper(function, name=name)
        if new == name:
            return name
        if isinstance(found, self.keras.metrics.Metric):
            found.name = name  # Which is the one in the logs.
        return found

    def _own_name(self, name: str | None) -> str | None:
        """Returns the name of a metric without that of the output, which Keras 3 puts before it."""
        for output in self.outputs if len(self.outputs) > 1 else ():
            if name and name.startswith(output + "_"):
                return name[len(output) + 1 :]
        return name


def _is_of_tf_2_1(config: Config, version: str) -> bool:
    """Returns whether TensorFlow 2.1 wrote it, whose last releases named the Keras of 2.2.

    They are known by the order of what they wrote.
    """
    names = [name for name in config if name in ("sample_weight_mode", "loss_weights")]
    return version == _UP_TO_TF_2_2[1] and names == ["sample_weight_mode", "loss_weights"]


#: The ways in which an optimizer clips gradients, in the order in which those of TensorFlow 2.11
#: and later look for them.
_CLIPS = ("clipnorm", "global_clipnorm", "clipvalue")


def _optimizer(config: Named, version: str, is_of_rows: bool) -> Optimizer:
    """Returns the optimizer that any release of Keras 2 or 3 has described."""
    keras = runtime.keras()
    if isinstance(config, str):
        return _summed(keras.optimizers.get(config)) if is_of_rows else config
    name = str(config["class_name"]).split(">")[-1]
    settings = dict(config["config"])
    if name in _OF_MIXED_PRECISION:
        return keras.optimizers.LossScaleOptimizer(
            _optimizer(settings["inner_optimizer"], version, is_of_rows),
            initial_scale=settings.get("initial_scale") or 32768.0,
            dynamic_growth_steps=settings.get("dynamic_growth_steps") or 2000,
        )
    cls = getattr(keras.optimizers, name, None)
    if cls is None or keras.saving.get_registered_object(name) is not None:
        return keras.optimizers.deserialize(config)
    if name == "AdamW" and version.startswith("2.9.") and settings.get("weight_decay"):
        raise ValueError(
            "the AdamW of TensorFlow 2.9 made each weight almost zero in each step, by an error in "
            "its `weight_decay`, and no optimizer of Keras 3 does"
        )
    if _is_of_2_9(name, settings):
        if settings.get("momentum") or settings.get("centered"):
            raise ValueError(
                "its experimental RMSprop with `momentum` or `centered` took steps in TensorFlow "
                "2.9 and 2.10 that no optimizer of Keras 3 takes"
            )
        cls = keras2.optimizers.CHANGED[name]
    if is_of_rows:
        cls = keras2.embedding_optimizers.SUMMED.get(name, cls)
    if not _is_of_2_11(settings):
        cls = keras2.optimizers.CHANGED.get(name, cls)
        if "name" not in settings:
            # Those of Keras before it was TensorFlow's took the norm of all gradients.
            settings["global_clipnorm"] = settings.pop("clipnorm", None)
            of_embeddings = keras2.embedding_optimizers.STAND_ALONE
        else:
            of_embeddings = keras2.embedding_optimizers.UP_TO_TF_2_10
        if is_of_rows:
            cls = of_embeddings.get(name, cls)
        if issubclass(cls, keras2.optimizers.Keras2Nadam):
            # This is what its `decay` was in TensorFlow.
            settings.setdefault("schedule_decay", settings.pop("decay", None))
    else:
        # Of several ways to clip gradients, these optimizers took the first.
        ways = [each for each in _CLIPS if settings.get(each) is not None]
        settings.update(dict.fromkeys(ways[1:]))
    if "lr" in settings:
        settings["learning_rate"] = settings.pop("lr")
    settings["learning_rate"] = _rate(settings.get("learning_rate"), settings.pop("decay", None))
    known = keras2_arguments.parameters(cls)
    return cls(**{key: each for key, each in settings.items() if key in known and each is not None})


def _summed(optimizer: Optimizer) -> Optimizer:
    """Returns what an optimizer of Keras 3, with its defaults, was for a model with embeddings."""
    kind = type(optimizer).__name__
    cls = getattr(keras2.embedding_optimizers, f"Summed{kind}", None)
    is_of_keras = type(optimizer) is getattr(runtime.keras().optimizers, kind, None)
    return cls(name=optimizer.name) if cls is not None and is_of_keras else optimizer


def _is_of_2_9(name: str, settings: Config) -> bool:
    """Returns whether it is the new RMSprop of TensorFlow 2.9 and 2.10, which had old steps."""
    return name == "RMSprop" and "use_ema" in settings and "weight_decay" not in settings


def _is_of_2_11(settings: Config) -> bool:
    """Returns whether an optimizer is one of the new kind, which came with TensorFlow 2.11."""
    return not settings.get("is_legacy_optimizer") and bool(
        {"use_ema", "jit_compile", "weight_decay", "is_legacy_optimizer"} & set(settings)
    )


def _rate(rate: Any, decay: float | None) -> object:
    """Returns a learning rate, or the schedule that it is, or that a `decay` made of it."""
    schedules = runtime.keras().optimizers.schedules
    if isinstance(rate, dict) and "class_name" in rate:
        name = str(rate["class_name"])
        cls = keras2.schedules.REMOVED.get(name) or getattr(schedules, name, None)
        if cls is None:
            return schedules.deserialize(rate)
        return cls(**{key: value for key, value in rate["config"].items() if value is not None})
    if decay and rate is not None:
        return schedules.InverseTimeDecay(float(rate), decay_steps=1, decay_rate=float(decay))
    return rate
