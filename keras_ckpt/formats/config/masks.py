"""The masks that layers get and pass on, where Keras 3 takes others than Keras 2 did."""

from __future__ import annotations

import inspect
from typing import Iterator

from keras_ckpt import runtime
from keras_ckpt._typing import Config, Layer, Tensor
from keras_ckpt.runtime import internals

#: Layers of several inputs whose output is masked where one of them is; in Keras 3, where all are.
_MERGING = frozenset(["Add", "Average", "Maximum", "Minimum", "Multiply", "Subtract"])


def for_call(layer: Layer, inputs: object, others: dict[str, object]) -> dict[str, object]:
    """Returns the mask that Keras 2 passed to a layer, where Keras 3 passes none.

    Keras 2 passed that of the first argument. Keras 3 does so if no other argument is a tensor, as
    the `initial_state` of a recurrent layer is.

    Args:
        layer: the layer.
        inputs: what it is called on.
        others: its other arguments.
    """
    if others.get("mask") is not None or "mask" not in inspect.signature(layer.call).parameters:
        return {}
    if not any(True for _ in tensors(list(others.values()))):
        return {}
    found = [internals.mask_of(each) for each in tensors(inputs)]
    if all(each is None for each in found):
        return {}
    return {"mask": found if isinstance(inputs, list) else found[0]}


def tensors(value: object) -> Iterator[Tensor]:
    """Yields the tensors in a list of tensors, lists and other values."""
    if isinstance(value, runtime.keras().KerasTensor):
        yield value
    elif isinstance(value, (list, tuple)):
        for each in value:
            yield from tensors(each)


def pass_on(config: Config, inputs: object, result: object) -> None:
    """Gives the result of a call the mask that it had in Keras 2.

    Args:
        config: Dict with the `class_name` and the `config` of the layer.
        inputs: what the layer was called on.
        result: what it returned, whose mask is that of Keras 3.
    """
    if not isinstance(inputs, list) or len(inputs) < 2:
        return
    masks = [internals.mask_of(each) for each in inputs]
    if all(mask is None for mask in masks):
        return
    if config["class_name"] in _MERGING:
        internals.set_mask(result, _all(masks))
    elif config["class_name"] == "Concatenate":
        axis = config["config"].get("axis", -1)
        rank = len(inputs[0].shape)
        axis = axis + rank if axis < 0 else axis
        if axis == rank - 1:
            internals.set_mask(result, _all(masks))
        elif all(mask is not None and len(mask.shape) == rank - 1 for mask in masks):
            internals.set_mask(result, runtime.keras().ops.concatenate(masks, axis=axis))


def _all(masks: list[Tensor | None]) -> Tensor | None:
    """Returns where none of some masks masks; those of inputs without a mask do not count."""
    found = None
    for mask in masks:
        if found is None:
            found = mask
        elif mask is not None and mask is not found:
            found = runtime.keras().ops.logical_and(found, mask)
    return found
