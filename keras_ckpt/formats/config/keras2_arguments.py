"""The arguments of Keras 2's layers, and what they are in Keras 3."""

from __future__ import annotations

import inspect
import re
from typing import Any, Callable, Tuple

import numpy as np

from keras_ckpt import keras2, runtime
from keras_ckpt._typing import Config, Layer
from keras_ckpt.formats.config import beside_variables

# Arguments that Keras 3 does not have and does not need.
_WITHOUT_MEANING = frozenset(
    [
        "batch_input_shape",
        "build_config",
        "build_input_shape",
        "causal",  # See `of_call`.
        "has_input_vocabulary",  # A vocabulary that is missing is refused when all is read.
        "implementation",
        "input_length",
        "key_shape",
        "num_constants",
        "query_shape",
        "ragged",
        "rng_type",
        "value_shape",
        "vocabulary_size",
    ]
)
# Depthwise and separable convolutions listed the arguments of the convolution that they are made
# from, beside their own.
_OF_THE_BASE = frozenset(
    ["filters", "kernel_constraint", "kernel_initializer", "kernel_regularizer"]
)
# Arguments that Keras 3 may lack, with the values at which they do nothing.
_NEUTRAL: dict[str, tuple[object, ...]] = {"groups": (1,), "renorm_momentum": (0.99,)}

#: Takes the name of a class and its arguments in Keras 2, and returns both in Keras 3.
_Conversion = Callable[[str, Config], Tuple[str, Config]]


def _renamed(**names: str) -> _Conversion:
    """Returns what gives arguments their new names."""

    def convert(kind: str, settings: Config) -> tuple[str, Config]:
        return kind, {names.get(key, key): value for key, value in settings.items()}

    return convert


def _with_one_axis(kind: str, settings: Config) -> tuple[str, Config]:
    axis = settings.get("axis")
    if isinstance(axis, list) and len(axis) == 1:
        settings = dict(settings, axis=axis[0])
    return kind, settings


#: Modes of output that have another name in Keras 3.
_MODES = {"binary": "multi_hot", "tf-idf": "tf_idf"}


def _lookup(kind: str, settings: Config) -> tuple[str, Config]:
    renamed = {"max_values": "max_tokens", "mask_value": "mask_token", "oov_value": "oov_token"}
    found = {renamed.get(key, key): value for key, value in settings.items()}
    if "output_mode" in found:
        found["output_mode"] = _MODES.get(found["output_mode"], found["output_mode"])
    if isinstance(found.get("ngrams"), list):
        found["ngrams"] = tuple(found["ngrams"])
    if found.get("max_tokens") is None and "pad_to_max_tokens" in found:
        found["pad_to_max_tokens"] = False  # There is nothing to pad to.
    return kind, found


def _category_encoding(kind: str, settings: Config) -> tuple[str, Config]:
    kind, found = _lookup(kind, settings)
    if "max_tokens" in found:
        found["num_tokens"] = found.pop("max_tokens")
    return kind, found


def _batch_normalization(kind: str, settings: Config) -> tuple[str, Config]:
    return _with_one_axis("BatchNormalization", settings)


def _as_recurrent(kind: str, settings: Config) -> tuple[str, Config]:
    """Returns the layer that computes what one for cuDNN does."""
    found = dict(settings, activation="tanh", recurrent_activation="sigmoid")
    if kind == "CuDNNGRU":
        found["reset_after"] = True
    return kind[len("CuDNN") :], found


def _interleaved(kind: str, settings: Config) -> tuple[str, Config]:
    return kind, dict(settings, interleaved=True) if has_strides_in_dilation(settings) else settings


def has_strides_in_dilation(settings: Config) -> bool:
    """Returns whether a convolution has both strides and a dilation.

    Releases that did not refuse it, TensorFlow 2.12 and before, did not compute what Keras 3 does.
    """
    return all(_largest(settings.get(name) or 1) > 1 for name in ("strides", "dilation_rate"))


def _largest(lengths: Any) -> int:
    if isinstance(lengths, dict):  # So SavedModels describe tuples.
        lengths = lengths["items"]
    return int(max(np.ravel(lengths)))


