"""What an argument of a class of Keras 2 is given, by its name.

Each name has values that are not the default. An argument that no table knows is reported by the
walk, so that a release's new argument cannot be passed over.
"""

from __future__ import annotations

import inspect
import random
from typing import Any, Iterator

ACTIVATIONS = ["relu", "hard_sigmoid", "softsign"]
INITIALIZERS = ["ones", "he_normal"]


class Made:
    """An object of Keras, which is made anew for each model."""

    def __init__(self, module: str, name: str, **arguments: Any) -> None:
        self.module, self.name, self.arguments = module, name, arguments

    def __repr__(self) -> str:
        given = ",".join(f"{key}={value!r}" for key, value in self.arguments.items())
        return f"{self.name}({given})"

    def make(self, keras: Any) -> Any:
        return getattr(getattr(keras, self.module), self.name)(**made(keras, self.arguments))


def made(keras: Any, value: Any) -> Any:
    """The value with the objects in it."""
    if isinstance(value, Made):
        return value.make(keras)
    if isinstance(value, dict):
        return {key: made(keras, each) for key, each in value.items()}
    if isinstance(value, list):
        return [made(keras, each) for each in value]
    return value


REGULARIZERS = [Made("regularizers", "L1L2", l1=0.01, l2=0.02)]
CONSTRAINTS = [Made("constraints", "MaxNorm", max_value=0.5, axis=0), "non_neg"]

