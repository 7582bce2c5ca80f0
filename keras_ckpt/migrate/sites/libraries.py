"""Other libraries, as data: their callbacks that derive from Keras's, and what returns its models.

The callbacks pass on what they are given, so that Keras 3 refuses there what it refuses itself.
"""

from __future__ import annotations

import re
from typing import NamedTuple

#: Libraries for deep learning with methods of the same names, and none of Keras.
FOREIGN = (
    *("chainer", "fastai", "flax", "gensim", "haiku", "jax", "lightning", "mindspore", "mlx"),
    *("mxnet", "oneflow", "paddle", "pytorch_lightning", "stable_baselines", "stable_baselines3"),
    *("tensorforce", "tensorlayer", "tflearn", "theano", "tinygrad", "torch", "vllm"),
)


#: Libraries whose models are those of tf_keras, which run as they are.
WITH_TF_KERAS = ("tensorflow_decision_forests", "ydf")


class Derived(NamedTuple):
    """A callback that derives from `ModelCheckpoint`.

    Args:
        skip: how many arguments by position come before those of `ModelCheckpoint`.
    """

    skip: int = 0


_CHECKPOINTS: dict[str, Derived] = {
    r"wandb\.(integration\.)?keras\.(callbacks\.)?(\w+\.)?WandbModelCheckpoint": Derived(),
    r"tensorflow_addons\.callbacks\.(\w+\.)?AverageModelCheckpoint": Derived(skip=1),
}
#: Callbacks and functions that save models by calls of their own, and how to do without.
_SAVERS: dict[str, str] = {
    r"wandb\.(integration\.)?keras\.(\w+\.)?WandbCallback": (
        "Pass `save_model=False`, or update wandb."
    ),
    r"horovod\.(tensorflow\.)?keras\.callbacks\.(\w+\.)?BestModelCheckpoint": "Update horovod.",
    r"keras_contrib\.callbacks\.(\w+\.)?SnapshotCallbackBuilder": (
        "It saves weights to a name in `.h5`, which Keras 3 refuses: write a ModelCheckpoint."
    ),
    r"mlflow\.(keras|tensorflow)\.(autolog|log_model|save_model|load_model)": "Update mlflow.",
    r"mlflow\.autolog": "Update mlflow.",
    r"(kerastuner|keras_tuner)\.(tuners\.)?(Hyperband|RandomSearch|BayesianOptimization|Tuner)": (
        "Update keras-tuner: since 1.4 it is for Keras 3, too."
    ),
    r"alibi(_detect)?\.(utils\.)?(saving|\w+\.saving)\.(save_detector|load_detector)": (
        "Update alibi-detect, or run it with tf_keras."
    ),
    r"(stardist|csbdeep|n2v)\.models\.(\w+\.)?(StarDist[23]D|CARE|IsotropicCARE|N2V)": (
        "It saves weights to a name in `.h5` when it trains: run it with tf_keras."
    ),
}
#: What returns models of Keras: classes and functions of libraries that are made of it.
_MAKERS = (
    r"segmentation_models\.(Unet|FPN|Linknet|PSPNet)",
    r"(classification_models|efficientnet|image_classifiers|keras_applications|vit_keras)\..+",
    r"(keras_unet_collection|larq_zoo|deepctr|keras_segmentation|keras_contrib)\.(\w+\.)*[a-zA-Z]\w*",
    r"(keras_cv|keras_nlp|keras_hub)\.models\..+",
    r"transformers\.TF\w+\.from_pretrained",
    r"tensorflow_model_optimization\.(sparsity|quantization)\.keras\.\w+",
    r"tensorflow\.estimator\..+keras.+",
)
#: What makes whatever it is told to, models of Keras as well.
_ANYTHING = re.compile(
    r"(hydra\.(_internal\.)?utils|hydra_zen|fire|registrable|class_registry)\.\w+"
    r"|(joblib|cloudpickle|dill)\.load"
)
#: What the names of `_SAVERS` begin with.
_ROOTS = frozenset(
    ("alibi", "alibi_detect", "csbdeep", "horovod", "keras_contrib", "keras_tuner", "kerastuner")
    + ("mlflow", "n2v", "stardist", "wandb")
)
_METHODS = ("export_model", "get_best_models", "strip_pruning")

_checkpoints = [(re.compile(pattern), found) for pattern, found in _CHECKPOINTS.items()]
_savers = [(re.compile(pattern), advice) for pattern, advice in _SAVERS.items()]
_makers = re.compile("|".join(_MAKERS))


def checkpoint(name: str) -> Derived | None:
    """Returns the callback of another library that a full name is, None for any other."""
    if "Checkpoint" not in name:
        return None
    return next((found for pattern, found in _checkpoints if pattern.fullmatch(name)), None)


def saver(name: str) -> str | None:
    """Returns what to do about what saves by calls of its own, None for any other name."""
    if name.split(".")[0] not in _ROOTS:
        return None
    return next((advice for pattern, advice in _savers if pattern.fullmatch(name)), None)


def makes_models(name: str) -> bool:
    """Returns whether a full name is that of what returns a model of Keras."""
    return _makers.fullmatch(name) is not None


def makes_anything(name: str) -> bool:
    """Returns whether a full name is that of what returns whatever it is told to make."""
    return _ANYTHING.fullmatch(name) is not None


def returns_models(method: str) -> bool:
    """Returns whether only methods that return models of Keras are called so."""
    return method in _METHODS
