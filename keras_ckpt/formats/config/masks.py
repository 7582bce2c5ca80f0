"""The masks that layers pass on, where Keras 3 makes another of several than Keras 2 did."""

from __future__ import annotations

from keras_ckpt import runtime
from keras_ckpt._typing import Config, Tensor
from keras_ckpt.runtime import internals

#: Layers of several inputs whose output is masked where one of them is; in Keras 3, where all are.
_MERGING = frozenset(["Add", "Average", "Maximum", "Minimum", "Multiply", "Subtract"])


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
