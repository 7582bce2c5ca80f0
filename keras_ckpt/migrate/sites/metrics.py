"""The metrics of a model, from the code that compiles it: their names and directions.

A metric's name is what `monitor` and the placeholders of a path must call it. Its direction is
what Keras 3.11 and later ask for `mode="auto"`.
"""

from __future__ import annotations

import ast
import re
from typing import Iterable

from keras_ckpt.migrate.code.names import keras_name, meaning
from keras_ckpt.migrate.code.values.infer import Element, Str, value

#: The direction of each metric of Keras: `"up"`, `"down"`, or `""` for one that has none.
DIRECTIONS: dict[str, str] = {
    "AUC": "up",
    "Accuracy": "up",
    "BinaryAccuracy": "up",
    "BinaryIoU": "up",
    "CategoricalAccuracy": "up",
    "ConcordanceCorrelation": "up",
    "CosineSimilarity": "up",
    "F1Score": "up",
    "FBetaScore": "up",
    "IoU": "up",
    "MeanIoU": "up",
    "OneHotIoU": "up",
    "OneHotMeanIoU": "up",
    "PearsonCorrelation": "up",
    "Precision": "up",
    "PrecisionAtRecall": "up",
    "R2Score": "up",
    "Recall": "up",
    "RecallAtPrecision": "up",
    "SensitivityAtSpecificity": "up",
    "SparseCategoricalAccuracy": "up",
    "SparseTopKCategoricalAccuracy": "up",
    "SpecificityAtSensitivity": "up",
    "TopKCategoricalAccuracy": "up",
    "BinaryCrossentropy": "down",
    "CategoricalCrossentropy": "down",
    "CategoricalHinge": "down",
    "Hinge": "down",
    "KLDivergence": "down",
    "LogCoshError": "down",
    "MeanAbsoluteError": "down",
    "MeanAbsolutePercentageError": "down",
    "MeanSquaredError": "down",
    "MeanSquaredLogarithmicError": "down",
    "Poisson": "down",
    "RootMeanSquaredError": "down",
    "SparseCategoricalCrossentropy": "down",
    "SquaredHinge": "down",
    "FalseNegatives": "",
    "FalsePositives": "",
    "Mean": "",
    "MeanMetricWrapper": "",
    "Sum": "",
    "TrueNegatives": "",
    "TruePositives": "",
}

# Names that are not made of that of the class.
_NAMES = {"FBetaScore": "fbeta_score", "LogCoshError": "logcosh"}
_IN_TF_2 = {"KLDivergence": "kullback_leibler_divergence"}
_SHORT = {
    "acc": "up",
    "accuracy": "up",
    "bce": "down",
    "mae": "down",
    "mape": "down",
    "mse": "down",
    "msle": "down",
}


def called(name: str) -> str:
    """Returns the name that an instance of a class of metrics has by default."""
    if name in _NAMES:
        return _NAMES[name]
    name = re.sub(r"(.)([A-Z][a-z0-9]+)", r"\1_\2", re.sub(r"\W+", "", name))
    return re.sub(r"([a-z])([A-Z])", r"\1_\2", name).lower()


#: The direction of each metric by the name that it has in the logs.
BY_NAME: dict[str, str] = {called(kind): direction for kind, direction in DIRECTIONS.items()}
BY_NAME.update(_SHORT)


def compiled(metrics: Iterable[Element], as_written: bool = True) -> dict[str, str] | None:
    """Returns the names of compiled metrics with their directions.

    Args:
        metrics: the expressions that `compile` is given.
        as_written: whether a class that is given by its name is called so, as in Keras 3. In TF 2
            it depends on the release, so that any name that it may have is among those returned.

    Returns:
        `"up"`, `"down"`, `""` for none or `"?"` by name; None if a name is not known.
    """
    result: dict[str, str] = {}
    for part in metrics:
        found = _compiled(part, as_written)
        if found is None:
            return None
        result.update(found)
    return result


def _compiled(part: Element, as_written: bool) -> dict[str, str] | None:
    text = value(part.node, part.at)
    if isinstance(text, Str):
        name = text.known
        if name is None:
            return None
        direction = BY_NAME.get(name.lower(), DIRECTIONS.get(name, "?"))
        names = {name}
        if not as_written and name in DIRECTIONS:
            names |= {name.lower(), called(name), _IN_TF_2.get(name, name)}
        return dict.fromkeys(names, direction)
    if isinstance(part.node, ast.Call):
        return _made(part.node, part)
    means = meaning(part.node, part.at)
    if isinstance(means.node, (ast.FunctionDef, ast.AsyncFunctionDef)):
        return {means.node.name: ""}
    # The functions of Keras have no direction either.
    within = keras_name(means.name)
    if within.startswith("metrics.") and within.islower():
        return {within.rpartition(".")[2]: ""}
    return None


def _made(node: ast.Call, part: Element) -> dict[str, str] | None:
    name = keras_name(meaning(node.func, part.at).name)
    first, _, kind = name.rpartition(".")
    if first.split(".")[-1:] != ["metrics"] or kind not in DIRECTIONS:
        return None
    for keyword in node.keywords:
        if keyword.arg == "name":
            given = value(keyword.value, part.at)
            known = given.known if isinstance(given, Str) else None
            return None if known is None else {known: DIRECTIONS[kind]}
        if keyword.arg is None:
            return None
    return {called(kind): DIRECTIONS[kind]}
