"""The state of optimizers: what Keras 2 kept under which name, and where Keras 3 keeps it."""

from __future__ import annotations

import warnings
from typing import Any, Sequence

from keras_ckpt.formats.assignment import Assignment

# Attributes of Keras 3's optimizers, by the names that slots had before TensorFlow 2.11. Where
# there are several, an optimizer has one of them.
_ATTRIBUTES: dict[str, tuple[str, ...]] = {
    "m": ("_momentums", "_m"),
    "v": ("_velocities", "_u"),
    "vhat": ("_velocity_hats",),
    "momentum": ("momentums", "_momentums"),
    "rms": ("_velocities",),
    "mg": ("_average_gradients",),
    "accumulator": ("_accumulators",),
    "linear": ("_linears",),
    "accum_grad": ("_accumulated_grads",),
    "accum_var": ("_accumulated_delta_vars",),
}


def inner(optimizer: Any) -> Any:
    """Returns the optimizer that one for mixed precision has within, or itself.

    What Keras 2 kept of the former was the state of the latter, and the scale of the loss.
    """
    return getattr(optimizer, "inner_optimizer", optimizer)


def knows(model: Any) -> bool:
    """Returns whether the optimizer of `model`, if it is built, is so for the model's variables."""
    optimizer = getattr(model, "optimizer", None)
    known = getattr(optimizer, "_trainable_variables", None)
    if optimizer is None or known is None or not optimizer.built:
        return True
    return len(known) == len(model.trainable_variables)


def build(model: Any) -> None:
    """Makes the variables of the optimizer of `model`, if it has not done so."""
    if not model.optimizer.built:
        model.optimizer.build(model.trainable_variables)


def restore(path: str, model: Any, names: Sequence[str], values: Sequence[Any]) -> None:
    """Gives the optimizer of `model` the state that the checkpoint at `path` lists.

    If it is not that of such an optimizer, a warning says that it starts anew.
    """
    for assignment in state(path, model, names, values):
        assignment.variable.assign(assignment.read())


def state(path: str, model: Any, names: Sequence[str], values: Sequence[Any]) -> list[Assignment]:
    """Returns what the optimizer of `model`, which is built, gets from the checkpoint at `path`.

    That is nothing if it is not the state of such an optimizer, and a warning says so.
    """
    build(model)
    # Keras 3 lists the variables of both.
    is_whole = len(values) == len(model.optimizer.variables)
    optimizer = model.optimizer if is_whole else inner(model.optimizer)
    found = assignments(optimizer, names, values)
    if found is None:
        warnings.warn(
            "The optimizer starts anew: its state in %s is not that of the %s that the model has "
            "now." % (path, type(model.optimizer).__name__),
            stacklevel=6,
        )
    return found or []


def slot(optimizer: Any, name: str) -> list[Any] | None:
    """Returns the variables of a slot of Keras 2, one for each trainable variable, or None."""
    for attribute in _ATTRIBUTES.get(name, ()):
        found = getattr(optimizer, attribute, None)
        if found:
            return list(found)
    return None


def _without_rate(optimizer: Any) -> list[Any]:
    rate = getattr(optimizer, "_learning_rate", None)
    return [variable for variable in optimizer.variables if variable is not rate]


def _before_2_11(optimizer: Any, names: Sequence[str]) -> list[Any]:
    """Returns the variables in the order of the first optimizers: the step, then slot by slot."""
    order = [optimizer.iterations]
    slots: list[str] = []
    for name in names[1:]:
        of = name.split(":")[0].split("/")[-1]
        # A second variable of the same name within one optimizer is numbered.
        of = of.rstrip("0123456789").rstrip("_")
        if of not in slots:
            slots.append(of)
    for of in slots:
        order += slot(optimizer, of) or []
    return order


def assignments(
    optimizer: Any, names: Sequence[str], values: Sequence[Any]
) -> list[Assignment] | None:
    """Returns what the variables of an optimizer get from the list that an HDF5 file has.

    Args:
        optimizer: the optimizer, built.
        names: names of the values, as they stand in the file.
        values: arrays or HDF5 datasets.

    Returns:
        None if the list is not one of such an optimizer.
    """
    if names and names[0].split(":")[0].endswith("/iter"):
        orders = [_before_2_11(optimizer, names)]
    else:
        orders = [list(optimizer.variables), _without_rate(optimizer)]
    # TensorFlow 2.11 and later wrote slots that this optimizer has no use for.
    keeps_no_slots = len(orders[-1]) == 1
    for order in orders:
        shapes = [tuple(variable.shape) for variable in order]
        stored = [tuple(value.shape) for value in values]
        if shapes == (stored[: len(shapes)] if keeps_no_slots else stored):
            return [
                Assignment(variable, tuple(value.shape), value.__array__, value.chunks is None)
                for variable, value in zip(order, values)
            ]
    return None