def _integers(kind: str, settings: Config) -> tuple[str, Config]:
    # Up to TensorFlow 2.5 it said that it was of floats, and returned integers.
    if (
        str(settings.get("dtype")).startswith("float")
        and settings.get("output_mode", "int") == "int"
    ):
        settings = {key: value for key, value in settings.items() if key != "dtype"}
    return kind, settings


def _discretization(kind: str, settings: Config) -> tuple[str, Config]:
    kind, settings = _renamed(bins="bin_boundaries")(kind, settings)
    boundaries = settings.get("bin_boundaries")
    # TensorFlow 2.4 alone wrote the end of the last bin as well.
    if isinstance(boundaries, (list, tuple)) and np.inf in boundaries:
        return _closed_above(kind, settings)
    return kind, settings


def _closed_above(kind: str, settings: Config) -> tuple[str, Config]:
    if settings.get("bin_boundaries"):
        boundaries = beside_variables.closed_above(settings["bin_boundaries"])
        settings = dict(settings, bin_boundaries=boundaries)
    return kind, settings


_CONVERSIONS: dict[str, _Conversion] = {
    "DepthwiseConv1D": _interleaved,
    "DepthwiseConv2D": _interleaved,
    "SeparableConv1D": _interleaved,
    "SeparableConv2D": _interleaved,
    "Hashing": _integers,
    "BatchNormalizationV1": _batch_normalization,
    "BatchNormalizationV2": _batch_normalization,
    "CuDNNGRU": _as_recurrent,
    "CuDNNLSTM": _as_recurrent,
    "SyncBatchNormalization": _with_one_axis,
    "BatchNormalization": _with_one_axis,
    "CategoryEncoding": _category_encoding,
    "Discretization": _discretization,
    "IntegerLookup": _lookup,
    "LeakyReLU": _renamed(alpha="negative_slope"),
    "StringLookup": _lookup,
    "TextVectorization": _lookup,
}


def _resized_first(kind: str, settings: Config) -> tuple[str, Config]:
    return kind, dict(settings, resizes_first=True)


def _legacy_bilinear(kind: str, settings: Config) -> tuple[str, Config]:
    if settings.get("interpolation") == "bilinear":
        settings = dict(settings, interpolation="legacy_bilinear")
    return kind, settings


#: The same for Keras before it was TensorFlow's.
_STAND_ALONE: dict[str, _Conversion] = {
    "UpSampling2D": _legacy_bilinear,
}
#: The same for releases before 2.7.
_UP_TO_2_6: dict[str, _Conversion] = {"RandomCrop": _resized_first}
#: The same for 2.5.
_OF_2_5: dict[str, _Conversion] = {"Discretization": _closed_above}


def _dense(kind: str, settings: Config) -> tuple[str, Config]:
    return kind, dict(settings, sparse=False) if settings.get("sparse") else settings


#: The same for JAX and PyTorch, on which Keras 3 returns no sparse tensors from `predict`.
_WITHOUT_SPARSE: dict[str, _Conversion] = dict.fromkeys(
    [
        "CategoryEncoding",
        "Discretization",
        "HashedCrossing",
        "Hashing",
        "IntegerLookup",
        "StringLookup",
        "TextVectorization",
    ],
    _dense,
)


def is_stand_alone(version: str) -> bool:
    """Returns whether a release of Keras is one before it was TensorFlow's, which 2.4 was.

    Args:
        version: String, as files have it: `"2.3.1"`, or `"2.3.0-tf"` for that of TensorFlow 2.2.
    """
    numbers = _numbers(version)
    return numbers is not None and "tf" not in version and numbers < (2, 4)


def counts_masked_steps(version: str) -> bool:
    """Returns whether a release of Keras counted masked steps in the mean of a loss.

    TensorFlow up to 2.10 did, and of Keras before it was TensorFlow's 2.3 alone.

    Args:
        version: as of `is_stand_alone`.
    """
    numbers = _numbers(version)
    if numbers is None:
        return False
    return numbers == (2, 3) if is_stand_alone(version) else numbers < (2, 11)


