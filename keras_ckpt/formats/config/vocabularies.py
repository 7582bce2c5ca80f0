"""The vocabularies of lookup layers, which are not among the variables of a model."""

from __future__ import annotations

import os
from typing import Callable, Iterator

from keras_ckpt import runtime
from keras_ckpt._typing import Layer, Model
from keras_ckpt.errors import UnsupportedModel

#: Layers that look their inputs up in a table.
LAYERS = ("IntegerLookup", "StringLookup", "TextVectorization")
_FILE = "vocabulary.txt"


def layers(model: Model) -> Iterator[Layer]:
    """Yields the layers of a model that have a vocabulary."""
    for layer in model._flatten_layers():
        if type(layer).__name__ in LAYERS and type(layer).__module__.startswith("keras."):
            yield layer


def _table_of(layer: Layer) -> Layer:
    """Returns the layer with the table: the one within a TextVectorization."""
    found: Layer = getattr(layer, "_lookup_layer", layer)
    return found


def loader(layer: Layer) -> Callable[[str], None]:
    """Returns what takes the place of a layer's `load_assets`.

    That of Keras loses tokens at the end that are empty.

    Args:
        layer: one of `layers`.
    """

    def load_assets(directory: str) -> None:
        table = _table_of(layer)
        if getattr(table, "input_vocabulary", None) is not None:
            return  # It was in the description.
        with open(os.path.join(directory, _FILE), encoding="utf-8", newline="\n") as file:
            tokens: list[object] = list(file.read().split("\n"))
        if type(table).__name__ == "IntegerLookup":
            tokens = [int(str(token)) for token in tokens if token]
        weights = None
        if table.output_mode == "tf_idf":
            weights = runtime.to_numpy(table.idf_weights_const)
        table.set_vocabulary(tokens, idf_weights=weights)

    return load_assets


def in_order(layer: Layer, by_number: dict[int, object]) -> list[object]:
    """Returns the tokens that were in the table of a layer.

    Args:
        layer: one of `layers`.
        by_number: the tokens by their numbers. Tokens for what is unknown may be missing.
    """
    table = _table_of(layer)
    length = max(by_number, default=-1) + 1
    special = [] if table.mask_token is None else [table.mask_token]
    special += [table.oov_token] * (length - len(special))
    found = [by_number.get(number, special[number]) for number in range(length)]
    return [each.decode("utf-8") if isinstance(each, bytes) else each for each in found]


def fill(layer: Layer, tokens: list[object]) -> None:
    """Gives a layer the vocabulary that was in its table.

    Args:
        layer: one of `layers`.
        tokens: the tokens, in the order of their numbers, with or without the special ones.
    """
    table = _table_of(layer)
    table.set_vocabulary(tokens)


def refuse_missing(path: str, model: Model) -> None:
    """Raises UnsupportedModel if a layer of a model has no vocabulary.

    Args:
        path: String, the checkpoint that the model came from.
        model: the model.
    """
    for layer in layers(model):
        if not layer.get_vocabulary(include_special_tokens=False):
            raise UnsupportedModel(
                path,
                f"the vocabulary of its layer {layer.name!r} is not in it but in the graph that "
                "TensorFlow made",
                "serve it by that graph with keras_ckpt.load_model(path, inference_only=True), or "
                "build the model with the vocabulary and call keras_ckpt.load_weights",
            )