#: What the arguments of layers are given that have a name like this.
BY_ENDING: list[tuple[str, list[Any]]] = [
    ("_initializer", INITIALIZERS),
    ("_regularizer", REGULARIZERS),
    ("_constraint", CONSTRAINTS),
]
#: What arguments are given, by their name.
BY_NAME: dict[str, list[Any]] = {
    "activation": ACTIVATIONS,
    "alpha": [0.15],
    "amsgrad": [True],
    "apply_class_balancing": [True],
    "average": ["micro", "macro"],
    "axis": [1],
    "beta": [0.3],
    "beta_1": [0.8],
    "beta_2": [0.9],
    "beta_2_decay": [-0.7],
    "center": [False],
    "centered": [True],
    "class_aggregation": ["variance_weighted_average"],
    "class_id": [1],
    "clip_threshold": [0.5],
    "clipnorm": [0.1],
    "clipvalue": [0.05],
    "crop_to_aspect_ratio": [True],
    "curve": ["PR"],
    "cycle": [True],
    "data_format": ["channels_last"],
    "decay": [0.1],
    "delta": [0.3],
    "depth_multiplier": [2],
    "dilation_rate": [2],
    "distribution": ["uniform", "untruncated_normal"],
    "dropout": [0.2],
    "ema_momentum": [0.8],
    "ema_overwrite_frequency": [2],
    "encoding": ["utf-16-le"],
    "end_learning_rate": [0.03],
    "epsilon": [0.01],
    "epsilon_1": [1e-20],
    "epsilon_2": [0.01],
    "factor": [0.3],
    "fill_mode": ["constant", "wrap"],
    "fill_value": [0.5],
    "from_logits": [True],
    "gain": [0.7],
    "gamma": [1.5],
    "global_clipnorm": [0.1],
    "go_backwards": [True],
    "groups": [2],
    "idf_weights": [],
    "ignore_class": [1],
    "implementation": [1, 2, 3],
    "initial_accumulator_value": [0.3],
    "input_length": [5],
    "interpolation": ["nearest", "bilinear", "bicubic"],
    "invert": [True],
    "keepdims": [True],
    "l1": [0.1],
    "l1_regularization_strength": [0.1],
    "l2": [0.1],
    "l2_regularization_strength": [0.1],
    "l2_shrinkage_regularization_strength": [0.1],
    "label_smoothing": [0.2],
    "label_weights": [],
    "learning_rate": [0.02],
    "learning_rate_power": [-0.4],
    "m_mul": [0.9],
    "mask_value": [0.5],
    "mask_zero": [True],
    "max_value": [0.7],
    "maxval": [0.2],
    "mean": [0.1],
    "merge_mode": ["sum", "mul", "ave", None],
    "min_value": [0.1],
    "minval": [-0.2],
    "mode": ["horizontal", "vertical"],
    "momentum": [0.8],
    "multi_label": [True],
    "negative_slope": [0.1],
    "nesterov": [True],
    "noise_shape": [],
    "normalize": [True],
    "num_labels": [],
    "num_regressors": [1],
    "num_thresholds": [50],
    "offset": [0.5],
    "oov_token": [],
    "output_mode": ["int", "multi_hot", "binary", "one_hot", "count", "tf_idf", "tf-idf"],
    "output_padding": [1],
    "output_sequence_length": [4],
    "pad_to_max_tokens": [False, True],
    "padding": ["same", "causal", "valid"],
    "pool_size": [3],
    "power": [2.0],
    "power_iterations": [2],
    "rate": [0.4],
    "recurrent_activation": ["sigmoid", "hard_sigmoid", "softsign"],
    "recurrent_dropout": [0.2],
    "reduction": ["sum", "none", "sum_over_batch_size"],
    "relative_step": [False],
    "renorm": [True],
    "reset_after": [False, True],
    "return_sequences": [True],
    "return_state": [True],
    "rho": [0.8],
    "salt": [7],
    "scale": [False],
    "score_mode": ["concat"],
    "seed": [3],
    "separator": ["-"],
    "shared_axes": [[1]],
    "size": [3],
    "sparse": [True],
    "sparse_y_pred": [False, True],
    "sparse_y_true": [False, True],
    "split": ["character", None],
    "staircase": [True],
    "standardize": ["lower", "strip_punctuation", None],
    "stateful": [True],
    "stddev": [0.3],
    "strides": [2],
    "summation_method": ["minoring", "majoring"],
    "t_mul": [1.5],
    "threshold": [0.3],
    "thresholds": [0.3, [0.2, 0.6]],
    "time_major": [True],
    "top_k": [2],
    "trainable": [False],
    "trainable_kernel": [],
    "unit_forget_bias": [False],
    "unroll": [True],
    "use_bias": [False],
    "use_ema": [True],
    "use_scale": [True, False],
    "value": [0.3],
    "value_dim": [2],
    "value_range": [(0, 1)],
    "variance": [0.4],
    "virtual_batch_size": [],
    "warmup_steps": [3],
    "warmup_target": [0.5],
    "weight_decay": [0.05],
    "zero_output_for_mask": [True],
}
#: What an argument of one class is given, where its name means something else there.
BY_CLASS: dict[str, dict[str, list[Any]]] = {
    "ActivityRegularization": {"l1": [0.1], "l2": [0.1]},
    "AUC": {"thresholds": [[0.2, 0.6]]},
    "Attention": {"use_scale": [True]},
    "BatchNormalization": {"axis": [1], "synchronized": [], "scale": [False]},
    "BinaryIoU": {"target_class_ids": [(1,)]},
    "CategoryCrossing": {"depth": [1]},
    "CategoryEncoding": {"max_tokens": []},
    "Concatenate": {"axis": [1]},
    "ConvLSTM1D": {"dropout": [0.2]},
    "CosineDecay": {"alpha": [0.2]},
    "CosineDecayRestarts": {"alpha": [0.2]},
    "Cropping1D": {"cropping": [2]},
    "Cropping2D": {"cropping": [((1, 2), (2, 0))]},
    "Cropping3D": {"cropping": [((1, 0), (2, 1), (0, 2))]},
    "Discretization": {"num_bins": [], "output_mode": ["one_hot", "multi_hot", "count"]},
    "Dot": {"axes": [(2, 2), 2]},
    "ELU": {"alpha": [0.5]},
    "Embedding": {"sparse": []},
    "EinsumDense": {"bias_axes": ["d"]},
    "FBetaScore": {"beta": [0.5]},
    "GroupNormalization": {"groups": [1], "axis": [-1], "scale": [False]},
    "GaussianNoise": {"stddev": [0.3]},
    "HashedCrossing": {"output_mode": ["one_hot"], "num_bins": [5]},
    "Hashing": {
        "output_mode": ["multi_hot", "one_hot", "count"],
        "num_bins": [5],
        "mask_value": ["b"],
    },
    "IoU": {"axis": []},
    "MeanIoU": {"axis": []},
    "OneHotIoU": {"axis": []},
    "OneHotMeanIoU": {"axis": []},
    "IntegerLookup": {
        "mask_token": [0, None],
        "mask_value": [7],
        "oov_token": [-2],
        "oov_value": [-2],
        "vocabulary_dtype": ["int32"],
        "max_tokens": [9],
        "max_values": [9],
        "num_oov_indices": [0, 2],
        "idf_weights": [],
    },
    "LayerNormalization": {"axis": [1, [1, 2]], "scale": [False]},
    "LeakyReLU": {"alpha": [0.1]},
    "LocallyConnected1D": {"padding": ["same", "valid"]},
    "LocallyConnected2D": {"padding": ["same", "valid"]},
    "MultiHeadAttention": {"output_shape": [3, (2, 2)], "attention_axes": [(1,)]},
    "Normalization": {"axis": [1, None], "mean": [], "variance": []},
    "ReLU": {"max_value": [0.7], "threshold": [0.2]},
    "RandomContrast": {"factor": [(0.1, 0.2)]},
    "RandomFourierFeatures": {
        "kernel_initializer": ["laplacian", "gaussian"],
        "scale": [2.0],
        "trainable": [True],
    },
    "RandomHeight": {"interpolation": ["nearest"]},
    "RandomWidth": {"interpolation": ["nearest"]},
    "RandomZoom": {"width_factor": [0.3], "interpolation": ["nearest"]},
    "RandomRotation": {"interpolation": ["nearest"]},
    "RandomTranslation": {"interpolation": ["nearest"]},
    "Rescaling": {"scale": [0.1], "offset": [0.5]},
    "Resizing": {
        "interpolation": [
            "nearest",
            "bicubic",
            "area",
            "lanczos3",
            "lanczos5",
            "gaussian",
            "mitchellcubic",
        ]
    },
    "SeparableConv2D": {"strides": [2]},
    "SpectralNormalization": {"power_iterations": [2]},
    "StringLookup": {
        "mask_token": ["", "m"],
        "oov_token": ["[OOV]"],
        "max_tokens": [9],
        "num_oov_indices": [0, 2],
        "idf_weights": [],
    },
    "TextVectorization": {
        "ngrams": [2, (1, 2)],
        "max_tokens": [9],
        "output_mode": ["int", "multi_hot", "binary", "count"],
        "idf_weights": [],
        "ragged": [],
        "sparse": [],
    },
    "ThresholdedReLU": {"theta": [0.4]},
    "UpSampling2D": {
        "interpolation": [
            "bilinear",
            "bicubic",
            "area",
            "lanczos3",
            "lanczos5",
            "gaussian",
            "mitchellcubic",
        ]
    },
    "VarianceScaling": {
        "scale": [2.0],
        "mode": ["fan_out", "fan_avg"],
        "distribution": ["uniform", "untruncated_normal"],
    },
    "ZeroPadding1D": {"padding": [(1, 2)]},
    "ZeroPadding2D": {"padding": [((1, 0), (2, 1))]},
    "ZeroPadding3D": {"padding": [((1, 0), (2, 1), (0, 2))]},
}
#: What every class takes, and what is tested with models: `dynamic` is no property of a file.
NOT_WALKED = frozenset(
    ["self", "name", "dtype", "dynamic", "weights", "backward_layer", "input_tensor", "jit_compile"]
    + [
        "gradient_aggregator",
        "gradient_transformers",
        "args",
        "kwargs",
        "fused",
        "virtual_batch_size",
    ]
    + ["renorm_clipping", "renorm_momentum", "adjustment"]
)