def _numbers(version: str) -> tuple[int, int] | None:
    found = re.match(r"(\d+)\.(\d+)", version)
    return (int(found.group(1)), int(found.group(2))) if found else None


def of_keras_3(kind: str, settings: Config, version: str = "") -> tuple[str, Config]:
    """Returns the class and the arguments that a layer of Keras 2 has today.

    Args:
        kind: String, the name of its class.
        settings: Dict, its arguments.
        version: String, the release of Keras. Defaults to one of TensorFlow 2.
    """
    kind, settings = _with_penalty(kind, settings, is_stand_alone(version))
    numbers = _numbers(version)
    older = [_STAND_ALONE] * is_stand_alone(version)
    older += [_UP_TO_2_6] * (numbers is not None and numbers < (2, 7))
    older += [_OF_2_5] * (numbers == (2, 5))
    others = [_WITHOUT_SPARSE] * (runtime.is_keras_3() and runtime.backend() != "tensorflow")
    for conversions in [*older, _CONVERSIONS, *others]:
        convert = conversions.get(kind)
        kind, settings = convert(kind, settings) if convert else (kind, settings)
    return kind, settings


def _with_penalty(kind: str, settings: Config, is_alone: bool) -> tuple[str, Config]:
    """Returns a layer whose penalty on outputs counts as it did in that Keras."""
    is_layer_of_it = kind == "ActivityRegularization"
    if not is_layer_of_it and not settings.get("activity_regularizer"):
        return kind, settings
    if keras2.regularizers.divides_by_batch_size() is not is_alone:
        return kind, settings
    reduction = "sum" if is_alone else "mean"
    if is_layer_of_it:
        return kind, dict(settings, reduction=reduction)
    described = {"regularizer": settings["activity_regularizer"], "reduction": reduction}
    settings = dict(settings, activity_regularizer={"class_name": "OfBatch", "config": described})
    return kind, settings


def of_call(config: Config) -> dict[str, object]:
    """Returns the arguments of calls that were arguments of the layer in Keras 2.

    Args:
        config: Dict with `class_name` and `config`.
    """
    settings = config.get("config")
    return (
        {"use_causal_mask": True} if isinstance(settings, dict) and settings.get("causal") else {}
    )


def known(cls: type[Layer], settings: Config, strict: bool = True) -> Config:
    """Returns the arguments that a class has today.

    Args:
        cls: the class.
        settings: Dict, the arguments in the description.
        strict: Boolean, whether to refuse those that matter and are gone. Defaults to `True`.

    Raises:
        ValueError: if it is `strict` and an argument that matters is gone.
    """
    names = parameters(cls)
    names -= _OF_THE_WHOLE.get(cls.__name__, frozenset())
    kept = {}
    for key, value in settings.items():
        if key in names:
            kept[key] = value
        elif strict and key not in SET_LATER and not _is_without_meaning(cls, key, value):
            raise ValueError(
                f"Keras {runtime.keras().__version__} has no {key}={value!r} of the layer "
                f"{cls.__name__}"
            )
    return kept


def parameters(cls: type[Layer]) -> set[str]:
    """Returns the names of the arguments that a class takes.

    Args:
        cls: the class.
    """
    names: set[str] = set()
    for each in cls.__mro__:
        if "__init__" not in vars(each):
            continue
        found = inspect.signature(vars(each)["__init__"]).parameters.values()
        names |= {parameter.name for parameter in found}
        if not any(parameter.kind is parameter.VAR_KEYWORD for parameter in found):
            break
    return names - {"self"}


# Arguments that Keras 3 hands on to the layers within a layer, and Keras 2 did not.
_OF_THE_WHOLE = {"MultiHeadAttention": frozenset(["activity_regularizer"])}

#: Attributes that a layer gets after it is made if its class does not take them.
SET_LATER = ("activity_regularizer", "trainable")


def _is_without_meaning(cls: type[Layer], key: str, value: Any) -> bool:
    """Returns whether a layer does the same without an argument."""
    if key in _WITHOUT_MEANING or value in (None, False, [], {}):
        return True
    if key in _OF_THE_BASE:
        return any(text in cls.__name__ for text in ("Depthwise", "Separable"))
    return value in _NEUTRAL.get(key, ())