def parameters(cls: type) -> dict[str, Any]:
    """The parameters of a class with their defaults, in the order of its signature."""
    initialize = inspect.unwrap(vars(cls).get("__init__", cls.__init__))
    found: dict[str, Any] = {}
    for each in inspect.signature(initialize).parameters.values():
        if each.kind in (each.POSITIONAL_OR_KEYWORD, each.KEYWORD_ONLY):
            found[each.name] = each.default
    return {name: default for name, default in found.items() if name not in NOT_WALKED}


def values(cls: type, name: str, default: Any) -> list[Any]:
    """What an argument is given beside its default; KeyError if no table knows it."""
    for table in (BY_CLASS.get(cls.__name__, {}), BY_NAME):
        if name in table:
            return [each for each in table[name] if not _same(each, default)]
    for ending, found in BY_ENDING:
        if name.endswith(ending):
            return [each for each in found if not _same(each, default)]
    raise KeyError(f"{cls.__name__}.{name}")


def _same(one: Any, other: Any) -> bool:
    return type(one) is type(other) and not isinstance(one, Made) and one == other


def combinations(
    cls: type, required: dict[str, Any], count: int, unknown: list[str]
) -> Iterator[dict[str, Any]]:
    """Yields arguments: the required alone, each other value alone, and `count` mixtures.

    Args:
        cls: the class.
        required: what it must be given.
        count: how many mixtures of values of all arguments.
        unknown: receives the names of the arguments that no table knows.
    """
    yield dict(required)
    others: dict[str, list[Any]] = {}
    for name, default in parameters(cls).items():
        try:
            found = values(cls, name, default)
        except KeyError:
            if name not in required:
                unknown.append(f"{cls.__name__}.{name}")
            continue
        if name not in required or name in BY_CLASS.get(cls.__name__, {}):
            others[name] = [each for each in found if not _same(each, required.get(name))]
    for name, found in others.items():
        for value in found:
            yield dict(required, **{name: value})
    choose = random.Random(cls.__name__)
    several = {name: found for name, found in others.items() if found}
    if len(several) < 2:
        return
    for _ in range(count):
        given = dict(required)
        for name, found in several.items():
            if choose.random() < 0.5:
                given[name] = choose.choice(found)
        yield given
